/* Stream initiation (XEP-0095, XEP-0096, XEP-0065), as libpurple and Gajim speak it. */
#include "base/limits.h"
#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/world.h"

#include "../support/romeo.h"

#include "told.h"

#include "transfer/socks5.h"
#include "transfer/whereabouts.h"
#include "transfer/xep0065_hosts.h"
#include "transfer/xep0096_si.h"

extern const struct feature feature_ibb, feature_si;

#define OWN "juliet@pronto"
#define FORM(what, inside) \
	"<feature xmlns='http://jabber.org/protocol/feature-neg'>" \
	"<x xmlns='jabber:x:data' type='" what "'><field var='stream-method'" inside \
	"</field></x></feature>"
#define OPTION(ns)  "<option><value>" ns "</value></option>"
#define BYTESTREAMS "http://jabber.org/protocol/bytestreams"
#define IBB         "http://jabber.org/protocol/ibb"
/* as captured of libpurple 2.14 */
#define OFFER(id, size) \
	"<iq to='" OWN "' from='" ROMEO "' id='" id "' type='set'>" \
	"<si xmlns='http://jabber.org/protocol/si' " \
	"profile='http://jabber.org/protocol/si/profile/file-transfer' id='" id "'>" \
	"<file xmlns='http://jabber.org/protocol/si/profile/file-transfer' name='photo.bin' " \
	"size='" size "'/>" FORM("form", " type='list-single'>" OPTION(BYTESTREAMS)) "</si></iq>"
#define TAKES(id, ns) \
	"<iq to='" OWN "' from='" ROMEO "' id='" id "' type='result'>" \
	"<si xmlns='http://jabber.org/protocol/si'>" FORM( \
	    "submit", "><value>" ns "</value>") "</si></iq>"

/* ---- connections ---- */

static struct {
	struct sockaddr_storage at[LIMIT_ADDRESSES];
	size_t count;
	char hash[SOCKS5_HASH_SIZE];
	unsigned dials, expectations, forgotten, stopped;
	socks5_dialled_fn *dialled;
	socks5_allow_fn *allow;
	socks5_arrived_fn *arrived;
	void *ctx;
} net;

int
socks5_server_create(uv_loop_t *loop, struct socks5_server **out)
{
	(void)loop;
	*out = (struct socks5_server *)&net;
	return 0;
}

void
socks5_server_close(struct socks5_server *s)
{
	(void)s;
}

uint16_t
socks5_server_port(const struct socks5_server *s)
{
	(void)s;
	return 40001;
}

int
socks5_expect(struct socks5_server *s, const char *hash, socks5_allow_fn *allow,
    socks5_arrived_fn *arrived, void *ctx, struct socks5_expected **out)
{
	(void)s;
	net.expectations++;
	net.allow = allow;
	net.arrived = arrived;
	net.ctx = ctx;
	(void)snprintf(net.hash, sizeof(net.hash), "%s", hash);
	*out = (struct socks5_expected *)&net;
	return 0;
}

void
socks5_forget(struct socks5_expected *e)
{
	net.forgotten += e != NULL;
}

int
socks5_dial(uv_loop_t *loop, const struct sockaddr_storage *candidates, size_t count,
    const char *hash, unsigned gap_ms, unsigned deadline_ms, socks5_dialled_fn *dialled, void *ctx,
    struct socks5_dial **out)
{
	(void)loop, (void)gap_ms, (void)deadline_ms;
	net.dials++;
	net.count = count;
	memcpy(net.at, candidates, count * sizeof(*candidates));
	(void)snprintf(net.hash, sizeof(net.hash), "%s", hash);
	net.dialled = dialled;
	net.ctx = ctx;
	*out = (struct socks5_dial *)&net;
	return 0;
}

void
socks5_dial_stop(struct socks5_dial *d)
{
	net.stopped += d != NULL;
}

/* ---- the beginning and the end ---- */

static struct stream *his;

static int
set_up_with(enum txt_client client)
{
	static const struct feature *const features[] = {&feature_ibb, &feature_si, NULL};
	int err = 0;
	memset(&net, 0, sizeof(net));
	carrier_link_init(&told.link);
	if (world_begin(features))
		return -1;
	world.r.files.old_clients = true;
	(void)snprintf(world.r.own_name, sizeof(world.r.own_name), OWN);
	romeo(client);
	his = dials_us(ROMEO, "192.0.2.1", &err);
	his->local = endpoint("192.0.2.254", 5298);
	person_called(ROMEO)->spoken = true;
	buf_clear(&world.sent);
	return err;
}

static int
set_up(void **state)
{
	(void)state;
	return set_up_with(TXT_CLIENT_LIBPURPLE);
}

static int
set_up_gajim(void **state)
{
	(void)state;
	return set_up_with(TXT_CLIENT_GAJIM);
}

static int
tear_down(void **state)
{
	(void)state;
	if (told.t.session)
		si_method.detach(&told.t);
	int err = world_end();
	told_end();
	return err;
}

/* ---- in ---- */

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

/* ---- out ---- */

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

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
	    TEST(libpurple_is_sent_a_file),
	    TEST(libpurple_declines),
	    TEST(other_answers_end_it),
	    TEST(who_cannot_connect_says_so),
	    TEST(an_offer_is_lost_with_the_stream),
	    TEST(an_offer_is_taken_back),
	    cmocka_unit_test_setup_teardown(gajim_may_choose_in_band, set_up_gajim, tear_down),
	    cmocka_unit_test_setup_teardown(
		gajim_sends_in_band_if_nothing_else_goes, set_up_gajim, tear_down),
	    TEST(who_can_be_sent_to_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
