#include "mdns/channel.h"

#include "base/compiler.h"
#include "base/err.h"
#include "base/limits.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { READ_SIZE = 4096, NOTE_SIZE = 512 };

struct channel {
	uv_pipe_t in, out;
	uv_prepare_t prepare; /* runs before the loop sleeps */
	uv_write_t write;
	const struct channel_listener *listener; /* borrowed */
	void *ctx;                               /* borrowed */
	struct buf received;
	struct buf gathering; /* lines to be written next */
	struct buf writing;   /* owned by libuv until on_written */
	bool write_pending, ended, closed;
	int open_handles;
};

static void
end(struct channel *c, int err)
{
	if (c->ended)
		return;
	c->ended = true;
	(void)uv_read_stop((uv_stream_t *)&c->in);
	c->listener->on_end(c->ctx, err);
}

static void
on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	(void)suggested;
	struct channel *c = handle->data;
	char *to = buf_reserve(&c->received, READ_SIZE);
	*out = uv_buf_init(to, to ? READ_SIZE : 0);
}

static void
take_lines(struct channel *c)
{
	size_t from = 0;
	char *lf;
	while (!c->ended && (lf = memchr(c->received.data + from, '\n', c->received.len - from))) {
		struct protocol_line line;
		char *start = c->received.data + from;
		from += (size_t)(lf - start) + 1;
		if (protocol_parse(start, (size_t)(lf - start), &line))
			end(c, ERR_PROTO);
		else
			c->listener->on_line(c->ctx, &line);
	}
	buf_consume(&c->received, from);
	if (c->received.len > LIMIT_HELPER_LINE)
		end(c, ERR_PROTO);
}

static void
on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *data)
{
	(void)data;
	struct channel *c = stream->data;
	if (n < 0) {
		end(c, n == UV_EOF ? 0 : (int)n);
	} else if (n > 0) {
		buf_grew(&c->received, (size_t)n);
		take_lines(c);
	}
}

static void
on_written(uv_write_t *write, int status)
{
	struct channel *c = write->data;
	c->write_pending = false;
	buf_clear(&c->writing);
	if (status && !c->closed)
		end(c, status);
}

static void
flush(struct channel *c)
{
	if (buf_err(&c->gathering)) {
		end(c, buf_err(&c->gathering));
		return;
	}
	if (c->write_pending || !c->gathering.len)
		return;
	struct buf swap = c->writing;
	c->writing = c->gathering;
	c->gathering = swap;
	uv_buf_t data = uv_buf_init(c->writing.data, (unsigned)c->writing.len);
	c->write.data = c;
	int err = uv_write(&c->write, (uv_stream_t *)&c->out, &data, 1, on_written);
	c->write_pending = !err;
	if (err)
		end(c, err);
}

static void
on_prepare(uv_prepare_t *prepare)
{
	struct channel *c = prepare->data;
	if (!c->ended)
		flush(c);
}

static void
on_handle_closed(uv_handle_t *handle)
{
	struct channel *c = handle->data;
	if (--c->open_handles)
		return;
	buf_finish(&c->received);
	buf_finish(&c->gathering);
	buf_finish(&c->writing);
	free(c);
}

static void
close_handles(struct channel *c)
{
	c->closed = true;
	uv_close((uv_handle_t *)&c->in, on_handle_closed);
	uv_close((uv_handle_t *)&c->out, on_handle_closed);
	uv_close((uv_handle_t *)&c->prepare, on_handle_closed);
}

int
channel_create(uv_loop_t *loop, int in, int out, const struct channel_listener *l, void *ctx,
    struct channel **result)
{
	struct channel *c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->listener = l;
	c->ctx = ctx;
	buf_init(&c->received, LIMIT_HELPER_LINE + READ_SIZE);
	buf_init(&c->gathering, LIMIT_HELPER_QUEUE);
	buf_init(&c->writing, LIMIT_HELPER_QUEUE);
	c->open_handles = 3;
	c->in.data = c->out.data = c->prepare.data = c;
	(void)uv_prepare_init(loop, &c->prepare); /* these three cannot fail */
	(void)uv_pipe_init(loop, &c->in, 0);
	(void)uv_pipe_init(loop, &c->out, 0);
	int err = uv_pipe_open(&c->in, in);
	if (!err)
		err = uv_pipe_open(&c->out, out);
	if (!err)
		err = uv_prepare_start(&c->prepare, on_prepare);
	if (!err)
		err = uv_read_start((uv_stream_t *)&c->in, on_alloc, on_read);
	if (err) {
		close_handles(c);
		return err;
	}
	*result = c;
	return 0;
}

void
channel_close(struct channel *c)
{
	if (!c || c->closed)
		return;
	if (!c->write_pending && c->gathering.len) {
		uv_buf_t data = uv_buf_init(c->gathering.data, (unsigned)c->gathering.len);
		(void)uv_try_write((uv_stream_t *)&c->out, &data, 1); /* last words, if heard */
	}
	c->ended = true;
	close_handles(c);
}

struct buf *
channel_out(struct channel *c)
{
	return &c->gathering;
}

void
channel_note(struct channel *c, const char *level, const char *fmt, ...)
{
	char text[NOTE_SIZE]; /* cut if longer: it is a note */
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	protocol_begin(&c->gathering, "note");
	protocol_field_str(&c->gathering, level);
	protocol_field_str(&c->gathering, text);
	protocol_end(&c->gathering);
}
