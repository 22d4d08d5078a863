/* What the parts of the terminal UI share: tui.c holds it together, draw.c puts it on the screen,
 * people.c and talk.c are the two panes, keys.c obeys what is pressed, command*.c what is typed
 * after a slash, overlay.c and those who use it show what lies above the panes for a while. One
 * thread; all of it runs in the loop of tui.c. */
#ifndef TUI_UI_H
#define TUI_UI_H

#include "base/buf.h"
#include "base/compiler.h"
#include "front/front.h"
#include "tui/event.h"
#include "tui/input.h"
#include "tui/layout.h"
#include "tui/screen.h"
#include "tui/tui.h"
#include "tui/view.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	UI_SENTENCE = 64 << 10, /* limit of a buffer for a few words */
	UI_NARROW = 60,         /* columns below which there is one pane */
	UI_GUTTER = 9,          /* columns of time and mark before what was said */
};

/* What Enter does with what is typed. */
enum ui_mode { UI_SAY, UI_REPLY, UI_EDIT, UI_SEARCH };

struct overlay;
struct run;

/* A conversation as it is shown: front_person.user. */
struct talk {
	struct ui *ui;
	struct front_person *person;
	struct view *view;                  /* owned */
	char *draft;                        /* owned; NULL: none */
	const struct front_message *chosen; /* what keys act upon; NULL: nothing */
	int64_t new_from;                 /* number of the first one that was new on coming here */
	bool look_for_new;                /* that one is not known yet */
	struct earshot_value *comparison; /* owned; a verification under way; NULL: none */
};

/* Where things were drawn last, for the mouse and for pages. */
struct ui_places {
	int list_columns; /* 0: not seen */
	int list_top, list_rows;
	int talk_top, talk_rows, talk_column;
	int input_top, input_rows, input_column;
};

struct ui {
	struct tui_options o;
	struct front *front;
	struct tui_screen *screen;
	struct input *input;
	struct front_person *who; /* who is talked with; NULL: nobody yet */
	enum ui_mode mode;
	char *about; /* owned; id of the message that is answered or corrected */
	char *about_text;
	struct overlay *overlay; /* owned; NULL: none */
	struct run *run;         /* owned; the command that runs; NULL: none */
	char *run_title;         /* owned */
	char *run_next;          /* owned; the line that waits for its end; NULL: none */
	struct buf notice;       /* one sentence above the input; empty: none */
	unsigned notice_style;
	uint64_t notice_at; /* clock_now() */
	size_t list_top;    /* first person seen in the list */
	bool list_free;     /* it was scrolled: the one talked with may be out of sight */
	bool list_shown;    /* on a narrow screen: the list instead of the conversation */
	/* a message that is to be shown once it has been loaded */
	struct front_person *seek;
	int64_t seek_number;
	char *start_with; /* owned; the name given at the start, until people are known */
	struct ui_places places;
	bool dirty;
	bool over;
	int code; /* exit code */
	uint64_t drawn_at;
	uint64_t tick_at; /* when something shown gets old; 0: never */
};

/* ---- tui.c ---- */
/* Something is to be drawn anew. */
void ui_touch(struct ui *ui);
void ui_quit(struct ui *ui, int code);
/* A sentence above the input, until something else is done. style: of tui_style. */
void ui_notice(struct ui *ui, unsigned style, const char *fmt, ...) PRINTF_LIKE(3, 4);
void ui_notice_clear(struct ui *ui);
/* The sentence of what a call returned. */
void ui_error(struct ui *ui, int err, const struct earshot_value *answer);
/* {"peer": name} */
struct earshot_value *ui_peer(const struct front_person *p);

/* ---- draw.c ---- */
void ui_draw(struct ui *ui);

/* ---- people.c ---- */
void people_draw(struct ui *ui, int top, int rows, int columns);
unsigned people_trust_style(const char *trust);
/* "answered 5 s ago"; *stale: ms until it should be said anew, unchanged if never. */
void people_evidence(struct buf *out, const struct front_person *p, uint64_t *stale);
/* Talks with them from now on. */
void people_choose(struct ui *ui, struct front_person *p);
/* The one `by` places down the list; the next with something unread. */
void people_step(struct ui *ui, int by);
void people_next_unread(struct ui *ui);
/* Whoever is meant by what was typed: a number of the list, a name or part of one. NULL: nobody, or
 * several, which *several tells. */
struct front_person *people_find(struct ui *ui, const char *typed, bool *several);
/* Talks with whoever is meant, asking the daemon if need be. */
void people_talk_with(struct ui *ui, const char *typed);
void people_scroll(struct ui *ui, int rows);
void people_click(struct ui *ui, int row);

/* ---- talk.c ---- */
struct talk *talk_of(struct ui *ui, struct front_person *p);
void talk_destroy(struct talk *t);
void talk_draw(struct ui *ui, int top, int rows, int column, int columns);
void talk_added(struct talk *t, size_t at);
void talk_reloaded(struct talk *t, size_t added);
void talk_trimmed(struct talk *t, size_t gone); /* while they are still there */
unsigned talk_file_style(const struct earshot_value *file);
/* Loads older ones if the first row is in sight. */
void talk_more(struct ui *ui);
void talk_scroll(struct ui *ui, int rows);
/* Chooses the message `by` places below (above: < 0); the newest if none is. */
void talk_select(struct ui *ui, int by);
void talk_select_none(struct ui *ui);
/* Chooses what stands in row y of the conversation (a click). */
void talk_point(struct ui *ui, int y);
const struct front_message *talk_chosen(struct ui *ui);
/* The n-th last one (from 1) of ours or theirs that still stands; NULL: there is none. */
const struct front_message *talk_recent(struct ui *ui, bool ours, int64_t n);
const struct front_message *talk_by_id(const struct front_person *p, const char *id);
/* Shows a message, loading older ones until it is there. */
void talk_seek(struct ui *ui, struct front_person *p, int64_t number);
void talk_seek_on(struct ui *ui);

/* ---- keys.c ---- */
void keys_event(struct ui *ui, const struct tui_event *e);
/* What is typed is about a message from now on: an answer to it, its correction. */
void keys_mode(struct ui *ui, enum ui_mode mode, const struct front_message *m);
/* The draft of the one who is left is kept, that of the one who comes is taken up. */
void keys_draft(struct ui *ui, struct front_person *from, struct front_person *to);

/* ---- command.c and its parts ---- */
/* Obeys a line that begins with a slash. */
void command_line(struct ui *ui, const char *line);
/* Someone to talk with is there; else says that there is nobody. */
bool command_need_who(struct ui *ui);

/* What the UI does itself. */
struct command {
	const char *name;
	const char *args;
	const char *help;
	void (*run)(struct ui *ui, const char *rest);
	bool options; /* with an option ("--all") the command line's own takes its place */
};
extern const struct command command_native[]; /* ends with a NULL name */
/* Another one of the command line's. */
void command_outside(struct ui *ui, const char *line);

/* complete.c */
void command_complete(
    void *ctx, const char *text, size_t cursor, size_t *from, input_add_fn *add, void *list);

/* command_message.c */
void command_me(struct ui *ui, const char *rest);
void command_reply(struct ui *ui, const char *rest);
void command_react(struct ui *ui, const char *rest);
void command_edit(struct ui *ui, const char *rest);
void command_retract(struct ui *ui, const char *rest);
void command_cancel(struct ui *ui, const char *rest);

/* command_file.c */
void command_file(struct ui *ui, const char *rest);
void command_accept(struct ui *ui, const char *rest);
void command_decline(struct ui *ui, const char *rest);
void command_pause(struct ui *ui, const char *rest);
void command_resume(struct ui *ui, const char *rest);
/* accept, decline, pause, resume, files.cancel */
void command_file_do(struct ui *ui, const char *method, const struct front_file *f);

/* ---- outside.c: programs that are run ---- */
/* typed: the line that the words come from, for people. */
void outside_run(struct ui *ui, char *const *words, size_t count, const char *typed, bool asks);
void outside_read(struct ui *ui);
void outside_end(struct ui *ui);
/* Begins the one that waits, if it can. */
void outside_next(struct ui *ui);

/* ---- what lies above the panes ---- */
void help_open(struct ui *ui);
void search_ask(struct ui *ui);
void search_start(struct ui *ui, const char *words);
void files_show(struct ui *ui);
void who_show(struct ui *ui);
/* There are more or fewer of either. */
void lists_changed(struct ui *ui);
void verify_start(struct ui *ui, struct front_person *p);
/* An event of a comparison. */
void verify_event(struct ui *ui, const struct earshot_value *event);
void introduction_event(struct ui *ui, const struct earshot_value *event);
/* What is under way with them, as a line; false: nothing. */
bool verify_banner(struct buf *out, const struct talk *t);

#endif
