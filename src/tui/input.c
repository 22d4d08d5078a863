#include "tui/input.h"

#include "base/utf8.h"
#include "tui/border.h"
#include "tui/input-parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *
text_of(const struct input *in)
{
	return buf_cstr(&in->text);
}

/* ---- moving ---- */

static enum input_result
move_to(struct input *in, size_t to)
{
	in->cursor = to;
	in->last_change = CHANGE_NONE;
	return INPUT_MOVED;
}

static enum input_result
do_left(struct input *in)
{
	return move_to(in, border_prev(text_of(in), in->text.len, in->cursor));
}

static enum input_result
do_right(struct input *in)
{
	return move_to(in, border_next(text_of(in), in->text.len, in->cursor));
}

static enum input_result
do_word_left(struct input *in)
{
	return move_to(in, border_word_prev(text_of(in), in->text.len, in->cursor));
}

static enum input_result
do_word_right(struct input *in)
{
	return move_to(in, border_word_next(text_of(in), in->text.len, in->cursor));
}

static enum input_result
do_home(struct input *in)
{
	return move_to(in, border_line_begin(text_of(in), in->cursor));
}

static enum input_result
do_end(struct input *in)
{
	return move_to(in, border_line_end(text_of(in), in->text.len, in->cursor));
}

static enum input_result
do_first(struct input *in)
{
	return move_to(in, 0);
}

static enum input_result
do_last(struct input *in)
{
	return move_to(in, in->text.len);
}

static enum input_result
do_older(struct input *in)
{
	return input_recall(in, true);
}

static enum input_result
do_newer(struct input *in)
{
	return input_recall(in, false);
}

/* The column is kept over rows that are shorter. */
static enum input_result
move_vertically(struct input *in, bool up)
{
	size_t to, goal = in->goal;
	if (!input_vertical(in, up, &to))
		return input_recall(in, up);
	if (goal == SIZE_MAX)
		goal = in->goal;
	enum input_result result = move_to(in, to);
	in->goal = goal;
	return result;
}

static enum input_result
do_up(struct input *in)
{
	return move_vertically(in, true);
}

static enum input_result
do_down(struct input *in)
{
	return move_vertically(in, false);
}

/* ---- changing ---- */

static enum input_result
erase(struct input *in, size_t from, size_t to)
{
	return from == to ? INPUT_MOVED : input_replace(in, from, to, "", 0, CHANGE_ERASED);
}

static enum input_result
do_backspace(struct input *in)
{
	return erase(in, border_prev(text_of(in), in->text.len, in->cursor), in->cursor);
}

static enum input_result
do_delete(struct input *in)
{
	return erase(in, in->cursor, border_next(text_of(in), in->text.len, in->cursor));
}

/* With nothing there it means to leave: not ours. */
static enum input_result
do_delete_or_leave(struct input *in)
{
	return in->text.len > 0 ? do_delete(in) : INPUT_IGNORED;
}

static enum input_result
do_kill_blank(struct input *in)
{
	return input_kill(in, border_blank_prev(text_of(in), in->cursor), in->cursor, true);
}

static enum input_result
do_kill_word_left(struct input *in)
{
	size_t from = border_word_prev(text_of(in), in->text.len, in->cursor);
	return input_kill(in, from, in->cursor, true);
}

static enum input_result
do_kill_word_right(struct input *in)
{
	size_t to = border_word_next(text_of(in), in->text.len, in->cursor);
	return input_kill(in, in->cursor, to, false);
}

/* At the end of the line the line break itself. */
static enum input_result
do_kill_right(struct input *in)
{
	size_t to = border_line_end(text_of(in), in->text.len, in->cursor);
	if (to == in->cursor)
		to = border_next(text_of(in), in->text.len, to);
	return input_kill(in, in->cursor, to, false);
}

static enum input_result
do_kill_left(struct input *in)
{
	return input_kill(in, border_line_begin(text_of(in), in->cursor), in->cursor, true);
}

static enum input_result
do_yank(struct input *in)
{
	if (in->killed.len == 0)
		return INPUT_MOVED;
	return input_replace(
	    in, in->cursor, in->cursor, buf_cstr(&in->killed), in->killed.len, CHANGE_OTHER);
}

/* The two before the cursor at the end of a line, else those around it. */
static enum input_result
do_swap(struct input *in)
{
	const char *s = text_of(in);
	size_t end = in->cursor == border_line_end(s, in->text.len, in->cursor)
			 ? in->cursor
			 : border_next(s, in->text.len, in->cursor);
	size_t middle = border_prev(s, in->text.len, end);
	size_t begin = border_prev(s, in->text.len, middle);
	if (begin < border_line_begin(s, in->cursor) || begin == middle || middle == end)
		return INPUT_MOVED;
	struct buf b = BUF_INIT(INPUT_MAX);
	buf_add(&b, s + middle, end - middle);
	buf_add(&b, s + begin, middle - begin);
	enum input_result result = input_replace(in, begin, end, buf_cstr(&b), b.len, CHANGE_OTHER);
	buf_finish(&b);
	return result;
}

static enum input_result
do_line(struct input *in)
{
	return input_replace(in, in->cursor, in->cursor, "\n", 1, CHANGE_TYPED);
}

static enum input_result
do_done(struct input *in)
{
	(void)in;
	return INPUT_DONE;
}

static enum input_result
do_complete(struct input *in)
{
	return input_complete(in, false);
}

static enum input_result
do_complete_back(struct input *in)
{
	return input_complete(in, true);
}

/* ---- keys ---- */

struct binding {
	enum tui_key key;
	char c;
	unsigned modifiers;
	enum input_result (*run)(struct input *in);
};

static const struct binding bindings[] = {
    {TUI_KEY_LEFT, 0, 0, do_left},
    {TUI_KEY_CHAR, 'b', TUI_CTRL, do_left},
    {TUI_KEY_RIGHT, 0, 0, do_right},
    {TUI_KEY_CHAR, 'f', TUI_CTRL, do_right},
    {TUI_KEY_LEFT, 0, TUI_CTRL, do_word_left},
    {TUI_KEY_LEFT, 0, TUI_ALT, do_word_left},
    {TUI_KEY_CHAR, 'b', TUI_ALT, do_word_left},
    {TUI_KEY_RIGHT, 0, TUI_CTRL, do_word_right},
    {TUI_KEY_RIGHT, 0, TUI_ALT, do_word_right},
    {TUI_KEY_CHAR, 'f', TUI_ALT, do_word_right},
    {TUI_KEY_HOME, 0, 0, do_home},
    {TUI_KEY_CHAR, 'a', TUI_CTRL, do_home},
    {TUI_KEY_END, 0, 0, do_end},
    {TUI_KEY_CHAR, 'e', TUI_CTRL, do_end},
    {TUI_KEY_HOME, 0, TUI_CTRL, do_first},
    {TUI_KEY_END, 0, TUI_CTRL, do_last},
    {TUI_KEY_UP, 0, 0, do_up},
    {TUI_KEY_DOWN, 0, 0, do_down},
    {TUI_KEY_CHAR, 'p', TUI_CTRL, do_older},
    {TUI_KEY_CHAR, 'n', TUI_CTRL, do_newer},
    {TUI_KEY_BACKSPACE, 0, 0, do_backspace},
    {TUI_KEY_CHAR, 'h', TUI_CTRL, do_backspace},
    {TUI_KEY_DELETE, 0, 0, do_delete},
    {TUI_KEY_CHAR, 'd', TUI_CTRL, do_delete_or_leave},
    {TUI_KEY_CHAR, 'w', TUI_CTRL, do_kill_blank},
    {TUI_KEY_BACKSPACE, 0, TUI_ALT, do_kill_word_left},
    {TUI_KEY_BACKSPACE, 0, TUI_CTRL, do_kill_word_left},
    {TUI_KEY_CHAR, 'd', TUI_ALT, do_kill_word_right},
    {TUI_KEY_DELETE, 0, TUI_CTRL, do_kill_word_right},
    {TUI_KEY_CHAR, 'k', TUI_CTRL, do_kill_right},
    {TUI_KEY_CHAR, 'u', TUI_CTRL, do_kill_left},
    {TUI_KEY_CHAR, 'y', TUI_CTRL, do_yank},
    {TUI_KEY_CHAR, 't', TUI_CTRL, do_swap},
    {TUI_KEY_CHAR, '_', TUI_CTRL, input_undo},
    {TUI_KEY_CHAR, 'j', TUI_CTRL, do_line},
    {TUI_KEY_ENTER, 0, TUI_ALT, do_line},
    {TUI_KEY_ENTER, 0, TUI_SHIFT, do_line},
    {TUI_KEY_ENTER, 0, 0, do_done},
    {TUI_KEY_TAB, 0, 0, do_complete},
    {TUI_KEY_TAB, 0, TUI_SHIFT, do_complete_back},
};

static const struct binding *
find_binding(const struct tui_event *e)
{
	for (size_t i = 0; i < ARRAY_LEN(bindings); i++) {
		const struct binding *b = &bindings[i];
		if (b->key == e->key && b->modifiers == e->modifiers &&
		    (b->key != TUI_KEY_CHAR || (uint32_t)b->c == e->c))
			return b;
	}
	return NULL;
}

static enum input_result
type(struct input *in, uint32_t c)
{
	char bytes[4];
	size_t n = utf8_encode(c, bytes);
	if (c < ' ' || n == 0)
		return INPUT_IGNORED;
	return input_replace(in, in->cursor, in->cursor, bytes, n, CHANGE_TYPED);
}

static enum input_result
press(struct input *in, const struct tui_event *e)
{
	const struct binding *b = find_binding(e);
	bool vertical = b && (b->run == do_up || b->run == do_down);
	bool kills = b && (b->run == do_kill_blank || b->run == do_kill_word_left ||
			      b->run == do_kill_word_right || b->run == do_kill_left ||
			      b->run == do_kill_right);
	bool completes = b && (b->run == do_complete || b->run == do_complete_back);
	if (!completes)
		input_end_completion(in);
	if (!vertical)
		in->goal = SIZE_MAX;
	in->killing = in->killing && kills;
	if (b)
		return b->run(in);
	return e->key == TUI_KEY_CHAR && e->modifiers == 0 ? type(in, e->c) : INPUT_IGNORED;
}

enum input_result
input_event(struct input *in, const struct tui_event *e)
{
	if (e->kind == TUI_EVENT_PASTE)
		return input_insert(in, e->text, e->len);
	if (e->kind != TUI_EVENT_KEY)
		return INPUT_IGNORED;
	if (e->key == TUI_KEY_ESCAPE && in->completion.count > 0) {
		input_end_completion(in);
		return INPUT_MOVED;
	}
	return press(in, e);
}

/* ---- life ---- */

const char *
input_refusal(const struct input *in)
{
	return in->refusal;
}

const char *
input_text(const struct input *in)
{
	return text_of(in);
}

size_t
input_len(const struct input *in)
{
	return in->text.len;
}

size_t
input_cursor(const struct input *in)
{
	return in->cursor;
}

int
input_create(input_complete_fn *complete, void *ctx, struct input **out)
{
	struct input *in = calloc(1, sizeof(*in));
	if (!in)
		return -ENOMEM;
	in->complete = complete;
	in->ctx = ctx;
	buf_init(&in->text, INPUT_MAX);
	buf_init(&in->killed, INPUT_MAX);
	in->goal = SIZE_MAX;
	*out = in;
	return 0;
}

void
input_destroy(struct input *in)
{
	if (!in)
		return;
	input_end_completion(in);
	input_forget_undo(in);
	input_leave_history(in);
	for (size_t i = 0; i < in->history_count; i++)
		free(in->history[i]);
	free(in->completion.words);
	buf_finish(&in->text);
	buf_finish(&in->killed);
	buf_finish(&in->bytes);
	free(in->starts);
	free(in->rows);
	free(in->spans);
	free(in);
}
