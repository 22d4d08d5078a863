/* The local socket: JSON-RPC 2.0, one object a line (docs/ipc.md). Serves a table of methods and
 * hands events to those who subscribed. Knows nothing of what the methods do. Loop thread only.
 *
 * A client that reads too slowly is cut off, never waited for. Only the socket's own user is
 * served (SO_PEERCRED). */
#ifndef IPC_IPC_H
#define IPC_IPC_H

#include "base/compiler.h"
#include "wire/value.h"

#include <stdbool.h>
#include <uv.h>

struct ipc_call;
struct ipc_server;

/* One method. The command line's help, completion and man-page check are made from it. */
struct ipc_method {
	const char *name;   /* as the command: "who", "peers.add" for `earshot peers add` */
	const char *params; /* names of its parameters, "peer text [wait]"; "" for none */
	const char *help;   /* one line */
	/* Answers now or later with ipc_reply() or ipc_fail(), exactly once, and returns 0; or
	 * returns an error, which then is the answer. */
	int (*call)(struct ipc_call *call);
};

int ipc_server_create(uv_loop_t *loop, struct ipc_server **out) MUST_USE;
/* Adds a table that ends with a zeroed entry; ctx is what ipc_ctx() gives its methods. */
int ipc_server_add(struct ipc_server *s, const struct ipc_method *table, void *ctx) MUST_USE;
/* Binds and listens. -EADDRINUSE: another daemon answers there. A socket file nobody answers on
 * is removed first; path.lock stays. fd >= 0: an already listening socket (systemd), moved, path
 * is not looked at and not removed. */
int ipc_server_listen(struct ipc_server *s, const char *path, int fd) MUST_USE;
/* Writes out what is queued (at most a second), closes, removes the socket file, frees; done (may
 * be NULL) comes from the loop. Calls still unanswered stay valid, their answers go nowhere. */
void ipc_server_close(struct ipc_server *s, void (*done)(void *ctx), void *ctx);
/* From now on new calls are refused: the daemon is stopping. Those unanswered go on. The source of
 * the log is not called any more. */
void ipc_server_refuse(struct ipc_server *s);
/* What has few methods as yet says of all others that the key is locked. */
void ipc_server_lock(struct ipc_server *s);
size_t ipc_server_clients(const struct ipc_server *s);

void *ipc_ctx(const struct ipc_call *call);
/* An object; NULL, which reads as an empty one, if the call brought none. */
const struct value *ipc_params(const struct ipc_call *call);
/* The next descriptor that came with the call, moved; -ENOENT: no more. Those not taken are
 * closed with the call. */
int ipc_take_fd(struct ipc_call *call) MUST_USE;
/* The answer; moves result (NULL: an empty object). The client may have left: then nothing. */
void ipc_reply(struct ipc_call *call, struct value *result);
/* An error with one sentence for people. `reason` is machine readable (table below). */
void ipc_fail(struct ipc_call *call, const char *reason, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* The same with more data, e.g. {"candidates": [...]}; moves data. */
void ipc_fail_data(struct ipc_call *call, const char *reason, struct value *data, const char *fmt,
    ...) PRINTF_LIKE(4, 5);

#define IPC_INVALID     "invalid"     /* a parameter is missing or makes no sense */
#define IPC_UNKNOWN     "unknown"     /* nobody of that name */
#define IPC_AMBIGUOUS   "ambiguous"   /* several people match; data.candidates */
#define IPC_ABSENT      "absent"      /* the person is not here */
#define IPC_UNREACHABLE "unreachable" /* announced, but does not answer */
#define IPC_UNSUPPORTED "unsupported" /* the other client cannot do it */
#define IPC_TIMEOUT     "timeout"
#define IPC_BUSY        "busy"   /* a limit is reached */
#define IPC_LATE        "late"   /* it cannot be cancelled any more */
#define IPC_DISK        "disk"   /* it cannot be kept; nothing was done */
#define IPC_TRUST       "trust"  /* not to this person: blocked, changed, or in plain */
#define IPC_LOCKED      "locked" /* the passphrase is missing or wrong */
#define IPC_POLICY      "policy" /* the setting is locked */
#define IPC_INTERNAL    "internal"

/* Events. Topics: people, message, receipt, state, own, ... (docs/ipc.md). */
bool ipc_has_subscribers(const struct ipc_server *s, const char *topic);
/* Moves event; an object, to which "event": topic is added. Written once for all. */
void ipc_publish(struct ipc_server *s, const char *topic, struct value *event);

/* ---- durable events -----------------------------------------------------------------------
 * They have numbers, which grow, and are kept in a log that somebody else has: the source. A client
 * that says since which number it wants them is first told what the log holds, a page at a time
 * and never more than it reads, then what is published.
 *
 * What was published before a page is asked for must be in it. Nothing is expected of the order
 * of a page that is asked for and what is published meanwhile. */

/* As ipc_publish(), with "number" added too. To those who are still being told what the log holds
 * it comes from there. An event must be in the log before it is published. */
void
ipc_publish_numbered(struct ipc_server *s, const char *topic, int64_t number, struct value *event);

struct ipc_log_ask; /* a question to the source; answered exactly once, now or later */

struct ipc_log_event {
	const char *topic;   /* static */
	int64_t number;      /* above 0 */
	struct value *event; /* owned; as for ipc_publish_numbered() */
};

struct ipc_log_source {
	/* Wanted: what is remembered under the name (NULL: nothing, only the newest number is
	 * wanted). The name lives until the answer, ipc_log_place(). */
	void (*place)(void *ctx, struct ipc_log_ask *ask, const char *name);
	/* Wanted: the events above `since`, in order, at most `limit`: fewer if they are big. The
	 * answer is ipc_log_page(). */
	void (*read)(void *ctx, struct ipc_log_ask *ask, int64_t since, size_t limit);
	/* Topics have gained or lost subscribers: ipc_has_subscribers() tells. The first one's
	 * subscription is not answered before this returns. May be NULL. */
	void (*on_topics)(void *ctx);
};
/* Before ipc_server_listen(); borrowed. Without it nobody can subscribe since a number. */
void ipc_set_log(struct ipc_server *s, const struct ipc_log_source *source, void *ctx);

/* False: the client would not be told events of this topic, so they may be left out. */
bool ipc_log_wants(const struct ipc_log_ask *ask, const char *topic);
/* number 0: the name was never set. last: the newest number, 0: none. */
void ipc_log_place(struct ipc_log_ask *ask, int64_t number, int64_t last);
/* Moves the events, not the array. Everything up to `upto` is in it; more: there are others, so
 * upto is above what was asked for. */
void ipc_log_page(struct ipc_log_ask *ask, const struct ipc_log_event *events, size_t count,
    int64_t upto, bool more);
void ipc_log_fail(struct ipc_log_ask *ask, int err);

#endif
