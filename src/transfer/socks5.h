/* SOCKS5 as XEP-0065 and XEP-0260 use it (§5.3.1 there; RFC 1928): no authentication, CONNECT to a
 * domain that is the hash of the session, port 0. Ends with a connection over which the bytes of a
 * file may follow at once: nothing beyond the last byte of SOCKS5 is read here. Works with
 * libpurple, which sends and takes each part in one piece and answers with an address of its own.
 * Loop thread. */
#ifndef TRANSFER_SOCKS5_H
#define TRANSFER_SOCKS5_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <uv.h>

struct carrier_link;

enum { SOCKS5_HASH_SIZE = 41 }; /* SHA-1 in lowercase hex digits, with the NUL */

/* ---- who is connected to ---- */

struct socks5_server;
struct socks5_expected;

/* Whether a connection from there may be this session's: its port means nothing. Called when
 * somebody connects and must change nothing here. */
typedef bool socks5_allow_fn(void *ctx, const struct sockaddr_storage *from);
/* Once, then the expectation is gone: somebody who knows the hash has connected. The link is the
 * callback's to move; if it does not, the connection is closed. */
typedef void socks5_arrived_fn(void *ctx, struct carrier_link *link);

int socks5_server_create(uv_loop_t *loop, struct socks5_server **out) MUST_USE;
/* What is still expected is forgotten. Accepts NULL. */
void socks5_server_close(struct socks5_server *s);

/* One listener, IPv4 and IPv6, any port, is open while somebody is expected, and only then. Who
 * connects from an address that nobody allows is closed at once, before it can say a thing; no
 * more than LIMIT_SOCKS5_PENDING at a time, each for at most 10 s. 0, -EEXIST (the hash is
 * expected already), -EINVAL (no hash), -ENOMEM, another errno. */
int socks5_expect(struct socks5_server *s, const char *hash, socks5_allow_fn *allow,
    socks5_arrived_fn *arrived, void *ctx, struct socks5_expected **out) MUST_USE;
/* Not after arrived was called; accepts NULL. arrived is not called. */
void socks5_forget(struct socks5_expected *e);
/* Of the listener; 0: it is not open. Stays the same while anybody is expected. */
uint16_t socks5_server_port(const struct socks5_server *s);

/* ---- who connects ---- */

struct socks5_dial;

/* Once: the candidate with this index (0; link is the callback's to move, else it is closed), or
 * the error of the last that failed, or -ETIMEDOUT; the others are closed. */
typedef void socks5_dialled_fn(void *ctx, int err, size_t index, struct carrier_link *link);

/* In this order, each gap_ms after the one before or as soon as that has failed; the first that
 * answers well wins. Addresses are copied; at most LIMIT_ADDRESSES of them. Where one may be
 * dialled is the caller's to decide. 0, -EINVAL (no candidate, no hash), -ENOMEM. */
int socks5_dial(uv_loop_t *loop, const struct sockaddr_storage *candidates, size_t count,
    const char *hash, unsigned gap_ms, unsigned deadline_ms, socks5_dialled_fn *dialled, void *ctx,
    struct socks5_dial **out) MUST_USE;
/* Not after dialled was called; accepts NULL. dialled is not called. */
void socks5_dial_stop(struct socks5_dial *d);

#endif
