/* A store in a folder of its own, on a loop that is run until what was asked is answered. */
#ifndef TESTS_STORE_HARNESS_H
#define TESTS_STORE_HARNESS_H

#include "base/compiler.h"
#include "base/err.h"
#include "store/db.h"
#include "store/store.h"

/* cmocka.h wants these first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct harness {
	uv_loop_t loop;
	struct store *store;
	struct store_report report;
	char folder[64], path[96];
	int opened; /* what store_open() said */
	unsigned answered, troubles, recoveries, fatals;
	int trouble, fatal;
	int order; /* counts what is told, to see what came first */
	int trouble_order, recovered_order, answer_order;
	bool closed;
	void (*on_events)(struct harness *h, const struct store_event *events, size_t count);
};

static inline void
harness_on_trouble(void *ctx, int err)
{
	struct harness *h = ctx;
	h->troubles++;
	h->trouble = err;
	h->trouble_order = ++h->order;
}

static inline void
harness_on_recovered(void *ctx)
{
	struct harness *h = ctx;
	h->recoveries++;
	h->recovered_order = ++h->order;
}

static inline void
harness_on_fatal(void *ctx, int err)
{
	struct harness *h = ctx;
	h->fatals++;
	h->fatal = err;
}

static inline void
harness_on_events(void *ctx, const struct store_event *events, size_t count)
{
	struct harness *h = ctx;
	if (h->on_events)
		h->on_events(h, events, count);
}

static const struct store_listener harness_listener = {
    harness_on_trouble, harness_on_recovered, harness_on_fatal, harness_on_events};

static inline void
harness_on_closed(void *ctx)
{
	struct harness *h = ctx;
	h->closed = true;
}

static inline void
harness_open(struct harness *h)
{
	h->opened = store_open(h->path, &h->loop, &harness_listener, h, &h->report, &h->store);
	if (h->opened)
		h->store = NULL;
}

static inline void
harness_close(struct harness *h)
{
	h->closed = false;
	store_close(h->store, harness_on_closed, h);
	uv_run(&h->loop, UV_RUN_DEFAULT);
	assert_true(h->closed);
	h->store = NULL;
}

static inline void
harness_init(struct harness *h)
{
	memset(h, 0, sizeof(*h));
	assert_int_equal(uv_loop_init(&h->loop), 0);
	(void)snprintf(h->folder, sizeof(h->folder), "/tmp/earshot-store-XXXXXX");
	assert_non_null(mkdtemp(h->folder));
	(void)snprintf(h->path, sizeof(h->path), "%s/earshot.db", h->folder);
}

static inline void
harness_start(struct harness *h)
{
	harness_init(h);
	harness_open(h);
	assert_int_equal(h->opened, 0);
}

/* Removes the folder and all files in it. */
static inline void
harness_finish(struct harness *h)
{
	uv_fs_t scan, req;
	uv_dirent_t entry;
	char name[320];
	if (h->store)
		harness_close(h);
	assert_int_equal(uv_loop_close(&h->loop), 0);
	assert_true(uv_fs_scandir(NULL, &scan, h->folder, 0, NULL) >= 0);
	while (uv_fs_scandir_next(&scan, &entry) != UV_EOF) {
		(void)snprintf(name, sizeof(name), "%s/%s", h->folder, entry.name);
		(void)uv_fs_unlink(NULL, &req, name, NULL);
	}
	uv_fs_req_cleanup(&scan);
	assert_int_equal(rmdir(h->folder), 0);
}

/* For the `done` of any request, with the harness as its ctx. */
static inline void
harness_done(void *ctx, struct store_job *job, int err)
{
	struct harness *h = ctx;
	(void)job, (void)err;
	h->answered++;
	h->answer_order = ++h->order;
}

/* Runs the loop until so many requests were answered since the harness began. */
static inline void
harness_wait(struct harness *h, unsigned answered)
{
	while (h->answered < answered)
		uv_run(&h->loop, UV_RUN_ONCE);
}

/* ASK(store, request), and its answer: an lvalue request with a `job`. */
#define HARNESS_ASK(h, ask, request) \
	((request)->job.done = harness_done, (request)->job.ctx = (h), ask((h)->store, request), \
	    harness_wait(h, (h)->answered + 1), (request)->job.err)

/* A job of the test's own: it writes, or reads, one number. */
struct harness_number {
	struct store_job job;
	const char *key;
	int64_t value;
};

static inline int
harness_write_number(struct store_db *db, struct store_job *job)
{
	struct harness_number *n = container_of(job, struct harness_number, job);
	return db_meta_set(db, n->key, n->value);
}

static inline int
harness_read_number(struct store_db *db, struct store_job *job)
{
	struct harness_number *n = container_of(job, struct harness_number, job);
	n->value = db_meta_int(db, n->key, -1);
	return 0;
}

static inline void
harness_submit(struct store *s, struct harness_number *n)
{
	n->job.reads = n->job.run == harness_read_number;
	store_submit(s, &n->job);
}

static inline int
harness_write(struct harness *h, const char *key, int64_t value)
{
	struct harness_number n = {.job.run = harness_write_number, .key = key, .value = value};
	return HARNESS_ASK(h, harness_submit, &n);
}

static inline int64_t
harness_read(struct harness *h, const char *key)
{
	struct harness_number n = {.job.run = harness_read_number, .key = key, .value = 0};
	assert_int_equal(HARNESS_ASK(h, harness_submit, &n), 0);
	return n.value;
}

#endif
