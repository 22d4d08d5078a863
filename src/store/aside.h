/* What is done with a database file that is damaged. Blocks. */
#ifndef STORE_ASIDE_H
#define STORE_ASIDE_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>

/* Gives the file, its -wal and its -journal a name of their own, NAME.damaged-YYYYMMDDTHHMMSSZ,
 * which is written to new_name. Nothing is overwritten. */
int aside_move(const char *path, char *new_name, size_t size) MUST_USE;

/* A small file beside the database says that it was found damaged while it was used. */
void aside_mark(const char *path);
bool aside_marked(const char *path);
void aside_unmark(const char *path);

/* Makes what was created, renamed and removed in the file's folder last. */
int aside_sync_folder(const char *path) MUST_USE;

#endif
