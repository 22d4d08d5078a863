/* Files by an address (XEP-0066), as Salut, Adium and iChat speak of them. */
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

#include "transfer/http.h"
#include "transfer/http_fetch.h"
#include "transfer/http_server.h"
#include "transfer/xep0065_hosts.h"
#include "transfer/xep0066_oob.h"

extern const struct feature feature_oob;

#define OWN "juliet@pronto"

/* ---- HTTP ---- */

static struct {
	unsigned fetches, stopped, servers, closed;
	struct http_url url;
	bool folder;
	uint64_t size;
	http_fetched_fn *fetched;
	void *ctx;
	const struct http_server_listener *l;
	void *server_ctx;
} http;

int
http_fetch_start(uv_loop_t *loop, const struct http_url *url, bool folder, uint64_t size,
    http_fetched_fn *fetched, void *ctx, struct carrier_link *link, struct http_fetch **out)
{
	(void)loop;
	http.fetches++;
	http.url = *url;
	http.folder = folder;
	http.size = size;
	http.fetched = fetched;
	http.ctx = ctx;
	carrier_link_init(link);
	*out = (struct http_fetch *)&http;
	return 0;
}

void
http_fetch_stop(struct http_fetch *f)
{
	http.stopped += f != NULL;
}

int
http_server_create(
    uv_loop_t *loop, const struct http_server_config *config, struct http_server **out)
{
	(void)loop;
	http.servers++;
	http.l = config->l;
	http.server_ctx = config->ctx;
	*out = (struct http_server *)&http;
	return 0;
}

void
http_server_close(struct http_server *s)
{
	http.closed += s != NULL;
}

void
http_server_url(const struct http_server *s, struct buf *out)
{
	(void)s;
	buf_str(out, "http://192.0.2.254:40001/0123/a%20%26%20b.txt");
}

/* Which way to Romeo: not by the routes of the machine that runs this. */
size_t
bytestream_own(const struct person *p, struct sockaddr_storage out[BYTESTREAM_OWN])
{
	return p->current && stream_local(p->current, &out[0]) == 0;
}

/* ---- the beginning and the end ---- */

static struct stream *his;

static int
set_up_with(enum txt_client client)
{
	static const struct feature *const features[] = {&feature_oob, NULL};
	int err = 0;
	memset(&http, 0, sizeof(http));
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
	return set_up_with(TXT_CLIENT_SALUT);
}

static int
set_up_adium(void **state)
{
	(void)state;
	return set_up_with(TXT_CLIENT_ADIUM);
}

static int
set_up_kopete(void **state)
{
	(void)state;
	return set_up_with(TXT_CLIENT_KOPETE);
}

static int
tear_down(void **state)
{
	(void)state;
	if (told.t.session)
		told.t.method->detach(&told.t);
	int err = world_end();
	told_end();
	return err;
}

static void
expect_said(const char *part)
{
	if (!strstr(buf_cstr(&world.sent), part))
		fail_msg("%s is not in %s", part, buf_cstr(&world.sent));
	buf_clear(&world.sent);
}

/* ---- in ---- */

#define URL "http://192.0.2.1:5297/7E17EB87552F078C/Gere%20Mask.gif"
#define REQUEST(attrs, url) \
	"<iq type='set' id='7' from='" ROMEO "' to='" OWN \
	"'><query xmlns='jabber:iq:oob'><url " attrs ">" url "</url></query></iq>"

static void
salut_sends_a_file(void **state)
{
	(void)state;
	says(his, REQUEST("type='file' size='2556' mimeType='image/gif'", URL));
	expect_told("offered Gere Mask.gif 2556");
	expect_sent("");
	assert_int_equal(oob_method.accept(&told.t), 0);
	expect_told("connected");
	assert_string_equal(http.url.path, "/7E17EB87552F078C/Gere%20Mask.gif");
	assert_int_equal(http.size, 2556);
	http.fetched(http.ctx, 0);
	expect_told("");
	oob_method.end(&told.t, TRANSFER_END_DONE, NULL);
	expect_sent("<iq from='" OWN "' to='" ROMEO "' type='result' id='7'/>");
	assert_null(told.t.session);
}

static void
a_file_is_declined(void **state)
{
	(void)state;
	says(his, REQUEST("", URL));
	expect_told("offered Gere Mask.gif ~0");
	oob_method.decline(&told.t);
	expect_sent("<iq from='" OWN "' to='" ROMEO
		    "' type='error' id='7'><query xmlns='jabber:iq:oob'><url>" URL "</url></query>"
		    "<error code='406' type='modify'><not-acceptable "
		    "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
	assert_null(told.t.session);
	assert_int_equal(http.fetches, 0);
}

static void
what_is_not_there_is_told(void **state)
{
	(void)state;
	says(his, REQUEST("size='5'", URL));
	assert_int_equal(oob_method.accept(&told.t), 0);
	http.fetched(http.ctx, -ENOENT);
	expect_said("<error code='404' type='cancel'><item-not-found ");
	expect_told("offered Gere Mask.gif 5 | connected | failed");
	assert_null(told.t.session);
}

/* Whoever reads what is fetched has stopped, and says why by itself. */
static void
our_own_end_is_not_told_twice(void **state)
{
	(void)state;
	says(his, REQUEST("size='5'", URL));
	assert_int_equal(oob_method.accept(&told.t), 0);
	http.fetched(http.ctx, -EPIPE);
	expect_told("offered Gere Mask.gif 5 | connected");
	oob_method.end(&told.t, TRANSFER_END_FAILED, "the disk is full");
	expect_said("<item-not-found ");
}

static void
ichat_sends_a_folder(void **state)
{
	(void)state;
	says(his, "<iq type='set' id='iChat_A1FB5D95'><query xmlns='jabber:iq:oob'>"
		  "<url type='directory' size='642' nfiles='2' posixflags='000001ED'>\n"
		  "http://192.0.2.1:5297/ABC/my%20folder/</url></query></iq>");
	expect_told("offered my folder ~642 folder");
	assert_int_equal(oob_method.accept(&told.t), 0);
	assert_true(http.folder);
	oob_method.end(&told.t, TRANSFER_END_CANCEL, NULL);
	assert_int_equal(http.stopped, 1);
}

static void
f6_addresses_that_are_not_theirs_are_refused(void **state)
{
	(void)state;
	static const char *const urls[] = {"http://127.0.0.1:8080/x", "http://192.0.2.2:5297/x",
	    "http://192.0.2.1:80/x", "http://192.0.2.1/x", "http://192.0.2.1:1023/x",
	    "http://[::1]:8080/x", "http://[::ffff:127.0.0.1]:8080/x", "http://localhost:8080/x",
	    "http://romeo.local:8080/x", "https://192.0.2.1:5297/x", "file:///etc/passwd",
	    "ftp://192.0.2.1:2121/x", "http://192.0.2.1@198.51.100.1:8080/x",
	    "http://198.51.100.1:8080@192.0.2.1:5297/x", "http://169.254.169.254:8080/x", "", "x"};
	for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
		char text[512];
		(void)snprintf(text, sizeof(text),
		    "<iq type='set' id='7'><query xmlns='jabber:iq:oob'><url>%s</url></query></iq>",
		    urls[i]);
		says(his, text);
		expect_said("<not-acceptable ");
	}
	says(his, "<iq type='set' id='7'><query xmlns='jabber:iq:oob'/></iq>");
	expect_said("<not-acceptable ");
	says(his, REQUEST("type='device'", URL));
	expect_said("<not-acceptable ");
	expect_told("");
	assert_int_equal(http.fetches, 0);
}

static void
adium_sends_in_a_message(void **state)
{
	(void)state;
#define MESSAGE_OF(attrs, url) \
	"<message type='chat' from='" ROMEO "' to='" OWN "'><body/><x xmlns='jabber:x:oob'>" \
	"<url " attrs ">" url "</url></x></message>"
	says(his, MESSAGE_OF("type='file' size='9' posixflags='000001A4'", URL));
	expect_told("offered Gere Mask.gif 9");
	/* nobody waits for an answer */
	oob_method.decline(&told.t);
	expect_sent("");
	/* an address that is not said to be a file is for humans */
	says(his, MESSAGE_OF("", URL));
	says(his, MESSAGE_OF("type='file'", "http://192.0.2.2:5297/x"));
	expect_told("");
	expect_sent("");
}

static void
f6_it_can_be_switched_off(void **state)
{
	(void)state;
	struct person *p = person_called(ROMEO);
	world.r.files.old_clients = false;
	says(his, REQUEST("type='file'", URL));
	expect_said("<forbidden ");
	says(his, MESSAGE_OF("type='file'", URL));
	expect_sent("");
	expect_told("");
	assert_false(feature_oob.wanted(&world.r));
	told_begin(p, true);
	assert_false(oob_method.fits(p, &told.t));
	assert_false(link_method.fits(p, &told.t));
}

static void
n7_nothing_goes_in_plain_to_who_has_a_key(void **state)
{
	(void)state;
	struct person *p = person_called(ROMEO);
	told_begin(p, true);
	p->txt.client = TXT_CLIENT_ADIUM;
	assert_true(oob_method.fits(p, &told.t));
	p->has_key = true;
	assert_false(oob_method.fits(p, &told.t));
	assert_false(link_method.fits(p, &told.t));
	p->has_key = false;
}

/* ---- out ---- */

static void
we_offer(const struct transfer_method *m, char id[64])
{
	told_begin(person_called(ROMEO), true);
	told.t.method = m;
	assert_int_equal(str_replace(&told.t.name, "a & b.txt"), 0);
	told.t.size = 1234;
	assert_int_equal(m->offer(&told.t), 0);
	const char *at = strstr(buf_cstr(&world.sent), " id='");
	if (at)
		assert_int_equal(sscanf(at, " id='%63[^']'", id), 1);
}

static void
answers(const char *type, const char *inside, const char *id)
{
	char text[1024];
	buf_clear(&world.sent);
	(void)snprintf(text, sizeof(text), "<iq id='%s' type='%s'>%s</iq>", id, type, inside);
	says(his, text);
}

static void
they_fetch(uint64_t from)
{
	struct carrier_link link;
	carrier_link_init(&link);
	assert_true(http.l->is_free(http.server_ctx));
	http.l->on_get(http.server_ctx, from, &link);
	assert_false(http.l->is_free(http.server_ctx));
}

static void
salut_is_sent_a_file(void **state)
{
	(void)state;
	static const uint8_t digest[32];
	char id[64];
	we_offer(&oob_method, id);
	expect_said("<query xmlns='jabber:iq:oob'><url type='file' size='1234' "
		    "posixflags='000001A4'>http://192.0.2.254:40001/0123/a%20%26%20b.txt</url>"
		    "</query></iq>");
	struct sockaddr_storage there = endpoint("192.0.2.1", 1), other = endpoint("192.0.2.2", 1);
	assert_true(http.l->may_come(http.server_ctx, &there));
	assert_false(http.l->may_come(http.server_ctx, &other));
	they_fetch(0);
	expect_told("accepted from 0 | connected");
	assert_int_equal(oob_method.checksum(&told.t, digest), 0);
	expect_told("");
	answers("result", "", id);
	expect_told("confirmed");
	assert_int_equal(http.closed, 1);
}

static void
salut_confirms_before_we_know_that_all_is_sent(void **state)
{
	(void)state;
	static const uint8_t digest[32];
	char id[64];
	we_offer(&oob_method, id);
	they_fetch(0);
	answers("result", "", id);
	expect_told("accepted from 0 | connected");
	assert_int_equal(oob_method.checksum(&told.t, digest), 0);
	expect_told("confirmed");
}

static void
salut_declines(void **state)
{
	(void)state;
	char id[64];
	we_offer(&oob_method, id);
	/* the condition alone; iChat says no more than the number, in the wrong place */
	answers("error",
	    "<error code='406' type='modify'>"
	    "<not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>",
	    id);
	expect_told("declined");
	buf_clear(&world.sent);
	we_offer(&oob_method, id);
	answers("error", "<error type='406'/>", id);
	expect_told("declined");
	assert_int_equal(http.closed, 2);
}

static void
who_could_not_fetch_it_says_so(void **state)
{
	(void)state;
	char id[64];
	we_offer(&oob_method, id);
	they_fetch(0);
	answers("error",
	    "<error code='404' type='cancel'>"
	    "<item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>",
	    id);
	expect_told("accepted from 0 | connected | failed");
	buf_clear(&world.sent);
	we_offer(&oob_method, id);
	they_fetch(0);
	answers("error", "<error type='406'/>", id);
	expect_told("accepted from 0 | connected | cancelled");
}

static void
an_offer_is_lost_with_the_stream(void **state)
{
	(void)state;
	char id[64];
	we_offer(&oob_method, id);
	ends(his, ERR_CLOSED);
	expect_told("lost");
	assert_int_equal(http.closed, 1);
}

static void
bytes_outlive_the_stream(void **state)
{
	(void)state;
	static const uint8_t digest[32];
	char id[64];
	we_offer(&oob_method, id);
	they_fetch(0);
	ends(his, ERR_CLOSED);
	expect_told("accepted from 0 | connected");
	assert_int_equal(oob_method.checksum(&told.t, digest), 0);
	oob_method.end(&told.t, TRANSFER_END_CANCEL, NULL);
}

static void
adium_confirms_nothing(void **state)
{
	(void)state;
	static const uint8_t digest[32];
	char id[64];
	we_offer(&oob_method, id);
	they_fetch(0);
	assert_int_equal(oob_method.checksum(&told.t, digest), 0);
	expect_told("accepted from 0 | connected | confirmed");
}

static void
kopete_gets_a_link(void **state)
{
	(void)state;
	static const uint8_t digest[32];
	char id[64] = "";
	we_offer(&link_method, id);
#define LINK "http://192.0.2.254:40001/0123/a%20%26%20b.txt"
	expect_sent("<message from='" OWN "' to='" ROMEO "' type='chat'>"
		    "<body>a &amp; b.txt: " LINK "</body>"
		    "<html xmlns='http://www.w3.org/1999/xhtml'><body><font>a &amp; b.txt: "
		    "<a href='" LINK "'>" LINK "</a></font></body></html></message>");
	/* a browser that goes on where it was */
	they_fetch(1000);
	expect_told("accepted from 1000 | connected");
	assert_int_equal(link_method.checksum(&told.t, digest), 0);
	expect_told("confirmed");
}

static void
who_can_be_sent_to_so(void **state)
{
	(void)state;
	static const struct {
		enum txt_client client;
		bool oob, link;
	} clients[] = {{TXT_CLIENT_SALUT, true, true}, {TXT_CLIENT_ADIUM, true, true},
	    {TXT_CLIENT_KOPETE, false, true}, {TXT_CLIENT_UNKNOWN, false, true},
	    {TXT_CLIENT_SLIMBER, false, true}, {TXT_CLIENT_LIBPURPLE, false, true},
	    {TXT_CLIENT_GAJIM, false, true}, {TXT_CLIENT_EARSHOT, false, false}};
	struct person *p = person_called(ROMEO);
	told_begin(p, true);
	for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
		p->txt.client = clients[i].client;
		assert_int_equal(oob_method.fits(p, &told.t), clients[i].oob);
		assert_int_equal(link_method.fits(p, &told.t), clients[i].link);
	}
	told.t.folder = true;
	p->txt.client = TXT_CLIENT_ADIUM;
	assert_false(oob_method.fits(p, &told.t));
	assert_false(link_method.fits(p, &told.t));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(salut_sends_a_file),
	    TEST(a_file_is_declined),
	    TEST(what_is_not_there_is_told),
	    TEST(our_own_end_is_not_told_twice),
	    TEST(ichat_sends_a_folder),
	    TEST(f6_addresses_that_are_not_theirs_are_refused),
	    cmocka_unit_test_setup_teardown(adium_sends_in_a_message, set_up_adium, tear_down),
	    TEST(f6_it_can_be_switched_off),
	    TEST(n7_nothing_goes_in_plain_to_who_has_a_key),
	    TEST(salut_is_sent_a_file),
	    TEST(salut_confirms_before_we_know_that_all_is_sent),
	    TEST(salut_declines),
	    TEST(who_could_not_fetch_it_says_so),
	    TEST(an_offer_is_lost_with_the_stream),
	    TEST(bytes_outlive_the_stream),
	    cmocka_unit_test_setup_teardown(adium_confirms_nothing, set_up_adium, tear_down),
	    cmocka_unit_test_setup_teardown(kopete_gets_a_link, set_up_kopete, tear_down),
	    TEST(who_can_be_sent_to_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
