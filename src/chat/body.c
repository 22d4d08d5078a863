#include "chat/body.h"

#include "xml/elem.h"
#include "xml/ns.h"
#include "xml/writer.h"

#include <string.h>

enum { LINES = 256 }; /* of one <font/> */

/* ---- reading ---- */

/* Adium escapes its text before it escapes it for XML: "<" arrives as "&lt;". */
static void
decode_entities(const char *s, struct buf *out)
{
	static const struct {
		const char *entity;
		char c;
	} entities[] = {
	    {"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}, {"&apos;", '\''}};
	while (*s) {
		size_t i = 0, len = 0;
		for (; i < ARRAY_LEN(entities); i++) {
			len = strlen(entities[i].entity);
			if (strncmp(s, entities[i].entity, len) == 0)
				break;
		}
		if (i < ARRAY_LEN(entities)) {
			buf_char(out, entities[i].c);
			s += len;
		} else {
			buf_char(out, *s++);
		}
	}
}

/* The words of an XHTML part; markup itself is nobody's message. */
static void
add_html_words(const struct xml_elem *e, struct buf *out)
{
	for (const struct xml_elem *n = e->first; n; n = n->next) {
		if (!n->name) {
			buf_str(out, n->text);
			continue;
		}
		if (strcmp(n->name, "br") == 0)
			buf_char(out, '\n');
		add_html_words(n, out);
		if (strcmp(n->name, "p") == 0 || strcmp(n->name, "div") == 0)
			buf_char(out, '\n');
	}
}

void
body_read(const struct xml_elem *message, enum txt_client from, struct buf *out)
{
	const struct xml_elem *body = xml_elem_child(message, NS_CLIENT, "body");
	if (body && body->text[0]) {
		if (from == TXT_CLIENT_ADIUM)
			decode_entities(body->text, out);
		else
			buf_str(out, body->text);
		return;
	}
	const struct xml_elem *html = xml_elem_child(message, NS_XHTML, "html");
	if (!html)
		html = xml_elem_child(message, NS_XHTML_IM, "html");
	if (html)
		add_html_words(html, out);
	while (out->len && out->data[out->len - 1] == '\n')
		out->data[--out->len] = '\0';
}

/* ---- writing ---- */

/* A client of which nothing is known yet may have a limit on the children of one element, as we
 * have. */
static void
write_lines(struct xml_writer *w, const char *text)
{
	const char *end;
	xml_open(w, NULL, "font");
	for (size_t lines = 1; (end = strchr(text, '\n')); lines++) {
		struct buf line = BUF_INIT(LIMIT_MESSAGE_TEXT);
		buf_add(&line, text, (size_t)(end - text));
		xml_text(w, buf_cstr(&line));
		buf_finish(&line);
		xml_empty(w, NULL, "br");
		text = end + 1;
		if (lines % LINES == 0) {
			xml_close(w);
			xml_open(w, NULL, "font");
		}
	}
	xml_text(w, text);
	xml_close(w);
}

void
body_write(struct xml_writer *w, const struct person *to, const char *text)
{
	xml_leaf(w, NULL, "body", text);
	if (person_client(to) == TXT_CLIENT_EARSHOT)
		return;
	xml_open(w, NS_XHTML, "html");
	xml_open(w, NULL, "body");
	write_lines(w, text);
	xml_close(w);
	xml_close(w);
}
