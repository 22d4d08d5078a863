/* The line below the people: who we are for others, our status, and the menu of the program. GTK's
 * thread. */
#ifndef TRAY_OWN_H
#define TRAY_OWN_H

#include "base/compiler.h"
#include "front/front.h"

#include <gtk/gtk.h>

struct own;

int own_create(struct front *f, struct own **out) MUST_USE;
void own_destroy(struct own *o); /* after its widget; accepts NULL */
GtkWidget *own_widget(struct own *o);
void own_add_actions(struct own *o, GActionMap *window);
/* own as docs/ipc.md; NULL: not known yet. */
void own_show(struct own *o, const struct earshot_value *own);

#endif
