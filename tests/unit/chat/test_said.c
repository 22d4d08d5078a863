/* What a message looks like to each kind of client, and what is read of theirs. */
#include "chat/chat.h"
#include "chat/said.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/world.h"

#include "../support/romeo.h"

#define TARGET "0123456789abcdef0123456789abcdef"
#define THUMB  "\xf0\x9f\x91\x8d"

static const struct feature *const features[] = {NULL};

static int
set_up(void **state)
{
	(void)state;
	return world_begin(features);
}

static int
tear_down(void **state)
{
	(void)state;
	return world_end();
}

/* ---- written ---- */

static struct buf written;

static void
write_to(enum txt_client client, const struct saying *m)
{
	romeo(client);
	buf_finish(&written);
	written = BUF_INIT(LIMIT_STANZA);
	said_write(&written, person_called(ROMEO), m);
	assert_int_equal(buf_err(&written), 0);
}

static void
has(const char *part)
{
	if (!strstr(buf_cstr(&written), part))
		fail_msg("no %s in %s", part, buf_cstr(&written));
}

static void
has_not(const char *part)
{
	if (strstr(buf_cstr(&written), part))
		fail_msg("%s in %s", part, buf_cstr(&written));
}

static struct saying
saying(enum store_kind kind, const char *body)
{
	return (struct saying){
	    .kind = kind, .id = "7", .target = TARGET, .body = body, .said_at = clock_wall()};
}

static void
a_correction_says_what_it_corrects(void **state)
{
	(void)state;
	struct saying m = saying(STORE_CORRECTION, "better");
	write_to(TXT_CLIENT_EARSHOT, &m);
	has("<body>better</body>");
	has("<replace xmlns='urn:xmpp:message-correct:0' id='" TARGET "'/>");
	has("<request xmlns='urn:xmpp:receipts'/>");
	has("<origin-id xmlns='urn:xmpp:sid:0' id='7'/>");
	has("<markable xmlns='urn:xmpp:chat-markers:0'/>");
	has_not("<delay");
}

static void
old_clients_get_a_star(void **state)
{
	(void)state;
	struct saying m = saying(STORE_CORRECTION, "better");
	write_to(TXT_CLIENT_LIBPURPLE, &m);
	has("<body>* better</body>");
	has("<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:message-correct:0'>"
	    "<body start='0' end='2'/></fallback>");
	has_not("receipts");
	has_not("markable");
}

static void
a_retraction_has_words_only_for_those_who_need_them(void **state)
{
	(void)state;
	struct saying m = saying(STORE_RETRACTION, "");
	write_to(TXT_CLIENT_EARSHOT, &m);
	has("<retract xmlns='urn:xmpp:message-retract:1' id='" TARGET "'/>");
	has_not("<body");
}

static void
old_clients_read_that_it_is_taken_back(void **state)
{
	(void)state;
	struct saying m = saying(STORE_RETRACTION, "");
	write_to(TXT_CLIENT_GAJIM, &m);
	has("<retract ");
	has("<body>(I take back");
	has("<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:message-retract:1'><body/>");
}

static void
reactions_are_elements_of_their_own(void **state)
{
	(void)state;
	struct saying m = saying(STORE_REACTION, THUMB " ok");
	write_to(TXT_CLIENT_EARSHOT, &m);
	has("<reactions xmlns='urn:xmpp:reactions:0' id='" TARGET "'><reaction>" THUMB
	    "</reaction><reaction>ok</reaction></reactions>");
	has_not("<body");
}

static void
old_clients_read_reactions_with_what_they_are_about(void **state)
{
	(void)state;
	struct saying m = saying(STORE_REACTION, THUMB);
	m.quote = "two\nlines";
	write_to(TXT_CLIENT_LIBPURPLE, &m);
	has("<body>" THUMB "\n&gt; two lines</body>");
}

static void
a_reply_is_not_quoted_to_those_who_know_replies(void **state)
{
	(void)state;
	struct saying m = saying(STORE_CHAT, "yes");
	m.quote = "are you there?";
	write_to(TXT_CLIENT_EARSHOT, &m);
	has("<body>yes</body>");
	has("<reply xmlns='urn:xmpp:reply:0' to='" ROMEO "' id='" TARGET "'/>");
	has_not("fallback");
}

static void
old_clients_get_the_quotation_in_front(void **state)
{
	(void)state;
	struct saying m = saying(STORE_CHAT, "yes");
	m.quote = "o\xc3\xb9?"; /* three characters, four bytes */
	write_to(TXT_CLIENT_GAJIM, &m);
	has("<body>&gt; o\xc3\xb9?\nyes</body>");
	has("for='urn:xmpp:reply:0'><body start='0' end='6'/>");
}

static void
what_was_said_long_ago_says_when(void **state)
{
	(void)state;
	struct saying m = saying(STORE_CHAT, "late");
	m.target = NULL;
	m.said_at = clock_wall() - 60000;
	write_to(TXT_CLIENT_GAJIM, &m);
	has("<delay xmlns='urn:xmpp:delay' from='juliet@pronto' stamp='");
	has("<body>late</body>");
}

static void
old_clients_read_the_time_in_the_words(void **state)
{
	(void)state;
	struct saying m = saying(STORE_CHAT, "late");
	char expected[64], minute[STAMP_MINUTE_SIZE];
	m.target = NULL;
	m.said_at = clock_wall() - 60000;
	write_to(TXT_CLIENT_LIBPURPLE, &m);
	stamp_minute(minute, m.said_at);
	(void)snprintf(expected, sizeof(expected), "<body>[%s] late</body>", minute);
	has(expected);
	has("<delay "); /* another Earshot that we do not know yet takes the time off again: */
	has("for='urn:xmpp:delay'><body start='0' end='19'/>");
}

/* ---- read ---- */

static struct said said;
static bool kept;

static void
on_parsed_one(void *ctx, const struct xml_elem *stanza)
{
	struct inbound in = {.from = ctx, .stanza = stanza};
	static char target[64], id[64];
	buf_finish(&said.text);
	kept = said_read(&in, &said);
	(void)snprintf(target, sizeof(target), "%s", said.target ? said.target : "");
	(void)snprintf(id, sizeof(id), "%s", said.id ? said.id : "");
	said.target = target; /* the stanza does not live on */
	said.id = id;
}

static void
reads(const char *stanza, enum store_kind kind, const char *target, const char *text)
{
	romeo(TXT_CLIENT_UNKNOWN);
	assert_int_equal(parse(stanza, on_parsed_one, person_called(ROMEO)), 0);
	assert_true(kept);
	assert_int_equal(said.kind, kind);
	assert_string_equal(said.target, target);
	assert_string_equal(buf_cstr(&said.text), text);
}

static void
kinds_are_told_apart(void **state)
{
	(void)state;
	reads("<message id='1'><body>hi</body></message>", STORE_CHAT, "", "hi");
	assert_string_equal(said.id, "1");
	assert_false(said.origin);
	reads("<message id='2'><body>hi</body><replace xmlns='urn:xmpp:message-correct:0' id='1'/>"
	      "<origin-id xmlns='urn:xmpp:sid:0' id='o'/></message>",
	    STORE_CORRECTION, "1", "hi");
	assert_string_equal(said.id, "o");
	assert_true(said.origin);
	reads(
	    "<message id='2'><body>* hi</body><replace xmlns='urn:xmpp:message-correct:0' id='1'/>"
	    "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:message-correct:0'>"
	    "<body start='0' end='2'/></fallback></message>",
	    STORE_CORRECTION, "1", "hi");
	reads("<message><retract xmlns='urn:xmpp:message-retract:1' id='1'/><body>gone</body>"
	      "</message>",
	    STORE_RETRACTION, "1", "");
	reads("<message><displayed xmlns='urn:xmpp:chat-markers:0' id='1'/></message>",
	    STORE_MARKER, "1", "");
	reads("<message><reactions xmlns='urn:xmpp:reactions:0' id='1'><reaction>a</reaction>"
	      "<reaction>b c</reaction><reaction>d</reaction></reactions></message>",
	    STORE_REACTION, "1", "a d");
	reads("<message><reply xmlns='urn:xmpp:reply:0' id='1'/><body>yes</body></message>",
	    STORE_CHAT, "1", "yes");
}

static void
a_quotation_for_others_is_taken_off(void **state)
{
	(void)state;
	reads("<message><body>&gt; o\xc3\xb9?\nyes</body><reply xmlns='urn:xmpp:reply:0' id='1'/>"
	      "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'>"
	      "<body start='0' end='6'/></fallback></message>",
	    STORE_CHAT, "1", "yes");
	/* lies about where it is leave the words */
	reads("<message><body>yes</body><reply xmlns='urn:xmpp:reply:0' id='1'/>"
	      "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'>"
	      "<body start='2' end='1'/></fallback></message>",
	    STORE_CHAT, "1", "yes");
	reads("<message><body>yes</body><reply xmlns='urn:xmpp:reply:0' id='1'/>"
	      "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'>"
	      "<body start='0' end='99'/></fallback></message>",
	    STORE_CHAT, "1", "yes");
}

static void
words_for_others_are_taken_off_wherever_they_stand(void **state)
{
	(void)state;
	reads("<message><body>[time] * better</body><replace xmlns='urn:xmpp:message-correct:0' "
	      "id='1'/>"
	      "<delay xmlns='urn:xmpp:delay' stamp='1970-01-01T00:00:01Z'/>"
	      "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:delay'>"
	      "<body start='0' end='7'/></fallback>"
	      "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:message-correct:0'>"
	      "<body start='7' end='9'/></fallback></message>",
	    STORE_CORRECTION, "1", "better");
	/* what lies over another is a lie; what is for something else stays */
	reads("<message><body>0123456789</body><reply xmlns='urn:xmpp:reply:0' id='1'/>"
	      "<delay xmlns='urn:xmpp:delay' stamp='1970-01-01T00:00:01Z'/>"
	      "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:delay'>"
	      "<body start='0' end='5'/></fallback>"
	      "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'>"
	      "<body start='3' end='6'/></fallback></message>",
	    STORE_CHAT, "1", "0126789");
	reads(
	    "<message><body>0123</body><fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:delay'>"
	    "<body start='0' end='2'/></fallback></message>",
	    STORE_CHAT, "", "0123");
}

static void
what_we_write_to_a_stranger_reads_the_same_at_an_earshot(void **state)
{
	(void)state;
	static const struct {
		enum store_kind kind;
		const char *quote;
	} cases[] = {{STORE_CHAT, NULL}, {STORE_CHAT, "o\xc3\xb9?"}, {STORE_CORRECTION, NULL}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct saying m = saying(cases[i].kind, "* [words] > as\nthey are");
		m.quote = cases[i].quote;
		m.said_at = clock_wall() - 60000;
		struct person stranger = {.roster = &world.r, .name = (char[]){"x@y"}};
		buf_finish(&written);
		written = BUF_INIT(LIMIT_STANZA);
		said_write(&written, &stranger, &m);
		reads(buf_cstr(&written), m.kind, TARGET, m.body);
	}
}

static void
times_are_believed_unless_from_the_future(void **state)
{
	(void)state;
	reads("<message><body>a</body><delay xmlns='urn:xmpp:delay' stamp='1970-01-01T00:00:01Z'/>"
	      "</message>",
	    STORE_CHAT, "", "a");
	assert_int_equal(said.said_at, 1000);
	reads("<message><body>a</body><delay xmlns='urn:xmpp:delay' stamp='2099-01-01T00:00:01Z'/>"
	      "</message>",
	    STORE_CHAT, "", "a");
	assert_int_equal(said.said_at, clock_wall());
	reads("<message><body>a</body><delay xmlns='urn:xmpp:delay' stamp='yesterday'/></message>",
	    STORE_CHAT, "", "a");
	assert_int_equal(said.said_at, clock_wall());
}

static void
nothing_said_is_nothing_kept(void **state)
{
	(void)state;
	romeo(TXT_CLIENT_UNKNOWN);
	assert_int_equal(
	    parse("<message><body/></message>", on_parsed_one, person_called(ROMEO)), 0);
	assert_false(kept);
}

static int
finish(void **state)
{
	(void)state;
	buf_finish(&written);
	buf_finish(&said.text);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_correction_says_what_it_corrects),
	    TEST(old_clients_get_a_star),
	    TEST(a_retraction_has_words_only_for_those_who_need_them),
	    TEST(old_clients_read_that_it_is_taken_back),
	    TEST(reactions_are_elements_of_their_own),
	    TEST(old_clients_read_reactions_with_what_they_are_about),
	    TEST(a_reply_is_not_quoted_to_those_who_know_replies),
	    TEST(old_clients_get_the_quotation_in_front),
	    TEST(what_was_said_long_ago_says_when),
	    TEST(old_clients_read_the_time_in_the_words),
	    TEST(kinds_are_told_apart),
	    TEST(a_quotation_for_others_is_taken_off),
	    TEST(words_for_others_are_taken_off_wherever_they_stand),
	    TEST(what_we_write_to_a_stranger_reads_the_same_at_an_earshot),
	    TEST(times_are_believed_unless_from_the_future),
	    TEST(nothing_said_is_nothing_kept),
	};
	return cmocka_run_group_tests(tests, NULL, finish);
}
