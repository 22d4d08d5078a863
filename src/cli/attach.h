/* What is to be sent as a file: opened here, as the daemon opens nothing that a client names, and
 * described. */
#ifndef CLI_ATTACH_H
#define CLI_ATTACH_H

#include "cli/cli.h"

/* Opens a file or folder and lets it travel with the next call; says in params what is known of
 * it. name: what it is to be called, NULL: as it is. The connection must stand. An exit code, and
 * if that is not CLI_OK one sentence in why. */
int attach_file(struct cli *c, struct earshot_value *params, const char *path, const char *name,
    struct buf *why) MUST_USE;

/* The same, errors are told; "-" is standard input, which needs a name and is kept in a file. */
int attach_path(
    struct cli *c, struct earshot_value *params, const char *path, const char *name) MUST_USE;

/* Likewise what fill() writes to fd, which returns an exit code and tells of its errors. */
typedef int attach_fill_fn(struct cli *c, int fd, void *ctx);
int attach_made(struct cli *c, struct earshot_value *params, const char *name, attach_fill_fn *fill,
    void *ctx) MUST_USE;

#endif
