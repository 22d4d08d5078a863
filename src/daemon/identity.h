/* The daemon's own key at its start: read, or made when there is none. Before anything is opened
 * that others can see. */
#ifndef DAEMON_IDENTITY_H
#define DAEMON_IDENTITY_H

#include "base/compiler.h"

struct tls_context;
struct tls_identity;

struct buf;

/* One line without its end, NUL-terminated; closes the descriptor, unless it is a standard one.
 * The buffer is for secrets: tls_cleanse() it. 0, ERR_TOO_BIG (over LIMIT_PASSPHRASE), an errno. */
int identity_read_passphrase(int fd, struct buf *out) MUST_USE;

/* The passphrase of a locked key is read from the descriptor, to its end or the first line break
 * (-1: none is given; it is closed after, unless it is a standard one), else from the file
 * earshot.passphrase in $CREDENTIALS_DIRECTORY (systemd). 0; ERR_LOCKED and other errors after one
 * sentence to standard error. Both results are the caller's to destroy, the context first. */
int
identity_open(int passphrase_fd, struct tls_identity **identity, struct tls_context **tls) MUST_USE;

#endif
