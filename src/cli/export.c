#include "cli/export.h"

#include "base/compiler.h"
#include "base/str.h"
#include "base/text.h"
#include "base/tr.h"
#include "cli/markup.h"
#include "cli/talk.h"
#include "front/marking.h"
#include "front/when.h"
#include "front/words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { QUOTE_COLUMNS = 60 };

/* ---- text ---- */

static void
text_begin(struct buf *out, const char *display, const char *peer)
{
	buf_fmt(out, tr("Conversation with %s (%s)"), display, peer);
	buf_char(out, '\n');
}

static void
text_day(struct buf *out, int64_t at, uint64_t index)
{
	(void)index;
	buf_char(out, '\n');
	when_day(out, at);
	buf_str(out, "\n\n");
}

static void
text_message(struct buf *out, const struct earshot_value *m, uint64_t index)
{
	(void)index;
	const char *quoted = earshot_value_str(m, "reply_text");
	bool action = earshot_value_bool(m, "action", false);
	words_clock(out, earshot_value_int(m, "time", 0));
	buf_fmt(out, "  %s %s", marking(earshot_value_str(m, "trust")), action ? "* " : "");
	talk_who(out, m, 0);
	buf_str(out, action ? " " : ": ");
	if (!str_empty(quoted)) {
		buf_str(out, "> ");
		talk_begin(out, quoted, QUOTE_COLUMNS);
		buf_str(out, "\n\xc2\xbb ");
	}
	talk_words(out, m, 0);
	buf_char(out, '\n');
}

static void
nothing_more(struct buf *out, uint64_t count)
{
	(void)out;
	(void)count;
}

/* ---- Markdown ---- */

static void
md_begin(struct buf *out, const char *display, const char *peer)
{
	struct buf who = BUF_INIT(WORDS_MAX), address = BUF_INIT(WORDS_MAX);
	markup_markdown(&who, display, "");
	markup_markdown(&address, peer, "");
	buf_str(out, "# ");
	buf_fmt(out, tr("Conversation with %s (%s)"), buf_cstr(&who), buf_cstr(&address));
	buf_char(out, '\n');
	buf_finish(&who);
	buf_finish(&address);
}

static void
md_day(struct buf *out, int64_t at, uint64_t index)
{
	(void)index;
	buf_str(out, "\n## ");
	when_day(out, at);
	buf_char(out, '\n');
}

/* Words stand in a quotation, so that none of them can pass for who says them. */
static void
md_message(struct buf *out, const struct earshot_value *m, uint64_t index)
{
	(void)index;
	const char *text = earshot_value_str(m, "text");
	const char *quoted = earshot_value_str(m, "reply_text");
	struct buf words = BUF_INIT(WORDS_MAX);
	buf_char(out, '\n');
	markup_markdown(out, marking(earshot_value_str(m, "trust")), "");
	buf_str(out, " **");
	talk_who(&words, m, 0);
	markup_markdown(out, buf_cstr(&words), "");
	buf_str(out, "**, ");
	words_clock(out, earshot_value_int(m, "time", 0));
	buf_clear(&words);
	talk_notes(&words, m, 0);
	if (words.len > 0) {
		buf_char(out, ' ');
		markup_markdown(out, buf_cstr(&words) + 1, ""); /* it begins with a blank */
	}
	buf_str(out, "\n\n");
	buf_clear(&words);
	if (!str_empty(quoted)) {
		talk_begin(&words, quoted, QUOTE_COLUMNS);
		buf_str(out, "> > ");
		markup_markdown(out, buf_cstr(&words), "> > ");
		buf_str(out, "\n>\n");
	}
	buf_finish(&words);
	buf_str(out, "> ");
	if (earshot_value_bool(m, "action", false))
		buf_str(out, "/me ");
	markup_markdown(out, text ? text : "", "> ");
	buf_char(out, '\n');
}

/* ---- JSON ---- */

static void
json_begin(struct buf *out, const char *display, const char *peer)
{
	(void)display;
	(void)peer;
	buf_char(out, '[');
}

static void
json_day(struct buf *out, int64_t at, uint64_t index)
{
	(void)out;
	(void)at;
	(void)index;
}

static void
json_message(struct buf *out, const struct earshot_value *m, uint64_t index)
{
	char *line = earshot_value_write(m);
	buf_str(out, index > 0 ? ",\n" : "\n");
	if (line)
		buf_str(out, line);
	else if (!out->err)
		out->err = -ENOMEM; /* the builder's error is looked at once, by the writer */
	free(line);
}

static void
json_end(struct buf *out, uint64_t count)
{
	buf_str(out, count > 0 ? "\n]\n" : "]\n");
}

/* ---- all ---- */

static const struct export_format plain = {
    "text", false, text_begin, text_day, text_message, nothing_more};
static const struct export_format markdown = {
    "md", false, md_begin, md_day, md_message, nothing_more};
static const struct export_format json = {
    "json", true, json_begin, json_day, json_message, json_end};

static const struct {
	const char *name, *ending;
	const struct export_format *format;
} formats[] = {
    {"text", ".txt", &plain},
    {"md", ".md", &markdown},
    {"json", ".json", &json},
    {"html", ".html", &export_html},
};

const struct export_format *
export_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(formats); i++)
		if (strcmp(formats[i].name, name) == 0)
			return formats[i].format;
	return NULL;
}

const struct export_format *
export_find_file(const char *path)
{
	const char *dot = strrchr(path, '.');
	for (size_t i = 0; dot && i < ARRAY_LEN(formats); i++)
		if (str_casecmp(formats[i].ending, dot) == 0)
			return formats[i].format;
	return NULL;
}
