/* A long list of texts, most of them not seen: a window of rows on it that scrolls. Only what is
 * visible is laid out, once for each version and width. The place is kept when texts come or change
 * above or below; at the end it stays at the end. Knows no ncurses. One thread. */
#ifndef TUI_VIEW_H
#define TUI_VIEW_H

#include "base/compiler.h"
#include "tui/layout.h"

#include <stdbool.h>
#include <stddef.h>

struct view;

struct view_source {
	/* Appends the text of an item; columns: how wide the view is. Never called for the same
	 * version and width again as long as the item stays near the window. */
	void (*compose)(void *ctx, size_t index, unsigned columns, struct layout_text *out);
	/* Another one after every change. */
	unsigned (*version)(void *ctx, size_t index);
};

int view_create(const struct view_source *source, void *ctx, struct view **out) MUST_USE;
void view_destroy(struct view *v);

/* All is another: count items, the window at the end. */
int view_reset(struct view *v, size_t count) MUST_USE;
/* count items are new, the first of them at `at`: O(1) at the end. */
int view_insert(struct view *v, size_t at, size_t count) MUST_USE;
void view_remove(struct view *v, size_t at, size_t count);
/* All are composed again although their versions are the same (theme, time format). */
void view_forget(struct view *v);

void view_resize(struct view *v, unsigned rows, unsigned columns);
/* Rows up (< 0) or down. */
void view_scroll(struct view *v, int rows);
void view_page(struct view *v, int pages);
void view_home(struct view *v);
void view_end(struct view *v);
/* Scrolls as little as makes the item visible, its beginning if not all fits. */
void view_show(struct view *v, size_t index);

/* Looks at what is visible anew: to be called before drawing. What follows tells of how it was
 * then. */
void view_update(struct view *v);
/* What stands in row y of the window, 0 at the top; NULL: nothing, the row is empty. Valid until
 * anything else here but these is called. index and row (of the item) may be NULL. */
const struct layout_row *view_row(const struct view *v, unsigned y, size_t *index, size_t *row);
bool view_at_end(const struct view *v);
/* The first row of the first item is visible: time to load older ones. */
bool view_at_home(const struct view *v);
/* Items of which nothing is seen because they stand below the window: "3 new messages below". */
size_t view_below(const struct view *v);

#endif
