#include "tui/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT_MAX = 1024 }; /* items that are laid out at the same time, at least */

struct slot {
	struct layout *layout; /* owned; NULL: not laid out */
	unsigned version;
};

/* A row of the list. */
struct place {
	size_t index;
	size_t row;
};

struct view {
	const struct view_source *source; /* borrowed */
	void *ctx;                        /* borrowed */
	struct slot *slots;               /* owned */
	size_t count, capacity;
	size_t kept; /* slots that are laid out */
	unsigned rows, columns;
	struct place top;     /* of the window; follows from the end while at_end */
	bool at_end;          /* the last row is in the window, and stays there */
	struct place *window; /* owned; what stands where */
	size_t window_capacity;
	size_t filled; /* rows of the window in which something stands */
	struct layout_text text;
};

static void
drop(struct view *v, struct slot *slot)
{
	if (!slot->layout)
		return;
	free(slot->layout);
	slot->layout = NULL;
	v->kept--;
}

/* The item as it reads now; NULL when out of memory: it takes one empty row then. */
static const struct layout *
laid_out(struct view *v, size_t index)
{
	struct slot *slot = &v->slots[index];
	unsigned version = v->source->version(v->ctx, index);
	if (slot->layout && slot->version == version && slot->layout->width == v->columns)
		return slot->layout;
	drop(v, slot);
	layout_text_clear(&v->text);
	v->source->compose(v->ctx, index, v->columns, &v->text);
	if (layout_create(&v->text, v->columns, &slot->layout))
		return NULL;
	slot->version = version;
	v->kept++;
	return slot->layout;
}

static size_t
height(struct view *v, size_t index)
{
	const struct layout *l = laid_out(v, index);
	return l ? l->count : 1;
}

/* Moves up or down by as many rows as there are, at most n. Returns how many. */
static size_t
move_up(struct view *v, struct place *at, size_t n)
{
	size_t moved = 0;
	while (moved < n) {
		size_t here = at->row < n - moved ? at->row : n - moved;
		at->row -= here;
		moved += here;
		if (moved == n || at->index == 0)
			break;
		at->index--;
		at->row = height(v, at->index) - 1;
		moved++;
	}
	return moved;
}

static size_t
move_down(struct view *v, struct place *at, size_t n)
{
	size_t moved = 0;
	while (moved < n) {
		size_t below = height(v, at->index) - 1 - at->row;
		size_t here = below < n - moved ? below : n - moved;
		at->row += here;
		moved += here;
		if (moved == n || at->index + 1 >= v->count)
			break;
		at->index++;
		at->row = 0;
		moved++;
	}
	return moved;
}

static void
go_to_end(struct view *v)
{
	v->at_end = true;
	if (v->count == 0) {
		v->top = (struct place){0, 0};
		return;
	}
	v->top.index = v->count - 1;
	v->top.row = height(v, v->top.index) - 1;
	(void)move_up(v, &v->top, v->rows > 0 ? v->rows - 1 : 0);
}

/* Puts the window where it belongs after whatever has changed. */
static void
settle(struct view *v)
{
	if (v->count == 0 || v->at_end) {
		go_to_end(v);
		return;
	}
	if (v->top.index >= v->count)
		v->top = (struct place){v->count - 1, 0};
	size_t rows = height(v, v->top.index);
	if (v->top.row >= rows)
		v->top.row = rows - 1;
	struct place bottom = v->top;
	if (move_down(v, &bottom, v->rows) < v->rows)
		go_to_end(v);
}

/* What is far from the window is laid out again when it comes near. */
static void
forget_far(struct view *v)
{
	if (v->kept <= 2 * KEPT_MAX + v->rows)
		return;
	for (size_t i = 0; i < v->count; i++)
		if (i + KEPT_MAX / 2 < v->top.index || i > v->top.index + v->rows + KEPT_MAX / 2)
			drop(v, &v->slots[i]);
}

static void
fill_window(struct view *v)
{
	struct place at = v->top;
	v->filled = 0;
	if (v->count == 0)
		return;
	while (v->filled < v->rows && v->filled < v->window_capacity) {
		v->window[v->filled++] = at;
		if (move_down(v, &at, 1) == 0)
			break;
	}
}

void
view_update(struct view *v)
{
	if (v->columns == 0 || v->rows == 0) {
		v->filled = 0;
		return;
	}
	settle(v);
	fill_window(v);
	forget_far(v);
}

const struct layout_row *
view_row(const struct view *v, unsigned y, size_t *index, size_t *row)
{
	static const struct layout_row empty = {0};
	if (y >= v->filled)
		return NULL;
	const struct place *at = &v->window[y];
	const struct layout *l = v->slots[at->index].layout;
	if (index)
		*index = at->index;
	if (row)
		*row = at->row;
	return l && at->row < l->count ? &l->rows[at->row] : &empty;
}

bool
view_at_end(const struct view *v)
{
	return v->at_end;
}

bool
view_at_home(const struct view *v)
{
	return v->top.index == 0 && v->top.row == 0;
}

size_t
view_below(const struct view *v)
{
	return v->filled > 0 ? v->count - 1 - v->window[v->filled - 1].index : v->count;
}

/* ---- scrolling ---- */

void
view_scroll(struct view *v, int rows)
{
	if (v->count == 0 || v->columns == 0 || v->rows == 0)
		return;
	settle(v);
	if (rows < 0 && move_up(v, &v->top, (size_t) - (long)rows) > 0)
		v->at_end = false;
	else if (rows > 0 && !v->at_end)
		(void)move_down(v, &v->top, (size_t)rows);
	settle(v);
}

void
view_page(struct view *v, int pages)
{
	int page = v->rows > 2 ? (int)v->rows - 1 : 1; /* one row is seen on both */
	view_scroll(v, pages < 0 ? -page : page);
	for (int i = pages < 0 ? -pages : pages; i > 1; i--)
		view_scroll(v, pages < 0 ? -page : page);
}

void
view_home(struct view *v)
{
	v->top = (struct place){0, 0};
	v->at_end = false; /* settle() sees if all fits */
}

void
view_end(struct view *v)
{
	v->at_end = true;
}

void
view_show(struct view *v, size_t index)
{
	if (index >= v->count || v->columns == 0 || v->rows == 0)
		return;
	settle(v);
	size_t rows = height(v, index);
	struct place last = v->top;
	(void)move_down(v, &last, v->rows - 1);
	bool above = index < v->top.index || (index == v->top.index && v->top.row > 0);
	bool below = index > last.index || (index == last.index && last.row + 1 < rows);
	if (!above && !below)
		return;
	v->at_end = false;
	v->top = (struct place){index, 0};
	if (!above && rows < v->rows)
		(void)move_up(v, &v->top, v->rows - rows);
	settle(v);
}

void
view_resize(struct view *v, unsigned rows, unsigned columns)
{
	struct place *window =
	    rows > v->window_capacity ? realloc(v->window, rows * sizeof(*window)) : v->window;
	if (window) { /* else fewer rows are shown */
		v->window_capacity = rows > v->window_capacity ? rows : v->window_capacity;
		v->window = window;
	}
	if (columns != v->columns)
		v->top.row = 0; /* of the item the beginning stays */
	v->rows = rows;
	v->columns = columns;
	v->filled = 0;
}

/* ---- what is in it ---- */

int
view_insert(struct view *v, size_t at, size_t count)
{
	size_t wanted = v->count + count;
	if (wanted > v->capacity) {
		size_t capacity = 2 * v->capacity > wanted ? 2 * v->capacity : wanted;
		struct slot *slots = realloc(v->slots, capacity * sizeof(*slots));
		if (!slots)
			return -ENOMEM;
		v->slots = slots;
		v->capacity = capacity;
	}
	if (count == 0)
		return 0;
	memmove(v->slots + at + count, v->slots + at, (v->count - at) * sizeof(*v->slots));
	memset(v->slots + at, 0, count * sizeof(*v->slots));
	if (at <= v->top.index && v->count > 0)
		v->top.index += count;
	v->count = wanted;
	v->filled = 0;
	return 0;
}

void
view_remove(struct view *v, size_t at, size_t count)
{
	if (count == 0)
		return;
	for (size_t i = at; i < at + count; i++)
		drop(v, &v->slots[i]);
	memmove(v->slots + at, v->slots + at + count, (v->count - at - count) * sizeof(*v->slots));
	v->count -= count;
	if (v->top.index >= at + count)
		v->top.index -= count;
	else if (v->top.index >= at)
		v->top = (struct place){at, 0};
	v->filled = 0;
}

int
view_reset(struct view *v, size_t count)
{
	view_remove(v, 0, v->count);
	v->top = (struct place){0, 0};
	v->at_end = true;
	return view_insert(v, 0, count);
}

void
view_forget(struct view *v)
{
	for (size_t i = 0; i < v->count; i++)
		drop(v, &v->slots[i]);
	v->filled = 0;
}

int
view_create(const struct view_source *source, void *ctx, struct view **out)
{
	struct view *v = calloc(1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	v->source = source;
	v->ctx = ctx;
	v->at_end = true;
	layout_text_init(&v->text);
	*out = v;
	return 0;
}

void
view_destroy(struct view *v)
{
	if (!v)
		return;
	view_forget(v);
	layout_text_finish(&v->text);
	free(v->slots);
	free(v->window);
	free(v);
}
