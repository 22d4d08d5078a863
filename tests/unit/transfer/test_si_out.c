/* Stream initiation (XEP-0095, XEP-0096, XEP-0065): files that go to libpurple and Gajim. */
#include "si_world.h"

static int
set_up_gajim(void **state)
{
	(void)state;
	return set_up_with(TXT_CLIENT_GAJIM);
}

/* Our offer; its id is in `id`. */
static void
we_offer(char id[64])
{
	told_begin(person_called(ROMEO), true);
	assert_int_equal(str_replace(&told.t.name, "a & \"b\" \xc3\xbc.txt"), 0);
	told.t.size = 1234;
	assert_int_equal(si_method.offer(&told.t), 0);
	const char *at = strstr(buf_cstr(&world.sent), " id='");
	assert_non_null(at);
	assert_int_equal(sscanf(at, " id='%63[^']'", id), 1);
}

/* Every @ stands for the id. */
static void
answers(const char *format, const char *id)
{
	struct buf text = BUF_INIT(4096);
	buf_clear(&world.sent);
	for (const char *at = format; *at; at++) {
		if (*at == '@' && at[1] == '\'')
			buf_str(&text, id);
		else
			buf_char(&text, *at);
	}
	says(his, buf_cstr(&text));
	buf_finish(&text);
}

static void
libpurple_is_sent_a_file(void **state)
{
	(void)state;
	char id[64], expected[4096], hash[SOCKS5_HASH_SIZE];
	we_offer(id);
	(void)snprintf(expected, sizeof(expected),
	    "<iq from='" OWN "' to='" ROMEO "' type='set' id='%s'>"
	    "<si xmlns='http://jabber.org/protocol/si' "
	    "profile='http://jabber.org/protocol/si/profile/file-transfer' id='%s'>"
	    "<file xmlns='http://jabber.org/protocol/si/profile/file-transfer' "
	    "name='a &amp; \"b\" \xc3\xbc.txt' size='1234'/>"
	    "<feature xmlns='http://jabber.org/protocol/feature-neg'>"
	    "<x xmlns='jabber:x:data' type='form'>"
	    "<field var='stream-method' type='list-single'>" OPTION(
		BYTESTREAMS) "</field></x></feature></si></iq>",
	    id, id);
	expect_sent(expected);
	answers(TAKES("@", BYTESTREAMS), id);
	expect_told("accepted from 0");
	assert_int_equal(bytestream_hash(id, OWN, ROMEO, hash), 0);
	assert_string_equal(net.hash, hash);
	/* under the same id, for libpurple knows no other */
	(void)snprintf(expected, sizeof(expected),
	    "<iq from='" OWN "' to='" ROMEO "' type='set' id='%s'><query xmlns='" BYTESTREAMS
	    "' sid='%s' mode='tcp'><streamhost jid='" OWN "' host='",
	    id, id);
	assert_memory_equal(world.sent.data, expected, strlen(expected));
	assert_non_null(strstr(world.sent.data, "' port='40001'/>"));
	/* none but Romeo may connect */
	struct sockaddr_storage there = endpoint("192.0.2.1", 1), other = endpoint("192.0.2.2", 1);
	assert_true(net.allow(net.ctx, &there));
	assert_false(net.allow(net.ctx, &other));
	struct carrier_link link;
	carrier_link_init(&link);
	net.arrived(net.ctx, &link);
	expect_told("connected");
	answers("<iq id='@' type='result'><query xmlns='" BYTESTREAMS
		"'><streamhost-used jid='x'/></query></iq>",
	    id);
	expect_told("");
	/* all is sent, and they have closed */
	const uint8_t digest[32] = {0};
	assert_int_equal(si_method.checksum(&told.t, digest), 0);
	expect_told("confirmed");
	expect_sent("");
}

static void
libpurple_declines(void **state)
{
	(void)state;
	char id[64];
	we_offer(id);
	answers("<iq type='error' id='@' from='" ROMEO "' to='" OWN
		"'><error code='403' type='cancel'>"
		"<forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
	    id);
	expect_told("declined");
	assert_null(told.t.session);
}

static void
other_answers_end_it(void **state)
{
	(void)state;
	static const struct {
		const char *answer, *told;
	} ends[] = {
	    {"<iq type='error' id='@'><error type='cancel'>"
	     "<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
		"failed"},
	    {"<iq type='result' id='@'/>", "failed"},
	    {"<iq type='result' id='@'><si xmlns='http://jabber.org/protocol/si'/></iq>", "failed"},
	    /* a way that we did not offer */
	    {TAKES("@", IBB), "failed"},
	    {TAKES("@", "urn:x"), "failed"},
	};
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		char id[64];
		buf_clear(&world.sent);
		we_offer(id);
		answers(ends[i].answer, id);
		expect_told(ends[i].told);
		assert_null(told.t.session);
	}
}

static void
who_cannot_connect_says_so(void **state)
{
	(void)state;
	char id[64];
	we_offer(id);
	answers(TAKES("@", BYTESTREAMS), id);
	answers("<iq type='error' id='@'><error code='404' type='cancel'>"
		"<item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
	    id);
	expect_told("accepted from 0 | failed");
	assert_int_equal(net.forgotten, 1);
}

static void
an_offer_is_lost_with_the_stream(void **state)
{
	(void)state;
	char id[64];
	we_offer(id);
	ends(his, ERR_CLOSED);
	expect_told("lost");
	assert_null(told.t.session);
}

/* Of errors it looks at the id alone. */
static void
an_offer_is_taken_back(void **state)
{
	(void)state;
	char id[64], expected[128];
	we_offer(id);
	buf_clear(&world.sent);
	si_method.end(&told.t, TRANSFER_END_CANCEL, NULL);
	(void)snprintf(expected, sizeof(expected), "type='error' id='%s'><error code=", id);
	assert_non_null(strstr(buf_cstr(&world.sent), expected));
	/* an answer that was under way means nothing any more */
	answers(TAKES("@", BYTESTREAMS), id);
	expect_told("");
	expect_sent("");
}

static void
gajim_may_choose_in_band(void **state)
{
	(void)state;
	char id[64];
	we_offer(id);
	assert_non_null(strstr(buf_cstr(&world.sent), OPTION(BYTESTREAMS) OPTION(IBB)));
	answers(TAKES("@", IBB), id);
	assert_non_null(
	    strstr(buf_cstr(&world.sent), "<open xmlns='" IBB "' block-size='4096' sid='"));
	expect_told("accepted from 0");
	/* and offers both: SOCKS5 is quicker */
	si_method.end(&told.t, TRANSFER_END_CANCEL, NULL);
	buf_clear(&world.sent);
	says(his, "<iq id='s' type='set'><si xmlns='http://jabber.org/protocol/si' id='s' "
		  "profile='http://jabber.org/protocol/si/profile/file-transfer'>"
		  "<file xmlns='http://jabber.org/protocol/si/profile/file-transfer' name='x' "
		  "size='5' date='2026-11-23T18:04:05Z'><desc>look</desc><range/></file>" FORM(
		      "form", ">" OPTION(BYTESTREAMS) OPTION(IBB)) "</si></iq>");
	expect_told("offered x 5 described");
	assert_int_equal(si_method.accept(&told.t), 0);
	assert_non_null(strstr(buf_cstr(&world.sent), "<value>" BYTESTREAMS "</value>"));
}

static void
gajim_sends_in_band_if_nothing_else_goes(void **state)
{
	(void)state;
	says(his, "<iq id='s' type='set'><si xmlns='http://jabber.org/protocol/si' id='s'>"
		  "<file xmlns='http://jabber.org/protocol/si/profile/file-transfer' name='x' "
		  "size='5'/>" FORM("form", ">" OPTION(IBB)) "</si></iq>");
	assert_int_equal(si_method.accept(&told.t), 0);
	assert_non_null(strstr(buf_cstr(&world.sent), "<value>" IBB "</value>"));
	says(his, "<iq id='o' type='set'><open xmlns='" IBB "' sid='s' block-size='4096'/></iq>");
	says(his,
	    "<iq id='d' type='set'><data xmlns='" IBB "' sid='s' seq='0'>aGVsbG8=</data></iq>");
	says(his, "<iq id='c' type='set'><close xmlns='" IBB "' sid='s'/></iq>");
	(void)uv_run(&world.loop, UV_RUN_NOWAIT);
	expect_told("offered x 5 | connected");
	char got[16] = "";
	assert_int_equal(recv(told.link.fd, got, sizeof(got), 0), 5);
	assert_string_equal(got, "hello");
}

static void
who_can_be_sent_to_so(void **state)
{
	(void)state;
	struct person *p = person_called(ROMEO);
	told_begin(p, true);
	told.t.size = 0x7fffffff;
	assert_true(si_method.fits(p, &told.t));
	told.t.size++; /* libpurple takes it for a negative number */
	assert_false(si_method.fits(p, &told.t));
	told.t.size = 1;
	told.t.folder = true;
	assert_false(si_method.fits(p, &told.t));
	told.t.folder = false;
	static const struct {
		enum txt_client client;
		bool fits;
	} clients[] = {{TXT_CLIENT_GAJIM, true}, {TXT_CLIENT_SALUT, false},
	    {TXT_CLIENT_ADIUM, false}, {TXT_CLIENT_KOPETE, false}, {TXT_CLIENT_UNKNOWN, false},
	    {TXT_CLIENT_SLIMBER, false}, {TXT_CLIENT_EARSHOT, false}};
	for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
		p->txt.client = clients[i].client;
		assert_int_equal(si_method.fits(p, &told.t), clients[i].fits);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(libpurple_is_sent_a_file),
	    TEST(libpurple_declines),
	    TEST(other_answers_end_it),
	    TEST(who_cannot_connect_says_so),
	    TEST(an_offer_is_lost_with_the_stream),
	    TEST(an_offer_is_taken_back),
	    TEST(who_can_be_sent_to_so),
	    cmocka_unit_test_setup_teardown(gajim_may_choose_in_band, set_up_gajim, tear_down),
	    cmocka_unit_test_setup_teardown(
		gajim_sends_in_band_if_nothing_else_goes, set_up_gajim, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
