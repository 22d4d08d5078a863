/* What the files of libearshot know of each other. Thread: that of the connection. */
#ifndef CLIENT_INTERNAL_H
#define CLIENT_INTERNAL_H

#include "base/buf.h"
#include "base/compiler.h"
#include "base/list.h"
#include "wire/frame.h"
#include "wire/value.h"
#include <earshot.h>

#include <stdbool.h>
#include <stdint.h>

enum { PENDING_BUCKETS = 256 };

struct pending {            /* a call that waits for its answer */
	struct list order;  /* in struct earshot, oldest first */
	struct list bucket; /* in struct earshot, by id */
	int64_t id;
	earshot_answer_fn *fn;
	void *ctx;
};

struct fd_batch { /* descriptors that travel with the byte at `at` of all that is ever sent */
	struct list node;
	uint64_t at;
	size_t count;
	int fds[EARSHOT_MAX_FDS];
};

struct earshot {
	int fd;
	int dead;        /* why nothing comes any more, 0: alive */
	bool write_dead; /* nothing goes out any more; what came in is still read */
	bool closing;
	unsigned depth; /* inside a callback if not 0 */
	bool *freed;    /* borrowed; set when this is freed, for a call that waits meanwhile */
	struct frame_reader in;
	struct buf line; /* the call being written */
	struct buf out;
	size_t sent;   /* bytes of out that are gone */
	uint64_t gone; /* all bytes ever sent */
	struct list batches;
	struct fd_batch *attached; /* owned; for the next call, or NULL */
	int64_t last_id;
	struct list order;
	struct list buckets[PENDING_BUCKETS];
	earshot_event_fn *on_event;
	void *event_ctx;
	int64_t cursor;  /* the last durable event that was dealt with, -1: none */
	char *last_word; /* owned; why the daemon cut us off, NULL: it did not */
	char version[64];
	int64_t pid;
};

static inline struct value *
inner(struct earshot_value *v)
{
	return (struct value *)v;
}

static inline const struct value *
inner_const(const struct earshot_value *v)
{
	return (const struct value *)v;
}

/* connection.c */

/* The library's codes for base's. */
int public_error(int err);
struct earshot *connection_create(int fd); /* moves fd, also on failure (NULL) */

/* Where the daemon listens: path, or what stands for NULL; a new string. usual: it is the place
 * where it listens unless it is told another. */
int socket_path(const char *path, char **out, bool *usual) MUST_USE;
/* A connected descriptor whose other end is this user's. Never blocks. */
int socket_open(const char *path, int *out) MUST_USE;
/* Nobody there, or one who was just leaving: worth another try while a daemon starts. */
bool may_come(int err);
struct earshot_value *hello_params(const char *client);
/* What the answer to hello comes to; remembers in c what the daemon said of itself. */
int hello_read(struct earshot *c, int err, const struct earshot_value *answer) MUST_USE;

/* error.c */

/* Adds to an error that came what earshot_error_message() says of it. */
void error_translate(struct value *error);

/* call.c */

void send_queued(struct earshot *c);
size_t unsent(const struct earshot *c);
/* Tells all who wait that there will be no answer. */
void fail_pending(struct earshot *c, int err);
void answer_pending(struct earshot *c, int64_t id, int err, const struct value *answer);

/* start.c */

/* Whether its key needs a passphrase. */
bool daemon_is_locked(void);

/* Starts the daemon, with `--socket path` if path is not NULL; it reads the passphrase of its key
 * from the descriptor (borrowed; -1: none). *alive: a descriptor that polls
 * POLLERR once it has ended; the caller's to close. */
int daemon_start(const char *path, int passphrase, int *alive) MUST_USE;

#endif
