/* A conversation in lines, shared by `chat` and `session`, for people who hear a screen or have no
 * better one, and for scripts: session.c holds it together,
 * session_talk.c keeps its messages, session_show.c shows what else happens, session_command.c,
 * session_message.c and session_file.c do what is typed. Every call to the
 * daemon is asynchronous: what others say appears while it is on its way. */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include "base/limits.h"
#include "base/random.h"
#include "cli/cli.h"
#include "cli/editor.h"

#include <stdint.h>

enum {
	SESSION_SENT = 64,    /* own messages whose receipts are looked for */
	SESSION_RECENT = 100, /* messages that can be spoken of */
	SESSION_ID = LIMIT_STANZA_ID + 1,
	SESSION_BEGIN = 256,
	SESSION_NAME = 256,
	SESSION_NOTICE = 1024,
	SESSION_TRUST = 16, /* the longest words for it, and for a state, docs/ipc.md */
	SESSION_STATE = 16,
};

/* A message of ours, until 63 others followed it. */
struct sent {
	char *text;                 /* owned; as typed, or as it was said elsewhere */
	char id[SESSION_ID];        /* empty until the daemon has given it one */
	char reply[SESSION_ID];     /* of the message it answers, empty if none */
	char token[RANDOM_ID_SIZE]; /* empty if it was not said here */
	char peer[SESSION_NAME];
	char display[SESSION_NAME]; /* of the peer, clean */
	char state[SESSION_STATE];  /* the last one heard of */
	uint64_t tell_at;           /* ms; when it is said that it waits; 0: it is not */
	uint64_t number;            /* 0: slot unused */
	bool answered;              /* the daemon has it, or has refused it */
	bool settled;               /* a receipt has told more than the answer will */
};

/* A message of the conversation, whoever said it. */
struct recent {
	char id[SESSION_ID];
	char begin[SESSION_BEGIN]; /* clean */
	bool ours;
	bool retracted;
};

struct session {
	struct cli *c;
	struct editor *editor;
	char peer[SESSION_NAME];     /* instance name of who is talked to; empty: nobody yet */
	char display[SESSION_NAME];  /* the same for people, clean */
	char trust[SESSION_TRUST];   /* in that person at present */
	char notice[SESSION_NOTICE]; /* what was last shown about the person's state */
	char other[SESSION_NAME];    /* the last other one whom it was said how to answer */
	struct earshot_value *who;   /* owned; the last list shown: numbers choose from it */
	struct sent sent[SESSION_SENT];
	uint64_t sent_count;
	struct recent recent[SESSION_RECENT];
	uint64_t recent_count;
	struct earshot_value *held; /* owned; messages that wait for older ones to be shown */
	int64_t number;             /* of the newest event: after a break we go on behind it */
	int64_t shown;              /* newest message of those fetched when the person was chosen */
	uint64_t turn;              /* how often a person was chosen */
	uint64_t key_at;            /* ms; last change of the line, for typing notices */
	uint64_t retry_at;          /* ms; when to look for the daemon again; 0: connected */
	unsigned waiting;           /* calls under way */
	int code;                   /* exit code of a conversation without a terminal */
	bool composing;             /* they were told that we type */
	bool spoken;                /* a message went out: leaving is worth a word */
	bool by_hand;               /* somebody sits at a terminal: no script */
	bool choosing;              /* plain words choose a person while nobody is talked to */
};

/* session.c */
/* A conversation in lines, with somebody, or with whom is chosen from those who are here. Returns
 * an exit code. */
int session_chat(struct cli *c, const char *name);
int session_overview(struct cli *c);
/* A call whose answer `fn` gets, not run when the session ends before. params are moved. */
typedef void
session_answer_fn(struct session *s, int err, const struct earshot_value *answer, uint64_t number);
void session_ask(struct session *s, const char *method, struct earshot_value *params,
    session_answer_fn *fn, uint64_t number);
void session_typing(struct session *s, const char *state);
void session_choose(struct session *s, const struct earshot_value *person);

/* session_talk.c */
/* Says something to the person; answered (NULL: nothing) is what it answers. */
void session_say(struct session *s, const char *text, const struct recent *answered);
/* Says again what the daemon that went away may not have heard. */
void session_repeat(struct session *s);
/* Shows what was said last with the person. */
void session_look_back(struct session *s);
/* The n-th last message of ours or of theirs, n from 1; NULL if there is none. */
const struct recent *session_recent(struct session *s, bool ours, int64_t n);
void talk_message(struct session *s, const struct earshot_value *e);
void talk_receipt(struct session *s, const struct earshot_value *e);
/* Says of what waits that it does, when that has become worth a line; all: of everything, now. */
void talk_waiting(struct session *s, uint64_t now, bool all);
void talk_change(struct session *s, const char *topic, const struct earshot_value *e);

/* session_show.c */
/* Prints a line of clean text; nothing in a script: that is for people. */
void show_line(struct session *s, enum style style, const char *text);
/* Sentences given to these as they stand in the source are translated inside. */
void show_fmt(struct session *s, enum style style, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Prints lines that end with a break; frees b. */
void show_block(struct session *s, struct buf *b);
/* What was typed cannot be done. Who writes a file has to know it, too. */
void show_refusal(struct session *s, const char *fmt, ...) PRINTF_LIKE(2, 3);
void show_error(struct session *s, int err, const struct earshot_value *answer);
void show_people(struct session *s);
void show_person(struct session *s, const struct earshot_value *person);
/* What is known of who is talked to, by an event or an answer that says so; tells of a change. */
void show_trust(struct session *s, const struct earshot_value *v);
void show_event(struct session *s, const char *topic, const struct earshot_value *event);

/* session_command.c */
/* Does what a line says: sends it, or obeys it if it begins with a slash. */
void session_line(struct session *s, const char *line);
void session_pick(struct session *s, const char *words);
bool session_need_peer(struct session *s);

/* session_message.c: what is typed about messages; rest is what follows the command */
void message_edit(struct session *s, const char *rest);
void message_reply(struct session *s, const char *rest);
void message_react(struct session *s, const char *rest);
void message_retract(struct session *s, const char *rest);
void message_cancel(struct session *s, const char *rest);
void message_history(struct session *s, const char *rest);
void message_search(struct session *s, const char *rest);

/* session_file.c: what is typed about files, and what is told of them */
void file_send(struct session *s, const char *rest);
void file_accept(struct session *s, const char *rest);
void file_decline(struct session *s, const char *rest);
void file_news(struct session *s, const struct earshot_value *event);

#endif
