/* What the daemon and its porter say to each other: one request, one reply, each one packet of a
 * SOCK_SEQPACKET pair, with at most one descriptor. Both are one program, so structures go as they
 * are; the porter believes nothing of a request but its length. */
#ifndef TRANSFER_PORTER_WIRE_H
#define TRANSFER_PORTER_WIRE_H

#include "base/compiler.h"
#include "base/confine.h"
#include "base/limits.h"
#include "transfer/porter.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

enum porter_call {
	PORTER_GRANT, /* with a descriptor; flag: to receive in */
	PORTER_RECALL,
	PORTER_REVOKE,
	PORTER_KEEP, /* a: tokens, 32 digits each */
	PORTER_OPEN,
	PORTER_CREATE, /* flag: it exists */
	PORTER_MKDIR,
	PORTER_PLACE, /* a: the part, b: the name */
	PORTER_REMOVE,
	PORTER_SPACE,
	PORTER_SWEEP, /* a: ids, 32 digits each */
	PORTER_PATH,
	PORTER_MAKE, /* a: of each 'f' or 'd', its path, a NUL; numbers[0]: how many were made */
	PORTER_OPEN_BATCH, /* the same */
	PORTER_SETTING, /* a: the key, b: the value, flag: none; perhaps with a folder, instead of
			 * b; numbers[0]: the line, text: the value */
	PORTER_CALLS,
};

/* followed by a and b, each with a NUL that its length does not count */
struct porter_request {
	uint32_t serial;
	uint32_t call; /* enum porter_call */
	uint32_t flag;
	uint32_t a_len, b_len;
	char token[PORTER_TOKEN_SIZE];
};

enum { PORTER_TEXT_MAX = 4096 };

struct porter_reply {
	uint32_t serial;
	int32_t err;
	uint64_t numbers[2]; /* size and mtime, or free and total */
	uint32_t folder;
	uint32_t text_len;
	char text[PORTER_TEXT_MAX]; /* sent as far as it goes */
};

/* One way: a socket, served by a thread of its own in the porter. The first is for what must not
 * wait for slow calls. */
enum { PORTER_LANES = LIMIT_TRANSFERS_ACTIVE + 1, PORTER_QUICK = 0, PORTER_DIGITS = 32 };

/* Descriptors that go with a packet. */
struct porter_fds {
	size_t count;
	int list[PORTER_BATCH];
};
void porter_fds_close(struct porter_fds *f);

/* fds NULL: none; they stay the caller's. 0 or -errno; flags as for sendmsg(2). */
int porter_send(int sock, const struct iovec *parts, size_t count, const struct porter_fds *fds,
    int flags) MUST_USE;
/* Bytes received, 0 at the end, -errno; -EMFILE with all of the packet, but not all descriptors. */
ssize_t porter_receive(int sock, void *data, size_t size, struct porter_fds *fds) MUST_USE;

/* The child's own main function. folder: where grants are kept. Serves until the daemon closes its
 * ends. */
void porter_serve(const int socks[PORTER_LANES], const char *downloads, const char *folder,
    enum confine_mode mode, const struct porter_keeper *keeper);

#endif
