/* Where the entries of a received manifest (tree.h) go: each gets a clean name that no other one
 * has, the same each time the manifest is gone through. Pure; one owner. */
#ifndef TRANSFER_TREE_NAMES_H
#define TRANSFER_TREE_NAMES_H

#include "base/compiler.h"
#include "transfer/tree.h"

struct tree_names;

int tree_names_create(struct tree_names **out) MUST_USE;
void tree_names_destroy(struct tree_names *n); /* accepts NULL */
void tree_names_rewind(struct tree_names *n);

/* The path of the next entry beneath the folder; valid until the next call. ERR_TOO_BIG: too long,
 * or too many are alike once they are clean; -ENOMEM. */
int tree_names_next(struct tree_names *n, const struct tree_entry *e, const char **path) MUST_USE;

#endif
