/* The engine with which two people compare a code (peer/verify.h): everything in every state, pairs
 * of engines in every order, and somebody in between. */
#include "peer/verify.h"

#include "base/err.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NOW = 1000000, ATTACKS = 100000, GRINDS = 200, RANDOM_RUNS = 20000 };

/* The check that what is revealed was committed to can be taken away, to see that it is needed. */
bool __real_sas_kept(const uint8_t *commitment, const uint8_t *nonce);
bool __wrap_sas_kept(const uint8_t *commitment, const uint8_t *nonce);
static bool unchecked;

bool
__wrap_sas_kept(const uint8_t *commitment, const uint8_t *nonce)
{
	return unchecked || __real_sas_kept(commitment, nonce);
}

static uint64_t seed;

static uint32_t
next_random(void)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33);
}

static void
fill(uint8_t *out, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(next_random() >> 8);
}

static struct verify_channel
channel(uint64_t stream, uint8_t own, uint8_t peer)
{
	struct verify_channel c = {.stream = stream};
	memset(c.exporter, (int)stream, sizeof(c.exporter));
	memset(c.own.bytes, own, sizeof(c.own.bytes));
	memset(c.peer.bytes, peer, sizeof(c.peer.bytes));
	return c;
}

/* ---- everything in every state ---- */

static const uint8_t our_nonce[SAS_NONCE_SIZE] = {1}, their_nonce[SAS_NONCE_SIZE] = {2};

/* low: our key is the lower one. ours, theirs: who has confirmed, while SHOWN. */
static void
bring_to(struct verify *v, enum verify_state state, bool low, bool ours, bool theirs)
{
	struct verify_channel c = channel(1, low ? 1 : 9, 5);
	uint8_t commitment[SAS_COMMITMENT_SIZE];
	struct verify_step step;
	*v = (struct verify){0};
	assert_int_equal(sas_commit(their_nonce, commitment), 0);
	if (state == VERIFY_COMMITTED)
		assert_int_equal(verify_start(v, &c, our_nonce, NOW, &step), 0);
	if (state == VERIFY_ANSWERED || state == VERIFY_SHOWN)
		assert_int_equal(
		    verify_take(v, &c, VERIFY_COMMIT, commitment, our_nonce, NOW, &step), 0);
	if (state == VERIFY_SHOWN)
		assert_int_equal(
		    verify_take(v, &c, VERIFY_REVEAL, their_nonce, our_nonce, NOW, &step), 0);
	if (ours)
		assert_int_equal(verify_answer(v, true, NOW, &step), 0);
	if (theirs)
		assert_int_equal(
		    verify_take(v, &c, VERIFY_CONFIRM, NULL, our_nonce, NOW, &step), 0);
	assert_int_equal(v->state, state);
}

/* NOTHING is sent; unsigned, as it is no stage */
enum { NOTHING = VERIFY_STAGES };

static const struct row {
	enum verify_state state;
	enum verify_stage event;
	int result;
	enum verify_state next;
	unsigned sent;
	enum verify_news news;
	enum verify_why why;
} rows[] = {
    {VERIFY_IDLE, VERIFY_COMMIT, 0, VERIFY_ANSWERED, VERIFY_NONCE, VERIFY_BEGUN, 0},
    {VERIFY_IDLE, VERIFY_NONCE, ERR_PROTO, VERIFY_IDLE, NOTHING, VERIFY_NO_NEWS, 0},
    {VERIFY_IDLE, VERIFY_REVEAL, ERR_PROTO, VERIFY_IDLE, NOTHING, VERIFY_NO_NEWS, 0},
    {VERIFY_IDLE, VERIFY_CONFIRM, ERR_PROTO, VERIFY_IDLE, NOTHING, VERIFY_NO_NEWS, 0},
    {VERIFY_IDLE, VERIFY_ABORT, 0, VERIFY_IDLE, NOTHING, VERIFY_NO_NEWS, 0},
    /* both at once: here ours is the higher key */
    {VERIFY_COMMITTED, VERIFY_COMMIT, 0, VERIFY_ANSWERED, VERIFY_NONCE, VERIFY_BEGUN, 0},
    {VERIFY_COMMITTED, VERIFY_NONCE, 0, VERIFY_SHOWN, VERIFY_REVEAL, VERIFY_CODE, 0},
    {VERIFY_COMMITTED, VERIFY_REVEAL, ERR_PROTO, VERIFY_IDLE, VERIFY_ABORT, VERIFY_ENDED,
	VERIFY_BROKEN},
    {VERIFY_COMMITTED, VERIFY_CONFIRM, ERR_PROTO, VERIFY_IDLE, VERIFY_ABORT, VERIFY_ENDED,
	VERIFY_BROKEN},
    {VERIFY_COMMITTED, VERIFY_ABORT, 0, VERIFY_IDLE, NOTHING, VERIFY_ENDED, VERIFY_BY_THEM},
    {VERIFY_ANSWERED, VERIFY_COMMIT, ERR_PROTO, VERIFY_IDLE, VERIFY_ABORT, VERIFY_ENDED,
	VERIFY_BROKEN},
    {VERIFY_ANSWERED, VERIFY_NONCE, ERR_PROTO, VERIFY_IDLE, VERIFY_ABORT, VERIFY_ENDED,
	VERIFY_BROKEN},
    {VERIFY_ANSWERED, VERIFY_REVEAL, 0, VERIFY_SHOWN, NOTHING, VERIFY_CODE, 0},
    {VERIFY_ANSWERED, VERIFY_CONFIRM, ERR_PROTO, VERIFY_IDLE, VERIFY_ABORT, VERIFY_ENDED,
	VERIFY_BROKEN},
    {VERIFY_ANSWERED, VERIFY_ABORT, 0, VERIFY_IDLE, NOTHING, VERIFY_ENDED, VERIFY_BY_THEM},
    {VERIFY_SHOWN, VERIFY_COMMIT, ERR_PROTO, VERIFY_IDLE, VERIFY_ABORT, VERIFY_ENDED,
	VERIFY_BROKEN},
    {VERIFY_SHOWN, VERIFY_NONCE, ERR_PROTO, VERIFY_IDLE, VERIFY_ABORT, VERIFY_ENDED, VERIFY_BROKEN},
    {VERIFY_SHOWN, VERIFY_REVEAL, ERR_PROTO, VERIFY_IDLE, VERIFY_ABORT, VERIFY_ENDED,
	VERIFY_BROKEN},
    {VERIFY_SHOWN, VERIFY_CONFIRM, 0, VERIFY_SHOWN, NOTHING, VERIFY_CONFIRMED, 0},
    {VERIFY_SHOWN, VERIFY_ABORT, 0, VERIFY_IDLE, NOTHING, VERIFY_ENDED, VERIFY_BY_THEM},
};

static void
expect_step(const struct row *r, int result, const struct verify *v, const struct verify_step *step)
{
	assert_int_equal(result, r->result);
	assert_int_equal(v->state, r->next);
	assert_int_equal(step->send ? step->stage : NOTHING, r->sent);
	assert_int_equal(step->news, r->news);
	if (r->news == VERIFY_ENDED)
		assert_int_equal(step->why, r->why);
}

static void
every_message_in_every_state(void **state)
{
	(void)state;
	assert_int_equal(sizeof(rows) / sizeof(rows[0]), VERIFY_STATES * VERIFY_STAGES);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		struct verify v;
		struct verify_step step;
		struct verify_channel c = channel(1, 9, 5);
		bring_to(&v, r->state, false, false, false);
		int err = verify_take(&v, &c, r->event, their_nonce, our_nonce, NOW, &step);
		expect_step(r, err, &v, &step);
	}
}

static void
another_stream_ends_it(void **state)
{
	(void)state;
	for (unsigned s = VERIFY_COMMITTED; s < VERIFY_STATES; s++)
		for (unsigned m = 0; m < VERIFY_STAGES; m++) {
			struct verify v;
			struct verify_step step;
			struct verify_channel c = channel(2, 9, 5);
			bring_to(&v, (enum verify_state)s, false, false, false);
			assert_int_equal(verify_take(&v, &c, (enum verify_stage)m, their_nonce,
					     our_nonce, NOW, &step),
			    ERR_PROTO);
			assert_int_equal(v.state, VERIFY_IDLE);
			assert_int_equal(step.news, VERIFY_ENDED);
			assert_int_equal(step.why, VERIFY_BROKEN);
		}
}

static void
what_is_no_stage_ends_it(void **state)
{
	(void)state;
	for (unsigned s = 0; s < VERIFY_STATES; s++) {
		struct verify v;
		struct verify_step step;
		struct verify_channel c = channel(1, 9, 5);
		bring_to(&v, (enum verify_state)s, false, false, false);
		assert_int_equal(
		    verify_take(&v, &c, VERIFY_STAGES, NULL, our_nonce, NOW, &step), ERR_PROTO);
		assert_int_equal(v.state, VERIFY_IDLE);
	}
}

static void
humans_and_time_in_every_state(void **state)
{
	(void)state;
	for (unsigned s = 0; s < VERIFY_STATES; s++) {
		struct verify v;
		struct verify_step step;
		struct verify_channel c = channel(1, 9, 5);
		bool shown = s == VERIFY_SHOWN, idle = s == VERIFY_IDLE;
		bring_to(&v, (enum verify_state)s, false, false, false);
		assert_int_equal(verify_start(&v, &c, our_nonce, NOW, &step), idle ? 0 : -EBUSY);
		for (int same = 0; same < 2; same++) {
			bring_to(&v, (enum verify_state)s, false, false, false);
			assert_int_equal(verify_answer(&v, same, NOW, &step), shown ? 0 : -EINVAL);
			if (shown)
				assert_int_equal(step.stage, same ? VERIFY_CONFIRM : VERIFY_ABORT);
			assert_int_equal(step.send, shown);
		}
		bring_to(&v, (enum verify_state)s, false, false, false);
		uint64_t time = shown ? VERIFY_TIME : VERIFY_ANSWER_TIME;
		assert_int_equal(verify_due(&v, NOW), idle ? 0 : time);
		verify_tick(&v, NOW + time - 1, &step);
		assert_int_equal(step.news, VERIFY_NO_NEWS);
		verify_tick(&v, NOW + time, &step);
		assert_int_equal(v.state, VERIFY_IDLE);
		assert_int_equal(step.news, idle ? VERIFY_NO_NEWS : VERIFY_ENDED);
		assert_int_equal(step.send, !idle);
		bring_to(&v, (enum verify_state)s, false, false, false);
		verify_end(&v, VERIFY_LOST, NOW, &step);
		assert_int_equal(v.state, VERIFY_IDLE);
		assert_int_equal(step.news, idle ? VERIFY_NO_NEWS : VERIFY_ENDED);
		assert_false(step.send); /* there is nobody any more to tell */
	}
}

static void
both_humans_must_confirm(void **state)
{
	(void)state;
	struct verify v;
	struct verify_step step;
	struct verify_channel c = channel(1, 9, 5);
	bring_to(&v, VERIFY_SHOWN, false, true, false);
	assert_int_equal(verify_answer(&v, true, NOW, &step), -EINVAL); /* once is enough */
	assert_int_equal(verify_take(&v, &c, VERIFY_CONFIRM, NULL, our_nonce, NOW, &step), 0);
	assert_int_equal(step.news, VERIFY_DONE);
	assert_true(tls_id_equal(&step.key, &c.peer));
	bring_to(&v, VERIFY_SHOWN, false, false, true);
	assert_int_equal(
	    verify_take(&v, &c, VERIFY_CONFIRM, NULL, our_nonce, NOW, &step), ERR_PROTO);
	assert_int_equal(v.state, VERIFY_IDLE);
	bring_to(&v, VERIFY_SHOWN, false, false, true);
	assert_int_equal(verify_answer(&v, true, NOW, &step), 0);
	assert_int_equal(step.stage, VERIFY_CONFIRM);
	assert_int_equal(step.news, VERIFY_DONE);
	bring_to(&v, VERIFY_SHOWN, false, true, false);
	assert_int_equal(verify_answer(&v, false, NOW, &step), 0); /* a second thought */
	assert_int_equal(step.news, VERIFY_ENDED);
	assert_int_equal(step.why, VERIFY_BY_US);
	assert_int_equal(step.stage, VERIFY_ABORT);
	bring_to(&v, VERIFY_SHOWN, false, true, false);
	assert_int_equal(verify_take(&v, &c, VERIFY_ABORT, NULL, our_nonce, NOW, &step), 0);
	assert_int_equal(step.why, VERIFY_BY_THEM);
}

static void
the_lower_key_stays_the_initiator(void **state)
{
	(void)state;
	struct verify v;
	struct verify_step step;
	struct verify_channel c = channel(1, 1, 5);
	bring_to(&v, VERIFY_COMMITTED, true, false, false);
	assert_int_equal(
	    verify_take(&v, &c, VERIFY_COMMIT, their_nonce, our_nonce, NOW, &step), -EBUSY);
	assert_int_equal(v.state, VERIFY_COMMITTED);
	assert_false(step.send);
	assert_int_equal(verify_take(&v, &c, VERIFY_NONCE, their_nonce, our_nonce, NOW, &step), 0);
	assert_int_equal(v.state, VERIFY_SHOWN);
}

static void
what_was_not_committed_to_is_refused(void **state)
{
	(void)state;
	struct verify v;
	struct verify_step step;
	struct verify_channel c = channel(1, 9, 5);
	bring_to(&v, VERIFY_ANSWERED, false, false, false);
	assert_int_equal(
	    verify_take(&v, &c, VERIFY_REVEAL, our_nonce, our_nonce, NOW, &step), ERR_PROTO);
	assert_int_equal(step.news, VERIFY_ENDED);
	assert_int_equal(step.why, VERIFY_CHEATED);
	assert_int_equal(step.stage, VERIFY_ABORT);
}

static void
tries_are_few_and_apart(void **state)
{
	(void)state;
	struct verify v = {0};
	struct verify_step step;
	struct verify_channel c = channel(1, 9, 5);
	uint64_t now = NOW;
	for (int i = 0; i < LIMIT_VERIFY_TRIES; i++) {
		bool ours = i % 2; /* whoever begins, it counts */
		assert_int_equal(verify_wait(&v, now), 0);
		if (ours)
			assert_int_equal(verify_start(&v, &c, our_nonce, now, &step), 0);
		else
			assert_int_equal(
			    verify_take(&v, &c, VERIFY_COMMIT, their_nonce, our_nonce, now, &step),
			    0);
		verify_end(&v, VERIFY_BY_US, now, &step);
		if (i + 1 == LIMIT_VERIFY_TRIES)
			break;
		assert_int_equal(verify_wait(&v, now), VERIFY_PAUSE);
		assert_int_equal(verify_start(&v, &c, our_nonce, now, &step), -EAGAIN);
		now += VERIFY_PAUSE - 1;
		assert_int_equal(
		    verify_take(&v, &c, VERIFY_COMMIT, their_nonce, our_nonce, now, &step),
		    -EAGAIN);
		assert_int_equal(v.state, VERIFY_IDLE);
		now++;
	}
	now = NOW + VERIFY_PERIOD;
	assert_int_equal(verify_start(&v, &c, our_nonce, now - 1, &step), -EAGAIN);
	assert_int_equal(verify_wait(&v, now - 1), 1);
	assert_int_equal(verify_start(&v, &c, our_nonce, now, &step), 0);
	/* at the very beginning of time, too */
	v = (struct verify){0};
	assert_int_equal(verify_start(&v, &c, our_nonce, 0, &step), 0);
	verify_end(&v, VERIFY_BY_US, 0, &step);
	assert_int_equal(verify_start(&v, &c, our_nonce, 0, &step), -EAGAIN);
}

static void
stages_have_names(void **state)
{
	(void)state;
	for (unsigned i = 0; i < VERIFY_STAGES; i++)
		assert_int_equal(verify_stage_find(verify_stage_name((enum verify_stage)i)), i);
	assert_int_equal(verify_stage_find(""), VERIFY_STAGES);
	assert_int_equal(verify_stage_find("Commit"), VERIFY_STAGES);
}

/* ---- two of them ---- */

enum { QUEUE = 16 };

struct side {
	struct verify v;
	struct verify_channel c;
	struct {
		enum verify_stage stage;
		uint8_t data[VERIFY_DATA_SIZE];
	} queue[QUEUE]; /* what the other has sent */
	size_t first, count;
	bool yes; /* its human has said so */
	bool done;
	struct sas shown;
	bool has_shown;
};

static void
happens(struct side *s, struct side *other, const struct verify_step *step)
{
	if (step->send) {
		size_t at = other->first + other->count++;
		assert_true(other->count <= QUEUE);
		other->queue[at % QUEUE].stage = step->stage;
		memcpy(other->queue[at % QUEUE].data, step->data, VERIFY_DATA_SIZE);
	}
	if (step->news == VERIFY_CODE) {
		s->shown = s->v.sas;
		s->has_shown = true;
	}
	if (step->news == VERIFY_DONE) {
		s->done = true;
		assert_true(s->yes && other->yes);
		assert_true(s->has_shown && other->has_shown);
		assert_string_equal(s->shown.words, other->shown.words);
		assert_string_equal(s->shown.digits, other->shown.digits);
		assert_true(tls_id_equal(&step->key, &s->c.peer));
	}
	if (step->news == VERIFY_BEGUN)
		s->yes = s->has_shown = false;
}

static void
take_one(struct side *s, struct side *other)
{
	struct verify_step step;
	uint8_t nonce[SAS_NONCE_SIZE];
	if (s->count == 0)
		return;
	size_t at = s->first++ % QUEUE;
	s->count--;
	fill(nonce, sizeof(nonce));
	int err =
	    verify_take(&s->v, &s->c, s->queue[at].stage, s->queue[at].data, nonce, NOW, &step);
	assert_true(err == 0 || err == -EBUSY || err == -EAGAIN || err == ERR_PROTO);
	happens(s, other, &step);
}

static void
in_any_order_it_is_done_by_both_or_by_neither(void **state)
{
	(void)state;
	size_t both = 0, none = 0;
	seed = 1;
	for (int run = 0; run < RANDOM_RUNS; run++) {
		struct side sides[2] = {{.c = channel(1, 3, 7)}, {.c = channel(1, 7, 3)}};
		bool honest = next_random() % 4 > 0;
		for (int i = 0; i < 60; i++) {
			struct side *s = &sides[next_random() % 2];
			struct side *other = s == sides ? sides + 1 : sides;
			struct verify_step step = {0};
			uint8_t nonce[SAS_NONCE_SIZE];
			fill(nonce, sizeof(nonce));
			switch (next_random() % 5) {
			case 0:
				if (i < 20 && !verify_start(&s->v, &s->c, nonce, NOW, &step))
					happens(s, other, &step);
				break;
			case 1:
				if (s->v.state == VERIFY_SHOWN && !s->yes) {
					bool same = honest || next_random() % 2;
					assert_int_equal(verify_answer(&s->v, same, NOW, &step), 0);
					s->yes = same;
					happens(s, other, &step);
				}
				break;
			default:
				take_one(s, other);
				break;
			}
		}
		while (sides[0].count + sides[1].count > 0) {
			take_one(&sides[0], &sides[1]);
			take_one(&sides[1], &sides[0]);
		}
		assert_int_equal(sides[0].done, sides[1].done);
		both += sides[0].done;
		none += !sides[0].done;
	}
	assert_true(both > RANDOM_RUNS / 4 && none > 0);
}

/* ---- somebody in between ---- */

/* Two sessions, as whoever stands between has one with either: exporters and keys differ. */
struct attack {
	struct verify a, b;
	struct verify_channel to_a, to_b; /* as a and b see them */
	struct sas at_a, at_b;
};

static void
fresh(struct attack *x)
{
	*x = (struct attack){.to_a = channel(1, 3, 100), .to_b = channel(2, 7, 101)};
	fill(x->to_a.exporter, sizeof(x->to_a.exporter));
	fill(x->to_b.exporter, sizeof(x->to_b.exporter));
}

/* a begins; the attacker answers it as b, learns the code that a shows, and only then begins with
 * b, as a. Left: what to reveal to b. */
static void
up_to_the_last_reveal(
    struct attack *x, uint8_t committed[SAS_NONCE_SIZE], uint8_t nonce_b[SAS_NONCE_SIZE])
{
	uint8_t mine[SAS_NONCE_SIZE], commitment[SAS_COMMITMENT_SIZE], fresh_nonce[SAS_NONCE_SIZE];
	struct verify_step step;
	fill(fresh_nonce, sizeof(fresh_nonce));
	assert_int_equal(verify_start(&x->a, &x->to_a, fresh_nonce, NOW, &step), 0);
	fill(mine, sizeof(mine));
	assert_int_equal(
	    verify_take(&x->a, &x->to_a, VERIFY_NONCE, mine, fresh_nonce, NOW, &step), 0);
	x->at_a = x->a.sas;
	fill(committed, SAS_NONCE_SIZE);
	assert_int_equal(sas_commit(committed, commitment), 0);
	fill(nonce_b, SAS_NONCE_SIZE);
	assert_int_equal(
	    verify_take(&x->b, &x->to_b, VERIFY_COMMIT, commitment, nonce_b, NOW, &step), 0);
}

static bool
same_first_word(const struct sas *x, const struct sas *y)
{
	return memcmp(x->words, y->words, SAS_WORD_SIZE - 1) == 0;
}

/* Of how often something rare happens: the root of the mean, rounded up. */
static size_t
deviation(size_t mean)
{
	size_t n = 1;
	while (n * n < mean)
		n++;
	return n;
}

/* EARSHOT_ATTACKS=1000000 has it done more often. */
static void
who_stands_between_has_one_guess(void **state)
{
	(void)state;
	size_t whole = 0, words = 0;
	const char *wanted = getenv("EARSHOT_ATTACKS"); // NOLINT(concurrency-mt-unsafe)
	size_t attacks = wanted ? strtoul(wanted, NULL, 10) : ATTACKS;
	size_t mean = attacks / SAS_WORD_COUNT, most_off = 5 * deviation(mean);
	seed = 2;
	for (size_t i = 0; i < attacks; i++) {
		struct attack x;
		struct verify_step step;
		uint8_t committed[SAS_NONCE_SIZE], nonce_b[SAS_NONCE_SIZE];
		fresh(&x);
		up_to_the_last_reveal(&x, committed, nonce_b);
		assert_int_equal(
		    verify_take(&x.b, &x.to_b, VERIFY_REVEAL, committed, nonce_b, NOW, &step), 0);
		whole += strcmp(x.at_a.words, x.b.sas.words) == 0;
		words += same_first_word(&x.at_a, &x.b.sas);
	}
	printf("%zu attacks: %zu equal codes, %zu equal first words (chance: %zu)\n", attacks,
	    whole, words, mean);
	assert_int_equal(whole, 0);
	/* as often as chance has it */
	assert_true(words <= mean + most_off && words + most_off >= mean);
}

/* Goes on looking for a nonce with which b shows the first word that a shows. */
static size_t
grind(struct attack *x, const uint8_t *nonce_b, uint8_t found[SAS_NONCE_SIZE])
{
	enum { MOST = 40 * SAS_WORD_COUNT };
	for (size_t i = 1; i < MOST; i++) {
		struct sas s;
		fill(found, SAS_NONCE_SIZE);
		assert_int_equal(
		    sas_derive(x->to_b.exporter, found, nonce_b, &x->to_b.own, &x->to_b.peer, &s),
		    0);
		if (same_first_word(&x->at_a, &s))
			return i;
	}
	return 0;
}

/* The check of the check: without the commitment the same attacker always wins. One word of three
 * is looked for, for the time it takes. */
static void
without_the_commitment_the_attack_succeeds(void **state)
{
	(void)state;
	size_t won = 0, caught = 0;
	seed = 3;
	for (int i = 0; i < GRINDS; i++) {
		struct attack x;
		struct verify_step step;
		uint8_t committed[SAS_NONCE_SIZE], nonce_b[SAS_NONCE_SIZE], other[SAS_NONCE_SIZE];
		fresh(&x);
		up_to_the_last_reveal(&x, committed, nonce_b);
		assert_true(grind(&x, nonce_b, other) > 0);
		struct verify b = x.b;
		unchecked = false;
		caught += verify_take(&b, &x.to_b, VERIFY_REVEAL, other, nonce_b, NOW, &step) ==
			  ERR_PROTO;
		unchecked = true;
		int err = verify_take(&x.b, &x.to_b, VERIFY_REVEAL, other, nonce_b, NOW, &step);
		unchecked = false;
		won += err == 0 && same_first_word(&x.at_a, &x.b.sas);
	}
	assert_int_equal(won, GRINDS);
	assert_int_equal(caught, GRINDS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_message_in_every_state),
	    cmocka_unit_test(another_stream_ends_it),
	    cmocka_unit_test(what_is_no_stage_ends_it),
	    cmocka_unit_test(humans_and_time_in_every_state),
	    cmocka_unit_test(both_humans_must_confirm),
	    cmocka_unit_test(the_lower_key_stays_the_initiator),
	    cmocka_unit_test(what_was_not_committed_to_is_refused),
	    cmocka_unit_test(tries_are_few_and_apart),
	    cmocka_unit_test(stages_have_names),
	    cmocka_unit_test(in_any_order_it_is_done_by_both_or_by_neither),
	    cmocka_unit_test(who_stands_between_has_one_guess),
	    cmocka_unit_test(without_the_commitment_the_attack_succeeds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
