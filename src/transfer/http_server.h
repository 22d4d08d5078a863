/* One file over HTTP, for one person (XEP-0066 §3, and links in the text of a message): a socket of
 * its own on one of our addresses, a path that nobody can guess, nobody else's connections. Reads
 * the requests; the bytes of the file are somebody else's matter, who is given the connection right
 * behind the head of the answer. Loop thread. */
#ifndef TRANSFER_HTTP_SERVER_H
#define TRANSFER_HTTP_SERVER_H

#include "base/buf.h"
#include "base/compiler.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <uv.h>

struct carrier_link;
struct http_server;

/* From the loop, never from inside a call of this header; either may close the server. */
struct http_server_listener {
	/* May who comes from there have it? The port means nothing. Must change nothing. */
	bool (*may_come)(void *ctx, const struct sockaddr_storage *from);
	/* Can it be had now? Else they are told to come again later. Must change nothing. */
	bool (*is_free)(void *ctx);
	/* They want the bytes from there on: the link is the callback's to move, else it is closed.
	 */
	void (*on_get)(void *ctx, uint64_t from, struct carrier_link *link);
};

struct http_server_config {
	const struct sockaddr_storage *local; /* where to listen, the port is of our choice */
	const char *name;                     /* of the file; copied */
	uint64_t size;
	const struct http_server_listener *l; /* borrowed */
	void *ctx;
};

/* 0, -ENOMEM, or why it cannot listen there. */
int http_server_create(
    uv_loop_t *loop, const struct http_server_config *config, struct http_server **out) MUST_USE;
/* Nobody can fetch it any more; connections that were given away go on. Accepts NULL. */
void http_server_close(struct http_server *s);
/* Appends "http://ADDRESS:PORT/PATH/NAME". */
void http_server_url(const struct http_server *s, struct buf *out);

#endif
