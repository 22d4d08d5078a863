/* A long history: how long it takes to open it, to read pages, to search, to forget, and how much
 * memory that needs.
 *
 *   bench_history [PATH [FORGET]]   of make_history; without, one of COUNT messages is made
 *
 * FORGET: somebody is forgotten at the end (the file is then another one). */
#define _GNU_SOURCE /* mkdtemp */
#include "base/err.h"
#include "make_history.h"

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { COUNT = 100000, SEARCHES = 200, PAGES = 200, LIMIT = 50 };

struct bench {
	uv_loop_t loop;
	struct store *store;
	bool answered;
	double since;
	int err;
	uint64_t random;
	int64_t last; /* a number near the newest */
	char words[SEARCHES][64];
};

static double
now_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static uint32_t
any(struct bench *b, uint32_t below)
{
	b->random = b->random * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(b->random >> 33) % below;
}

static void
die(const char *what, int err)
{
	(void)fprintf(stderr, "%s: %s\n", what, err_str(err));
	exit(1); /* NOLINT(concurrency-mt-unsafe): nothing is registered to run at exit */
}

static void
on_trouble(void *ctx, int err)
{
	(void)ctx;
	die("disk", err);
}

static void
on_recovered(void *ctx)
{
	(void)ctx;
}

static void
on_events(void *ctx, const struct store_event *events, size_t count)
{
	(void)ctx, (void)events, (void)count;
}

static const struct store_listener listener = {on_trouble, on_recovered, on_trouble, on_events};

static void
on_done(void *ctx, struct store_job *job, int err)
{
	struct bench *b = ctx;
	(void)job;
	b->answered = true;
	b->err = err;
}

/* ms until the answer. */
#define TIMED(b, ask, request) \
	((request)->job.done = on_done, (request)->job.ctx = (b), (b)->answered = false, \
	    (b)->since = now_ms(), ask((b)->store, (request)), wait_for(b))

static double
wait_for(struct bench *b)
{
	while (!b->answered)
		(void)uv_run(&b->loop, UV_RUN_ONCE);
	return now_ms() - b->since;
}

static int
compare(const void *x, const void *y)
{
	double a = *(const double *)x, b = *(const double *)y;
	return a < b ? -1 : a > b;
}

static void
print(const char *what, double *ms, size_t count)
{
	qsort(ms, count, sizeof(*ms), compare);
	printf("%-22s p50 %7.2f ms  p95 %7.2f ms  max %7.2f ms\n", what, ms[count / 2],
	    ms[count * 95 / 100], ms[count - 1]);
}

static void
page(struct bench *b, struct store_page *p, double *ms)
{
	p->limit = LIMIT;
	*ms = TIMED(b, store_page, p);
	if (b->err)
		die("page", b->err);
}

static void
bench_pages(struct bench *b)
{
	double ms[PAGES];
	struct store_page newest = {.limit = 1};
	page(b, &newest, &ms[0]);
	b->last = newest.list.count ? newest.list.at[newest.list.count - 1].n : 1;
	int64_t said = newest.list.count ? newest.list.at[newest.list.count - 1].said_at : 0;
	int64_t span = said - 1500000000000;
	store_list_finish(&newest.list);
	for (int kind = 0; kind < 4; kind++) {
		static const char *const names[] = {
		    "page, all", "page, one person", "page, times", "page, rare, times"};
		for (size_t i = 0; i < PAGES; i++) {
			struct store_page p = {.before = 1 + any(b, (uint32_t)b->last)};
			char name[64];
			(void)snprintf(name, sizeof(name), "person%zu@desk%zu", i % 49, i % 49);
			p.peer = kind == 1 ? name : kind == 3 ? "person49@desk49" : NULL;
			if (kind >= 2) {
				p.before = 0;
				p.since = 1500000000000 + (int64_t)any(b, 1000) * (span / 1000);
				p.until = p.since + span / 50;
			}
			page(b, &p, &ms[i]);
			store_list_finish(&p.list);
		}
		print(names[kind], ms, PAGES);
	}
}

/* Where the k-th word begins, or the last one. */
static const char *
word_at(const char *body, int k)
{
	for (const char *next; k > 0 && (next = strchr(body, ' ')); k--)
		body = next + 1;
	return body;
}

/* Words of messages here and there; a common word is in many of them. */
static void
choose_words(struct bench *b)
{
	for (size_t i = 0; i < SEARCHES; i++) {
		struct store_page p = {.before = 2 + any(b, (uint32_t)b->last), .limit = 1};
		double ms;
		char one[24] = "", two[24] = "";
		page(b, &p, &ms);
		const char *body = word_at(p.list.count ? p.list.at[0].body : "", (int)any(b, 8));
		size_t len = strcspn(body, " ");
		if (len < sizeof(one))
			memcpy(one, body, len);
		body = word_at(body, 1);
		len = strcspn(body, " ");
		if (len < sizeof(two))
			memcpy(two, body, len);
		store_list_finish(&p.list);
		switch (i % 5) {
		case 0:
			(void)snprintf(b->words[i], sizeof(b->words[i]), "\"%s %s\"", one, two);
			break;
		case 1:
			(void)snprintf(b->words[i], sizeof(b->words[i]), "%.3s*", one);
			break;
		case 2:
			(void)snprintf(b->words[i], sizeof(b->words[i]), "%s %s", one, two);
			break;
		default:
			(void)snprintf(b->words[i], sizeof(b->words[i]), "%s", one);
			break;
		}
	}
}

static void
bench_searches(struct bench *b)
{
	double ms[SEARCHES], worst = 0;
	size_t found = 0, slow = 0;
	choose_words(b);
	for (size_t i = 0; i < SEARCHES; i++) {
		struct store_search s = {.words = b->words[i], .direction = -1, .limit = 20};
		char name[64];
		(void)snprintf(name, sizeof(name), "person%zu@desk%zu", i % 50, i % 50);
		if (i % 4 == 1)
			s.peer = name;
		if (i % 8 == 2) {
			s.since = 1520000000000;
			s.until = 1550000000000;
		}
		if (i % 16 == 3)
			s.direction = STORE_OUT;
		ms[i] = TIMED(b, store_search, &s);
		if (b->err)
			die("search", b->err);
		if (ms[i] > worst) {
			worst = ms[i];
			slow = i;
		}
		found += s.list.count;
		store_list_finish(&s.list);
	}
	print("search", ms, SEARCHES);
	printf("%-22s %zu messages found, the slowest search was: %s\n", "", found, b->words[slow]);
}

static void
on_forgotten(void *ctx, struct store_job *job, int err)
{
	(void)job;
	if (err)
		die("forget", err);
	*(bool *)ctx = true;
}

/* And how long others wait meanwhile. */
static void
bench_forget(struct bench *b)
{
	double since = now_ms(), longest = 0;
	bool done = false;
	struct store_forget f = {
	    .job.done = on_forgotten, .job.ctx = &done, .peer = "person9@desk9"};
	store_forget(b->store, &f);
	while (!done) {
		struct store_page p = {.limit = 1};
		double ms;
		page(b, &p, &ms);
		store_list_finish(&p.list);
		longest = ms > longest ? ms : longest;
	}
	printf("%-22s %.0f ms, %" PRId64 " messages; others waited for %.0f ms at most\n",
	    "forget one person", now_ms() - since, f.count, longest);
}

static void
run(struct bench *b, const char *path, bool forget)
{
	struct store_report report;
	struct rusage usage;
	double since = now_ms();
	int err = store_open(path, &b->loop, &listener, b, &report, &b->store);
	if (err)
		die(path, err);
	printf("%-22s %.2f ms\n", "open", now_ms() - since);
	struct store_peers peers = {.limit = LIMIT_PEOPLE_KNOWN};
	double ms[20];
	for (size_t i = 0; i < ARRAY_LEN(ms); i++) {
		ms[i] = TIMED(b, store_peers, &peers);
		store_peers_finish(&peers);
	}
	print("peers", ms, ARRAY_LEN(ms));
	bench_pages(b);
	bench_searches(b);
	(void)getrusage(RUSAGE_SELF, &usage);
	printf("%-22s %.1f MiB at most\n", "memory", (double)usage.ru_maxrss / 1024);
	if (forget)
		bench_forget(b);
	store_close(b->store, NULL, NULL);
	(void)uv_run(&b->loop, UV_RUN_DEFAULT);
}

int
main(int argc, char **argv)
{
	static struct bench b = {.random = 7};
	char folder[] = "/tmp/earshot-bench-XXXXXX", path[64];
	if (uv_loop_init(&b.loop))
		return 1;
	if (argc > 1) {
		run(&b, argv[1], argc > 2);
		return 0;
	}
	if (!mkdtemp(folder))
		return 1;
	(void)snprintf(path, sizeof(path), "%s/history.db", folder);
	double since = now_ms();
	int err = history_make(path, COUNT, 1, true);
	if (err)
		die(path, err);
	printf("%-22s %.0f ms, %d messages\n", "made", now_ms() - since, COUNT);
	run(&b, path, true);
	(void)unlink(path);
	return rmdir(folder) ? 1 : 0;
}
