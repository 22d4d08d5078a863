#include "messages.h"

static void
what_is_said_gets_ascending_numbers(void **state)
{
	(void)state;
	struct harness h;
	struct store_read_log read;
	harness_start(&h);
	struct store_put put = msg_out("a", "Good night");
	put.lifetime = 60000;
	put.target = "before"; /* what we never heard or said cannot be answered */
	assert_int_equal(msg_put(&h, &put), -ENOENT);
	put.target = NULL;
	assert_int_equal(msg_put(&h, &put), 0);
	assert_false(put.duplicate);
	assert_int_equal(put.n, 1);
	assert_int_equal(put.of, 0);
	assert_int_equal(put.kept, STORE_CHAT);
	assert_int_equal(put.state, STORE_QUEUED);
	assert_in_range(put.expires, 60000, store_age(h.store) + 60000);
	assert_string_equal(put.kept_id, "a");
	put = msg_in("b", "Good night, good night");
	put.lifetime = 60000;
	put.target = "a";
	assert_int_equal(msg_put(&h, &put), 0);
	assert_int_equal(put.n, 2);
	assert_int_equal(put.of, 1);
	assert_int_equal(put.state, STORE_UNREAD);
	assert_int_equal(put.expires, 0);
	const struct store_message *m = msg_look(&h, 2, &read);
	assert_string_equal(m->peer, JULIET);
	assert_string_equal(m->display, "Juliet");
	assert_string_equal(m->id, "b");
	assert_string_equal(m->body, "Good night, good night");
	assert_string_equal(m->reply_to, "a");
	assert_string_equal(m->reply_text, "Good night");
	assert_int_equal(m->direction, STORE_IN);
	assert_int_equal(m->state, STORE_UNREAD);
	assert_int_equal(m->said_at, 1000);
	assert_true(m->stored_at > 1000);
	assert_null(m->reason);
	assert_null(m->reactions_in);
	store_read_log_finish(&read);
	assert_int_equal(msg_ask(&h, "SELECT length(stanza) FROM message WHERE n = 1"), 10);
	harness_finish(&h);
}

static void
nonsense_is_refused(void **state)
{
	(void)state;
	struct harness h;
	char longer[LIMIT_STANZA_ID + 2];
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	harness_start(&h);
	struct store_put put = msg_out("", "x");
	assert_int_equal(msg_put(&h, &put), -EINVAL);
	put = msg_out("a", "x");
	put.peer = "";
	assert_int_equal(msg_put(&h, &put), -EINVAL);
	put = msg_out(longer, "x");
	assert_int_equal(msg_put(&h, &put), ERR_TOO_BIG);
	put = msg_out("a", "x");
	put.token = longer;
	assert_int_equal(msg_put(&h, &put), ERR_TOO_BIG);
	/* of theirs, an id that is too long is as none */
	put = msg_in(longer, "x");
	assert_int_equal(msg_put(&h, &put), 0);
	assert_string_equal(put.kept_id, "");
	assert_int_equal(msg_ask(&h, "SELECT origin FROM message WHERE n = 1"), 0);
	assert_int_equal(msg_ask(&h, "SELECT count(*) FROM message"), 1);
	harness_finish(&h);
}

static void
an_origin_id_comes_once(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h);
	assert_int_equal(msg_keep(&h, msg_in("a", "one")), 1);
	struct store_put put = msg_in("a", "one again");
	put.peer = "JULIET@Capulet";
	assert_int_equal(msg_put(&h, &put), 0);
	assert_true(put.duplicate);
	assert_int_equal(put.n, 1);
	assert_int_equal(put.state, STORE_UNREAD);
	/* of somebody else, of ours, and without an origin-id it is another */
	put = msg_in("a", "two");
	put.peer = NURSE;
	assert_int_equal(msg_keep(&h, put), 2);
	assert_int_equal(msg_keep(&h, msg_out("a", "three")), 3);
	put = msg_in("a", "four");
	put.origin = false;
	assert_int_equal(msg_keep(&h, put), 4);
	assert_int_equal(msg_keep(&h, put), 5);
	put = msg_in("", "six");
	assert_int_equal(msg_keep(&h, put), 6);
	assert_int_equal(msg_keep(&h, put), 7);
	/* other kinds are kept and so come once as well */
	put = msg_about(msg_in("c", "one!"), STORE_CORRECTION, "a");
	assert_int_equal(msg_keep(&h, put), 8);
	assert_int_equal(msg_put(&h, &put), 0);
	assert_true(put.duplicate);
	assert_int_equal(put.n, 8);
	assert_int_equal(put.kept, STORE_CORRECTION);
	harness_finish(&h);
}

static int
run_forget(struct store_db *db, struct store_job *job)
{
	struct msg_question *q = container_of(job, struct msg_question, job);
	sqlite3_stmt *stmt;
	int err = db_stmt(db, "INSERT INTO forgotten (hash, at) VALUES (?, 1)", &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, db_hash(db, "Juliet@capulet", q->sql));
	return db_run(db, stmt);
}

static void
submit_forget(struct store *s, struct msg_question *q)
{
	q->job.run = run_forget;
	store_submit(s, &q->job);
}

static void
what_was_forgotten_does_not_come_back(void **state)
{
	(void)state;
	struct harness h;
	struct msg_question q = {.sql = "a"};
	harness_start(&h);
	assert_int_equal(HARNESS_ASK(&h, submit_forget, &q), 0);
	harness_close(&h);
	harness_open(&h);
	struct store_put put = msg_in("a", "one");
	assert_int_equal(msg_put(&h, &put), 0);
	assert_true(put.duplicate);
	assert_int_equal(put.n, 0);
	put.peer = NURSE;
	assert_int_equal(msg_keep(&h, put), 1);
	put = msg_in("a", "one");
	put.origin = false;
	assert_int_equal(msg_keep(&h, put), 2);
	assert_int_equal(msg_keep(&h, msg_in("b", "one")), 3);
	harness_finish(&h);
}

static void
a_token_makes_one_message(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h);
	struct store_put put = msg_out("a", "one");
	put.token = "t";
	put.lifetime = 1000;
	assert_int_equal(msg_keep(&h, put), 1);
	assert_true(msg_set(&h, 1, STORE_DELIVERED));
	put.id = "b";
	put.body = "two";
	put.lifetime = 0;
	assert_int_equal(msg_put(&h, &put), 0);
	assert_true(put.duplicate);
	assert_int_equal(put.n, 1);
	assert_int_equal(put.state, STORE_DELIVERED);
	assert_string_equal(put.kept_id, "a");
	assert_true(put.expires > 0);
	put.peer = NURSE;
	assert_int_equal(msg_keep(&h, put), 3);
	harness_finish(&h);
}

static void
names_are_taken_over(void **state)
{
	(void)state;
	struct harness h;
	struct store_read_log read;
	harness_start(&h);
	struct store_put put = msg_in("a", "x");
	put.display = NULL;
	msg_keep(&h, put);
	assert_string_equal(msg_look(&h, 1, &read)->display, JULIET);
	store_read_log_finish(&read);
	put = msg_in("b", "x");
	put.display = "Julia";
	msg_keep(&h, put);
	assert_string_equal(msg_look(&h, 1, &read)->display, "Julia");
	store_read_log_finish(&read);
	put = msg_in("c", "x");
	put.display = NULL;
	msg_keep(&h, put);
	assert_string_equal(msg_look(&h, 1, &read)->display, "Julia");
	store_read_log_finish(&read);
	harness_finish(&h);
}

static void
a_correction_replaces_the_words(void **state)
{
	(void)state;
	for (int out = 0; out < 2; out++) {
		struct harness h;
		struct store_read_log read;
		struct store_put (*say)(const char *, const char *) = out ? msg_out : msg_in;
		harness_start(&h);
		assert_int_equal(msg_keep(&h, say("a", "Good nigth")), 1);
		struct store_put put = msg_about(say("b", "Good night"), STORE_CORRECTION, "a");
		assert_int_equal(msg_put(&h, &put), 0);
		assert_int_equal(put.n, 2);
		assert_int_equal(put.of, 1);
		assert_int_equal(put.kept, STORE_CORRECTION);
		assert_int_equal(put.state, out ? STORE_QUEUED : STORE_SEEN);
		/* what corrects the correction corrects the message */
		put = msg_about(say("c", "Good night!"), STORE_CORRECTION, "b");
		assert_int_equal(msg_put(&h, &put), 0);
		assert_int_equal(put.of, 1);
		const struct store_message *m = msg_look(&h, 1, &read);
		assert_string_equal(m->body, "Good night!");
		assert_true(m->edited_at > 1000);
		store_read_log_finish(&read);
		ASSERT_LOG(&h, 1,
		    out ? "corrected 1 a Good night! edited by1 state0\n"
			  "corrected 1 a Good night! edited by1 state0\n"
			: "corrected 1 a Good night! edited by0 state0\n"
			  "corrected 1 a Good night! edited by0 state0\n");
		harness_finish(&h);
	}
}

static void
nobody_corrects_or_takes_back_what_another_said(void **state)
{
	(void)state;
	struct harness h;
	struct store_read_log read;
	static const enum store_kind kinds[] = {STORE_CORRECTION, STORE_RETRACTION};
	harness_start(&h);
	assert_int_equal(msg_keep(&h, msg_out("ours", "ours")), 1);
	assert_int_equal(msg_keep(&h, msg_in("theirs", "theirs")), 2);
	struct store_put put = msg_in("hers", "hers");
	put.peer = NURSE;
	assert_int_equal(msg_keep(&h, put), 3);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		put = msg_about(msg_out("x", "x"), kinds[i], "theirs");
		assert_int_equal(msg_put(&h, &put), -ENOENT);
		put = msg_about(msg_out("x", "x"), kinds[i], "hers");
		assert_int_equal(msg_put(&h, &put), -ENOENT);
		put = msg_about(msg_out("x", "x"), kinds[i], NULL);
		assert_int_equal(msg_put(&h, &put), -ENOENT);
	}
	put.peer = "nobody@nowhere";
	assert_int_equal(msg_put(&h, &put), -ENOENT);
	assert_int_equal(msg_ask(&h, "SELECT count(*) FROM peer"), 2);
	/* theirs: a correction of nothing is a message, a retraction nothing */
	put = msg_about(msg_in("y", "mine now"), STORE_CORRECTION, "ours");
	assert_int_equal(msg_put(&h, &put), 0);
	assert_int_equal(put.kept, STORE_CHAT);
	assert_int_equal(put.state, STORE_UNREAD);
	assert_int_equal(put.of, 0);
	assert_int_equal(put.n, 4);
	put = msg_about(msg_in("z", NULL), STORE_RETRACTION, "ours");
	assert_int_equal(msg_put(&h, &put), 0);
	assert_int_equal(put.n, 0);
	put = msg_about(msg_in("z", NULL), STORE_RETRACTION, "hers");
	assert_int_equal(msg_put(&h, &put), 0);
	assert_int_equal(put.n, 0);
	assert_string_equal(msg_look(&h, 1, &read)->body, "ours");
	store_read_log_finish(&read);
	assert_string_equal(msg_look(&h, 3, &read)->body, "hers");
	store_read_log_finish(&read);
	harness_finish(&h);
}

static void
what_is_taken_back_leaves_nothing(void **state)
{
	(void)state;
	for (int out = 0; out < 2; out++) {
		struct harness h;
		struct store_read_log read;
		struct store_put (*say)(const char *, const char *) = out ? msg_out : msg_in;
		harness_start(&h);
		msg_keep(&h, say("a", "secret"));
		msg_keep(&h, msg_about(say("b", "secret!"), STORE_CORRECTION, "a"));
		msg_keep(&h, msg_about(say("c", "secret?"), STORE_CORRECTION, "b"));
		msg_keep(&h, msg_about(say("d", NULL), STORE_RETRACTION, "c"));
		const struct store_message *m = msg_look(&h, 1, &read);
		assert_string_equal(m->body, "");
		assert_true(m->retracted);
		store_read_log_finish(&read);
		assert_int_equal(msg_ask(&h, "SELECT count(*) FROM message WHERE body <> ''"
					     " OR instr(coalesce(stanza, ''), 'secret')"),
		    0);
		/* and it stays so */
		struct store_put put = msg_about(say("e", "secret"), STORE_CORRECTION, "a");
		assert_int_equal(msg_put(&h, &put), out ? ERR_LATE : 0);
		put = msg_about(say("f", NULL), STORE_RETRACTION, "a");
		assert_int_equal(msg_put(&h, &put), 0);
		assert_int_equal(msg_ask(&h, "SELECT count(*) FROM message WHERE body <> ''"), 0);
		assert_int_equal(
		    msg_ask(&h, "SELECT count(*) FROM event WHERE kind = 4 AND of = 1"), 1);
		harness_finish(&h);
	}
}

static void
both_sides_react_to_anything(void **state)
{
	(void)state;
	struct harness h;
	struct store_read_log read;
	harness_start(&h);
	msg_keep(&h, msg_out("a", "ours"));
	msg_keep(&h, msg_in("b", "theirs"));
	msg_keep(&h, msg_about(msg_in("c", "+ -"), STORE_REACTION, "a"));
	msg_keep(&h, msg_about(msg_out("d", "="), STORE_REACTION, "a"));
	msg_keep(&h, msg_about(msg_in("e", "*"), STORE_REACTION, "b"));
	const struct store_message *m = msg_look(&h, 1, &read);
	assert_string_equal(m->reactions_in, "+ -");
	assert_string_equal(m->reactions_out, "=");
	store_read_log_finish(&read);
	msg_keep(&h, msg_about(msg_in("f", ""), STORE_REACTION, "a"));
	m = msg_look(&h, 1, &read);
	assert_null(m->reactions_in);
	assert_string_equal(m->reactions_out, "=");
	store_read_log_finish(&read);
	ASSERT_LOG(&h, 2,
	    "reaction 1 a  by0 state0\n"
	    "reaction 1 a = by1 state0\n"
	    "reaction 2 b * by0 state0\n"
	    "reaction 1 a  by0 state0\n");
	struct store_put put = msg_about(msg_out("g", "="), STORE_REACTION, "none");
	assert_int_equal(msg_put(&h, &put), -ENOENT);
	put = msg_about(msg_in("g", "="), STORE_REACTION, "none");
	assert_int_equal(msg_put(&h, &put), 0);
	assert_int_equal(put.n, 0);
	harness_finish(&h);
}

static void
their_marker_means_all_before_it_was_read(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h);
	for (int i = 0; i < 5; i++) {
		char id[8];
		(void)snprintf(id, sizeof(id), "%d", i + 1);
		msg_keep(&h, msg_out(id, "x"));
	}
	msg_keep(&h, msg_in("6", "x"));
	assert_true(msg_set(&h, 1, STORE_DELIVERED));
	assert_true(msg_set(&h, 2, STORE_FAILED));
	assert_true(msg_set(&h, 3, STORE_HANDED_OVER));
	assert_true(msg_set(&h, 4, STORE_DELIVERED));
	struct store_put put = msg_about(msg_in("m", NULL), STORE_MARKER, "4");
	assert_int_equal(msg_put(&h, &put), 0);
	assert_int_equal(put.n, 0);
	assert_int_equal(put.of, 4);
	ASSERT_LOG(&h, 10,
	    "state 1 1  by0 state3\n"
	    "state 3 3  by0 state3\n"
	    "state 4 4  by0 state3\n");
	/* once more, of theirs, of nothing, and of what was never sent: nothing happens */
	static const char *const targets[] = {"4", "6", "none", "5"};
	for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
		put = msg_about(msg_in("m", NULL), STORE_MARKER, targets[i]);
		assert_int_equal(msg_put(&h, &put), 0);
		assert_int_equal(put.n, 0);
	}
	ASSERT_LOG(&h, 13, "");
	harness_finish(&h);
}

static void
our_marker_is_kept_until_it_is_sent(void **state)
{
	(void)state;
	static const enum store_state ends[] = {
	    STORE_HANDED_OVER, STORE_DELIVERED, STORE_FAILED, STORE_CANCELLED};
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		struct harness h;
		harness_start(&h);
		msg_keep(&h, msg_in("a", "x"));
		int64_t n = msg_keep(&h, msg_about(msg_out("m", NULL), STORE_MARKER, "a"));
		assert_int_equal(n, 2);
		if (ends[i] == STORE_CANCELLED)
			assert_true(msg_cancel(&h, n));
		else
			assert_true(msg_set(&h, n, ends[i]));
		assert_int_equal(msg_ask(&h, "SELECT count(*) FROM message"), 1);
		ASSERT_LOG(&h, 1, "");
		assert_false(msg_set(&h, n, STORE_DELIVERED));
		/* its number is not used again, though nothing tells of it */
		harness_close(&h);
		harness_open(&h);
		assert_int_equal(msg_keep(&h, msg_in("b", "x")), 3);
		struct store_put put = msg_about(msg_out("m2", NULL), STORE_MARKER, "none");
		assert_int_equal(msg_put(&h, &put), -ENOENT);
		harness_finish(&h);
	}
}

static void
what_waits_is_cancelled_with_its_corrections(void **state)
{
	(void)state;
	struct harness h;
	struct store_find find = {.id = "a", .direction = STORE_OUT};
	harness_start(&h);
	int64_t a = msg_keep(&h, msg_out("a", "secret"));
	int64_t b = msg_keep(&h, msg_about(msg_out("b", "secret!"), STORE_CORRECTION, "a"));
	msg_keep(&h, msg_about(msg_out("r", "+"), STORE_REACTION, "a"));
	int64_t c = msg_keep(&h, msg_about(msg_out("c", "secret?"), STORE_CORRECTION, "b"));
	find.peer = msg_out("a", "").peer;
	assert_int_equal(HARNESS_ASK(&h, store_find, &find), 0);
	assert_int_equal(find.n, a);
	assert_int_equal(find.correction_count, 2);
	assert_int_equal(find.corrections[0], b);
	assert_int_equal(find.corrections[1], c);
	assert_true(msg_cancel(&h, b));
	assert_true(msg_cancel(&h, a));
	assert_int_equal(HARNESS_ASK(&h, store_find, &find), 0);
	assert_int_equal(find.correction_count, 1);
	struct store_put put = msg_about(msg_out("d", "secret"), STORE_CORRECTION, "a");
	assert_int_equal(msg_put(&h, &put), ERR_LATE);
	/* the other would take the correction of what was never delivered for a message */
	int64_t e = msg_keep(&h, msg_out("e", "too late"));
	assert_true(msg_set(&h, e, STORE_FAILED));
	put = msg_about(msg_out("f", "later"), STORE_CORRECTION, "e");
	assert_int_equal(msg_put(&h, &put), ERR_LATE);
	harness_finish(&h);
}

static int
run_index(struct store_db *db, struct store_job *job)
{
	(void)job;
	int err = db_exec(db, "INSERT INTO words (rowid, body, peer, direction)"
			      " SELECT n, body, peer, direction FROM message WHERE n <= 2");
	db->now.indexed = 2;
	return err ? err : db_meta_set(db, "indexed", 2);
}

static void
submit_index(struct store *s, struct msg_question *q)
{
	q->job.run = run_index;
	store_submit(s, &q->job);
}

/* Rows up to 2 are in the index, the third is not. */
static void
the_index_follows_what_is_changed(void **state)
{
	(void)state;
	struct harness h;
	struct msg_question q = {.sql = ""};
	harness_start(&h);
	msg_keep(&h, msg_in("a", "rose"));
	msg_keep(&h, msg_in("b", "rose"));
	msg_keep(&h, msg_in("c", "rose"));
	assert_int_equal(HARNESS_ASK(&h, submit_index, &q), 0);
	static const char count[] = "SELECT count(*) FROM words WHERE words MATCH 'rose'";
	assert_int_equal(msg_ask(&h, count), 2);
	msg_keep(&h, msg_about(msg_in("d", "thorn"), STORE_CORRECTION, "a"));
	assert_int_equal(msg_ask(&h, count), 1);
	assert_int_equal(msg_ask(&h, "SELECT rowid FROM words WHERE words MATCH 'thorn'"), 1);
	msg_keep(&h, msg_about(msg_in("e", NULL), STORE_RETRACTION, "b"));
	assert_int_equal(msg_ask(&h, count), 0);
	msg_keep(&h, msg_about(msg_in("f", "thorn"), STORE_CORRECTION, "c"));
	msg_keep(&h, msg_about(msg_in("g", NULL), STORE_RETRACTION, "c"));
	assert_int_equal(msg_ask(&h, "SELECT count(*) FROM words WHERE words MATCH 'thorn'"), 1);
	harness_finish(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_said_gets_ascending_numbers),
	    cmocka_unit_test(nonsense_is_refused),
	    cmocka_unit_test(an_origin_id_comes_once),
	    cmocka_unit_test(what_was_forgotten_does_not_come_back),
	    cmocka_unit_test(a_token_makes_one_message),
	    cmocka_unit_test(names_are_taken_over),
	    cmocka_unit_test(a_correction_replaces_the_words),
	    cmocka_unit_test(nobody_corrects_or_takes_back_what_another_said),
	    cmocka_unit_test(what_is_taken_back_leaves_nothing),
	    cmocka_unit_test(both_sides_react_to_anything),
	    cmocka_unit_test(their_marker_means_all_before_it_was_read),
	    cmocka_unit_test(our_marker_is_kept_until_it_is_sent),
	    cmocka_unit_test(what_waits_is_cancelled_with_its_corrections),
	    cmocka_unit_test(the_index_follows_what_is_changed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
