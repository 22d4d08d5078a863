#include "discovery/helper.h"

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "base/tr.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct helper_times helper_default_times = {
    .ping_every = 5000,
    .answer_within = 8000,
    .quit_within = 2000,
    .restart_first = 200,
    .restart_most = 30000,
    .healthy_after = 60000,
    .embedded_for = 300000,
};

enum {
	READ_AT_ONCE = 16 * 1024,
	KEEP_INPUT = 4096,    /* a bigger input buffer is given back when empty */
	LATE_LOOK_MS = 100,   /* for an answer that came while we ourselves stood still */
	EMBEDDED_DOUBLES = 4, /* each hang of avahi-daemon doubles the time without it, so often */
};

enum state {
	STATE_WAITING,  /* timer: to the next start */
	STATE_STARTING, /* timer: hello is due */
	STATE_UP,       /* timer: the next ping, or the answer to the last */
	STATE_QUITTING, /* timer: then it is killed */
	STATE_ENDING,   /* killed; until the socket is closed and the child reaped */
	STATE_CLOSED
};

struct helper {
	uv_timer_t timer;
	uv_pipe_t pipe;
	bool pipe_open; /* initialised and not yet closed */
	void *child;    /* the launcher's; NULL: none */
	enum state state;
	bool closing, awaiting, late, embedded, uses_daemon;
	bool start_failed; /* and was logged */
	uint64_t token, up_since, wait;
	uint64_t embedded_until; /* uv_now() */
	unsigned restarts, daemon_hangs;
	const char *why; /* it was dropped; NULL: not by us */
	struct buf in;
	struct helper_launcher launcher;
	struct helper_times times;
	struct helper_listener l;
	void *ctx;
	void (*done)(void *ctx);
	void *done_ctx;
};

struct write {
	uv_write_t req;
	char *bytes; /* owned */
};

static void on_timer(uv_timer_t *t);

static void
set_timer(struct helper *h, uint64_t ms)
{
	uv_update_time(h->timer.loop); /* or a long callback would count as the other's delay */
	(void)uv_timer_start(&h->timer, on_timer, ms, 0);
}

static void
on_timer_closed(uv_handle_t *handle)
{
	struct helper *h = container_of((uv_timer_t *)handle, struct helper, timer);
	void (*done)(void *) = h->done;
	void *ctx = h->done_ctx;
	buf_finish(&h->in);
	free(h);
	done(ctx);
}

/* Neither socket nor child is left. */
static void
after_end(struct helper *h)
{
	if (h->closing) {
		h->state = STATE_CLOSED;
		uv_close((uv_handle_t *)&h->timer, on_timer_closed);
		return;
	}
	h->state = STATE_WAITING;
	set_timer(h, h->wait);
	h->wait = h->wait * 2 < h->times.restart_most ? h->wait * 2 : h->times.restart_most;
}

static void
on_pipe_closed(uv_handle_t *handle)
{
	struct helper *h = container_of((uv_pipe_t *)handle, struct helper, pipe);
	h->pipe_open = false;
	buf_finish(&h->in);
	if (!h->child)
		after_end(h);
}

/* Ends this helper, whatever it is doing; the next start follows. */
static void
drop(struct helper *h, const char *why)
{
	bool was_up = h->state == STATE_UP;
	if (h->state == STATE_ENDING || h->state == STATE_CLOSED)
		return;
	if (was_up && uv_now(h->timer.loop) - h->up_since >= h->times.healthy_after)
		h->wait = h->times.restart_first;
	h->state = STATE_ENDING;
	h->why = why;
	(void)uv_timer_stop(&h->timer);
	if (h->pipe_open && !uv_is_closing((uv_handle_t *)&h->pipe))
		uv_close((uv_handle_t *)&h->pipe, on_pipe_closed);
	if (h->child)
		h->launcher.kill(h->child);
	if (!h->closing)
		h->l.on_down(h->ctx, was_up, why);
}

static void
drop_hung(struct helper *h)
{
	uint64_t now = uv_now(h->timer.loop);
	if (h->uses_daemon) {
		if (h->state == STATE_UP && now - h->up_since >= h->times.embedded_for)
			h->daemon_hangs = 0; /* it did well for a while */
		unsigned doubles =
		    h->daemon_hangs < EMBEDDED_DOUBLES ? h->daemon_hangs++ : EMBEDDED_DOUBLES;
		h->embedded_until = now + (h->times.embedded_for << doubles);
	}
	drop(h, TR("it does not answer"));
}

void
helper_exited(struct helper *h, int status, int signal)
{
	h->child = NULL;
	if (!h->closing)
		log_warn(NULL, "discovery helper ended: %s (status %d, signal %d)",
		    h->why ? h->why : "by itself", status, signal);
	drop(h, TR("it ended"));
	if (!h->pipe_open)
		after_end(h);
}

static int
on_hello(struct helper *h, const struct protocol_line *line)
{
	int64_t version;
	if (h->state != STATE_STARTING || line->count != 2 ||
	    str_to_int(line->field[1], PROTOCOL_VERSION, PROTOCOL_VERSION, &version))
		return ERR_PROTO;
	h->state = STATE_UP;
	h->up_since = uv_now(h->timer.loop);
	h->awaiting = false;
	set_timer(h, h->times.ping_every);
	h->l.on_up(h->ctx);
	return 0;
}

static int
on_pong(struct helper *h, const struct protocol_line *line)
{
	int64_t token;
	if (line->count != 2 || str_to_int(line->field[1], 0, INT64_MAX, &token))
		return ERR_PROTO;
	if (!h->awaiting || (uint64_t)token != h->token)
		return 0;
	h->awaiting = h->late = false;
	set_timer(h, h->times.ping_every);
	return 0;
}

static int
take_line(struct helper *h, char *bytes, size_t len)
{
	struct protocol_line line;
	int err = protocol_parse(bytes, len, &line);
	if (err)
		return err;
	if (strcmp(line.field[0], "hello") == 0)
		return on_hello(h, &line);
	if (h->state != STATE_UP)
		return ERR_PROTO;
	if (strcmp(line.field[0], "pong") == 0)
		return on_pong(h, &line);
	return h->l.on_line(h->ctx, &line);
}

static bool
is_talking(const struct helper *h)
{
	return h->state == STATE_STARTING || h->state == STATE_UP;
}

static void
take_lines(struct helper *h, size_t searched)
{
	size_t at = 0;
	char *lf;
	while ((lf = memchr(h->in.data + searched, '\n', h->in.len - searched))) {
		if (take_line(h, h->in.data + at, (size_t)(lf - h->in.data) - at)) {
			drop(h, TR("it said what cannot be read"));
			return;
		}
		if (!is_talking(h))
			return; /* a listener closed us */
		at = searched = (size_t)(lf - h->in.data) + 1;
	}
	buf_consume(&h->in, at);
	if (h->in.len >= LIMIT_HELPER_LINE)
		drop(h, TR("its line is too long"));
	else if (!h->in.len && h->in.cap > KEEP_INPUT)
		buf_finish(&h->in);
}

static void
on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	struct helper *h = container_of((uv_pipe_t *)handle, struct helper, pipe);
	(void)suggested;
	size_t room = LIMIT_HELPER_LINE - h->in.len;
	if (room > READ_AT_ONCE)
		room = READ_AT_ONCE;
	char *to = buf_reserve(&h->in, room);
	*out = uv_buf_init(to, to ? (unsigned)room : 0); /* 0: libuv reports UV_ENOBUFS */
}

static void
on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *to)
{
	struct helper *h = container_of((uv_pipe_t *)stream, struct helper, pipe);
	(void)to;
	if (got < 0) {
		drop(h, got == UV_EOF ? TR("it closed its output") : err_str((int)got));
		return;
	}
	size_t searched = h->in.len;
	buf_grew(&h->in, (size_t)got);
	if (is_talking(h))
		take_lines(h, searched);
	else
		buf_clear(&h->in); /* it is on its way out */
}

static void
on_written(uv_write_t *req, int status)
{
	struct write *w = container_of(req, struct write, req);
	(void)status; /* a broken socket ends in on_read() */
	free(w->bytes);
	free(w);
}

static int
write_bytes(struct helper *h, struct buf *line)
{
	int err = -ENOMEM;
	size_t len = line->len;
	struct write *w = calloc(1, sizeof(*w));
	char *bytes = buf_take(line);
	uv_buf_t out = uv_buf_init(bytes, (unsigned)len);
	if (!w || !bytes)
		goto fail;
	w->bytes = bytes;
	err = uv_write(&w->req, (uv_stream_t *)&h->pipe, &out, 1, on_written);
	if (!err)
		return 0;
fail:
	free(bytes);
	free(w);
	return err;
}

static int
say(struct helper *h, const char *verb, long long number)
{
	struct buf b = BUF_INIT(LIMIT_HELPER_LINE);
	protocol_begin(&b, verb);
	if (number >= 0)
		protocol_field_int(&b, number);
	protocol_end(&b);
	int err = write_bytes(h, &b);
	buf_finish(&b);
	return err;
}

int
helper_send(struct helper *h, struct buf *line)
{
	int err = buf_err(line);
	if (!err && h->state != STATE_UP)
		err = -EPIPE;
	if (!err)
		err = write_bytes(h, line);
	buf_finish(line);
	if (!err && uv_stream_get_write_queue_size((uv_stream_t *)&h->pipe) > LIMIT_HELPER_QUEUE)
		drop(h, TR("it does not read"));
	return err;
}

static int
connect_child(struct helper *h)
{
	int fd = -1;
	int err = h->launcher.start(h->launcher.ctx, h, h->embedded, &fd, &h->child);
	if (err)
		return err;
	err = uv_pipe_init(h->timer.loop, &h->pipe, 0);
	if (err)
		goto fail;
	h->pipe_open = true;
	err = uv_pipe_open(&h->pipe, fd);
	if (err)
		goto fail;
	err = uv_read_start((uv_stream_t *)&h->pipe, on_alloc, on_read);
	return err ? err : say(h, "hello", PROTOCOL_VERSION);
fail:
	(void)close(fd);
	return err;
}

static void
start(struct helper *h)
{
	h->embedded = uv_now(h->timer.loop) < h->embedded_until;
	h->uses_daemon = !h->embedded; /* as far as we know */
	h->awaiting = h->late = false;
	h->why = NULL;
	h->state = STATE_STARTING;
	int err = connect_child(h);
	if (!err) {
		h->start_failed = false;
		set_timer(h, h->times.answer_within);
		return;
	}
	log_write(h->start_failed ? LOG_DEBUG : LOG_WARN, __FILE__, NULL,
	    "cannot start the discovery helper: %s", err_str(err));
	h->start_failed = true;
	drop(h, err_str(err));
	if (!h->child && !h->pipe_open)
		after_end(h);
}

static void
ping(struct helper *h)
{
	if (h->embedded && uv_now(h->timer.loop) >= h->embedded_until) {
		drop(h, "to try avahi-daemon again");
		return;
	}
	if (say(h, "ping", (long long)++h->token)) {
		drop(h, TR("it cannot be written to"));
		return;
	}
	h->awaiting = true;
	h->late = false;
	set_timer(h, h->times.answer_within);
}

static void
on_timer(uv_timer_t *t)
{
	struct helper *h = container_of(t, struct helper, timer);
	switch (h->state) {
	case STATE_WAITING:
		if (h->why)
			h->restarts++;
		start(h);
		break;
	case STATE_STARTING:
	case STATE_UP:
		if (h->state == STATE_UP && !h->awaiting) {
			ping(h);
		} else if (!h->late) {
			h->late = true;
			set_timer(h, LATE_LOOK_MS);
		} else {
			drop_hung(h);
		}
		break;
	case STATE_QUITTING:
		drop(h, TR("it does not quit"));
		break;
	case STATE_ENDING:
	case STATE_CLOSED:
		break;
	}
}

int
helper_create(uv_loop_t *loop, const struct helper_launcher *launcher,
    const struct helper_times *times, const struct helper_listener *l, void *ctx,
    struct helper **out)
{
	struct helper *h = calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	h->launcher = *launcher;
	h->times = *times;
	h->l = *l;
	h->ctx = ctx;
	h->wait = times->restart_first;
	buf_init(&h->in, LIMIT_HELPER_LINE);
	int err = uv_timer_init(loop, &h->timer);
	if (err) {
		free(h);
		return err;
	}
	h->state = STATE_WAITING;
	set_timer(h, 0);
	*out = h;
	return 0;
}

void
helper_close(struct helper *h, void (*done)(void *ctx), void *ctx)
{
	if (h->closing)
		return;
	h->closing = true;
	h->done = done;
	h->done_ctx = ctx;
	switch (h->state) {
	case STATE_WAITING:
		(void)uv_timer_stop(&h->timer);
		after_end(h);
		break;
	case STATE_STARTING:
	case STATE_UP:
		h->state = STATE_QUITTING;
		if (say(h, "quit", -1))
			drop(h, TR("it cannot be written to"));
		else
			set_timer(h, h->times.quit_within);
		break;
	case STATE_QUITTING:
	case STATE_ENDING:
	case STATE_CLOSED:
		break; /* ending already; closing says how it goes on */
	}
}

void
helper_uses_daemon(struct helper *h, bool uses_daemon)
{
	h->uses_daemon = uses_daemon;
}

uv_loop_t *
helper_loop(const struct helper *h)
{
	return h->timer.loop;
}

bool
helper_is_up(const struct helper *h)
{
	return h->state == STATE_UP;
}

pid_t
helper_pid(const struct helper *h)
{
	return h->child ? h->launcher.pid(h->child) : 0;
}

unsigned
helper_restarts(const struct helper *h)
{
	return h->restarts;
}
