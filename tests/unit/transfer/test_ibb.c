/* In-band bytestreams (XEP-0047) between two ends, and what a hostile one says. */
#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/world.h"

#include "../support/romeo.h"

#include "transfer/carrier.h"
#include "transfer/xep0047_ibb.h"

#include "two.h"

#include <unistd.h>

extern const struct feature feature_ibb;

enum { BYTES = 300000 };

struct end {
	struct carrier_link link;
	struct ibb *ibb;
	unsigned opened, ended;
	int err;
};

static struct end from, to;
static unsigned char sent[BYTES], got[BYTES];

static void
on_open(void *ctx, struct carrier_link *link)
{
	struct end *e = ctx;
	e->opened++;
	carrier_link_move(&e->link, link);
}

static void
on_end(void *ctx, int err)
{
	struct end *e = ctx;
	e->ended++;
	e->err = err;
	e->ibb = NULL;
}

static const struct ibb_listener listener = {on_open, on_end};

static int
set_up(void **state)
{
	static const struct feature *const features[] = {&feature_ibb, NULL};
	(void)state;
	memset(&from, 0, sizeof(from));
	memset(&to, 0, sizeof(to));
	carrier_link_init(&from.link);
	carrier_link_init(&to.link);
	for (size_t i = 0; i < BYTES; i++)
		sent[i] = (unsigned char)(i * 7 + i / 251);
	return two_begin(features, false);
}

static int
tear_down(void **state)
{
	(void)state;
	int err = two_end();
	carrier_link_finish(&from.link);
	carrier_link_finish(&to.link);
	return err;
}

static int
make(struct end *e, const char *name, bool sends, size_t block)
{
	return (sends ? ibb_open : ibb_expect)(
	    person_called(name), "s1", block, &listener, e, &e->ibb);
}

/* `from` is the end that has Romeo on the other side; its opposite has Tybalt. */
static void
open_both(void)
{
	assert_int_equal(make(&to, TYBALT, false, IBB_BLOCK), 0);
	assert_int_equal(make(&from, ROMEO, true, IBB_BLOCK), 0);
	two_settle();
	assert_int_equal(from.opened + to.opened, 2);
	assert_int_equal(from.ended + to.ended, 0);
}

/* The carriers' part: as much as goes without waiting. */
static void
carry(size_t *put, size_t *taken, bool take)
{
	if (*put < BYTES) {
		ssize_t n = write(from.link.fd, sent + *put, BYTES - *put);
		*put += n > 0 ? (size_t)n : 0;
		if (*put == BYTES)
			carrier_link_finish(&from.link);
	}
	if (take) {
		ssize_t n = read(to.link.fd, got + *taken, BYTES - *taken);
		*taken += n > 0 ? (size_t)n : 0;
	}
}

static void
carry_all(void)
{
	size_t put = 0, taken = 0;
	for (unsigned rounds = 0; rounds < 10000 && !(from.ended && to.ended); rounds++) {
		carry(&put, &taken, true);
		two_settle();
	}
	carry(&put, &taken, true);
	assert_int_equal(taken, BYTES);
	assert_memory_equal(sent, got, BYTES);
	assert_int_equal(from.ended, 1);
	assert_int_equal(from.err, 0);
	assert_int_equal(to.ended, 1);
	assert_int_equal(to.err, 0);
	assert_int_equal(read(to.link.fd, got, 1), 0); /* its end shows */
}

static void
bytes_arrive_as_they_were_sent(void **state)
{
	(void)state;
	open_both();
	carry_all();
}

static void
a_receiver_that_does_not_read_stops_the_sender(void **state)
{
	(void)state;
	size_t put = 0, taken = 0, before = 0;
	open_both();
	for (unsigned rounds = 0; rounds < 1000; rounds++) {
		before = put;
		carry(&put, &taken, false);
		two_settle();
	}
	assert_int_equal(put, before); /* it is full everywhere, and stays so */
	assert_int_equal(from.ended + to.ended, 0);
}

static void
no_more_than_a_window_is_on_its_way(void **state)
{
	(void)state;
	size_t put = 0, taken = 0;
	open_both();
	carry(&put, &taken, false);
	for (unsigned i = 0; i < 10; i++)
		(void)uv_run(&world.loop, UV_RUN_NOWAIT);
	two_collect();
	assert_int_equal(two.count, LIMIT_IBB_WINDOW);
}

static void
a_lost_stream_ends_both(void **state)
{
	(void)state;
	size_t put = 0, taken = 0;
	open_both();
	carry(&put, &taken, false);
	two_settle();
	ends(two.romeos, -ECONNRESET);
	ends(two.tybalts, -ECONNRESET);
	two.romeos = two.tybalts = NULL;
	two_settle();
	assert_int_equal(from.ended, 1);
	assert_int_equal(to.ended, 1);
	assert_int_not_equal(from.err, 0);
	assert_int_equal(to.err, ERR_CLOSED);
}

static void
the_owner_of_either_may_close(void **state)
{
	(void)state;
	size_t put = 0, taken = 0;
	open_both();
	carry(&put, &taken, false);
	ibb_close(to.ibb);
	two_settle();
	assert_int_equal(to.ended, 0);
	assert_int_equal(from.ended, 1);
	assert_int_equal(from.err, ERR_CLOSED);
}

static void
closing_before_it_opened_calls_nobody(void **state)
{
	(void)state;
	assert_int_equal(make(&from, ROMEO, true, IBB_BLOCK), 0);
	ibb_close(from.ibb);
	two_settle();
	assert_int_equal(from.opened + from.ended, 0);
}

static void
who_does_not_await_it_says_so(void **state)
{
	(void)state;
	assert_int_equal(make(&from, ROMEO, true, IBB_BLOCK), 0);
	two_settle();
	assert_int_equal(from.opened, 0);
	assert_int_equal(from.err, ERR_UNSUPPORTED);
}

static void
a_name_is_taken_once(void **state)
{
	(void)state;
	struct end other = {0};
	char long_sid[LIMIT_SESSION_ID + 2] = {0};
	memset(long_sid, 'x', sizeof(long_sid) - 1);
	struct person *p = person_called(ROMEO);
	assert_int_equal(make(&from, ROMEO, false, IBB_BLOCK), 0);
	assert_int_equal(make(&other, ROMEO, false, IBB_BLOCK), -EEXIST);
	assert_int_equal(ibb_expect(p, long_sid, 1, &listener, &other, &other.ibb), -EINVAL);
	assert_int_equal(ibb_expect(p, "", 1, &listener, &other, &other.ibb), -EINVAL);
	assert_int_equal(ibb_expect(p, "x", 0, &listener, &other, &other.ibb), -EINVAL);
	assert_int_equal(
	    ibb_open(p, "x", IBB_BLOCK_MOST + 1, &listener, &other, &other.ibb), -EINVAL);
}

/* ---- Tybalt says anything ---- */

static void
expect_answer(const char *request, const char *part)
{
	char stanza[512];
	(void)snprintf(stanza, sizeof(stanza), "<iq type='set' id='q'>%s</iq>", request);
	buf_clear(&world.sent);
	says(two.tybalts, stanza);
	if (!strstr(buf_cstr(&world.sent), part))
		fail_msg("%s: %s", request, buf_cstr(&world.sent));
	two_drop_all();
}

#define IBB "xmlns='http://jabber.org/protocol/ibb'"

static void
await(void)
{
	assert_int_equal(make(&to, TYBALT, false, 100), 0);
}

static void
what_makes_no_sense_is_refused(void **state)
{
	(void)state;
	static const char *const opens[][2] = {
	    {"<open " IBB " sid='other' block-size='10'/>", "item-not-found"},
	    {"<open " IBB " block-size='10'/>", "item-not-found"},
	    {"<open " IBB " sid='s1'/>", "bad-request"},
	    {"<open " IBB " sid='s1' block-size='0'/>", "bad-request"},
	    {"<open " IBB " sid='s1' block-size='-1'/>", "bad-request"},
	    {"<open " IBB " sid='s1' block-size='99999999999999999999'/>", "bad-request"},
	    {"<open " IBB " sid='s1' block-size='101'/>", "resource-constraint"},
	    {"<open " IBB " sid='s1' block-size='10' stanza='message'/>", "not-acceptable"},
	    {"<data " IBB " sid='s1' seq='0'>AAAA</data>", "item-not-found"},
	    {"<close " IBB " sid='other'/>", "item-not-found"},
	};
	await();
	for (size_t i = 0; i < ARRAY_LEN(opens); i++)
		expect_answer(opens[i][0], opens[i][1]);
	assert_int_equal(to.opened + to.ended, 0);
	expect_answer("<open " IBB " sid='s1' block-size='10'/>", "type='result'");
	assert_int_equal(to.opened, 1);
	expect_answer("<open " IBB " sid='s1' block-size='10'/>", "unexpected-request");
	expect_answer("<data " IBB " sid='s1' seq='0'>AAAA</data>", "type='result'");
	assert_int_equal(to.ended, 0);
}

static void
broken_blocks_end_it(void **state)
{
	(void)state;
	static const char *const blocks[] = {
	    "<data " IBB " sid='s1'>AAAA</data>", "<data " IBB " sid='s1' seq='1'>AAAA</data>",
	    "<data " IBB " sid='s1' seq='65536'>AAAA</data>", "<data " IBB " sid='s1' seq='0'/>",
	    "<data " IBB " sid='s1' seq='0'>AAA</data>",
	    "<data " IBB " sid='s1' seq='0'>A=AA</data>",
	    "<data " IBB " sid='s1' seq='0'>AA==AAAA</data>",
	    "<data " IBB " sid='s1' seq='0'>AAAAAAAAAAAAAAAA</data>", /* 12 bytes of 10 */
	};
	for (size_t i = 0; i < ARRAY_LEN(blocks); i++) {
		memset(&to, 0, sizeof(to));
		carrier_link_init(&to.link);
		await();
		expect_answer("<open " IBB " sid='s1' block-size='10'/>", "type='result'");
		expect_answer(blocks[i], "type='error'");
		assert_int_equal(to.ended, 1);
		assert_int_equal(to.err, ERR_PROTO);
		carrier_link_finish(&to.link);
	}
}

static void
nobody_sends_against_the_direction(void **state)
{
	(void)state;
	assert_int_equal(make(&from, TYBALT, true, 100), 0);
	expect_answer("<open " IBB " sid='s1' block-size='10'/>", "item-not-found");
	expect_answer("<data " IBB " sid='s1' seq='0'>AAAA</data>", "item-not-found");
	assert_int_equal(from.ended, 0);
	expect_answer("<close " IBB " sid='s1'/>", "type='result'");
	assert_int_equal(from.err, ERR_CLOSED);
}

/* Who does not wait for confirmations fills no memory: neither in large pieces nor in small ones.
 */
static void
n18_a_flood_ends_it(void **state)
{
	(void)state;
	unsigned seq = 0;
	await();
	expect_answer("<open " IBB " sid='s1' block-size='10'/>", "type='result'");
	/* the carrier takes nothing: first the socket fills up */
	while (!to.ended && seq < 10000000) {
		char block[128];
		(void)snprintf(block, sizeof(block),
		    "<iq type='set' id='q'><data " IBB
		    " sid='s1' seq='%u'>AAAAAAAAAA==</data></iq>",
		    seq++ % 65536);
		buf_clear(&world.sent);
		says(two.tybalts, block);
	}
	assert_int_equal(to.err, ERR_TOO_BIG);
	assert_non_null(strstr(buf_cstr(&world.sent), "resource-constraint"));
}

static void
the_number_begins_anew_after_65535(void **state)
{
	(void)state;
	char byte;
	await();
	expect_answer("<open " IBB " sid='s1' block-size='10'/>", "type='result'");
	for (unsigned i = 0; i < 65540; i++) {
		char block[128];
		(void)snprintf(
		    block, sizeof(block), "<data " IBB " sid='s1' seq='%u'>AA==</data>", i % 65536);
		expect_answer(block, "type='result'");
		assert_int_equal(read(to.link.fd, &byte, 1), 1);
	}
	assert_int_equal(to.ended, 0);
}

static void
what_follows_the_carriers_end_is_refused(void **state)
{
	(void)state;
	await();
	expect_answer("<open " IBB " sid='s1' block-size='10'/>", "type='result'");
	carrier_link_finish(&to.link);
	expect_answer("<data " IBB " sid='s1' seq='0'>AAAA</data>", "item-not-found");
	assert_int_equal(to.err, ERR_CLOSED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(bytes_arrive_as_they_were_sent, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		a_receiver_that_does_not_read_stops_the_sender, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(no_more_than_a_window_is_on_its_way, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_lost_stream_ends_both, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(the_owner_of_either_may_close, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		closing_before_it_opened_calls_nobody, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(who_does_not_await_it_says_so, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_name_is_taken_once, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(what_makes_no_sense_is_refused, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(broken_blocks_end_it, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(nobody_sends_against_the_direction, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(n18_a_flood_ends_it, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(the_number_begins_anew_after_65535, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		what_follows_the_carriers_end_is_refused, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
