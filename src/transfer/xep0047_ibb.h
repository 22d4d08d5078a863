/* In-band bytestreams (XEP-0047): the bytes of a file inside requests over a person's stream, where
 * no other connection can be made. Our side of one is an end of a socket pair, so that a carrier
 * cannot tell it from a connection; what the carrier has not taken yet is not confirmed, so that
 * nobody sends faster than is written. No more than LIMIT_IBB_WINDOW blocks are on their way, so
 * that what people say to each other never waits behind more than that. Also what XEP-0261 opens.
 * Whoever opens it sends; nothing goes the other way. Loop thread only. */
#ifndef TRANSFER_XEP0047_IBB_H
#define TRANSFER_XEP0047_IBB_H

#include "base/compiler.h"

#include <stddef.h>

struct carrier_link;
struct ibb;
struct person;

/* Bytes of a block: the most we send, what Gajim uses, and the most there may be. */
enum { IBB_BLOCK = 16 * 1024, IBB_BLOCK_OLD = 4096, IBB_BLOCK_MOST = 65535 };

/* Called from the loop, never from inside an ibb_*() call; either may call ibb_close(). */
struct ibb_listener {
	/* Once: bytes can flow. The link is the callback's to move, else it is closed. */
	void (*on_open)(void *ctx, struct carrier_link *link);
	/* Last call, exactly once unless ibb_close() came first. 0: closed in order, after the last
	 * byte was confirmed by the other side, or given to the carrier on ours. ERR_UNSUPPORTED
	 * (the other side does not know it), ERR_PROTO, ERR_TOO_BIG (it does not wait for what is
	 * confirmed), -ETIMEDOUT, ERR_CLOSED (the stream ended, or the other side or our carrier
	 * gave up). The carrier sees the end of its connection in any case. */
	void (*on_closed)(void *ctx, int err);
};

/* They will open it and send. sid: of the session that both have agreed upon, at most
 * LIMIT_SESSION_ID bytes. They may use blocks of up to `block` bytes. l and ctx are borrowed. 0,
 * -EEXIST (one with that sid), -EINVAL (sid, block), -ENOMEM, -EMFILE. */
int ibb_expect(struct person *p, const char *sid, size_t block, const struct ibb_listener *l,
    void *ctx, struct ibb **out) MUST_USE;
/* We open it and send, blocks of IBB_BLOCK bytes at most. The same errors, and those of
 * person_send(). */
int ibb_open(struct person *p, const char *sid, size_t block, const struct ibb_listener *l,
    void *ctx, struct ibb **out) MUST_USE;
/* Ends it at once and tells them; on_closed is not called. Accepts NULL; not after on_closed. */
void ibb_close(struct ibb *b);

#endif
