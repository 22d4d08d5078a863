/* What the right side shows while there is no conversation: the one question of the first start,
 * and what to do when nobody is here. GTK's thread. */
#ifndef TRAY_WELCOME_H
#define TRAY_WELCOME_H

#include "base/compiler.h"
#include "front/front.h"

#include <gtk/gtk.h>

struct welcome;

int welcome_create(struct front *f, struct welcome **out) MUST_USE;
void welcome_destroy(struct welcome *w); /* after its widget; accepts NULL */
GtkWidget *welcome_widget(struct welcome *w);
/* The front knows more or other things than before. */
void welcome_update(struct welcome *w);
/* Takes the focus, if there is something to type. */
void welcome_focus(struct welcome *w);

#endif
