/* Attempts that end while others of the same transfer, or of the same person, live on: what a
 * hostile one can make hang in the air. */
#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/world.h"

#include "../support/keyed.h"

#include "two.h"

#include "ends.h"

static struct told *const in = &ends_.in_told;

static int
set_up_plain(void **state)
{
	(void)state;
	return ends_begin(false);
}

static int
tear_down(void **state)
{
	(void)state;
	return ends_end();
}

/* Tybalt offers in-band, by names of his choice. */
static void
tybalt_offers(const char *session, const char *bytestream)
{
	char stanza[2048];
	(void)snprintf(stanza, sizeof(stanza),
	    "<iq type='set' id='q' to='juliet@pronto'><jingle xmlns='urn:xmpp:jingle:1' "
	    "action='session-initiate' sid='%s'><content creator='initiator' name='c' "
	    "senders='initiator'><description "
	    "xmlns='urn:xmpp:jingle:apps:file-transfer:5'><file><name>x</name><size>5</size>"
	    "</file></description><transport xmlns='urn:xmpp:jingle:transports:ibb:1' sid='%s' "
	    "block-size='4096'/></content></jingle></iq>",
	    session, bytestream);
	says(two.tybalts, stanza);
}

static void
two_names_of_one_id_are_one_attempt(void **state)
{
	(void)state;
	char id[TRANSFER_ID_SIZE];
	tybalt_offers("x", "t");
	assert_int_equal(in->offered, 1);
	memcpy(id, ends_.in.id, sizeof(id));
	tybalt_offers(id, "t");
	assert_int_equal(in->offered, 2);
	assert_int_equal(in->ended, 1);
	assert_int_equal(in->how, TRANSFER_END_LOST);
	assert_non_null(ends_.in.session);
	buf_clear(&world.sent);
	says(two.tybalts,
	    "<iq type='set' id='q' to='juliet@pronto'><jingle xmlns='urn:xmpp:jingle:1' "
	    "action='session-terminate' sid='x'><reason><cancel/></reason></jingle></iq>");
	assert_non_null(strstr(buf_cstr(&world.sent), "unknown-session"));
	assert_int_equal(in->ended, 1);
	assert_non_null(ends_.in.session);
}

/* One of them ends the other, which stands beside it in the list that is walked. */
static void
both_names_of_a_bytestream_end_with_the_stream(void **state)
{
	(void)state;
	tybalt_offers("s", "t");
	assert_int_equal(jingle_method.accept(&ends_.in), 0);
	ends(two.tybalts, -ECONNRESET);
	two.tybalts = NULL;
	assert_int_equal(in->ended, 1);
	assert_int_equal(in->how, TRANSFER_END_LOST);
	assert_null(ends_.in.session);
}

#define PLAIN(test) cmocka_unit_test_setup_teardown(test, set_up_plain, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    PLAIN(two_names_of_one_id_are_one_attempt),
	    PLAIN(both_names_of_a_bytestream_end_with_the_stream),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
