/* What the finder asks about those it found: each place once and briefly, then watches. */
#include "mdns/asking.h"

#include "base/clock.h"
#include "base/limits.h"
#include "mdns/delay.h"
#include "mdns/report.h"

#include <avahi-common/domain.h>
#include <string.h>

enum {
	/* How long a question may hold its place in LIMIT_RESOLVES while others wait. Whoever is
	 * new has just announced all there is to ask for, so the cache answers at once; a lost
	 * packet has its chance later. */
	PATIENCE_MS = 200,
	RETRY_FIRST_MS = 1000, /* doubled with each failure */
	RETRY_LAST_MS = 10 * 60 * 1000,
	FAILURES_CALM = 6, /* who has another place is asked about this one a minute later */
	/* a replaced record stays in the cache for 1 s (RFC 6762 §10.2) and may be taken for the
	 * new one by whoever asks before */
	STALE_MS = 1100,
	V6_RESOLVES = LIMIT_RESOLVES / 4, /* IPv4 is dialled first */
	WATCH_BATCH = 16,                 /* record watches opened at once ... */
	WATCH_PAUSE_MS = 50,
	TICK_MS = 500,
};

void
asking_init(struct finder *f)
{
	for (size_t n = 0; n < ARRAY_LEN(f->questions); n++) {
		list_init(&f->questions[n].queued);
		list_init(&f->questions[n].asking);
	}
	list_init(&f->waiting);
	list_init(&f->unwatched);
}

/* ---- asking ----------------------------------------------------------------------------- */

static void on_service(struct query *q, const struct query_result *r);
static void on_txt(struct query *q, const struct query_result *r);
static void on_srv(struct query *q, const struct query_result *r);

void
spot_set(struct spot *s, enum spot_state state)
{
	struct finder *f = s->of->finder;
	struct questions *q = &f->questions[s->place.family == 6];
	if (s->state == SPOT_ASKING) {
		f->b->ops->cancel(f->b, &s->query);
		q->asking_count--;
	}
	list_remove(&s->queue);
	s->state = state;
	s->since = clock_now();
	if (state == SPOT_QUEUED) {
		list_insert(&q->queued, &s->queue);
		delay_set_sooner(f->work, 0);
	} else if (state == SPOT_ASKING) {
		list_insert(&q->asking, &s->queue);
		q->asking_count++;
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

void
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

/* Somebody who is found at another place, or on IPv4 may yet be. Most who announce themselves on
 * IPv6 as well have no address there that is worth a word. */
static bool
has_another_place(const struct spot *s)
{
	LIST_FOREACH (node, &s->of->spots) {
		const struct spot *other = container_of(node, struct spot, node);
		bool pending = other->state == SPOT_QUEUED || other->state == SPOT_ASKING;
		if (other != s && (other->state == SPOT_KNOWN ||
				      (pending && other->place.family < s->place.family)))
			return true;
	}
	return false;
}

static void
failed(struct spot *s)
{
	uint64_t pause = RETRY_LAST_MS;
	bool calm = has_another_place(s);
	if (calm && s->failures < FAILURES_CALM)
		s->failures = FAILURES_CALM;
	if (s->failures < 10) /* 2^10 s is more than the last */
		pause = (uint64_t)RETRY_FIRST_MS << s->failures++;
	spot_wait(s, pause < RETRY_LAST_MS ? pause : RETRY_LAST_MS);
	if (calm)
		return;
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

/* Each family has places of its own: those who answer on one are not kept waiting by the silence of
 * the other. */
static void
ask_queued(struct questions *q, size_t max, uint64_t now)
{
	if (list_empty(&q->queued))
		return;
	LIST_FOREACH (node, &q->asking) {
		struct spot *s = container_of(node, struct spot, queue);
		if (now - s->since >= PATIENCE_MS)
			failed(s);
	}
	while (!list_empty(&q->queued) && q->asking_count < max)
		ask(container_of(q->queued.next, struct spot, queue));
	/* asking a busy avahi-daemon takes a while, and answers are not read meanwhile */
	LIST_FOREACH (node, &q->asking) {
		struct spot *s = container_of(node, struct spot, queue);
		if (s->since >= now)
			s->since = clock_now();
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

void
asking_work(void *ctx)
{
	struct finder *f = ctx;
	struct questions *v4 = &f->questions[0], *v6 = &f->questions[1];
	uint64_t now = clock_now();
	if (f->b->state == BACK_END_FAILED)
		return;
	if (list_empty(&v4->queued) && list_empty(&v6->queued))
		wake_waiting(f, now);
	ask_queued(v4, LIMIT_RESOLVES - V6_RESOLVES, now);
	ask_queued(v6, V6_RESOLVES, now);
	bool queued = !list_empty(&v4->queued) || !list_empty(&v6->queued);
	/* first everybody's name and address, then the watches */
	bool quiet = f->settled && !queued && !v4->asking_count && !v6->asking_count;
	if (!list_empty(&f->unwatched)) {
		if (quiet)
			open_watches(f);
		delay_set_sooner(f->work, quiet ? WATCH_PAUSE_MS : TICK_MS);
	}
	if (queued)
		delay_set_sooner(f->work, PATIENCE_MS);
	else if (!list_empty(&f->waiting))
		delay_set_sooner(f->work, TICK_MS);
}
