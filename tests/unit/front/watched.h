/* A listener that counts what it is told, and waiting for it. */
#ifndef TESTS_FRONT_WATCHED_H
#define TESTS_FRONT_WATCHED_H

#include "fake.h"

#include "base/buf.h"
#include "front/front.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ROMEO  "romeo@orchard"
#define JULIET "juliet@balcony"

struct seen {
	struct front *f;
	int links, people, persons, gone, messages, changed, histories, notices, attentions, owns;
	int files, refusals, nested;
	char notice[200], refusal[200];
	bool see;    /* what comes at once */
	int answers; /* to be given to "elsewhere" */
	bool inside;
};

static inline void
on_link(void *ctx, enum front_link link, const char *sentence)
{
	struct seen *s = ctx;
	s->links++;
	assert_true((link == FRONT_UP) == (sentence == NULL));
}

static inline void
on_people(void *ctx)
{
	((struct seen *)ctx)->people++;
}

static inline void
on_person(void *ctx, struct front_person *p)
{
	(void)p;
	((struct seen *)ctx)->persons++;
}

static inline void
on_person_gone(void *ctx, struct front_person *p)
{
	(void)p;
	((struct seen *)ctx)->gone++;
}

static inline void
on_message(void *ctx, struct front_person *p, size_t at)
{
	struct seen *s = ctx;
	assert_true(at < p->count);
	s->messages++;
	if (s->see)
		front_seen(s->f, p);
	if (s->answers > 0 && strcmp(p->messages[at]->text, "elsewhere") == 0) {
		s->answers--;
		front_say(s->f, p, "answer", NULL);
	}
}

static inline void
on_message_changed(void *ctx, struct front_person *p, size_t at)
{
	struct seen *s = ctx;
	assert_true(at < p->count);
	s->changed++;
}

static inline void
on_history(void *ctx, struct front_person *p, size_t added)
{
	struct seen *s = ctx;
	assert_true(added <= p->count);
	s->histories++;
}

static inline void
on_notice(void *ctx, struct front_person *p, const struct front_message *m)
{
	struct seen *s = ctx;
	s->notices++;
	(void)snprintf(s->notice, sizeof(s->notice), "%s: %s", p->display, m->text);
}

static inline void
on_file(void *ctx, struct front_file *file, bool progress)
{
	(void)file;
	(void)progress;
	((struct seen *)ctx)->files++;
}

static inline void
on_own(void *ctx, const struct earshot_value *own)
{
	(void)own;
	((struct seen *)ctx)->owns++;
}

static inline void
on_attention(void *ctx, struct front_person *p)
{
	(void)p;
	((struct seen *)ctx)->attentions++;
}

static inline void
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

static inline bool
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
static inline void
settle(struct front *f, int ms)
{
	while (step(f, ms))
		;
}

static inline struct front *
opened(struct seen *s)
{
	*s = (struct seen){0};
	assert_int_equal(front_create(fake_path, "test", &listener, s, &s->f), 0);
	WAIT(s->f, front_link_state(s->f) == FRONT_UP && s->owns > 0);
	settle(s->f, 50);
	return s->f;
}

static inline void
says(const char *who, const char *text)
{
	assert_int_equal(fake_do("says", fake_params2(who, "text", text)), 0);
}

static inline void
becomes(const char *who, const char *id, const char *state)
{
	struct earshot_value *params = fake_params2(who, "id", id);
	earshot_value_set_str(params, "state", state);
	assert_int_equal(fake_do("becomes", params), 0);
}

static inline void
publish(const char *topic, const char *json)
{
	struct earshot_value *params = fake_params2(NULL, "topic", topic), *event = NULL;
	assert_int_equal(earshot_value_parse(json, strlen(json), &event), 0);
	earshot_value_set(params, "event", event);
	assert_int_equal(fake_do("publish", params), 0);
}

static inline void
says_many(const char *who, int64_t count)
{
	struct earshot_value *params = fake_params(who);
	earshot_value_set_int(params, "count", count);
	assert_int_equal(fake_do("says", params), 0);
}

static inline void
tell_of_file(int64_t n, const char *file_state, int64_t done)
{
	struct earshot_value *params = fake_params2(ROMEO, "state", file_state);
	earshot_value_set_int(params, "n", n);
	if (done > 0)
		earshot_value_set_int(params, "done", done);
	assert_int_equal(fake_do("file", params), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fake_setup, fake_teardown)

#endif
