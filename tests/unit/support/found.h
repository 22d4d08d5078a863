/* The discovery of world.h: what is announced, what the daemon asks of it. Part of it. */
#ifndef TESTS_FOUND_H
#define TESTS_FOUND_H

static inline struct discovery_entry *
announce(const char *name, enum txt_client client, const char *host, unsigned sources)
{
	struct discovery_entry *e = world.entries;
	while (e->name)
		e++;
	assert_true(e < world.entries + WORLD_ENTRIES);
	*e = (struct discovery_entry){.sources = sources, .port = 5298};
	e->nameless = sources == DISCOVERY_FIXED;
	e->has_txt = !e->nameless;
	assert_int_equal(str_replace(&e->name, name), 0);
	assert_int_equal(txt_keep(&e->txt, &(struct txt){.client = client}), 0);
	e->addr = calloc(1, sizeof(*e->addr));
	assert_non_null(e->addr);
	e->addr[0] = endpoint(host, 5298);
	e->addr_count = 1;
	people_discovery_listener.on_entry(&world.r, e, DISCOVERY_NEW);
	return e;
}

/* An Earshot, with the hint to this key. */
static inline struct discovery_entry *
announce_key(const char *name, const struct tls_peer *key, const char *host)
{
	struct discovery_entry *e = world.entries;
	struct txt txt = {.client = TXT_CLIENT_EARSHOT};
	while (e->name)
		e++;
	assert_true(e < world.entries + WORLD_ENTRIES);
	*e = (struct discovery_entry){.sources = DISCOVERY_MDNS, .port = 5298, .has_txt = true};
	trust_hint(&key->id, txt.id);
	assert_int_equal(str_replace(&e->name, name), 0);
	assert_int_equal(txt_keep(&e->txt, &txt), 0);
	e->addr = calloc(1, sizeof(*e->addr));
	assert_non_null(e->addr);
	e->addr[0] = endpoint(host, 5298);
	e->addr_count = 1;
	people_discovery_listener.on_entry(&world.r, e, DISCOVERY_NEW);
	return e;
}

static inline void
leaves(struct discovery_entry *e)
{
	people_discovery_listener.on_entry(&world.r, e, DISCOVERY_GONE);
	free(e->name);
	free(e->addr);
	txt_kept_finish(&e->txt);
	*e = (struct discovery_entry){0};
}

static inline void
resolved(int err)
{
	struct discovery_entry *e = world.resolving;
	assert_non_null(e);
	world.resolving = NULL;
	people_discovery_listener.on_resolved(&world.r, e, err);
}

void
discovery_resolve(struct discovery *d, struct discovery_entry *e)
{
	(void)d;
	world.resolving = e;
}

struct discovery_entry *
discovery_find(struct discovery *d, const char *name)
{
	(void)d;
	for (size_t i = 0; i < WORLD_ENTRIES; i++) {
		struct discovery_entry *e = &world.entries[i];
		if (e->name && !e->nameless && str_casecmp(e->name, name) == 0)
			return e;
	}
	return NULL;
}

void
discovery_each(struct discovery *d, void (*fn)(void *ctx, struct discovery_entry *e), void *ctx)
{
	(void)d;
	for (size_t i = 0; i < WORLD_ENTRIES; i++)
		if (world.entries[i].name)
			fn(ctx, &world.entries[i]);
}

/* As discovery does it: the other entry of that name takes all over, and e leaves soon. */
struct discovery_entry *
discovery_name_fixed(struct discovery *d, struct discovery_entry *e, const char *name)
{
	(void)d;
	if (str_casecmp(name, world.r.own_name) == 0)
		return NULL;
	if (!strchr(name, '@'))
		return e; /* stands for a name nobody can have */
	for (size_t i = 0; i < WORLD_ENTRIES; i++) {
		struct discovery_entry *other = &world.entries[i];
		if (other != e && other->name && str_casecmp(other->name, name) == 0) {
			other->sources |= e->sources;
			return other;
		}
	}
	assert_int_equal(str_replace(&e->name, name), 0);
	e->nameless = false;
	return e;
}

bool
discovery_has_address(const struct discovery_entry *e, const struct sockaddr_storage *a)
{
	for (size_t i = 0; i < e->addr_count; i++)
		if (address_same_host(&e->addr[i], a))
			return true;
	return false;
}

int
discovery_create(uv_loop_t *loop, const struct discovery_config *config,
    const struct discovery_listener *l, void *ctx, struct discovery **out)
{
	(void)loop;
	(void)config;
	(void)l;
	(void)ctx;
	*out = (struct discovery *)&world;
	return 0;
}

void
discovery_close(struct discovery *d, void (*done)(void *ctx), void *ctx)
{
	(void)d;
	done(ctx);
}

int
discovery_publish(struct discovery *d, const struct txt *txt, uint16_t port)
{
	(void)d;
	(void)txt;
	(void)port;
	return 0;
}

int
discovery_publish_avatar(struct discovery *d, const void *data, size_t len)
{
	(void)d;
	(void)data;
	(void)len;
	return 0;
}

void
discovery_fetch_avatar(struct discovery *d, struct discovery_entry *e)
{
	(void)d;
	(void)e;
}

const char *
discovery_own_name(const struct discovery *d)
{
	(void)d;
	return "juliet@pronto";
}

void
discovery_get_state(const struct discovery *d, struct discovery_state *out)
{
	(void)d;
	*out = (struct discovery_state){0};
}

int
discovery_add_fixed(struct discovery *d, const char *address)
{
	(void)d;
	return strchr(address, ':') ? 0 : -EINVAL;
}

int
discovery_remove_fixed(struct discovery *d, const char *address)
{
	(void)d;
	(void)address;
	return 0;
}

int
discovery_spell_fixed(const char *address, char out[DISCOVERY_ADDRESS_SIZE])
{
	return str_copy(out, DISCOVERY_ADDRESS_SIZE, address);
}

struct discovery_entry *
discovery_find_fixed(struct discovery *d, const char *address)
{
	(void)d;
	(void)address;
	return NULL;
}

#endif
