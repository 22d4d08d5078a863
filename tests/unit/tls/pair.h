/* Two sessions that talk to each other in memory. Part of the tests. */
#ifndef TESTS_TLS_PAIR_H
#define TESTS_TLS_PAIR_H

#include "base/err.h"
#include "base/limits.h"
#include "tls/identity.h"
#include "tls/internal.h"
#include "tls/session.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* One side. */
struct end {
	struct tls_identity *identity;
	struct tls_context *context;
	struct tls_session *session;
	const struct tls_id *wanted; /* NULL: whoever it is */
	struct tls_peer seen;        /* by the check */
	unsigned checks;
	char got[192 * 1024]; /* plain bytes */
	size_t len;
	size_t fed;  /* bytes of the network */
	int verdict; /* of reading and feeding, the last that was not good */
};

struct pair {
	struct end client, server;
	size_t step; /* bytes carried at once; 0: all */
};

static int
check_key(void *ctx, const struct tls_peer *peer)
{
	struct end *e = ctx;
	e->checks++;
	e->seen = *peer;
	return !e->wanted || tls_id_equal(e->wanted, &peer->id) ? 0 : ERR_KEY;
}

static void
end_begin(struct end *e, bool client)
{
	if (!e->identity)
		assert_int_equal(identity_generate(&e->identity), 0);
	assert_int_equal(tls_context_create(e->identity, &e->context), 0);
	assert_int_equal(tls_session_create(e->context, client, check_key, e, &e->session), 0);
}

static void
end_finish(struct end *e)
{
	tls_session_destroy(e->session);
	tls_context_destroy(e->context);
	tls_identity_destroy(e->identity);
}

static struct pair *
pair_create(void)
{
	struct pair *p = calloc(1, sizeof(*p));
	assert_non_null(p);
	return p;
}

static void
pair_begin(struct pair *p)
{
	end_begin(&p->client, true);
	end_begin(&p->server, false);
}

static void
pair_destroy(struct pair *p)
{
	end_finish(&p->client);
	end_finish(&p->server);
	free(p);
}

/* Network bytes to one end, and all that it makes of them. */
static void
end_take(struct end *e, const void *data, size_t len)
{
	int n = tls_session_feed(e->session, data, len);
	e->fed += len;
	while (n >= 0) {
		n = tls_session_read(e->session, e->got + e->len, sizeof(e->got) - e->len);
		if (n <= 0)
			break;
		e->len += (size_t)n;
	}
	if (n < 0)
		e->verdict = n;
}

/* What one end has to send goes to the other; whether there was anything. */
static bool
carry(struct end *from, struct end *to, size_t step)
{
	const void *out;
	size_t len;
	tls_session_output(from->session, &out, &len);
	if (len == 0)
		return false;
	for (size_t at = 0; at < len;) {
		size_t n = step && step < len - at ? step : len - at;
		/* a copy of just this, so that a reader that goes beyond it is found */
		void *piece = malloc(n);
		assert_non_null(piece);
		memcpy(piece, (const char *)out + at, n);
		end_take(to, piece, n);
		free(piece);
		at += n;
	}
	tls_session_sent(from->session, len);
	return true;
}

static void
pair_run(struct pair *p)
{
	bool more = true;
	for (unsigned i = 0; more && i < 64; i++) {
		more = carry(&p->client, &p->server, p->step);
		more |= carry(&p->server, &p->client, p->step);
	}
	assert_false(more);
}

static void
pair_open(struct pair *p)
{
	pair_begin(p);
	pair_run(p);
	assert_true(tls_session_is_open(p->client.session));
	assert_true(tls_session_is_open(p->server.session));
}

#endif
