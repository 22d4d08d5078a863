/* One file that needs nothing else: no script, no link, no picture. It is well-formed XML, too. */
#include "base/clock.h"
#include "base/stamp.h"
#include "base/str.h"
#include "base/tr.h"
#include "cli/export.h"
#include "cli/markup.h"
#include "cli/talk.h"
#include "front/marking.h"
#include "front/when.h"
#include "front/words.h"

#include <inttypes.h>
#include <string.h>

enum { QUOTE_COLUMNS = 120 };

static const char head[] =
    "<head>\n"
    "<meta charset=\"utf-8\"/>\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
    "<meta http-equiv=\"Content-Security-Policy\" "
    "content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n"
    "<meta name=\"referrer\" content=\"no-referrer\"/>\n";

static const char style[] =
    "<style>\n"
    ":root { color-scheme: light dark; }\n"
    "body { max-width: 44rem; margin: 0 auto; padding: 1rem; background: #fff; color: #1c1c1c;\n"
    "  font: 1rem/1.45 system-ui, sans-serif; }\n"
    "h1 { font-size: 1.4rem; }\n"
    "h2 { margin: 2rem 0 1rem; font-size: 1rem; text-align: center; color: #5c5c5c; }\n"
    "article { max-width: 85%; width: fit-content; margin: .5rem 0; padding: .5rem .75rem;\n"
    "  border-radius: .5rem; background: #eee; }\n"
    "article.ours { margin-left: auto; background: #d8ebff; }\n"
    "header, footer { font-size: .8rem; color: #4a4a4a; }\n"
    "p, blockquote { margin: .25rem 0 0; white-space: pre-wrap; overflow-wrap: anywhere; }\n"
    "blockquote { padding-left: .5rem; border-left: .2rem solid #888; color: #4a4a4a; }\n"
    "@media (prefers-color-scheme: dark) {\n"
    "  body { background: #1c1c1c; color: #eee; }\n"
    "  article { background: #333; }\n"
    "  article.ours { background: #1d3c5c; }\n"
    "  h2, header, footer, blockquote { color: #bbb; }\n"
    "}\n"
    "@media print {\n"
    "  body { max-width: none; padding: 0; background: #fff; color: #000; font-size: 10pt; }\n"
    "  article, article.ours { break-inside: avoid; background: none; border: 1px solid #999; }\n"
    "  h2 { break-after: avoid; }\n"
    "  h2, header, footer, blockquote { color: #333; }\n"
    "}\n"
    "</style>\n"
    "</head>\n"
    "<body>\n";

static void
html_begin(struct buf *out, const char *display, const char *peer)
{
	struct buf who = BUF_INIT(WORDS_MAX), address = BUF_INIT(WORDS_MAX);
	markup_html(&who, display);
	buf_str(out, "<!DOCTYPE html>\n");
	/* Translators: the code of your language, "de", say */
	buf_fmt(out, "<html lang=\"%s\">\n", tr("en"));
	buf_str(out, head);
	buf_str(out, "<title>");
	buf_fmt(out, tr("Conversation with %s"), buf_cstr(&who));
	buf_str(out, "</title>\n");
	buf_str(out, style);
	buf_clear(&who);
	buf_str(&who, "<bdi>");
	markup_html(&who, display);
	buf_str(&who, "</bdi>");
	buf_str(&address, "<bdi>");
	markup_html(&address, peer);
	buf_str(&address, "</bdi>");
	buf_str(out, "<h1>");
	buf_fmt(out, tr("Conversation with %s (%s)"), buf_cstr(&who), buf_cstr(&address));
	buf_str(out, "</h1>\n");
	buf_finish(&who);
	buf_finish(&address);
}

static void
html_day(struct buf *out, int64_t at, uint64_t index)
{
	buf_str(out, index > 0 ? "</section>\n<section>\n" : "<section>\n");
	buf_str(out, "<h2><time datetime=\"");
	when_date(out, at);
	buf_str(out, "\">");
	when_day(out, at);
	buf_str(out, "</time></h2>\n");
}

static void
html_header(struct buf *out, const struct earshot_value *m)
{
	char stamp[STAMP_SIZE];
	int64_t at = earshot_value_int(m, "time", 0);
	const char *state = earshot_value_str(m, "state");
	struct buf who = BUF_INIT(WORDS_MAX);
	stamp_write(stamp, at);
	talk_who(&who, m, 0);
	const char *trust = earshot_value_str(m, "trust");
	buf_str(out, "<header>");
	buf_str(out, marking_is_plain(trust) ? "<strong>" : "<span>");
	markup_html(out, marking(trust));
	buf_str(out, marking_is_plain(trust) ? "</strong> <b><bdi>" : "</span> <b><bdi>");
	markup_html(out, buf_cstr(&who));
	buf_fmt(out, "</bdi></b> <time datetime=\"%s\">", stamp);
	words_clock(out, at);
	buf_str(out, "</time>");
	/* failures and what waits are among the notes */
	const char *fate = str_equal(state, "delivered")     ? tr("delivered")
			   : str_equal(state, "read")        ? tr("read")
			   : str_equal(state, "handed over") ? tr("handed over")
							     : NULL;
	if (fate)
		buf_fmt(out, " <span>%s</span>", fate);
	buf_str(out, "</header>\n");
	buf_finish(&who);
}

static void
html_message(struct buf *out, const struct earshot_value *m, uint64_t index)
{
	(void)index;
	const char *text = earshot_value_str(m, "text");
	const char *quoted = earshot_value_str(m, "reply_text");
	struct buf words = BUF_INIT(WORDS_MAX);
	buf_fmt(out, "<article class=\"%s\" id=\"m%" PRId64 "\">\n",
	    talk_ours(m) ? "ours" : "theirs", earshot_value_int(m, "number", 0));
	html_header(out, m);
	if (!str_empty(quoted)) {
		talk_begin(&words, quoted, QUOTE_COLUMNS);
		buf_str(out, "<blockquote dir=\"auto\">");
		markup_html(out, buf_cstr(&words));
		buf_str(out, "</blockquote>\n");
		buf_clear(&words);
	}
	if (!str_empty(text)) {
		bool action = earshot_value_bool(m, "action", false);
		buf_fmt(out, "<p dir=\"auto\" lang=\"\">%s", action ? "<i>" : "");
		if (action) {
			talk_who(&words, m, 0);
			markup_html(out, buf_cstr(&words));
			buf_char(out, ' ');
			buf_clear(&words);
		}
		markup_html(out, text);
		buf_str(out, action ? "</i></p>\n" : "</p>\n");
	}
	talk_notes(&words, m, 0);
	if (words.len > 0) {
		buf_str(out, "<footer>");
		markup_html(out, buf_cstr(&words) + 1); /* it begins with a blank */
		buf_str(out, "</footer>\n");
	}
	buf_str(out, "</article>\n");
	buf_finish(&words);
}

static void
html_end(struct buf *out, uint64_t count)
{
	buf_str(out, count > 0 ? "</section>\n</body>\n</html>\n"
			       : "<p>Nothing was said.</p>\n</body>\n</html>\n");
}

const struct export_format export_html = {
    "html", false, html_begin, html_day, html_message, html_end};
