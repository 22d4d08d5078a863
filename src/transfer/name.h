/* Names of files as they came from a peer, made into names that a file may have here (F1). Pure;
 * any thread. */
#ifndef TRANSFER_NAME_H
#define TRANSFER_NAME_H

#include "base/buf.h"
#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>

/* Appends the last component after / and \, in NFC, of characters that are allowed in names (others
 * are "_"), at most LIMIT_FILE_NAME bytes with its ending kept, without blanks and dots at its
 * ends;
 * "_" goes before a leading dot, dash or tilde and before names that other systems reserve. Never
 * empty: "file" if nothing is left. A clean name is cleaned to itself. */
void transfer_name_clean(const char *wanted, struct buf *out);

/* The same of len bytes that are one component already: / and \ are characters like others. */
void transfer_component_clean(const char *wanted, size_t len, struct buf *out);

bool transfer_name_is_clean(const char *name);

/* Appends a relative path with each component cleaned (separated by /). ERR_PROTO: absolute, "." or
 * "..", an empty component, deeper than LIMIT_TREE_DEPTH, longer than LIMIT_TREE_PATH. */
int transfer_path_clean(const char *wanted, struct buf *out) MUST_USE;

/* Appends the name for the n-th of one name: n < 2 as it is, else "name (2).txt". */
void transfer_name_number(const char *name, unsigned n, struct buf *out);

#endif
