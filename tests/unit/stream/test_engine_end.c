#include "base/err.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "play.h"

/* How a stream ends, and what it writes until then. */

/* ---- time ---- */

static void
silence_ends_a_stream(void **state)
{
	(void)state;
	struct play p;
	begin_incoming(&p);
	expect_deadline(&p, ENGINE_FIRST_BYTE_MS);
	expect_over(&p, -ETIMEDOUT);
	expect_said(&p, "");
	finish(&p);

	begin_incoming(&p);
	p.now += 2900;
	hear(&p, "<?xml ");
	expect_deadline(&p, ENGINE_HEADER_MS - 2900);
	expect_said(&p, OURS("from='alice@h1'") OUR_ERROR("connection-timeout") END "|");
	expect_deadline(&p, ENGINE_ERROR_MS);
	expect_over(&p, -ETIMEDOUT);
	finish(&p);

	begin_incoming(&p);
	p.identify_result = -EAGAIN;
	p.now += 4000;
	hear(&p, HELLO);
	expect_deadline(&p, ENGINE_IDENTITY_MS - 4000);
	expect_said(&p, ANSWER OUR_ERROR("invalid-from") END "|");
	finish(&p);

	begin(&p, false, NULL);
	expect_deadline(&p, ENGINE_CONNECT_MS);
	expect_over(&p, -ETIMEDOUT);
	finish(&p);

	begin_dialled(&p);
	expect_deadline(&p, ENGINE_REPLY_MS);
	expect_said(&p, ANSWER OUR_ERROR("connection-timeout") END "|");
	finish(&p);
}

static void
n10_a_stanza_that_stops_in_the_middle_ends_a_stream(void **state)
{
	(void)state;
	struct play p;
	begin_ready(&p);
	p.now += 3600000; /* saying nothing is fine */
	hear(&p, "<message><body>");
	expect_deadline(&p, ENGINE_STANZA_MS + 15000 / ENGINE_RATE);
	expect_said(&p, OUR_ERROR("connection-timeout") END "|");
	finish(&p);
}

static void
n10_a_large_stanza_has_the_time_it_needs(void **state)
{
	(void)state;
	enum { PIECE = 1000, PIECES = 200 };
	char piece[PIECE + 1];
	struct play p;
	memset(piece, 'x', PIECE);
	piece[PIECE] = '\0';
	begin_ready(&p);
	hear(&p, "<message><body>");
	for (int i = 0; i < PIECES; i++) {
		p.now += 970; /* a little more than the least rate */
		hear(&p, piece);
	}
	/* nothing counts while we do not read */
	engine_paused(p.e, true, p.now);
	assert_true(engine_deadline(p.e) == ENGINE_NEVER);
	p.now += 60000;
	engine_paused(p.e, false, p.now);
	assert_true(engine_deadline(p.e) > p.now + ENGINE_STANZA_MS);
	/* and whoever begins another one at once begins anew */
	p.now += 1000;
	hear(&p, "</body></message><message>");
	assert_int_equal(p.stanzas, 1);
	assert_int_equal(engine_deadline(p.e), p.now + ENGINE_STANZA_MS + 9000 / ENGINE_RATE);
	hear(&p, "</message>");
	assert_int_equal(p.stanzas, 2);
	assert_true(engine_deadline(p.e) == ENGINE_NEVER);
	finish(&p);
}

/* ---- the end ---- */

static void
we_close_and_hear_the_rest(void **state)
{
	(void)state;
	struct play p;
	struct buf b = BUF_INIT(100);
	begin_ready(&p);
	send_text(&p, MESSAGE("last"));
	engine_close(p.e, 0, p.now);
	engine_close(p.e, ERR_PROTO, p.now); /* the first reason counts */
	buf_str(&b, "<message/>");
	assert_int_equal(engine_send(p.e, &b, NULL), -ENOTCONN);
	assert_string_equal(b.data, "<message/>"); /* the caller's still, for another stream */
	buf_finish(&b);
	expect_said(&p, MESSAGE("last") END "|");
	hear(&p, MESSAGE("late"));
	expect_seen(&p, "message(late) ");
	assert_false(engine_is_over(p.e));
	hear(&p, END);
	expect_said(&p, "");
	expect_over(&p, 0);
	finish(&p);

	begin_ready(&p);
	engine_close(p.e, 0, p.now);
	collect(&p);
	expect_deadline(&p, ENGINE_END_MS); /* the peer says nothing */
	expect_over(&p, 0);
	finish(&p);
}

static void
the_peer_closes(void **state)
{
	(void)state;
	struct play p;
	begin_ready(&p);
	send_text(&p, MESSAGE("queued"));
	hear(&p, MESSAGE("last") END);
	assert_false(engine_is_over(p.e)); /* first what is queued */
	expect_said(&p, MESSAGE("queued") END "|");
	expect_seen(&p, "message(last) ");
	expect_over(&p, 0);
	hear(&p, "whatever");
	expect_over(&p, 0);
	finish(&p);

	begin_ready(&p);
	engine_lost(p.e, 0, p.now);
	expect_said(&p, END "|");
	expect_over(&p, 0);
	finish(&p);

	begin_ready(&p);
	hear(&p, END);
	expect_deadline(&p, ENGINE_END_MS); /* nobody reads our end tag */
	expect_over(&p, 0);
	finish(&p);
}

static void
a_broken_connection_is_an_error(void **state)
{
	(void)state;
	struct play p;
	begin_ready(&p);
	engine_lost(p.e, -ECONNRESET, p.now);
	expect_over(&p, -ECONNRESET);
	finish(&p);

	begin_dialled(&p);
	engine_lost(p.e, 0, p.now); /* closed without an answer: it does not know us (yet) */
	expect_over(&p, ERR_CLOSED);
	finish(&p);

	begin(&p, false, "bob@h2");
	engine_lost(p.e, -ECONNREFUSED, p.now);
	expect_over(&p, -ECONNREFUSED);
	finish(&p);
}

static void
last_words_are_read_when_nothing_can_be_written(void **state)
{
	(void)state;
	struct play p;
	begin_ready(&p);
	send_text(&p, MESSAGE("into the void"));
	engine_unwritable(p.e, -EPIPE, p.now);
	expect_said(&p, "");
	hear(&p, MESSAGE("last words") END);
	expect_seen(&p, "message(last words) ");
	expect_over(&p, 0);
	finish(&p);

	begin_ready(&p);
	engine_unwritable(p.e, -EPIPE, p.now);
	expect_deadline(&p, ENGINE_END_MS);
	expect_over(&p, -EPIPE);
	finish(&p);
}

static void
closing_inside_a_callback(void **state)
{
	(void)state;
	struct play p;
	begin_ready(&p);
	p.close_at = 1;
	hear(&p, MESSAGE("1") MESSAGE("2") END);
	expect_seen(&p, "message(1) message(2) ");
	expect_said(&p, END "|");
	expect_over(&p, 0);
	finish(&p);

	begin_ready(&p);
	p.close_at = 1;
	p.close_err = ERR_TOO_BIG;
	hear(&p, MESSAGE("1") MESSAGE("2") END);
	expect_seen(&p, "message(1) ");
	expect_said(&p, OUR_ERROR("policy-violation") END "|");
	assert_int_equal(engine_err(p.e), ERR_TOO_BIG);
	finish(&p);
}

/* ---- writing ---- */

static void
stanzas_go_together_or_each_alone(void **state)
{
	(void)state;
	struct play p;
	begin_ready(&p);
	send_text(&p, MESSAGE("1"));
	send_text(&p, MESSAGE("2"));
	expect_said(&p, MESSAGE("1") MESSAGE("2") "|");
	finish(&p);

	struct engine_self self = {.name = "alice@h1"};
	struct engine_config config = {.separate_writes = true, .to = "bob@h2", .self = &self};
	begin(&p, false, NULL);
	engine_destroy(p.e);
	assert_int_equal(engine_create(&config, &listener, &p, p.now, &p.e), 0);
	engine_opened(p.e, p.now);
	hear(&p, HELLO);
	send_text(&p, MESSAGE("1"));
	send_text(&p, MESSAGE("2"));
	expect_said(&p, ANSWER MESSAGE("1") "|" MESSAGE("2") "|");
	finish(&p);
}

static void
answers_from_inside_a_callback(void **state)
{
	(void)state;
	struct play p;
	begin_incoming(&p);
	p.answer = MESSAGE("yes");
	hear(&p, HELLO MESSAGE("?"));
	expect_said(&p, ANSWER MESSAGE("yes") "|");
	finish(&p);
}

static void
the_queue_has_an_end(void **state)
{
	(void)state;
	struct play p;
	uint64_t ticket = 0, last = 0;
	int err = 0;
	begin_dialled(&p);
	for (int i = 0; i < LIMIT_STREAM_QUEUE / 4096 + 1 && !err; i++) {
		struct buf b = BUF_INIT(LIMIT_STANZA);
		char *room = buf_reserve(&b, 4000);
		assert_non_null(room);
		memset(room, ' ', 4000);
		buf_grew(&b, 4000);
		err = engine_send(p.e, &b, &ticket);
		assert_int_equal(b.len, err ? 4000 : 0); /* refused: kept, not lost */
		buf_finish(&b);
		if (!err)
			assert_int_equal(ticket, ++last);
	}
	assert_int_equal(err, ERR_TOO_BIG);
	assert_true(last > 500);
	hear(&p, HELLO);
	assert_true(engine_is_ready(p.e));
	assert_int_equal(engine_unsent(p.e), last);
	finish(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(silence_ends_a_stream),
	    cmocka_unit_test(n10_a_stanza_that_stops_in_the_middle_ends_a_stream),
	    cmocka_unit_test(n10_a_large_stanza_has_the_time_it_needs),
	    cmocka_unit_test(we_close_and_hear_the_rest),
	    cmocka_unit_test(the_peer_closes),
	    cmocka_unit_test(a_broken_connection_is_an_error),
	    cmocka_unit_test(last_words_are_read_when_nothing_can_be_written),
	    cmocka_unit_test(closing_inside_a_callback),
	    cmocka_unit_test(stanzas_go_together_or_each_alone),
	    cmocka_unit_test(answers_from_inside_a_callback),
	    cmocka_unit_test(the_queue_has_an_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
