/* What the store costs on this disk: messages kept, states set, loads and reads of the log, and how
 * long one message takes from being asked for to its answer. The file lies in the build folder, or
 * where the first argument says; CPU is that of the whole process. */
#include "base/clock.h"
#include "store/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PUTS = 40000, SINGLE = 1000 };

struct bench {
	uv_loop_t loop;
	struct store *store;
	size_t left, asked, batch, flying; /* requests */
	void (*ask)(struct bench *b, size_t i);
	uint64_t told;
	double *latency; /* ms */
	uint64_t since;  /* ns */
};

static struct store_put puts_[PUTS];
static struct store_set_state sets[PUTS];
static char ids[PUTS][40];
static const char body[] =
    "But, soft! what light through yonder window breaks? It is the east, and "
    "Juliet is the sun. Arise, fair sun, and kill the moon.";
static const char stanza[] =
    "<message from='romeo@montague' to='juliet@capulet' type='chat' "
    "id='0123456789abcdef0123456789abcdef'><body>But, soft! what light through yonder window "
    "breaks? It is the east, and Juliet is the sun. Arise, fair sun, and kill the moon.</body>"
    "<request xmlns='urn:xmpp:receipts'/><origin-id xmlns='urn:xmpp:sid:0'/></message>";

static void
ignore_err(void *ctx, int err)
{
	(void)ctx;
	(void)fprintf(stderr, "the store fails: %d\n", err);
	_exit(1);
}

static void
ignore(void *ctx)
{
	(void)ctx;
}

static void
on_events(void *ctx, const struct store_event *events, size_t count)
{
	struct bench *b = ctx;
	(void)events;
	b->told += count;
}

static const struct store_listener listener = {ignore_err, ignore, ignore_err, on_events};

static double
cpu(void)
{
	clock_t now = clock();
	return (double)now / CLOCKS_PER_SEC;
}

/* So many at once, the next lot when all of it is answered. */
static void
ask_more(struct bench *b)
{
	while (b->left && b->flying < b->batch) {
		b->left--;
		b->flying++;
		b->ask(b, b->asked++);
	}
}

static void
on_done(void *ctx, struct store_job *job, int err)
{
	struct bench *b = ctx;
	(void)job;
	if (err)
		ignore_err(NULL, err);
	b->flying--;
	if (!b->flying)
		ask_more(b);
}

static void
run(struct bench *b, const char *what, size_t count, size_t batch,
    void (*ask)(struct bench *b, size_t i))
{
	b->left = count;
	b->asked = b->flying = 0;
	b->batch = batch;
	b->ask = ask;
	double cpu_before = cpu();
	uint64_t before = uv_hrtime();
	ask_more(b);
	while (b->flying)
		uv_run(&b->loop, UV_RUN_ONCE);
	double seconds = (double)(uv_hrtime() - before) / 1e9;
	printf("%-28s %9.0f/s  %6.1f us of CPU\n", what, (double)count / seconds,
	    (cpu() - cpu_before) * 1e6 / (double)count);
}

static void
ask_put(struct bench *b, size_t i)
{
	struct store_put *put = &puts_[i];
	bool out = put->direction == STORE_OUT;
	(void)snprintf(
	    ids[i], sizeof(ids[i]), "%c%031zx", out ? 'a' : 'b', b->told + (i * 2654435761U));
	*put = (struct store_put){.peer = "juliet@capulet",
	    .display = "Juliet",
	    .id = ids[i],
	    .direction = put->direction,
	    .origin = !out,
	    .body = body,
	    .stanza = stanza,
	    .stanza_len = sizeof(stanza) - 1,
	    .said_at = 1,
	    .markable = true,
	    .marked = out};
	put->job.done = on_done;
	put->job.ctx = b;
	store_put(b->store, put);
}

static void
ask_set(struct bench *b, size_t i)
{
	struct store_set_state *set = &sets[i];
	*set = (struct store_set_state){.n = puts_[i].n, .state = STORE_DELIVERED};
	set->job.done = on_done;
	set->job.ctx = b;
	store_set_state(b->store, set);
}

static void
put_all(
    struct bench *b, enum store_direction direction, const char *what, size_t count, size_t batch)
{
	for (size_t i = 0; i < PUTS; i++)
		puts_[i].direction = direction;
	b->told += (uint64_t)1 << 40; /* other ids than before */
	run(b, what, count, batch, ask_put);
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static void
measure_latency(struct bench *b)
{
	static double ms[SINGLE];
	b->batch = 1;
	b->told += (uint64_t)1 << 40;
	b->ask = ask_put;
	for (size_t i = 0; i < SINGLE; i++) {
		uint64_t before = uv_hrtime();
		b->flying = 1;
		b->left = 0;
		ask_put(b, i);
		while (b->flying)
			uv_run(&b->loop, UV_RUN_ONCE);
		ms[i] = (double)(uv_hrtime() - before) / 1e6;
	}
	qsort(ms, SINGLE, sizeof(ms[0]), by_size);
	printf("%-28s p50 %.3f ms  p99 %.3f ms  max %.3f ms\n", "one put, asked to answered",
	    ms[SINGLE / 2], ms[SINGLE - SINGLE / 100], ms[SINGLE - 1]);
}

static void
measure_reads(struct bench *b)
{
	struct store_load load = {.peer = "juliet@capulet", .count = 256, .bytes = 1 << 20};
	struct store_read_log read = {.limit = 1000};
	size_t loaded = 0, events = 0;
	uint64_t before = uv_hrtime();
	load.job.done = read.job.done = on_done;
	load.job.ctx = read.job.ctx = b;
	b->left = 0;
	do {
		b->flying = 1;
		store_load(b->store, &load);
		while (b->flying)
			uv_run(&b->loop, UV_RUN_ONCE);
		loaded += load.item_count;
		load.after = load.item_count ? load.items[load.item_count - 1].n : 0;
		store_load_finish(&load);
	} while (load.after && loaded < PUTS);
	printf("%-28s %9.0f/s\n", "rows loaded, 256 at once",
	    (double)loaded / ((double)(uv_hrtime() - before) / 1e9));
	before = uv_hrtime();
	do {
		b->flying = 1;
		store_read_log(b->store, &read);
		while (b->flying)
			uv_run(&b->loop, UV_RUN_ONCE);
		events += read.count;
		read.since = read.upto;
		bool more = read.more;
		store_read_log_finish(&read);
		if (!more)
			break;
	} while (events < PUTS);
	printf("%-28s %9.0f/s\n", "events read, 1000 at once",
	    (double)events / ((double)(uv_hrtime() - before) / 1e9));
}

static void
on_closed(void *ctx)
{
	(void)ctx;
}

int
main(int argc, char **argv)
{
	static struct bench b;
	struct store_report report;
	char path[512], name[600], here[400];
	if (!getcwd(here, sizeof(here)) || uv_loop_init(&b.loop))
		return 1;
	(void)snprintf(
	    path, sizeof(path), "%s/bench-store.%d", argc > 1 ? argv[1] : here, (int)getpid());
	if (store_open(path, &b.loop, &listener, &b, &report, &b.store))
		return 1;
	put_all(&b, STORE_IN, "put in, 1 at once", SINGLE, 1);
	put_all(&b, STORE_IN, "put in, 64 at once", PUTS, 64);
	put_all(&b, STORE_IN, "put in, 1000 at once", PUTS, 1000);
	put_all(&b, STORE_OUT, "put out, 64 at once", PUTS, 64);
	run(&b, "set state, 64 at once", PUTS, 64, ask_set);
	put_all(&b, STORE_OUT, "put out, 1000 at once", PUTS, 1000);
	run(&b, "set state, 1000 at once", PUTS, 1000, ask_set);
	store_watch(b.store, STORE_WATCH_ALL);
	put_all(&b, STORE_OUT, "put out, 1000, told", PUTS, 1000);
	store_watch(b.store, 0);
	measure_latency(&b);
	measure_reads(&b);
	store_close(b.store, on_closed, NULL);
	uv_run(&b.loop, UV_RUN_DEFAULT);
	(void)unlink(path);
	(void)snprintf(name, sizeof(name), "%s-wal", path);
	(void)unlink(name);
	return uv_loop_close(&b.loop) != 0;
}
