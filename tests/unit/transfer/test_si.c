/* Stream initiation (XEP-0095, XEP-0096, XEP-0065): files that come from libpurple and Gajim. */
#include "si_world.h"

#define HOST(jid, host, port) "<streamhost jid='" jid "' host='" host "' port='" port "'/>"
#define HOSTS(inside) \
	"<iq to='" OWN "' from='" ROMEO "' id='0' type='set'><query xmlns='" BYTESTREAMS \
	"' sid='0' mode='tcp'>" inside "</query></iq>"

static void
is_offered(void)
{
	says(his, OFFER("0", "3145728"));
	expect_told("offered photo.bin 3145728");
	expect_sent("");
	assert_int_equal(si_method.accept(&told.t), 0);
	expect_sent("<iq from='" OWN "' to='" ROMEO "' type='result' id='0'>"
		    "<si xmlns='http://jabber.org/protocol/si'>" FORM(
			"submit", "><value>" BYTESTREAMS "</value>") "</si></iq>");
}

static void
libpurple_sends_a_file(void **state)
{
	(void)state;
	is_offered();
	says(his, HOSTS(HOST("0", "fe80::77:ff:fe00:1", "42411") HOST("0", "192.0.2.1", "42411")));
	assert_int_equal(net.dials, 1);
	assert_int_equal(net.count, 1); /* the other one is nobody's that we know */
	assert_true(address_same_host(&net.at[0], stream_remote(his)));
	assert_int_equal(address_port(&net.at[0]), 42411);
	char hash[SOCKS5_HASH_SIZE];
	assert_int_equal(bytestream_hash("0", ROMEO, OWN, hash), 0);
	assert_string_equal(net.hash, hash);
	expect_sent("");
	struct carrier_link link;
	carrier_link_init(&link);
	net.dialled(net.ctx, 0, 0, &link);
	expect_sent(
	    "<iq from='" OWN "' to='" ROMEO "' type='result' id='0'><query xmlns='" BYTESTREAMS
	    "'><streamhost-used jid='0'/></query></iq>");
	expect_told("connected");
	/* once it has its name */
	si_method.end(&told.t, TRANSFER_END_DONE, NULL);
	expect_sent("");
	assert_null(told.t.session);
}

static void
the_hash_is_that_of_the_facts(void **state)
{
	(void)state;
	char hash[SOCKS5_HASH_SIZE];
	assert_int_equal(bytestream_hash("0", "ann@a", "bob@b", hash), 0);
	assert_string_equal(hash, "c97cd5f74b30cf5878cf715fa2c28969131c5826");
	assert_int_equal(bytestream_hash("0", "alice@h1", "bob@h2", hash), 0);
	assert_string_equal(hash, "016f2f5ee408e685e052d0fb56e22e61f0113e8a");
}

static void
an_offer_is_declined(void **state)
{
	(void)state;
	says(his, OFFER("7", "1"));
	expect_told("offered photo.bin 1");
	si_method.decline(&told.t);
	expect_sent(
	    "<iq from='" OWN "' to='" ROMEO "' type='error' id='7'><error code='403' type='cancel'>"
	    "<forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
	    "<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>Offer Declined</text>"
	    "</error></iq>");
	assert_null(told.t.session);
	assert_int_equal(si_method.accept(&told.t), ERR_ABSENT);
}

static void
what_cannot_be_connected_to_is_told(void **state)
{
	(void)state;
	is_offered();
	says(his, HOSTS(HOST("0", "192.0.2.1", "42411")));
	net.dialled(net.ctx, -ECONNREFUSED, 0, NULL);
	assert_non_null(strstr(buf_cstr(&world.sent), "<error code='404' type='cancel'>"
						      "<item-not-found "));
	expect_told("failed");
	assert_null(told.t.session);
}

static void
f6_hosts_that_are_not_theirs_are_not_connected_to(void **state)
{
	(void)state;
	is_offered();
	says(his, HOSTS(HOST("0", "192.0.2.2", "42411") HOST("0", "127.0.0.1", "42411")
			  HOST("0", "localhost", "42411") HOST("0", "192.0.2.1", "22")));
	assert_int_equal(net.dials, 0);
	assert_non_null(strstr(buf_cstr(&world.sent), "<item-not-found "));
	expect_told("failed");
}

static const char *
any_of(const char *const *words, uint32_t count)
{
	return words[random_below(count)];
}

/* Whatever they list, nothing but their own address is ever connected to, above the ports of the
 * system. */
static void
f6_a_thousand_hostile_lists(void **state)
{
	(void)state;
	static const char *const hosts[] = {"192.0.2.1", "192.0.2.1", "192.0.2.10", "127.0.0.1",
	    "0.0.0.0", "255.255.255.255", "224.0.0.1", "::1", "::ffff:127.0.0.1",
	    "::ffff:192.0.2.1", "fe80::1", "fe80::1%lo", "192.0.2.1%eth0", "192.0.2.1.",
	    "192.0.2.001", "192.0.513", "3221225985", "0xc0.0.2.1", "192.0.2.1:80", "localhost",
	    "romeo.local", "proxy.eu.jabber.org", "", " 192.0.2.1", "192.0.2.1 ", "[::1]",
	    "169.254.169.254", "10.0.0.1", "192.0.2.1\xc2\xa0", "a.b.c.d", "::", "192.0.2.1/24"};
	static const char *const ports[] = {"0", "1", "22", "25", "80", "443", "445", "631", "1023",
	    "1024", "5298", "40001", "65535", "65536", "-1", "+5", "0x50", "80 ", " 5298", "",
	    "99999999999", "4294967376"};
	static const char *const jids[] = {"0", "", "a@b", "&lt;x&gt;", "&apos;"};
	unsigned dials = 0;
	for (int round = 0; round < 1000; round++) {
		struct buf list = BUF_INIT(1 << 16);
		char id[16];
		(void)snprintf(id, sizeof(id), "s%d", round);
		buf_fmt(&list,
		    "<iq id='%s' type='set'><si xmlns='http://jabber.org/protocol/si' id='%s'>"
		    "<file xmlns='http://jabber.org/protocol/si/profile/file-transfer' name='x' "
		    "size='5'/>%s</si></iq>",
		    id, id, FORM("form", ">" OPTION(BYTESTREAMS)));
		says(his, list.data);
		assert_int_equal(si_method.accept(&told.t), 0);
		buf_clear(&list);
		buf_fmt(&list, "<iq id='%s' type='set'><query xmlns='" BYTESTREAMS "' sid='%s'>",
		    id, id);
		for (uint32_t n = 1 + random_below(60); n > 0; n--)
			buf_fmt(&list, "<streamhost jid='%s' host='%s' port='%s'/>",
			    any_of(jids, ARRAY_LEN(jids)), any_of(hosts, ARRAY_LEN(hosts)),
			    any_of(ports, ARRAY_LEN(ports)));
		buf_str(&list, "</query></iq>");
		net.count = 0;
		says(his, list.data);
		dials += net.count > 0;
		for (size_t i = 0; i < net.count; i++) {
			assert_true(address_same_host(&net.at[i], stream_remote(his)));
			assert_true(address_port(&net.at[i]) >= 1024);
		}
		if (told.t.session)
			si_method.detach(&told.t);
		buf_finish(&list);
		buf_clear(&world.sent);
	}
	assert_true(dials > 100 && dials < 1000);
}

static void
f6_a_link_local_address_gets_our_scope(void **state)
{
	(void)state;
	struct sockaddr_storage at;
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_scope_id = 7};
	assert_int_equal(inet_pton(AF_INET6, "fe80::1", &v6.sin6_addr), 1);
	memcpy(&his->remote, &v6, sizeof(v6));
	const struct person *p = person_called(ROMEO);
	assert_int_equal(whereabouts_read(p, "fe80::1", 5000, &at), 0);
	memcpy(&v6, &at, sizeof(v6));
	assert_int_equal(v6.sin6_scope_id, 7);
	/* theirs means nothing here */
	assert_int_equal(whereabouts_read(p, "fe80::1%3", 5000, &at), 0);
	memcpy(&v6, &at, sizeof(v6));
	assert_int_equal(v6.sin6_scope_id, 7);
	assert_int_equal(whereabouts_read(p, "fe80::2", 5000, &at), ERR_TRUST);
	/* who connects from the same address on another link is somebody else */
	v6.sin6_scope_id = 8;
	memcpy(&at, &v6, sizeof(v6));
	assert_false(whereabouts_fit(p, &at));
	v6.sin6_scope_id = 7;
	memcpy(&at, &v6, sizeof(v6));
	assert_true(whereabouts_fit(p, &at));
}

static void
offers_that_make_no_sense_are_refused(void **state)
{
	(void)state;
#define SI(attrs, inside) \
	"<iq id='9' type='set'><si xmlns='http://jabber.org/protocol/si' " attrs ">" inside \
	"</si></iq>"
#define FILE_NS "xmlns='http://jabber.org/protocol/si/profile/file-transfer'"
	static const char *const broken[] = {
	    SI("id='9'", ""),
	    SI("id='9'", "<file " FILE_NS " size='5'/>" FORM("form", ">" OPTION(BYTESTREAMS))),
	    SI("id='9'",
		"<file " FILE_NS " name='' size='5'/>" FORM("form", ">" OPTION(BYTESTREAMS))),
	    SI("", "<file " FILE_NS " name='x' size='5'/>" FORM("form", ">" OPTION(BYTESTREAMS))),
	    SI("id='9'", "<file " FILE_NS " name='x' size='5'/>"),
	    SI("id='9'", "<file " FILE_NS " name='x' size='5'/>" FORM("form", ">" OPTION("urn:x"))),
	    SI("id='9' profile='urn:x'",
		"<file " FILE_NS " name='x'/>" FORM("form", ">" OPTION(BYTESTREAMS))),
	};
	for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
		says(his, broken[i]);
		if (!strstr(buf_cstr(&world.sent), "type='error' id='9'"))
			fail_msg("offer %zu was not refused", i);
		buf_clear(&world.sent);
	}
	expect_told("");
	/* bytestreams of nothing */
	says(his, HOSTS(HOST("0", "192.0.2.1", "5000")));
	assert_non_null(strstr(buf_cstr(&world.sent), "<not-acceptable "));
	/* a size that is none is not known */
	buf_clear(&world.sent);
	says(his, OFFER("3", "-2147483648"));
	expect_told("offered photo.bin ~0");
}

static void
hosts_are_named_once(void **state)
{
	(void)state;
	/* not before we have taken it, and not twice */
	says(his, OFFER("0", "5"));
	says(his, HOSTS(HOST("0", "192.0.2.1", "5000")));
	assert_non_null(strstr(buf_cstr(&world.sent), "<not-acceptable "));
	assert_int_equal(net.dials, 0);
	assert_int_equal(si_method.accept(&told.t), 0);
	says(his, HOSTS(HOST("0", "192.0.2.1", "5000")));
	says(his, HOSTS(HOST("0", "192.0.2.1", "5001")));
	assert_int_equal(net.dials, 1);
}

/* libpurple counts from 0 again when it is started again. */
static void
a_new_offer_takes_the_place_of_one_of_the_same_name(void **state)
{
	(void)state;
	says(his, OFFER("0", "5"));
	says(his, OFFER("0", "6"));
	expect_told("offered photo.bin 5 | cancelled | offered photo.bin 6");
}

static void
what_the_manager_refuses_is_forbidden(void **state)
{
	(void)state;
	told.refuse = ERR_FULL;
	says(his, OFFER("0", "5"));
	assert_non_null(strstr(buf_cstr(&world.sent), "<forbidden "));
	assert_null(told.t.session);
}

static void
f6_it_can_be_switched_off(void **state)
{
	(void)state;
	world.r.files.old_clients = false;
	says(his, OFFER("0", "5"));
	assert_non_null(strstr(buf_cstr(&world.sent), "<forbidden "));
	expect_told("");
	assert_false(feature_si.wanted(&world.r));
	told_begin(person_called(ROMEO), true);
	assert_false(si_method.fits(person_called(ROMEO), &told.t));
}

/* What the net says that they can do may be a lie of who wants to read it. */
static void
n7_nothing_goes_in_plain_to_who_has_a_key(void **state)
{
	(void)state;
	struct person *p = person_called(ROMEO);
	told_begin(p, true);
	told.t.size = 1;
	assert_true(si_method.fits(p, &told.t));
	p->has_key = true;
	assert_false(si_method.fits(p, &told.t));
	p->has_key = false;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(libpurple_sends_a_file),
	    TEST(the_hash_is_that_of_the_facts),
	    TEST(an_offer_is_declined),
	    TEST(what_cannot_be_connected_to_is_told),
	    TEST(f6_hosts_that_are_not_theirs_are_not_connected_to),
	    TEST(f6_a_thousand_hostile_lists),
	    TEST(f6_a_link_local_address_gets_our_scope),
	    TEST(offers_that_make_no_sense_are_refused),
	    TEST(hosts_are_named_once),
	    TEST(a_new_offer_takes_the_place_of_one_of_the_same_name),
	    TEST(what_the_manager_refuses_is_forbidden),
	    TEST(f6_it_can_be_switched_off),
	    TEST(n7_nothing_goes_in_plain_to_who_has_a_key),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
