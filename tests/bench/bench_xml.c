/* How many usual stanzas a second one core reads, reads in small pieces, and writes. */
#include "base/buf.h"
#include "base/clock.h"
#include "xml/elem.h"
#include "xml/ns.h"
#include "xml/reader.h"
#include "xml/writer.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 200000, BATCH = 100 };

static const char header[] = "<?xml version='1.0'?><stream:stream xmlns='" NS_CLIENT
			     "' xmlns:stream='" NS_STREAM "' from='a' to='b' version='1.0'>";
static const char body[] = "But, soft! what light through yonder window breaks? It is the east, "
			   "and Juliet is the sun. Arise, fair sun, & kill the envious moon.";

static int
on_open(void *ctx, const struct xml_elem *root)
{
	(void)ctx, (void)root;
	return 0;
}

static int
on_element(void *ctx, const struct xml_elem *e)
{
	size_t *seen = ctx;
	const struct xml_elem *text = xml_elem_child(e, NS_CLIENT, "body");
	*seen += text && strcmp(text->text, body) == 0;
	return 0;
}

static int
on_end(void *ctx)
{
	(void)ctx;
	return 0;
}

static void
write_stanza(struct buf *out)
{
	struct xml_writer w = xml_writer_to(out);
	xml_open(&w, NULL, "message");
	xml_attr(&w, "from", "romeo@montague");
	xml_attr(&w, "to", "juliet@capulet");
	xml_attr(&w, "type", "chat");
	xml_attr(&w, "id", "0123456789abcdef0123456789abcdef");
	xml_leaf(&w, NULL, "body", body);
	xml_open(&w, NS_XHTML, "html");
	xml_open(&w, NULL, "body");
	xml_leaf(&w, NULL, "font", body);
	xml_close(&w);
	xml_close(&w);
	xml_empty(&w, NS_CHAT_STATES, "active");
	xml_empty(&w, NS_RECEIPTS, "request");
	xml_close(&w);
}

static void
report(const char *what, uint64_t start, size_t bytes)
{
	double seconds = (double)(clock_now() - start + 1) / 1000;
	printf("%-24s %8.0f stanzas/s  %6.1f MB/s\n", what, ROUNDS / seconds,
	    (double)bytes / seconds / 1e6);
}

static int
read_stanzas(const char *what, const struct buf *batch, size_t piece)
{
	static const struct xml_reader_listener listener = {on_open, on_element, on_end};
	struct xml_reader *r;
	size_t seen = 0;
	if (xml_reader_create(&listener, &seen, &r))
		return 1;
	int err = xml_reader_feed(r, header, sizeof(header) - 1);
	uint64_t start = clock_now();
	for (int i = 0; i < ROUNDS / BATCH && !err; i++) {
		for (size_t at = 0; at < batch->len && !err; at += piece) {
			size_t left = batch->len - at;
			err = xml_reader_feed(r, batch->data + at, left < piece ? left : piece);
		}
	}
	report(what, start, batch->len * (ROUNDS / BATCH));
	xml_reader_destroy(r);
	return err || seen != ROUNDS;
}

int
main(void)
{
	struct buf out = BUF_INIT(1 << 20);
	uint64_t start = clock_now();
	for (int i = 0; i < ROUNDS; i++) {
		buf_clear(&out);
		write_stanza(&out);
	}
	printf("one stanza has %zu bytes\n", out.len);
	report("written", start, out.len * ROUNDS);
	for (int i = 1; i < BATCH; i++)
		write_stanza(&out);
	if (buf_err(&out))
		return 1;
	int failed = read_stanzas("read, 64 KiB pieces", &out, 65536) ||
		     read_stanzas("read, 1400 byte pieces", &out, 1400) ||
		     read_stanzas("read, 16 byte pieces", &out, 16);
	buf_finish(&out);
	return failed;
}
