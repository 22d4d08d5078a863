/* Two ends agree upon a file by Jingle (XEP-0166, 0234, 0260, 0261): what goes well, and how it
 * ends. */
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

#include "peer/xep0115_caps.h"
#include "xml/ns.h"
#include "xml/writer.h"

static struct told *const out = &ends_.out_told, *const in = &ends_.in_told;

static int
set_up(void **state)
{
	(void)state;
	return ends_begin(true);
}

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

static void
offer(void)
{
	assert_int_equal(jingle_method.offer(&ends_.out), 0);
	ends_settle();
	assert_int_equal(in->offered, 1);
	assert_non_null(ends_.in.session);
}

static void
accept_it(void)
{
	assert_int_equal(jingle_method.accept(&ends_.in), 0);
	ends_settle();
}

/* What one writes into its link the other reads. */
static void
expect_connected(bool encrypted)
{
	char text[8] = "";
	assert_int_equal(out->accepted, 1);
	assert_int_equal(out->connected, 1);
	assert_int_equal(in->connected, 1);
	assert_int_equal(out->ended + in->ended, 0);
	assert_int_equal(out->encrypted, encrypted);
	assert_int_equal(in->encrypted, encrypted);
	if (encrypted)
		assert_int_not_equal(out->client, in->client);
	assert_int_equal(write(out->link.fd, "romeo", 5), 5);
	ends_settle();
	assert_int_equal(read(in->link.fd, text, sizeof(text)), 5);
	assert_string_equal(text, "romeo");
}

static void
expect_ended(const struct told *told, enum transfer_end how, const char *text)
{
	assert_int_equal(told->ended, 1);
	assert_int_equal(told->how, how);
	assert_string_equal(told->text, text);
}

static void
expect_nothing_left(void)
{
	assert_null(ends_.out.session);
	assert_null(ends_.in.session);
	for (size_t i = 0; i < NET_EXPECTED; i++)
		assert_false(net.expected[i].used);
	for (size_t i = 0; i < NET_DIALS; i++)
		assert_false(net.dials[i].used);
}

static void
a_file_is_agreed_upon_and_confirmed(void **state)
{
	(void)state;
	static const uint8_t digest[32] = {1, 2, 3};
	offer();
	assert_string_equal(ends_.name, "letter.txt");
	assert_int_equal(ends_.in.size, 1000);
	assert_string_equal(ends_.in.id, TRANSFER_ID);
	accept_it();
	expect_connected(true);
	assert_int_equal(jingle_method.checksum(&ends_.out, digest), 0);
	ends_settle();
	assert_int_equal(in->checksum, 1);
	assert_memory_equal(in->digest, digest, 32);
	jingle_method.end(&ends_.in, TRANSFER_END_DONE, NULL);
	ends_settle();
	assert_int_equal(out->confirmed, 1);
	assert_int_equal(out->ended, 0);
	expect_nothing_left();
}

static void
in_plain_the_connection_is_plain(void **state)
{
	(void)state;
	offer();
	accept_it();
	expect_connected(false);
}

static void
it_suffices_that_one_can_be_reached(void **state)
{
	(void)state;
	net.romeo_reachable = false;
	offer();
	accept_it();
	expect_connected(true);
	assert_true(in->client);
}

static void
or_the_other(void **state)
{
	(void)state;
	net.tybalt_reachable = false;
	offer();
	accept_it();
	expect_connected(true);
	assert_true(out->client);
}

static void
where_nobody_can_it_goes_over_the_stream(void **state)
{
	(void)state;
	net.romeo_reachable = net.tybalt_reachable = false;
	offer();
	accept_it();
	expect_connected(false); /* the stream is encrypted */
	jingle_method.end(&ends_.in, TRANSFER_END_DONE, NULL);
	ends_settle();
	assert_int_equal(out->confirmed, 1);
	expect_nothing_left();
}

static void
where_nobody_listens_it_goes_over_the_stream(void **state)
{
	(void)state;
	net.deaf = true;
	offer();
	accept_it();
	expect_connected(false);
	assert_int_equal(net.tried, 0);
}

static void
a_resumed_one_begins_where_it_stopped(void **state)
{
	(void)state;
	offer();
	ends_.in.offset = 400;
	memset(ends_.in.prefix, 7, 32);
	accept_it();
	expect_connected(true);
	assert_int_equal(out->offset, 400);
	assert_true(out->has_prefix);
	assert_memory_equal(out->prefix, ends_.in.prefix, 32);
	jingle_method.end(&ends_.out, TRANSFER_END_DIFFERS, NULL);
	ends_settle();
	expect_ended(in, TRANSFER_END_DIFFERS, "");
	expect_nothing_left();
	ends_forget();
	ends_.in.offset = 0;
	offer();
	accept_it();
	expect_connected(true);
	assert_false(out->has_prefix);
}

static void
what_is_said_of_a_file_arrives(void **state)
{
	(void)state;
	static char media[] = "image/png", text[] = "a <b> & c", thumbnail[] = "tiny";
	ends_.out.media = media;
	ends_.out.description = text;
	ends_.out.mtime = 1700000000;
	ends_.out.width = 640;
	ends_.out.height = 480;
	ends_.out.duration = 1500;
	ends_.out.has_hash = true;
	memset(ends_.out.hash, 9, 32);
	ends_.out.thumbnail = thumbnail;
	ends_.out.thumbnail_len = strlen(thumbnail);
	ends_.out.thumbnail_media = media;
	offer();
	assert_string_equal(ends_.media, "image/png");
	assert_int_equal(ends_.offer.mtime, 1700000000);
	assert_int_equal(ends_.offer.width, 640);
	assert_int_equal(ends_.offer.height, 480);
	assert_int_equal(ends_.offer.duration_ms, 1500);
	assert_true(ends_.offer.size_known);
	assert_false(ends_.offer.folder);
	assert_non_null(ends_.offer.hash);
	assert_int_equal(in->thumbnails, 1);
}

static void
a_folder_is_marked(void **state)
{
	(void)state;
	ends_.out.folder = true;
	ends_.out.files = 10000;
	offer();
	assert_true(ends_.offer.folder);
	assert_int_equal(ends_.offer.files, 10000);
	assert_null(ends_.offer.hash);
}

/* ---- how it ends ---- */

static void
what_is_declined_ends(void **state)
{
	(void)state;
	offer();
	jingle_method.decline(&ends_.in);
	ends_settle();
	assert_int_equal(out->declined, 1);
	assert_int_equal(out->ended, 0);
	expect_nothing_left();
}

static void
what_is_refused_at_once_says_why(void **state)
{
	(void)state;
	ends_.refusal = ERR_FULL;
	assert_int_equal(jingle_method.offer(&ends_.out), 0);
	ends_settle();
	assert_int_equal(out->declined, 1);
	assert_string_equal(out->text, "too little space");
	expect_nothing_left();
}

/* By each, before and after it is accepted. */
static void
ends_are_told(void **state)
{
	(void)state;
	static const struct {
		enum transfer_end why;
		const char *text;
	} ends[] = {
	    {TRANSFER_END_CANCEL, NULL},
	    {TRANSFER_END_PAUSE, NULL},
	    {TRANSFER_END_FAILED, "the disk is full"},
	    {TRANSFER_END_LOST, NULL},
	};
	for (unsigned i = 0; i < 4 * ARRAY_LEN(ends); i++) {
		bool by_sender = i & 1, active = i & 2;
		struct told *other = by_sender ? in : out;
		ends_forget();
		offer();
		if (active)
			accept_it();
		jingle_method.end(
		    by_sender ? &ends_.out : &ends_.in, ends[i / 4].why, ends[i / 4].text);
		ends_settle();
		expect_ended(other, ends[i / 4].why, ends[i / 4].text ? ends[i / 4].text : "");
		assert_int_equal((by_sender ? out : in)->ended, 0);
		expect_nothing_left();
	}
}

static void
ends_of_both_may_cross(void **state)
{
	(void)state;
	offer();
	accept_it();
	jingle_method.end(&ends_.out, TRANSFER_END_CANCEL, NULL);
	jingle_method.end(&ends_.in, TRANSFER_END_PAUSE, NULL);
	ends_settle();
	assert_int_equal(out->ended + in->ended, 0);
	expect_nothing_left();
}

static void
yes_may_cross_with_the_end(void **state)
{
	(void)state;
	offer();
	jingle_method.end(&ends_.out, TRANSFER_END_CANCEL, NULL);
	assert_int_equal(jingle_method.accept(&ends_.in), 0);
	ends_settle();
	assert_int_equal(out->accepted, 0);
	expect_ended(in, TRANSFER_END_CANCEL, "");
	expect_nothing_left();
}

static void
without_a_session_nothing_is_said(void **state)
{
	(void)state;
	jingle_method.end(&ends_.out, TRANSFER_END_CANCEL, NULL);
	jingle_method.decline(&ends_.out);
	jingle_method.detach(&ends_.out);
	assert_int_equal(jingle_method.accept(&ends_.out), ERR_ABSENT);
	assert_int_equal(jingle_method.checksum(&ends_.out, ends_.out.hash), ERR_ABSENT);
	two_collect();
	assert_int_equal(two.count, 0);
}

static void
one_that_is_forgotten_is_lost_to_the_other(void **state)
{
	(void)state;
	offer();
	jingle_method.detach(&ends_.out);
	assert_int_equal(jingle_method.accept(&ends_.in), 0);
	ends_settle();
	expect_ended(in, TRANSFER_END_LOST, "");
	expect_nothing_left();
}

static void
lose_streams(void)
{
	two_drop_all();
	ends(two.romeos, -ECONNRESET);
	ends(two.tybalts, -ECONNRESET);
	two.romeos = two.tybalts = NULL;
	ends_settle();
}

static void
what_is_not_settled_is_lost_with_the_stream(void **state)
{
	(void)state;
	offer();
	lose_streams();
	expect_ended(out, TRANSFER_END_LOST, "");
	expect_ended(in, TRANSFER_END_LOST, "");
	expect_nothing_left();
}

static void
what_flows_needs_no_stream(void **state)
{
	(void)state;
	offer();
	accept_it();
	expect_connected(true);
	lose_streams();
	assert_int_equal(out->ended + in->ended, 0);
	assert_non_null(ends_.out.session);
	jingle_method.detach(&ends_.out);
	jingle_method.detach(&ends_.in);
	expect_nothing_left();
}

static void
over_the_stream_it_does(void **state)
{
	(void)state;
	char byte;
	net.deaf = true;
	offer();
	accept_it();
	expect_connected(false);
	lose_streams();
	assert_int_equal(read(in->link.fd, &byte, 1), 0); /* the carriers see the end */
	assert_int_equal(read(out->link.fd, &byte, 1), 0);
	jingle_method.detach(&ends_.out);
	jingle_method.detach(&ends_.in);
}

static void
whoever_is_offered_it_again_begins_again(void **state)
{
	(void)state;
	offer();
	jingle_method.detach(&ends_.out); /* we have crashed, say */
	assert_int_equal(jingle_method.offer(&ends_.out), 0);
	ends_settle();
	expect_ended(in, TRANSFER_END_LOST, "");
	assert_int_equal(in->offered, 2);
	in->ended = 0;
	accept_it();
	expect_connected(true);
}

static void
ready_is_told_and_answered(void **state)
{
	(void)state;
	offer();
	lose_streams();
	two_connect_again(true);
	ends_forget();
	assert_int_equal(jingle_method.ready(&ends_.in), 0);
	ends_settle();
	assert_int_equal(out->ready, 1);
	assert_int_equal(in->ended, 0);
	ends_.out.person = NULL; /* not offered any more */
	assert_int_equal(jingle_method.ready(&ends_.in), 0);
	ends_settle();
	assert_int_equal(out->ready, 1);
	expect_ended(in, TRANSFER_END_CANCEL, "It is not offered any more.");
}

static void
a_program_without_jingle_declines(void **state)
{
	(void)state;
	assert_int_equal(jingle_method.offer(&ends_.out), 0);
	two_collect();
	char id[64], answer[256];
	const char *at = strstr(two.queue[0], " id='");
	assert_non_null(at);
	assert_int_equal(sscanf(at, " id='%63[^']'", id), 1);
	two_drop_all();
	(void)snprintf(answer, sizeof(answer),
	    "<iq type='error' id='%s'><error type='cancel'><service-unavailable "
	    "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
	    id);
	says(two.romeos, answer);
	assert_int_equal(out->declined, 1);
	expect_nothing_left();
}

static void
who_does_not_answer_is_lost(void **state)
{
	(void)state;
	assert_int_equal(jingle_method.offer(&ends_.out), 0);
	two_drop_all();
	let_pass(11000);
	expect_ended(out, TRANSFER_END_LOST, "");
}

static void
believe(void *ctx, const struct xml_elem *query)
{
	assert_true(caps_take(ctx, query));
}

static void
it_fits_who_can_take_files(void **state)
{
	(void)state;
	struct person *p = person_called(ROMEO);
	assert_true(jingle_method.fits(p, &ends_.out)); /* an Earshot of unknown features */
	ends_.out.folder = true;
	assert_true(jingle_method.fits(p, &ends_.out));
}

static void
without_a_stream_nothing_is_offered(void **state)
{
	(void)state;
	lose_streams();
	assert_int_equal(jingle_method.offer(&ends_.out), ERR_ABSENT);
	assert_null(ends_.out.session);
}

/* Of an old client only what it says it can do is believed, and a folder is beyond it. */
static void
of_old_clients_it_fits_those_that_say_so(void **state)
{
	(void)state;
	struct person *p = person_called(ROMEO);
	const struct transfer_method *plain = &jingle_plain_method;
	assert_false(jingle_method.fits(p, &ends_.out));
	assert_false(plain->fits(p, &ends_.out));
	struct buf info = BUF_INIT(LIMIT_STANZA);
	struct xml_writer w = xml_writer_to(&info);
	xml_open(&w, NS_DISCO_INFO, "query");
	caps_write_info(&world.r, &w); /* as we do ourselves */
	xml_close(&w);
	assert_int_equal(parse(buf_cstr(&info), believe, p), 0);
	buf_finish(&info);
	assert_false(jingle_method.fits(p, &ends_.out));
	assert_true(plain->fits(p, &ends_.out));
	ends_.out.folder = true;
	assert_false(plain->fits(p, &ends_.out));
	ends_.out.folder = false;
	world.r.files.old_clients = false;
	assert_false(plain->fits(p, &ends_.out));
}

int
main(void)
{
#define KEYED(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define PLAIN(test) cmocka_unit_test_setup_teardown(test, set_up_plain, tear_down)
	const struct CMUnitTest tests[] = {
	    KEYED(a_file_is_agreed_upon_and_confirmed),
	    PLAIN(in_plain_the_connection_is_plain),
	    KEYED(it_suffices_that_one_can_be_reached),
	    KEYED(or_the_other),
	    KEYED(where_nobody_can_it_goes_over_the_stream),
	    KEYED(where_nobody_listens_it_goes_over_the_stream),
	    KEYED(a_resumed_one_begins_where_it_stopped),
	    KEYED(what_is_said_of_a_file_arrives),
	    KEYED(a_folder_is_marked),
	    KEYED(what_is_declined_ends),
	    KEYED(what_is_refused_at_once_says_why),
	    KEYED(ends_are_told),
	    KEYED(ends_of_both_may_cross),
	    KEYED(yes_may_cross_with_the_end),
	    KEYED(without_a_session_nothing_is_said),
	    KEYED(one_that_is_forgotten_is_lost_to_the_other),
	    KEYED(what_is_not_settled_is_lost_with_the_stream),
	    KEYED(what_flows_needs_no_stream),
	    KEYED(over_the_stream_it_does),
	    KEYED(whoever_is_offered_it_again_begins_again),
	    KEYED(ready_is_told_and_answered),
	    KEYED(a_program_without_jingle_declines),
	    KEYED(who_does_not_answer_is_lost),
	    KEYED(it_fits_who_can_take_files),
	    KEYED(without_a_stream_nothing_is_offered),
	    PLAIN(of_old_clients_it_fits_those_that_say_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
