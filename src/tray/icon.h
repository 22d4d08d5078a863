/* The icon in the panel: a status notifier, or where there is only an old tray, an icon in that.
 * It says whether anybody shows it. Knows neither people nor the daemon. GTK's thread. */
#ifndef TRAY_ICON_H
#define TRAY_ICON_H

#include "base/compiler.h"

#include <gtk/gtk.h>
#include <stdbool.h>

struct icon;

struct icon_options {
	const char *id;
	const char *folder;   /* of a theme "hicolor" with our icons; NULL: they are installed */
	GDBusConnection *bus; /* borrowed; NULL: there is none */
	GtkMenu *menu;        /* borrowed, longer than the icon */
	GtkWidget *open_item; /* of the menu: what the middle button does */
	const char *name, *sentence; /* of the icon at the beginning */
};

struct icon_listener {
	/* There is a panel that shows the icon now, or none. Comes when that changes, and once soon
	 * after the start. */
	void (*on_shown)(void *ctx, bool shown);
	/* A panel is about to show the menu. */
	void (*on_menu)(void *ctx);
};

/* l is borrowed, and so are the options, but only now where they do not say more. */
int icon_create(const struct icon_options *o, const struct icon_listener *l, void *ctx,
    struct icon **out) MUST_USE;
void icon_destroy(struct icon *i); /* accepts NULL */
/* name: of an icon in the theme; sentence: what it means. Does nothing if both are as before. */
void icon_show(struct icon *i, const char *name, const char *sentence);

#endif
