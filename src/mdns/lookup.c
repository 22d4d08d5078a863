#include "mdns/lookup.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/list.h"
#include "base/str.h"
#include "mdns/delay.h"
#include "mdns/names.h"
#include "mdns/report.h"

#include <avahi-common/domain.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	RESOLVE_MS = 2800,   /* the promise is 3 s */
	ADDRESSES_MS = 1000, /* from the first answer: all addresses of the host */
	FETCH_MS = 5000,
	ADDRESS_LINES = 64, /* for one question */
};

enum kind { KIND_RESOLVE, KIND_FETCH };

struct seen_address {
	int ifindex;
	AvahiAddress address;
};

struct job;

struct ask {
	struct query query;
	struct job *job;
};

struct job {
	struct list node; /* of lookups.waiting or .running */
	struct lookups *of;
	enum kind kind;
	char name[NAMES_SIZE];
	struct delay *deadline; /* owned */
	uint64_t until;
	struct ask services[LIMIT_PLACES], a, aaaa, picture;
	size_t open; /* of services */
	bool running, found;
	struct seen_address seen[ADDRESS_LINES];
	size_t seen_count;
};

struct lookups {
	uv_loop_t *loop;    /* borrowed */
	struct back_end *b; /* borrowed */
	struct finder *f;   /* borrowed */
	struct list waiting, running;
	size_t waiting_count, running_count;
	bool closing;
};

int
lookups_create(uv_loop_t *loop, struct back_end *b, struct finder *f, struct lookups **out)
{
	struct lookups *l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->loop = loop;
	l->b = b;
	l->f = f;
	list_init(&l->waiting);
	list_init(&l->running);
	*out = l;
	return 0;
}

/* ---- one job ---------------------------------------------------------------------------- */

static void
cancel_all(struct job *j)
{
	struct back_end *b = j->of->b;
	for (size_t i = 0; i < LIMIT_PLACES; i++)
		b->ops->cancel(b, &j->services[i].query);
	b->ops->cancel(b, &j->a.query);
	b->ops->cancel(b, &j->aaaa.query);
	b->ops->cancel(b, &j->picture.query);
}

static void start_next(struct lookups *l);

/* Its report is out, or goes out here; frees the job. */
static void
finish(struct job *j)
{
	struct lookups *l = j->of;
	cancel_all(j);
	list_remove(&j->node);
	*(j->running ? &l->running_count : &l->waiting_count) -= 1;
	if (j->kind == KIND_RESOLVE) {
		if (!l->closing)
			finder_doubt(l->f, j->name, j->found);
		report_resolved(l->b->channel, j->name, j->found);
	} else if (!j->found) {
		report_avatar(l->b->channel, j->name, NULL, 0);
	}
	delay_destroy(j->deadline);
	free(j);
}

static void
on_deadline(void *ctx)
{
	struct job *j = ctx;
	struct lookups *l = j->of;
	finish(j);
	start_next(l);
}

/* Callbacks of queries end a job by its timer, for the job holds the query. */
static void
finish_soon(struct job *j)
{
	delay_set(j->deadline, 0);
}

static bool
seen(struct job *j, int ifindex, const AvahiAddress *a)
{
	for (size_t i = 0; i < j->seen_count; i++)
		if (j->seen[i].ifindex == ifindex && avahi_address_cmp(&j->seen[i].address, a) == 0)
			return true;
	if (j->seen_count == ADDRESS_LINES)
		return true;
	j->seen[j->seen_count++] = (struct seen_address){.ifindex = ifindex, .address = *a};
	return false;
}

static void
on_address(struct query *q, const struct query_result *r)
{
	struct job *j = container_of(q, struct ask, query)->job;
	AvahiAddress a = {.proto = r->size == 4 ? AVAHI_PROTO_INET : AVAHI_PROTO_INET6};
	if (r->event != QUERY_FOUND || (r->size != 4 && r->size != 16))
		return;
	memcpy(a.data.data, r->rdata, r->size);
	int ifindex = r->place.ifindex;
	if (report_plausible(&a, ifindex == finder_loopback(j->of->f)) && !seen(j, ifindex, &a))
		report_address(j->of->b->channel, j->name, ifindex, &a);
}

static int
ask_records(struct job *j, struct ask *a, const char *owner, uint16_t type,
    void (*fn)(struct query *q, const struct query_result *r))
{
	a->job = j;
	a->query.on_result = fn;
	return j->of->b->ops->records(j->of->b, owner, type, &a->query);
}

static void
ask_addresses(struct job *j, const char *host)
{
	uint64_t now = clock_now();
	/* that they cannot be asked for leaves the one address we have */
	(void)ask_records(j, &j->a, host, RECORD_A, on_address);
	(void)ask_records(j, &j->aaaa, host, RECORD_AAAA, on_address);
	if (j->until > now + ADDRESSES_MS)
		delay_set(j->deadline, ADDRESSES_MS);
}

static void
on_service(struct query *q, const struct query_result *r)
{
	struct job *j = container_of(q, struct ask, query)->job;
	if (r->event == QUERY_FOUND) {
		if (finder_report(j->of->f, j->name, r) && !j->found) {
			j->found = true;
			ask_addresses(j, r->host);
		}
		return;
	}
	j->of->b->ops->cancel(j->of->b, q);
	if (--j->open == 0 && !j->found)
		finish_soon(j);
}

static void
on_picture(struct query *q, const struct query_result *r)
{
	struct job *j = container_of(q, struct ask, query)->job;
	if (j->found || r->event == QUERY_GONE)
		return;
	if (r->event == QUERY_FOUND && r->size && r->size <= LIMIT_AVATAR_IN) {
		report_avatar(j->of->b->channel, j->name, r->rdata, r->size);
		j->found = true;
	}
	finish_soon(j);
}

static void
start_resolve(struct job *j)
{
	struct place places[LIMIT_PLACES];
	size_t n = finder_places(j->of->f, j->name, places);
	if (!n) { /* not announced now: whoever answers, anywhere */
		places[n++] = (struct place){.family = 4};
		places[n++] = (struct place){.family = 6};
	}
	for (size_t i = 0; i < n; i++) {
		struct ask *a = &j->services[i];
		a->job = j;
		a->query.on_result = on_service;
		if (j->of->b->ops->resolve(j->of->b, &places[i], j->name, &a->query) == 0)
			j->open++;
	}
	if (!j->open)
		finish_soon(j);
}

static void
start_fetch(struct job *j)
{
	char owner[AVAHI_DOMAIN_NAME_MAX];
	if (avahi_service_name_join(owner, sizeof(owner), j->name, SERVICE_TYPE, DOMAIN) < 0 ||
	    ask_records(j, &j->picture, owner, RECORD_NULL, on_picture))
		finish_soon(j);
}

/* ---- all jobs --------------------------------------------------------------------------- */

static void
start_next(struct lookups *l)
{
	while (!list_empty(&l->waiting) && l->running_count < LIMIT_RESOLVES) {
		struct job *j = container_of(l->waiting.next, struct job, node);
		list_remove(&j->node);
		l->waiting_count--;
		list_insert(&l->running, &j->node);
		l->running_count++;
		j->running = true;
		if (j->kind == KIND_RESOLVE)
			start_resolve(j);
		else
			start_fetch(j);
	}
}

static int
add(struct lookups *l, enum kind kind, const char *name, uint64_t ms)
{
	if (l->b->state == BACK_END_FAILED || l->waiting_count + l->running_count >= LIMIT_LOOKUPS)
		return -EBUSY;
	struct job *j = calloc(1, sizeof(*j));
	if (!j)
		return -ENOMEM;
	int err = str_copy(j->name, sizeof(j->name), name);
	if (!err)
		err = delay_create(l->loop, on_deadline, j, &j->deadline);
	if (err) {
		free(j);
		return err;
	}
	j->of = l;
	j->kind = kind;
	j->until = clock_now() + ms;
	delay_set(j->deadline, ms);
	list_insert(&l->waiting, &j->node);
	l->waiting_count++;
	start_next(l);
	return 0;
}

void
lookups_resolve(struct lookups *l, const char *name)
{
	if (add(l, KIND_RESOLVE, name, RESOLVE_MS))
		report_resolved(l->b->channel, name, false);
}

void
lookups_fetch(struct lookups *l, const char *name)
{
	if (add(l, KIND_FETCH, name, FETCH_MS))
		report_avatar(l->b->channel, name, NULL, 0);
}

void
lookups_destroy(struct lookups *l)
{
	if (!l)
		return;
	l->closing = true;
	LIST_FOREACH (node, &l->running)
		finish(container_of(node, struct job, node));
	LIST_FOREACH (node2, &l->waiting)
		finish(container_of(node2, struct job, node));
	free(l);
}
