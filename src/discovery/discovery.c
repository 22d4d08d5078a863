#include "discovery/discovery.h"

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "discovery/address.h"
#include "discovery/child.h"
#include "discovery/fixed.h"
#include "discovery/name.h"
#include "discovery/parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* longer than the helper's own patience with mDNS */
enum { ANSWER_WITHIN_MS = 10000 };

struct discovery {
	struct entries entries;
	struct asks resolves, avatars;
	struct source *mdns;  /* owned; NULL: off */
	struct source *fixed; /* owned */
	uv_timer_t tell;      /* at 0 ms: all news is told from it, so never from inside a call */
	struct announcement own;
	char name[LIMIT_INSTANCE_NAME + 1];
	bool published, name_due, state_due, closing;
	unsigned open;                 /* handles and sources not yet closed */
	struct child_program *program; /* owned, its path too */
	struct discovery_listener l;
	void *ctx;
	void (*done)(void *ctx);
	void *done_ctx;
};

static struct entry *
entry_of(struct discovery_entry *e)
{
	return container_of(e, struct entry, e);
}

static void
answer_resolve(struct discovery *d, struct entry *ent, int err)
{
	asks_forget(&ent->resolve);
	d->l.on_resolved(d->ctx, &ent->e, err);
}

static void
answer_avatar(struct discovery *d, struct entry *ent, const void *data, size_t len)
{
	asks_forget(&ent->avatar);
	d->l.on_avatar(d->ctx, &ent->e, data, len);
}

static void
tell_gone(struct discovery *d, struct entry *ent)
{
	if (ask_is_open(&ent->resolve))
		answer_resolve(d, ent, ERR_ABSENT);
	if (!d->closing && ask_is_open(&ent->avatar))
		answer_avatar(d, ent, NULL, 0);
	if (!d->closing)
		d->l.on_entry(d->ctx, &ent->e, DISCOVERY_GONE);
	ent->told = false;
	ent->e.user = NULL;
	ent->e.kept = false;
}

static void
tell_entry(struct discovery *d, struct entry *ent)
{
	bool dead = ent->dead, shown = !dead && !ent->own, was_told = ent->told;
	ent->told = shown;
	if (shown)
		d->l.on_entry(d->ctx, &ent->e, was_told ? DISCOVERY_CHANGED : DISCOVERY_NEW);
	else if (was_told)
		tell_gone(d, ent);
	if (dead)
		entries_free(ent);
}

static void
tell_answers(struct discovery *d)
{
	struct ask *q;
	while (!d->closing && (q = asks_take_done(&d->resolves)))
		answer_resolve(d, container_of(q, struct entry, resolve), q->err);
	while (!d->closing && (q = asks_take_done(&d->avatars)))
		answer_avatar(d, container_of(q, struct entry, avatar), NULL, 0);
}

static void
on_tell(uv_timer_t *t)
{
	struct discovery *d = container_of(t, struct discovery, tell);
	struct entry *ent;
	if (d->state_due) {
		d->state_due = false;
		d->l.on_state(d->ctx);
	}
	if (!d->closing && d->name_due) {
		d->name_due = false;
		d->l.on_name(d->ctx, d->name, d->published);
	}
	while (!d->closing && (ent = entries_take_news(&d->entries)))
		tell_entry(d, ent);
	tell_answers(d);
}

static void
tell_soon(void *ctx)
{
	struct discovery *d = ctx;
	if (!d->closing && !uv_is_active((uv_handle_t *)&d->tell))
		(void)uv_timer_start(&d->tell, on_tell, 0, 0);
}

static void
on_source_resolved(void *ctx, struct source *s, struct entry *ent, int err)
{
	struct discovery *d = ctx;
	asks_answer(&d->resolves, &ent->resolve, s->kind, err);
}

static void
on_source_avatar(void *ctx, struct source *s, struct entry *ent, const void *data, size_t len)
{
	struct discovery *d = ctx;
	if (!(ent->avatar.waiting & s->kind))
		return;
	if (!data)
		asks_answer(&d->avatars, &ent->avatar, s->kind, -ENOENT);
	else
		answer_avatar(d, ent, data, len); /* now: the bytes do not last */
}

static void
on_source_lost(void *ctx, struct source *s)
{
	struct discovery *d = ctx;
	asks_fail_source(&d->resolves, s->kind, -EPIPE);
	asks_fail_source(&d->avatars, s->kind, -EPIPE);
}

static void
on_source_state(void *ctx)
{
	struct discovery *d = ctx;
	d->state_due = true;
	tell_soon(d);
}

/* Once published, only another published name replaces it: a helper that starts anew wishes for
 * the first name again, and nobody should believe for that moment that we were renamed. */
static void
on_source_name(void *ctx, const char *name, bool published)
{
	struct discovery *d = ctx;
	if ((d->published && !published) ||
	    (d->published == published && strcmp(d->name, name) == 0))
		return;
	if (str_copy(d->name, sizeof(d->name), name))
		return; /* not a label: the source has checked it */
	d->published = published;
	d->name_due = true;
	entries_set_own(&d->entries, name);
	tell_soon(d);
}

void
discovery_default_parts(struct discovery_parts *out)
{
	*out = (struct discovery_parts){
	    .helper_times = helper_default_times,
	    .mdns_times = mdns_default_times,
	    .answer_within = ANSWER_WITHIN_MS,
	    .fixed_retry_after = FIXED_RETRY_MS,
	    .entries = LIMIT_ENTRIES,
	};
}

static void
wish_name(struct discovery *d, const char *user)
{
	char machine[LIMIT_HOST_NAME + 1] = "", part[LIMIT_USER_PART + 1];
	(void)gethostname(machine, sizeof(machine) - 1);
	machine[strcspn(machine, ".")] = '\0'; /* Avahi's host name has no domain either */
	name_clean_user(part, user);
	(void)snprintf(d->own.user, sizeof(d->own.user), "%s", part);
	name_join(d->name, d->own.user, machine[0] ? machine : "localhost");
	entries_set_own(&d->entries, d->name);
	d->name_due = true;
	tell_soon(d);
}

static void
on_failed_closed(void *ctx)
{
	(void)ctx;
}

static void
program_free(struct child_program *program)
{
	if (program)
		free(program->path);
	free(program);
}

int
discovery_assemble(uv_loop_t *loop, const struct discovery_config *config,
    const struct discovery_parts *parts, const struct discovery_listener *l, void *ctx,
    struct discovery **out)
{
	static const struct source_listener listener = {
	    .on_resolved = on_source_resolved,
	    .on_avatar = on_source_avatar,
	    .on_lost = on_source_lost,
	    .on_state = on_source_state,
	    .on_name = on_source_name,
	};
	struct discovery *d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->l = *l;
	d->ctx = ctx;
	entries_init(&d->entries, parts->entries, tell_soon, d);
	(void)uv_timer_init(loop, &d->tell); /* like all timers it cannot fail */
	asks_init(&d->resolves, loop, parts->answer_within, tell_soon, d);
	asks_init(&d->avatars, loop, parts->answer_within, tell_soon, d);
	wish_name(d, config->user_name ? config->user_name : "");
	int err =
	    fixed_create(loop, parts->fixed_retry_after, &d->entries, &listener, d, &d->fixed);
	if (!err && config->mdns)
		err = mdns_create(&(struct mdns_config){.loop = loop,
				      .launcher = parts->launcher,
				      .helper_times = parts->helper_times,
				      .times = parts->mdns_times,
				      .entries = &d->entries,
				      .own = &d->own,
				      .l = &listener,
				      .ctx = d},
		    &d->mdns);
	if (err) {
		discovery_close(d, on_failed_closed, NULL);
		return err;
	}
	*out = d;
	return 0;
}

int
discovery_create(uv_loop_t *loop, const struct discovery_config *config,
    const struct discovery_listener *l, void *ctx, struct discovery **out)
{
	struct discovery_parts parts;
	struct child_program *program = calloc(1, sizeof(*program));
	if (!program)
		return -ENOMEM;
	discovery_default_parts(&parts);
	program->sandbox = config->sandbox;
	int err = child_find_program(config->helper, &program->path);
	parts.launcher = child_launcher(program);
	if (!err)
		err = discovery_assemble(loop, config, &parts, l, ctx, out);
	if (err)
		program_free(program);
	else
		(*out)->program = program;
	return err;
}

static void
after_closed(void *ctx)
{
	struct discovery *d = ctx;
	if (--d->open > 0)
		return;
	void (*done)(void *) = d->done;
	void *done_ctx = d->done_ctx;
	entries_finish(&d->entries);
	for (size_t i = 0; i < TXT_STRINGS; i++)
		buf_finish(&d->own.txt[i]);
	program_free(d->program);
	free(d);
	done(done_ctx);
}

static void
on_handle_closed(uv_handle_t *h)
{
	after_closed(h->data);
}

void
discovery_close(struct discovery *d, void (*done)(void *ctx), void *ctx)
{
	uv_timer_t *const timers[] = {&d->tell, &d->resolves.timer, &d->avatars.timer};
	if (d->closing)
		return;
	d->closing = true;
	d->done = done;
	d->done_ctx = ctx;
	for (size_t i = 0; i < ARRAY_LEN(timers); i++) {
		d->open++;
		timers[i]->data = d;
		uv_close((uv_handle_t *)timers[i], on_handle_closed);
	}
	struct source *const sources[] = {d->mdns, d->fixed};
	for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
		if (!sources[i])
			continue;
		d->open++;
		sources[i]->ops->close(sources[i], after_closed, d);
	}
}

static bool
same_strings(const struct announcement *own, const struct buf *strings, size_t count)
{
	if (own->txt_count != count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!str_equal(buf_cstr(&own->txt[i]), buf_cstr(&strings[i])))
			return false;
	return true;
}

int
discovery_publish(struct discovery *d, const struct txt *txt, uint16_t port)
{
	struct txt with_port = *txt;
	struct buf strings[TXT_STRINGS];
	int err = 0;
	with_port.port = port; /* several clients take this one, not that of the SRV record */
	size_t count = txt_write(&with_port, strings);
	for (size_t i = 0; i < count && !err; i++)
		err = buf_err(&strings[i]);
	bool same = d->own.ready && d->own.port == port && same_strings(&d->own, strings, count);
	for (size_t i = 0; i < TXT_STRINGS; i++) {
		struct buf *drop = err ? &strings[i] : &d->own.txt[i];
		buf_finish(drop);
		if (!err)
			d->own.txt[i] = strings[i];
	}
	if (err)
		return err;
	d->own.txt_count = count;
	d->own.port = port;
	d->own.ready = true;
	if (d->mdns && !same)
		d->mdns->ops->announce(d->mdns);
	return 0;
}

int
discovery_publish_avatar(struct discovery *d, const void *data, size_t len)
{
	if (len > LIMIT_AVATAR)
		return ERR_TOO_BIG;
	if (len)
		memcpy(d->own.avatar, data, len);
	d->own.avatar_len = len;
	if (d->mdns)
		d->mdns->ops->announce_avatar(d->mdns);
	return 0;
}

struct discovery_entry *
discovery_find(struct discovery *d, const char *name)
{
	struct entry *ent = entries_get(&d->entries, name);
	if (!ent)
		ent = entries_get_fixed(&d->entries, name);
	return ent && !ent->own ? &ent->e : NULL;
}

void
discovery_each(struct discovery *d, void (*fn)(void *ctx, struct discovery_entry *e), void *ctx)
{
	for (size_t i = 0; i < d->entries.count; i++)
		if (!d->entries.all[i]->own)
			fn(ctx, &d->entries.all[i]->e);
}

const char *
discovery_own_name(const struct discovery *d)
{
	return d->name;
}

void
discovery_get_state(const struct discovery *d, struct discovery_state *out)
{
	*out = (struct discovery_state){.mdns = DISCOVERY_OFF, .entries = d->entries.count};
	if (d->entries.own_key[0] && map_get(&d->entries.by_key, d->entries.own_key))
		out->entries--;
	if (d->mdns)
		mdns_get_state(d->mdns, out);
}

static void
ask_one(struct asks *a, struct ask *q, struct source *s, struct entry *ent,
    int (*op)(struct source *s, struct entry *ent))
{
	if (!s || !op || !(ent->e.sources & s->kind))
		return;
	asks_expect(q, s->kind);
	int err = op(s, ent);
	if (err)
		asks_answer(a, q, s->kind, err);
}

void
discovery_resolve(struct discovery *d, struct discovery_entry *e)
{
	struct entry *ent = entry_of(e);
	if (d->closing || ask_is_open(&ent->resolve))
		return;
	asks_open(&d->resolves, &ent->resolve);
	if (d->mdns)
		ask_one(&d->resolves, &ent->resolve, d->mdns, ent, d->mdns->ops->resolve);
	ask_one(&d->resolves, &ent->resolve, d->fixed, ent, d->fixed->ops->resolve);
	asks_settle(&d->resolves, &ent->resolve);
}

void
discovery_fetch_avatar(struct discovery *d, struct discovery_entry *e)
{
	struct entry *ent = entry_of(e);
	if (d->closing || ask_is_open(&ent->avatar))
		return;
	asks_open(&d->avatars, &ent->avatar);
	if (d->mdns)
		ask_one(&d->avatars, &ent->avatar, d->mdns, ent, d->mdns->ops->fetch_avatar);
	asks_settle(&d->avatars, &ent->avatar);
}

int
discovery_add_fixed(struct discovery *d, const char *address)
{
	return fixed_add(d->fixed, address);
}

int
discovery_remove_fixed(struct discovery *d, const char *address)
{
	return fixed_remove(d->fixed, address);
}

int
discovery_spell_fixed(const char *address, char out[DISCOVERY_ADDRESS_SIZE])
{
	return fixed_spell(address, out);
}

struct discovery_entry *
discovery_find_fixed(struct discovery *d, const char *address)
{
	struct entry *ent = fixed_entry(d->fixed, address);
	return ent && !ent->own ? &ent->e : NULL;
}

struct discovery_entry *
discovery_name_fixed(struct discovery *d, struct discovery_entry *e, const char *name)
{
	struct entry *ent = entry_of(e);
	if (!e->nameless || ent->dead || !name_usable(name, strlen(name)))
		return e;
	ent = entries_rename(&d->entries, ent, name);
	return ent->own ? NULL : &ent->e;
}

bool
discovery_has_address(const struct discovery_entry *e, const struct sockaddr_storage *address)
{
	for (size_t i = 0; i < e->addr_count; i++)
		if (address_same_host(&e->addr[i], address))
			return true;
	return false;
}
