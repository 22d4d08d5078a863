/* Whatever the reader accepts, the writer can write so that the reader reads the same again,
 * and writing that again gives the same bytes. Only sizes may differ: what is escaped is
 * longer, so a limit on bytes may be reached. */
#include "base/err.h"
#include "xml/elem.h"
#include "xml/ns.h"
#include "xml/reader.h"
#include "xml/writer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define HEADER "<stream:stream xmlns='" NS_CLIENT "' xmlns:stream='" NS_STREAM "'>"

/* Both forms of what a reader says: as the writer writes it, and in a form of our own that
 * shares nothing with the writer. */
struct copy {
	struct buf xml, plain;
};

static void
add_string(struct buf *b, char mark, const char *s)
{
	buf_char(b, mark);
	buf_add(b, s, strlen(s) + 1);
}

static void
add_plain(struct buf *b, const struct xml_elem *e)
{
	add_string(b, 'n', e->name ? e->name : "");
	add_string(b, 's', e->ns);
	add_string(b, 't', e->text);
	for (size_t i = 0; i < e->attr_count; i++) {
		add_string(b, 'N', e->attrs[i].name);
		add_string(b, 'S', e->attrs[i].ns);
		add_string(b, 'V', e->attrs[i].value);
	}
	for (const struct xml_elem *node = e->first; node; node = node->next)
		add_plain(b, node);
	buf_char(b, ')');
}

static int
on_open(void *ctx, const struct xml_elem *root)
{
	(void)ctx, (void)root;
	return 0;
}

static int
on_element(void *ctx, const struct xml_elem *e)
{
	struct copy *c = ctx;
	struct xml_writer w = xml_writer_to(&c->xml);
	xml_copy(&w, e);
	add_plain(&c->plain, e);
	return 0;
}

static int
on_end(void *ctx)
{
	(void)ctx;
	return 0;
}

static int
read_all(struct copy *c, const void *data, size_t len)
{
	static const struct xml_reader_listener listener = {on_open, on_element, on_end};
	struct xml_reader *r;
	buf_init(&c->xml, SIZE_MAX / 4);
	buf_init(&c->plain, SIZE_MAX / 4);
	buf_str(&c->xml, HEADER);
	if (xml_reader_create(&listener, c, &r))
		abort();
	xml_reader_set_limit(r, LIMIT_STANZA);
	int err = xml_reader_feed(r, HEADER, sizeof(HEADER) - 1);
	if (!err)
		err = xml_reader_feed(r, data, len);
	xml_reader_destroy(r);
	if (buf_err(&c->xml) || buf_err(&c->plain))
		abort();
	return err;
}

static void
finish(struct copy *c)
{
	buf_finish(&c->xml);
	buf_finish(&c->plain);
}

static int
differ(const struct buf *a, const struct buf *b)
{
	return a->len != b->len || memcmp(buf_cstr(a), buf_cstr(b), a->len) != 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const size_t header = sizeof(HEADER) - 1;
	struct copy first, second;
	(void)read_all(&first, data, len); /* what came before an error counts too */
	int err = read_all(&second, first.xml.data + header, first.xml.len - header);
	if (err && err != ERR_TOO_BIG)
		abort();
	if (!err && (differ(&first.plain, &second.plain) || differ(&first.xml, &second.xml)))
		abort();
	finish(&first);
	finish(&second);
	return 0;
}
