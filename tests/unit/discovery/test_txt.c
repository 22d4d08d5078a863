#include "base/utf8.h"
#include "discovery/txt.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { STRINGS_MAX = 32 };

/* Strings separated by |. */
static void
parse(struct txt *out, const char *record)
{
	struct txt_string strings[STRINGS_MAX];
	size_t count = 0;
	for (const char *at = record; at && count < STRINGS_MAX;) {
		const char *bar = strchr(at, '|');
		size_t len = bar ? (size_t)(bar - at) : strlen(at);
		strings[count++] = (struct txt_string){at, len};
		at = bar ? bar + 1 : NULL;
	}
	txt_parse(out, strings, count);
}

static void
expect_written(const struct txt *t, const char *expected)
{
	struct buf strings[TXT_STRINGS], joined = BUF_INIT(4096);
	size_t count = txt_write(t, strings), total = 0;
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(buf_err(&strings[i]), 0);
		assert_in_range(strings[i].len, 1, LIMIT_TXT_STRING);
		assert_true(utf8_valid(strings[i].data, strings[i].len));
		total += strings[i].len + 1;
		buf_fmt(&joined, "%s%s", i ? "|" : "", buf_cstr(&strings[i]));
	}
	assert_in_range(total, 1, LIMIT_TXT_OWN);
	if (expected)
		assert_string_equal(buf_cstr(&joined), expected);
	for (size_t i = 0; i < TXT_STRINGS; i++)
		buf_finish(&strings[i]);
	buf_finish(&joined);
}

static void
writes_what_every_client_needs_in_order(void **state)
{
	(void)state;
	expect_written(&(struct txt){.port = 5298},
	    "txtvers=1|1st=|last=|port.p2pj=5298|status=avail|vc=!|nick=|node=" TXT_NODE);
	expect_written(&(struct txt){.first = "Juliet",
			   .last = "Capulet",
			   .nick = "Jule",
			   .email = "juliet@example.org",
			   .jid = "juliet@example.org",
			   .msg = "on the balcony",
			   .node = TXT_NODE,
			   .ver = "u0dRsDH2kqLMOsWhUpJ3yHzWlZQ=",
			   .hash = "sha-1",
			   .phsh = "a3839614e1a382bcfebbcf20464f519e81770813",
			   .status = TXT_DND,
			   .port = 5562},
	    "txtvers=1|1st=Juliet|last=Capulet|port.p2pj=5562|status=dnd|vc=!|nick=Jule|"
	    "node=" TXT_NODE "|hash=sha-1|ver=u0dRsDH2kqLMOsWhUpJ3yHzWlZQ=|"
	    "phsh=a3839614e1a382bcfebbcf20464f519e81770813|jid=juliet@example.org|"
	    "email=juliet@example.org|msg=on the balcony");
}

static void
cuts_the_message_first_and_no_character(void **state)
{
	struct txt t = {.first = "J", .port = 1}, again;
	struct buf strings[TXT_STRINGS];
	(void)state;
	for (size_t i = 0; i + 2 < sizeof(t.msg); i += 2)
		memcpy(t.msg + i, "\xc3\xa9", 2);
	for (size_t i = 0; i + 2 < sizeof(t.nick); i += 2)
		memcpy(t.nick + i, "\xc3\xa9", 2);
	memset(t.last, 'x', sizeof(t.last) - 1);
	memset(t.jid, 'j', 200); /* a part of an address means nothing: left out */
	expect_written(&t, NULL);
	size_t count = txt_write(&t, strings);
	struct txt_string view[TXT_STRINGS];
	for (size_t i = 0; i < count; i++)
		view[i] = (struct txt_string){strings[i].data, strings[i].len};
	txt_parse(&again, view, count);
	assert_int_equal(strlen(again.nick), LIMIT_TXT_NAME);
	assert_int_equal(strlen(again.last), LIMIT_TXT_NAME);
	assert_string_equal(again.jid, "");
	assert_in_range(strlen(again.msg), 100, sizeof(t.msg) - 3);
	assert_true(utf8_valid(again.msg, strlen(again.msg)));
	for (size_t i = 0; i < TXT_STRINGS; i++)
		buf_finish(&strings[i]);
}

static void
cleans_what_it_writes(void **state)
{
	(void)state;
	expect_written(&(struct txt){.first = "a\xff\x01", .jid = "\xff", .node = "kopete"},
	    "txtvers=1|1st=a\xef\xbf\xbd\xef\xbf\xbd|last=|port.p2pj=0|status=avail|vc=!|nick=|"
	    "node=kopete");
}

static void
reads_what_others_write(void **state)
{
	struct txt t;
	(void)state;
	parse(&t, "txtvers=1|1ST=Juliet|last=|port.p2pj=5298|Status=away|nick=a=b|nick=second|msg");
	assert_string_equal(t.first, "Juliet");
	assert_string_equal(t.last, "");
	assert_string_equal(t.nick, "a=b"); /* the first of two counts, with its = */
	assert_int_equal(t.port, 5298);
	assert_int_equal(t.status, TXT_AWAY);
	parse(&t, "status=xa|port.p2pj=99999");
	assert_int_equal(t.status, TXT_AWAY);
	assert_int_equal(t.port, 0);
	parse(&t, "status=invisible|port.p2pj= 5298");
	assert_int_equal(t.status, TXT_AVAILABLE);
	assert_int_equal(t.port, 0);
	parse(&t, "=x||no key|nick|nick=late|status=DND|port.p2pj=-1");
	assert_string_equal(t.nick, "");
	assert_int_equal(t.status, TXT_DND);
	assert_int_equal(t.port, 0);
}

static void
survives_hostile_records(void **state)
{
	struct txt t;
	char bytes[LIMIT_TXT_STRING];
	(void)state;
	memset(bytes, 0xff, sizeof(bytes));
	for (size_t i = 0; i < 4; i++)
		bytes[i] = "msg="[i];
	struct txt_string many[64];
	txt_parse(&t, &(struct txt_string){bytes, sizeof(bytes)}, 1);
	assert_int_equal(strlen(t.msg), 255); /* 85 replacement characters, none cut */
	assert_true(utf8_valid(t.msg, strlen(t.msg)));
	txt_parse(&t, &(struct txt_string){"nick=a\0b", 8}, 1);
	assert_string_equal(t.nick, "a\xef\xbf\xbd"
				    "b");
	txt_parse(&t, &(struct txt_string){"ni\0ck=a", 7}, 1);
	assert_string_equal(t.nick, "");
	/* more than any record holds: the rest is not looked at */
	bytes[0] = 'p';
	for (size_t i = 0; i < 64; i++)
		many[i] = (struct txt_string){bytes, sizeof(bytes)};
	many[63] = (struct txt_string){"nick=late", 9};
	many[1] = (struct txt_string){"last=early", 10};
	txt_parse(&t, many, 64);
	assert_string_equal(t.last, "early");
	assert_string_equal(t.nick, "");
	txt_parse(&t, NULL, 0);
	assert_int_equal(t.client, TXT_CLIENT_UNKNOWN);
}

static void
recognises_who_wrote_it(void **state)
{
	static const struct {
		const char *record;
		enum txt_client client;
	} rows[] = {
	    {"txtvers=1|node=" TXT_NODE, TXT_CLIENT_EARSHOT},
	    {"txtvers=1|1st=|last=|port.p2pj=5298|status=avail|vc=!|node=libpurple|ver=2.14.12",
		TXT_CLIENT_LIBPURPLE},
	    {"txtvers=1|node=http://telepathy.freedesktop.org/caps|hash=sha-1|ver=x",
		TXT_CLIENT_SALUT},
	    {"1st=a|email=|last=b|node=kopete|port.p2pj=5298|status=avail|txtvers=1|vc=!",
		TXT_CLIENT_KOPETE},
	    {"txtvers=1|version=1|port.p2pj=5298|status=avail|1st=a", TXT_CLIENT_GAJIM},
	    {"txtvers=1|version=1|1st=a|last=|nick=|port.p2pj=5298|status=avail|AIM=|ext=|email="
	     "|jid=|node=",
		TXT_CLIENT_ADIUM},
	    {"txtvers=1|1st=a|port.p2pj=5562|status=avail", TXT_CLIENT_SLIMBER},
	    {"txtvers=1|1st=a|port.p2pj=5562|status=avail|node=http://other/", TXT_CLIENT_UNKNOWN},
	    {"1st=a", TXT_CLIENT_UNKNOWN},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct txt t;
		parse(&t, rows[i].record);
		if (t.client != rows[i].client)
			fail_msg("%s: taken for %s", rows[i].record, txt_client_name(t.client));
	}
}

static void
shows_nick_then_names(void **state)
{
	char name[64], small[4];
	(void)state;
	assert_int_equal(
	    txt_display_name(&(struct txt){.nick = "J", .first = "Juliet"}, name, 64), 0);
	assert_string_equal(name, "J");
	assert_int_equal(
	    txt_display_name(&(struct txt){.first = "Juliet", .last = "Capulet"}, name, 64), 0);
	assert_string_equal(name, "Juliet Capulet");
	assert_int_equal(txt_display_name(&(struct txt){.last = "Capulet"}, name, 64), 0);
	assert_string_equal(name, "Capulet");
	assert_int_equal(txt_display_name(&(struct txt){.msg = "x"}, name, 64), -ENOENT);
	assert_string_equal(name, "");
	assert_int_equal(txt_display_name(&(struct txt){.nick = "ab\xc3\xa9"}, small, 4), 0);
	assert_string_equal(small, "ab");
}

static void
keeps_a_record_in_little_room(void **state)
{
	(void)state;
	struct txt_kept k = {0};
	struct txt t = {.first = "Juliet",
		       .msg = "balcony",
		       .status = TXT_AWAY,
		       .port = 5298,
		       .client = TXT_CLIENT_SALUT},
		   again;
	assert_int_equal(txt_keep(&k, &t), 0);
	assert_string_equal(k.first, "Juliet");
	assert_string_equal(k.last, "");
	txt_kept_get(&k, &again);
	assert_true(txt_equal(&t, &again));
	t = (struct txt){0};
	memset(t.phsh, 'f', LIMIT_TXT_STRING);
	assert_int_equal(txt_keep(&k, &t), 0); /* the first is freed */
	assert_string_equal(k.first, "");
	txt_kept_get(&k, &again);
	assert_true(txt_equal(&t, &again));
	txt_kept_finish(&k);
	txt_kept_get(&k, &again); /* of nothing: an empty record */
	assert_true(txt_equal(&again, &(struct txt){0}));
	txt_kept_finish(&k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(writes_what_every_client_needs_in_order),
	    cmocka_unit_test(cuts_the_message_first_and_no_character),
	    cmocka_unit_test(cleans_what_it_writes),
	    cmocka_unit_test(reads_what_others_write),
	    cmocka_unit_test(survives_hostile_records),
	    cmocka_unit_test(recognises_who_wrote_it),
	    cmocka_unit_test(shows_nick_then_names),
	    cmocka_unit_test(keeps_a_record_in_little_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
