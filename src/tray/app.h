/* The program as a whole: what its parts ask of it. GTK's thread. */
#ifndef TRAY_APP_H
#define TRAY_APP_H

#include "tray/standing.h"
#include "tray/tray.h"

#include <stdbool.h>

struct icon;
struct menu;
struct notify;

/* All owned, NULL before their time. */
struct app {
	struct tray tray; /* what all parts know */
	struct icon *icon;
	struct menu *menu;
	struct notify *notify;
	char *socket_path;   /* NULL: where the daemon listens */
	bool in_background;  /* started with the session: no window of its own accord */
	bool wants_window;   /* --window */
	bool is_icon_shown;  /* somebody can click on it */
	guint hidden_timer;  /* until nobody shows the icon for so long that a window has to */
	guint refresh_timer; /* until icon and menu show what has changed */
	guint front_watch;
	int exit_status;
};

/* Opens the window, at that person (instance name; NULL: wherever it was). */
void app_open(struct tray *t, const char *name);
/* accept, decline, files.cancel: of the file with that id. */
void app_file(struct tray *t, const char *method, const char *id);
/* Icon and menu show how things are, soon: what happens at once is shown at once. */
void app_touch(struct tray *t);
struct standing_source app_standing(const struct tray *t);

/* The whole life, from the first activation on. */
void app_start(struct app *a);
void app_stop(struct app *a); /* everything is gone after */

#endif
