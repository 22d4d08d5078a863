/* Two hubs in one loop over loopback: stanzas per second one way, and the one-way latency of a
 * quiet stream. Run it in a network namespace. */
#include "base/limits.h"
#include "base/log.h"
#include "stream/stream.h"
#include "xml/elem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	STANZA_BYTES = 600,
	BURST = 600000,
	WINDOW = 2048, /* stanzas queued at a time */
	PINGS = 20000,
};

struct bench {
	uv_loop_t loop;
	struct stream_hub *from, *to;
	struct stream *out;
	char text[STANZA_BYTES];
	long sent, received, pings;
	uint64_t began, sent_at, waited;
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
send_one(struct bench *b)
{
	static const char head[] = "<message type='chat' to='bob@h2'><body>";
	static const char tail[] = "</body></message>";
	struct buf stanza = BUF_INIT(LIMIT_STANZA);
	buf_add(&stanza, head, sizeof(head) - 1);
	buf_add(&stanza, b->text, STANZA_BYTES - sizeof(head) - sizeof(tail) + 2);
	buf_add(&stanza, tail, sizeof(tail) - 1);
	check(stream_send(b->out, &stanza, NULL), "stream_send");
	b->sent++;
}

static void
fill(struct bench *b)
{
	while (b->sent < BURST && b->sent - b->received < WINDOW)
		send_one(b);
}

static void
ping(struct bench *b)
{
	b->sent_at = uv_hrtime();
	send_one(b);
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
	if (stream_is_incoming(s))
		return;
	b->began = uv_hrtime();
	fill(b);
}

static void
report_burst(const struct bench *b)
{
	double s = (double)(uv_hrtime() - b->began) / 1e9;
	printf("%d stanzas of %d bytes: %.0f stanzas/s, %.0f MB/s\n", BURST, STANZA_BYTES,
	    BURST / s, BURST * (double)STANZA_BYTES / s / 1e6);
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
		report_burst(b);
	} else {
		b->waited += uv_hrtime() - b->sent_at;
		b->pings++;
	}
	if (b->pings < PINGS) {
		ping(b);
		return;
	}
	printf("one way, quiet stream: %.1f us\n", (double)b->waited / 1e3 / PINGS);
	stream_hub_close(b->from, NULL, NULL);
	stream_hub_close(b->to, NULL, NULL);
}

static void
on_closed(void *ctx, struct stream *s, int err)
{
	(void)ctx;
	(void)s;
	check(err, "stream");
}

int
main(void)
{
	static const struct stream_listener l = {.identify = on_identify,
	    .on_ready = on_ready,
	    .on_stanza = on_stanza,
	    .on_closed = on_closed};
	static struct bench b;
	struct stream_hub_config config = {0};
	struct sockaddr_in four;
	struct sockaddr_storage addr = {0};
	log_set_level(LOG_WARN);
	memset(b.text, 'x', sizeof(b.text));
	check(uv_loop_init(&b.loop), "loop");
	check(stream_hub_create(&b.loop, &config, &l, &b, &b.from), "hub");
	check(stream_hub_create(&b.loop, &config, &l, &b, &b.to), "hub");
	check(uv_ip4_addr("127.0.0.1", stream_hub_port(b.to), &four), "address");
	memcpy(&addr, &four, sizeof(four));
	struct stream_dial dial = {.addr = &addr, .addr_count = 1};
	check(stream_dial(b.from, &dial, NULL, &b.out), "dial");
	uv_run(&b.loop, UV_RUN_DEFAULT);
	return uv_loop_close(&b.loop) != 0;
}
