/* Saying things to the store, and reading its log, a line a call. */
#ifndef TESTS_STORE_MESSAGES_H
#define TESTS_STORE_MESSAGES_H

#include "harness.h"

#include "store/log.h"

#define JULIET "juliet@capulet"
#define NURSE  "nurse@capulet"

static inline struct store_put
msg_out(const char *id, const char *body)
{
	return (struct store_put){.peer = JULIET,
	    .display = "Juliet",
	    .direction = STORE_OUT,
	    .kind = STORE_CHAT,
	    .id = id,
	    .body = body,
	    .stanza = body,
	    .stanza_len = body ? strlen(body) : 0,
	    .said_at = 1000};
}

static inline struct store_put
msg_in(const char *id, const char *body)
{
	struct store_put put = msg_out(id, body);
	put.direction = STORE_IN;
	put.origin = true;
	return put;
}

/* About another. */
static inline struct store_put
msg_about(struct store_put put, enum store_kind kind, const char *target)
{
	put.kind = kind;
	put.target = target;
	return put;
}

static inline int
msg_put(struct harness *h, struct store_put *put)
{
	return HARNESS_ASK(h, store_put, put);
}

/* The number it got; it must have been kept. */
static inline int64_t
msg_keep(struct harness *h, struct store_put put)
{
	assert_int_equal(msg_put(h, &put), 0);
	assert_false(put.duplicate);
	return put.n;
}

static inline bool
msg_set(struct harness *h, int64_t n, enum store_state state)
{
	struct store_set_state set = {
	    .n = n, .state = state, .reason = state == STORE_FAILED ? "why" : NULL};
	assert_int_equal(HARNESS_ASK(h, store_set_state, &set), 0);
	return set.changed;
}

static inline bool
msg_answered(struct harness *h, const char *id, enum store_state state)
{
	struct store_answered a = {.peer = JULIET, .id = id, .state = state};
	assert_int_equal(HARNESS_ASK(h, store_answered, &a), 0);
	return a.changed;
}

static inline bool
msg_cancel(struct harness *h, int64_t n)
{
	struct store_cancel cancel = {.n = n};
	assert_int_equal(HARNESS_ASK(h, store_cancel, &cancel), 0);
	return cancel.changed;
}

static inline void
msg_mark(struct harness *h, int64_t upto)
{
	struct store_mark mark = {.peer = JULIET, .upto = upto};
	assert_int_equal(HARNESS_ASK(h, store_mark, &mark), 0);
}

static inline void
msg_read(struct harness *h, int64_t since, size_t limit, struct store_read_log *read)
{
	*read = (struct store_read_log){.since = since, .limit = limit};
	assert_int_equal(HARNESS_ASK(h, store_read_log, read), 0);
}

/* The newest entry of the log as text, "KIND n ..."; of a message as it is now. */
static inline void
msg_write_event(const struct store_event *e, char *out, size_t size)
{
	static const char *const kinds[] = {
	    "message", "state", "seen", "corrected", "retracted", "reaction", "forgotten", "trust"};
	const struct store_message *m = &e->message;
	(void)snprintf(out, size, "%s %d %s %s%s%s by%d state%d", kinds[e->kind], (int)m->n, m->id,
	    e->text     ? e->text
	    : e->reason ? e->reason
			: "",
	    m->retracted ? " retracted" : "", m->edited_at ? " edited" : "", (int)e->by,
	    (int)e->state);
}

/* A line for each event above `since`. */
static inline void
msg_log(struct harness *h, int64_t since, char *out, size_t size)
{
	struct store_read_log read;
	size_t len = 0;
	out[0] = '\0';
	msg_read(h, since, 1000, &read);
	for (size_t i = 0; i < read.count && len + 256 < size; i++) {
		msg_write_event(&read.at[i], out + len, size - len - 1);
		len += strlen(out + len);
		out[len++] = '\n';
		out[len] = '\0';
	}
	store_read_log_finish(&read);
}

/* One message as it is now, from the log; its text lives until the read is finished. */
static inline const struct store_message *
msg_look(struct harness *h, int64_t n, struct store_read_log *read)
{
	msg_read(h, n - 1, 1, read);
	assert_int_equal(read->count, 1);
	assert_int_equal(read->at[0].n, n);
	assert_int_equal(read->at[0].kind, STORE_EVENT_MESSAGE);
	return &read->at[0].message;
}

#define ASSERT_LOG(h, since, expected) \
	do { \
		char log_[4096]; \
		msg_log(h, since, log_, sizeof(log_)); \
		assert_string_equal(log_, expected); \
	} while (0)

/* One number the database has. */
struct msg_question {
	struct store_job job;
	const char *sql;
	int64_t answer;
};

static inline int
msg_question_run(struct store_db *db, struct store_job *job)
{
	struct msg_question *q = container_of(job, struct msg_question, job);
	sqlite3_stmt *stmt;
	int err = db_err(db, sqlite3_prepare_v2(db->sql, q->sql, -1, &stmt, NULL));
	if (err)
		return err;
	q->answer = sqlite3_step(stmt) == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : -1;
	return db_err(db, sqlite3_finalize(stmt));
}

static inline void
msg_submit_question(struct store *s, struct msg_question *q)
{
	q->job.run = msg_question_run;
	store_submit(s, &q->job);
}

static inline int64_t
msg_ask(struct harness *h, const char *sql)
{
	struct msg_question q = {.sql = sql};
	assert_int_equal(HARNESS_ASK(h, msg_submit_question, &q), 0);
	return q.answer;
}

#endif
