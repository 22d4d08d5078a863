/* Files and folders beneath a folder that others may change meanwhile (F2): nothing here follows a
 * symbolic link, leaves the folder, or opens anything but regular files and folders. The porter's;
 * any thread. */
#ifndef TRANSFER_PORTER_BENEATH_H
#define TRANSFER_PORTER_BENEATH_H

#include "base/buf.h"
#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/* A descriptor or -errno. flags and mode as for open(2). dir AT_FDCWD: path is absolute, and one of
 * our own. */
int beneath_open(int dir, const char *path, int flags, mode_t mode) MUST_USE;
/* The folder of path, which lies in dir, and its last component. */
int beneath_open_parent(int dir, const char *path, const char **last) MUST_USE;
/* For reading: a regular file or a folder, and what it is. -EINVAL: something else. */
int beneath_read(int dir, const char *path, struct stat *st) MUST_USE;

/* What an O_PATH descriptor of a regular file stands for, for reading. */
int beneath_reopen(int fd) MUST_USE;

/* A file of our own to write: made, or there already and with one name only (-EACCES). */
int beneath_create(int dir, const char *path, bool exists) MUST_USE;
int beneath_mkdir(int dir, const char *path) MUST_USE;

/* Removes name in dir and all in it. 0 also if it is not there. */
int beneath_remove(int dir, const char *name) MUST_USE;

/* Gives the file or folder `from` in dir the name `to`, replacing nothing: -EEXIST. */
int beneath_rename(int dir, const char *from, const char *to) MUST_USE;

/* Whether openat2(2) does this; otherwise it is done component by component. Before any of the
 * above. In tests, false makes it so. */
void beneath_init(bool allowed);

#endif
