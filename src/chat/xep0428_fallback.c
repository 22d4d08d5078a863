/* Words only for those who do not understand a namespace (XEP-0428): in front of a body, or all of
 * it. Whoever understands leaves them out, so that the words are the same everywhere, also where we
 * did not know yet what the other program can do. */
#include "base/str.h"
#include "base/utf8.h"
#include "chat/body.h"
#include "chat/said.h"
#include "xml/elem.h"
#include "xml/ns.h"
#include "xml/writer.h"

#include <string.h>

/* ---- writing ---- */

static size_t
count_characters(const struct buf *text)
{
	size_t n = 0;
	for (size_t i = 0; i < text->len; i++)
		n += ((unsigned char)text->data[i] & 0xc0) != 0x80;
	return n;
}

static void
write_number(struct xml_writer *w, const char *name, size_t n)
{
	struct buf text = BUF_INIT(32);
	buf_fmt(&text, "%zu", n);
	xml_attr(w, name, buf_cstr(&text));
	buf_finish(&text);
}

static void
write_range(struct xml_writer *w, const char *ns, size_t start, size_t end)
{
	if (start == end)
		return;
	xml_open(w, NS_FALLBACK, "fallback");
	xml_attr(w, "for", ns);
	xml_open(w, NULL, "body");
	write_number(w, "start", start);
	write_number(w, "end", end);
	xml_close(w);
	xml_close(w);
}

void
fallback_write_whole(struct xml_writer *w, const char *ns)
{
	xml_open(w, NS_FALLBACK, "fallback");
	xml_attr(w, "for", ns);
	xml_empty(w, NULL, "body");
	xml_close(w);
}

void
fallback_write_body(struct xml_writer *w, const struct person *to, const struct saying *m,
    const char *ns, const char *lead)
{
	struct buf text = BUF_INIT(LIMIT_STANZA);
	buf_str(&text, m->time ? m->time : "");
	size_t time = count_characters(&text);
	buf_str(&text, lead);
	size_t all = count_characters(&text);
	buf_str(&text, m->body);
	body_write(w, to, buf_cstr(&text));
	write_range(w, NS_DELAY, 0, time);
	write_range(w, ns, time, all);
	buf_finish(&text);
}

/* ---- reading ---- */

struct range {
	int64_t start, end; /* characters */
};

static bool
read_range(const struct xml_elem *fallback, const struct xml_elem *message, struct range *out)
{
	static const struct {
		const char *ns, *name;
	} understood[] = {{NS_DELAY, "delay"}, {NS_REPLY, "reply"}, {NS_CORRECT, "replace"}};
	const char *ns = xml_elem_attr(fallback, "for");
	const struct xml_elem *body = xml_elem_child(fallback, NS_FALLBACK, "body");
	const char *start = body ? xml_elem_attr(body, "start") : NULL;
	const char *end = body ? xml_elem_attr(body, "end") : NULL;
	size_t i = 0;
	while (i < ARRAY_LEN(understood) && !str_equal(ns, understood[i].ns))
		i++;
	return i < ARRAY_LEN(understood) &&
	       xml_elem_child(message, understood[i].ns, understood[i].name) && start && end &&
	       str_to_int(start, 0, LIMIT_STANZA, &out->start) == 0 &&
	       str_to_int(end, out->start, LIMIT_STANZA, &out->end) == 0;
}

/* Byte offset of the n-th character; the length if there are fewer. */
static size_t
offset_of(const struct buf *text, int64_t n)
{
	size_t at = 0;
	while (n-- > 0 && at < text->len) {
		uint32_t c;
		size_t len = utf8_decode(text->data + at, text->len - at, &c);
		at += len ? len : 1;
	}
	return at;
}

static void
cut(struct buf *text, const struct range *r)
{
	size_t from = offset_of(text, r->start), to = offset_of(text, r->end);
	if (from == 0 && to == text->len)
		return; /* rather a quotation alone than nothing */
	memmove(text->data + from, text->data + to, text->len - to);
	text->len -= to - from;
	text->data[text->len] = '\0';
}

void
fallback_cut(const struct xml_elem *message, struct buf *text)
{
	struct range found[3];
	size_t count = 0;
	XML_FOREACH (child, message) {
		if (count < ARRAY_LEN(found) && xml_elem_is(child, NS_FALLBACK, "fallback") &&
		    read_range(child, message, &found[count]))
			count++;
	}
	/* from the end, so that those in front stay where they are; overlapping ones are lies */
	for (int64_t limit = INT64_MAX; text->len;) {
		const struct range *last = NULL;
		for (size_t i = 0; i < count; i++)
			if (found[i].end <= limit && found[i].start < limit &&
			    (!last || found[i].start > last->start))
				last = &found[i];
		if (!last)
			return;
		limit = last->start;
		cut(text, last);
	}
}
