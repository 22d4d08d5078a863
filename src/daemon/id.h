/* The methods of our own key: show it, take it elsewhere, bring it here, lock it, hand it over.
 * What is secret travels by descriptor, never as text. Loop thread; the slow parts run in libuv's
 * pool. */
#ifndef DAEMON_ID_H
#define DAEMON_ID_H

#include "ipc/ipc.h"

struct tls_context;
struct tls_identity;

struct id {
	uv_loop_t *loop;               /* borrowed */
	struct tls_identity *identity; /* borrowed; its certificate is made anew by a hand-over */
	struct tls_context *tls;       /* borrowed */
	/* Another key is in the file now: the daemon has to begin anew with it. */
	void (*on_replaced)(void *ctx);
	void *ctx;
	bool busy; /* one thing after the other */
};

extern const struct ipc_method id_methods[]; /* ipc_ctx() is the struct id */

#endif
