/* A conversation in the terminal, shared by `chat` and `session`: session.c holds it together,
 * session_show.c shows what happens, session_command.c does what is typed. Every call to the
 * daemon is asynchronous: what others say appears while it is on its way. */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include "cli/cli.h"
#include "cli/editor.h"

#include <stdint.h>

enum {
	SESSION_SENT = 64, /* own messages whose receipts are looked for */
	SESSION_ID = 128,
	SESSION_NAME = 256,
	SESSION_NOTICE = 1024,
};

/* A message of ours, until 63 others followed it. */
struct sent {
	char *text;          /* owned; as typed */
	char id[SESSION_ID]; /* empty until the daemon has given it one */
	char peer[SESSION_NAME];
	uint64_t row;     /* row of the transcript where it begins */
	unsigned resizes; /* editor_resizes() then */
	uint64_t number;  /* 0: slot unused */
	bool shown;       /* it stands in the transcript */
};

struct session {
	struct cli *c;
	struct editor *editor;
	char peer[SESSION_NAME];     /* instance name of who is talked to; empty: nobody yet */
	char display[SESSION_NAME];  /* the same for people, clean */
	char notice[SESSION_NOTICE]; /* what was last shown about the person's state */
	char other[SESSION_NAME];    /* the last other one whom it was said how to answer */
	struct earshot_value *who;   /* owned; the last list shown: numbers choose from it */
	struct sent sent[SESSION_SENT];
	uint64_t sent_count;
	uint64_t rows;         /* of the transcript so far */
	uint64_t key_at;       /* ms; last change of the line, for typing notices */
	uint64_t their_key_at; /* ms; last sign that they type; 0: they do not */
	uint64_t retry_at;     /* ms; when to look for the daemon again; 0: connected */
	unsigned waiting;      /* calls under way */
	int code;              /* exit code of a conversation without a terminal */
	bool composing;        /* they were told that we type */
	bool spoken;           /* a message went out: leaving is worth a word */
	bool choosing;         /* plain words choose a person while nobody is talked to */
};

/* session.c */
/* A call whose answer `fn` gets, not run when the session ends before. params are moved. */
typedef void
session_answer_fn(struct session *s, int err, const struct earshot_value *answer, uint64_t number);
void session_ask(struct session *s, const char *method, struct earshot_value *params,
    session_answer_fn *fn, uint64_t number);
void session_typing(struct session *s, const char *state);
void session_choose(struct session *s, const struct earshot_value *person);
void session_say(struct session *s, const char *text);

/* session_show.c */
/* Prints rows of clean text above the input. */
void show_rows(struct session *s, enum style style, const char *text);
void show_fmt(struct session *s, enum style style, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Prints rows that are laid out already; frees b. */
void show_block(struct session *s, struct buf *b);
void show_error(struct session *s, int err, const struct earshot_value *answer);
void show_people(struct session *s);
void show_person(struct session *s, const struct earshot_value *person);
/* Own words in the transcript; returns the row where they begin. */
uint64_t show_own(struct session *s, const char *text);
void show_mark(struct session *s, struct sent *m, const char *mark);
void show_event(struct session *s, const char *topic, const struct earshot_value *event);
struct sent *sent_find(struct session *s, uint64_t number);

/* session_command.c */
/* Does what a line says: sends it, or obeys it if it begins with a slash. */
void session_line(struct session *s, const char *line);
void session_pick(struct session *s, const char *words);

#endif
