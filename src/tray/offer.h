/* The part of a message that tells of a file: its picture or sign, name, size, how far it is, and
 * the buttons for what can be done with it now. GTK's thread. */
#ifndef TRAY_OFFER_H
#define TRAY_OFFER_H

#include "front/front.h"

#include <gtk/gtk.h>

/* file: NULL if it is not known any more; then there is only the name (clean). While the widget
 * lives it is the file's `user`. */
GtkWidget *offer_new(struct front *f, struct front_file *file, const char *name);
/* Only done, rate and left are others. Does nothing for a file without a widget. */
void offer_progress(struct front_file *file);
/* The widget of a file, NULL if it has none. */
GtkWidget *offer_widget(const struct front_file *file);

#endif
