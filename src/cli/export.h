/* A conversation as a document: a format turns messages (docs/ipc.md) into bytes, one after the
 * other. Knows nothing of files and of the daemon. */
#ifndef CLI_EXPORT_H
#define CLI_EXPORT_H

#include "base/buf.h"

#include <earshot.h>
#include <stdbool.h>
#include <stdint.h>

/* Appends to out; what came from outside is made harmless, except for JSON, which is exact. */
struct export_format {
	const char *name;
	bool exact; /* not for a terminal as it is */
	/* display and peer (instance name) are clean already */
	void (*begin)(struct buf *out, const char *display, const char *peer);
	void (*day)(struct buf *out, int64_t at, uint64_t index); /* before the first of a day */
	/* index: how many messages stand before it */
	void (*message)(struct buf *out, const struct earshot_value *m, uint64_t index);
	void (*end)(struct buf *out, uint64_t count);
};

/* "text", "md", "json", "html", or a file name that ends in .txt, .md, .json or .html; NULL if
 * it is none. */
const struct export_format *export_find(const char *name);
const struct export_format *export_find_file(const char *path);

extern const struct export_format export_html; /* export_html.c */

#endif
