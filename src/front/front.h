/* What a window shows, kept up to date: the connection, us, the people, what was said with each,
 * the files. Terminal UI and tray draw from it and act through it; it draws nothing itself, knows
 * no terminal and no GTK, and reaches the daemon through libearshot alone. It heals by itself: the
 * daemon may end and come back at any time.
 *
 * Text in here is clean (base/text.h) and may be shown as it is. Structs belong to the front and
 * live until the listener has been told that they go; nobody else writes to them.
 * One thread; listeners run inside front_dispatch() alone, and may call anything here but
 * front_dispatch() and front_close(). */
#ifndef FRONT_FRONT_H
#define FRONT_FRONT_H

#include "base/compiler.h"

#include <earshot.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct front;

enum front_link { FRONT_CONNECTING, FRONT_UP, FRONT_DOWN };

/* How far a message of ours has come; of one of theirs, whether it was seen. */
enum front_mark {
	FRONT_SENDING, /* the daemon has not answered yet */
	FRONT_QUEUED,
	FRONT_HANDED_OVER,
	FRONT_DELIVERED,
	FRONT_READ,
	FRONT_FAILED,
	FRONT_CANCELLED,
	FRONT_UNREAD,
	FRONT_SEEN,
};

enum front_presence { FRONT_ANSWERED, FRONT_ANNOUNCED, FRONT_SILENT, FRONT_GONE };

struct front_message {
	int64_t number; /* in the daemon's log; 0 while FRONT_SENDING */
	int64_t time;   /* ms since 1970: when it was said */
	bool ours;
	bool action; /* /me */
	bool file;   /* text is the name of a file, id the `transfer` of a front_file */
	bool edited;
	bool retracted;
	enum front_mark mark;
	const char *id;    /* NOT clean, never shown; empty while FRONT_SENDING */
	const char *text;  /* lines with \n between */
	const char *reply; /* id of the message it answers, NOT clean; NULL if none */
	const char *reply_text;
	const char *reason;    /* NULL, or why it failed */
	const char *trust;     /* in the other when it was said (docs/ipc.md: trust) */
	const char *reactions; /* "👍 ❤": of both sides, ours in brackets; NULL if none */
	unsigned version;      /* another one after every change: to keep layouts by */
};

struct front_person {
	const char *name;    /* instance name: what the daemon calls them; NOT clean, never shown */
	const char *shown;   /* the same, clean */
	const char *display; /* what to show */
	const char *status;  /* available, away, dnd; "" if not known */
	const char *text;    /* status line, "" if none */
	const char *trust;   /* word of docs/ipc.md */
	const char *client;  /* "Earshot", ... */
	const char *looks_like; /* NULL, or the display of who they could be taken for */
	enum front_presence presence;
	uint64_t seen_at; /* clock_now() of the last evidence; 0: not known */
	int64_t last;     /* ms since 1970 of the last message; 0: none */
	unsigned unread;
	unsigned queued; /* ours, that wait */
	bool typing;
	bool blocked;
	bool is_encrypted; /* what is said to them goes to a key */
	const struct earshot_value
	    *info; /* as docs/ipc.md: person; NULL: not met, only talked with */
	/* the conversation, oldest first; empty until front_open() */
	struct front_message **messages;
	size_t count;
	bool opened;  /* front_open() was called */
	bool loading; /* older ones are on their way */
	bool whole;   /* there are no older ones */
	void *user;   /* the listener's own */
};

/* A file on its way or over; info is docs/ipc.md: file. */
struct front_file {
	const char *id;       /* "f3" */
	const char *transfer; /* id of the message that tells of it */
	const char *peer;     /* instance name, not clean */
	const struct earshot_value *info;
	void *user;
};

/* Any may be NULL. */
struct front_listener {
	/* Up, down or trying; sentence for people, NULL while up. */
	void (*on_link)(void *ctx, enum front_link link, const char *sentence);
	/* The order or the members of front_people() are others. */
	void (*on_people)(void *ctx);
	/* Something about one of them is another: words, unread, typing. */
	void (*on_person)(void *ctx, struct front_person *p);
	/* They go: the pointer is dead afterwards. */
	void (*on_person_gone)(void *ctx, struct front_person *p);
	/* at: index in p->messages. A new one came to this place. */
	void (*on_message)(void *ctx, struct front_person *p, size_t at);
	void (*on_message_changed)(void *ctx, struct front_person *p, size_t at);
	/* All of the conversation is another: `added` older ones came to its front, or (added 0)
	 * messages were forgotten or loaded anew. Pointers to messages from before are dead if
	 * added is 0. */
	void (*on_history)(void *ctx, struct front_person *p, size_t added);
	/* The oldest `gone` messages are about to go, for there are too many. NULL: on_history() is
	 * called afterwards, with 0. */
	void (*on_trimmed)(void *ctx, struct front_person *p, size_t gone);
	/* Somebody said something just now that deserves a notice. m is in p->messages if p is
	 * opened, and else lives only now. */
	void (*on_notice)(void *ctx, struct front_person *p, const struct front_message *m);
	/* A file is new or another; progress: only done, rate and left are. */
	void (*on_file)(void *ctx, struct front_file *f, bool progress);
	void (*on_file_gone)(void *ctx, struct front_file *f);
	void (*on_own)(void *ctx, const struct earshot_value *own);
	void (*on_attention)(void *ctx, struct front_person *p);
	/* docs/ipc.md: comparison, introduction, state, trust as they come */
	void (*on_event)(void *ctx, const char *topic, const struct earshot_value *event);
	/* What was asked for here cannot be done: one sentence. about: NULL, or the person. */
	void (*on_refusal)(void *ctx, struct front_person *about, const char *sentence);
};

/* Connects, starting the daemon if need be. path: NULL, or the socket. client: what this program
 * calls itself. Listener and ctx are borrowed until front_close(). */
int front_create(const char *path, const char *client, const struct front_listener *l, void *ctx,
    struct front **out) MUST_USE;
void front_close(struct front *f);

/* One descriptor for its whole life: readable when front_dispatch() has something to do, be it that
 * time has passed. Nothing else wakes the program. */
int front_fd(const struct front *f);
void front_dispatch(struct front *f);

enum front_link front_link_state(const struct front *f);
const char *front_link_sentence(const struct front *f); /* NULL while up */
/* Does not wait for the next try. */
void front_retry(struct front *f);

const struct earshot_value *front_own(const struct front *f);   /* NULL: not known yet */
const struct earshot_value *front_state(const struct front *f); /* docs/ipc.md: state; NULL */
/* Talked with lately and here first, then who is here, then the others. */
struct front_person *const *front_people(const struct front *f, size_t *count);
struct front_person *front_find(const struct front *f, const char *name); /* instance name */
struct front_file *const *front_files(const struct front *f, size_t *count);
struct front_file *front_file_find(const struct front *f, const char *id);
/* The file that a message tells of; NULL if it is not known any more. */
struct front_file *
front_file_of(const struct front *f, const struct front_person *p, const struct front_message *m);
unsigned front_unread(const struct front *f);    /* of all */
unsigned front_file_asks(const struct front *f); /* files that wait for an answer of ours */

/* ---- what one can do; refusals come to on_refusal ---- */

/* Loads the newest page of the conversation, once, and keeps it up to date from then on. */
void front_open(struct front *f, struct front_person *p);
/* Loads the page before. */
void front_older(struct front *f, struct front_person *p);
/* Lets go of all but the newest page, in the next front_dispatch(). */
void front_trim(struct front *f, struct front_person *p);
/* The next front_dispatch(), which is due at once, puts it into p->messages, FRONT_SENDING, and
 * tells so by on_message; it opens p. reply: NULL, or a message. Said once, whatever becomes of the
 * connection. */
void front_say(
    struct front *f, struct front_person *p, const char *text, const struct front_message *reply);
void front_edit(
    struct front *f, struct front_person *p, const struct front_message *m, const char *text);
void front_retract(struct front *f, struct front_person *p, const struct front_message *m);
/* reactions: emoji with blanks between; "" takes ours back. */
void front_react(
    struct front *f, struct front_person *p, const struct front_message *m, const char *reactions);
/* What waits to be sent is not. */
void front_cancel(struct front *f, struct front_person *p, const struct front_message *m);
/* All that they said has been seen. Does nothing if nothing is unread. */
void front_seen(struct front *f, struct front_person *p);
/* The line being typed has changed: tells the other as XEP-0085 wants it, pauses by itself. */
void front_typing(struct front *f, struct front_person *p, bool has_text);
/* fd moves: a file or folder opened for reading. name: NULL: its own. */
void front_send_file(struct front *f, struct front_person *p, int fd, const char *name);

/* Any other method. fn (may be NULL: errors go to on_refusal) runs once, unless front_close() came
 * before. params move. */
typedef void front_answer_fn(void *ctx, int err, const struct earshot_value *answer);
void front_call(struct front *f, const char *method, struct earshot_value *params,
    front_answer_fn *fn, void *ctx);
/* The same with a descriptor, which moves. */
void front_call_fd(struct front *f, const char *method, struct earshot_value *params, int fd,
    front_answer_fn *fn, void *ctx);

#endif
