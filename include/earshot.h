/* libearshot: talk to the Earshot daemon of this user. It carries calls, answers and events as
 * JSON values; which methods and events there are stands in docs/ipc.md.
 *
 * Threads: a connection and the values got from it belong to one thread at a time; nothing here
 * keeps global state, so several connections may live in several threads.
 * Blocking: earshot_connect(), earshot_call(), earshot_subscribe(), earshot_subscribe_since() and
 * earshot_wait() block, for the time they are given; nothing else does. A program with an event
 * loop of its own watches earshot_fd() for earshot_events() and calls earshot_dispatch(). Callbacks
 * run only inside earshot_dispatch(), earshot_wait(), earshot_call(), earshot_subscribe() and
 * earshot_subscribe_since(), on the calling thread. In a callback everything may be called except
 * the functions that block; earshot_close() too. Reconnecting is the caller's business: once a
 * function returned EARSHOT_ERR_CUT_OFF the connection is dead: ask earshot_cursor(), close it,
 * connect anew and go on from there with earshot_subscribe_since(). A program with an event loop
 * can leave that to a keeper (below), which never blocks. No signal is raised when the daemon goes
 * away (no SIGPIPE).
 * Language: sentences for people come in that of LC_MESSAGES, as the program has set it with
 * setlocale(), and in UTF-8 if LC_CTYPE is, or after bind_textdomain_codeset("earshot", "UTF-8").
 */
#ifndef EARSHOT_H
#define EARSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define EARSHOT_API __attribute__((visibility("default")))
#else
#define EARSHOT_API
#endif

/* What functions that return int return; 0 is success. */
enum earshot_error {
	EARSHOT_OK = 0,
	EARSHOT_ERR_MEMORY = -1,      /* out of memory */
	EARSHOT_ERR_INVALID = -2,     /* an argument makes no sense, or is not UTF-8 */
	EARSHOT_ERR_NOT_RUNNING = -3, /* no daemon answers on the socket */
	EARSHOT_ERR_START = -4,       /* the daemon could not be started, or did not come up */
	EARSHOT_ERR_REFUSED = -5,     /* the socket, or who listens there, is another user's */
	EARSHOT_ERR_PROTOCOL = -6,    /* the daemon is of a version this library cannot talk to */
	EARSHOT_ERR_CUT_OFF = -7,  /* the connection is gone: daemon stopped, or read too slowly */
	EARSHOT_ERR_TIMEOUT = -8,  /* no answer in time; a late one is dropped */
	EARSHOT_ERR_TOO_BIG = -9,  /* call over 1 MiB, or 8 MiB unsent */
	EARSHOT_ERR_FAILED = -10,  /* the daemon answered with an error: see the answer */
	EARSHOT_ERR_BUSY = -11,    /* a blocking function was called from a callback */
	EARSHOT_ERR_SYSTEM = -12,  /* the operating system failed us: see errno */
	EARSHOT_ERR_CROWDED = -13, /* the daemon serves too many programs already */
	EARSHOT_ERR_LOCKED =
	    -14, /* it cannot start: the passphrase of its key is missing or wrong */
};

/* One sentence for people, in their language; never NULL, static. */
EARSHOT_API const char *earshot_strerror(int err);

/* ---- values -------------------------------------------------------------------------------
 * JSON. Builders latch: NULL is accepted everywhere, and a failed allocation or text that is not
 * UTF-8 makes the call that is given the value fail. */
struct earshot_value;

EARSHOT_API struct earshot_value *earshot_value_object(void);
EARSHOT_API struct earshot_value *earshot_value_array(void);
EARSHOT_API void earshot_value_free(struct earshot_value *v);
/* The same value to keep beyond a callback; earshot_value_free() it. NULL gives NULL. */
EARSHOT_API struct earshot_value *earshot_value_ref(const struct earshot_value *v);

/* Setting NULL text sets nothing. Children are moved, also on failure. */
EARSHOT_API void earshot_value_set_str(struct earshot_value *o, const char *key, const char *text);
EARSHOT_API void earshot_value_set_int(struct earshot_value *o, const char *key, int64_t number);
EARSHOT_API void earshot_value_set_real(struct earshot_value *o, const char *key, double number);
EARSHOT_API void earshot_value_set_bool(struct earshot_value *o, const char *key, bool on);
EARSHOT_API void
earshot_value_set(struct earshot_value *o, const char *key, struct earshot_value *child);
EARSHOT_API void earshot_value_append(struct earshot_value *array, struct earshot_value *child);
EARSHOT_API void earshot_value_append_str(struct earshot_value *array, const char *text);

/* Absent, or of another kind, gives the fallback. Results live as long as v. */
EARSHOT_API const char *earshot_value_str(const struct earshot_value *v, const char *key);
EARSHOT_API int64_t earshot_value_int(
    const struct earshot_value *v, const char *key, int64_t fallback);
EARSHOT_API double
earshot_value_real(const struct earshot_value *v, const char *key, double fallback);
EARSHOT_API bool earshot_value_bool(const struct earshot_value *v, const char *key, bool fallback);
EARSHOT_API const struct earshot_value *
earshot_value_get(const struct earshot_value *v, const char *key);
EARSHOT_API bool earshot_value_has(const struct earshot_value *v, const char *key);
EARSHOT_API size_t earshot_value_count(const struct earshot_value *array);
EARSHOT_API const struct earshot_value *
earshot_value_at(const struct earshot_value *array, size_t i);
EARSHOT_API const char *earshot_value_as_str(const struct earshot_value *v);
EARSHOT_API int64_t earshot_value_as_int(const struct earshot_value *v, int64_t fallback);

/* One line of JSON, without line break, as a new string: free(). NULL: out of memory, over
 * 4 MiB, or a builder failed. */
EARSHOT_API char *earshot_value_write(const struct earshot_value *v);
/* One JSON object or array, by the rules of the socket (docs/ipc.md). */
EARSHOT_API int earshot_value_parse(const char *text, size_t len, struct earshot_value **out);

/* ---- connection --------------------------------------------------------------------------- */
struct earshot;

enum earshot_flags {
	EARSHOT_START = 1, /* start the daemon if none answers */
};

/* Blocks: connects, starts the daemon if asked to and waits until it answers (at most 5 s), and
 * says hello. path NULL: $EARSHOT_SOCKET, else where the daemon listens. client: what this
 * program calls itself. EARSHOT_START runs $EARSHOTD, else the earshotd beside this program,
 * else the one in PATH, in a session of its own, its output appended to earshotd.log in the
 * state folder; any number of clients may do so at once. With a path the daemon is given
 * `--socket path`. */
EARSHOT_API int
earshot_connect(const char *path, const char *client, unsigned flags, struct earshot **out);
/* The same, for a daemon whose key is locked (EARSHOT_ERR_LOCKED): if it has to be started it reads
 * the passphrase from this descriptor, to its end. The descriptor stays the caller's. -1: none. */
EARSHOT_API int earshot_connect_unlocking(
    const char *path, const char *client, unsigned flags, int passphrase_fd, struct earshot **out);
/* Calls that wait for an answer get EARSHOT_ERR_CUT_OFF, then c is freed: inside earshot_close(),
 * or, if that is called from a callback, when the function that runs the callback is about to
 * return EARSHOT_ERR_CUT_OFF. Accepts NULL. */
EARSHOT_API void earshot_close(struct earshot *c);

EARSHOT_API const char *earshot_daemon_version(const struct earshot *c); /* lives as long as c */
EARSHOT_API int64_t earshot_daemon_pid(const struct earshot *c);

/* ---- calls --------------------------------------------------------------------------------
 * params: an object, moved in any case; NULL for none. The answer is the result, or with
 * EARSHOT_ERR_FAILED the error: an object with "code", "message" and "data". */

/* Blocks until the answer is here or timeout_ms passed (-1: no limit). Events and answers to
 * other calls are delivered meanwhile. *answer is owned by the caller, NULL on other errors than
 * EARSHOT_ERR_FAILED; answer may be NULL. */
EARSHOT_API int earshot_call(struct earshot *c, const char *method, struct earshot_value *params,
    int timeout_ms, struct earshot_value **answer);

/* err: 0, EARSHOT_ERR_FAILED, or what ended the connection (EARSHOT_ERR_CUT_OFF mostly). answer
 * is borrowed: earshot_value_ref() to keep it; NULL when the connection ended. */
typedef void earshot_answer_fn(void *ctx, int err, const struct earshot_value *answer);

/* Sends, or queues what the socket does not take at once. fn runs exactly once if 0 is returned,
 * else never; fn NULL: sent without asking for an answer. */
EARSHOT_API int earshot_call_async(struct earshot *c, const char *method,
    struct earshot_value *params, earshot_answer_fn *fn, void *ctx);

/* Lets a descriptor travel with the next call, at most EARSHOT_MAX_FDS; moves it (it is closed
 * here when sent), also on failure. */
enum { EARSHOT_MAX_FDS = 16 };
EARSHOT_API int earshot_attach_fd(struct earshot *c, int fd);

/* The sentence to show for what a call returned, with or without an answer, in the language of the
 * program's locale when the answer came. Names in it are as they came: clean it before it is shown.
 * Never NULL; lives as long as the answer. */
EARSHOT_API const char *earshot_error_message(int err, const struct earshot_value *answer);
/* A text that the daemon tells in English and that docs/ipc.md calls translatable ("reason",
 * "cause", "problem"), in the language of the program's locale; as it is if it is not known. A new
 * string: free(). NULL only without memory, or for NULL. */
EARSHOT_API char *earshot_translate(const char *text);
/* "invalid", "unknown", "ambiguous", ... (docs/ipc.md); "" if the daemon gave none. */
EARSHOT_API const char *earshot_error_reason(const struct earshot_value *answer);
/* What the error carries besides ("candidates", ...); NULL if nothing. */
EARSHOT_API const struct earshot_value *earshot_error_data(const struct earshot_value *answer);

/* ---- events ------------------------------------------------------------------------------- */

/* topic is also event's member "event". event is borrowed. */
typedef void earshot_event_fn(void *ctx, const char *topic, const struct earshot_value *event);

/* Who gets the events; NULL: nobody. Alone it subscribes to nothing: for programs that call
 * "subscribe" themselves with earshot_call_async(). */
EARSHOT_API void earshot_set_event_handler(struct earshot *c, earshot_event_fn *fn, void *ctx);
/* Blocks: sets the handler and subscribes. topics: ends with NULL; NULL: all of them. */
EARSHOT_API int earshot_subscribe(
    struct earshot *c, const char *const *topics, earshot_event_fn *fn, void *ctx, int timeout_ms);
/* The same, but first every durable event of the topics that lies above a number is given to the
 * handler, then what happens: nothing is missed, nothing comes twice (docs/ipc.md, Cursors). Old
 * events may come before this returns, and go on to come after. The number is `since`, 0 or more;
 * or, if cursor is not NULL, what the daemon remembers under that name (method "cursor"), and
 * since is not looked at. answer (may be NULL): as with earshot_call(). It fails with reason
 * "invalid" and "last", the newest number, if there is no such number yet. */
EARSHOT_API int earshot_subscribe_since(struct earshot *c, const char *const *topics, int64_t since,
    const char *cursor, earshot_event_fn *fn, void *ctx, int timeout_ms,
    struct earshot_value **answer);
/* Where to go on from on the next connection: the number of the last durable event that the
 * handler has returned from, or the one earshot_subscribe_since() began at. -1: none yet. Of use
 * until earshot_close(), also after EARSHOT_ERR_CUT_OFF. */
EARSHOT_API int64_t earshot_cursor(const struct earshot *c);
/* The daemon's sentence when it cut this connection off: we read too slowly, say. NULL: it did
 * not, so if the connection is gone the daemon has ended. Lives as long as c. */
EARSHOT_API const char *earshot_cut_off_message(const struct earshot *c);

/* ---- event loop --------------------------------------------------------------------------- */

EARSHOT_API int earshot_fd(const struct earshot *c); /* borrowed; the same for c's whole life */
/* POLLIN, or POLLIN|POLLOUT while something is unsent. Ask again after every other function. */
EARSHOT_API short earshot_events(const struct earshot *c);
/* Never blocks: sends what is unsent, reads, runs callbacks; a bounded amount each time (the
 * descriptor stays readable if there is more). 0 or an error, after which c is dead. */
EARSHOT_API int earshot_dispatch(struct earshot *c);
/* Blocks until there is something to dispatch, dispatches once. 0, EARSHOT_ERR_TIMEOUT or as
 * earshot_dispatch(). -1: no limit. EINTR returns 0. */
EARSHOT_API int earshot_wait(struct earshot *c, int timeout_ms);

/* ---- a connection that keeps itself --------------------------------------------------------
 * For programs that run for long and must never wait: windows, terminals. A keeper connects,
 * subscribes, and when the daemon has gone connects again and goes on behind the last event it has
 * told. No function of it blocks. Its listener runs inside earshot_keeper_dispatch() alone, on the
 * calling thread, and may call everything but earshot_keeper_dispatch() and what blocks. */
struct earshot_keeper;

enum earshot_link {
	EARSHOT_LINK_CONNECTING, /* for the first time, or because it was asked to */
	EARSHOT_LINK_UP,
	EARSHOT_LINK_WAITING, /* not connected; tries again by itself, at once first, then more and
				 more rarely, at least every 30 s */
	EARSHOT_LINK_FAILED,  /* trying again by itself would not help: EARSHOT_ERR_REFUSED,
				 EARSHOT_ERR_PROTOCOL, EARSHOT_ERR_LOCKED, EARSHOT_ERR_INVALID */
};

/* Any may be NULL. */
struct earshot_keeper_listener {
	/* Another link, or another reason why it is not up (err: 0 while connecting or up). */
	void (*on_link)(void *ctx, enum earshot_link link, int err);
	/* Right after it is up: events may have been missed. The daemon's history was begun anew,
	 * or it has no log. */
	void (*on_missed)(void *ctx);
	/* As earshot_event_fn. Every durable event once, over all connections. */
	void (*on_event)(void *ctx, const char *topic, const struct earshot_value *event);
};

/* Connects once it is dispatched; flags as with earshot_connect(), but the daemon is started by the
 * first connection and by earshot_keeper_retry() alone: who stops a daemon means it. topics as with
 * earshot_subscribe(). since: the number of the last event that was dealt with; -1: what happens
 * from the first connection on. Listener and ctx are borrowed until earshot_keeper_close(), all
 * else is copied. */
EARSHOT_API int earshot_keeper_create(const char *path, const char *client, unsigned flags,
    const char *const *topics, int64_t since, const struct earshot_keeper_listener *l, void *ctx,
    struct earshot_keeper **out);
/* Calls that wait for an answer get EARSHOT_ERR_CUT_OFF, then k is freed: here, or, if called from
 * a callback, when earshot_keeper_dispatch() returns EARSHOT_ERR_CUT_OFF. Accepts NULL. */
EARSHOT_API void earshot_keeper_close(struct earshot_keeper *k);

/* Borrowed; the same for k's whole life. Readable (POLLIN) whenever there is something to
 * dispatch, be it that time has passed; while it is up and nothing happens it never is. */
EARSHOT_API int earshot_keeper_fd(const struct earshot_keeper *k);
/* A bounded amount each time. 0, or EARSHOT_ERR_CUT_OFF: a callback has closed k, which is gone.
 * EARSHOT_ERR_BUSY: it was called from a callback. */
EARSHOT_API int earshot_keeper_dispatch(struct earshot_keeper *k);
/* Connects now, and starts the daemon if that was wanted at first. Nothing happens while it is up.
 */
EARSHOT_API void earshot_keeper_retry(struct earshot_keeper *k);

EARSHOT_API enum earshot_link earshot_keeper_link(const struct earshot_keeper *k);
/* The last durable event that was told, or where it began; -1: not known yet. */
EARSHOT_API int64_t earshot_keeper_cursor(const struct earshot_keeper *k);
/* The newest number there was when this connection began: durable events up to it had happened
 * before. -1: not known. */
EARSHOT_API int64_t earshot_keeper_newest(const struct earshot_keeper *k);

/* As earshot_call_async() and earshot_attach_fd(). EARSHOT_ERR_NOT_RUNNING while it is not up. A
 * connection that ends answers with EARSHOT_ERR_CUT_OFF; calls are not repeated: it is not known
 * whether they were done (docs/ipc.md, `token`). */
EARSHOT_API int earshot_keeper_call(struct earshot_keeper *k, const char *method,
    struct earshot_value *params, earshot_answer_fn *fn, void *ctx);
EARSHOT_API int earshot_keeper_attach_fd(struct earshot_keeper *k, int fd);

#ifdef __cplusplus
}
#endif

#endif
