/* What input.c, input_change.c, input_complete.c and input_view.c share, and nobody else sees. */
#ifndef TUI_INPUT_PARTS_H
#define TUI_INPUT_PARTS_H

#include "base/buf.h"
#include "tui/input.h"

enum {
	INPUT_UNDO = 100,           /* steps */
	INPUT_UNDO_BYTES = 1 << 20, /* of all of them */
	INPUT_CANDIDATES = 500,
};

/* Changes of one kind that follow each other are undone as one. */
enum change { CHANGE_NONE, CHANGE_TYPED, CHANGE_ERASED, CHANGE_OTHER };

struct undo {
	char *text; /* owned */
	size_t len;
	size_t cursor;
};

struct completion {
	char **words; /* owned */
	size_t count, capacity;
	size_t from;   /* where the word begins in the text; it ends at the cursor */
	size_t chosen; /* SIZE_MAX: none yet */
};

struct input {
	input_complete_fn *complete; /* borrowed */
	void *ctx;                   /* borrowed */
	struct buf text;
	size_t cursor;
	struct buf killed;
	bool killing; /* the last thing done was to kill: what follows is added to it */
	struct undo undo[INPUT_UNDO];
	size_t undo_count, undo_bytes;
	enum change last_change;
	char *history[INPUT_HISTORY]; /* owned; oldest first */
	size_t history_count;
	size_t history_at; /* == history_count: not in it */
	char *draft;       /* owned; what was being typed when history was entered */
	struct completion completion;
	const char *refusal; /* borrowed */

	/* as last laid out */
	unsigned width;  /* of all; 0: never */
	unsigned indent; /* columns of the prompt */
	size_t *starts;  /* owned; where rows begin in the text */
	size_t start_count, start_capacity;
	size_t top;                /* first row that is seen */
	size_t seen;               /* how many are */
	size_t goal;               /* column that Up and Down keep to; SIZE_MAX: none */
	struct buf bytes;          /* of the rows that are seen */
	struct layout_row *rows;   /* owned */
	struct layout_span *spans; /* owned; two for each row */
	size_t row_capacity;
};

/* input_change.c */
/* Puts text in the place of [from, to) and the cursor behind it. Counts as `change`. */
enum input_result input_replace(struct input *in, size_t from, size_t to, const char *text,
    size_t len, enum change change) MUST_USE;
/* The same, and what was there can be yanked. before: it stood before the cursor. */
enum input_result input_kill(struct input *in, size_t from, size_t to, bool before) MUST_USE;
enum input_result input_undo(struct input *in) MUST_USE;
void input_forget_undo(struct input *in);
enum input_result input_recall(struct input *in, bool older) MUST_USE;
/* Out of history. */
void input_leave_history(struct input *in);

/* input_complete.c */
enum input_result input_complete(struct input *in, bool back) MUST_USE;
void input_end_completion(struct input *in);

/* input_view.c */
/* The row above or below: *to is where the cursor goes. False: there is none. */
bool input_vertical(struct input *in, bool up, size_t *to);

#endif
