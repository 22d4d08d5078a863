#include "discovery/mdns.h"

#include "base/err.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/str.h"
#include "base/tr.h"
#include "base/utf8.h"
#include "discovery/address.h"
#include "discovery/name.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct mdns_times mdns_default_times = {
    .publish_every = 1000,
    .found_again_within = 5000,
    .dark_for = 60000,
};

enum { FAILED_AFTER = 5 }; /* starts in a row that came to nothing */

struct mdns {
	struct source source;
	struct helper *helper; /* owned */
	uv_timer_t publish, sweep;
	unsigned handles; /* helper and timers not yet closed */
	bool closing, publish_due, avatar_due;
	bool network, working; /* as the helper says */
	unsigned failed_starts;
	char backend[16], problem[256];
	struct mdns_times times;
	const struct announcement *own; /* borrowed */
	void (*done)(void *ctx);
	void *done_ctx;
};

static struct mdns *
mdns_of(struct source *s)
{
	return container_of(s, struct mdns, source);
}

static void
tell_state(struct mdns *m)
{
	m->source.l->on_state(m->source.ctx);
}

static void
set_problem(struct mdns *m, const char *text)
{
	size_t len = utf8_cut(text, strlen(text), sizeof(m->problem) - 1);
	memcpy(m->problem, text, len);
	m->problem[len] = '\0';
	tell_state(m);
}

static bool
send_line(struct mdns *m, struct buf *line)
{
	protocol_end(line);
	int err = helper_send(m->helper, line);
	if (err && err != -EPIPE)
		log_warn(NULL, "cannot write to the discovery helper: %s", err_str(err));
	return !err;
}

static int
send_name(struct mdns *m, const char *verb, const char *name)
{
	struct buf b = BUF_INIT(LIMIT_HELPER_LINE);
	protocol_begin(&b, verb);
	protocol_field_str(&b, name);
	protocol_end(&b);
	return helper_send(m->helper, &b);
}

static bool
send_publish(struct mdns *m)
{
	struct buf b = BUF_INIT(LIMIT_HELPER_LINE);
	protocol_begin(&b, "publish");
	protocol_field_str(&b, m->own->user);
	protocol_field_int(&b, m->own->port);
	for (size_t i = 0; i < m->own->txt_count; i++)
		protocol_field(&b, m->own->txt[i].data, m->own->txt[i].len);
	return send_line(m, &b);
}

static bool
send_avatar(struct mdns *m)
{
	char digits[2 * LIMIT_AVATAR + 1];
	struct buf b = BUF_INIT(LIMIT_HELPER_LINE);
	hex_encode(digits, m->own->avatar, m->own->avatar_len);
	protocol_begin(&b, "avatar");
	protocol_field_str(&b, digits);
	return send_line(m, &b);
}

/* At once if a second has passed since the last, else when it has (RFC 6762 §6: a record is not
 * multicast more often). What came in between goes out as one. */
static void
on_publish_timer(uv_timer_t *t)
{
	struct mdns *m = container_of(t, struct mdns, publish);
	bool publish = m->publish_due && m->own->ready, avatar = m->avatar_due;
	if (!helper_is_up(m->helper) || (!publish && !avatar))
		return;
	/* the picture first: phsh speaks of it; what failed is tried again in a second */
	m->avatar_due = avatar && !send_avatar(m);
	m->publish_due = publish && !send_publish(m);
	(void)uv_timer_start(t, on_publish_timer, m->times.publish_every, 0);
}

static void
publish_soon(struct mdns *m)
{
	if (!uv_is_active((uv_handle_t *)&m->publish) && !m->closing)
		(void)uv_timer_start(&m->publish, on_publish_timer, 0, 0);
}

static void
announce(struct source *s)
{
	struct mdns *m = mdns_of(s);
	m->publish_due = true;
	publish_soon(m);
}

static void
announce_avatar(struct source *s)
{
	struct mdns *m = mdns_of(s);
	m->avatar_due = true;
	publish_soon(m);
}

static int
resolve(struct source *s, struct entry *ent)
{
	int err = send_name(mdns_of(s), "resolve", ent->e.name);
	if (!err)
		entries_doubt_addresses(ent, s->kind, 0);
	return err;
}

static int
fetch_avatar(struct source *s, struct entry *ent)
{
	return send_name(mdns_of(s), "fetch", ent->e.name);
}

static void
on_sweep_timer(uv_timer_t *t)
{
	struct mdns *m = container_of(t, struct mdns, sweep);
	entries_sweep(m->source.entries, DISCOVERY_MDNS);
}

/* Everybody is kept for a while, for nobody left because our helper did. */
static void
doubt_all(struct mdns *m, uint64_t sweep_after)
{
	entries_doubt(m->source.entries, DISCOVERY_MDNS);
	(void)uv_timer_start(&m->sweep, on_sweep_timer, sweep_after, 0);
}

static void
on_up(void *ctx)
{
	struct mdns *m = ctx;
	doubt_all(m, m->times.found_again_within);
	m->failed_starts = 0;
	m->publish_due = true;
	m->avatar_due = m->own->avatar_len > 0;
	(void)uv_timer_stop(&m->publish); /* that second was the last helper's */
	publish_soon(m);
	tell_state(m);
}

static void
on_down(void *ctx, bool was_up, const char *why)
{
	struct mdns *m = ctx;
	if (was_up)
		doubt_all(m, m->times.dark_for);
	m->backend[0] = '\0';
	m->working = m->network = false;
	if (!was_up)
		m->failed_starts++;
	char text[sizeof(m->problem)];
	(void)snprintf(text, sizeof(text), "%s: %s.", TR("The discovery helper does not run"), why);
	set_problem(m, text);
	m->source.l->on_lost(m->source.ctx, &m->source);
}

/* What a line speaks of. */
struct subject {
	const struct protocol_line *line;
	struct entry *ent;  /* of the name in field 1; NULL: nobody we know */
	struct place place; /* from fields 2 and 3 */
};

static int
verb_backend(struct mdns *m, const struct subject *s)
{
	const char *kind = s->line->field[1];
	m->working = strcmp(kind, "none") != 0;
	if (str_copy(m->backend, sizeof(m->backend), m->working ? kind : ""))
		return ERR_PROTO;
	helper_uses_daemon(m->helper, strcmp(kind, "avahi-daemon") == 0);
	if (m->working)
		doubt_all(m, m->times.found_again_within);
	set_problem(m, m->working ? "" : s->line->field[2]);
	return 0;
}

static int
verb_network(struct mdns *m, const struct subject *s)
{
	m->network = strcmp(s->line->field[1], "1") == 0;
	tell_state(m);
	return 0;
}

static int
verb_machine(struct mdns *m, const struct subject *s)
{
	char name[LIMIT_INSTANCE_NAME + 1];
	name_join(name, m->own->user, s->line->field[1]);
	m->source.l->on_name(m->source.ctx, name, false);
	return 0;
}

static int
verb_published(struct mdns *m, const struct subject *s)
{
	if (m->working)
		set_problem(m, "");
	m->source.l->on_name(m->source.ctx, s->line->field[1], true);
	return 0;
}

static int
verb_unpublished(struct mdns *m, const struct subject *s)
{
	set_problem(m, s->line->field[1]);
	return 0;
}

static int
verb_found(struct mdns *m, const struct subject *s)
{
	(void)entries_found(m->source.entries, s->line->field[1], s->place);
	return 0;
}

static int
verb_lost(struct mdns *m, const struct subject *s)
{
	if (s->ent)
		entries_lost(m->source.entries, s->ent, s->place);
	return 0;
}

static void
set_txt(struct mdns *m, const struct subject *s, size_t first)
{
	struct txt_string strings[PROTOCOL_FIELDS];
	struct txt txt;
	size_t count = 0;
	for (size_t i = first; i < s->line->count; i++)
		strings[count++] = (struct txt_string){s->line->field[i], s->line->length[i]};
	txt_parse(&txt, strings, count);
	entries_set_txt(m->source.entries, s->ent, &txt);
}

static void
add_address(struct mdns *m, const struct subject *s, const char *numeric)
{
	struct sockaddr_storage a;
	if (address_parse(numeric, s->place.id, s->ent->e.port, &a) == 0)
		entries_add_address(m->source.entries, s->ent, s->place, &a);
}

static int
verb_service(struct mdns *m, const struct subject *s)
{
	int64_t port;
	const char *host = s->line->field[4];
	if (str_to_int(s->line->field[5], 0, UINT16_MAX, &port))
		return ERR_PROTO;
	if (strlen(host) > LIMIT_HOST_NAME || !utf8_valid(host, strlen(host)))
		return 0;
	/* one who had to give way to a flood of names is back when there is news of it (N8) */
	struct subject here = *s;
	if (!here.ent)
		here.ent = entries_found(m->source.entries, s->line->field[1], s->place);
	if (!here.ent)
		return 0;
	entries_set_service(m->source.entries, here.ent, host, (uint16_t)port);
	add_address(m, &here, s->line->field[6]);
	set_txt(m, &here, 7);
	return 0;
}

static int
verb_address(struct mdns *m, const struct subject *s)
{
	if (s->ent)
		add_address(m, s, s->line->field[3]);
	return 0;
}

static int
verb_txt(struct mdns *m, const struct subject *s)
{
	if (s->ent)
		set_txt(m, s, 2);
	return 0;
}

static int
verb_resolved(struct mdns *m, const struct subject *s)
{
	bool good = strcmp(s->line->field[2], "1") == 0;
	if (!s->ent)
		return 0;
	if (good)
		entries_drop_doubted(m->source.entries, s->ent, DISCOVERY_MDNS);
	m->source.l->on_resolved(m->source.ctx, &m->source, s->ent, good ? 0 : -ETIMEDOUT);
	return 0;
}

static int
verb_avatar(struct mdns *m, const struct subject *s)
{
	size_t len = s->line->length[2] / 2;
	if (!s->ent)
		return 0;
	if (len == 0 || len > LIMIT_AVATAR_IN) {
		m->source.l->on_avatar(m->source.ctx, &m->source, s->ent, NULL, 0);
		return 0;
	}
	unsigned char *data = malloc(len);
	int err = data ? hex_decode(data, s->line->field[2], s->line->length[2]) : 0;
	if (!err)
		m->source.l->on_avatar(m->source.ctx, &m->source, s->ent, data, data ? len : 0);
	free(data);
	return err;
}

static int
verb_reset(struct mdns *m, const struct subject *s)
{
	(void)s;
	doubt_all(m, m->times.found_again_within);
	return 0;
}

static int
verb_note(struct mdns *m, const struct subject *s)
{
	enum log_level level;
	(void)m;
	if (log_level_parse(s->line->field[1], &level))
		return ERR_PROTO;
	log_write(level, __FILE__, NULL, "helper: %s", s->line->field[2]);
	return 0;
}

enum { ABOUT_NAME = 1, ABOUT_INTERFACE = 2, ABOUT_FAMILY = 4, OPEN_ENDED = 8 };

static const struct verb {
	const char *name;
	size_t fields; /* at least; exactly if not OPEN_ENDED */
	unsigned about;
	int (*fn)(struct mdns *m, const struct subject *s);
} verbs[] = {
    {"found", 4, ABOUT_NAME | ABOUT_INTERFACE | ABOUT_FAMILY, verb_found},
    {"lost", 4, ABOUT_NAME | ABOUT_INTERFACE | ABOUT_FAMILY, verb_lost},
    {"service", 7, ABOUT_NAME | ABOUT_INTERFACE | ABOUT_FAMILY | OPEN_ENDED, verb_service},
    {"address", 4, ABOUT_NAME | ABOUT_INTERFACE, verb_address},
    {"txt", 2, ABOUT_NAME | OPEN_ENDED, verb_txt},
    {"resolved", 3, ABOUT_NAME, verb_resolved},
    {"avatar", 3, ABOUT_NAME, verb_avatar},
    {"published", 2, ABOUT_NAME, verb_published},
    {"unpublished", 2, 0, verb_unpublished},
    {"backend", 3, 0, verb_backend},
    {"network", 2, 0, verb_network},
    {"machine", 2, 0, verb_machine},
    {"reset", 1, 0, verb_reset},
    {"note", 3, 0, verb_note},
};

static const struct verb *
find_verb(const struct protocol_line *line)
{
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (strcmp(line->field[0], verbs[i].name) == 0)
			return line->count == verbs[i].fields || (verbs[i].about & OPEN_ENDED &&
								     line->count > verbs[i].fields)
				   ? &verbs[i]
				   : NULL;
	return NULL;
}

static int
read_place(const struct protocol_line *line, unsigned about, struct place *out)
{
	int64_t id = 0, family = 0;
	if (about & ABOUT_INTERFACE && str_to_int(line->field[2], 1, INT32_MAX, &id))
		return ERR_PROTO;
	if (about & ABOUT_FAMILY && (str_to_int(line->field[3], 4, 6, &family) || family == 5))
		return ERR_PROTO;
	*out = (struct place){.source = DISCOVERY_MDNS, .id = (unsigned)id, .family = (int)family};
	return 0;
}

/* The form of a line is the helper's, and has to be right; the names in it are anybody's. */
static int
on_line(void *ctx, struct protocol_line *line)
{
	struct mdns *m = ctx;
	struct subject s = {.line = line};
	const struct verb *v = find_verb(line);
	if (!v || read_place(line, v->about, &s.place))
		return ERR_PROTO;
	if (v->about & ABOUT_NAME) {
		if (!name_usable(line->field[1], line->length[1])) {
			log_debug(NULL, "ignored a name that nobody can have");
			return 0;
		}
		s.ent = entries_get(m->source.entries, line->field[1]);
	}
	return v->fn(m, &s);
}

static void
after_closed(struct mdns *m)
{
	if (--m->handles > 0)
		return;
	void (*done)(void *) = m->done;
	void *ctx = m->done_ctx;
	free(m);
	done(ctx);
}

static void
on_publish_closed(uv_handle_t *h)
{
	after_closed(container_of((uv_timer_t *)h, struct mdns, publish));
}

static void
on_sweep_closed(uv_handle_t *h)
{
	after_closed(container_of((uv_timer_t *)h, struct mdns, sweep));
}

static void
on_helper_closed(void *ctx)
{
	after_closed(ctx);
}

static void
close_mdns(struct source *s, void (*done)(void *ctx), void *ctx)
{
	struct mdns *m = mdns_of(s);
	m->closing = true;
	m->done = done;
	m->done_ctx = ctx;
	m->handles = 3;
	uv_close((uv_handle_t *)&m->publish, on_publish_closed);
	uv_close((uv_handle_t *)&m->sweep, on_sweep_closed);
	helper_close(m->helper, on_helper_closed, m);
}

static const struct source_ops ops = {
    .resolve = resolve,
    .fetch_avatar = fetch_avatar,
    .announce = announce,
    .announce_avatar = announce_avatar,
    .close = close_mdns,
};

int
mdns_create(const struct mdns_config *config, struct source **out)
{
	static const struct helper_listener listener = {
	    .on_up = on_up, .on_line = on_line, .on_down = on_down};
	struct mdns *m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->source = (struct source){.ops = &ops,
	    .kind = DISCOVERY_MDNS,
	    .entries = config->entries,
	    .l = config->l,
	    .ctx = config->ctx};
	m->times = config->times;
	m->own = config->own;
	int err = helper_create(
	    config->loop, &config->launcher, &config->helper_times, &listener, m, &m->helper);
	if (err) {
		free(m);
		return err;
	}
	/* these cannot fail: libuv's timers allocate nothing */
	(void)uv_timer_init(config->loop, &m->publish);
	(void)uv_timer_init(config->loop, &m->sweep);
	*out = &m->source;
	return 0;
}

void
mdns_get_state(struct source *s, struct discovery_state *out)
{
	const struct mdns *m = mdns_of(s);
	out->mdns = m->working                         ? DISCOVERY_RUNNING
		    : m->failed_starts >= FAILED_AFTER ? DISCOVERY_FAILED
						       : DISCOVERY_STARTING;
	memcpy(out->backend, m->backend, sizeof(out->backend));
	memcpy(out->problem, m->problem, sizeof(out->problem));
	out->network = m->network;
	out->helper_pid = helper_pid(m->helper);
	out->helper_restarts = helper_restarts(m->helper);
	if (m->working && !m->network)
		(void)snprintf(out->problem, sizeof(out->problem), TR("No network is connected."));
}
