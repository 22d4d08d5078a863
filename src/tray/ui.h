/* Small things every part of the window builds with: what GTK takes three lines for. Every widget
 * that can be acted upon gets a name for those who do not see it. GTK's thread. */
#ifndef TRAY_UI_H
#define TRAY_UI_H

#include <gtk/gtk.h>
#include <stdbool.h>

/* Installs the style sheet, for the whole program. Once is enough, more does no harm. */
void ui_init(void);

void ui_class(GtkWidget *w, const char *style_class);
void ui_set_class(GtkWidget *w, const char *style_class, bool on);
/* Name for assistive technology; also the tooltip if there is nothing else to read on it. */
void ui_name(GtkWidget *w, const char *name);
void ui_role(GtkWidget *w, AtkRole role);

/* What a list box shows when nothing is in it. Screen readers do not find that label: they find the
 * same words as the description of the list. */
void ui_nothing(GtkWidget *list, GtkWidget *label, const char *text);

/* Plain text, never markup. style_class may be NULL. */
GtkWidget *ui_label(const char *text, const char *style_class);
/* The same over several lines. */
GtkWidget *ui_text(const char *text, const char *style_class);
GtkWidget *ui_box(GtkOrientation orientation, int spacing);
/* Adds child to a box, at its natural size. Returns child. */
GtkWidget *ui_add(GtkWidget *box, GtkWidget *child);
/* The same, but it takes what room there is. */
GtkWidget *ui_fill(GtkWidget *box, GtkWidget *child);
GtkWidget *ui_button(const char *mnemonic, GCallback clicked, gpointer ctx);
GtkWidget *ui_icon_button(const char *icon, const char *name, GCallback clicked, gpointer ctx);
GtkWidget *ui_icon(const char *icon, const char *name);
/* A scrolled window around child that grows with it up to max_height (0: no limit of its own). */
GtkWidget *ui_scrolled(GtkWidget *child, int max_height);
void ui_margin(GtkWidget *w, int horizontal, int vertical);
/* Destroys all children. */
void ui_empty(GtkWidget *container);

#endif
