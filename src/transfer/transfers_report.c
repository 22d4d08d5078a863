/* What methods report. A report that comes while the engine is at work on the same transfer, from
 * inside the method's own function, waits until that is through. */
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "base/tr.h"
#include "peer/person.h"
#include "transfer/transfers-parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum report_kind {
	R_ACCEPTED,
	R_DECLINED,
	R_CONNECTED,
	R_ENDED,
	R_READY,
	R_CHECKSUM,
	R_CONFIRMED,
	R_WORK_FAILED,
};

struct report {
	struct list node;
	enum report_kind kind;
	uint64_t offset;
	bool has_digest;
	uint8_t digest[TRANSFER_DIGEST_SIZE];
	enum transfer_end why;
	enum work_kind work;
	char *text; /* owned, once it waits */
	struct carrier_link link;
};

static void
accepted(struct transfer *t, const struct report *r, uint64_t now)
{
	if (t->job.phase != JOB_ASKED)
		return;
	bool told = r->has_digest || t->method->once; /* old clients know of no digest */
	if (r->offset > t->size || (r->offset > 0 && !told)) {
		log_info(t->person->name, "f%lld is accepted from where it does not go",
		    (long long)t->number);
		job_ended(&t->job, now, TRANSFER_END_FAILED,
		    TR("the other program asked for a part that there is not"));
		return;
	}
	t->offset = r->offset;
	t->done = r->offset;
	memcpy(t->prefix, r->digest, sizeof(t->prefix));
	t->prefix_unknown = !r->has_digest;
	transfer_renew(t);
	job_accepted(&t->job, now);
}

void
transfer_drop_stale_link(struct transfer *t)
{
	if (!t->link || t->job.phase == JOB_LINKED)
		return;
	carrier_link_finish(t->link);
	free(t->link);
	t->link = NULL;
}

static void
connected(struct transfer *t, struct report *r, uint64_t now)
{
	transfer_drop_stale_link(t);
	struct carrier_link *link = t->link ? NULL : calloc(1, sizeof(*link));
	if (!link || !job_connected(&t->job, now)) {
		free(link);
		carrier_link_finish(&r->link);
		return;
	}
	carrier_link_init(link);
	carrier_link_move(link, &r->link);
	t->linked = true;
	t->encrypted = link->tls || person_is_encrypted(t->person);
	t->link = link;
}

static void
work_failed(struct transfer *t, enum work_kind kind, uint64_t now)
{
	static const char text[] = TR("too much goes on at once");
	switch (kind) {
	case WORK_PREPARE:
		job_prepared(&t->job, now, JOB_LOST, text);
		break;
	case WORK_OPEN:
		job_opened(&t->job, now, JOB_LOST, text);
		break;
	case WORK_SEND:
	case WORK_RECEIVE:
		job_carried(&t->job, now, JOB_LOST, text);
		break;
	case WORK_PLACE:
		job_placed(&t->job, now, JOB_BROKEN, text);
		break;
	case WORK_CLEAR:
		break;
	}
}

static void
take(struct transfer *t, struct report *r, const char *text)
{
	uint64_t now = clock_now();
	switch (r->kind) {
	case R_ACCEPTED:
		accepted(t, r, now);
		break;
	case R_DECLINED:
		job_declined(&t->job, now, text);
		break;
	case R_CONNECTED:
		connected(t, r, now);
		break;
	case R_ENDED:
		if (r->why == TRANSFER_END_DIFFERS && !t->outgoing)
			t->offset = 0;
		job_ended(&t->job, now, r->why, text);
		break;
	case R_READY:
		job_ready(&t->job, now);
		break;
	case R_CHECKSUM:
		memcpy(t->hash, r->digest, sizeof(t->hash));
		t->has_hash = true;
		job_checksum(&t->job, now);
		break;
	case R_CONFIRMED:
		job_confirmed(&t->job, now);
		break;
	case R_WORK_FAILED:
		work_failed(t, r->work, now);
		break;
	}
}

static void
report_free(struct report *r)
{
	carrier_link_finish(&r->link);
	free(r->text);
	free(r);
}

/* text: borrowed. Without memory the session counts as lost, which is found out soon enough. */
static void
report(struct transfer *t, struct report *r, const char *text)
{
	struct report *waits;
	if (!t->ticking) {
		take(t, r, text);
		return;
	}
	waits = calloc(1, sizeof(*waits));
	if (!waits) {
		carrier_link_finish(&r->link);
		return;
	}
	*waits = *r;
	waits->text = NULL;
	carrier_link_init(&waits->link);
	carrier_link_move(&waits->link, &r->link);
	if (str_replace(&waits->text, text) != 0)
		waits->text = NULL;
	list_insert(&t->reports, &waits->node);
}

void
transfer_take_reports(struct transfer *t)
{
	LIST_FOREACH (node, &t->reports) {
		struct report *r = container_of(node, struct report, node);
		list_remove(node);
		take(t, r, r->text);
		report_free(r);
	}
}

void
transfer_drop_reports(struct transfer *t)
{
	LIST_FOREACH (node, &t->reports) {
		list_remove(node);
		report_free(container_of(node, struct report, node));
	}
}

static struct report
report_of(enum report_kind kind)
{
	struct report r = {.kind = kind};
	carrier_link_init(&r.link);
	return r;
}

void
transfer_accepted(struct transfer *t, uint64_t offset, const uint8_t *prefix)
{
	struct report r = report_of(R_ACCEPTED);
	r.offset = offset;
	r.has_digest = prefix != NULL;
	if (prefix)
		memcpy(r.digest, prefix, sizeof(r.digest));
	report(t, &r, NULL);
}

void
transfer_declined(struct transfer *t, const char *why)
{
	struct report r = report_of(R_DECLINED);
	report(t, &r, why);
}

void
transfer_connected(struct transfer *t, struct carrier_link *link)
{
	struct report r = report_of(R_CONNECTED);
	carrier_link_move(&r.link, link);
	report(t, &r, NULL);
}

void
transfer_ended(struct transfer *t, enum transfer_end why, const char *text)
{
	struct report r = report_of(R_ENDED);
	r.why = why;
	report(t, &r, text);
}

void
transfer_ready(struct transfer *t)
{
	struct report r = report_of(R_READY);
	report(t, &r, NULL);
}

void
transfer_checksum(struct transfer *t, const uint8_t digest[TRANSFER_DIGEST_SIZE])
{
	struct report r = report_of(R_CHECKSUM);
	memcpy(r.digest, digest, sizeof(r.digest));
	report(t, &r, NULL);
}

void
transfer_confirmed(struct transfer *t)
{
	struct report r = report_of(R_CONFIRMED);
	report(t, &r, NULL);
}

void
transfer_work_failed(struct transfer *t, enum work_kind kind)
{
	struct report r = report_of(R_WORK_FAILED);
	r.work = kind;
	report(t, &r, NULL);
}

void
transfer_got_thumbnail(struct transfer *t, const void *data, size_t len)
{
	void *copy =
	    t->outgoing || t->thumbnail || !len || len > LIMIT_THUMBNAIL ? NULL : malloc(len);
	if (!copy)
		return;
	memcpy(copy, data, len);
	t->thumbnail = copy;
	t->thumbnail_len = len;
	transfer_keep_thumbnail(t);
	file_publish(t);
}
