/* Two hubs in one loop over loopback, plain and encrypted: stanzas per second one way, the one-way
 * latency of a quiet stream, and the time from dialling to ready on both sides. Medians of RUNS.
 * Run it in a network namespace. */
#include "base/limits.h"
#include "base/log.h"
#include "stream/stream.h"
#include "tls/internal.h"
#include "tls/session.h"
#include "xml/elem.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	RUNS = 5,
	BURST_BYTES = 600,
	BURST = 200000,
	WINDOW = 2048, /* stanzas queued at a time */
	PING_BYTES = 200,
	PINGS = 5000,
	DIALS = 7, /* a source may begin so many handshakes at once, one is done before */
};

enum figure { RATE, ONE_WAY_US, DIAL_US, FIGURES };

struct bench {
	uv_loop_t loop;
	struct tls_context *tls[2]; /* NULL: plain */
	struct stream_hub *from, *to;
	struct sockaddr_storage addr;
	struct stream *out;
	char text[BURST_BYTES];
	int ready;
	bool dialling; /* only that is measured */
	long sent, received, pings, dials;
	uint64_t began, sent_at, waited, dialled_at, dialled;
	double result[FIGURES];
};

static void
check(int err, const char *what)
{
	if (err == 0)
		return;
	(void)fprintf(stderr, "%s: %s\n", what, uv_strerror(err));
	abort();
}

static void
send_one(struct bench *b, size_t bytes)
{
	static const char head[] = "<message type='chat' to='bob@h2'><body>";
	static const char tail[] = "</body></message>";
	struct buf stanza = BUF_INIT(LIMIT_STANZA);
	buf_add(&stanza, head, sizeof(head) - 1);
	buf_add(&stanza, b->text, bytes - sizeof(head) - sizeof(tail) + 2);
	buf_add(&stanza, tail, sizeof(tail) - 1);
	check(stream_send(b->out, &stanza, NULL), "stream_send");
	b->sent++;
}

static void
fill(struct bench *b)
{
	while (b->sent < BURST && b->sent - b->received < WINDOW)
		send_one(b, BURST_BYTES);
}

static void
ping(struct bench *b)
{
	b->sent_at = uv_hrtime();
	send_one(b, PING_BYTES);
}

static void
dial(struct bench *b)
{
	struct stream_dial d = {.addr = &b->addr,
	    .addr_count = 1,
	    .security = b->tls[0] ? STREAM_ENCRYPTED : STREAM_PLAIN};
	b->ready = 0;
	b->dialled_at = uv_hrtime();
	check(stream_dial(b->from, &d, NULL, &b->out), "dial");
}

static enum stream_security
on_security(void *ctx, struct stream *s, const char *from)
{
	const struct bench *b = ctx;
	(void)s;
	(void)from;
	return b->tls[1] ? STREAM_ENCRYPTED : STREAM_PLAIN;
}

static int
on_identify(void *ctx, struct stream *s, const char *from, const char *to)
{
	(void)ctx;
	(void)s;
	(void)from;
	(void)to;
	return 0;
}

static void
on_ready(void *ctx, struct stream *s)
{
	struct bench *b = ctx;
	(void)s;
	if (++b->ready < 2)
		return;
	if (b->dialling) {
		b->dialled += uv_hrtime() - b->dialled_at;
		b->dials++;
		stream_close(b->out, 0);
		return;
	}
	b->began = uv_hrtime();
	fill(b);
}

static void
on_stanza(void *ctx, struct stream *s, const struct xml_elem *stanza)
{
	struct bench *b = ctx;
	(void)s;
	(void)stanza;
	if (++b->received < BURST) {
		if (b->sent - b->received < WINDOW / 2)
			fill(b);
		return;
	}
	if (b->received == BURST) {
		b->result[RATE] = BURST / ((double)(uv_hrtime() - b->began) / 1e9);
	} else {
		b->waited += uv_hrtime() - b->sent_at;
		b->pings++;
	}
	if (b->pings < PINGS) {
		ping(b);
		return;
	}
	b->result[ONE_WAY_US] = (double)b->waited / 1e3 / PINGS;
	b->dialling = true;
	stream_close(b->out, 0);
}

static void
on_closed(void *ctx, struct stream *s, int err)
{
	struct bench *b = ctx;
	check(err, "stream");
	if (stream_is_incoming(s) || !b->dialling)
		return;
	if (b->dials < DIALS) {
		dial(b);
		return;
	}
	b->result[DIAL_US] = (double)b->dialled / 1e3 / DIALS;
	stream_hub_close(b->from, NULL, NULL);
	stream_hub_close(b->to, NULL, NULL);
}

static struct stream_hub *
open_hub(struct bench *b, struct tls_context *tls)
{
	static const struct stream_listener l = {.security = on_security,
	    .identify = on_identify,
	    .on_ready = on_ready,
	    .on_stanza = on_stanza,
	    .on_closed = on_closed};
	struct stream_hub_config config = {.tls = tls};
	struct stream_hub *hub = NULL;
	check(stream_hub_create(&b->loop, &config, &l, b, &hub), "hub");
	return hub;
}

static void
run(struct bench *b, bool encrypted)
{
	struct sockaddr_in four;
	struct tls_identity *identity = NULL;
	memset(b, 0, sizeof(*b));
	memset(b->text, 'x', sizeof(b->text));
	check(uv_loop_init(&b->loop), "loop");
	for (int i = 0; encrypted && i < 2; i++) {
		check(identity_generate(&identity), "identity");
		check(tls_context_create(identity, &b->tls[i]), "context");
		tls_identity_destroy(identity);
	}
	b->from = open_hub(b, b->tls[0]);
	b->to = open_hub(b, b->tls[1]);
	check(uv_ip4_addr("127.0.0.1", stream_hub_port(b->to), &four), "address");
	memcpy(&b->addr, &four, sizeof(four));
	dial(b);
	uv_run(&b->loop, UV_RUN_DEFAULT);
	check(uv_loop_close(&b->loop), "loop");
	tls_context_destroy(b->tls[0]);
	tls_context_destroy(b->tls[1]);
}

static int
by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

int
main(void)
{
	static struct bench b;
	double results[2][FIGURES][RUNS];
	log_set_level(LOG_WARN);
	(void)signal(SIGPIPE, SIG_IGN);
	/* by turns, so that a busy moment of the machine meets both */
	for (int i = 0; i < RUNS; i++) {
		for (int encrypted = 0; encrypted < 2; encrypted++) {
			run(&b, encrypted);
			for (int f = 0; f < FIGURES; f++)
				results[encrypted][f][i] = b.result[f];
		}
	}
	printf("%-5s %12s %8s %16s %14s\n", "", "stanzas/s", "MB/s", "one way, us", "to ready, us");
	for (int encrypted = 0; encrypted < 2; encrypted++) {
		double median[FIGURES];
		for (int f = 0; f < FIGURES; f++) {
			qsort(results[encrypted][f], RUNS, sizeof(double), by_size);
			median[f] = results[encrypted][f][RUNS / 2];
		}
		printf("%-5s %12.0f %8.0f %16.1f %14.0f\n", encrypted ? "TLS" : "plain",
		    median[RATE], median[RATE] * BURST_BYTES / 1e6, median[ONE_WAY_US],
		    median[DIAL_US]);
	}
	return 0;
}
