/* The discovery helper as the daemon sees it: always there, or on its way back. Starts it, reads
 * and writes its lines, and ends and restarts it when it exits, hangs, or says what cannot be
 * read. Knows no verb but hello, ping, pong and quit. Loop thread only. */
#ifndef DISCOVERY_HELPER_H
#define DISCOVERY_HELPER_H

#include "base/buf.h"
#include "base/compiler.h"
#include "mdns/protocol.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

struct helper;

/* Nothing here is called from inside a call to helper_*(), on_down apart: a full queue may end
 * the helper in helper_send(). */
struct helper_listener {
	void (*on_up)(void *ctx); /* it said hello, in our version */
	/* One line; not 0: it cannot be read, the helper is dropped. */
	int (*on_line)(void *ctx, struct protocol_line *line);
	/* It is gone, or could not be started (was_up false); a new start follows by itself. */
	void (*on_down)(void *ctx, bool was_up, const char *why);
};

/* How a helper comes to life; child.h starts the program, tests play it. */
struct helper_launcher {
	/* *fd: our end of a stream socket, the helper's own are its standard input and output;
	 * helper_exited() follows once for each start that succeeded, never from inside. */
	int (*start)(void *ctx, struct helper *h, bool embedded, int *fd, void **child);
	void (*kill)(void *child); /* SIGKILL; harmless after exit but before helper_exited() */
	pid_t (*pid)(const void *child);
	void *ctx; /* borrowed */
};

struct helper_times { /* ms */
	uint64_t ping_every, answer_within, quit_within;
	uint64_t restart_first, restart_most; /* the wait doubles from one to the other */
	uint64_t healthy_after;               /* up for so long: the wait starts anew */
	uint64_t embedded_for;                /* avahi-daemon hung: how long to do without */
};
extern const struct helper_times helper_default_times;

/* launcher's and l's contents are copied; ctx and launcher->ctx must outlive the closing. The
 * first start is made by the loop, soon. */
int helper_create(uv_loop_t *loop, const struct helper_launcher *launcher,
    const struct helper_times *times, const struct helper_listener *l, void *ctx,
    struct helper **out) MUST_USE;
/* Bids it to quit, and ends it if it does not; then frees and calls done. */
void helper_close(struct helper *h, void (*done)(void *ctx), void *ctx);

/* Sends whole lines, which move (line is empty after). -EPIPE: it is not up. */
int helper_send(struct helper *h, struct buf *line) MUST_USE;
/* Does it work through the system's avahi-daemon? Then a hang may be that one's fault, and the
 * next start is with --embedded. Taken for true until it says otherwise. */
void helper_uses_daemon(struct helper *h, bool uses_daemon);

uv_loop_t *helper_loop(const struct helper *h);
bool helper_is_up(const struct helper *h);
pid_t helper_pid(const struct helper *h); /* 0: none now */
unsigned helper_restarts(const struct helper *h);

void helper_exited(struct helper *h, int status, int signal); /* the launcher's alone */

#endif
