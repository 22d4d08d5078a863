#include "peer/roster.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "base/text.h"
#include "peer/claim.h"
#include "peer/iq.h"
#include "peer/keep.h"
#include "peer/link.h"
#include "peer/people.h"
#include "peer/person.h"
#include "peer/stranger.h"
#include "peer/trust.h"
#include "peer/who.h"
#include "peer/xep0115_caps.h"
#include "store/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { TICK = 250 }; /* ms */

/* ---- time ---- */

static void
on_tick(uv_timer_t *t)
{
	struct roster *r = container_of(t, struct roster, tick);
	uint64_t now = clock_now();
	bool more = iq_tick(r, now);
	strangers_tick(r);
	/* not MAP_FOREACH(): the next one may be freed meanwhile, not this one */
	for (struct map_node *node = r->people.first; node; node = node->next) {
		more = stranger_tick(node->value, now) || more;
		more = link_tick(node->value, now) || more;
	}
	if (!more)
		uv_timer_stop(t);
}

void
roster_need_tick(struct roster *r)
{
	if (!uv_is_closing((uv_handle_t *)&r->tick) && !uv_is_active((uv_handle_t *)&r->tick))
		(void)uv_timer_start(&r->tick, on_tick, TICK, TICK);
}

/* ---- start and stop ---- */

static void
add_fixed(struct roster *r, const struct roster_config *config)
{
	for (size_t i = 0; i < config->peer_count; i++) {
		int err = discovery_add_fixed(r->discovery, config->peers[i]);
		if (!err)
			value_append_str(r->configured, config->peers[i]);
		else if (err != -EEXIST)
			log_warn(NULL, "the configured peer %s was left out: %s", config->peers[i],
			    err_str(err));
	}
	for (size_t i = 0; i < value_count(r->own.fixed); i++) {
		const char *address = value_as_str(value_at(r->own.fixed, i));
		int err = address ? discovery_add_fixed(r->discovery, address) : -EINVAL;
		if (err && err != -EEXIST)
			log_warn(NULL, "a fixed peer was left out: %s", err_str(err));
	}
}

static int
start_parts(struct roster *r, const struct roster_config *config)
{
	struct buf features = BUF_INIT(LIMIT_STANZA);
	caps_write_own(r, &features);
	struct stream_hub_config hub = {
	    .port = config->port, .features = buf_cstr(&features), .tls = config->tls};
	int err = buf_err(&features);
	if (!err)
		err = stream_hub_create(r->loop, &hub, &link_stream_listener, r, &r->hub);
	buf_finish(&features);
	if (err)
		return err;
	err = discovery_create(
	    r->loop, &config->discovery, &people_discovery_listener, r, &r->discovery);
	if (err)
		return err;
	err = str_copy(r->own_name, sizeof(r->own_name), discovery_own_name(r->discovery));
	if (!err)
		err = stream_hub_set_name(r->hub, r->own_name);
	if (err)
		return err;
	err = keep_load(r);
	if (err)
		return err;
	add_fixed(r, config);
	for (const struct feature *const *f = r->features; *f && !err; f++)
		err = (*f)->start ? (*f)->start(r) : 0;
	return err ? err : own_publish(r);
}

void
roster_hold_start(struct roster *r)
{
	r->starting++;
}

void
roster_release_start(struct roster *r)
{
	if (--r->starting == 0 && r->on_started)
		r->on_started(r->ctx);
}

int
roster_start(
    struct roster *r, uv_loop_t *loop, struct ipc_server *ipc, const struct roster_config *config)
{
	r->loop = loop;
	r->ipc = ipc;
	r->features = config->features;
	r->store = config->store;
	r->tls = config->tls;
	if (config->tls)
		r->own_id = *config->own_id;
	r->policy = config->policy;
	r->files = config->files;
	r->porter = config->porter;
	r->lifetime = config->lifetime;
	r->on_started = config->on_started;
	r->ctx = config->ctx;
	buf_init(&r->trouble, LIMIT_LABEL);
	bus_init(&r->bus);
	map_init(&r->people);
	map_init(&r->keys);
	list_init(&r->gone);
	list_init(&r->claims);
	list_init(&r->waiting);
	list_init(&r->pings);
	list_init(&r->probes);
	list_init(&r->bytestreams);
	list_init(&r->initiations);
	list_init(&r->oobs);
	list_init(&r->introductions);
	(void)uv_timer_init(loop, &r->tick);
	r->configured = value_array();
	int err = r->configured ? caps_cache_create(&r->caps) : -ENOMEM;
	roster_hold_start(r);
	if (!err)
		err = start_parts(r, config);
	if (!err)
		roster_release_start(r);
	return err;
}

void
roster_apply(struct roster *r, const struct policy *policy, const struct policy_files *files,
    int64_t lifetime)
{
	r->policy = *policy;
	r->files = *files;
	r->lifetime = lifetime;
	MAP_FOREACH (node, &r->people) {
		struct person *p = node->value;
		if (policy->plain == POLICY_PLAIN_OFF)
			link_hang_up_plain(p);
		if (policy->strangers == POLICY_STRANGERS_DENY && person_is_stranger(p))
			link_hang_up(p);
	}
	bus_emit(&r->bus, &(struct bus_event){.kind = BUS_SETTINGS});
}

/* People outlive the store: what it still answers is about them. */
static void
on_store_closed(void *ctx)
{
	struct roster *r = ctx;
	r->store = NULL;
	r->closing = 0;
	claims_finish(r);
	people_finish(r);
	bus_finish(&r->bus);
	caps_cache_destroy(r->caps);
	own_finish(&r->own);
	value_free(r->configured);
	buf_finish(&r->trouble);
	r->on_closed(r->ctx);
}

/* Nobody asks for anything any more, but what was asked is still done. */
static void
part_closed(struct roster *r)
{
	if (--r->closing == 1)
		store_close(r->store, on_store_closed, r);
}

static void
on_tick_closed(uv_handle_t *h)
{
	part_closed(container_of((uv_timer_t *)h, struct roster, tick));
}

static void
on_part_closed(void *ctx)
{
	part_closed(ctx);
}

void
roster_hold_stop(struct roster *r)
{
	r->closing++;
}

void
roster_release_stop(struct roster *r)
{
	part_closed(r);
}

void
roster_stop(struct roster *r, void (*done)(void *ctx), void *ctx)
{
	if (!r->loop) {
		own_finish(&r->own);
		done(ctx); /* it never started */
		return;
	}
	r->on_started = NULL;
	r->on_closed = done;
	r->ctx = ctx;
	r->closing = 2u + (r->hub != NULL) + (r->discovery != NULL);
	/* Discovery frees its entries before the last stream has ended. */
	MAP_FOREACH (node, &r->people) {
		struct person *p = node->value;
		p->entry = NULL;
	}
	bus_emit(&r->bus, &(struct bus_event){.kind = BUS_STOPPING});
	uv_close((uv_handle_t *)&r->tick, on_tick_closed);
	if (r->hub)
		stream_hub_close(r->hub, on_part_closed, r);
	if (r->discovery)
		discovery_close(r->discovery, on_part_closed, r);
}

/* ---- finding people ---- */

enum match { MATCH_NONE, MATCH_PART, MATCH_PREFIX, MATCH_WHOLE };

static enum match
match_one(const char *name, const char *folded)
{
	char *f = text_fold(name);
	enum match m = MATCH_NONE;
	const char *at = f ? strstr(f, folded) : NULL;
	if (at == f && at)
		m = strcmp(f, folded) == 0 ? MATCH_WHOLE : MATCH_PREFIX;
	else if (at)
		m = MATCH_PART;
	free(f);
	return m;
}

/* Who was given a name here, because theirs is somebody else's, is meant only by that very name. */
static enum match
match_person(const struct person *p, const char *folded)
{
	if (trust_name_own(p->name) != strlen(p->name))
		return MATCH_NONE;
	struct buf full = BUF_INIT(2 * LIMIT_TXT_STRING + 2);
	buf_fmt(&full, "%s %s", p->txt.first, p->txt.last);
	const char *const names[] = {p->display, p->name, p->txt.nick, buf_cstr(&full)};
	enum match best = MATCH_NONE;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		enum match m = match_one(names[i], folded);
		best = m > best ? m : best;
	}
	buf_finish(&full);
	return best;
}

/* How well somebody fits counts first, then whether they are here. */
static unsigned
rank(const struct person *p, const char *folded)
{
	enum match m = match_person(p, folded);
	return m == MATCH_NONE ? 0 : 2u * (unsigned)m + person_is_here(p);
}

/* Whoever fits, and how well. */
struct fitting {
	struct person *best;
	unsigned rank;
	size_t count;      /* of those who fit as well as the best */
	bool acquaintance; /* somebody who is no stranger fits, however badly */
};

static struct fitting
look_for(const struct roster *r, const char *folded)
{
	struct fitting f = {.rank = 0};
	MAP_FOREACH (node, &r->people) {
		struct person *p = node->value;
		unsigned n = *folded ? rank(p, folded) : 0;
		if (n > f.rank)
			f = (struct fitting){.best = p, .rank = n, .acquaintance = f.acquaintance};
		f.count += n && n == f.rank;
		f.acquaintance |= n && !person_is_stranger(p);
	}
	return f;
}

/* A stranger can choose a name that fits better than that of whoever was always meant by this, and
 * be here when they are not: then it is not said who is meant (N5). */
static bool
is_clear(const struct fitting *f)
{
	return f->count == 1 && !(f->acquaintance && person_is_stranger(f->best));
}

static void
list_candidates(
    const struct roster *r, const struct fitting *f, const char *folded, struct value *out)
{
	size_t left = LIMIT_CANDIDATES;
	for (int stranger = 0; stranger <= 1; stranger++) {
		MAP_FOREACH (node, &r->people) {
			struct person *p = node->value;
			unsigned n = rank(p, folded);
			bool meant = n && (n == f->rank || (f->acquaintance && !stranger));
			if (!meant || person_is_stranger(p) != (bool)stranger || left == 0)
				continue;
			value_append(out, person_describe(p));
			left--;
		}
	}
}

static int
match(struct roster *r, const char *typed, struct person **out, struct value *candidates)
{
	*out = roster_get(r, typed);
	if (*out)
		return 0;
	char *folded = text_fold(typed);
	if (!folded)
		return -ENOMEM;
	struct fitting f = look_for(r, folded);
	int err = f.count == 0 ? ERR_UNKNOWN : is_clear(&f) ? 0 : ERR_AMBIGUOUS;
	if (err == ERR_AMBIGUOUS && candidates)
		list_candidates(r, &f, folded, candidates);
	*out = f.best;
	free(folded);
	return err;
}

int
roster_match(struct roster *r, const char *typed, struct person **out)
{
	return match(r, typed, out, NULL);
}

struct person *
roster_wanted(struct roster *r, struct ipc_call *call)
{
	return roster_wanted_as(r, call, "peer");
}

struct person *
roster_wanted_as(struct roster *r, struct ipc_call *call, const char *param)
{
	const char *typed = value_str(ipc_params(call), param);
	if (str_empty(typed)) {
		ipc_fail(
		    call, IPC_INVALID, "Say who is meant: the parameter \"%s\" is missing.", param);
		return NULL;
	}
	struct person *p = NULL;
	struct value *candidates = value_array(), *data = value_object();
	int err = match(r, typed, &p, candidates);
	value_set(data, "candidates", candidates);
	if (err == ERR_AMBIGUOUS) {
		ipc_fail_data(call, IPC_AMBIGUOUS, data,
		    "More than one person fits \"%s\"; say more of the name.", typed);
		return NULL;
	}
	value_free(data);
	if (err == ERR_UNKNOWN)
		ipc_fail(call, IPC_UNKNOWN, "Nobody called \"%s\" has been seen here.", typed);
	else if (err)
		ipc_fail(call, IPC_INTERNAL, "The search failed: %-s.", err_str(err));
	return err ? NULL : p;
}

/* ---- state for the front ends ---- */

void
roster_describe_state(const struct roster *r, struct value *state)
{
	static const char *const names[] = {
	    [DISCOVERY_OFF] = "off",
	    [DISCOVERY_STARTING] = "starting",
	    [DISCOVERY_RUNNING] = "running",
	    [DISCOVERY_FAILED] = "failed",
	};
	struct discovery_state d;
	discovery_get_state(r->discovery, &d);
	value_set_str(state, "discovery", names[d.mdns]);
	value_set_str(state, "backend", d.backend);
	value_set_bool(state, "network", d.network);
	value_set_str(state, "problem", r->trouble.len ? buf_cstr(&r->trouble) : d.problem);
	value_set_int(state, "helper_pid", d.helper_pid);
	value_set_int(state, "helper_restarts", d.helper_restarts);
	value_set_int(state, "port", stream_hub_port(r->hub));
	value_set_int(state, "streams", (int64_t)stream_hub_count(r->hub));
	size_t here = 0;
	MAP_FOREACH (node, &r->people)
		here += person_is_here(node->value);
	value_set_int(state, "people", (int64_t)here);
}

void
roster_publish_state(struct roster *r)
{
	if (!r->discovery || !r->hub || !ipc_has_subscribers(r->ipc, "state"))
		return;
	struct value *state = value_object();
	roster_describe_state(r, state);
	ipc_publish(r->ipc, "state", state);
}

int
roster_add_methods(struct roster *r)
{
	int err = ipc_server_add(r->ipc, who_methods, r);
	if (!err)
		err = ipc_server_add(r->ipc, own_methods, r);
	for (const struct feature *const *f = r->features; *f && !err; f++)
		if ((*f)->methods)
			err = ipc_server_add(r->ipc, (*f)->methods, r);
	return err;
}
