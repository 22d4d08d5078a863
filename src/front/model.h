/* What the files of the model know of each other. front.c holds it together, calls.c asks the
 * daemon, load.c fetches the whole, events.c keeps it up to date; people.c, files.c,
 * conversation.c and message.c keep its parts, say.c and typing.c do what one can do. */
#ifndef FRONT_MODEL_H
#define FRONT_MODEL_H

#include "base/buf.h"
#include "base/list.h"
#include "base/map.h"
#include "base/random.h"
#include "front/front.h"

enum {
	PAGE = 100,         /* messages asked for at once */
	KEPT_MOST = 4000,   /* messages kept of an opened conversation; then ... */
	KEPT_LEAST = 3000,  /* ... the oldest go, down to this */
	OLDER_MOST = 20000, /* those kept of one that somebody looks far back in */
	SCRATCH_MAX = 8 << 20,
};

/* ---- one message (message.c) ---- */

enum word {
	WORD_ID,
	WORD_TEXT,
	WORD_REPLY,
	WORD_REPLY_TEXT,
	WORD_REASON,
	WORD_TRUST,
	WORD_THEIRS, /* reactions of theirs, of ours */
	WORD_OURS,
	WORD_COUNT,
};

struct message {
	struct front_message m; /* first: the listener's pointer */
	int64_t place;          /* what it is sorted by */
	char *block;            /* owned; holds all its words */
	const char *theirs, *ours;
	char token[RANDOM_ID_SIZE]; /* of what the daemon has not answered for; else empty */
};

static inline struct message *
message_of(struct front_message *m)
{
	return container_of(m, struct message, m);
}

/* Words being put together for a message; the last one put counts. */
struct draft {
	struct buf *b; /* borrowed */
	size_t at[WORD_COUNT];
};

void draft_begin(struct draft *d, struct buf *scratch);
void draft_keep(struct draft *d, const struct message *m); /* all that it has */
void draft_raw(struct draft *d, enum word word, const char *text);
void draft_name(struct draft *d, enum word word, const char *text); /* one line */
void draft_body(struct draft *d, enum word word, const char *text); /* lines */
void draft_quote(struct draft *d, const char *text); /* the beginning of what is answered */
void draft_reactions(struct draft *d, enum word word, const struct earshot_value *all);
/* Gives them to m. 0, or -ENOMEM with m unchanged. */
int draft_finish(struct draft *d, struct message *m) MUST_USE;

/* All of it, as docs/ipc.md: message has it. 0 or -ENOMEM. */
int message_read(struct message *m, const struct earshot_value *v, struct buf *scratch) MUST_USE;
enum front_mark mark_of(const char *state);
void message_finish(struct message *m); /* its words; accepts zeroed */
void message_free(struct message *m);

/* ---- people (people.c) ---- */

struct person {
	struct front_person p;      /* first: the listener's pointer */
	struct front *f;            /* borrowed */
	struct earshot_value *info; /* owned; the same as p.info */
	/* conversation.c */
	struct map ids; /* direction and id to message */
	size_t cap;
	size_t most;        /* messages that are kept */
	unsigned page;      /* which answer of the daemon is waited for; others are too late */
	bool loaded;        /* the newest page was fetched */
	bool fetching;      /* the newest page is on its way */
	int64_t asked_from; /* the newest number there was then */
	unsigned waiting;   /* messages of ours that the daemon has not answered for */
	struct held *held, **held_end; /* owned; events that may be about these, a queue */
	size_t held_count;
	/* load.c */
	unsigned met, talked; /* the load that told of them, of their conversation */
	uint64_t touched;     /* when an event last changed what is counted */
	bool told_old;        /* one notice of what came while we were away is enough */
	/* typing.c; on lists of the front while it is so */
	struct list typing, composing;
	uint64_t typing_until, key_at; /* ms */
	/* say.c */
	bool seeing, see_again; /* "seen" is on its way; what came since was seen, too */
	struct list changed;    /* on the front's list: on_person has to be told */
};

static inline struct person *
person_of(struct front_person *p)
{
	return container_of(p, struct person, p);
}

struct person *person_find(const struct front *f, const char *name); /* NULL */
/* Finds, or makes one who is gone, by what an event says of them. NULL: out of memory. */
struct person *person_meet(struct front *f, const struct earshot_value *event);
/* As docs/ipc.md: person has it. NULL: out of memory. */
struct person *person_update(struct front *f, const struct earshot_value *info);
void person_gone(struct person *p); /* not here any more */
void person_trust(struct person *p, const char *trust);
void person_changed(struct person *p); /* on_person follows */
void person_remove(struct person *p);
void people_finish(struct front *f);
/* Of those who are gone, and were never talked with, the oldest are forgotten. */
void people_limit(struct front *f);
void people_sort(struct front *f);

/* ---- conversations (conversation.c) ---- */

struct message *conversation_find(struct person *p, bool ours, const char *id);
/* Moves m. -1: out of memory, m is freed; else its place. */
int64_t conversation_insert(struct person *p, struct message *m);
struct message *conversation_number(const struct person *p, int64_t number);
int64_t conversation_newest(const struct person *p); /* the highest number; 0: none */
void conversation_remove(struct person *p, struct message *m);
size_t conversation_index(const struct person *p, const struct message *m);
/* m is there already; its id or place is another now. Tells the listener. */
void conversation_moved(struct person *p, struct message *m, int64_t place, bool id_is_new);
/* A message as the daemon tells of it: new or not. true: it is new. */
bool conversation_take(struct person *p, const struct earshot_value *v);
void conversation_tell(struct person *p, const struct message *m); /* it has changed */
void conversation_fetch(struct person *p);                         /* the newest page, anew */
void conversation_trim(struct person *p, size_t most);
void conversation_finish(struct person *p);

/* ---- files (files.c) ---- */

void file_update(struct front *f, const struct earshot_value *info);
void file_progress(struct front *f, const struct earshot_value *event);
void files_loaded(struct front *f, const struct earshot_value *answer);
void files_finish(struct front *f);

/* ---- the whole (load.c, events.c) ---- */

void load_all(struct front *f);    /* the connection is up */
void load_counts(struct front *f); /* soon: what is unread, what waits */
void load_due(struct front *f, uint64_t now);
void touch(struct person *p); /* an event has changed what is counted */
void own_take(struct front *f, const struct earshot_value *event);
void state_take(struct front *f, const struct earshot_value *event);
void event_take(struct front *f, const char *topic, const struct earshot_value *event);
/* All that the daemon was asked to say to them is answered: what waited for that can be told. */
void events_release(struct person *p);
void events_forget(struct person *p);

/* ---- asking (calls.c) ---- */

/* p: NULL, or whom it was asked about, if they are still known. */
typedef void ask_fn(struct front *f, struct person *p, uint64_t number, int err,
    const struct earshot_value *answer);
/* fn does not run if an error is returned, or after front_close(). params move. */
int ask(struct front *f, const char *method, struct earshot_value *params, ask_fn *fn,
    const struct person *about, uint64_t number);
/* What must be done once whatever becomes of the connection: repeated until there is an answer. fn
 * gets no error that a connection makes. params move. An error was told; fn does not run then. */
typedef void
kept_fn(struct person *p, const char *token, int err, const struct earshot_value *answer);
int keep_asking(struct person *p, const char *method, struct earshot_value *params,
    const char *token, kept_fn *fn);
/* Not sent yet, and now it never will be: true. */
bool kept_drop(struct front *f, const char *token);
void kept_send(struct front *f); /* what is not on its way */
/* The next dispatch tells it. */
void refuse(struct front *f, const struct person *about, const char *sentence);
void refuse_error(
    struct front *f, const struct person *about, int err, const struct earshot_value *answer);
/* The next dispatch runs fn, if the person is still known; arg moves. */
typedef void later_fn(struct person *p, void *arg);
int later(struct person *p, later_fn *fn, void *arg, void (*arg_free)(void *arg)) MUST_USE;
void later_due(struct front *f);
void calls_finish(struct front *f);
struct earshot_value *params_of(const struct person *p); /* "peer" */

void seen_repeat(struct front *f); /* say.c: what could not be told before */

/* ---- typing (typing.c) ---- */

void typing_take(struct person *p, const char *state);
void typing_ended(struct person *p); /* they said something, or are gone */
void typing_said(struct person *p);  /* we did */
void typing_due(struct front *f, uint64_t now);
void typing_stop(struct person *p);

/* ---- front.c ---- */

struct front {
	const struct front_listener *l; /* borrowed */
	void *ctx;
	struct earshot_keeper *keeper; /* owned */
	int poll, timer;               /* owned */
	uint64_t timer_at;             /* ms; UINT64_MAX: it is off */
	bool closing;
	bool up; /* calls go out */
	enum front_link link;
	char *sentence;                    /* owned */
	struct earshot_value *own, *state; /* owned */
	struct buf scratch;
	struct map people;           /* owned */
	struct front_person **order; /* owned; the same people, sorted */
	size_t order_count, order_cap;
	bool unsorted, members; /* the order may be another; there are others */
	struct list changed;
	size_t strangers;               /* who are gone and were never talked with */
	struct map files, transfers;    /* owned; by id, and by what the message has */
	struct front_file **file_order; /* owned */
	size_t file_count, file_cap;
	struct list typing, composing;
	/* load.c */
	unsigned load;      /* counts connections */
	unsigned load_left; /* answers that are still to come before people can be compared */
	unsigned talks;     /* counts answers that told of all conversations */
	bool load_partial;  /* the list of people was cut short */
	bool counting;      /* the conversations are on their way */
	uint64_t touches, touches_asked;
	uint64_t count_at; /* ms; when to ask for them; 0: they are right */
	uint64_t up_at;    /* ms */
	int64_t newest;    /* durable events up to this one are old */
	/* calls.c */
	struct list kept;
	size_t kept_count;
	bool kept_unsent;
	struct list later; /* answers that cannot come any more */
};

/* front_dispatch() is to be called then. */
void wake_at(struct front *f, uint64_t ms);

/* Tells the listener, who is not told of anything while the front is closed. */
#define TELL(front, function, ...) \
	do { \
		if ((front)->l->function && !(front)->closing) \
			(front)->l->function((front)->ctx, __VA_ARGS__); \
	} while (0)

/* Texts that are never NULL: owned, or the one empty text. */
void words_free(const char *text);
void words_take(const char **slot, char *text);       /* moves; NULL: empty */
void words_clean(const char **slot, const char *raw); /* one line; NULL: empty */
void words_copy(const char **slot, const char *raw);  /* as it is */
extern const char words_none[1];

#endif
