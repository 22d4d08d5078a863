#include "mdns/finder.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/list.h"
#include "base/map.h"
#include "base/str.h"
#include "mdns/delay.h"
#include "mdns/names.h"
#include "mdns/report.h"

#include <avahi-common/domain.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	/* How long a question may hold its place in LIMIT_RESOLVES while others wait. Whoever is
	 * new has just announced all there is to ask for, so the cache answers at once; a lost
	 * packet has its chance later. */
	PATIENCE_MS = 200,
	RETRY_FIRST_MS = 1000, /* doubled with each failure */
	RETRY_LAST_MS = 10 * 60 * 1000,
	/* a replaced record stays in the cache for 1 s (RFC 6762 §10.2) and may be taken for the
	 * new one by whoever asks before */
	STALE_MS = 1100,
	WATCH_BATCH = 16, /* record watches opened at once ... */
	WATCH_PAUSE_MS = 50,
	TICK_MS = 500,
	/* avahi-daemon's default cache holds 1023 peers of four records or 819 of five, and then
	 * forgets without a word */
	DAEMON_CACHE_PEERS = 800,
};

enum spot_state { SPOT_HIDDEN, SPOT_QUEUED, SPOT_ASKING, SPOT_KNOWN, SPOT_WAITING };

/* An instance as seen at one place. */
struct spot {
	struct list node;  /* of instance.spots */
	struct list queue; /* of finder.queue, .asking or .waiting, by state */
	struct instance *of;
	struct place place;
	enum spot_state state;
	uint64_t since;     /* ASKING: asked at; WAITING: ask again at */
	unsigned failures;  /* in a row */
	struct query query; /* ASKING */
};

struct instance {
	char name[NAMES_SIZE];
	struct finder *finder;
	struct list spots;
	size_t spot_count;
	bool own;
	struct query txt_watch, srv_watch;
	struct list unwatched; /* of finder.unwatched: its TXT watch is yet to be opened */
	unsigned char *txt;    /* owned; last reported, as rdata */
	size_t txt_len;
	bool txt_current;   /* it comes from the watch: newer than any resolver's */
	bool srv_missing;   /* it did not answer; its SRV record would be news */
	uint64_t srv_since; /* when srv_watch was opened */
};

struct finder {
	struct back_end *b; /* borrowed */
	struct map instances;
	struct list queue, asking, waiting, unwatched;
	size_t asking_count, watch_count;
	struct delay *work; /* owned */
	char own[NAMES_SIZE];
	int loopback;
	bool hide_loopback, settled, full_noted, watches_noted, cache_noted;
};

static void on_work(void *ctx);

int
finder_create(uv_loop_t *loop, struct back_end *b, struct finder **out)
{
	struct finder *f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	int err = delay_create(loop, on_work, f, &f->work);
	if (err) {
		free(f);
		return err;
	}
	f->b = b;
	map_init(&f->instances);
	list_init(&f->queue);
	list_init(&f->asking);
	list_init(&f->waiting);
	list_init(&f->unwatched);
	*out = f;
	return 0;
}

/* ---- reporting -------------------------------------------------------------------------- */

/* Keeps what was reported. 1: it is news, 0: it is not; -ENOMEM. */
static int
keep_txt(struct instance *i, const void *rdata, size_t len)
{
	if (len > LIMIT_TXT_RECORD)
		len = LIMIT_TXT_RECORD;
	if (i->txt && i->txt_len == len && memcmp(i->txt, rdata, len) == 0)
		return 0;
	unsigned char *copy = malloc(len + 1);
	if (!copy)
		return -ENOMEM;
	if (len)
		memcpy(copy, rdata, len);
	free(i->txt);
	i->txt = copy;
	i->txt_len = len;
	return 1;
}

static struct spot *
find_spot(struct instance *i, const struct place *p)
{
	LIST_FOREACH (node, &i->spots) {
		struct spot *s = container_of(node, struct spot, node);
		if (s->place.ifindex == p->ifindex && s->place.family == p->family)
			return s;
	}
	return NULL;
}

bool
finder_report(struct finder *f, const char *name, const struct query_result *r)
{
	if (!r->address || !r->host || !r->port || strlen(r->host) > LIMIT_HOST_NAME ||
	    !report_plausible(r->address, r->place.ifindex == f->loopback))
		return false;
	struct instance *i = map_get(&f->instances, name);
	if (i) {
		const struct spot *s = find_spot(i, &r->place);
		if (i->own || (s && s->state == SPOT_HIDDEN))
			return false;
		if (i->txt_current) {
			report_service(f->b->channel, name, r, i->txt, i->txt_len);
			return true;
		}
	}
	unsigned char txt[LIMIT_TXT_RECORD];
	size_t len = avahi_string_list_serialize(r->txt, NULL, 0); /* measures */
	len = len <= sizeof(txt) ? avahi_string_list_serialize(r->txt, txt, sizeof(txt)) : 0;
	report_service(f->b->channel, name, r, txt, len);
	if (i)
		(void)keep_txt(i, txt, len); /* without memory a later txt line is superfluous */
	return true;
}

/* ---- asking ----------------------------------------------------------------------------- */

static void on_service(struct query *q, const struct query_result *r);
static void on_txt(struct query *q, const struct query_result *r);
static void on_srv(struct query *q, const struct query_result *r);

/* Leaves whatever list and question its state implies. */
static void
spot_set(struct spot *s, enum spot_state state)
{
	struct finder *f = s->of->finder;
	if (s->state == SPOT_ASKING) {
		f->b->ops->cancel(f->b, &s->query);
		f->asking_count--;
	}
	list_remove(&s->queue);
	s->state = state;
	s->since = clock_now();
	if (state == SPOT_QUEUED) {
		list_insert(&f->queue, &s->queue);
		delay_set_sooner(f->work, 0);
	} else if (state == SPOT_ASKING) {
		list_insert(&f->asking, &s->queue);
		f->asking_count++;
	} else if (state == SPOT_WAITING) {
		list_insert(&f->waiting, &s->queue);
		delay_set_sooner(f->work, TICK_MS);
	}
}

static void
spot_wait(struct spot *s, uint64_t ms)
{
	spot_set(s, SPOT_WAITING);
	s->since += ms;
}

/* Opens a watch on one record of the instance, if there is room for one more. */
static void
watch(struct instance *i, struct query *q, uint16_t type, unsigned max)
{
	struct finder *f = i->finder;
	char owner[AVAHI_DOMAIN_NAME_MAX];
	if (q->handle || i->own || f->b->state == BACK_END_FAILED ||
	    avahi_service_name_join(owner, sizeof(owner), i->name, SERVICE_TYPE, DOMAIN) < 0)
		return;
	if (f->watch_count < max && f->b->ops->records(f->b, owner, type, q) == 0) {
		f->watch_count++;
	} else if (!f->watches_noted) {
		f->watches_noted = true;
		channel_note(f->b->channel, "warn",
		    "%zu records are watched, no more can be: changes of others show late",
		    f->watch_count);
	}
}

static void
unwatch(struct instance *i, struct query *q)
{
	if (q->handle)
		i->finder->watch_count--;
	i->finder->b->ops->cancel(i->finder->b, q);
}

static void
watch_srv(struct instance *i)
{
	if (i->srv_watch.handle)
		return;
	i->srv_watch.on_result = on_srv;
	i->srv_since = clock_now();
	/* names that nobody stands behind may take half of the room, the living have the rest */
	watch(i, &i->srv_watch, RECORD_SRV, i->finder->b->ops->records_max / 2);
}

static void
failed(struct spot *s)
{
	uint64_t pause = RETRY_LAST_MS;
	if (s->failures < 10) /* 2^10 s is more than the last */
		pause = (uint64_t)RETRY_FIRST_MS << s->failures++;
	spot_wait(s, pause < RETRY_LAST_MS ? pause : RETRY_LAST_MS);
	s->of->srv_missing = true;
	watch_srv(s->of);
}

static void
on_service(struct query *q, const struct query_result *r)
{
	struct spot *s = container_of(q, struct spot, query);
	struct instance *i = s->of;
	struct finder *f = i->finder;
	if (r->event == QUERY_FOUND && finder_report(f, i->name, r)) {
		s->failures = 0;
		i->srv_missing = false;
		spot_set(s, SPOT_KNOWN);
		if (!i->txt_watch.handle && !i->unwatched.next)
			list_insert(&f->unwatched, &i->unwatched);
	} else {
		failed(s);
	}
	delay_set_sooner(f->work, 0);
}

static void
ask_again(struct instance *i, uint64_t ms)
{
	LIST_FOREACH (node, &i->spots) {
		struct spot *s = container_of(node, struct spot, node);
		if (s->state == SPOT_HIDDEN || s->state == SPOT_QUEUED)
			continue;
		if (ms)
			spot_wait(s, ms);
		else
			spot_set(s, SPOT_QUEUED);
	}
}

/* Who changes their record and changes it back within a second never has the first one leave the
 * cache (RFC 6762 §10.2), so its return is no news to a watch. When the record reported last goes,
 * a fresh watch tells what is left. */
static void
watch_txt_anew(struct instance *i)
{
	unwatch(i, &i->txt_watch);
	list_insert(&i->finder->unwatched, &i->unwatched);
	delay_set_sooner(i->finder->work, TICK_MS);
}

static void
on_txt(struct query *q, const struct query_result *r)
{
	struct instance *i = container_of(q, struct instance, txt_watch);
	if (r->event == QUERY_FAILED)
		unwatch(i, q);
	if (r->event == QUERY_GONE && i->txt_current && i->txt && r->size == i->txt_len &&
	    memcmp(r->rdata, i->txt, r->size) == 0)
		watch_txt_anew(i);
	if (r->event != QUERY_FOUND || i->own)
		return;
	int news = keep_txt(i, r->rdata, r->size);
	i->txt_current = news >= 0;
	if (news != 1)
		return;
	report_txt(i->finder->b->channel, i->name, i->txt, i->txt_len);
	/* a program that was restarted has a new port, and this is all we hear of it */
	ask_again(i, STALE_MS);
}

static void
on_srv(struct query *q, const struct query_result *r)
{
	struct instance *i = container_of(q, struct instance, srv_watch);
	if (r->event == QUERY_FAILED)
		unwatch(i, q);
	if (r->event != QUERY_FOUND || i->own)
		return;
	/* what the cache holds comes at once and is no news */
	bool late = clock_now() - i->srv_since > TICK_MS;
	if (i->srv_missing || late)
		ask_again(i, i->srv_missing ? 0 : STALE_MS);
	i->srv_missing = false;
}

void
finder_doubt(struct finder *f, const char *name, bool answered)
{
	struct instance *i = map_get(&f->instances, name);
	if (!i || i->own)
		return;
	if (!answered)
		i->srv_missing = true;
	watch_srv(i);
}

/* ---- work: what is due, outside of the back end's callbacks ----------------------------- */

static void
ask(struct spot *s)
{
	struct finder *f = s->of->finder;
	spot_set(s, SPOT_ASKING);
	s->query.on_result = on_service;
	if (f->b->ops->resolve(f->b, &s->place, s->of->name, &s->query))
		failed(s);
}

/* Those who did not answer come after those who were never asked, and few at a time: thousands of
 * invented names cannot keep the real ones out. */
static void
wake_waiting(struct finder *f, uint64_t now)
{
	int woken = 0;
	LIST_FOREACH (node, &f->waiting) {
		struct spot *s = container_of(node, struct spot, queue);
		if (s->since <= now && woken++ < LIMIT_RESOLVES)
			spot_set(s, SPOT_QUEUED);
	}
}

static void
make_room(struct finder *f, uint64_t now)
{
	LIST_FOREACH (node, &f->asking) {
		struct spot *s = container_of(node, struct spot, queue);
		if (now - s->since >= PATIENCE_MS)
			failed(s);
	}
}

static void
open_watches(struct finder *f)
{
	for (int n = 0; n < WATCH_BATCH && !list_empty(&f->unwatched); n++) {
		struct instance *i = container_of(f->unwatched.next, struct instance, unwatched);
		list_remove(&i->unwatched);
		i->txt_watch.on_result = on_txt;
		watch(i, &i->txt_watch, RECORD_TXT, f->b->ops->records_max);
	}
}

static void
on_work(void *ctx)
{
	struct finder *f = ctx;
	uint64_t now = clock_now();
	if (f->b->state == BACK_END_FAILED)
		return;
	if (list_empty(&f->queue))
		wake_waiting(f, now);
	else
		make_room(f, now);
	while (!list_empty(&f->queue) && f->asking_count < LIMIT_RESOLVES)
		ask(container_of(f->queue.next, struct spot, queue));
	/* first everybody's name and address, then the watches */
	bool quiet = f->settled && list_empty(&f->queue) && !f->asking_count;
	if (!list_empty(&f->unwatched)) {
		if (quiet)
			open_watches(f);
		delay_set_sooner(f->work, quiet ? WATCH_PAUSE_MS : TICK_MS);
	}
	if (!list_empty(&f->queue))
		delay_set_sooner(f->work, PATIENCE_MS);
	else if (!list_empty(&f->waiting))
		delay_set_sooner(f->work, TICK_MS);
}

/* ---- coming and going ------------------------------------------------------------------- */

static bool
to_be_hidden(const struct spot *s)
{
	const struct finder *f = s->of->finder;
	return s->of->own || (f->hide_loopback && s->place.ifindex == f->loopback);
}

static void
spot_refresh(struct spot *s)
{
	bool hide = to_be_hidden(s);
	if (hide == (s->state == SPOT_HIDDEN))
		return;
	report_place(s->of->finder->b->channel, hide ? "lost" : "found", s->of->name, &s->place);
	spot_set(s, hide ? SPOT_HIDDEN : SPOT_QUEUED);
}

static void
free_instance(struct instance *i)
{
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): what remove_spot() freed is off the list */
	LIST_FOREACH (node, &i->spots) {
		struct spot *s = container_of(node, struct spot, node);
		spot_set(s, SPOT_HIDDEN);
		list_remove(&s->node);
		free(s);
	}
	unwatch(i, &i->txt_watch);
	unwatch(i, &i->srv_watch);
	list_remove(&i->unwatched);
	free(i->txt);
	free(i);
}

void
finder_destroy(struct finder *f)
{
	if (!f)
		return;
	MAP_FOREACH (node, &f->instances)
		free_instance(node->value);
	map_finish(&f->instances);
	delay_destroy(f->work);
	free(f);
}

static void
note_size(struct finder *f)
{
	if (f->instances.len >= DAEMON_CACHE_PEERS && !f->cache_noted &&
	    f->b->ops->records_max < LIMIT_RECORD_WATCHES) {
		f->cache_noted = true;
		channel_note(f->b->channel, "warn",
		    "%zu people: avahi-daemon's cache may be full, raise cache-entries-max",
		    f->instances.len);
	}
}

static struct instance *
add_instance(struct finder *f, const char *name)
{
	if (f->instances.len >= LIMIT_ENTRIES) {
		if (!f->full_noted)
			channel_note(f->b->channel, "warn", "too many people, not all are listed");
		f->full_noted = true;
		return NULL;
	}
	struct instance *i = calloc(1, sizeof(*i));
	if (!i)
		return NULL;
	list_init(&i->spots);
	i->finder = f;
	if (str_copy(i->name, sizeof(i->name), name) || map_set(&f->instances, name, i)) {
		free(i);
		return NULL;
	}
	i->own = str_casecmp(name, f->own) == 0;
	note_size(f);
	return i;
}

static void
add_spot(struct instance *i, const struct place *p)
{
	struct spot *s = i->spot_count < LIMIT_PLACES ? calloc(1, sizeof(*s)) : NULL;
	if (!s)
		return;
	s->of = i;
	s->place = *p;
	list_insert(&i->spots, &s->node);
	i->spot_count++;
	spot_refresh(s); /* was hidden by birth */
}

static void
remove_spot(struct spot *s)
{
	struct instance *i = s->of;
	if (s->state != SPOT_HIDDEN)
		report_place(i->finder->b->channel, "lost", i->name, &s->place);
	spot_set(s, SPOT_HIDDEN);
	list_remove(&s->node);
	i->spot_count--;
	free(s);
}

void
finder_on_instance(struct finder *f, const char *name, const struct place *p, bool here)
{
	if (str_empty(name) || strlen(name) > LIMIT_INSTANCE_NAME)
		return;
	struct instance *i = map_get(&f->instances, name);
	if (!i && here)
		i = add_instance(f, name);
	if (!i)
		return;
	struct spot *s = find_spot(i, p);
	if (here && !s)
		add_spot(i, p);
	else if (!here && s)
		remove_spot(s);
	if (list_empty(&i->spots)) {
		(void)map_remove(&f->instances, name);
		free_instance(i);
	}
}

void
finder_on_settled(struct finder *f)
{
	f->settled = true;
	delay_set_sooner(f->work, 0);
}

static void
refresh_instance(struct instance *i)
{
	LIST_FOREACH (node, &i->spots)
		spot_refresh(container_of(node, struct spot, node));
	if (i->own) {
		unwatch(i, &i->txt_watch);
		unwatch(i, &i->srv_watch);
	}
}

void
finder_set_own(struct finder *f, const char *name)
{
	if (str_copy(f->own, sizeof(f->own), name))
		return; /* longer than any instance's name */
	MAP_FOREACH (node, &f->instances) {
		struct instance *i = node->value;
		bool own = str_casecmp(i->name, name) == 0;
		if (own != i->own) {
			i->own = own;
			refresh_instance(i);
		}
	}
}

void
finder_set_loopback(struct finder *f, int loopback, bool hide)
{
	if (f->loopback == loopback && f->hide_loopback == hide)
		return;
	f->loopback = loopback;
	f->hide_loopback = hide;
	MAP_FOREACH (node, &f->instances)
		refresh_instance(node->value);
}

int
finder_loopback(const struct finder *f)
{
	return f->loopback;
}

size_t
finder_places(struct finder *f, const char *name, struct place out[LIMIT_PLACES])
{
	size_t n = 0;
	struct instance *i = map_get(&f->instances, name);
	if (!i)
		return 0;
	LIST_FOREACH (node, &i->spots) {
		const struct spot *s = container_of(node, struct spot, node);
		if (s->state != SPOT_HIDDEN)
			out[n++] = s->place;
	}
	return n;
}
