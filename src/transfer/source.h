/* What is sent: one sequence of bytes, of a file, or of a folder (its manifest, tree.h, then the
 * bytes of its files). It is the same after a restart: the manifest is kept, and what is not as it
 * was ends the transfer (F4).
 *
 * Made on any thread without touching a disk; all else blocks and belongs to one carrier thread at
 * a time. Symbolic links, pipes, sockets and devices in a folder are left out, never followed. */
#ifndef TRANSFER_SOURCE_H
#define TRANSFER_SOURCE_H

#include "base/buf.h"
#include "base/compiler.h"
#include "transfer/porter.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct source;

/* A folder's manifest: the file where it is kept, in the daemon's state folder. */
struct tree_ref {
	const char *path;
};

enum { SOURCE_LEFT_MAX = 1024 };

struct source_summary {
	uint64_t size;     /* of the whole sequence */
	uint32_t files;    /* in a folder; 1 otherwise */
	uint32_t folders;  /* in a folder */
	uint32_t left_out; /* neither files nor folders, or named as the protocol cannot say */
	/* the paths of the first of these, beneath the folder: each with its NUL, then another */
	char left[SOURCE_LEFT_MAX];
};

/* files found so far; true stops: source_prepare() is -ECANCELED */
typedef bool source_progress_fn(void *ctx, uint32_t files);

/* tree NULL: a file, of size and mtime (seconds) when it was granted. Of a folder both are ignored.
 * The strings are copied. 0 or -ENOMEM. */
int source_create(struct porter *p, const char *token, const struct tree_ref *tree, uint64_t size,
    int64_t mtime, struct source **out) MUST_USE;
void source_destroy(struct source *s);

/* progress: NULL or called from source_prepare(). */
void source_watch(struct source *s, source_progress_fn *progress, void *ctx);

/* Looks whether it can be read. A folder without a manifest is walked and gets one; one that has it
 * keeps it. ERR_CHANGED_SOURCE; ERR_TOO_BIG: more files, or deeper, than goes; -EACCES: something
 * in it may not be read; -ENOENT. */
int source_prepare(struct source *s) MUST_USE;
const struct source_summary *source_summary(const struct source *s); /* after that */

/* Which file the last error is about, beneath the folder; "" for the one that was granted. */
const char *source_problem(const struct source *s);

/* Up to len bytes from offset; 0 only at the end. Fast where offset goes on from the last one.
 * ERR_CHANGED_SOURCE: one of the files is not, or was no longer, as it was. */
ssize_t source_read(struct source *s, uint64_t offset, void *data, size_t len) MUST_USE;

#endif
