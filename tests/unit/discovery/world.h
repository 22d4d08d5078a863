/* A discovery whose helper the test plays, on one loop, with times short enough to wait for, and
 * a diary of what the listener was told. */
#ifndef TESTS_DISCOVERY_WORLD_H
#define TESTS_DISCOVERY_WORLD_H

#include "base/buf.h"
#include "base/compiler.h"
#include "discovery/parts.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { DIARY_MAX = 1 << 16, PATIENCE_MS = 3000, WORLD_PID = 4711 };

struct world {
	uv_loop_t loop;
	struct discovery *d;
	struct discovery_parts parts;
	struct fake *fake; /* the helper that runs now */
	unsigned starts, embedded_starts;
	bool silent, deaf;  /* new helpers: say no hello; answer no ping */
	bool refuse;        /* no helper can be started */
	const char *babble; /* the first words of each helper */
	struct buf heard;   /* lines to helpers, but hello and ping */
	struct buf diary;
	bool closed;
	bool close_in_entry; /* the listener closes discovery from its callback */
};

struct fake {
	uv_pipe_t pipe;
	struct world *w;
	struct helper *helper;
	struct buf in;
};

static inline void
fake_say(struct world *w, const char *bytes)
{
	struct buf copy = BUF_INIT(DIARY_MAX);
	assert_non_null(w->fake);
	buf_str(&copy, bytes);
	assert_int_equal(buf_err(&copy), 0);
	uv_buf_t out = uv_buf_init(copy.data, (unsigned)copy.len);
	assert_int_equal(uv_try_write((uv_stream_t *)&w->fake->pipe, &out, 1), (int)copy.len);
	buf_finish(&copy);
}

static inline void
fake_on_closed(uv_handle_t *h)
{
	struct fake *f = container_of((uv_pipe_t *)h, struct fake, pipe);
	if (f->w->fake == f)
		f->w->fake = NULL;
	helper_exited(f->helper, 0, SIGKILL);
	buf_finish(&f->in);
	free(f);
}

static inline void
fake_kill(void *child)
{
	struct fake *f = child;
	if (!uv_is_closing((uv_handle_t *)&f->pipe))
		uv_close((uv_handle_t *)&f->pipe, fake_on_closed);
}

static inline void
fake_take_line(struct fake *f, const char *line)
{
	char answer[64];
	if (strncmp(line, "hello\t", 6) == 0) {
		if (!f->w->silent)
			fake_say(f->w, "hello\t1\n");
	} else if (strncmp(line, "ping\t", 5) == 0) {
		(void)snprintf(answer, sizeof(answer), "pong\t%s\n", line + 5);
		if (!f->w->deaf)
			fake_say(f->w, answer);
	} else {
		buf_fmt(&f->w->heard, "%s\n", line);
		if (strcmp(line, "quit") == 0 && !f->w->deaf)
			fake_kill(f);
	}
}

static inline void
fake_on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
{
	struct fake *f = container_of((uv_pipe_t *)s, struct fake, pipe);
	char *lf;
	if (n < 0)
		fake_kill(f);
	else
		buf_add(&f->in, b->base, (size_t)n);
	free(b->base);
	while (f->in.len && !uv_is_closing((uv_handle_t *)s) &&
	       (lf = memchr(f->in.data, '\n', f->in.len))) {
		*lf = '\0';
		fake_take_line(f, f->in.data);
		buf_consume(&f->in, strlen(f->in.data) + 1);
	}
}

static inline void
fake_on_alloc(uv_handle_t *h, size_t n, uv_buf_t *out)
{
	(void)h;
	*out = uv_buf_init(malloc(n), (unsigned)n);
}

static inline int
fake_start(void *ctx, struct helper *h, bool embedded, int *fd, void **child)
{
	struct world *w = ctx;
	uv_os_sock_t ends[2];
	if (w->refuse)
		return -ENOENT;
	struct fake *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	assert_null(w->fake); /* never two at a time */
	assert_int_equal(
	    uv_socketpair(SOCK_STREAM, 0, ends, UV_NONBLOCK_PIPE, UV_NONBLOCK_PIPE), 0);
	f->w = w;
	f->helper = h;
	buf_init(&f->in, DIARY_MAX);
	assert_int_equal(uv_pipe_init(&w->loop, &f->pipe, 0), 0);
	assert_int_equal(uv_pipe_open(&f->pipe, ends[1]), 0);
	assert_int_equal(uv_read_start((uv_stream_t *)&f->pipe, fake_on_alloc, fake_on_read), 0);
	w->fake = f;
	w->starts++;
	w->embedded_starts += embedded;
	*fd = ends[0];
	*child = f;
	if (w->babble)
		fake_say(w, w->babble);
	return 0;
}

static inline pid_t
fake_pid(const void *child)
{
	(void)child;
	return WORLD_PID;
}

static inline void
world_on_name(void *ctx, const char *name, bool published)
{
	struct world *w = ctx;
	assert_false(w->closed);
	buf_fmt(&w->diary, "name %s %s\n", name, published ? "published" : "wished");
}

static inline void
world_on_state(void *ctx)
{
	assert_false(((struct world *)ctx)->closed);
}

static inline void
world_on_closed(void *ctx)
{
	struct world *w = ctx;
	w->closed = true;
}

static inline void
world_on_entry(void *ctx, struct discovery_entry *e, enum discovery_change change)
{
	struct world *w = ctx;
	const char *const words[] = {"new", "changed", "gone"};
	assert_false(w->closed);
	/* the listener's field lives from NEW to GONE */
	assert_ptr_equal(e->user, change == DISCOVERY_NEW ? NULL : w);
	e->user = w;
	buf_fmt(&w->diary, "%s %s\n", words[change], e->name);
	if (w->close_in_entry)
		discovery_close(w->d, world_on_closed, w);
}

static inline void
world_on_resolved(void *ctx, struct discovery_entry *e, int err)
{
	struct world *w = ctx;
	assert_false(w->closed);
	buf_fmt(&w->diary, "resolved %s %d\n", e->name, err);
}

static inline void
world_on_avatar(void *ctx, struct discovery_entry *e, const void *data, size_t len)
{
	struct world *w = ctx;
	assert_false(w->closed);
	buf_fmt(&w->diary, "avatar %s %zu", e->name, len);
	for (size_t i = 0; i < len && i < 4; i++)
		buf_fmt(&w->diary, " %02x", ((const unsigned char *)data)[i]);
	buf_char(&w->diary, '\n');
}

static inline void
world_start(struct world *w, bool mdns)
{
	static const struct discovery_listener listener = {
	    .on_name = world_on_name,
	    .on_state = world_on_state,
	    .on_entry = world_on_entry,
	    .on_resolved = world_on_resolved,
	    .on_avatar = world_on_avatar,
	};
	const struct discovery_config config = {.user_name = "romeo", .mdns = mdns};
	assert_int_equal(discovery_assemble(&w->loop, &config, &w->parts, &listener, w, &w->d), 0);
	assert_int_equal(w->diary.len, 0); /* nothing was told from inside */
}

static inline void
world_init(struct world *w)
{
	*w = (struct world){0};
	(void)signal(SIGPIPE, SIG_IGN);
	assert_int_equal(uv_loop_init(&w->loop), 0);
	buf_init(&w->heard, DIARY_MAX);
	buf_init(&w->diary, DIARY_MAX);
	discovery_default_parts(&w->parts);
	w->parts.launcher = (struct helper_launcher){
	    .start = fake_start, .kill = fake_kill, .pid = fake_pid, .ctx = w};
	w->parts.helper_times = (struct helper_times){.ping_every = 20,
	    .answer_within = 60,
	    .quit_within = 100,
	    .restart_first = 5,
	    .restart_most = 40,
	    .healthy_after = 100000,
	    .embedded_for = 400};
	w->parts.mdns_times =
	    (struct mdns_times){.publish_every = 60, .found_again_within = 80, .dark_for = 2000};
	w->parts.answer_within = 150;
	w->parts.fixed_retry_after = 50;
}

static inline void
world_on_tick(uv_timer_t *t)
{
	(void)t; /* it only ends a poll: timers met before it would otherwise wait unseen */
}

/* Runs the loop until the condition holds, or for at most ms. */
static inline bool
world_run(
    struct world *w, bool (*met)(struct world *w, const char *arg), const char *arg, uint64_t ms)
{
	uv_timer_t tick;
	bool ok;
	uv_update_time(&w->loop);
	const uint64_t until = uv_now(&w->loop) + ms;
	assert_int_equal(uv_timer_init(&w->loop, &tick), 0);
	assert_int_equal(uv_timer_start(&tick, world_on_tick, 1, 1), 0);
	while (!(ok = met && met(w, arg)) && uv_now(&w->loop) < until)
		(void)uv_run(&w->loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&tick, NULL);
	(void)uv_run(&w->loop, UV_RUN_NOWAIT); /* the closing of tick */
	return ok;
}

static inline bool
world_told(struct world *w, const char *line)
{
	return strstr(buf_cstr(&w->diary), line);
}

static inline bool
world_heard(struct world *w, const char *line)
{
	return strstr(buf_cstr(&w->heard), line);
}

static inline bool
world_is_closed(struct world *w, const char *arg)
{
	(void)arg;
	return w->closed;
}

static inline void
world_expect(struct world *w, const char *line)
{
	if (!world_run(w, world_told, line, PATIENCE_MS))
		fail_msg("not told: %sdiary:\n%s", line, buf_cstr(&w->diary));
}

static inline void
world_expect_heard(struct world *w, const char *line)
{
	if (!world_run(w, world_heard, line, PATIENCE_MS))
		fail_msg("the helper was not told: %s heard:\n%s", line, buf_cstr(&w->heard));
}

static inline void
world_pass(struct world *w, uint64_t ms)
{
	(void)world_run(w, NULL, NULL, ms);
}

/* How often a line was told. */
static inline unsigned
world_count(const struct buf *b, const char *line)
{
	unsigned n = 0;
	for (const char *at = buf_cstr(b); (at = strstr(at, line)); at++)
		n++;
	return n;
}

static inline bool
world_is_up(struct world *w, const char *arg)
{
	struct discovery_state state;
	(void)arg;
	discovery_get_state(w->d, &state);
	return state.mdns == DISCOVERY_RUNNING && w->fake;
}

/* A helper that works and has found nobody yet. */
static inline void
world_up(struct world *w)
{
	world_start(w, true);
	world_expect(w, "wished\n");
	while (!w->fake)
		(void)uv_run(&w->loop, UV_RUN_ONCE);
	world_pass(w, 10);
	fake_say(w, "backend\tembedded\t\nnetwork\t1\nmachine\tverona\n");
	assert_true(world_run(w, world_is_up, NULL, PATIENCE_MS));
}

static inline void
world_finish(struct world *w)
{
	discovery_close(w->d, world_on_closed, w);
	assert_true(world_run(w, world_is_closed, NULL, PATIENCE_MS));
	(void)uv_run(&w->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&w->loop), 0);
	assert_int_equal(buf_err(&w->diary), 0);
	buf_finish(&w->heard);
	buf_finish(&w->diary);
}

#endif
