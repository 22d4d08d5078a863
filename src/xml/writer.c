#include "xml/writer.h"

#include "base/err.h"
#include "base/utf8.h"
#include "xml/elem.h"
#include "xml/ns.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static void
latch(struct xml_writer *w, int err)
{
	if (!w->out->err)
		w->out->err = err;
}

struct xml_writer
xml_writer_to(struct buf *out)
{
	return (struct xml_writer){.out = out, .outer_ns = NS_CLIENT};
}

/* ---- escaping ---------------------------------------------------------------------------- */

/* What a character becomes, or NULL if it stays. Line ends and tabs would be changed by the
 * reader (XML 1.0 §2.11, §3.3.3); > could end a "]]>". */
static const char *
replacement(unsigned char c, bool in_attr)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '\r':
		return "&#13;";
	case '\'':
		return in_attr ? "&apos;" : NULL;
	case '\n':
		return in_attr ? "&#10;" : NULL;
	case '\t':
		return in_attr ? "&#9;" : NULL;
	default:
		return c < 0x20 ? "" : NULL;
	}
}

/* Bytes that stand for themselves in text and in values. */
static bool
is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '&' && c != '<' && c != '>' && c != '\'';
}

/* The next character: its length, and what to write in its place (NULL: itself). */
static size_t
next_char(const char *s, size_t len, bool in_attr, const char **instead)
{
	uint32_t c = 0;
	*instead = NULL;
	if ((unsigned char)*s < 0x80) {
		*instead = replacement((unsigned char)*s, in_attr);
		return 1;
	}
	size_t n = utf8_decode(s, len, &c);
	if (n == 0) {
		*instead = "\xef\xbf\xbd"; /* U+FFFD */
		return 1;
	}
	if (!utf8_is_xml_char(c))
		*instead = "";
	return n;
}

static void
add_escaped(struct buf *out, const char *s, bool in_attr)
{
	size_t len = strlen(s), run = 0, at = 0; /* run: where unwritten bytes begin */
	while (at < len) {
		if (is_plain((unsigned char)s[at])) {
			at++;
			continue;
		}
		const char *instead;
		size_t n = next_char(s + at, len - at, in_attr, &instead);
		if (instead) {
			buf_add(out, s + run, at - run);
			buf_str(out, instead);
			run = at + n;
		}
		at += n;
	}
	buf_add(out, s + run, len - run);
}

/* ---- tags -------------------------------------------------------------------------------- */

/* stream: because old clients look for it, xml: because nothing else may name it. */
static const char *
fixed_prefix(const char *ns)
{
	if (strcmp(ns, NS_STREAM) == 0)
		return "stream:";
	return strcmp(ns, NS_XML) == 0 ? "xml:" : NULL;
}

/* The default namespace inside the innermost open element. */
static const char *
default_ns(const struct xml_writer *w)
{
	for (size_t i = w->depth; i > 0; i--)
		if (!fixed_prefix(w->open[i - 1].ns))
			return w->open[i - 1].ns;
	return w->outer_ns;
}

static void
finish_tag(struct xml_writer *w)
{
	if (w->tag_open)
		buf_char(w->out, '>');
	w->tag_open = 0;
}

static void
add_name(struct xml_writer *w, const char *ns, const char *name)
{
	const char *prefix = fixed_prefix(ns);
	if (prefix)
		buf_str(w->out, prefix);
	buf_str(w->out, name);
}

static void
add_value(struct xml_writer *w, const char *value)
{
	buf_add(w->out, "='", 2);
	add_escaped(w->out, value, true);
	buf_char(w->out, '\'');
}

void
xml_open(struct xml_writer *w, const char *ns, const char *name)
{
	if (w->depth == LIMIT_XML_DEPTH || w->overflow) {
		latch(w, ERR_TOO_BIG);
		finish_tag(w); /* no attribute may land in the element around */
		w->overflow++; /* so that its xml_close() closes nothing else */
		return;
	}
	const char *around = default_ns(w);
	if (!ns)
		ns = w->depth ? w->open[w->depth - 1].ns : w->outer_ns;
	finish_tag(w);
	buf_char(w->out, '<');
	add_name(w, ns, name);
	if (!fixed_prefix(ns) && strcmp(ns, around) != 0) {
		buf_str(w->out, " xmlns");
		add_value(w, ns);
	}
	w->open[w->depth].ns = ns;
	w->open[w->depth].name = name;
	w->depth++;
	w->tag_open = 1;
	w->prefix_count = 0;
}

void
xml_attr(struct xml_writer *w, const char *name, const char *value)
{
	if (!value || !w->tag_open)
		return;
	buf_char(w->out, ' ');
	buf_str(w->out, name);
	add_value(w, value);
}

/* " a00:" to " a31:", declared first if the tag has not got it yet. */
static void
add_prefix(struct xml_writer *w, const char *ns)
{
	size_t i = 0;
	while (i < w->prefix_count && strcmp(w->prefix_ns[i], ns) != 0)
		i++;
	if (i == LIMIT_XML_ATTRS) {
		latch(w, ERR_TOO_BIG);
		return;
	}
	char name[] = {'a', (char)('0' + i / 10), (char)('0' + i % 10), '\0'};
	if (i == w->prefix_count) {
		w->prefix_ns[w->prefix_count++] = ns;
		buf_str(w->out, " xmlns:");
		buf_str(w->out, name);
		add_value(w, ns);
	}
	buf_char(w->out, ' ');
	buf_str(w->out, name);
	buf_char(w->out, ':');
}

void
xml_attr_ns(struct xml_writer *w, const char *ns, const char *name, const char *value)
{
	if (!*ns) {
		xml_attr(w, name, value);
		return;
	}
	if (!value || !w->tag_open)
		return;
	if (strcmp(ns, NS_XML) == 0)
		buf_str(w->out, " xml:");
	else
		add_prefix(w, ns);
	buf_str(w->out, name);
	add_value(w, value);
}

void
xml_text(struct xml_writer *w, const char *text)
{
	finish_tag(w);
	add_escaped(w->out, text, false);
}

void
xml_close(struct xml_writer *w)
{
	if (w->overflow) {
		w->overflow--;
		return;
	}
	if (w->depth == 0)
		return;
	w->depth--;
	if (w->tag_open) {
		buf_add(w->out, "/>", 2);
		w->tag_open = 0;
		return;
	}
	buf_add(w->out, "</", 2);
	add_name(w, w->open[w->depth].ns, w->open[w->depth].name);
	buf_char(w->out, '>');
}

/* ---- shorthands -------------------------------------------------------------------------- */

void
xml_empty(struct xml_writer *w, const char *ns, const char *name)
{
	xml_open(w, ns, name);
	xml_close(w);
}

void
xml_leaf(struct xml_writer *w, const char *ns, const char *name, const char *text)
{
	if (!text)
		return;
	xml_open(w, ns, name);
	xml_text(w, text);
	xml_close(w);
}

void
xml_copy(struct xml_writer *w, const struct xml_elem *e)
{
	if (!e->name) {
		xml_text(w, e->text);
		return;
	}
	xml_open(w, e->ns, e->name);
	for (size_t i = 0; i < e->attr_count; i++)
		xml_attr_ns(w, e->attrs[i].ns, e->attrs[i].name, e->attrs[i].value);
	for (const struct xml_elem *node = e->first; node; node = node->next)
		xml_copy(w, node);
	xml_close(w);
}
