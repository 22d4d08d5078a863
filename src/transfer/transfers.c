#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/random.h"
#include "base/str.h"
#include "base/tr.h"
#include "peer/person.h"
#include "peer/roster.h"
#include "tls/digest.h"
#include "transfer/sink.h"
#include "transfer/transfers-parts.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const int64_t DAY_MS = INT64_C(24) * 60 * 60 * 1000;

/* ---- time ---- */

static void on_timer(uv_timer_t *timer);

static void
set_timer(struct transfers *all, uint64_t when)
{
	uint64_t now = clock_now();
	if (when >= all->timer_due || all->closing)
		return;
	all->timer_due = when;
	(void)uv_timer_start(&all->timer, on_timer, when > now ? when - now : 0, 0);
}

void
transfer_wake_at(struct transfer *t, uint64_t when)
{
	t->wake_at = when;
	if (t->added && !t->gone)
		set_timer(t->transfers, when);
}

static void
tick(struct transfer *t, uint64_t now)
{
	t->wake_at = JOB_NEVER;
	t->ticking = true;
	job_tick(&t->job, now);
	t->ticking = false;
	transfer_take_reports(t);
	transfer_drop_stale_link(t);
	file_publish(t);
	if (!t->job.keeping && t->wake_at > now)
		transfer_answer_calls(t, 0);
}

/* A person with fewer turns comes first, then who waits longer: nobody's thousand files keep
 * another's one waiting. */
static struct transfer *
next_in_line(const struct transfers *all)
{
	struct transfer *best = NULL;
	unsigned least = 0;
	LIST_FOREACH (node, &all->all) {
		struct transfer *t = container_of(node, struct transfer, node);
		unsigned has = 0;
		if (!t->job.turn_wanted)
			continue;
		LIST_FOREACH (other, &all->all) {
			const struct transfer *o = container_of(other, struct transfer, node);
			has += o->person == t->person && o->job.turn;
		}
		if (!best || has < least) {
			best = t;
			least = has;
		}
	}
	return best;
}

static void
give_turns(struct transfers *all, uint64_t now)
{
	all->turn_free = false;
	struct transfer *t;
	while (
	    all->swept && all->turns < LIMIT_TRANSFERS_ACTIVE && (t = next_in_line(all)) != NULL) {
		job_turn(&t->job, now);
		tick(t, now);
		if (t->job.turn_wanted)
			break;
	}
}

/* Nobody waits for ever for those who hardly move: they stand in line again. When to look again. */
static uint64_t
stop_crawlers(struct transfers *all, uint64_t now)
{
	enum { LOOK = 10000 }; /* ms */
	bool anybody = false;
	LIST_FOREACH (node, &all->all)
		anybody = anybody || container_of(node, struct transfer, node)->job.turn_wanted;
	if (!anybody || !all->swept)
		return JOB_NEVER;
	LIST_FOREACH (each, &all->all) {
		struct transfer *t = container_of(each, struct transfer, node);
		if (work_crawls(t, now) && rate_get(&all->rate) == 0) /* else it is our doing */
			work_stop(t);
	}
	return now + LOOK;
}

static void
on_timer(uv_timer_t *timer)
{
	struct transfers *all = container_of(timer, struct transfers, timer);
	uint64_t now = clock_now(), next;
	all->timer_due = JOB_NEVER;
	LIST_FOREACH (node, &all->all) {
		struct transfer *t = container_of(node, struct transfer, node);
		if (t->added && t->wake_at <= now)
			tick(t, now);
	}
	if (all->turn_free)
		give_turns(all, now);
	next = stop_crawlers(all, now);
	LIST_FOREACH (rest, &all->all) {
		const struct transfer *t = container_of(rest, struct transfer, node);
		if (t->added && t->wake_at < next)
			next = t->wake_at;
	}
	if (next != JOB_NEVER)
		set_timer(all, next);
}

void
transfers_turn_freed(struct transfers *all)
{
	all->turn_free = true;
	set_timer(all, clock_now());
}

void
transfer_renew(struct transfer *t)
{
	int64_t days = (int64_t)LIMIT_OFFER_DAYS * DAY_MS;
	t->expires = store_age(t->transfers->roster->store) + days;
	t->job.expires_at = clock_now() + (uint64_t)days;
}

/* ---- life ---- */

struct transfer *
transfer_create(struct transfers *all, struct person *p, bool outgoing)
{
	struct transfer *t = calloc(1, sizeof(*t));
	uint64_t seed;
	if (!t)
		return NULL;
	random_bytes(&seed, sizeof(seed));
	t->transfers = all;
	t->person = p;
	t->outgoing = outgoing;
	t->trust = person_trust(p);
	t->at = clock_wall();
	t->wake_at = JOB_NEVER;
	random_id(t->token);
	list_init(&t->reports);
	list_init(&t->calls);
	job_init(&t->job, &transfer_job_ops, t, outgoing, seed);
	return t;
}

/* The store lets go of them at its next start. */
static void
drop_oldest(struct transfers *all)
{
	LIST_FOREACH (node, &all->all) {
		struct transfer *t = container_of(node, struct transfer, node);
		if (!job_is_settled(&t->job))
			continue;
		transfer_drop(t);
		return;
	}
}

void
transfer_link_in(struct transfer *t)
{
	struct transfers *all = t->transfers;
	if (all->count >= (size_t)2 * LIMIT_TRANSFERS)
		drop_oldest(all);
	list_insert(&all->all, &t->node);
	all->count++;
}

static void
transfer_free(struct transfer *t)
{
	transfer_drop_reports(t);
	transfer_answer_calls(t, -ECANCELED);
	if (t->method)
		t->method->detach(t);
	if (t->link)
		carrier_link_finish(t->link);
	free(t->link);
	work_close_sink(t);
	free(t->name);
	free(t->media);
	free(t->description);
	free(t->thumbnail);
	value_free(t->left);
	free(t->thumbnail_media);
	free(t->spool);
	free(t->where);
	free(t);
}

void
transfer_let_go(struct transfer *t)
{
	if (t->gone && !t->work && !t->asked && !t->clearing.next)
		transfer_free(t);
}

void
transfer_drop(struct transfer *t)
{
	if (t->gone)
		return;
	t->gone = true;
	list_remove(&t->node);
	t->transfers->count--;
	if (t->job.turn) {
		t->job.turn = false;
		t->transfers->turns--;
		transfers_turn_freed(t->transfers);
	}
	if (t->method) {
		t->method->detach(t);
		t->method = NULL;
	}
	t->person = NULL; /* who may be about to be freed */
	if (t->work)
		work_stop(t);
	transfer_let_go(t);
}

struct transfer *
transfers_numbered(const struct transfers *all, int64_t number)
{
	LIST_FOREACH (node, &all->all) {
		struct transfer *t = container_of(node, struct transfer, node);
		if (t->number == number && t->added)
			return t;
	}
	return NULL;
}

struct transfer *
transfers_find(struct person *p, const char *id, bool outgoing)
{
	const struct transfers *all = p->roster->transfers;
	if (!all)
		return NULL;
	LIST_FOREACH (node, &all->all) {
		struct transfer *t = container_of(node, struct transfer, node);
		if (t->person == p && t->outgoing == outgoing && strcmp(t->id, id) == 0)
			return t;
	}
	return NULL;
}

size_t
transfers_unfinished(const struct transfers *all)
{
	size_t count = 0;
	LIST_FOREACH (node, &all->all)
		count += !job_is_final(&container_of(node, struct transfer, node)->job);
	return count;
}

struct porter *
transfers_porter(const struct transfers *all)
{
	return all->porter;
}

struct rate *
transfers_rate(struct transfers *all)
{
	return &all->rate;
}

void
transfers_set_methods(struct transfers *all, const struct transfer_method *const *methods)
{
	all->methods = methods;
}

/* ---- people ---- */

static bool
may_be_dialled(const struct person *p)
{
	return person_is_reachable(p) && person_may_hear(p) == 0;
}

static void
tell_person(struct transfer *t)
{
	const struct person *p = t->person;
	uint64_t now = clock_now();
	job_presence(&t->job, now, may_be_dialled(p));
	job_link(&t->job, now, p->current && person_may_hear(p) == 0);
}

void
transfer_begin(struct transfer *t)
{
	t->added = true;
	t->shown_pauses = UINT_MAX; /* not told yet */
	job_start(&t->job, clock_now());
	tell_person(t);
	transfer_wake_at(t, clock_now());
}

static void
each_of(struct transfers *all, const struct person *p, void (*fn)(struct transfer *t))
{
	LIST_FOREACH (node, &all->all) {
		struct transfer *t = container_of(node, struct transfer, node);
		if (t->person == p)
			fn(t);
	}
}

static void
tell_unreachable(struct transfer *t)
{
	job_unreachable(&t->job, clock_now());
}

static void
key_forgotten(struct transfer *t)
{
	job_fail(&t->job, clock_now(), TR("the key that it was for was forgotten"));
}

/* Their streams are the other's from now on. */
static void
merge(struct transfers *all, struct person *to, const struct person *from)
{
	LIST_FOREACH (node, &all->all) {
		struct transfer *t = container_of(node, struct transfer, node);
		if (t->person != from)
			continue;
		t->person = to;
		tell_person(t);
	}
	transfers_rules_moved(all, from, to);
}

static void
on_person(struct transfers *all, const struct bus_event *e)
{
	switch (e->kind) {
	case BUS_PERSON_NEW:
	case BUS_PERSON_GONE:
	case BUS_PERSON_FOUND:
	case BUS_PERSON_CHANGED:
	case BUS_STREAM_UP:
	case BUS_STREAM_DOWN:
		each_of(all, e->person, tell_person);
		break;
	case BUS_UNREACHABLE:
		each_of(all, e->person, tell_unreachable);
		break;
	case BUS_KEY_FORGOTTEN:
		each_of(all, e->person, key_forgotten);
		transfers_rules_moved(all, e->person, NULL);
		break;
	case BUS_PERSON_MERGED:
		merge(all, e->person, e->other);
		break;
	case BUS_PERSON_FREED:
		each_of(all, e->person, transfer_drop);
		transfers_rules_moved(all, e->person, NULL);
		break;
	case BUS_PERSON_RENAMED:
	case BUS_STORE_TROUBLE:
	case BUS_STORE_RECOVERED:
	case BUS_FORGOTTEN:
	case BUS_SETTINGS:
	case BUS_STOPPING:
		break;
	}
}

/* The store has forgotten them already. */
static void
forgotten(struct transfers *all, const struct bus_event *e)
{
	LIST_FOREACH (node, &all->all) {
		struct transfer *t = container_of(node, struct transfer, node);
		if (job_is_settled(&t->job) && (!e->person || e->person == t->person) &&
		    (!e->before || t->at < e->before))
			transfer_drop(t);
	}
}

/* ---- the end ---- */

static void
on_timer_closed(uv_handle_t *h)
{
	struct transfers *all = container_of((uv_timer_t *)h, struct transfers, timer);
	roster_release_stop(all->roster);
}

void
transfers_thread_ended(struct transfers *all)
{
	all->threads--;
	if (all->closing && all->threads == 0)
		uv_close((uv_handle_t *)&all->timer, on_timer_closed);
}

/* The store is open until the threads have said how far they came. */
static void
stop(struct transfers *all)
{
	all->closing = true;
	roster_hold_stop(all->roster);
	all->threads++; /* this function */
	LIST_FOREACH (node, &all->all)
		work_stop(container_of(node, struct transfer, node));
	if (all->sweeping)
		carrier_stop(all->sweeping);
	transfers_thread_ended(all);
}

static void
finish(void *ctx)
{
	struct transfers *all = ctx;
	LIST_FOREACH (node, &all->clearing) { /* the next start sweeps */
		list_remove(node);
		transfer_let_go(container_of(node, struct transfer, clearing));
	}
	LIST_FOREACH (rest, &all->all)
		transfer_drop(container_of(rest, struct transfer, node));
	transfers_rules_moved(all, NULL, NULL);
	rate_finish(&all->rate);
	all->roster->transfers = NULL;
	free(all);
}

/* What was said since by `files.limit` stays, unless the cap itself is another. */
static void
take_settings(struct transfers *all)
{
	const struct policy_files *files = &all->roster->files;
	if (files->rate != all->policy.rate || files->rate_fixed)
		rate_set(&all->rate, files->rate);
	all->policy = *files;
}

static void
on_event(void *ctx, const struct bus_event *e)
{
	struct transfers *all = ctx;
	if (e->kind == BUS_STOPPING)
		stop(all);
	else if (e->kind == BUS_STORE_RECOVERED)
		transfers_recovered(all);
	else if (e->kind == BUS_SETTINGS)
		take_settings(all);
	else if (e->kind == BUS_FORGOTTEN)
		forgotten(all, e);
	else if (e->person)
		on_person(all, e);
}

int
transfers_start(struct roster *r)
{
	struct transfers *all = calloc(1, sizeof(*all));
	if (!all)
		return -ENOMEM;
	all->roster = r;
	all->porter = r->porter;
	all->methods = transfer_methods;
	all->policy = r->files;
	all->timer_due = JOB_NEVER;
	list_init(&all->all);
	list_init(&all->rules);
	list_init(&all->clearing);
	int err = rate_init(&all->rate, r->files.rate);
	if (!err)
		err = bus_listen(&r->bus, on_event, finish, all);
	if (err) {
		free(all);
		return err;
	}
	(void)uv_timer_init(r->loop, &all->timer);
	r->transfers = all;
	return transfers_load(all);
}
