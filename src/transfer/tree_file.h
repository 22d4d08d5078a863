/* A manifest (tree.h) that lies in a file: its entries, one after the other. One owner. */
#ifndef TRANSFER_TREE_FILE_H
#define TRANSFER_TREE_FILE_H

#include "base/compiler.h"
#include "transfer/tree.h"

struct tree_file;

/* fd stays the caller's, and open. ERR_PROTO, ERR_TOO_BIG, -EIO. */
int tree_file_create(int fd, struct tree_file **out) MUST_USE;
void tree_file_destroy(struct tree_file *f); /* accepts NULL */
void tree_file_rewind(struct tree_file *f);

/* 1: an entry; 0: that was all, and it is as the header said; ERR_PROTO, -EIO. */
int tree_file_next(struct tree_file *f, struct tree_entry *out) MUST_USE;

const struct tree_header *tree_file_header(const struct tree_file *f);
const char *tree_file_path(const struct tree_file *f); /* of the last entry, as the sender has it */

#endif
