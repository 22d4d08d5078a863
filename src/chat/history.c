/* What was said before: reading, searching, forgetting, and what waits to be said. */
#include "store/history.h"
#include "base/err.h"
#include "base/str.h"
#include "chat/chat.h"
#include "chat/conversation.h"
#include "peer/roster.h"
#include "store/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_PAGE = 50, DEFAULT_HITS = 20, CONVERSATIONS = 1000 };

/* A question to the store that one call waits for. */
struct question {
	union {
		struct store_page page;
		struct store_search search;
		struct store_outbox outbox;
		struct store_peers peers;
		struct store_forget forget;
		struct store_cursor cursor;
	} request;
	struct roster *roster;
	struct ipc_call *call; /* owed an answer */
	char *peer, *text;     /* owned */
};

static void
question_free(struct question *q)
{
	free(q->peer);
	free(q->text);
	free(q);
}

/* With the person the call names, if it does and `peer` says so. NULL after the call was
 * answered. */
static struct question *
question_create(struct ipc_call *call, bool peer, const char *text)
{
	struct roster *r = ipc_ctx(call);
	const struct person *p = NULL;
	if (peer && value_has(ipc_params(call), "peer")) {
		p = roster_wanted(r, call);
		if (!p)
			return NULL;
	}
	struct question *q = calloc(1, sizeof(*q));
	if (!q || str_replace(&q->peer, p ? p->name : NULL) != 0 ||
	    str_replace(&q->text, text) != 0) {
		if (q)
			question_free(q);
		ipc_fail(call, IPC_INTERNAL, "The daemon is out of memory.");
		return NULL;
	}
	q->roster = r;
	q->call = call;
	return q;
}

static void
answer_list(struct question *q, int err, const struct store_list *list)
{
	if (err) {
		chat_fail_store(q->call, err, "The history could not be read");
		return;
	}
	struct value *messages = value_array(), *v = value_object();
	for (size_t i = 0; i < list->count; i++)
		value_append(messages, message_describe(&list->at[i]));
	value_set(v, "messages", messages);
	value_set_bool(v, "more", list->more);
	ipc_reply(q->call, v);
}

/* A number the call gives, or the fallback; false after the call was answered. */
static bool
number(
    struct ipc_call *call, const char *key, int64_t lo, int64_t hi, int64_t fallback, int64_t *out)
{
	const struct value *params = ipc_params(call);
	*out = value_int(params, key, fallback);
	bool absent = !value_has(params, key);
	if (absent ||
	    (value_kind(value_get(params, key)) == VALUE_INTEGER && *out >= lo && *out <= hi))
		return true;
	ipc_fail(call, IPC_INVALID, "\"%s\" must be a whole number from %lld to %lld.", key,
	    (long long)lo, (long long)hi);
	return false;
}

struct span {
	int64_t since, until, after, before, limit;
};

static bool
read_span(struct ipc_call *call, int64_t limit, struct span *out)
{
	return number(call, "since", 0, INT64_MAX, 0, &out->since) &&
	       number(call, "until", 0, INT64_MAX, 0, &out->until) &&
	       number(call, "after", 0, INT64_MAX, 0, &out->after) &&
	       number(call, "before", 0, INT64_MAX, 0, &out->before) &&
	       number(call, "limit", 1, LIMIT_HISTORY_PAGE, limit, &out->limit);
}

/* ---- history ---- */

static void
on_page(void *ctx, struct store_job *job, int err)
{
	struct question *q = ctx;
	(void)job;
	answer_list(q, err, &q->request.page.list);
	store_list_finish(&q->request.page.list);
	question_free(q);
}

static int
call_history(struct ipc_call *call)
{
	struct span span;
	struct question *q =
	    read_span(call, DEFAULT_PAGE, &span) ? question_create(call, true, NULL) : NULL;
	if (!q)
		return 0;
	q->request.page = (struct store_page){
	    .job = {.done = on_page, .ctx = q},
	    .peer = q->peer,
	    .since = span.since,
	    .until = span.until,
	    .after = span.after,
	    .from_start = value_has(ipc_params(call), "after"),
	    .before = span.before,
	    .limit = (size_t)span.limit,
	};
	store_page(q->roster->store, &q->request.page);
	return 0;
}

static void
on_outbox(void *ctx, struct store_job *job, int err)
{
	struct question *q = ctx;
	(void)job;
	answer_list(q, err, &q->request.outbox.list);
	store_list_finish(&q->request.outbox.list);
	question_free(q);
}

static int
call_outbox(struct ipc_call *call)
{
	struct span span;
	struct question *q =
	    read_span(call, DEFAULT_PAGE, &span) ? question_create(call, true, NULL) : NULL;
	if (!q)
		return 0;
	q->request.outbox = (struct store_outbox){
	    .job = {.done = on_outbox, .ctx = q},
	    .peer = q->peer,
	    .after = span.after,
	    .limit = (size_t)span.limit,
	};
	store_outbox(q->roster->store, &q->request.outbox);
	return 0;
}

/* ---- search ---- */

static void
on_search(void *ctx, struct store_job *job, int err)
{
	struct question *q = ctx;
	(void)job;
	answer_list(q, err, &q->request.search.list);
	store_list_finish(&q->request.search.list);
	question_free(q);
}

static int
call_search(struct ipc_call *call)
{
	const struct value *params = ipc_params(call);
	const char *words = value_str(params, "words"), *direction = value_str(params, "direction");
	struct span span;
	if (str_empty(words) || strlen(words) > LIMIT_SEARCH_WORDS) {
		ipc_fail(call, IPC_INVALID, "Say what to search for, in at most %d bytes.",
		    LIMIT_SEARCH_WORDS);
		return 0;
	}
	if (direction && strcmp(direction, "in") != 0 && strcmp(direction, "out") != 0) {
		ipc_fail(call, IPC_INVALID, "\"direction\" must be \"in\" or \"out\".");
		return 0;
	}
	struct question *q =
	    read_span(call, DEFAULT_HITS, &span) ? question_create(call, true, words) : NULL;
	if (!q)
		return 0;
	q->request.search = (struct store_search){
	    .job = {.done = on_search, .ctx = q},
	    .words = q->text,
	    .peer = q->peer,
	    .since = span.since,
	    .until = span.until,
	    .direction = !direction                     ? -1
			 : strcmp(direction, "in") == 0 ? STORE_IN
							: STORE_OUT,
	    .limit = (size_t)span.limit,
	};
	store_search(q->roster->store, &q->request.search);
	return 0;
}

/* ---- conversations ---- */

static void
on_peers(void *ctx, struct store_job *job, int err)
{
	struct question *q = ctx;
	const struct store_peers *peers = &q->request.peers;
	(void)job;
	if (err) {
		chat_fail_store(q->call, err, "The history could not be read");
	} else {
		struct value *all = value_array(), *v = value_object();
		for (size_t i = 0; i < peers->count; i++) {
			struct value *one = value_object();
			value_set_str(one, "peer", peers->at[i].name);
			value_set_str(one, "display", peers->at[i].display);
			value_set_int(one, "unread", peers->at[i].unread);
			value_set_int(one, "queued", peers->at[i].queued);
			value_set_int(one, "time", peers->at[i].last_at);
			value_set_str(one, "trust", store_trust_word(peers->at[i].trust));
			value_append(all, one);
		}
		value_set(v, "conversations", all);
		ipc_reply(q->call, v);
	}
	store_peers_finish(&q->request.peers);
	question_free(q);
}

static int
call_conversations(struct ipc_call *call)
{
	int64_t limit;
	struct question *q = number(call, "limit", 1, CONVERSATIONS, CONVERSATIONS, &limit)
				 ? question_create(call, false, NULL)
				 : NULL;
	if (!q)
		return 0;
	q->request.peers =
	    (struct store_peers){.job = {.done = on_peers, .ctx = q}, .limit = (size_t)limit};
	store_peers(q->roster->store, &q->request.peers);
	return 0;
}

/* ---- forget ---- */

static void
tell_forgotten(const struct question *q)
{
	struct bus_event e = {.kind = BUS_FORGOTTEN, .before = q->request.forget.before};
	e.person = q->peer ? roster_get(q->roster, q->peer) : NULL;
	if (e.person || !q->peer)
		bus_emit(&q->roster->bus, &e);
}

static void
on_forgotten(void *ctx, struct store_job *job, int err)
{
	struct question *q = ctx;
	(void)job;
	if (q->request.forget.queued)
		conversations_forgotten(q->roster, q->peer);
	if (err) {
		chat_fail_store(q->call, err, "Nothing was forgotten");
	} else {
		struct value *v = value_object();
		value_set_int(v, "count", q->request.forget.count);
		ipc_reply(q->call, v);
		tell_forgotten(q);
	}
	question_free(q);
}

static int
call_forget(struct ipc_call *call)
{
	const struct value *params = ipc_params(call);
	int64_t before;
	if (!value_has(params, "peer") && !value_has(params, "before")) {
		ipc_fail(call, IPC_INVALID,
		    "Say whom or what to forget: \"peer\", \"before\", or both.");
		return 0;
	}
	struct question *q = number(call, "before", 1, INT64_MAX, 0, &before)
				 ? question_create(call, true, NULL)
				 : NULL;
	if (!q)
		return 0;
	q->request.forget = (struct store_forget){
	    .job = {.done = on_forgotten, .ctx = q},
	    .peer = q->peer,
	    .before = before,
	    .queued = value_bool(params, "queued", false),
	};
	store_forget(q->roster->store, &q->request.forget);
	return 0;
}

/* ---- cursors ---- */

static void
on_cursor(void *ctx, struct store_job *job, int err)
{
	struct question *q = ctx;
	(void)job;
	if (err == ERR_TOO_BIG) {
		ipc_fail(
		    q->call, IPC_BUSY, "More than %d cursors cannot be remembered.", LIMIT_CURSORS);
	} else if (err == -EINVAL) {
		ipc_fail(q->call, IPC_INVALID, "No event has this number yet, the newest is %lld.",
		    (long long)q->request.cursor.last);
	} else if (err) {
		chat_fail_store(q->call, err, "The cursor was not kept");
	} else {
		struct value *v = value_object();
		value_set_int(v, "number", q->request.cursor.n);
		value_set_int(v, "last", q->request.cursor.last);
		ipc_reply(q->call, v);
	}
	question_free(q);
}

static int
call_cursor(struct ipc_call *call)
{
	const struct value *params = ipc_params(call);
	const char *name = value_str(params, "name");
	int64_t n;
	if (str_empty(name) || strlen(name) > LIMIT_CURSOR_NAME) {
		ipc_fail(
		    call, IPC_INVALID, "A cursor has a name of 1 to %d bytes.", LIMIT_CURSOR_NAME);
		return 0;
	}
	struct question *q =
	    number(call, "number", 0, INT64_MAX, 0, &n) ? question_create(call, false, name) : NULL;
	if (!q)
		return 0;
	q->request.cursor =
	    (struct store_cursor){.job = {.done = on_cursor, .ctx = q}, .name = q->text, .n = n};
	if (value_has(params, "number"))
		store_cursor_set(q->roster->store, &q->request.cursor);
	else
		store_cursor_get(q->roster->store, &q->request.cursor);
	return 0;
}

FEATURE_DEFINE(history) = {
    .name = "history",
    .methods =
	(const struct ipc_method[]){
	    {"history", "[peer] [since] [until] [after] [before] [limit]", "Read what was said",
		call_history},
	    {"search", "words [peer] [since] [until] [direction] [limit]", "Search what was said",
		call_search},
	    {"conversations", "[limit]", "List the people you talked with", call_conversations},
	    {"outbox", "[peer] [after] [limit]", "List what waits to be delivered", call_outbox},
	    {"forget", "[peer] [before] [queued]", "Delete messages for good", call_forget},
	    {"cursor", "name [number]", "Remember a place in the log of events", call_cursor},
	    {0},
	},
};
