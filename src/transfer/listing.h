/* What is in a folder, as Adium and iChat say it: XML that is fetched over HTTP, after which each
 * file is asked for (XEP-0066 says nothing of it). Made into the manifest that stands in front of a
 * folder's bytes (tree.h). Any thread, one owner. */
#ifndef TRANSFER_LISTING_H
#define TRANSFER_LISTING_H

#include "base/buf.h"
#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct listing;

struct listing_entry {
	const char *path; /* beneath the folder, as it was listed, / between */
	uint64_t size;    /* bytes; of a folder 0 */
	bool folder;
};

/* All of the XML. 0; ERR_XML; ERR_PROTO: no listing, or names that lead elsewhere ("..", a / in
 * one, none at all) or are there twice; ERR_TOO_BIG: more, or deeper, than LIMIT_TREE_ENTRIES,
 * LIMIT_TREE_DEPTH and LIMIT_LISTING_MEMORY allow; -ENOMEM. */
int listing_read(const char *xml, size_t len, struct listing **out) MUST_USE;
void listing_destroy(struct listing *l); /* accepts NULL */

/* In the order of the manifest. */
size_t listing_count(const struct listing *l);
const struct listing_entry *listing_at(const struct listing *l, size_t n);
/* Appends the manifest. */
int listing_manifest(const struct listing *l, struct buf *out) MUST_USE;
/* Appends the path as it is asked for: each part percent-encoded. */
void listing_target(const struct listing_entry *e, struct buf *out);

#endif
