/* The part of a folder that is received: its manifest, then its files, each made when its first
 * byte comes. For sink.c. */
#ifndef TRANSFER_SINK_TREE_H
#define TRANSFER_SINK_TREE_H

#include "base/compiler.h"
#include "tls/digest.h"
#include "transfer/porter.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct sink_tree;

/* part, manifest: their names in the target folder; copied. size: of manifest and files. */
int sink_tree_create(struct porter *p, const char *token, const char *part, const char *manifest,
    uint64_t size, struct sink_tree **out) MUST_USE;
void sink_tree_destroy(struct sink_tree *t);                        /* accepts NULL */
void sink_tree_set_origin(struct sink_tree *t, const char *origin); /* borrowed */

void sink_tree_reset(struct sink_tree *t); /* closes all, forgets all */

/* Nothing of that name is there. */
int sink_tree_begin(struct sink_tree *t) MUST_USE;
/* Goes on at offset; d gets all bytes before it. ERR_DIFFERS: what is there is not that. */
int sink_tree_resume(struct sink_tree *t, uint64_t offset, struct digest_run *d) MUST_USE;

/* Bytes taken, at least one, or an error; after one of the disk it may be called again. */
ssize_t sink_tree_write(struct sink_tree *t, const void *data, size_t len) MUST_USE;
int sink_tree_fd(const struct sink_tree *t); /* on the file system where it all is; -1 */
/* All bytes have come: what has none is made, and folders get their times. */
int sink_tree_end(struct sink_tree *t) MUST_USE;

/* All of data, at that place. */
ssize_t sink_write_at(int fd, const void *data, size_t len, uint64_t at) MUST_USE;
/* d gets len bytes from there. ERR_DIFFERS: there are fewer. */
int sink_read_back(int fd, uint64_t at, uint64_t len, struct digest_run *d) MUST_USE;
/* Seconds since 1970; only what has been already (F1). */
void sink_set_time(int fd, int64_t mtime);
/* The mark of sink_set_origin() (NULL: none), then the time. */
void sink_finish_file(int fd, int64_t mtime, const char *origin);

#endif
