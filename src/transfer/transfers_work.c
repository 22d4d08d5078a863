/* What goes on in threads: looking at sources, opening and naming what is received, and the bytes
 * themselves. A thread has its struct work and what hangs on it until on_end; the loop touches
 * none of that meanwhile. */
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "base/tr.h"
#include "peer/person.h"
#include "peer/roster.h"
#include "tls/digest.h"
#include "transfer/porter.h"
#include "transfer/sink.h"
#include "transfer/source.h"
#include "transfer/transfers-parts.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SINKS_KEPT = 32,            /* open between two attempts, of all transfers */
	HASHED_A_SECOND = 64000000, /* bytes, at the least */
};

struct work {
	struct transfer *t;
	enum work_kind kind;
	struct carrier *carrier; /* borrowed */
	struct source *source;   /* owned */
	union {
		struct pump_send send;
		struct pump_receive receive;
	} pump;
	uint8_t prefix[TRANSFER_DIGEST_SIZE]; /* OUT: of what they have */
	/* Answers of the thread. */
	uint64_t offset;
	uint8_t digest[TRANSFER_DIGEST_SIZE]; /* of what is before it */
	struct buf name;                      /* PLACE: where it is now; trouble: with what */
	struct source_summary summary;
};

/* ---- in the thread ---- */

static bool
on_found(void *ctx, uint32_t files)
{
	(void)files;
	return carrier_stopped(ctx);
}

static int
run_source(struct carrier *c, struct work *w)
{
	source_watch(w->source, on_found, c);
	int err = source_prepare(w->source);
	if (!err)
		w->summary = *source_summary(w->source);
	return err;
}

static int
run_prepare(struct carrier *c, void *arg)
{
	return run_source(c, arg);
}

static int
run_send(struct carrier *c, void *arg)
{
	struct work *w = arg;
	int err = run_source(c, w);
	if (!err && w->summary.size != w->pump.send.size)
		err = ERR_CHANGED_SOURCE;
	if (err) {
		carrier_link_finish(&w->pump.send.link);
		return err;
	}
	return pump_send_run(c, &w->pump.send);
}

static int
run_open(struct carrier *c, void *arg)
{
	struct work *w = arg;
	const struct transfer *t = w->t;
	(void)c;
	int err = sink_open(t->sink, &w->offset, t->run);
	return err ? err : digest_run_value(t->run, w->digest);
}

/* However it ended, what was written is good to go on from. */
static int
run_receive(struct carrier *c, void *arg)
{
	struct work *w = arg;
	const struct transfer *t = w->t;
	int err = pump_receive_run(c, &w->pump.receive);
	w->offset = w->pump.receive.at;
	if (err && sink_checkpoint(t->sink) == 0 && digest_run_value(t->run, w->digest) == 0)
		carrier_checkpoint(c, w->offset, w->digest);
	return err;
}

static int
run_place(struct carrier *c, void *arg)
{
	struct work *w = arg;
	const struct transfer *t = w->t;
	struct buf name = BUF_INIT(LIMIT_FILE_NAME + 64);
	(void)c;
	int err = sink_finish(t->sink, &name);
	/* without its path it is still there */
	if (!err && porter_path(t->transfers->porter, t->token, buf_cstr(&name), &w->name) != 0) {
		buf_clear(&w->name);
		buf_str(&w->name, buf_cstr(&name));
	}
	buf_finish(&name);
	return err;
}

static int
run_clear(struct carrier *c, void *arg)
{
	const struct work *w = arg;
	const struct transfer *t = w->t;
	struct porter *p = t->transfers->porter;
	(void)c;
	char part[64];
	(void)snprintf(part, sizeof(part), ".earshot-%s.part", t->id);
	int err = porter_remove(p, t->token, part);
	(void)snprintf(part, sizeof(part), ".earshot-%s.tree", t->id);
	int also = t->folder ? porter_remove(p, t->token, part) : 0;
	return err ? err : also;
}

/* ---- how it ended ---- */

/* The connection's trouble, not ours: worth another try. */
static bool
is_of_link(int err)
{
	static const int errors[] = {-ECANCELED, -ETIMEDOUT, -ECONNRESET, -EPIPE, -ECONNABORTED,
	    -ECONNREFUSED, -ENETUNREACH, -EHOSTUNREACH, -ENETDOWN, -ENOTCONN, -ENOBUFS, -ENOMEM,
	    -EMFILE, -ENFILE, -EAGAIN, ERR_CLOSED, ERR_KEY, ERR_KEY_REFUSED, ERR_CERTIFICATE,
	    ERR_IDENTITY, ERR_SECURITY, ERR_TRUST};
	for (size_t i = 0; i < ARRAY_LEN(errors); i++)
		if (errors[i] == err)
			return true;
	return false;
}

static enum job_outcome
outcome(const struct transfer *t, int err)
{
	enum { TRIES = 3 }; /* of bytes that make no sense: someone in between may have put them */
	if (!err)
		return JOB_OK;
	if (err == ERR_DIFFERS && t->outgoing)
		return JOB_DIFFERS;
	if (is_of_link(err) || (err == ERR_PROTO && t->job.attempts < TRIES))
		return JOB_LOST;
	return JOB_BROKEN;
}

/* One sentence for both people, in parts that can be translated (docs/ipc.md, Languages). */
static void
explain(const struct work *w, int err, struct buf *out)
{
	const char *detail = w->source ? source_problem(w->source) : "";
	const struct transfer *t = w->t;
	const char *name = str_empty(detail) ? t->name : detail;
	if (is_of_link(err))
		buf_fmt(out, "%s: %s", TR("the connection failed"), err_str(err));
	else if (err == ERR_CHANGED_SOURCE)
		buf_fmt(out, "%s: %s", TR("it changed while it was being sent"), name);
	else if (t->outgoing)
		buf_fmt(out, "%s: %s: %s", TR("a file cannot be read"), name, err_str(err));
	else if (err == ERR_FULL)
		buf_str(out, TR("there is too little space left on the receiver's disk"));
	else if (err == -ENOSPC || err == -EDQUOT)
		buf_str(out, TR("the receiver's disk is full"));
	else if (err == ERR_PROTO)
		buf_str(out, TR("what arrived makes no sense: more bytes than were offered, or a "
				"folder that breaks the rules"));
	else
		buf_fmt(out, "%s: %s", TR("the receiver cannot write it"), err_str(err));
}

static void
prepared(struct work *w, int err, const char *text)
{
	struct transfer *t = w->t;
	if (!err) {
		t->size = w->summary.size;
		t->files = t->folder ? w->summary.files : 0;
		file_set_left_out(t, &w->summary);
	}
	job_prepared(&t->job, clock_now(), outcome(t, err), text);
}

static void
opened(struct work *w, int err, const char *text)
{
	struct transfer *t = w->t;
	if (!err) {
		t->offset = w->offset;
		t->done = w->offset;
		memcpy(t->prefix, w->digest, sizeof(t->prefix));
		t->has_digest = false;
	}
	job_opened(&t->job, clock_now(), outcome(t, err), text);
}

static void
sent(struct work *w, int err, const char *text)
{
	struct transfer *t = w->t;
	t->rate = 0;
	if (!err) {
		memcpy(t->hash, w->pump.send.digest, sizeof(t->hash));
		t->has_hash = true;
		t->done = t->size;
	}
	job_carried(&t->job, clock_now(), outcome(t, err), text);
}

static void
received(struct work *w, int err, const char *text)
{
	struct transfer *t = w->t;
	t->rate = 0;
	t->done = w->offset;
	if (!err) {
		memcpy(t->digest, w->pump.receive.digest, sizeof(t->digest));
		t->has_digest = true;
		if (t->size == TRANSFER_SIZE_UNKNOWN)
			t->size = w->offset;
	}
	job_carried(&t->job, clock_now(), outcome(t, err), text);
}

static void
placed(struct work *w, int err, const char *text)
{
	struct transfer *t = w->t;
	if (!err && str_replace(&t->where, buf_cstr(&w->name)) != 0)
		log_warn(t->person->name, "out of memory: where a file is, is not known");
	job_placed(&t->job, clock_now(), err ? JOB_BROKEN : JOB_OK, text);
}

static size_t
sinks_open(const struct transfers *all)
{
	size_t count = 0;
	LIST_FOREACH (node, &all->all)
		count += container_of(node, struct transfer, node)->sink != NULL;
	return count;
}

void
work_close_sink(struct transfer *t)
{
	sink_destroy(t->sink);
	digest_run_destroy(t->run);
	t->sink = NULL;
	t->run = NULL;
}

void
work_rests(struct transfer *t)
{
	bool rests = job_is_final(&t->job) || t->job.is.paused_us || t->job.is.paused_them;
	if (t->sink && !t->work && (rests || sinks_open(t->transfers) > SINKS_KEPT))
		work_close_sink(t);
}

static void clear_next(struct transfers *all);

static void
work_ends(struct work *w, int err)
{
	struct transfer *t = w->t;
	struct buf text = BUF_INIT(LIMIT_LABEL);
	if (err)
		explain(w, err, &text);
	const char *why = err && !buf_err(&text) ? buf_cstr(&text) : NULL;
	switch (w->kind) {
	case WORK_PREPARE:
		prepared(w, err, why);
		break;
	case WORK_OPEN:
		opened(w, err, why);
		break;
	case WORK_SEND:
		sent(w, err, why);
		break;
	case WORK_RECEIVE:
		received(w, err, why);
		break;
	case WORK_PLACE:
		placed(w, err, why);
		break;
	case WORK_CLEAR:
		if (err && err != -ENOENT)
			log_warn(NULL, "what came of f%lld cannot be removed: %s",
			    (long long)t->number, err_str(err));
		break;
	}
	buf_finish(&text);
}

static void
work_free(struct work *w)
{
	source_destroy(w->source);
	buf_finish(&w->name);
	free(w);
}

static void
on_end(void *ctx, int err)
{
	struct work *w = ctx;
	struct transfer *t = w->t;
	struct transfers *all = t->transfers;
	t->work = NULL;
	/* while the daemon ends nothing is decided any more: it goes on from here next time */
	if (!t->gone && !all->closing)
		work_ends(w, err);
	if (w->kind == WORK_CLEAR) {
		list_remove(&t->clearing);
		if (strcmp(t->token, PORTER_DOWNLOADS) != 0)
			porter_revoke(all->porter, t->token);
		if (!all->closing)
			clear_next(all);
	}
	work_free(w);
	transfer_let_go(t);
	transfers_thread_ended(all);
}

/* ---- on the way ---- */

static void
on_progress(void *ctx, uint64_t bytes)
{
	const struct work *w = ctx;
	struct transfer *t = w->t;
	uint64_t now = clock_now();
	if (w->kind != WORK_SEND && w->kind != WORK_RECEIVE)
		return;
	enum { MEASURE_MS = 250 };
	t->done = t->from + bytes;
	job_progress(&t->job, now);
	if (now - t->measured_at < MEASURE_MS)
		return;
	uint64_t rate = (t->done - t->measured) * 1000 / (now - t->measured_at);
	t->rate = t->rate ? (3 * t->rate + rate) / 4 : rate;
	t->measured = t->done;
	t->measured_at = now;
	file_publish_progress(t);
}

static void
on_checkpoint(void *ctx, uint64_t offset, const uint8_t digest[TRANSFER_DIGEST_SIZE])
{
	const struct work *w = ctx;
	struct transfer *t = w->t;
	if (w->kind != WORK_RECEIVE || t->gone)
		return;
	t->offset = offset;
	memcpy(t->prefix, digest, sizeof(t->prefix));
	transfer_renew(t);
	transfer_keep_reached(t);
}

static const struct carrier_listener listener = {
    .on_progress = on_progress,
    .on_checkpoint = on_checkpoint,
    .on_end = on_end,
};

/* ---- beginning ---- */

static int
make_source(struct work *w)
{
	const struct transfer *t = w->t;
	char *path = t->folder ? transfer_tree_path(t) : NULL;
	struct tree_ref tree = {.path = path};
	int err = t->folder && !path ? -ENOMEM
				     : source_create(t->transfers->porter, t->token,
					   t->folder ? &tree : NULL, t->size, t->mtime, &w->source);
	free(path);
	return err;
}

static int
make_sink(struct work *w, bool from_start)
{
	struct transfer *t = w->t;
	if (from_start)
		work_close_sink(t);
	if (t->sink)
		return 0;
	int err = digest_run_create(&t->run);
	if (!err)
		err = sink_create(t->transfers->porter, t->token, t->id, t->name,
		    t->size == TRANSFER_SIZE_UNKNOWN ? SINK_SIZE_UNKNOWN : t->size, t->folder,
		    t->mtime, t->transfers->policy.keep_free, &t->sink);
	if (!err)
		err = sink_set_origin(t->sink, t->person->instance);
	if (err)
		work_close_sink(t);
	else if (!from_start && t->offset > 0)
		sink_expect(t->sink, t->offset, t->prefix);
	return err;
}

static void
take_link(struct transfer *t, struct carrier_link *to)
{
	carrier_link_init(to);
	if (!t->link)
		return;
	carrier_link_move(to, t->link);
	free(t->link);
	t->link = NULL;
}

static void
measure(struct transfer *t, uint64_t from)
{
	t->from = t->done = t->measured = from;
	t->measured_at = clock_now();
	t->rate = 0;
	/* what is before is hashed again first */
	t->crawl_at = t->measured_at + from / (HASHED_A_SECOND / 1000);
	t->crawl_done = from;
	transfer_renew(t);
}

static int
make_ready(struct work *w, bool from_start)
{
	struct transfer *t = w->t;
	struct rate *rate = &t->transfers->rate;
	int err = 0;
	switch (w->kind) {
	case WORK_PREPARE:
		return make_source(w);
	case WORK_OPEN:
		return make_sink(w, from_start);
	case WORK_SEND:
		err = make_source(w);
		memcpy(w->prefix, t->prefix, sizeof(w->prefix));
		w->pump.send = (struct pump_send){.source = w->source,
		    .from = t->offset,
		    .size = t->size,
		    .prefix = t->offset && !t->prefix_unknown ? w->prefix : NULL,
		    .rate = rate};
		take_link(t, &w->pump.send.link);
		measure(t, t->offset);
		return err;
	case WORK_RECEIVE:
		w->pump.receive = (struct pump_receive){.sink = t->sink,
		    .from = t->offset,
		    .size = t->size,
		    .run = t->run,
		    .rate = rate};
		take_link(t, &w->pump.receive.link);
		measure(t, t->offset);
		return t->sink ? 0 : -ENOENT;
	case WORK_PLACE:
		return t->sink ? 0 : -ENOENT;
	case WORK_CLEAR:
		work_close_sink(t);
		break;
	}
	return err;
}

/* It could not even begin: that is told by a later turn of the loop, as any end is. */
static int
run_nothing(struct carrier *c, void *arg)
{
	struct work *w = arg;
	(void)c;
	if (w->kind == WORK_SEND)
		carrier_link_finish(&w->pump.send.link);
	else if (w->kind == WORK_RECEIVE)
		carrier_link_finish(&w->pump.receive.link);
	return -ENOMEM;
}

void
work_begin(struct transfer *t, enum work_kind kind, bool from_start)
{
	static carrier_fn *const run[] = {
	    [WORK_PREPARE] = run_prepare,
	    [WORK_OPEN] = run_open,
	    [WORK_SEND] = run_send,
	    [WORK_RECEIVE] = run_receive,
	    [WORK_PLACE] = run_place,
	    [WORK_CLEAR] = run_clear,
	};
	struct transfers *all = t->transfers;
	struct work *w = calloc(1, sizeof(*w));
	int err = w ? 0 : -ENOMEM;
	if (w) {
		w->t = t;
		w->kind = kind;
		buf_init(&w->name, PATH_MAX);
		err = make_ready(w, from_start);
		carrier_fn *fn = err ? run_nothing : run[kind];
		err = carrier_start(all->roster->loop, fn, w, &listener, w, &w->carrier);
	}
	if (!err) {
		t->work = w;
		all->threads++;
		return;
	}
	log_error(t->person ? t->person->name : NULL, "no thread for f%lld: %s",
	    (long long)t->number, err_str(err));
	if (w) {
		(void)run_nothing(NULL, w);
		work_free(w);
	}
	transfer_work_failed(t, kind);
}

void
work_stop(struct transfer *t)
{
	if (t->work)
		carrier_stop(t->work->carrier);
}

bool
work_crawls(struct transfer *t, uint64_t now)
{
	const struct work *w = t->work;
	/* what is all sent is about to be taken: pump.h waits for that, not for ever */
	bool carries =
	    w && ((w->kind == WORK_SEND && t->done < t->size) || w->kind == WORK_RECEIVE);
	if (!carries || now < t->crawl_at + LIMIT_TRANSFER_CRAWL_SECONDS * UINT64_C(1000))
		return false;
	bool crawls = t->done - t->crawl_done < LIMIT_TRANSFER_CRAWL;
	t->crawl_at = now;
	t->crawl_done = t->done;
	return crawls;
}

/* ---- clearing ---- */

static void
clear_next(struct transfers *all)
{
	while (!list_empty(&all->clearing)) {
		struct transfer *t = container_of(all->clearing.next, struct transfer, clearing);
		if (t->work)
			return; /* it is at it, or about to end */
		work_begin(t, WORK_CLEAR, false);
		if (t->work)
			return;
		list_remove(&t->clearing); /* no memory: the next start sweeps */
		transfer_let_go(t);
	}
}

void
work_clear(struct transfer *t)
{
	work_close_sink(t);
	if (t->job.is.state == JOB_DONE) {
		if (strcmp(t->token, PORTER_DOWNLOADS) != 0)
			porter_revoke(t->transfers->porter, t->token);
		return;
	}
	if (!t->transfers->porter || t->clearing.next)
		return;
	list_insert(&t->transfers->clearing, &t->clearing);
	clear_next(t->transfers);
}
