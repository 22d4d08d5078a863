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
/* From now on new calls are refused: the daemon is stopping. Those unanswered go on. */
void ipc_server_refuse(struct ipc_server *s);
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
#define IPC_BUSY        "busy" /* a limit is reached */
#define IPC_INTERNAL    "internal"

/* Events. Topics: people, message, receipt, state, own, ... (docs/ipc.md). */
bool ipc_has_subscribers(const struct ipc_server *s, const char *topic);
/* Moves event; an object, to which "event": topic is added. Written once for all. */
void ipc_publish(struct ipc_server *s, const char *topic, struct value *event);

#endif
