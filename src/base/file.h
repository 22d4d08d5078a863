/* Small files, whole: read with a limit, written so that a crash leaves the old one or the new
 * one. Any thread. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/buf.h"

/* Appends the file's bytes (the buffer's limit holds). 0, -ENOENT, another errno, ERR_TOO_BIG. */
int file_read(const char *path, struct buf *out) MUST_USE;

/* Writes beside the file, syncs, renames over it and syncs the folder; mode 0600. */
int file_write(const char *path, const void *data, size_t len) MUST_USE;

#endif
