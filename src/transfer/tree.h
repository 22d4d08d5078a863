/* The manifest of a folder: what stands before its files' bytes when it is sent between Earshots
 * (NS_TRANSFER). Numbers are big-endian.
 *
 *   header   "earshot-tree 1\n" (15 bytes, and a NUL), u32 entries, u32 length of the manifest with
 *            this header, u64 bytes of all files
 *   entry    u8 kind ('d' or 'f'), u8 depth (1: directly in the folder), u64 size (0 for 'd'),
 *            i64 mtime (seconds since 1970), u16 length of the name, its bytes
 *
 * An entry lies in the last folder before it that is one less deep; names in one folder ascend
 * byte by byte, so that no two are equal. Names are one component: 1-255 bytes, no / and no NUL,
 * not
 * "." and not "..". The files' bytes follow in this order with nothing between.
 *
 * Writing is the sender's, from its own disk; the reader takes a manifest from anybody. Pure; one
 * owner. */
#ifndef TRANSFER_TREE_H
#define TRANSFER_TREE_H

#include "base/buf.h"
#include "base/compiler.h"
#include "base/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	TREE_HEADER_SIZE = 32,
	TREE_ENTRY_SIZE = 20, /* without the name */
	TREE_NAME_MAX = 255,
};

struct tree_header {
	uint32_t entries;
	uint32_t length; /* bytes of the manifest */
	uint64_t bytes;  /* of all files */
};

struct tree_entry {
	bool folder;
	unsigned depth;
	uint64_t size;
	int64_t mtime;
	char name[TREE_NAME_MAX + 1];
	size_t name_len;
};

void tree_header_write(const struct tree_header *h, uint8_t out[TREE_HEADER_SIZE]);
/* ERR_PROTO; ERR_TOO_BIG: more than LIMIT_TREE_ENTRIES or LIMIT_TREE_BYTES. */
int tree_header_read(const uint8_t in[TREE_HEADER_SIZE], struct tree_header *out) MUST_USE;

void tree_entry_write(const struct tree_entry *e, struct buf *out);

/* Checks all rules as entries come by; memory does not grow with their number. */
struct tree_reader {
	struct tree_header header;
	uint64_t at;                         /* bytes of the manifest that are read */
	uint32_t entries;                    /* and entries */
	uint64_t bytes;                      /* of files so far */
	unsigned depth;                      /* of the last entry ... */
	bool in_folder;                      /* ... which is a folder */
	size_t path_len;                     /* bytes of the last entry's path */
	size_t starts[LIMIT_TREE_DEPTH + 1]; /* where its component of each depth begins */
	char
	    path[LIMIT_TREE_PATH + TREE_NAME_MAX + 2]; /* of the last entry, as the sender has it */
};

void tree_reader_init(struct tree_reader *r, const struct tree_header *h);
/* The next entry out of len bytes. Its length; 0: more bytes are needed; ERR_PROTO. */
int tree_reader_next(
    struct tree_reader *r, const uint8_t *data, size_t len, struct tree_entry *out) MUST_USE;
/* After the last entry: whether all is as the header said. 0 or ERR_PROTO. */
int tree_reader_end(const struct tree_reader *r) MUST_USE;

#endif
