/* The menu of the icon. It is one GtkMenu for good, which panels get by D-Bus: it changes in place,
 * and only where what is shown changes. GTK's thread. */
#ifndef TRAY_MENU_H
#define TRAY_MENU_H

#include "base/compiler.h"
#include "tray/tray.h"

struct menu;

/* t is borrowed; its front may not be there yet. */
int menu_create(struct tray *t, struct menu **out) MUST_USE;
void menu_destroy(struct menu *m); /* accepts NULL */

GtkMenu *menu_widget(struct menu *m); /* borrowed */
/* What a click with the middle button does. */
GtkWidget *menu_open_item(struct menu *m); /* borrowed */
/* Shows how things are now, or, while somebody chooses from it, a little later. */
void menu_update(struct menu *m);
/* A panel is about to show it: entries stay where they are until something is chosen, but not for
 * longer than it takes to choose, since nobody tells that it was closed. */
void menu_opened(struct menu *m);

#endif
