/* What the files of ipc/ know of each other. Loop thread only. */
#ifndef IPC_INTERNAL_H
#define IPC_INTERNAL_H

#include "base/buf.h"
#include "base/limits.h"
#include "base/list.h"
#include "base/map.h"
#include "ipc/ipc.h"
#include "wire/frame.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

struct method_table {
	struct list node;
	const struct ipc_method *methods; /* borrowed; ends with a zeroed entry */
	void *ctx;
};

struct ipc_server {
	uv_loop_t *loop;  /* borrowed */
	uv_poll_t accept; /* active while listening */
	uv_idle_t turn;   /* active while a client has work: once round the loop, then again */
	uv_timer_t timer; /* accepting again after EMFILE; the last second when closing */
	uv_timer_t cut;   /* active while a client that was cut off has something to read */
	unsigned handles; /* initialised and not yet closed, the clients' included */
	int listen_fd;    /* owned, -1: none */
	int lock_fd;      /* owned, -1: none; locked as long as we serve */
	char *path;       /* owned; NULL: the socket file is not ours */
	uid_t uid;        /* whom we serve */
	bool closing;
	bool refusing;       /* new calls */
	bool locked;         /* methods that are not there are so because the key is locked */
	bool topics_dropped; /* by one that left; the source is still to be told */
	uint64_t patience;   /* ms for clients that were cut off */
	void (*done)(void *ctx);
	void *done_ctx;
	struct list clients;              /* those that are closing too */
	size_t client_count;              /* without those */
	struct list tables;               /* struct method_table */
	struct map methods;               /* name -> struct method */
	struct buf line;                  /* the line being written; for all clients at once */
	int64_t published;                /* the highest number of an event published, 0: none */
	const struct ipc_log_source *log; /* borrowed; NULL: there is none (any more) */
	void *log_ctx;
};

struct method {
	const struct ipc_method *def;
	void *ctx;
};

/* Telling one client what is in the log. While it is on, events that are published with a number
 * pass it by: they are in the log, too. */
struct replay {
	bool on;
	bool held; /* a page is here, told up to `next` */
	bool more; /* the page's */
	int64_t upto;
	int64_t published;            /* the server's, when the page was asked for */
	struct ipc_log_event *events; /* owned */
	size_t next, count;
	struct ipc_log_ask *asked; /* borrowed: a page on its way, perhaps for an earlier replay */
};

struct ipc_client {
	struct list node;
	struct ipc_server *server;
	uv_poll_t poll;
	int fd;
	int watched;  /* what poll waits for: UV_READABLE, UV_WRITABLE */
	bool greeted; /* said hello */
	bool at_end;  /* nothing more is read: it ended, or cannot be understood */
	bool cut;     /* what is queued is its last, what it says is thrown away */
	bool placing; /* a subscription waits for the log; calls behind it wait, too */
	bool blocked; /* the socket took less than we had */
	bool direct;  /* something went out at once in this turn already */
	bool closing;
	struct frame_reader in;
	struct buf out;
	size_t sent;       /* bytes of out that are already gone */
	struct list calls; /* unanswered */
	size_t call_count, call_bytes;
	int fds[2 * LIMIT_CALL_FDS]; /* came, not yet claimed by a call: those of the line that is
					being received, and those of the read that ends it */
	size_t fd_count;
	bool all_topics;
	size_t topic_count;
	char topics[LIMIT_CLIENT_TOPICS][LIMIT_TOPIC + 1];
	int64_t place; /* in the log: the last number queued for it, or where it began; -1: none */
	struct replay replay;
	uint64_t cut_until; /* of the loop's clock */
};

struct ipc_call {
	struct list node;
	struct ipc_client *client; /* NULL: it has left */
	void *ctx;
	struct value *message;      /* owned: the call as it came */
	const struct value *id;     /* in message; NULL: nobody waits for an answer */
	const struct value *params; /* in message, or NULL */
	size_t bytes;
	int fds[LIMIT_CALL_FDS];
	size_t fd_count, fd_next;
};

/* socket.c */

/* A listening socket at path and the lock that goes with it; -EADDRINUSE: another answers. */
int socket_listen(const char *path, int *fd, int *lock_fd) MUST_USE;
int socket_check_listening(int fd) MUST_USE; /* one that systemd handed over */
int socket_peer_uid(int fd, uid_t *out) MUST_USE;

/* client.c */

int client_create(struct ipc_server *s, int fd) MUST_USE; /* moves fd, also on failure */
void client_close(struct ipc_client *c);
/* One turn: calls that are here already, then what is to be written. True: there is more. */
bool client_turn(struct ipc_client *c);
/* Queues s->line, which was just written and has not failed. False: not, the client is cut off. */
bool client_send_line(struct ipc_client *c);
/* Nothing comes after what is queued but the sentence and the client's place in the log. */
void client_cut(struct ipc_client *c, const char *sentence);
size_t client_unsent(const struct ipc_client *c);

/* subscribe.c */

int call_subscribe(struct ipc_call *call);
int call_unsubscribe(struct ipc_call *call);
bool client_wants(const struct ipc_client *c, const char *topic);
void client_drop_topics(struct ipc_client *c);

/* replay.c */

/* Asks for the place a subscription begins at; subscribe_at() or subscribe_fail() follows. */
void log_ask_place(struct ipc_call *call, const char *name);
void subscribe_at(struct ipc_call *call, int64_t number, int64_t last);
void subscribe_fail(struct ipc_call *call, int err);

void replay_start(struct ipc_client *c, int64_t since); /* instead of the one that runs */
void replay_stop(struct ipc_client *c);
void replay_step(struct ipc_client *c);        /* queues what may be queued now */
bool replay_ready(const struct ipc_client *c); /* replay_step() would do something */

/* call.c */

/* Runs what message asks for; moves message. */
void call_run(struct ipc_client *c, struct value *message, size_t bytes);
void call_drop_all(struct ipc_client *c); /* the client leaves */

/* server.c */

void server_wake(struct ipc_server *s);      /* a turn for every client, soon */
void server_await_cut(struct ipc_server *s); /* closes those whose time is over, when it is */
void server_handle_closed(struct ipc_server *s);

/* builtin.c */

extern const struct ipc_method builtin_methods[];

struct ipc_client *call_client(struct ipc_call *call);

#endif
