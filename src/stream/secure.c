/* Where a stream meets TLS: whose key will do, and when the transport changes. */
#include "stream/hub.h"

#include "base/clock.h"
#include "base/err.h"
#include "tls/session.h"

#include <errno.h>

/* Inside the handshake. */
static int
check_key(void *ctx, const struct tls_peer *peer)
{
	struct stream *s = ctx;
	const struct stream_listener *l = s->hub->l;
	if (s->has_wanted_key && !tls_peer_was(peer, &s->wanted_key))
		return ERR_KEY;
	return l->check_key ? l->check_key(s->hub->ctx, s, peer) : 0;
}

static int
create_session(void *ctx, struct tls_session **out)
{
	struct stream *s = ctx;
	struct stream_hub *hub = s->hub;
	if (s->incoming && !admission_may_handshake(hub->admission, &s->remote, clock_now()))
		return -EBUSY;
	return tls_session_create(hub->tls, !s->incoming, check_key, s, out);
}

void
secure_begin(struct stream *s)
{
	if (s->tls_begun || !s->transport)
		return;
	int err = transport_read(s->transport, false); /* what comes is not for this transport */
	if (!err && s->writing)
		return;
	s->tls_begun = true;
	if (!err)
		err = transport_start_tls(s->transport, !s->incoming, create_session, s);
	if (!err)
		err = transport_read(s->transport, !s->paused);
	if (err)
		engine_lost(s->engine, err, clock_now());
}

void
secure_done(struct stream *s)
{
	const struct stream_listener *l = s->hub->l;
	const struct tls_peer *peer = tls_session_peer(transport_session(s->transport));
	if (peer)
		s->key = *peer;
	s->has_key = peer != NULL;
	int err = peer && l->on_key ? l->on_key(s->hub->ctx, s, &s->key) : 0;
	if (!err) {
		engine_secured(s->engine, clock_now());
	} else if (s->incoming) {
		/* It has the end of TLS instead of our header (the transport sends it when this
		 * returns), and nothing that we would say to who is wanted (N4). */
		tls_session_shutdown(transport_session(s->transport));
		engine_refuse(s->engine, err, clock_now());
	} else {
		/* whoever waits at an address for who comes there is told nothing at all */
		engine_lost(s->engine, err, clock_now());
	}
}

const struct tls_peer *
stream_peer_key(const struct stream *s)
{
	return s->has_key ? &s->key : NULL;
}

int
stream_exporter(const struct stream *s, const char *label, uint8_t out[32])
{
	struct tls_session *session = s->transport ? transport_session(s->transport) : NULL;
	if (!session || s->closing)
		return -ENOTCONN;
	return tls_session_exporter(session, label, out);
}
