/* One message in the conversation. Words of others stay text: no markup, no links. GTK's thread. */
#ifndef TRAY_BUBBLE_H
#define TRAY_BUBBLE_H

#include "front/front.h"

#include <gtk/gtk.h>

/* Fills a row with what m is now; what was in it goes. Also names the row for those who listen. */
void bubble_fill(GtkWidget *row, struct front *f, struct front_person *p, struct front_message *m);

#endif
