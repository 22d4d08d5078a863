/* Inside the transport only: what transport.c (TCP) and transport_tls.c share. */
#ifndef STREAM_TRANSPORT_PARTS_H
#define STREAM_TRANSPORT_PARTS_H

#include "stream/transport.h"

struct tls_link;

enum { TRANSPORT_PIECES = 128 }; /* of one write */

/* What may be asked of a transport, and what it makes of what libuv says. */
struct transport_ops {
	int (*read)(struct transport *t, bool on);
	int (*write)(struct transport *t, const uv_buf_t *bufs, unsigned count);
	void (*close)(struct transport *t);
	void (*on_bytes)(struct transport *t, const char *data, size_t len);
	void (*on_end)(struct transport *t, int err);
	void (*on_written)(struct transport *t, int err);
};

struct transport {
	const struct transport_ops *ops;
	const struct transport_listener *l; /* borrowed */
	void *ctx;
	char *scratch; /* borrowed */
	bool closing;
	unsigned handles; /* not yet closed */
	uv_tcp_t tcp;
	uv_connect_t connecting;
	uv_write_t writing;
	struct tls_link *tls; /* owned; NULL: plain */
};

/* transport.c */
int transport_tcp_read(struct transport *t, bool on);
void transport_on_write(uv_write_t *req, int err); /* of transport.writing */
void transport_on_close(uv_handle_t *h);           /* of each handle; its data is the transport */

/* transport_tls.c */
void transport_free_tls(struct tls_link *x); /* accepts NULL */

#endif
