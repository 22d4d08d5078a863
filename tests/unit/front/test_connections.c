/* The model over connections that end and come back. */
#define _GNU_SOURCE /* mkdtemp */
#include "watched.h"

static void
what_is_said_is_said_once_whatever_happens(void **state)
{
	(void)state;
	struct seen s;
	struct front *f = opened(&s);
	struct front_person *p = front_find(f, ROMEO);
	front_open(f, p);
	WAIT(f, !p->loading);
	fake->mute_send = true; /* it is done, and the daemon dies before it says so */
	front_say(f, p, "one", NULL);
	WAIT(f, front_link_state(f) == FRONT_DOWN);
	assert_int_equal(p->messages[0]->mark, FRONT_SENDING);
	front_say(f, p, "two", NULL); /* while there is none */
	front_say(f, p, "three", NULL);
	WAIT(f, p->count == 3);
	fake->mute_send = false;
	fake_end();
	fake_begin();
	says(ROMEO, "meanwhile");
	WAIT(f, p->count == 4 && p->messages[3]->number > 0);
	settle(f, 1500);
	assert_int_equal(fake->messages, 4);
	assert_int_equal(p->count, 4);
	static const char *const texts[] = {"one", "two", "three", "meanwhile"};
	unsigned found = 0;
	for (size_t i = 0; i < 4; i++)
		for (size_t k = 0; k < 4; k++)
			found += strcmp(p->messages[i]->text, texts[k]) == 0;
	assert_int_equal(found, 4);
	for (size_t i = 1; i < 4; i++)
		assert_true(p->messages[i - 1]->number < p->messages[i]->number);
	assert_int_equal(p->queued, 3);
	front_close(f);
}

static void
a_daemon_that_has_not_met_people_yet_is_asked_again(void **state)
{
	(void)state;
	struct seen s;
	struct front *f = opened(&s);
	struct front_person *p = front_find(f, ROMEO);
	front_open(f, p);
	WAIT(f, !p->loading);
	fake_end();
	WAIT(f, front_link_state(f) == FRONT_DOWN);
	front_say(f, p, "one", NULL);
	front_say(f, p, "two", NULL);
	fake->unknown_sends = 3;
	fake_begin();
	WAIT(f, p->count == 2 && p->messages[1]->mark == FRONT_QUEUED);
	assert_int_equal(p->messages[0]->mark, FRONT_QUEUED);
	assert_string_equal(p->messages[0]->text, "one");
	assert_true(p->messages[0]->number < p->messages[1]->number);
	fake->unknown_sends = 1; /* who asks a daemon that runs is told */
	front_say(f, p, "three", NULL);
	WAIT(f, p->count == 3 && p->messages[2]->mark == FRONT_FAILED);
	front_close(f);
}

static void
what_is_not_taken_yet_can_be_cancelled(void **state)
{
	(void)state;
	struct seen s;
	struct front *f = opened(&s);
	struct front_person *p = front_find(f, ROMEO);
	front_open(f, p);
	WAIT(f, !p->loading);
	fake_end();
	WAIT(f, front_link_state(f) == FRONT_DOWN);
	front_say(f, p, "one", NULL);
	front_say(f, p, "two", NULL);
	WAIT(f, p->count == 2);
	front_cancel(f, p, p->messages[0]);
	WAIT(f, p->messages[0]->mark == FRONT_CANCELLED || p->messages[1]->mark == FRONT_CANCELLED);
	fake_begin();
	WAIT(f, fake->messages == 1);
	settle(f, 500);
	assert_string_equal(fake->message[0].text, "two");
	front_close(f);
}

static void
one_notice_tells_of_what_came_while_we_were_away(void **state)
{
	(void)state;
	struct seen s;
	struct front *f = opened(&s);
	fake_end();
	WAIT(f, front_link_state(f) == FRONT_DOWN);
	fake_begin();
	says_many(ROMEO, 5); /* before the front is back: it waits a moment first */
	says(JULIET, "psst");
	WAIT(f, front_unread(f) == 6);
	settle(f, 1500);
	assert_int_equal(front_unread(f), 6);
	assert_int_equal(s.notices, 2);
	front_close(f);
}

static void
who_is_not_known_any_more_is_gone(void **state)
{
	(void)state;
	struct seen s;
	says(JULIET, "one");
	struct front *f = opened(&s);
	fake_end();
	WAIT(f, front_link_state(f) == FRONT_DOWN);
	fake->person[1].forgotten = fake->person[2].forgotten = true;
	fake_begin();
	WAIT(f, s.gone == 1);
	assert_null(front_find(f, fake->person[2].name));
	assert_int_equal(front_find(f, JULIET)->presence, FRONT_GONE); /* but talked with */
	front_close(f);
}

/* An answer from before an event comes behind it: what is unread stays unread. */
static void
late_counts_do_not_undo_what_was_told(void **state)
{
	(void)state;
	struct seen s = {0};
	fake->late_counts = true;
	assert_int_equal(front_create(fake_path, "test", &listener, &s, &s.f), 0);
	WAIT(s.f, s.owns > 0);
	says(ROMEO, "one");
	WAIT(s.f, front_unread(s.f) == 1);
	while (step(s.f, 1500))
		assert_int_equal(front_unread(s.f), 1);
	front_close(s.f);
}

static void
calls_fail_while_there_is_no_daemon(void **state)
{
	(void)state;
	struct seen s;
	struct front *f = opened(&s);
	fake_end();
	WAIT(f, front_link_state(f) == FRONT_DOWN);
	assert_non_null(front_link_sentence(f));
	front_call(f, "status", NULL, NULL, NULL);
	assert_int_equal(s.refusals, 0); /* never inside the call */
	WAIT(f, s.refusals == 1);
	fake_begin();
	front_retry(f);
	WAIT(f, front_link_state(f) == FRONT_UP);
	assert_null(front_link_sentence(f));
	front_close(f);
}

static void
what_was_forgotten_is_gone(void **state)
{
	(void)state;
	struct seen s;
	says_many(ROMEO, 5);
	says_many(JULIET, 5);
	struct front *f = opened(&s);
	struct front_person *p = front_find(f, ROMEO);
	front_open(f, p);
	WAIT(f, p->count == 5);
	assert_int_equal(fake_do("forget", fake_params(ROMEO)), 0);
	WAIT(f, p->count == 0 && p->unread == 0 && p->last == 0);
	assert_int_equal(front_unread(f), 5);
	front_close(f);
}

/* ---- after any number of events and connections it is what a fresh one is ---- */

static void
dump_person(struct buf *b, const struct front_person *p)
{
	buf_fmt(b, "%s|%s|%s|%s|%s|%d|%lld|%u|%u|%d\n", p->name, p->display, p->status, p->trust,
	    p->client, (int)p->presence, (long long)p->last, p->unread, p->queued, p->is_encrypted);
	size_t first = p->count > 60 ? p->count - 60 : 0;
	for (size_t i = first; p->opened && i < p->count; i++) {
		const struct front_message *m = p->messages[i];
		buf_fmt(b, "  %lld|%lld|%d%d%d%d%d|%d|%s|%s|%s|%s|%s|%s\n", (long long)m->number,
		    (long long)m->time, m->ours, m->action, m->file, m->edited, m->retracted,
		    (int)m->mark, m->id, m->text, m->reply ? m->reply : "-",
		    m->reply_text ? m->reply_text : "-", m->trust,
		    m->reactions ? m->reactions : "-");
	}
}

static char *
dump(struct front *f)
{
	struct buf b = BUF_INIT(1 << 22);
	size_t count;
	struct front_person *const *people = front_people(f, &count);
	for (size_t i = 0; i < count; i++)
		dump_person(&b, people[i]);
	struct front_file *const *files = front_files(f, &count);
	for (size_t i = 0; i < count; i++) {
		char *json = earshot_value_write(files[i]->info);
		buf_fmt(&b, "%s %s\n", files[i]->id, earshot_value_str(files[i]->info, "state"));
		free(json);
	}
	char *text = buf_take(&b);
	assert_non_null(text);
	return text;
}

static uint32_t dice_state;

static uint32_t
dice(uint32_t sides)
{
	dice_state = dice_state * 1664525 + 1013904223;
	return (dice_state >> 8) % sides;
}

static const char *
somebody(void)
{
	return fake->person[dice((uint32_t)fake->people)].name;
}

/* The id of one of the newest messages, and whose it is. */
static const char *
some_message(const char **who, bool ours)
{
	*who = somebody();
	for (int i = 0; i < 30 && fake->messages > 0; i++) {
		int back = (int)dice(fake->messages < 40 ? (uint32_t)fake->messages : 40);
		const struct fake_message *m = &fake->message[fake->messages - 1 - back];
		*who = fake->person[m->person].name;
		if (m->ours == ours)
			return m->id;
	}
	return NULL;
}

static void
happen_to_message(const char *method, bool ours, const char *key, const char *value, bool theirs)
{
	const char *who;
	const char *id = some_message(&who, ours);
	if (!id)
		return;
	struct earshot_value *params = fake_params2(who, "id", id);
	if (strcmp(key, "reactions") == 0) {
		struct earshot_value *all = earshot_value_array();
		if (*value)
			earshot_value_append_str(all, value);
		earshot_value_set(params, key, all);
	} else
		earshot_value_set_str(params, key, value);
	earshot_value_set_bool(params, "theirs", theirs);
	assert_int_equal(fake_do(method, params), 0);
}

static void
happen(void)
{
	static const char *const states[] = {"handed over", "delivered", "read", "failed"};
	static const char *const presences[] = {"answered", "announced", "silent", "gone"};
	static const char *const trusts[] = {"plain", "known", "verified"};
	static const char *const marks[] = {"", "A", "B"};
	struct earshot_value *params;
	char name[40];
	const char *who, *id;
	bool ours = dice(2);
	switch (dice(12)) {
	case 0:
	case 1:
	case 2:
		params = fake_params2(somebody(), "text", "in");
		earshot_value_set_int(params, "count", dice(8));
		assert_int_equal(fake_do("says", params), 0);
		break;
	case 3:
		params = fake_params2(somebody(), "text", "out");
		earshot_value_set_bool(params, "ours", true);
		assert_int_equal(fake_do("says", params), 0);
		break;
	case 4:
		happen_to_message("becomes", true, "state", states[dice(4)], false);
		break;
	case 5:
		happen_to_message("edit", ours, "text", "edited", !ours);
		break;
	case 6:
		happen_to_message("react", dice(2), "reactions", marks[dice(3)], dice(2));
		break;
	case 7:
		id = some_message(&who, false);
		assert_int_equal(fake_do("seen", fake_params2(who, "id", dice(2) ? id : NULL)), 0);
		break;
	case 8:
		params = fake_params2(somebody(), "state", presences[dice(4)]);
		earshot_value_set_str(params, "status", dice(2) ? "away" : "available");
		assert_int_equal(fake_do("person", params), 0);
		break;
	case 9:
		assert_int_equal(
		    fake_do("trust", fake_params2(somebody(), "trust", trusts[dice(3)])), 0);
		break;
	case 10:
		tell_of_file(
		    dice(fake->files < FAKE_FILES ? (uint32_t)fake->files + 1 : FAKE_FILES),
		    dice(2) ? "offered" : "done", 0);
		break;
	default:
		if (fake->people < 40 && dice(3) == 0) {
			(void)snprintf(name, sizeof(name), "new%d@here", fake->people);
			params = fake_params2(name, "state", "announced");
			assert_int_equal(fake_do("person", params), 0);
		} else if (dice(8) == 0)
			assert_int_equal(fake_do("forget", fake_params(somebody())), 0);
		else
			happen_to_message("retract", ours, "text", "", !ours);
		break;
	}
}

static void
open_all(struct front *f)
{
	size_t count;
	struct front_person *const *people = front_people(f, &count);
	for (size_t i = 0; i < count; i += 2)
		front_open(f, front_find(f, people[i]->name));
}

/* Those opened here are opened there. */
static void
open_same(struct front *f, struct front *other)
{
	size_t count;
	struct front_person *const *people = front_people(f, &count);
	for (size_t i = 0; i < count; i++)
		if (people[i]->opened)
			front_open(other, front_find(other, people[i]->name));
}

static void
compare_with_fresh(struct front *f)
{
	struct seen s;
	settle(f, 1500); /* what is counted is asked for again a while after events */
	struct front *fresh = opened(&s);
	open_same(f, fresh);
	settle(fresh, 300);
	char *a = dump(f), *b = dump(fresh);
	if (strcmp(a, b) != 0) {
		size_t same = 0, line = 0;
		for (; a[same] == b[same]; same++)
			line = a[same] == '\n' ? same + 1 : line;
		print_message("kept:  %.120s\nfresh: %.120s\n", a + line, b + line);
		fail_msg("they differ");
	}
	free(a);
	free(b);
	front_close(fresh);
}

/* The daemon ends at some point, and more happens before it is back, and meanwhile. */
static void
lose_connection(struct front *f)
{
	if (dice(2))
		settle(f, 20);
	fake_end();
	if (dice(2))
		WAIT(f, front_link_state(f) == FRONT_DOWN);
	fake_begin();
	for (int i = 0; i < 10; i++)
		happen();
	WAIT(f, front_link_state(f) == FRONT_UP);
}

static void
after_any_events_and_connections_it_equals_a_fresh_one(void **state)
{
	(void)state;
	struct seen s;
	const char *seed = getenv("FRONT_SEED"); /* NOLINT(concurrency-mt-unsafe) */
	dice_state = seed ? (uint32_t)strtoul(seed, NULL, 10) : 1;
	struct front *f = opened(&s);
	for (int round = 0; round < 12; round++) {
		for (int i = 0; i < 25; i++) {
			happen();
			if (dice(3) == 0)
				(void)step(f, 0);
		}
		open_all(f);
		if (dice(2))
			lose_connection(f);
		compare_with_fresh(f);
	}
	assert_int_equal(s.refusals, 0);
	front_close(f);
}

static const struct CMUnitTest tests[] = {
    TEST(what_is_said_is_said_once_whatever_happens),
    TEST(a_daemon_that_has_not_met_people_yet_is_asked_again),
    TEST(what_is_not_taken_yet_can_be_cancelled),
    TEST(one_notice_tells_of_what_came_while_we_were_away),
    TEST(who_is_not_known_any_more_is_gone),
    TEST(late_counts_do_not_undo_what_was_told),
    TEST(calls_fail_while_there_is_no_daemon),
    TEST(what_was_forgotten_is_gone),
    TEST(after_any_events_and_connections_it_equals_a_fresh_one),
};

int
main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
