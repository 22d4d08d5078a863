#define _DEFAULT_SOURCE /* TCP_KEEPIDLE and its kin */
#include "stream/transport-parts.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

/* A pulled cable is noticed within 5 + 2 * 3 s when idle, 10 s with unconfirmed bytes. */
enum {
	KEEPALIVE_IDLE_S = 5,
	KEEPALIVE_INTERVAL_S = 2,
	KEEPALIVE_COUNT = 3,
	USER_TIMEOUT_MS = 10000,
};

/* <linux/in6.h> has these, but cannot be included together with <netinet/in.h>. */
enum { ADDR_PREFERENCES = 72, PREFER_SRC_PUBLIC = 2 };

static void
set_option(uv_os_fd_t fd, int level, int option, int value)
{
	/* Worth having, not worth failing for: some kernels and sandboxes lack one or other. */
	(void)setsockopt(fd, level, option, &value, sizeof(value));
}

static void
set_options(struct transport *t)
{
	uv_os_fd_t fd;
	if (uv_fileno((uv_handle_t *)&t->tcp, &fd) != 0)
		return;
	set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
	set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
	set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_COUNT);
	set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT_MS);
}

static void
on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
	struct transport *t = h->data;
	(void)suggested;
	*buf = uv_buf_init(t->scratch, LIMIT_STREAM_READ);
}

static void
on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct transport *t = stream->data;
	if (n > 0) {
		t->ops->on_bytes(t, buf->base, (size_t)n);
	} else if (n < 0) {
		(void)uv_read_stop(stream);
		t->ops->on_end(t, n == UV_EOF ? 0 : (int)n);
	}
}

void
transport_on_write(uv_write_t *req, int err)
{
	struct transport *t = container_of(req, struct transport, writing);
	if (!t->closing)
		t->ops->on_written(t, err);
}

static void
on_connect(uv_connect_t *req, int err)
{
	struct transport *t = container_of(req, struct transport, connecting);
	if (t->closing)
		return;
	if (!err)
		set_options(t);
	t->l->on_connected(t->ctx, err);
}

void
transport_on_close(uv_handle_t *h)
{
	struct transport *t = h->data;
	if (--t->handles > 0)
		return;
	t->l->on_closed(t->ctx);
	transport_free_tls(t->tls);
	free(t);
}

int
transport_tcp_read(struct transport *t, bool on)
{
	uv_stream_t *stream = (uv_stream_t *)&t->tcp;
	if (!on)
		return uv_read_stop(stream);
	int err = uv_read_start(stream, on_alloc, on_read);
	return err == UV_EALREADY ? 0 : err;
}

static int
tcp_write(struct transport *t, const uv_buf_t *bufs, unsigned count)
{
	uv_stream_t *stream = (uv_stream_t *)&t->tcp;
	uv_buf_t rest[TRANSPORT_PIECES];
	if (count > TRANSPORT_PIECES)
		return -EINVAL;
	int n = uv_try_write(stream, bufs, count);
	if (n < 0 && n != UV_EAGAIN)
		return n;
	size_t done = n < 0 ? 0 : (size_t)n;
	while (count > 0 && done >= bufs->len) {
		done -= bufs->len;
		bufs++;
		count--;
	}
	if (count == 0)
		return 1;
	memcpy(rest, bufs, count * sizeof(*bufs));
	rest[0] = uv_buf_init(rest[0].base + done, (unsigned)(rest[0].len - done));
	return uv_write(&t->writing, stream, rest, count, transport_on_write);
}

static void
tcp_close(struct transport *t)
{
	uv_close((uv_handle_t *)&t->tcp, transport_on_close);
}

static void
on_tcp_bytes(struct transport *t, const char *data, size_t len)
{
	t->l->on_data(t->ctx, data, len);
}

static void
on_tcp_end(struct transport *t, int err)
{
	t->l->on_end(t->ctx, err);
}

static void
on_tcp_written(struct transport *t, int err)
{
	t->l->on_written(t->ctx, err);
}

static const struct transport_ops tcp_ops = {.read = transport_tcp_read,
    .write = tcp_write,
    .close = tcp_close,
    .on_bytes = on_tcp_bytes,
    .on_end = on_tcp_end,
    .on_written = on_tcp_written};

int
transport_create(uv_loop_t *loop, int family, char *scratch, const struct transport_listener *l,
    void *ctx, struct transport **out)
{
	struct transport *t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->ops = &tcp_ops;
	t->l = l;
	t->ctx = ctx;
	t->scratch = scratch;
	t->handles = 1;
	int err = uv_tcp_init_ex(loop, &t->tcp, (unsigned)family);
	if (err) {
		free(t); /* libuv took the handle off the loop again */
		return err;
	}
	t->tcp.data = t;
	*out = t;
	return 0;
}

void
transport_hand_over(struct transport *t, const struct transport_listener *l, void *ctx)
{
	t->l = l;
	t->ctx = ctx;
}

int
transport_connect(struct transport *t, const struct sockaddr_storage *to)
{
	uv_os_fd_t fd;
	/* Peers match us by an address they resolved, which a temporary one is not (R3). */
	if (to->ss_family == AF_INET6 && uv_fileno((uv_handle_t *)&t->tcp, &fd) == 0)
		set_option(fd, IPPROTO_IPV6, ADDR_PREFERENCES, PREFER_SRC_PUBLIC);
	return uv_tcp_connect(&t->connecting, &t->tcp, (const struct sockaddr *)to, on_connect);
}

int
transport_accept(struct transport *t, uv_stream_t *listening)
{
	int err = uv_accept(listening, (uv_stream_t *)&t->tcp);
	if (!err)
		set_options(t);
	return err;
}

static void
unmap(struct sockaddr_storage *addr)
{
	struct sockaddr_in6 six;
	memcpy(&six, addr, sizeof(six));
	if (addr->ss_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&six.sin6_addr))
		return;
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = six.sin6_port};
	memcpy(&four.sin_addr, &six.sin6_addr.s6_addr[12], sizeof(four.sin_addr));
	memset(addr, 0, sizeof(*addr));
	memcpy(addr, &four, sizeof(four));
}

int
transport_remote(const struct transport *t, struct sockaddr_storage *out)
{
	int len = sizeof(*out);
	memset(out, 0, sizeof(*out));
	int err = uv_tcp_getpeername(&t->tcp, (struct sockaddr *)out, &len);
	if (!err)
		unmap(out);
	return err;
}

int
transport_local(const struct transport *t, struct sockaddr_storage *out)
{
	int len = sizeof(*out);
	memset(out, 0, sizeof(*out));
	int err = uv_tcp_getsockname(&t->tcp, (struct sockaddr *)out, &len);
	if (!err)
		unmap(out);
	return err;
}

int
transport_read(struct transport *t, bool on)
{
	return t->closing ? 0 : t->ops->read(t, on);
}

int
transport_write(struct transport *t, const uv_buf_t *bufs, unsigned count)
{
	return t->closing ? -ENOTCONN : t->ops->write(t, bufs, count);
}

void
transport_close(struct transport *t)
{
	if (!t || t->closing)
		return;
	t->closing = true;
	t->ops->close(t);
}
