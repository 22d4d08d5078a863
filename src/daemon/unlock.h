/* A daemon that systemd's socket has started, and whose key is locked, cannot ask for a passphrase
 * and cannot begin without. It waits for one: all it does meanwhile is the method id.unlock. */
#ifndef DAEMON_UNLOCK_H
#define DAEMON_UNLOCK_H

#include "base/compiler.h"

struct tls_context;
struct tls_identity;

/* Runs a loop of its own until the key is open. fd: the listening socket, moved. 0 and the results
 * of identity_open(), or an error after a line in the log. */
int unlock_await(int fd, struct tls_identity **identity, struct tls_context **tls) MUST_USE;

#endif
