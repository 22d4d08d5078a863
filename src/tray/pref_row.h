/* What preferences are made of: a row with a title, a control, what it means, and below what is to
 * be said of it now. Knows no setting. GTK's thread. */
#ifndef TRAY_PREF_ROW_H
#define TRAY_PREF_ROW_H

#include "base/compiler.h"
#include "front/front.h"

#include <gtk/gtk.h>
#include <stdbool.h>

enum pref_note {
	PREF_NOTHING,
	PREF_LOCKED, /* why it cannot be changed; the control is grey */
	PREF_LATER,  /* it does not hold yet */
	PREF_ERROR,  /* what was asked for cannot be done */
};

struct pref_row {
	GtkWidget *widget; /* the whole row */
	GtkWidget *control;
	GtkWidget *note, *note_icon, *note_text;
	char *help; /* owned */
};

/* Text is plain, never markup. control: what the title belongs to; beside (NULL: nothing) stands
 * after it. Freed with the widget. */
struct pref_row *
pref_row_new(const char *title, const char *help, GtkWidget *control, GtkWidget *beside);
/* text is copied; it is read to those who do not see it, too. */
void pref_row_note(struct pref_row *r, enum pref_note note, const char *text);

/* A page: rows below each other, in a window that scrolls. Rows are added to *rows. */
GtkWidget *pref_page_new(GtkWidget **rows);
void pref_page_add(GtkWidget *rows, struct pref_row *r);

/* A switch with its row. changed: as of "notify::active". */
struct pref_row *
pref_switch_new(const char *title, const char *help, bool on, GCallback changed, gpointer ctx);

/* Lets a file or folder be chosen; chosen is called unless owner is destroyed by then. filter
 * moves, NULL: all. at: what is shown first, NULL: wherever. */
typedef void pref_chosen_fn(GtkWidget *owner, const char *path);
void pref_choose(GtkWidget *owner, const char *title, GtkFileChooserAction action,
    GtkFileFilter *filter, const char *at, pref_chosen_fn *chosen);

/* Asks the daemon; fn is called unless owner is destroyed by then. params and fd (-1: none) move.
 */
typedef void pref_answer_fn(GtkWidget *owner, int err, const struct earshot_value *answer);
void pref_ask(GtkWidget *owner, struct front *f, const char *method, struct earshot_value *params,
    int fd, pref_answer_fn *fn);

#endif
