/* For tests: manifests (tree.h) made by hand, honest or not, and the bytes of their files. */
#ifndef TESTS_TRANSFER_MANIFEST_H
#define TESTS_TRANSFER_MANIFEST_H

#include "base/buf.h"
#include "transfer/tree.h"

#include <string.h>

struct item {
	char kind;
	unsigned depth;
	const char *name;
	uint64_t size;
};

static inline void
add_item(struct buf *out, char kind, unsigned depth, const char *name, size_t len, uint64_t size)
{
	struct tree_entry e = {
	    .folder = kind == 'd', .depth = depth, .size = size, .mtime = 1000000000};
	e.name_len = len;
	memcpy(e.name, name, len < sizeof(e.name) ? len : sizeof(e.name));
	tree_entry_write(&e, out);
}

/* The byte at a place of the sequence, after the manifest. */
static inline char
byte_at(uint64_t i)
{
	return (char)(i * 31 % 251);
}

/* The whole sequence; its size is out->len. */
static inline void
make_sequence(struct buf *out, const struct item *items, size_t count)
{
	uint8_t head[TREE_HEADER_SIZE];
	struct buf entries = BUF_INIT(LIMIT_TREE_BYTES);
	struct tree_header h = {.entries = (uint32_t)count};
	for (size_t i = 0; i < count; i++) {
		const struct item *x = &items[i];
		add_item(&entries, x->kind, x->depth, x->name, strlen(x->name), x->size);
		h.bytes += x->size;
	}
	h.length = (uint32_t)(TREE_HEADER_SIZE + entries.len);
	tree_header_write(&h, head);
	buf_add(out, head, sizeof(head));
	buf_add(out, entries.data, entries.len);
	for (uint64_t i = 0; i < h.bytes; i++)
		buf_char(out, byte_at(i));
	buf_finish(&entries);
}

#endif
