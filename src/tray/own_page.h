/* The page of the preferences that is about oneself: name, nickname, picture. GTK's thread. */
#ifndef TRAY_OWN_PAGE_H
#define TRAY_OWN_PAGE_H

#include "front/front.h"

#include <gtk/gtk.h>

GtkWidget *own_page_new(struct front *f);
/* As things are now. name: the setting "user.name", NULL: not known. */
void own_page_show(GtkWidget *page, const struct earshot_value *name);

#endif
