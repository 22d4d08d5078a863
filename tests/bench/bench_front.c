/* What the model behind windows costs: messages at a steady rate and in a burst, among 256 people,
 * some of whose conversations are open. Of this process alone; the daemon is another. */
#define _GNU_SOURCE /* mkdtemp */
#include "../unit/front/fake.h"

#include "front/front.h"

#include <inttypes.h>
#include <sys/resource.h>

enum { PEOPLE = 256, OPENED = 8, RATE = 2000, SECONDS = 5, SLICE = 100, BURST = 100000 };

static unsigned told, wakes;

static void
on_message(void *ctx, struct front_person *p, size_t at)
{
	(void)ctx;
	(void)p;
	(void)at;
	told++;
}

static const struct front_listener listener = {.on_message = on_message};

static double
cpu_ms(void)
{
	struct rusage r;
	(void)getrusage(RUSAGE_SELF, &r);
	return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1e3 +
	       (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e3;
}

static long
rss_kib(void)
{
	char line[256];
	long kib = 0;
	FILE *file = fopen("/proc/self/status", "re");
	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, "RssAnon:", 8) == 0)
			kib = strtol(line + 8, NULL, 10);
	if (file)
		(void)fclose(file);
	return kib;
}

static bool
step(struct front *f, int ms)
{
	struct pollfd p = {.fd = front_fd(f), .events = POLLIN};
	if (poll(&p, 1, ms) <= 0)
		return false;
	front_dispatch(f);
	wakes++;
	return true;
}

static void
wait_for(struct front *f, unsigned count, uint64_t *at)
{
	uint64_t end = clock_now() + 60000;
	while (front_unread(f) < count && clock_now() < end)
		(void)step(f, 1000);
	*at = clock_now();
	while (step(f, 1500))
		*at = clock_now(); /* who was cut off counts once more */
	if (front_unread(f) != count)
		(void)printf("%u instead of %u came\n", front_unread(f), count);
}

static void
feed(struct earshot *c, int64_t count, const char *peer)
{
	struct earshot_value *params = fake_params(peer); /* NULL: everybody in turn */
	earshot_value_set_int(params, "count", count);
	earshot_value_set_str(
	    params, "text", "But, soft! what light through yonder window breaks? It is the east.");
	(void)earshot_call_async(c, "says", params, NULL, NULL);
}

static void
report(const char *what, double ms, unsigned count, long before)
{
	(void)printf("%-22s %8u messages  %7.1f us CPU each  %6ld KiB more, %6ld KiB in all\n",
	    what, count, ms * 1000 / count, rss_kib() - before, rss_kib());
}

static void
steady(struct front *f, struct earshot *c, const char *peer, const char *what)
{
	double from = cpu_ms();
	unsigned before = front_unread(f), woken = wakes;
	long rss = rss_kib();
	uint64_t next = clock_now();
	for (int i = 0; i < SECONDS * 1000 / SLICE; i++) {
		feed(c, RATE * SLICE / 1000, peer);
		next += SLICE;
		for (uint64_t now; (now = clock_now()) < next;)
			(void)step(f, (int)(next - now));
	}
	wait_for(f, before + RATE * SECONDS, &next);
	double ms = cpu_ms() - from;
	report(what, ms, front_unread(f) - before, rss);
	(void)printf("%-22s %8.1f %% of one core, %u wake-ups a second\n", "", ms / SECONDS / 10,
	    (wakes - woken) / SECONDS);
}

static void
burst(struct front *f, struct earshot *c)
{
	double from = cpu_ms();
	unsigned before = front_unread(f);
	long rss = rss_kib();
	uint64_t at = clock_now(), end;
	for (int i = 0; i < BURST; i += RATE)
		feed(c, RATE, NULL);
	wait_for(f, before + BURST, &end);
	report("100,000 at once", cpu_ms() - from, front_unread(f) - before, rss);
	(void)printf(
	    "%-22s %8" PRIu64 " ms in all; %u shown in what is open\n", "", end - at, told);
}

static void
idle(struct front *f)
{
	while (step(f, 1500))
		; /* what is counted is asked for again */
	unsigned before = wakes;
	uint64_t end = clock_now() + 5000;
	while (clock_now() < end)
		(void)step(f, 500);
	(void)printf("%-22s %8u wake-ups in 5 s\n", "idle", wakes - before);
}

static void
load(struct front *f)
{
	double from = cpu_ms();
	size_t count = 0;
	uint64_t at = clock_now();
	while (front_people(f, &count), count < PEOPLE)
		(void)step(f, 1000);
	(void)printf("%-22s %8zu people    %7.1f ms CPU, %" PRIu64 " ms\n", "connected", count,
	    cpu_ms() - from, clock_now() - at);
	struct front_person *const *people = front_people(f, &count);
	for (size_t i = 0; i < OPENED; i++)
		front_open(f, front_find(f, people[i]->name));
	front_open(f, front_find(f, fake->person[0].name));
	while (step(f, 500))
		;
}

int
main(void)
{
	struct front *f = NULL;
	struct earshot *c = NULL;
	if (fake_setup(NULL))
		return 1;
	for (int i = fake->people; i < PEOPLE; i++) {
		(void)snprintf(fake->person[i].name, sizeof(fake->person[i].name), "p%d@host", i);
		(void)snprintf(
		    fake->person[i].display, sizeof(fake->person[i].display), "Person %d", i);
		fake_set(fake->person[i].state, sizeof(fake->person[i].state), "answered");
		fake_set(fake->person[i].trust, sizeof(fake->person[i].trust), "known");
	}
	fake->people = PEOPLE;
	if (front_create(fake_path, "bench", &listener, NULL, &f) ||
	    earshot_connect(fake_path, "bench", 0, &c))
		return 1;
	load(f);
	steady(f, c, NULL, "2,000/s of everybody");
	steady(f, c, fake->person[0].name, "2,000/s of one, open");
	burst(f, c);
	idle(f);
	earshot_close(c);
	front_close(f);
	return fake_teardown(NULL);
}
