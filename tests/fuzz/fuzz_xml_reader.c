/* The XML reader: where the input is cut changes neither what it says nor its verdict. The
 * first two bytes choose the cuts. */
#include "base/err.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "xml/elem.h"
#include "xml/reader.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Everything a listener was told, as one number. */
struct story {
	uint64_t hash;
	struct xml_reader *reader;
};

static void
tell(struct story *s, const char *text)
{
	size_t len = strlen(text);
	if (!utf8_valid(text, len))
		abort();
	for (size_t i = 0; i <= len; i++) /* with the NUL: "ab", "c" is not "a", "bc" */
		s->hash = (s->hash ^ (unsigned char)text[i]) * 0x100000001b3u;
}

static void
tell_elem(struct story *s, const struct xml_elem *e)
{
	tell(s, e->name ? e->name : "");
	tell(s, e->ns);
	tell(s, e->text);
	for (size_t i = 0; i < e->attr_count; i++) {
		tell(s, e->attrs[i].ns);
		tell(s, e->attrs[i].name);
		tell(s, e->attrs[i].value);
	}
	for (const struct xml_elem *node = e->first; node; node = node->next)
		tell_elem(s, node);
	tell(s, ")");
}

static int
on_open(void *ctx, const struct xml_elem *root)
{
	struct story *s = ctx;
	tell(s, "open");
	tell_elem(s, root);
	xml_reader_set_limit(s->reader, LIMIT_STANZA_UNKNOWN / 2);
	return 0;
}

static int
on_element(void *ctx, const struct xml_elem *e)
{
	tell(ctx, "element");
	tell_elem(ctx, e);
	return xml_elem_attr(e, "stop") ? ERR_CLOSED : 0;
}

static int
on_end(void *ctx)
{
	tell(ctx, "end");
	return 0;
}

/* Pieces of step bytes after a first of `first` bytes; step 0: the rest at once. */
static int
read_cut(struct story *s, const uint8_t *data, size_t len, size_t first, size_t step)
{
	static const struct xml_reader_listener listener = {on_open, on_element, on_end};
	*s = (struct story){.hash = 0xcbf29ce484222325u};
	if (xml_reader_create(&listener, s, &s->reader))
		abort();
	size_t at = first < len ? first : len;
	int err = xml_reader_feed(s->reader, data, at);
	while (!err && at < len) {
		size_t n = step && step < len - at ? step : len - at;
		err = xml_reader_feed(s->reader, data + at, n);
		at += n;
	}
	if (err && xml_reader_feed(s->reader, "<a/>", 4) != err)
		abort();
	xml_reader_destroy(s->reader);
	return err;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len < 2)
		return 0;
	size_t first = data[0], step = data[1] % 16;
	data += 2;
	len -= 2;
	struct story whole, cut;
	int verdict = read_cut(&whole, data, len, len, 0);
	if (read_cut(&cut, data, len, first, step) != verdict || cut.hash != whole.hash)
		abort();
	return 0;
}
