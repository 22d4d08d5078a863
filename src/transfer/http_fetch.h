/* Fetches over HTTP what somebody offers (XEP-0066), in a thread of its own, and hands on what is
 * left when HTTP and AppleSingle are taken away: the bytes of a file; of a folder its manifest
 * (tree.h) and the bytes of its files, each of which is asked for. Where to is the caller's to
 * judge; nothing that comes leads anywhere else (redirects are refused). Loop thread. */
#ifndef TRANSFER_HTTP_FETCH_H
#define TRANSFER_HTTP_FETCH_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct carrier_link;
struct http_fetch;
struct http_url;

/* Once, from the loop, unless http_fetch_stop() came before: 0 (all was handed on), -ENOENT (they
 * do not have it), ERR_UNSUPPORTED (a redirect, an encoding we do not know), ERR_PROTO, ERR_XML,
 * ERR_TOO_BIG, ERR_CLOSED (it was cut), -ETIMEDOUT (nothing came for LIMIT_TRANSFER_IDLE), -EPIPE
 * (who reads the link has closed it), another errno. After an error who reads the link gets
 * ECONNRESET where the end should be. */
typedef void http_fetched_fn(void *ctx, int err);

#define HTTP_SIZE_UNKNOWN UINT64_MAX /* as TRANSFER_SIZE_UNKNOWN */

/* size: of the file, as it was offered: more or fewer bytes are ERR_PROTO, and the last of them is
 * handed on only after all that belongs to the answer has come. Of a folder it does not count.
 * link: where the bytes come, to be read by a carrier; it is set to none before. The address is
 * copied. 0, -ENOMEM, -EMFILE, -EAGAIN. */
int http_fetch_start(uv_loop_t *loop, const struct http_url *url, bool folder, uint64_t size,
    http_fetched_fn *fetched, void *ctx, struct carrier_link *link,
    struct http_fetch **out) MUST_USE;
/* Accepts NULL; not after fetched was called, which is not called any more. */
void http_fetch_stop(struct http_fetch *f);

#endif
