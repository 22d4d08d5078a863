/* L5: what others wrote is shown on a notification as it was written, and does nothing there. */
#include "tray/notice_text.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct notice_server_text plain = {.body = true},
				       markup = {.body = true, .body_markup = true}, bare = {0};

static char *
body(const char *text, const struct notice_server_text *can)
{
	struct buf out = BUF_INIT(NOTICE_BODY_MAX);
	notice_body(&out, text, can);
	assert_int_equal(buf_err(&out), 0);
	return buf_take(&out);
}

static char *
summary(const char *text, const char *said, const struct notice_server_text *can)
{
	struct buf out = BUF_INIT(NOTICE_SUMMARY_MAX);
	notice_summary(&out, text, said, can);
	assert_int_equal(buf_err(&out), 0);
	return buf_take(&out);
}

#define ASSERT_IS(made, wanted) \
	do { \
		char *is = (made); \
		assert_string_equal(is, wanted); \
		free(is); \
	} while (0)

static void
l5_markup_is_literal_where_the_server_knows_markup(void **state)
{
	(void)state;
	ASSERT_IS(body("<b>bold</b>", &markup), "&lt;b&gt;bold&lt;/b&gt;");
	ASSERT_IS(body("<img src=\"file:///etc/passwd\">", &markup),
	    "&lt;img src=&quot;file:///etc/passwd&quot;&gt;");
	ASSERT_IS(body("<a href='x'>y</a>", &markup), "&lt;a href=&#39;x&#39;&gt;y&lt;/a&gt;");
	ASSERT_IS(body("&#x1b;&lt;", &markup), "&amp;#x1b;&amp;lt;");
}

static void
l5_nothing_is_escaped_where_it_would_be_seen(void **state)
{
	(void)state;
	ASSERT_IS(body("<b> & &amp; \"'", &plain), "<b> & &amp; \"'");
	ASSERT_IS(summary("<b>Romeo & co</b>", "", &markup), "<b>Romeo & co</b>");
	ASSERT_IS(summary("<b>Romeo</b>", "a<b", &bare), "<b>Romeo</b>: a<b");
}

static void
on_text(GMarkupParseContext *context, const char *text, gsize len, gpointer seen, GError **error)
{
	(void)context, (void)error;
	g_string_append_len(seen, text, (gssize)len);
}

/* Any reader of markup gives back what was written. */
static void
l5_what_is_escaped_reads_as_it_was_written(void **state)
{
	static const GMarkupParser parser = {.text = on_text};
	(void)state;
	for (char c = ' '; c < 127; c++) {
		char text[] = {'x', c, 'y', 0}, *escaped = body(text, &markup);
		g_autofree char *document = g_strdup_printf("<m>%s</m>", escaped);
		g_autoptr(GString) seen = g_string_new(NULL);
		g_autoptr(GMarkupParseContext) context =
		    g_markup_parse_context_new(&parser, 0, seen, NULL);
		assert_true(g_markup_parse_context_parse(context, document, -1, NULL));
		assert_true(g_markup_parse_context_end_parse(context, NULL));
		assert_string_equal(seen->str, text);
		free(escaped);
	}
}

static void
l5_a_long_message_is_cut_between_characters(void **state)
{
	(void)state;
	char text[4 * 400 + 1] = "";
	for (size_t i = 0; i < 400; i++)
		memcpy(text + 4 * i, "\xf0\x9f\x91\x8b", 5);
	char *cut = body(text, &markup);
	assert_true(g_utf8_validate(cut, -1, NULL));
	assert_int_equal(g_utf8_strlen(cut, -1), NOTICE_BODY_CHARS + 1);
	free(cut);
	memset(text, '<', sizeof(text) - 1);
	cut = body(text, &markup);
	assert_int_equal(strlen(cut), NOTICE_BODY_CHARS * strlen("&lt;") + strlen("\xe2\x80\xa6"));
	free(cut);
}

static void
l5_many_lines_do_not_fill_the_screen(void **state)
{
	(void)state;
	ASSERT_IS(body("1\n2\n3\n4\n5\n6\n7", &plain), "1\n2\n3\n4\n5\xe2\x80\xa6");
}

static void
l5_a_summary_is_one_line_of_bounded_length(void **state)
{
	char text[4001];
	(void)state;
	memset(text, 'n', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	char *cut = summary(text, "more", &bare);
	assert_in_range(strlen(cut), NOTICE_SUMMARY_MAX - 8, NOTICE_SUMMARY_MAX);
	free(cut);
	ASSERT_IS(summary("Romeo", "one\ntwo", &bare), "Romeo: one two");
	ASSERT_IS(summary("Romeo", "one", &plain), "Romeo");
}

static void
it_says_who_it_is_and_how_much(void **state)
{
	struct front_person p = {.display = "Romeo", .unread = 1};
	struct buf out = BUF_INIT(NOTICE_BODY_MAX);
	(void)state;
	notice_from(&out, &p);
	assert_string_equal(buf_cstr(&out), "Romeo");
	buf_clear(&out);
	p.unread = 3;
	notice_from(&out, &p);
	assert_string_equal(buf_cstr(&out), "Romeo: 3 new messages");
	buf_clear(&out);
	p.looks_like = "Prof. Kim";
	notice_from(&out, &p);
	assert_string_equal(buf_cstr(&out), "Romeo, who looks like Prof. Kim but is not");
	buf_finish(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(l5_markup_is_literal_where_the_server_knows_markup),
	    cmocka_unit_test(l5_nothing_is_escaped_where_it_would_be_seen),
	    cmocka_unit_test(l5_what_is_escaped_reads_as_it_was_written),
	    cmocka_unit_test(l5_a_long_message_is_cut_between_characters),
	    cmocka_unit_test(l5_many_lines_do_not_fill_the_screen),
	    cmocka_unit_test(l5_a_summary_is_one_line_of_bounded_length),
	    cmocka_unit_test(it_says_who_it_is_and_how_much),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
