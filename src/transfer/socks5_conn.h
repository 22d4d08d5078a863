/* One connection on which SOCKS5 is spoken, for the two files that make them. Loop thread. */
#ifndef TRANSFER_SOCKS5_CONN_H
#define TRANSFER_SOCKS5_CONN_H

#include "base/compiler.h"
#include "base/list.h"
#include "transfer/socks5_talk.h"

#include <uv.h>

struct socks5_conn;

/* Once, from the loop: SOCKS5_DONE or an error. The connection is the callback's to end. */
typedef void socks5_conn_fn(struct socks5_conn *conn, int result);

struct socks5_conn {
	struct list node; /* its owner's */
	void *owner;      /* borrowed */
	uv_poll_t poll;
	int fd; /* owned; -1: it is gone */
	bool connecting;
	struct socks5_talk talk;
	struct socks5_say first; /* a client's, once it is connected */
	socks5_conn_fn *done;
};

/* Over this socket (moved, also when this fails). hash NULL: a server, who is connected; else a
 * client, who is connecting. 0, -ENOMEM, another errno. */
int socks5_conn_create(uv_loop_t *loop, int fd, const char *hash, socks5_conn_fn *done, void *owner,
    struct socks5_conn **out) MUST_USE;
/* All of it at once. 0, or an error: there is no waiting for a peer that does not read. */
int socks5_conn_say(struct socks5_conn *c, const struct socks5_say *say) MUST_USE;
/* Its socket, which is the caller's from now on; the connection is still to be closed. */
int socks5_conn_take(struct socks5_conn *c);
void socks5_conn_close(struct socks5_conn *c); /* off its list, and freed later */

#endif
