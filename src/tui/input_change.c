/* How the text changes: replacing, killing, undoing, history. */
#include "base/tr.h"
#include "base/utf8.h"
#include "tui/input-parts.h"

#include <stdlib.h>
#include <string.h>

static enum input_result
refuse(struct input *in, const char *sentence)
{
	in->refusal = sentence;
	return INPUT_REFUSED;
}

static enum input_result
out_of_memory(struct input *in)
{
	return refuse(in, tr("Out of memory."));
}

/* ---- undo ---- */

static void
drop_oldest(struct input *in)
{
	in->undo_bytes -= in->undo[0].len;
	free(in->undo[0].text);
	in->undo_count--;
	memmove(in->undo, in->undo + 1, in->undo_count * sizeof(*in->undo));
}

/* Keeps the text as it is. Without memory for that there is less to undo, and nothing else. */
static void
remember(struct input *in)
{
	char *text = malloc(in->text.len + 1);
	if (!text)
		return;
	memcpy(text, buf_cstr(&in->text), in->text.len + 1);
	if (in->undo_count == INPUT_UNDO)
		drop_oldest(in);
	in->undo[in->undo_count++] = (struct undo){text, in->text.len, in->cursor};
	in->undo_bytes += in->text.len;
	while (in->undo_bytes > INPUT_UNDO_BYTES)
		drop_oldest(in);
}

void
input_forget_undo(struct input *in)
{
	while (in->undo_count > 0)
		drop_oldest(in);
	in->last_change = CHANGE_NONE;
}

enum input_result
input_undo(struct input *in)
{
	if (in->undo_count == 0)
		return INPUT_IGNORED;
	struct undo *u = &in->undo[--in->undo_count];
	in->undo_bytes -= u->len;
	buf_clear(&in->text);
	buf_add(&in->text, u->text, u->len); /* fits: it has been here */
	in->cursor = u->cursor;
	free(u->text);
	in->last_change = CHANGE_NONE;
	input_leave_history(in);
	return INPUT_CHANGED;
}

/* ---- replacing ---- */

/* What came in, without what no text may hold; line breaks of all kinds become \n. */
static void
add_clean(struct buf *out, const char *text, size_t len)
{
	static const char replacement[] = "\xef\xbf\xbd";
	while (len > 0) {
		uint32_t c = 0;
		size_t n = utf8_decode(text, len, &c);
		if (n == 0) {
			buf_str(out, replacement);
			n = 1;
		} else if (c == '\r') {
			buf_char(out, '\n');
			n = len > 1 && text[1] == '\n' ? 2 : 1;
		} else if (c == '\n' || c == '\t' ||
			   (c >= ' ' && !(c >= 0x7f && c < 0xa0) && utf8_is_xml_char(c)))
			buf_add(out, text, n);
		text += n;
		len -= n;
	}
}

/* A word and the blank before it are one step. */
static bool
continues(const struct input *in, const char *text, size_t len, enum change change)
{
	if (change != in->last_change || change == CHANGE_OTHER || change == CHANGE_NONE)
		return false;
	bool blank = len == 1 && (*text == ' ' || *text == '\n');
	return change == CHANGE_ERASED || !blank;
}

enum input_result
input_replace(
    struct input *in, size_t from, size_t to, const char *text, size_t len, enum change change)
{
	struct buf clean = BUF_INIT(INPUT_MAX), whole = BUF_INIT(INPUT_MAX);
	add_clean(&clean, text, len);
	const char *before = buf_cstr(&in->text);
	buf_add(&whole, before, from);
	buf_add(&whole, buf_cstr(&clean), clean.len);
	buf_add(&whole, before + to, in->text.len - to);
	size_t end = from + clean.len;
	bool too_long = buf_err(&clean) || buf_err(&whole);
	buf_finish(&clean);
	if (too_long) {
		buf_finish(&whole);
		return refuse(
		    in, tr("That would be too long: a message holds at most 64 KiB. Send it as a "
			   "file."));
	}
	if (!continues(in, text, len, change))
		remember(in);
	in->last_change = change;
	buf_finish(&in->text);
	in->text = whole;
	in->cursor = end; /* be it within a character: more of it may be on its way */
	input_leave_history(in);
	return INPUT_CHANGED;
}

enum input_result
input_insert(struct input *in, const char *text, size_t len)
{
	input_end_completion(in);
	in->killing = false;
	in->goal = SIZE_MAX;
	return input_replace(in, in->cursor, in->cursor, text, len, CHANGE_OTHER);
}

enum input_result
input_kill(struct input *in, size_t from, size_t to, bool before)
{
	struct buf all = BUF_INIT(INPUT_MAX);
	if (from == to)
		return INPUT_MOVED;
	if (in->killing && !before)
		buf_add(&all, buf_cstr(&in->killed), in->killed.len);
	buf_add(&all, buf_cstr(&in->text) + from, to - from);
	if (in->killing && before)
		buf_add(&all, buf_cstr(&in->killed), in->killed.len);
	if (buf_err(&all)) {
		buf_finish(&all);
		return out_of_memory(in);
	}
	buf_finish(&in->killed);
	in->killed = all;
	enum input_result result = input_replace(in, from, to, "", 0, CHANGE_OTHER);
	in->killing = true;
	return result;
}

/* ---- history ---- */

void
input_leave_history(struct input *in)
{
	in->history_at = in->history_count;
	free(in->draft);
	in->draft = NULL;
}

static enum input_result
show_text(struct input *in, const char *text)
{
	struct buf b = BUF_INIT(INPUT_MAX);
	buf_str(&b, text);
	if (buf_err(&b)) {
		buf_finish(&b);
		return out_of_memory(in);
	}
	buf_finish(&in->text);
	in->text = b;
	in->cursor = b.len;
	in->last_change = CHANGE_NONE;
	return INPUT_CHANGED;
}

enum input_result
input_recall(struct input *in, bool older)
{
	size_t at = in->history_at;
	if (older ? at == 0 : at == in->history_count)
		return INPUT_IGNORED;
	if (at == in->history_count) {
		in->draft = strdup(buf_cstr(&in->text));
		if (!in->draft)
			return out_of_memory(in);
		remember(in);
	}
	at = older ? at - 1 : at + 1;
	enum input_result result =
	    show_text(in, at < in->history_count ? in->history[at] : in->draft);
	if (result != INPUT_CHANGED)
		return result;
	in->history_at = at;
	if (at == in->history_count)
		input_leave_history(in);
	return result;
}

/* ---- the whole text ---- */

void
input_set(struct input *in, const char *text)
{
	struct buf clean = BUF_INIT(INPUT_MAX);
	size_t len = utf8_cut(text, strlen(text), INPUT_MAX);
	add_clean(&clean, text, len);
	if (buf_err(&clean)) { /* not even UTF-8, and long */
		buf_finish(&clean);
		clean = BUF_INIT(INPUT_MAX);
	}
	input_end_completion(in);
	input_leave_history(in);
	input_forget_undo(in);
	buf_finish(&in->text);
	in->text = clean;
	in->cursor = clean.len;
	in->killing = false;
	in->goal = SIZE_MAX;
}

/* The same one twice in a row is of no use. */
static void
keep(struct input *in, const char *text)
{
	size_t last = in->history_count - 1;
	if (!*text || (in->history_count > 0 && strcmp(in->history[last], text) == 0))
		return;
	char *copy = strdup(text);
	if (!copy)
		return; /* it is sent all the same */
	if (in->history_count == INPUT_HISTORY) {
		free(in->history[0]);
		in->history_count--;
		memmove(in->history, in->history + 1, last * sizeof(*in->history));
	}
	in->history[in->history_count++] = copy;
}

char *
input_take(struct input *in)
{
	char *text = strdup(buf_cstr(&in->text));
	if (!text)
		return NULL;
	keep(in, text);
	input_set(in, "");
	return text;
}
