/* For tests of the hub: somebody between two of them, who reads all that goes by and may change
 * it. Included after hubs.h. */
#ifndef TESTS_RELAY_H
#define TESTS_RELAY_H

#include "hubs.h"

enum { TO_SERVER, TO_CLIENT, WAYS };

struct relay {
	int listening;
	uint16_t port, target;
	int fds[WAYS]; /* where each way leads; -1: not connected */
	struct buf seen[WAYS];
	/* What goes on instead of `data`, into out; NULL: everything as it is. */
	void (*change)(int way, const char *data, size_t len, struct buf *out);
	bool cut; /* pass on no more, and say nothing of it */
};

static inline void
relay_open(struct relay *r, uint16_t target)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	*r = (struct relay){.target = target, .fds = {-1, -1}};
	buf_init(&r->seen[TO_SERVER], 64 << 20);
	buf_init(&r->seen[TO_CLIENT], 64 << 20);
	r->listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(r->listening, (const struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(r->listening, 1), 0);
	assert_int_equal(getsockname(r->listening, (struct sockaddr *)&at, &len), 0);
	r->port = ntohs(at.sin_port);
}

static inline void
relay_hang_up(struct relay *r)
{
	for (int way = 0; way < WAYS; way++) {
		if (r->fds[way] >= 0)
			close(r->fds[way]);
		r->fds[way] = -1;
	}
}

static inline void
relay_close(struct relay *r)
{
	relay_hang_up(r);
	close(r->listening);
	buf_finish(&r->seen[TO_SERVER]);
	buf_finish(&r->seen[TO_CLIENT]);
}

static inline void
relay_carry(struct relay *r, int way)
{
	char data[16384];
	struct buf out = BUF_INIT(1 << 20);
	ssize_t n = recv(r->fds[1 - way], data, sizeof(data), MSG_DONTWAIT);
	if (n <= 0) {
		if (n == 0 || errno != EAGAIN)
			relay_hang_up(r);
		return;
	}
	buf_add(&r->seen[way], data, (size_t)n);
	if (r->change)
		r->change(way, data, (size_t)n, &out);
	else
		buf_add(&out, data, (size_t)n);
	for (size_t done = 0; !r->cut && done < out.len;) {
		ssize_t sent = send(r->fds[way], out.data + done, out.len - done, MSG_NOSIGNAL);
		if (sent < 0)
			break;
		done += (size_t)sent;
	}
	buf_finish(&out);
}

static inline void
relay_turn(struct relay *r)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	    .sin_port = htons(r->target)};
	if (r->fds[TO_CLIENT] < 0 && r->listening >= 0) {
		r->fds[TO_CLIENT] = accept(r->listening, NULL, NULL);
		if (r->fds[TO_CLIENT] < 0)
			return;
		r->fds[TO_SERVER] = socket(AF_INET, SOCK_STREAM, 0);
		assert_int_equal(
		    connect(r->fds[TO_SERVER], (const struct sockaddr *)&at, sizeof(at)), 0);
	}
	for (int way = 0; way < WAYS && r->fds[way] >= 0; way++)
		relay_carry(r, way);
}

#define RUN_RELAYED(p, r, condition) \
	do { \
		while (!(condition) && !(p)->late) { \
			uv_run(&(p)->loop, UV_RUN_NOWAIT); \
			relay_turn(r); \
		} \
		assert_true(condition); \
	} while (0)

#endif
