/* The two functions that carriers run: from a source into a connection, and from a connection into
 * a sink, with the SHA-256 of all bytes made on the way. Over TLS if the link has a channel, whose
 * handshake is made first; its orderly end is part of the transfer: a connection that is cut,
 * even after the last byte, is an error there. In plain the size says where the end is.
 *
 * Both end with: 0; -ETIMEDOUT (nothing moved for LIMIT_TRANSFER_IDLE, or the receiver did not end
 * it for LIMIT_TRANSFER_END); -ECANCELED (carrier_stop()); -ECONNRESET (cut, or fewer bytes than
 * the size); ERR_PROTO (more bytes than the size); the errors of tls/channel.h, transfer/source.h
 * and transfer/sink.h; another errno of the socket. The link is finished in any case. */
#ifndef TRANSFER_PUMP_H
#define TRANSFER_PUMP_H

#include "transfer/carrier.h"

#include <stdint.h>

struct digest_run;
struct rate;
struct sink;
struct source;

struct pump_send {
	struct carrier_link link; /* moved */
	struct source *source;    /* borrowed */
	uint64_t from, size;      /* the bytes [from, size) go */
	const uint8_t *prefix;    /* borrowed; SHA-256 of [0, from) by the receiver. ERR_DIFFERS
				     before a byte is sent if the source's is another. NULL: not
				     compared */
	struct rate *rate;        /* borrowed; NULL: no cap */
	/* answer */
	uint8_t digest[32]; /* of [0, size), when it returns 0 */
	uint64_t at;        /* how far it came */
};
int pump_send_run(struct carrier *c, void *arg);

struct pump_receive {
	struct carrier_link link; /* moved */
	struct sink *sink;        /* borrowed */
	uint64_t from, size;      /* the bytes [from, size) come; size UINT64_MAX: until the end of
				     the connection */
	struct digest_run *run;   /* borrowed; has [0, from), and afterwards [0, at) */
	struct rate *rate;        /* borrowed; NULL: no cap */
	/* answer */
	uint8_t digest[32]; /* of [0, at), when it returns 0 */
	uint64_t at;        /* bytes that the sink has, whatever it returns */
};
int pump_receive_run(struct carrier *c, void *arg);

#endif
