/* What can be done in the window by key, and with which. GTK's thread. */
#ifndef TRAY_WINDOW_ACTIONS_H
#define TRAY_WINDOW_ACTIONS_H

#include <gtk/gtk.h>

enum window_action {
	WINDOW_FIND_PEOPLE,
	WINDOW_FIND,
	WINDOW_FIND_EVERYWHERE,
	WINDOW_PREVIOUS, /* person */
	WINDOW_NEXT,
	WINDOW_PAGE_UP, /* in the conversation */
	WINDOW_PAGE_DOWN,
	WINDOW_MESSAGES, /* focus */
	WINDOW_WRITE,    /* focus */
	WINDOW_COMPARE,
	WINDOW_CLOSE,
};

typedef void window_action_fn(void *ctx, enum window_action action);

/* Adds win.NAME for each, with its keys, and win.keys, which shows them all. */
void window_actions_add(
    GtkApplication *app, GtkApplicationWindow *window, window_action_fn *fn, void *ctx);

#endif
