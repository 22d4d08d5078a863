#include "messages.h"

#include <sys/wait.h>

enum { STEPS = 600, EVENTS_MAX = 4000 };

static struct {
	int64_t n[EVENTS_MAX];
	char text[EVENTS_MAX][160];
	int64_t upto;
	size_t count;
	unsigned answered; /* when the first came */
} told;

/* What is the same whenever it is told: not how the message reads now. */
static void
write_lasting(const struct store_event *e, char *out, size_t size)
{
	(void)snprintf(out, size, "%d %d %s %s by%d state%d %s", (int)e->kind, (int)e->message.n,
	    e->message.peer, e->message.id, (int)e->by,
	    e->kind == STORE_EVENT_STATE ? (int)e->state : 0, e->reason ? e->reason : "");
}

static void
on_events(struct harness *h, const struct store_event *events, size_t count)
{
	if (!told.count)
		told.answered = h->answered;
	for (size_t i = 0; i < count && told.count < EVENTS_MAX; i++) {
		told.n[told.count] = events[i].n;
		write_lasting(&events[i], told.text[told.count], sizeof(told.text[0]));
		told.count++;
	}
}

static void
start_watching(struct harness *h)
{
	memset(&told, 0, sizeof(told));
	harness_start(h);
	h->on_events = on_events;
	store_watch(h->store, STORE_WATCH_ALL);
}

static void
events_follow_the_answers_they_belong_to(void **state)
{
	(void)state;
	struct harness h;
	start_watching(&h);
	msg_keep(&h, msg_in("a", "x"));
	while (told.count < 1)
		uv_run(&h.loop, UV_RUN_ONCE);
	assert_int_equal(told.answered, 1);
	assert_string_equal(told.text[0], "0 1 " JULIET " a by0 state0 ");
	store_watch(h.store, 0);
	msg_keep(&h, msg_in("b", "x"));
	msg_ask(&h, "SELECT 1");
	assert_int_equal(told.count, 1);
	/* what was committed while nobody wanted it is not told later */
	store_watch(h.store, STORE_WATCH_ALL);
	msg_keep(&h, msg_in("c", "x"));
	while (told.count < 2)
		uv_run(&h.loop, UV_RUN_ONCE);
	assert_int_equal(told.n[1], 3);
	harness_finish(&h);
}

static unsigned seed = 1;

static unsigned
below(unsigned bound)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % bound;
}

static void
do_something(struct harness *h, unsigned step)
{
	static const char *const people[] = {JULIET, NURSE, "romeo@montague"};
	char id[16], target[16];
	(void)snprintf(id, sizeof(id), "i%u", step);
	(void)snprintf(target, sizeof(target), "i%u", step ? below(step) : 0);
	unsigned what = below(12);
	struct store_put put = below(2) ? msg_in(id, "words") : msg_out(id, "words");
	put.peer = people[below(3)];
	put.kind = what < 5 ? (enum store_kind)what : STORE_CHAT;
	put.target = what < 5 ? target : NULL;
	put.marked = below(2);
	struct store_set_state set = {.n = 1 + below(2 * step + 1),
	    .state = (enum store_state)(1 + below(5)),
	    .reason = "why"};
	struct store_answered answered = {
	    .peer = put.peer, .id = target, .state = (enum store_state)(1 + below(4))};
	struct store_cancel cancel = {.n = set.n};
	struct store_seen seen = {.peer = put.peer, .id = below(2) ? target : NULL};
	if (what < 8)
		(void)HARNESS_ASK(h, store_put, &put);
	else if (what == 8)
		(void)HARNESS_ASK(h, store_set_state, &set);
	else if (what == 9)
		(void)HARNESS_ASK(h, store_answered, &answered);
	else if (what == 10)
		(void)HARNESS_ASK(h, store_cancel, &cancel);
	else
		(void)HARNESS_ASK(h, store_seen, &seen);
}

/* Reads all in pages of random sizes, and compares each event with what was told live. */
static void
compare_pages(struct harness *h)
{
	struct store_read_log read;
	int64_t since = 0;
	size_t at = 0;
	bool more = true;
	while (more) {
		char text[160];
		size_t limit = 1 + below(40);
		msg_read(h, since, limit, &read);
		assert_true(read.count <= limit);
		for (size_t i = 0; i < read.count; i++, at++) {
			assert_true(at < told.count);
			assert_true(read.at[i].n > since);
			assert_int_equal(read.at[i].n, told.n[at]);
			write_lasting(&read.at[i], text, sizeof(text));
			assert_string_equal(text, told.text[at]);
			since = read.at[i].n;
		}
		assert_true(read.upto >= since);
		since = read.upto;
		more = read.more;
		store_read_log_finish(&read);
	}
	assert_int_equal(at, told.count);
}

static void
pages_of_the_log_are_what_was_told_live(void **state)
{
	(void)state;
	for (seed = 1; seed < 4; seed++) {
		struct harness h;
		unsigned first = seed;
		start_watching(&h);
		for (unsigned i = 0; i < STEPS; i++)
			do_something(&h, i);
		msg_ask(&h, "SELECT 1");
		/* the events of the latest commit follow its answer */
		uv_run(&h.loop, UV_RUN_NOWAIT);
		harness_close(&h);
		harness_open(&h);
		assert_true(told.count > STEPS / 4);
		compare_pages(&h);
		harness_finish(&h);
		seed = first;
	}
}

static void
a_page_says_how_far_it_reached(void **state)
{
	(void)state;
	struct harness h;
	struct store_read_log read;
	harness_start(&h);
	msg_read(&h, 0, 10, &read);
	assert_int_equal(read.count, 0);
	assert_int_equal(read.upto, 0);
	assert_false(read.more);
	for (int i = 0; i < 3; i++)
		msg_keep(&h, msg_in("", "x"));
	msg_keep(&h, msg_out("m", "x"));
	msg_keep(&h, msg_in("a", "x"));
	msg_keep(&h, msg_about(msg_out("k", NULL), STORE_MARKER, "a"));
	msg_read(&h, 0, 4, &read);
	assert_int_equal(read.count, 4);
	assert_int_equal(read.upto, 4);
	assert_true(read.more);
	store_read_log_finish(&read);
	/* a number nothing is told of counts as told */
	msg_read(&h, 4, 4, &read);
	assert_int_equal(read.count, 1);
	assert_int_equal(read.upto, 6);
	assert_false(read.more);
	store_read_log_finish(&read);
	msg_read(&h, 100, 4, &read);
	assert_int_equal(read.count, 0);
	store_read_log_finish(&read);
	harness_finish(&h);
}

static void
a_page_holds_no_more_text_than_an_answer(void **state)
{
	(void)state;
	struct harness h;
	struct store_read_log read;
	size_t size = 200000;
	char *big = malloc(size);
	assert_non_null(big);
	memset(big, 'x', size - 1);
	big[size - 1] = '\0';
	harness_start(&h);
	for (int i = 0; i < 20; i++)
		msg_keep(&h, msg_in("", big));
	msg_read(&h, 0, 1000, &read);
	assert_true(read.more);
	assert_in_range(read.count, LIMIT_HISTORY_BYTES / size, LIMIT_HISTORY_BYTES / size + 1);
	store_read_log_finish(&read);
	free(big);
	harness_finish(&h);
}

static int
set_cursor(struct harness *h, const char *name, int64_t n, int64_t *out)
{
	struct store_cursor cursor = {.name = name, .n = n};
	int err = HARNESS_ASK(h, store_cursor_set, &cursor);
	*out = cursor.n;
	return err;
}

static int64_t
get_cursor(struct harness *h, const char *name)
{
	struct store_cursor cursor = {.name = name, .n = 77};
	assert_int_equal(HARNESS_ASK(h, store_cursor_get, &cursor), 0);
	assert_int_equal(cursor.last, 3);
	return cursor.n;
}

static void
a_cursor_is_remembered_and_never_goes_back(void **state)
{
	(void)state;
	struct harness h;
	int64_t n;
	char longer[LIMIT_CURSOR_NAME + 2];
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	harness_start(&h);
	for (int i = 0; i < 3; i++)
		msg_keep(&h, msg_in("", "x"));
	assert_int_equal(get_cursor(&h, "tray"), 0);
	assert_int_equal(set_cursor(&h, "tray", 2, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(set_cursor(&h, "tray", 1, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(set_cursor(&h, "tray", 4, &n), -EINVAL);
	assert_int_equal(set_cursor(&h, "tray", -1, &n), -EINVAL);
	assert_int_equal(set_cursor(&h, "", 1, &n), -EINVAL);
	assert_int_equal(set_cursor(&h, longer, 1, &n), -EINVAL);
	harness_close(&h);
	harness_open(&h);
	assert_int_equal(get_cursor(&h, "tray"), 2);
	assert_int_equal(get_cursor(&h, "Tray"), 0);
	assert_int_equal(get_cursor(&h, NULL), 0); /* and how far the log goes */
	for (int i = 1; i < LIMIT_CURSORS; i++) {
		(void)snprintf(longer, sizeof(longer), "%d", i);
		assert_int_equal(set_cursor(&h, longer, 1, &n), 0);
	}
	assert_int_equal(set_cursor(&h, "one more", 1, &n), ERR_TOO_BIG);
	assert_int_equal(set_cursor(&h, "tray", 3, &n), 0);
	harness_finish(&h);
}

static int
run_delete(struct store_db *db, struct store_job *job)
{
	(void)job;
	db->now.deleted = db->now.wipe = true;
	return db_exec(db, "DELETE FROM message; DELETE FROM event");
}

static void
submit_delete(struct store *s, struct msg_question *q)
{
	q->job.run = run_delete;
	store_submit(s, &q->job);
}

static bool
file_holds(const char *path, const char *text)
{
	static char bytes[1 << 20];
	FILE *f = fopen(path, "rb");
	if (!f)
		return false;
	size_t len = fread(bytes, 1, sizeof(bytes), f), size = strlen(text);
	(void)fclose(f);
	for (size_t i = 0; i + size <= len; i++)
		if (memcmp(bytes + i, text, size) == 0)
			return true;
	return false;
}

static void
numbers_are_not_used_again_and_words_leave_the_disk(void **state)
{
	(void)state;
	struct harness h;
	struct msg_question q = {.sql = ""};
	char wal[128];
	harness_start(&h);
	(void)snprintf(wal, sizeof(wal), "%s-wal", h.path);
	assert_int_equal(msg_keep(&h, msg_in("a", "wherefore art thou")), 1);
	assert_int_equal(msg_keep(&h, msg_out("b", "x")), 2);
	assert_true(file_holds(wal, "wherefore"));
	assert_int_equal(HARNESS_ASK(&h, submit_delete, &q), 0);
	assert_false(file_holds(wal, "wherefore"));
	assert_false(file_holds(h.path, "wherefore"));
	harness_close(&h);
	harness_open(&h);
	assert_int_equal(msg_keep(&h, msg_in("c", "x")), 3);
	harness_finish(&h);
}

/* A process that dies in the middle, with nothing closed. */
static void
after_a_crash_it_goes_on_where_the_answers_were(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++) {
		struct harness h;
		int answers[2];
		int64_t n = 0, last = 0;
		harness_init(&h);
		assert_int_equal(uv_loop_close(&h.loop), 0);
		assert_int_equal(pipe(answers), 0);
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			(void)close(answers[0]);
			if (uv_loop_init(&h.loop))
				_exit(1);
			harness_open(&h);
			for (;;) {
				struct store_put put = msg_out("a", "x");
				if (msg_put(&h, &put) ||
				    write(answers[1], &put.n, sizeof(put.n)) != sizeof(put.n))
					_exit(1);
			}
		}
		(void)close(answers[1]);
		for (int k = 0; k < 20 + 7 * i; k++)
			assert_int_equal(read(answers[0], &n, sizeof(n)), sizeof(n));
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		while (read(answers[0], &n, sizeof(n)) == sizeof(n))
			last = n;
		(void)close(answers[0]);
		last = last ? last : n;
		assert_int_equal(uv_loop_init(&h.loop), 0);
		harness_open(&h);
		assert_int_equal(h.opened, 0);
		assert_string_equal(h.report.moved_to, "");
		assert_true(msg_ask(&h, "SELECT count(*) FROM message") >= last);
		assert_true(msg_keep(&h, msg_out("b", "x")) > last);
		harness_finish(&h);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(events_follow_the_answers_they_belong_to),
	    cmocka_unit_test(pages_of_the_log_are_what_was_told_live),
	    cmocka_unit_test(a_page_says_how_far_it_reached),
	    cmocka_unit_test(a_page_holds_no_more_text_than_an_answer),
	    cmocka_unit_test(a_cursor_is_remembered_and_never_goes_back),
	    cmocka_unit_test(numbers_are_not_used_again_and_words_leave_the_disk),
	    cmocka_unit_test(after_a_crash_it_goes_on_where_the_answers_were),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
