/* A person's picture, or their initials on a colour of their own, in a circle; with a dot for
 * presence. The picture comes from the daemon when it is first shown. GTK's thread. */
#ifndef TRAY_AVATAR_H
#define TRAY_AVATAR_H

#include "front/front.h"

#include <gtk/gtk.h>

GtkWidget *avatar_new(int size, gboolean with_dot);
/* Shows p as they are now; asks for their picture if there is another. f must outlive the widget.
 */
void avatar_show(GtkWidget *avatar, struct front *f, const struct front_person *p);

#endif
