/* Files and folders at the local socket: sent, answered, held and listed. */
#include "base/clock.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/random.h"
#include "base/str.h"
#include "base/utf8.h"
#include "peer/feature.h"
#include "peer/person.h"
#include "peer/roster.h"
#include "tls/digest.h"
#include "transfer/name.h"
#include "transfer/porter.h"
#include "transfer/transfers-parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct transfers *
all_of(const struct ipc_call *call)
{
	const struct roster *r = ipc_ctx(call);
	return r->transfers;
}

/* ---- sending ---- */

static bool
may_be_sent(struct ipc_call *call, const struct transfers *all, const struct person *p)
{
	int err = person_may_hear(p);
	if (p->blocked)
		ipc_fail(call, IPC_TRUST,
		    "You have blocked %s; `earshot trust unblock` lets you send again.", p->name);
	else if (err == ERR_TRUST)
		ipc_fail(call, IPC_TRUST,
		    "%s has another key than the person of that name: nothing is sent to it. Ask "
		    "the person; if the key is theirs, `earshot trust accept-new-key %s`.",
		    p->name, p->instance);
	else if (err)
		ipc_fail(call, IPC_TRUST,
		    "%s does not encrypt, and your settings do not allow to send to it ([privacy] "
		    "plain).",
		    p->name);
	else if (!all->porter)
		ipc_fail(call, IPC_UNSUPPORTED,
		    "This daemon can send no files: the process that reads them is missing. "
		    "Start the daemon again.");
	else if (transfers_unfinished(all) >= LIMIT_TRANSFERS)
		ipc_fail(call, IPC_BUSY,
		    "Too many files are on their way already; cancel some of them first.");
	else
		return true;
	return false;
}

static uint32_t
param_u32(const struct value *params, const char *key)
{
	int64_t n = value_int(params, key, 0);
	return n < 0 || n > UINT32_MAX ? 0 : (uint32_t)n;
}

static int
take_thumbnail(struct transfer *t, const struct value *params)
{
	const char *text = value_str(params, "thumbnail");
	if (str_empty(text))
		return 0;
	struct buf bytes = BUF_INIT(LIMIT_THUMBNAIL);
	int err = digest_base64_parse(text, &bytes);
	if (!err && bytes.len) {
		t->thumbnail_len = bytes.len;
		t->thumbnail = buf_take(&bytes);
		err = str_replace(&t->thumbnail_media, value_str(params, "thumbnail_media"));
	}
	buf_finish(&bytes);
	return err;
}

/* The daemon deletes it at the end, so it must be what it is said to be: a file of our spool. */
static int
take_spool(struct transfer *t, const struct stat *st, const char *name)
{
	struct stat is;
	char *path =
	    strspn(name, "0123456789abcdef") == strlen(name) ? transfer_spool_path(name) : NULL;
	int err = path ? str_replace(&t->spool, name) : -EINVAL;
	if (!err && (lstat(path, &is) < 0 || is.st_dev != st->st_dev || is.st_ino != st->st_ino))
		err = -EINVAL;
	free(path);
	return err;
}

static int
take_name(struct transfer *t, const char *wanted, const char *own)
{
	struct buf name = BUF_INIT(LIMIT_FILE_NAME + 1);
	transfer_name_clean(str_empty(wanted) ? own : wanted, &name);
	int err = buf_err(&name) ? buf_err(&name) : str_replace(&t->name, buf_cstr(&name));
	buf_finish(&name);
	return err;
}

static int
fill(struct transfer *t, struct ipc_call *call, int fd)
{
	const struct value *params = ipc_params(call);
	struct porter_granted is;
	struct stat st;
	const char *media = value_str(params, "media");
	if (fstat(fd, &st) < 0) {
		(void)close(fd);
		return -errno;
	}
	int err = porter_grant(t->transfers->porter, t->token, fd, &is);
	if (err)
		return err;
	random_id(t->id);
	t->folder = is.folder;
	t->size = is.size;
	t->mtime = is.mtime;
	t->job.is.prepared = !is.folder;
	t->job.is.state = is.folder ? JOB_PREPARING : JOB_WAITING;
	t->width = param_u32(params, "width");
	t->height = param_u32(params, "height");
	t->duration = param_u32(params, "duration");
	if (value_bool(params, "spooled", false))
		err = take_spool(t, &st, is.name);
	if (!err)
		err = take_name(t, value_str(params, "name"), is.name);
	if (!err && media && strlen(media) <= LIMIT_FILE_TEXT)
		err = str_replace(&t->media, media);
	if (!err)
		err = take_thumbnail(t, params);
	transfer_renew(t);
	return err;
}

static void
fail_send(struct ipc_call *call, int err)
{
	if (err == -EBADF)
		ipc_fail(call, IPC_INVALID, "The file is not open for reading.");
	else if (err == -EINVAL)
		ipc_fail(call, IPC_INVALID,
		    "Only files and folders can be sent, with what belongs to them as docs/ipc.md "
		    "says.");
	else if (err == -ENOENT)
		ipc_fail(call, IPC_INVALID, "The file has no name any more: it was deleted.");
	else if (err == ERR_TOO_BIG)
		ipc_fail(call, IPC_INVALID, "A thumbnail is at most %d bytes.", LIMIT_THUMBNAIL);
	else
		ipc_fail(call, IPC_INTERNAL, "It cannot be sent: %-s.", err_str(err));
}

static int
call_send_file(struct ipc_call *call)
{
	struct person *p = roster_wanted(ipc_ctx(call), call);
	struct transfers *all = all_of(call);
	if (!p || !may_be_sent(call, all, p))
		return 0;
	int fd = ipc_take_fd(call);
	if (fd < 0) {
		ipc_fail(call, IPC_INVALID,
		    "The file itself is missing: it comes as a descriptor with the call.");
		return 0;
	}
	struct transfer *t = transfer_create(all, p, true);
	if (!t) {
		(void)close(fd);
		return -ENOMEM;
	}
	int err = fill(t, call, fd);
	if (!err) {
		transfer_link_in(t);
		err = transfer_add(t, call);
	}
	if (!err) {
		person_spoken_to(p);
		return 0;
	}
	porter_revoke(all->porter, t->token);
	fail_send(call, err);
	if (t->node.next) {
		transfer_drop(t);
	} else {
		t->gone = true; /* it never was anywhere */
		transfer_let_go(t);
	}
	return 0;
}

/* ---- answering, holding ---- */

/* NULL after the call was answered. */
static struct transfer *
wanted(struct ipc_call *call)
{
	const char *id = value_str(ipc_params(call), "id");
	int64_t number = 0;
	if (str_empty(id)) {
		ipc_fail(call, IPC_INVALID, "Say which file: the parameter \"id\" is missing.");
		return NULL;
	}
	struct transfer *t = str_to_int(id + (*id == 'f'), 1, INT64_MAX, &number) == 0
				 ? transfers_numbered(all_of(call), number)
				 : NULL;
	if (!t)
		ipc_fail(call, IPC_UNKNOWN, "There is no file %s; `earshot files` lists them.", id);
	return t;
}

enum decision { ACCEPT, DECLINE, PAUSE, RESUME, CANCEL };

static void
fail_late(struct ipc_call *call, const struct transfer *t, enum decision what)
{
	long long number = t->number;
	const char *state = file_state_name(t->job.is.state);
	switch (what) {
	case ACCEPT:
		ipc_fail(call, IPC_LATE, "f%lld cannot be accepted: it is %-s.", number, state);
		break;
	case DECLINE:
		ipc_fail(call, IPC_LATE, "f%lld cannot be declined: it is %-s.", number, state);
		break;
	case PAUSE:
		ipc_fail(call, IPC_LATE, "f%lld cannot be paused: it is %-s.", number, state);
		break;
	case RESUME:
		ipc_fail(call, IPC_LATE, "f%lld cannot be resumed: it is %-s.", number, state);
		break;
	case CANCEL:
		ipc_fail(call, IPC_LATE, "f%lld cannot be cancelled: it is %-s.", number, state);
		break;
	}
}

static int
decide(struct ipc_call *call, bool (*event)(struct job *, uint64_t), enum decision what)
{
	struct transfer *t = wanted(call);
	if (!t)
		return 0;
	if (!event(&t->job, clock_now()))
		fail_late(call, t, what);
	else
		transfer_answer_later(t, call);
	return 0;
}

static bool
take_target(struct ipc_call *call, struct transfer *t)
{
	struct porter_granted is;
	char token[TRANSFER_ID_SIZE];
	int fd = ipc_take_fd(call);
	if (fd == -ENOENT)
		return true;
	random_id(token);
	int err = fd < 0 ? fd : porter_grant_target(t->transfers->porter, token, fd, &is);
	if (!err && !is.folder) {
		porter_revoke(t->transfers->porter, token);
		err = -ENOTDIR;
	}
	if (err) {
		ipc_fail(
		    call, IPC_INVALID, "Files cannot be put into that folder: %-s.", err_str(err));
		return false;
	}
	memcpy(t->token, token, sizeof(t->token));
	return true;
}

static int
call_accept(struct ipc_call *call)
{
	struct transfer *t = wanted(call);
	if (!t)
		return 0;
	if (t->outgoing || t->job.is.accepted || job_is_final(&t->job)) {
		fail_late(call, t, ACCEPT);
		return 0;
	}
	if (t->person->blocked || person_trust(t->person) == STORE_TRUST_CHANGED) {
		ipc_fail(call, IPC_TRUST,
		    "Nothing is taken from %s: it is blocked, or its key is "
		    "not the one that is known.",
		    t->person->name);
		return 0;
	}
	if (value_bool(ipc_params(call), "verify", false) &&
	    person_trust(t->person) != STORE_TRUST_VERIFIED) {
		ipc_fail(call, IPC_TRUST, "%s is not verified; `earshot verify %s` does that.",
		    t->person->name, t->person->name);
		return 0;
	}
	if (!take_target(call, t))
		return 0;
	person_spoken_to(t->person);
	return decide(call, job_accept, ACCEPT);
}

static int
call_decline(struct ipc_call *call)
{
	return decide(call, job_decline, DECLINE);
}

static int
call_pause(struct ipc_call *call)
{
	return decide(call, job_pause, PAUSE);
}

static int
call_resume(struct ipc_call *call)
{
	return decide(call, job_resume, RESUME);
}

static int
call_cancel(struct ipc_call *call)
{
	return decide(call, job_cancel, CANCEL);
}

/* ---- listing, forgetting ---- */

static int
by_number(const void *a, const void *b)
{
	const struct transfer *const *x = a, *const *y = b;
	return ((*x)->number > (*y)->number) - ((*x)->number < (*y)->number);
}

static int
call_files(struct ipc_call *call)
{
	const struct value *params = ipc_params(call);
	struct transfers *all = all_of(call);
	bool ended = value_bool(params, "all", false);
	const struct person *p = NULL;
	if (value_has(params, "peer") && !(p = roster_wanted(ipc_ctx(call), call)))
		return 0;
	// NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers
	struct transfer **at = calloc(all->count + 1, sizeof(at[0]));
	size_t count = 0;
	if (!at)
		return -ENOMEM;
	LIST_FOREACH (node, &all->all) {
		struct transfer *t = container_of(node, struct transfer, node);
		if (t->added && (ended || !job_is_final(&t->job)) && (!p || t->person == p))
			at[count++] = t;
	}
	qsort(at, count, sizeof(at[0]), by_number); // NOLINT(bugprone-sizeof-expression)
	struct value *v = value_object(), *files = value_array();
	for (size_t i = 0; i < count; i++)
		value_append(files, file_describe(at[i]));
	free(at);
	value_set(v, "files", files);
	ipc_reply(call, v);
	return 0;
}

struct forgetting {
	struct store_transfer_forget forget;
	struct ipc_call *call;
};

static void
on_forgotten(void *ctx, struct store_job *job, int err)
{
	struct forgetting *f = ctx;
	(void)job;
	if (err)
		ipc_fail(f->call, IPC_DISK, "It was not forgotten: %-s.", err_str(err));
	else
		ipc_reply(f->call, NULL);
	free(f);
}

static int
call_forget(struct ipc_call *call)
{
	struct transfer *t = wanted(call);
	if (!t)
		return 0;
	if (!job_is_settled(&t->job)) {
		ipc_fail(
		    call, IPC_LATE, "f%lld is not over; cancel it first.", (long long)t->number);
		return 0;
	}
	struct forgetting *f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->call = call;
	f->forget = (struct store_transfer_forget){
	    .job = {.done = on_forgotten, .ctx = f}, .id = t->number};
	store_transfer_forget(t->transfers->roster->store, &f->forget);
	transfer_drop(t);
	return 0;
}

static int
call_thumbnail(struct ipc_call *call)
{
	const struct transfer *t = wanted(call);
	if (!t)
		return 0;
	if (!t->thumbnail) {
		ipc_fail(
		    call, IPC_UNKNOWN, "There is no thumbnail of f%lld.", (long long)t->number);
		return 0;
	}
	struct buf text = BUF_INIT((size_t)2 * LIMIT_THUMBNAIL);
	digest_base64(&text, t->thumbnail, t->thumbnail_len);
	struct value *v = value_object();
	value_set_str(v, "media", t->thumbnail_media);
	value_set_str(v, "data", buf_cstr(&text));
	buf_finish(&text);
	ipc_reply(call, v);
	return 0;
}

/* ---- settings ---- */

static int
call_limit(struct ipc_call *call)
{
	const struct value *params = ipc_params(call);
	struct transfers *all = all_of(call);
	if (value_has(params, "rate")) {
		int64_t rate = value_int(params, "rate", -1);
		if (rate < 0) {
			ipc_fail(call, IPC_INVALID,
			    "\"rate\" must be a number of bytes a second, or 0 for no limit.");
			return 0;
		}
		if (all->policy.rate_fixed) {
			ipc_fail(call, IPC_POLICY,
			    "The administrator of this computer has set how fast files may travel. "
			    "It cannot be changed.");
			return 0;
		}
		rate_set(&all->rate, (uint64_t)rate);
	}
	uint64_t rate = rate_get(&all->rate);
	struct value *v = value_object();
	value_set_int(v, "rate", rate > INT64_MAX ? INT64_MAX : (int64_t)rate);
	ipc_reply(call, v);
	return 0;
}

static struct value *
describe_rules(const struct transfers *all)
{
	struct value *v = value_object(), *rules = value_array();
	LIST_FOREACH (node, &all->rules) {
		const struct rule *rule = container_of(node, struct rule, node);
		struct value *one = value_object();
		value_set_str(one, "peer", rule->person->name);
		value_set_str(one, "display", rule->person->display);
		value_set_str(one, "trust", store_trust_word(person_trust(rule->person)));
		value_set_int(one, "size", (int64_t)rule->size);
		value_set_int(one, "daily", (int64_t)rule->daily);
		value_append(rules, one);
	}
	value_set(v, "rules", rules);
	return v;
}

struct ruling {
	struct store_transfer_rule_set set;
	struct transfers *all;
	struct ipc_call *call;
	char *peer; /* owned */
};

static void
on_ruled(void *ctx, struct store_job *job, int err)
{
	struct ruling *r = ctx;
	struct person *p = roster_get(r->all->roster, r->peer);
	(void)job;
	if (!err && p && r->set.off)
		transfers_rules_moved(r->all, p, NULL);
	else if (!err && p)
		err = transfers_set_rule(r->all, p, r->set.rule.size, r->set.rule.daily);
	if (err == -ENOENT)
		ipc_fail(r->call, IPC_TRUST,
		    "Only of people you have verified files are "
		    "accepted without asking.");
	else if (err)
		ipc_fail(r->call, IPC_DISK, "The rule cannot be kept: %-s.", err_str(err));
	else
		ipc_reply(r->call, describe_rules(r->all));
	free(r->peer);
	free(r);
}

static int
set_rule(struct ipc_call *call, struct person *p, uint64_t size, uint64_t daily, bool off)
{
	struct ruling *r = calloc(1, sizeof(*r));
	if (!r || str_replace(&r->peer, p->name) != 0) {
		free(r);
		return -ENOMEM;
	}
	r->all = all_of(call);
	r->call = call;
	r->set = (struct store_transfer_rule_set){
	    .job = {.done = on_ruled, .ctx = r},
	    .rule = {.peer = r->peer, .size = size, .daily = daily},
	    .off = off,
	};
	store_transfer_rule_set(p->roster->store, &r->set);
	return 0;
}

static int
call_auto(struct ipc_call *call)
{
	const struct value *params = ipc_params(call);
	const struct transfers *all = all_of(call);
	bool off = value_bool(params, "off", false);
	if (!value_has(params, "peer")) {
		ipc_reply(call, describe_rules(all));
		return 0;
	}
	struct person *p = roster_wanted(ipc_ctx(call), call);
	if (!p)
		return 0;
	int64_t size = value_int(params, "size", (int64_t)all->policy.accept_size);
	int64_t daily = value_int(params, "daily", (int64_t)all->policy.accept_daily);
	if (!off && (size <= 0 || daily <= 0)) {
		ipc_fail(call, IPC_INVALID, "\"size\" and \"daily\" are numbers of bytes above 0.");
		return 0;
	}
	if (!off && all->policy.accept_fixed) {
		ipc_fail(call, IPC_POLICY,
		    "The administrator of this computer has set whose files are accepted without "
		    "asking. It cannot be changed.");
		return 0;
	}
	if (!off && person_trust(p) != STORE_TRUST_VERIFIED) {
		ipc_fail(call, IPC_TRUST,
		    "%s is not verified: files are accepted without asking only of people whose "
		    "key you have compared (`earshot verify %s`).",
		    p->name, p->name);
		return 0;
	}
	return set_rule(call, p, off ? 0 : (uint64_t)size, off ? 0 : (uint64_t)daily, off);
}

FEATURE_DEFINE(files) = {
    .name = "files",
    .methods =
	(const struct ipc_method[]){
	    {"send-file",
		"peer [name] [media] [width] [height] [duration] [thumbnail] [thumbnail_media] "
		"[spooled]",
		"Send a file or folder, which comes as a descriptor", call_send_file},
	    {"files", "[peer] [all]", "List files and folders on their way", call_files},
	    {"accept", "id [verify]", "Accept a file that is offered", call_accept},
	    {"decline", "id", "Decline a file that is offered", call_decline},
	    {"pause", "id", "Let a file wait", call_pause},
	    {"resume", "id", "Let a file that was paused go on", call_resume},
	    {"files.cancel", "id", "Cancel a file on its way", call_cancel},
	    {"files.forget", "id", "Forget a file that is over", call_forget},
	    {"files.thumbnail", "id", "Get the small picture of a file", call_thumbnail},
	    {"files.limit", "[rate]", "Limit the bytes a second of all files", call_limit},
	    {"files.auto", "[peer] [size] [daily] [off]",
		"Accept files of a verified person without asking", call_auto},
	    {0},
	},
    .start = transfers_start,
};
