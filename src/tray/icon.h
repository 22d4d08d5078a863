/* The icon in the panel: a status notifier, or where there is only an old tray, an icon in that.
 * It says whether anybody shows it. Knows neither people nor the daemon. GTK's thread. */
#ifndef TRAY_ICON_H
#define TRAY_ICON_H

#include "base/compiler.h"

#include <gtk/gtk.h>
#include <stdbool.h>

struct icon;

/* shown: there is a panel that shows the icon now. Comes when that changes, and once soon after
 * the start. */
typedef void icon_shown_fn(void *ctx, bool shown);

struct icon_options {
	const char *id;
	const char *folder;   /* of a theme "hicolor" with our icons; NULL: they are installed */
	GDBusConnection *bus; /* borrowed; NULL: there is none */
	GtkMenu *menu;        /* borrowed, longer than the icon */
	GtkWidget *open_item; /* of the menu: what the middle button does */
	const char *name, *sentence; /* of the icon at the beginning */
};

int
icon_create(const struct icon_options *o, icon_shown_fn *fn, void *ctx, struct icon **out) MUST_USE;
void icon_destroy(struct icon *i); /* accepts NULL */
/* name: of an icon in the theme; sentence: what it means. Does nothing if both are as before. */
void icon_show(struct icon *i, const char *name, const char *sentence);

#endif
