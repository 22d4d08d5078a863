/* What the engine wants done. */
#include "base/err.h"
#include "base/log.h"
#include "base/paths.h"
#include "peer/person.h"
#include "transfer/porter.h"
#include "transfer/transfers-parts.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- work ---- */

static void
prepare(void *ctx)
{
	work_begin(ctx, WORK_PREPARE, false);
}

static void
open_sink(void *ctx, bool from_start)
{
	work_begin(ctx, WORK_OPEN, from_start);
}

static void
carry(void *ctx)
{
	struct transfer *t = ctx;
	work_begin(t, t->outgoing ? WORK_SEND : WORK_RECEIVE, false);
}

static void
place(void *ctx)
{
	work_begin(ctx, WORK_PLACE, false);
}

static void
stop(void *ctx)
{
	work_stop(ctx);
}

/* ---- methods ---- */

/* The best there is at present; what they can do may have changed since the last time. */
static const struct transfer_method *
choose(const struct transfer *t)
{
	const struct transfer_method *const *m = t->transfers->methods;
	while (*m && !(*m)->fits(t->person, t))
		m++;
	return *m;
}

static int
offer(void *ctx)
{
	struct transfer *t = ctx;
	const struct transfer_method *m = choose(t);
	if (!m) /* what an Earshot can do is not known in the first moment */
		return t->person->caps || person_client(t->person) != TXT_CLIENT_EARSHOT
			   ? ERR_UNSUPPORTED
			   : ERR_ABSENT;
	if (t->method && t->method != m)
		t->method->detach(t);
	t->method = m;
	t->job.once = m->once;
	int err = m->offer(t);
	if (err)
		log_info(t->person->name, "f%lld cannot be offered: %s", (long long)t->number,
		    err_str(err));
	return err;
}

static int
accept_offer(void *ctx)
{
	struct transfer *t = ctx;
	return t->method ? t->method->accept(t) : ERR_ABSENT;
}

static void
decline(void *ctx)
{
	struct transfer *t = ctx;
	if (t->method)
		t->method->decline(t);
}

static int
ready(void *ctx)
{
	struct transfer *t = ctx;
	return t->method && t->method->ready ? t->method->ready(t) : ERR_UNSUPPORTED;
}

static int
checksum(void *ctx)
{
	struct transfer *t = ctx;
	return t->method && t->method->checksum ? t->method->checksum(t, t->hash) : 0;
}

static void
end(void *ctx, enum transfer_end why, const char *text)
{
	struct transfer *t = ctx;
	if (t->method)
		t->method->end(t, why, text);
}

static enum job_check
check(void *ctx)
{
	const struct transfer *t = ctx;
	if (!t->has_digest)
		return JOB_UNEQUAL;
	if (t->has_hash) {
		unsigned differ = 0;
		for (size_t i = 0; i < TRANSFER_DIGEST_SIZE; i++)
			differ |= (unsigned)(t->hash[i] ^ t->digest[i]);
		return differ ? JOB_UNEQUAL : JOB_EQUAL;
	}
	/* of a method that tells none, the size is all there is to compare */
	bool tells = t->method && t->method->checksum && !t->method->once;
	return tells ? JOB_UNCHECKED : JOB_EQUAL;
}

/* ---- the rest ---- */

static void
want_link(void *ctx)
{
	const struct transfer *t = ctx;
	person_dial(t->person);
}

static bool
take_turn(void *ctx)
{
	const struct transfer *t = ctx;
	struct transfers *all = t->transfers;
	if (!all->swept || all->turns >= LIMIT_TRANSFERS_ACTIVE)
		return false;
	all->turns++;
	return true;
}

static void
yield_turn(void *ctx)
{
	struct transfer *t = ctx;
	t->transfers->turns--;
	work_rests(t);
	transfers_turn_freed(t->transfers);
}

static void
keep(void *ctx)
{
	transfer_keep(ctx);
}

static void
remove_file(char *path)
{
	if (path && unlink(path) < 0 && errno != ENOENT)
		log_warn(NULL, "%s cannot be deleted: %s", path, err_str(-errno));
	free(path);
}

static void
over(void *ctx)
{
	struct transfer *t = ctx;
	if (t->outgoing) {
		porter_revoke(t->transfers->porter, t->token);
		if (t->folder)
			remove_file(transfer_tree_path(t));
		if (t->spool)
			remove_file(transfer_spool_path(t->spool));
	} else {
		work_clear(t);
	}
}

static void
wake_at(void *ctx, uint64_t when)
{
	transfer_wake_at(ctx, when);
}

const struct job_ops transfer_job_ops = {
    .prepare = prepare,
    .open = open_sink,
    .carry = carry,
    .place = place,
    .stop = stop,
    .offer = offer,
    .accept = accept_offer,
    .decline = decline,
    .ready = ready,
    .checksum = checksum,
    .end = end,
    .check = check,
    .want_link = want_link,
    .take_turn = take_turn,
    .yield_turn = yield_turn,
    .keep = keep,
    .over = over,
    .wake_at = wake_at,
};
