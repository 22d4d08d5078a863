/* What lies above the panes for a while: a text to scroll or a list to choose from, with a title
 * and a line that says which keys do something. Escape ends it. */
#ifndef TUI_OVERLAY_H
#define TUI_OVERLAY_H

#include "tui/ui.h"

struct overlay;

struct overlay_kind {
	/* Appends entry i. NULL: a text made by overlay_add(). */
	void (*compose)(struct overlay *o, size_t i, unsigned columns, struct layout_text *out);
	/* True: the key was meant for it. May be NULL, and may end the overlay. */
	bool (*key)(struct overlay *o, const struct tui_event *e);
	/* Frees data. May be NULL. */
	void (*finish)(struct overlay *o);
	bool chooses; /* one of the entries is chosen */
	/* Another one may have been chosen. May be NULL. */
	void (*chose)(struct overlay *o);
};

struct overlay {
	struct ui *ui;
	const struct overlay_kind *kind;
	void *data; /* of its kind */
	struct view *view;
	char *title;       /* owned; clean */
	const char *hints; /* borrowed; "Enter talk  Esc back" */
	size_t count;
	size_t chosen;
	unsigned version; /* of all entries ... */
	unsigned drawn;   /* ... and the one that is on the screen */
	struct buf text;  /* of a text: its lines ... */
	size_t *lines;    /* owned; ... where they begin, with `styles` beside */
	unsigned char *styles;
	size_t room;
};

/* Takes the place of the one there is. NULL: out of memory, which was told; data is finished. */
struct overlay *overlay_open(struct ui *ui, const struct overlay_kind *kind, const char *title,
    const char *hints, void *data);
void overlay_close(struct ui *ui);
/* How many entries there are, after they changed; the place is kept. */
void overlay_count(struct overlay *o, size_t count);
/* Chooses the entry at that place, and shows it. */
void overlay_choose(struct overlay *o, size_t at);
/* Adds lines (each ends with \n, or is the last) to a text. What stands before a tab is a key, what
 * follows it what the key does; clean text has no tabs. */
void overlay_add(struct overlay *o, unsigned style, const char *text);
/* To begin a text anew. */
void overlay_clear(struct overlay *o);

extern const struct overlay_kind overlay_text;

void overlay_draw(struct overlay *o);
void overlay_event(struct overlay *o, const struct tui_event *e);

#endif
