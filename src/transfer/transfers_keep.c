/* What the store is told, and who is answered once it has it. */
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "ipc/ipc.h"
#include "peer/person.h"
#include "peer/roster.h"
#include "transfer/porter.h"
#include "transfer/transfers-parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

_Static_assert((int)JOB_DONE == (int)STORE_TRANSFER_FINAL, "the store knows what is over");

/* One request, with text of its own: what it is about may change meanwhile. */
struct keeping {
	union {
		struct store_transfer_add add;
		struct store_transfer_set set;
	} request;
	struct transfer *t;
	struct ipc_call *call;                 /* add: owed an answer; NULL: nobody asked */
	char *peer, *display, *reason, *place; /* owned */
};

static void
keeping_free(struct keeping *k)
{
	free(k->peer);
	free(k->display);
	free(k->reason);
	free(k->place);
	free(k);
}

static void
describe(struct keeping *k, struct store_transfer *out)
{
	const struct transfer *t = k->t;
	const struct job_kept *is = &t->job.is;
	*out = (struct store_transfer){
	    .id = t->number,
	    .peer = k->peer,
	    .display = k->display,
	    .direction = t->outgoing ? STORE_OUT : STORE_IN,
	    .sid = t->id,
	    .name = t->name,
	    .media = t->media,
	    .description = t->description,
	    /* the store's numbers have a sign */
	    .size = t->size == TRANSFER_SIZE_UNKNOWN ? INT64_MAX : t->size,
	    .folder = t->folder,
	    .files = t->files,
	    .mtime = t->mtime,
	    .width = t->width,
	    .height = t->height,
	    .duration = t->duration,
	    .thumbnail_media = t->thumbnail_media,
	    .token = t->token,
	    .spool = t->spool,
	    .trust = t->trust,
	    .at = t->at,
	    .automatic = t->automatic,
	    .state = (int)is->state,
	    .prepared = is->prepared,
	    .accepted = is->accepted,
	    .told = is->told,
	    .paused_us = is->paused_us,
	    .paused_them = is->paused_them,
	    .from_start = is->from_start,
	    .reason = k->reason,
	    .method = t->method ? t->method->name : NULL,
	    .place = k->place,
	    .expires = t->expires,
	    .offset = t->outgoing ? 0 : t->offset,
	    .has_prefix = !t->outgoing && t->offset > 0,
	    .has_hash = t->has_hash,
	};
	memcpy(out->prefix, t->prefix, sizeof(out->prefix));
	memcpy(out->hash, t->hash, sizeof(out->hash));
}

static struct keeping *
keeping_create(struct transfer *t)
{
	struct keeping *k = calloc(1, sizeof(*k));
	if (!k)
		return NULL;
	k->t = t;
	if (str_replace(&k->peer, t->person->name) != 0 ||
	    str_replace(&k->display, t->person->display) != 0 ||
	    str_replace(&k->reason, t->job.is.reason) != 0 ||
	    str_replace(&k->place, t->where) != 0) {
		keeping_free(k);
		return NULL;
	}
	t->asked++;
	return k;
}

/* ---- who waits ---- */

void
transfer_answer_later(struct transfer *t, struct ipc_call *call)
{
	struct waiting_call *w = malloc(sizeof(*w));
	if (!w) {
		ipc_fail(call, IPC_INTERNAL, "The daemon is out of memory.");
		return;
	}
	w->call = call;
	list_insert(&t->calls, &w->node);
}

void
transfer_answer_calls(struct transfer *t, int err)
{
	LIST_FOREACH (node, &t->calls) {
		struct waiting_call *w = container_of(node, struct waiting_call, node);
		list_remove(node);
		if (!err)
			ipc_reply(w->call, file_describe(t));
		else
			ipc_fail(w->call, IPC_DISK,
			    "What was decided cannot be kept: %-s. It is tried again.",
			    err_str(err));
		free(w);
	}
}

/* ---- keeping ---- */

static void
on_kept(void *ctx, struct store_job *job, int err)
{
	struct keeping *k = ctx;
	struct transfer *t = k->t;
	(void)job;
	t->asked--;
	keeping_free(k);
	if (t->gone) {
		transfer_let_go(t);
		return;
	}
	if (err == -ENOENT)
		err = 0; /* it was forgotten meanwhile */
	if (err) {
		log_warn(
		    t->person->name, "what becomes of a file cannot be kept: %s", err_str(err));
		transfer_answer_calls(t, err);
		t->again = true; /* when the store works again */
		return;
	}
	job_kept(&t->job, clock_now());
	transfer_wake_at(t, clock_now());
}

void
transfer_keep(struct transfer *t)
{
	struct keeping *k = t->added ? keeping_create(t) : NULL;
	if (!k) {
		t->again = true;
		return;
	}
	t->again = false;
	describe(k, &k->request.set.transfer);
	k->request.set.job = (struct store_job){.done = on_kept, .ctx = k};
	store_transfer_set(t->transfers->roster->store, &k->request.set);
}

static void
on_reached(void *ctx, struct store_job *job, int err)
{
	struct keeping *k = ctx;
	struct transfer *t = k->t;
	(void)job;
	(void)err; /* then a restart begins further back */
	t->asked--;
	keeping_free(k);
	transfer_let_go(t);
}

static void
describe_thumbnail(const struct transfer *t, struct store_transfer *out)
{
	out->thumbnail = t->thumbnail; /* lives as long as t, which outlives the answer */
	out->thumbnail_len = t->thumbnail_len;
}

/* Before it was added it goes with that. */
void
transfer_keep_thumbnail(struct transfer *t)
{
	struct keeping *k = t->added ? keeping_create(t) : NULL;
	if (!k)
		return;
	describe(k, &k->request.set.transfer);
	describe_thumbnail(t, &k->request.set.transfer);
	k->request.set.job = (struct store_job){.done = on_reached, .ctx = k};
	store_transfer_set(t->transfers->roster->store, &k->request.set);
}

void
transfer_keep_reached(struct transfer *t)
{
	struct keeping *k = t->added ? keeping_create(t) : NULL;
	if (!k)
		return;
	describe(k, &k->request.set.transfer);
	k->request.set.job = (struct store_job){.done = on_reached, .ctx = k};
	store_transfer_reached(t->transfers->roster->store, &k->request.set);
}

void
transfers_recovered(struct transfers *all)
{
	LIST_FOREACH (node, &all->all) {
		struct transfer *t = container_of(node, struct transfer, node);
		if (t->again)
			transfer_keep(t);
	}
}

/* ---- adding ---- */

static void
fail_add(const struct transfer *t, struct ipc_call *call, int err)
{
	if (!call)
		log_warn(t->person ? t->person->name : NULL,
		    "the file it offers cannot be kept: %s", err_str(err));
	else if (err == ERR_TOO_BIG)
		ipc_fail(call, IPC_BUSY,
		    "Too many files are on their way already; cancel some of them first.");
	else
		ipc_fail(
		    call, IPC_DISK, "It was not kept and will not be sent: %-s.", err_str(err));
}

static void
on_added(void *ctx, struct store_job *job, int err)
{
	struct keeping *k = ctx;
	struct transfer *t = k->t;
	struct ipc_call *call = k->call;
	struct roster *r = t->transfers->roster;
	int64_t number = k->request.add.transfer.id;
	(void)job;
	t->asked--;
	keeping_free(k);
	if (err || t->gone) {
		fail_add(t, call, err ? err : -ECANCELED);
		if (!t->gone && t->method && !t->outgoing)
			t->method->decline(t);
		if (t->outgoing)
			porter_revoke(t->transfers->porter, t->token);
		if (t->gone)
			transfer_let_go(t);
		else
			transfer_drop(t); /* which lets go of it, too */
		return;
	}
	t->number = number;
	if (r->kept_count < LIMIT_PEOPLE_KNOWN)
		person_set_kept(t->person, true);
	transfer_begin(t);
	if (call)
		ipc_reply(call, file_describe(t));
	file_publish(t);
}

int
transfer_add(struct transfer *t, struct ipc_call *call)
{
	struct keeping *k = keeping_create(t);
	if (!k)
		return -ENOMEM;
	k->call = call;
	describe(k, &k->request.add.transfer);
	describe_thumbnail(t, &k->request.add.transfer);
	k->request.add.message = (struct store_put){
	    .origin = true,
	    .said_at = t->at,
	    .trust = t->trust,
	};
	k->request.add.job = (struct store_job){.done = on_added, .ctx = k};
	store_transfer_add(t->transfers->roster->store, &k->request.add);
	return 0;
}
