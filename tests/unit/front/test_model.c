/* The model against a daemon that the test makes things happen in. */
#define _GNU_SOURCE /* mkdtemp */
#include "fake.h"

#include "base/buf.h"
#include "front/front.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char ROMEO[] = "romeo@orchard", JULIET[] = "juliet@balcony";

struct seen {
	struct front *f;
	int links, people, persons, gone, messages, changed, histories, notices, attentions, owns;
	int files, refusals, nested;
	char notice[200], refusal[200];
	bool inside;
};

static void
on_link(void *ctx, enum front_link link, const char *sentence)
{
	struct seen *s = ctx;
	s->links++;
	assert_true((link == FRONT_UP) == (sentence == NULL));
}

static void
on_people(void *ctx)
{
	((struct seen *)ctx)->people++;
}

static void
on_person(void *ctx, struct front_person *p)
{
	(void)p;
	((struct seen *)ctx)->persons++;
}

static void
on_person_gone(void *ctx, struct front_person *p)
{
	(void)p;
	((struct seen *)ctx)->gone++;
}

static void
on_message(void *ctx, struct front_person *p, size_t at)
{
	struct seen *s = ctx;
	assert_true(at < p->count);
	s->messages++;
}

static void
on_message_changed(void *ctx, struct front_person *p, size_t at)
{
	struct seen *s = ctx;
	assert_true(at < p->count);
	s->changed++;
}

static void
on_history(void *ctx, struct front_person *p, size_t added)
{
	struct seen *s = ctx;
	assert_true(added <= p->count);
	s->histories++;
}

static void
on_notice(void *ctx, struct front_person *p, const struct front_message *m)
{
	struct seen *s = ctx;
	s->notices++;
	(void)snprintf(s->notice, sizeof(s->notice), "%s: %s", p->display, m->text);
}

static void
on_file(void *ctx, struct front_file *file, bool progress)
{
	(void)file;
	(void)progress;
	((struct seen *)ctx)->files++;
}

static void
on_own(void *ctx, const struct earshot_value *own)
{
	(void)own;
	((struct seen *)ctx)->owns++;
}

static void
on_attention(void *ctx, struct front_person *p)
{
	(void)p;
	((struct seen *)ctx)->attentions++;
}

static void
on_refusal(void *ctx, struct front_person *about, const char *sentence)
{
	struct seen *s = ctx;
	(void)about;
	s->refusals++;
	(void)snprintf(s->refusal, sizeof(s->refusal), "%s", sentence);
}

static const struct front_listener listener = {
    .on_link = on_link,
    .on_people = on_people,
    .on_person = on_person,
    .on_person_gone = on_person_gone,
    .on_message = on_message,
    .on_message_changed = on_message_changed,
    .on_history = on_history,
    .on_notice = on_notice,
    .on_file = on_file,
    .on_own = on_own,
    .on_attention = on_attention,
    .on_refusal = on_refusal,
};

/* ---- waiting ---- */

static bool
step(struct front *f, int ms)
{
	struct pollfd p = {.fd = front_fd(f), .events = POLLIN};
	int n = poll(&p, 1, ms);
	if (n > 0)
		front_dispatch(f);
	return n > 0;
}

/* Until the condition holds; fails after ten seconds. */
#define WAIT(f, condition) \
	do { \
		uint64_t end_ = clock_now() + 10000; \
		while (!(condition) && clock_now() < end_) \
			(void)step(f, 200); \
		assert_true(condition); \
	} while (0)

/* Until nothing has happened for so long. */
static void
settle(struct front *f, int ms)
{
	while (step(f, ms))
		;
}

static struct front *
opened(struct seen *s)
{
	*s = (struct seen){0};
	assert_int_equal(front_create(fake_path, "test", &listener, s, &s->f), 0);
	WAIT(s->f, front_link_state(s->f) == FRONT_UP && s->owns > 0);
	settle(s->f, 50);
	return s->f;
}

static void
says(const char *who, const char *text)
{
	assert_int_equal(fake_do("says", fake_params2(who, "text", text)), 0);
}

static void
becomes(const char *who, const char *id, const char *state)
{
	struct earshot_value *params = fake_params2(who, "id", id);
	earshot_value_set_str(params, "state", state);
	assert_int_equal(fake_do("becomes", params), 0);
}

/* ---- tests ---- */

static void
it_lists_people_and_what_is_unread(void **state)
{
	(void)state;
	struct seen s;
	size_t count;
	says(ROMEO, "one");
	says(ROMEO, "two");
	struct front *f = opened(&s);
	struct front_person *const *people = front_people(f, &count);
	assert_int_equal(count, 3);
	assert_string_equal(people[0]->display, "Romeo"); /* talked with, so first */
	assert_string_equal(people[1]->display, "Juliet");
	assert_int_equal(people[0]->unread, 2);
	assert_int_equal(front_unread(f), 2);
	assert_int_equal(s.notices, 0); /* that was before */
	assert_string_equal(earshot_value_str(front_own(f), "name"), "me@here");
	says(JULIET, "three");
	WAIT(f, s.notices == 1);
	assert_string_equal(s.notice, "Juliet: three");
	people = front_people(f, &count);
	assert_string_equal(people[0]->display, "Juliet");
	front_close(f);
}

static void
what_is_said_is_shown_at_once_and_then_kept(void **state)
{
	(void)state;
	struct seen s;
	struct front *f = opened(&s);
	struct front_person *p = front_find(f, ROMEO);
	front_open(f, p);
	WAIT(f, !p->loading);
	front_say(f, p, "wherefore\r\nart\tthou", NULL);
	WAIT(f, p->count == 1);
	assert_string_equal(p->messages[0]->text, "wherefore\nart    thou");
	WAIT(f, p->messages[0]->mark == FRONT_QUEUED && p->messages[0]->number > 0);
	settle(f, 50);
	assert_int_equal(p->count, 1);
	assert_int_equal(s.messages, 1);
	assert_int_equal(p->queued, 1);
	becomes(ROMEO, p->messages[0]->id, "delivered");
	WAIT(f, p->messages[0]->mark == FRONT_DELIVERED);
	assert_int_equal(p->queued, 0);
	front_say(f, p, "forbidden", NULL);
	WAIT(f, s.refusals == 1);
	assert_int_equal(p->messages[1]->mark, FRONT_FAILED);
	assert_string_equal(s.refusal, "Not to them.");
	front_close(f);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(it_lists_people_and_what_is_unread, fake_setup, fake_teardown),
    cmocka_unit_test_setup_teardown(
	what_is_said_is_shown_at_once_and_then_kept, fake_setup, fake_teardown),
};

int
main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
