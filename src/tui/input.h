/* The text being typed: several lines, a cursor that moves by what a person calls a character,
 * history, kill and yank, undo, completion. Knows no ncurses and nothing of what is said. What was
 * typed is kept in memory alone, never in a file: messages are private. One thread. */
#ifndef TUI_INPUT_H
#define TUI_INPUT_H

#include "base/compiler.h"
#include "tui/event.h"
#include "tui/layout.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	INPUT_MAX = 64 << 10, /* bytes of a text */
	INPUT_HISTORY = 200,  /* texts */
};

struct input;

/* What can stand for the word before the cursor: calls add() for each. The word is
 * text[*from .. cursor]; complete() may move *from, which is where the last blank was. */
typedef void input_add_fn(void *list, const char *candidate);
typedef void input_complete_fn(
    void *ctx, const char *text, size_t cursor, size_t *from, input_add_fn *add, void *list);

enum input_result {
	INPUT_IGNORED, /* the key means nothing here: Page Up, Up where no history is */
	INPUT_MOVED,   /* only the cursor is elsewhere */
	INPUT_CHANGED, /* the text is another */
	INPUT_DONE,    /* Enter: input_take() */
	INPUT_REFUSED, /* input_refusal() says why */
};

int input_create(input_complete_fn *complete, void *ctx, struct input **out) MUST_USE;
void input_destroy(struct input *in);

/* KEY and PASTE events:
 *   Left Right Ctrl-B/F, with Ctrl or Alt by words (Alt-B/F); Home End Ctrl-A/E of the line
 *   Up Down within the text, then history; Ctrl-P/N history at once; Ctrl-Home/End of the text
 *   Backspace Ctrl-H Delete Ctrl-D; Ctrl-W Alt-Backspace Alt-D words; Ctrl-U Ctrl-K to an end of
 *   the line; Ctrl-Y puts back what they took; Ctrl-T swaps; Ctrl-_ undoes
 *   Enter done; Alt-Enter Ctrl-J new line; Tab Shift-Tab completion
 * Escape ends completion. All others are ignored, and so is Ctrl-D where there is nothing. */
enum input_result input_event(struct input *in, const struct tui_event *e);
/* The sentence for INPUT_REFUSED. */
const char *input_refusal(const struct input *in);

const char *input_text(const struct input *in); /* valid until the next change */
size_t input_len(const struct input *in);
size_t input_cursor(const struct input *in); /* in bytes */
/* Another text (a draft, a message to correct), the cursor at its end; too long is cut. Undo begins
 * anew. */
void input_set(struct input *in, const char *text);
/* The text goes (free(); NULL when out of memory: it stays), and history has it. */
char *input_take(struct input *in) MUST_USE;
/* Puts text where the cursor is, as if pasted. */
enum input_result input_insert(struct input *in, const char *text, size_t len);

/* What completion offers at present, for a line of hints: NULL if nothing. */
const char *const *input_candidates(const struct input *in, size_t *count, size_t *chosen);

/* ---- what is seen of it ---- */

/* Lays it out in rows of this width, the prompt (clean, one line) before the first; later rows
 * stand below its end. At most `most` of them are seen, those around the cursor. Returns how many.
 */
size_t
input_layout(struct input *in, const char *prompt, unsigned style, unsigned width, size_t most);
/* Row y of those; valid until the next call of anything else here. */
const struct layout_row *input_row(const struct input *in, size_t y);
void input_place(const struct input *in, size_t *y, unsigned *column); /* of the cursor */
/* Puts the cursor there (a click). */
void input_point(struct input *in, size_t y, unsigned column);

#endif
