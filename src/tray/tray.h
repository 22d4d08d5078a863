/* What the parts of earshot-tray share: one process has one application, one front and one window.
 * GTK's thread alone. */
#ifndef TRAY_TRAY_H
#define TRAY_TRAY_H

#include "front/front.h"

#include <gtk/gtk.h>

struct window;

/* The application id; also the name of the desktop file and of the icon. */
#define TRAY_APP_ID "org.earshot.Tray"

/* Parts call each other through the actions of the application where they need not know each other:
 * app.preferences, app.doctor, app.about, app.quit (main.c defines them) and win.* (window.c). */
struct tray {
	GtkApplication *app;   /* owned */
	struct front *front;   /* owned */
	struct window *window; /* owned; NULL until it was wanted the first time */
};

#endif
