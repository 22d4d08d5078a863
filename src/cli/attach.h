/* What is to be sent as a file: opened here, as the daemon opens nothing that a client names, and
 * described. */
#ifndef CLI_ATTACH_H
#define CLI_ATTACH_H

#include "cli/cli.h"

/* Opens a file or folder, or keeps standard input ("-", which then needs a name) in a file of its
 * own, and lets it travel with the next call; says in params what is known of it. name: what it is
 * to be called, NULL: as it is. Errors are told. The connection must stand. */
int attach_path(
    struct cli *c, struct earshot_value *params, const char *path, const char *name) MUST_USE;

/* The same for what fill() writes to fd, which returns an exit code and tells of its errors. */
typedef int attach_fill_fn(struct cli *c, int fd, void *ctx);
int attach_made(struct cli *c, struct earshot_value *params, const char *name, attach_fill_fn *fill,
    void *ctx) MUST_USE;

#endif
