#include "cli/markup.h"

#include "base/text.h"
#include "cli/screen.h"

#include <stdbool.h>
#include <string.h>

void
markup_clean(struct buf *out, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n\t");
		size_t shown = n > 0 && text[n] == '\n' && text[n - 1] == '\r' ? n - 1 : n;
		text_add(out, TEXT_NAME, text, shown);
		text += n;
		if (*text == '\n')
			buf_char(out, '\n');
		else if (*text == '\t')
			buf_str(out, "    ");
		text += *text != '\0';
	}
}

void
markup_html(struct buf *out, const char *text)
{
	struct buf clean = BUF_INIT(SCREEN_MAX);
	markup_clean(&clean, text);
	for (const char *p = buf_cstr(&clean); *p; p++)
		switch (*p) {
		case '&':
			buf_str(out, "&amp;");
			break;
		case '<':
			buf_str(out, "&lt;");
			break;
		case '>':
			buf_str(out, "&gt;");
			break;
		case '"':
			buf_str(out, "&quot;");
			break;
		case '\'':
			buf_str(out, "&#39;");
			break;
		default:
			buf_char(out, *p);
			break;
		}
	buf_finish(&clean);
}

/* Characters that mean something only where a line begins (lists, rules, tables, headings). */
static bool
begins_something(const char *line, size_t at)
{
	if (strchr("-+=:.)", line[at]) == NULL)
		return false;
	for (size_t i = 0; i < at; i++)
		if (strchr("0123456789", line[i]) == NULL)
			return false;
	return true;
}

static void
add_line(struct buf *out, const char *line, size_t len)
{
	size_t blanks = 0;
	/* four of them would be code, and none of them would be seen */
	for (; blanks < len && line[blanks] == ' '; blanks++)
		buf_str(out, "&nbsp;");
	if (blanks == len && len == 0)
		buf_str(out, "&nbsp;"); /* an empty line would end the quotation's paragraph */
	line += blanks;
	len -= blanks;
	for (size_t i = 0; i < len; i++) {
		bool address = line[i] == ':' && i + 1 < len && line[i + 1] == '/';
		if (strchr("\\`*_{}[]<>#!|~&$^\"'", line[i]) || address ||
		    begins_something(line, i))
			buf_char(out, '\\');
		buf_char(out, line[i]);
	}
}

void
markup_markdown(struct buf *out, const char *text, const char *prefix)
{
	struct buf clean = BUF_INIT(SCREEN_MAX);
	markup_clean(&clean, text);
	for (const char *p = buf_cstr(&clean);;) {
		size_t n = strcspn(p, "\n");
		add_line(out, p, n);
		p += n;
		if (*p == '\0')
			break;
		buf_fmt(out, "\\\n%s", prefix);
		p++;
	}
	buf_finish(&clean);
}
