/* What encryption costs: memory of a session, CPU of a handshake on either side, CPU of short and
 * of full records. All in memory, one thread. */
#include "base/limits.h"
#include "tls/identity.h"
#include "tls/internal.h"
#include "tls/session.h"

#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SESSIONS = 200, HANDSHAKES = 2000, SHORT = 200, SHORTS = 300000, BATCH = 64, FULLS = 20000 };

static struct tls_context *context;
static char scratch[LIMIT_STREAM_READ], plain[LIMIT_STREAM_READ];

static void
must(int err)
{
	if (!err)
		return;
	(void)fprintf(stderr, "bench_tls: %d\n", err);
	abort();
}

static double
cpu(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int
accept_all(void *ctx, const struct tls_peer *peer)
{
	(void)ctx, (void)peer;
	return 0;
}

/* What one has to send, to the other, with all that is read there. Plain bytes read. */
static size_t
carry(struct tls_session *from, struct tls_session *to)
{
	const void *out;
	size_t len, all = 0;
	int n;
	tls_session_output(from, &out, &len);
	if (len == 0)
		return 0;
	must(tls_session_feed(to, out, len));
	while ((n = tls_session_read(to, plain, sizeof(plain))) > 0)
		all += (size_t)n;
	must(n);
	tls_session_sent(from, len);
	return all;
}

static void
memory(void)
{
	static struct tls_session *c[SESSIONS], *s[SESSIONS];
	size_t before = mallinfo2().uordblks;
	for (size_t i = 0; i < SESSIONS; i++)
		must(tls_session_create(context, true, accept_all, NULL, &c[i]));
	size_t hello = mallinfo2().uordblks;
	for (size_t i = 0; i < SESSIONS; i++)
		must(tls_session_create(context, false, accept_all, NULL, &s[i]));
	size_t born = mallinfo2().uordblks;
	const void *out;
	size_t len;
	for (size_t i = 0; i < SESSIONS; i++) {
		tls_session_output(c[i], &out, &len);
		must(tls_session_feed(s[i], out, len));
	}
	size_t half = mallinfo2().uordblks;
	for (size_t i = 0; i < SESSIONS; i++) {
		tls_session_sent(c[i], len);
		(void)carry(s[i], c[i]);
		(void)carry(c[i], s[i]);
		(void)carry(s[i], c[i]);
	}
	size_t open = mallinfo2().uordblks;
	for (size_t i = 0; i < SESSIONS; i++)
		must(tls_session_write(c[i], "x", 1)), (void)carry(c[i], s[i]);
	size_t used = mallinfo2().uordblks;
	printf("memory of a session, bytes\n"
	       "  client, hello sent       %6zu\n  server, nothing yet      %6zu\n"
	       "  server, answered         %6zu\n  both, open               %6zu each\n"
	       "  both, idle after a byte  %6zu each\n",
	    (hello - before) / SESSIONS, (born - hello) / SESSIONS, (half - hello) / SESSIONS,
	    (open - before) / SESSIONS / 2, (used - before) / SESSIONS / 2);
	for (size_t i = 0; i < SESSIONS; i++) {
		tls_session_destroy(c[i]);
		tls_session_destroy(s[i]);
	}
}

static void
handshakes(void)
{
	double client = 0, server = 0;
	for (unsigned i = 0; i < HANDSHAKES; i++) {
		struct tls_session *c, *s;
		const void *out;
		size_t len;
		double t0 = cpu();
		must(tls_session_create(context, true, accept_all, NULL, &c));
		double t1 = cpu();
		must(tls_session_create(context, false, accept_all, NULL, &s));
		(void)carry(c, s);
		double t2 = cpu();
		tls_session_output(s, &out, &len);
		must(tls_session_feed(c, out, len));
		tls_session_sent(s, len);
		double t3 = cpu();
		(void)carry(c, s);
		double t4 = cpu();
		tls_session_destroy(c);
		double t5 = cpu();
		tls_session_destroy(s);
		double t6 = cpu();
		client += t1 - t0 + t3 - t2 + t5 - t4;
		server += t2 - t1 + t4 - t3 + t6 - t5;
	}
	printf("handshake                  client %.0f us, server %.0f us\n",
	    client / HANDSHAKES * 1e6, server / HANDSHAKES * 1e6);
}

static void
records(const char *what, struct tls_session *c, struct tls_session *s, size_t size, unsigned count,
    unsigned batch)
{
	double writing = 0, reading = 0;
	size_t got = 0, carried = 0;
	for (unsigned i = 0; i < count / batch; i++) {
		double t0 = cpu();
		for (unsigned k = 0; k < batch; k++)
			must(tls_session_write(c, scratch, size));
		double t1 = cpu();
		const void *out;
		size_t len;
		tls_session_output(c, &out, &len);
		carried += len;
		got += carry(c, s);
		writing += t1 - t0;
		reading += cpu() - t1;
	}
	unsigned all = count / batch * batch;
	if (got != all * size)
		must(-1);
	printf("%-26s write %.2f us, read %.2f us, %.0f bytes on the wire\n", what,
	    writing / all * 1e6, reading / all * 1e6, (double)carried / all);
}

int
main(void)
{
	struct tls_identity *identity;
	struct tls_session *c, *s;
	tls_init();
	must(identity_generate(&identity));
	must(tls_context_create(identity, &context));
	must(tls_session_create(context, true, accept_all, NULL, &c));
	must(tls_session_create(context, false, accept_all, NULL, &s));
	for (unsigned i = 0; i < 2; i++) {
		(void)carry(c, s);
		(void)carry(s, c);
	}
	memory();
	handshakes();
	records("200 bytes, each alone", c, s, SHORT, SHORTS, 1);
	records("200 bytes, 64 before read", c, s, SHORT, SHORTS, BATCH);
	records("64 KiB, in full records", c, s, LIMIT_TLS_WRITE, FULLS / 4, 1);
	tls_session_destroy(c);
	tls_session_destroy(s);
	tls_context_destroy(context);
	tls_identity_destroy(identity);
	return 0;
}
