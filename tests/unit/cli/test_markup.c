#include "base/compiler.h"
#include "cli/markup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct row {
	const char *text, *expected;
};

static void
html_acts_as_nothing_but_text(void **state)
{
	(void)state;
	static const struct row rows[] = {
	    {"", ""},
	    {"plain \xe4\xb8\xad", "plain \xe4\xb8\xad"},
	    {"<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"},
	    {"\" onload='x' &amp;", "&quot; onload=&#39;x&#39; &amp;amp;"},
	    {"]]>--><!--", "]]&gt;--&gt;&lt;!--"},
	    {"a\r\nb\nc\td", "a\nb\nc    d"},
	    {"a\rb", "a&lt;U+000D&gt;b"},
	    {"\x1b[31m\x01", "&lt;U+001B&gt;[31m&lt;U+0001&gt;"},
	    {"a\xe2\x80\x8b.", "a&lt;U+200B&gt;."},
	    {"\xff<", "&lt;0xFF&gt;&lt;"},
	    {"\n", "\n"},
	    {"\r\n", "\n"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf b = BUF_INIT(4096);
		markup_html(&b, rows[i].text);
		assert_string_equal(buf_cstr(&b), rows[i].expected);
		buf_finish(&b);
	}
}

static void
markdown_acts_as_nothing_but_text(void **state)
{
	(void)state;
	static const struct row rows[] = {
	    {"plain, words. And (more)!", "plain, words. And (more)\\!"},
	    {"*b* _i_ `c` ~~s~~", "\\*b\\* \\_i\\_ \\`c\\` \\~\\~s\\~\\~"},
	    {"# head", "\\# head"},
	    {"> quote", "\\> quote"},
	    {"- item\n+ item\n1. one\n23) two",
		"\\- item\\\n> \\+ item\\\n> 1\\. one\\\n> 23\\) two"},
	    {"a - b + 1. c", "a - b + 1. c"},
	    {"text\n===\n---", "text\\\n> \\===\\\n> \\---"},
	    {"[x](javascript:y) ![i](http://e/i)",
		"\\[x\\](javascript:y) \\!\\[i\\](http\\://e/i)"},
	    {"<b>&amp;", "\\<b\\>\\&amp;"},
	    {"    code", "&nbsp;&nbsp;&nbsp;&nbsp;code"},
	    {"\tcode", "&nbsp;&nbsp;&nbsp;&nbsp;code"},
	    {"a\n\nb", "a\\\n> &nbsp;\\\n> b"},
	    {"", "&nbsp;"},
	    {"a|b\n-|-", "a\\|b\\\n> \\-\\|-"},
	    {"$x$ \\", "\\$x\\$ \\\\"},
	    {"**Romeo**, 18:04\n\n> fake", "\\*\\*Romeo\\*\\*, 18:04\\\n> &nbsp;\\\n> \\> fake"},
	    {"\x1b", "\\<U+001B\\>"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf b = BUF_INIT(4096);
		markup_markdown(&b, rows[i].text, "> ");
		assert_string_equal(buf_cstr(&b), rows[i].expected);
		buf_finish(&b);
	}
}

/* Whatever two bytes a body ends or begins with, no markup character comes out bare. */
static void
no_two_bytes_make_markup(void **state)
{
	(void)state;
	for (int i = 1; i < 256; i++)
		for (int j = 1; j < 256; j++) {
			char text[3] = {(char)i, (char)j, '\0'};
			struct buf b = BUF_INIT(4096);
			markup_html(&b, text);
			assert_null(strpbrk(buf_cstr(&b), "<>\"'\r\t\x1b\x7f"));
			buf_clear(&b);
			markup_markdown(&b, text, "> ");
			for (const char *p = buf_cstr(&b); (p = strpbrk(p, "*_`<[]#")); p++)
				assert_true(p > buf_cstr(&b) && p[-1] == '\\');
			buf_finish(&b);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(html_acts_as_nothing_but_text),
	    cmocka_unit_test(markdown_acts_as_nothing_but_text),
	    cmocka_unit_test(no_two_bytes_make_markup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
