/* Goes through a granted folder and writes its manifest (tree.h). For source.c. */
#ifndef TRANSFER_SOURCE_WALK_H
#define TRANSFER_SOURCE_WALK_H

#include "base/buf.h"
#include "base/compiler.h"
#include "transfer/source.h"
#include "transfer/tree.h"

struct source_walk {
	struct porter *porter;        /* borrowed */
	const char *token;            /* borrowed */
	source_progress_fn *progress; /* NULL: nobody asks */
	void *ctx;
	struct source_summary summary;
	struct buf problem; /* which path the error is about */
	/* the walk's own */
	int out;
	uint32_t entries;
	uint64_t length, bytes;
	size_t left_len;    /* of summary.left */
	struct buf pending; /* of the manifest, not yet written */
	struct buf path;
};

/* Writes to a file beside it, which takes its name when it is whole and on disk. */
int source_walk_run(struct source_walk *w, const char *manifest) MUST_USE;
void source_walk_finish(struct source_walk *w);

#endif
