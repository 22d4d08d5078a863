#define _GNU_SOURCE /* SOCK_CLOEXEC, SOCK_NONBLOCK */
#include "transfer/http_fetch.h"

#include "base/err.h"
#include "base/limits.h"
#include "transfer/carrier.h"
#include "transfer/http.h"
#include "transfer/http_body.h"
#include "transfer/listing.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECT_TIMEOUT = 20000 /* ms */, READ = 64 * 1024, IDLE = LIMIT_TRANSFER_IDLE * 1000 };

struct http_fetch {
	struct http_url url;
	bool folder;
	uint64_t size;
	int out; /* our end of the pair */
	struct carrier *carrier;
	http_fetched_fn *fetched; /* NULL: nobody wants to know */
	void *ctx;
};

/* ---- its own thread ---- */

struct fetching {
	struct carrier *c;
	struct http_fetch *f;
	struct buf *text; /* what comes is kept there, or handed on if NULL */
	bool counted;     /* so many bytes have to come: */
	uint64_t left;
	bool has_last; /* they have; the last waits for the end of the answer */
	char last;
};

static int
send_all(struct carrier *c, int fd, const char *data, size_t len, int timeout)
{
	while (len) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		int err = 0;
		if (n >= 0) {
			data += n;
			len -= (size_t)n;
		} else if (errno == EAGAIN) {
			err = carrier_wait(c, fd, POLLOUT, timeout);
		} else if (errno != EINTR) {
			err = -errno;
		}
		if (err)
			return err;
	}
	return 0;
}

static int
take(void *ctx, const void *data, size_t len)
{
	struct fetching *x = ctx;
	if (x->text) {
		buf_add(x->text, data, len);
		return buf_err(x->text);
	}
	if (x->counted && len > x->left)
		return ERR_PROTO;
	if (x->counted && len) {
		x->left -= len;
		x->has_last = x->left == 0;
		x->last = ((const char *)data)[len - 1];
		len -= x->has_last;
	}
	/* whoever reads may be held up by a cap or a slow disk for as long as it takes */
	return send_all(x->c, x->f->out, data, len, -1);
}

static int
connect_to(struct carrier *c, const struct sockaddr_storage *at, int *out)
{
	int err = 0, failure = 0;
	socklen_t len =
	    at->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
	int fd = socket(at->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)at, len) < 0) {
		socklen_t size = sizeof(failure);
		err = errno == EINPROGRESS ? carrier_wait(c, fd, POLLOUT, CONNECT_TIMEOUT) : -errno;
		if (!err && getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &size) < 0)
			err = -errno;
		if (!err)
			err = -failure;
	}
	if (err)
		(void)close(fd);
	else
		*out = fd;
	return err;
}

/* >= 0: bytes, 0 at the end. */
static ssize_t
receive(struct carrier *c, int fd, char *data, size_t len)
{
	for (;;) {
		ssize_t n = recv(fd, data, len, MSG_DONTWAIT);
		if (n >= 0)
			return n;
		int err = 0;
		if (errno == EAGAIN)
			err = carrier_wait(c, fd, POLLIN, IDLE);
		else if (errno != EINTR)
			err = -errno;
		if (err)
			return err;
	}
}

/* The head, and what came behind it, into `room`. */
static int
receive_head(
    struct carrier *c, int fd, char *room, size_t *len, struct http_answer *answer, size_t *used)
{
	uint64_t until = uv_hrtime() + (uint64_t)IDLE * 1000000; /* of all of it: N13 */
	for (*len = 0;;) {
		ssize_t n = receive(c, fd, room + *len, READ - *len);
		if (n <= 0)
			return n ? (int)n : ERR_CLOSED;
		*len += (size_t)n;
		int err = http_answer_read(room, *len, answer, used);
		if (err != -EAGAIN)
			return err;
		if (*len == READ)
			return ERR_TOO_BIG;
		if (uv_hrtime() > until)
			return -ETIMEDOUT;
	}
}

static int
receive_answer(struct fetching *x, int fd, char *room)
{
	struct http_answer answer;
	struct http_body body;
	size_t len, used;
	int err = receive_head(x->c, fd, room, &len, &answer, &used);
	if (!err && x->counted && answer.framing == HTTP_LENGTH && !answer.applesingle &&
	    answer.length != x->left)
		err = ERR_PROTO;
	if (err)
		return err;
	http_body_init(&body, &answer);
	err = http_body_feed(&body, room + used, len - used, take, x);
	while (!err && !body.done) {
		ssize_t n = receive(x->c, fd, room, READ);
		if (n < 0)
			err = (int)n;
		else if (n == 0)
			return http_body_end(&body);
		else
			err = http_body_feed(&body, room, (size_t)n, take, x);
	}
	return err;
}

static int
fetch(struct fetching *x, const char *target)
{
	int fd = -1;
	struct buf request = BUF_INIT((size_t)2 * LIMIT_HTTP_TARGET);
	char *room = malloc(READ);
	http_request_write(&request, &x->f->url, target);
	int err = !room ? -ENOMEM : buf_err(&request);
	if (!err)
		err = connect_to(x->c, &x->f->url.at, &fd);
	if (!err)
		err = send_all(x->c, fd, request.data, request.len, IDLE);
	if (!err)
		err = receive_answer(x, fd, room);
	if (fd >= 0)
		(void)close(fd);
	buf_finish(&request);
	free(room);
	return err;
}

static int
fetch_counted(struct fetching *x, const char *target, uint64_t size)
{
	x->counted = true;
	x->left = size;
	x->has_last = false;
	int err = fetch(x, target);
	if (!err && x->left)
		err = ERR_PROTO; /* it is not as long as was said */
	if (!err && x->has_last)
		err = send_all(x->c, x->f->out, &x->last, 1, -1);
	return err;
}

/* "/path/": what is in it is asked for beneath that. */
static int
fetch_entry(struct fetching *x, const struct listing_entry *e)
{
	struct buf target = BUF_INIT(LIMIT_HTTP_TARGET);
	buf_str(&target, x->f->url.path);
	if (target.len && target.data[target.len - 1] != '/')
		buf_char(&target, '/');
	listing_target(e, &target);
	int err = buf_err(&target);
	if (!err)
		err = fetch_counted(x, target.data, e->size);
	buf_finish(&target);
	return err;
}

static int
fetch_folder(struct fetching *x)
{
	struct listing *l = NULL;
	struct buf text = BUF_INIT(LIMIT_LISTING), manifest = BUF_INIT(LIMIT_TREE_BYTES);
	x->text = &text;
	int err = fetch(x, x->f->url.path);
	x->text = NULL;
	if (!err)
		err = listing_read(buf_cstr(&text), text.len, &l);
	buf_finish(&text);
	if (!err)
		err = listing_manifest(l, &manifest);
	if (!err)
		err = take(x, manifest.data, manifest.len);
	buf_finish(&manifest);
	for (size_t i = 0; !err && i < listing_count(l); i++) {
		const struct listing_entry *e = listing_at(l, i);
		if (!e->folder && e->size)
			err = fetch_entry(x, e);
	}
	listing_destroy(l);
	return err;
}

static int
run(struct carrier *c, void *arg)
{
	struct http_fetch *f = arg;
	struct fetching x = {.c = c, .f = f};
	char mark;
	int err = f->folder                      ? fetch_folder(&x)
		  : f->size == HTTP_SIZE_UNKNOWN ? fetch(&x, f->url.path)
						 : fetch_counted(&x, f->url.path, f->size);
	if (!err && recv(f->out, &mark, sizeof(mark), MSG_DONTWAIT) != 1)
		err = -EPIPE;
	return err;
}

/* ---- loop thread ---- */

static void
on_end(void *ctx, int err)
{
	struct http_fetch *f = ctx;
	/* why it failed is known before the carrier that reads it sees that it has */
	if (f->fetched)
		f->fetched(f->ctx, err);
	(void)close(f->out);
	free(f);
}

static const struct carrier_listener listener = {.on_end = on_end};

/* A byte that stands unread in our end makes the kernel say "connection reset" on the other one
 * when ours is closed (unix(7)): the thread takes it away if all went well. */
static int
make_pair(int ends[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
		return -errno;
	if (send(ends[1], "", 1, MSG_NOSIGNAL) == 1)
		return 0;
	(void)close(ends[0]);
	(void)close(ends[1]);
	return -EIO;
}

int
http_fetch_start(uv_loop_t *loop, const struct http_url *url, bool folder, uint64_t size,
    http_fetched_fn *fetched, void *ctx, struct carrier_link *link, struct http_fetch **out)
{
	int ends[2];
	carrier_link_init(link);
	struct http_fetch *f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	int err = make_pair(ends);
	if (err) {
		free(f);
		return err;
	}
	f->url = *url;
	f->folder = folder;
	f->size = size;
	f->out = ends[0];
	f->fetched = fetched;
	f->ctx = ctx;
	err = carrier_start(loop, run, f, &listener, f, &f->carrier);
	if (err) {
		(void)close(ends[0]);
		(void)close(ends[1]);
		free(f);
		return err;
	}
	link->fd = ends[1];
	*out = f;
	return 0;
}

void
http_fetch_stop(struct http_fetch *f)
{
	if (!f)
		return;
	f->fetched = NULL;
	carrier_stop(f->carrier);
}
