#include "tray/notice_text.h"

#include "base/compiler.h"
#include "base/str.h"
#include "base/tr.h"

#include <glib.h>
#include <string.h>

static const char ellipsis[] = "\xe2\x80\xa6";

static const char *
escape_of(char c)
{
	static const struct {
		char c;
		const char *text;
	} escapes[] = {
	    {'<', "&lt;"}, {'>', "&gt;"}, {'&', "&amp;"}, {'"', "&quot;"}, {'\'', "&#39;"}};
	for (size_t i = 0; i < ARRAY_LEN(escapes); i++)
		if (escapes[i].c == c)
			return escapes[i].text;
	return NULL;
}

void
notice_body(struct buf *out, const char *body, const struct notice_server_text *can)
{
	unsigned chars = 0, lines = 1;
	for (const char *s = body; *s; s = g_utf8_next_char(s)) {
		lines += *s == '\n';
		if (++chars > NOTICE_BODY_CHARS || lines > NOTICE_BODY_LINES) {
			buf_str(out, ellipsis);
			return;
		}
		const char *escape = can->body_markup ? escape_of(*s) : NULL;
		if (escape)
			buf_str(out, escape);
		else
			buf_add(out, s, (size_t)(g_utf8_next_char(s) - s));
	}
}

static void
add_one_line(struct buf *out, const char *text, size_t max)
{
	for (const char *s = text; *s; s = g_utf8_next_char(s)) {
		size_t len = (size_t)(g_utf8_next_char(s) - s);
		if (out->len + len > max - strlen(ellipsis)) {
			buf_str(out, ellipsis);
			return;
		}
		if (*s == '\n')
			buf_char(out, ' ');
		else
			buf_add(out, s, len);
	}
}

void
notice_summary(
    struct buf *out, const char *summary, const char *body, const struct notice_server_text *can)
{
	add_one_line(out, summary, NOTICE_SUMMARY_MAX);
	if (can->body || str_empty(body) || out->len + strlen(": ") >= NOTICE_SUMMARY_MAX)
		return;
	buf_str(out, ": ");
	add_one_line(out, body, NOTICE_SUMMARY_MAX);
}

void
notice_from(struct buf *out, const struct front_person *p)
{
	if (p->looks_like)
		buf_fmt(out, tr("%s, who looks like %s but is not"), p->display, p->looks_like);
	else if (p->unread > 1)
		buf_fmt(out, tr_n("%s: %u new message", "%s: %u new messages", p->unread),
		    p->display, p->unread);
	else
		buf_str(out, p->display);
}

void
notice_said(struct buf *out, const struct front_person *p, const struct front_message *m)
{
	if (m->action)
		buf_fmt(out, "* %s %s", p->display, m->text);
	else
		buf_str(out, m->text);
}

void
notice_many(struct buf *out, unsigned people)
{
	buf_fmt(out,
	    tr_n("Somebody else wrote to you, too.", "%u others wrote to you, too.", people),
	    people);
}
