/* Whether Earshot starts with the session, as desktops know it: the tray by its desktop file in
 * "autostart" (XDG), and the daemon with the tray. The user's own file counts before the system's;
 * all in it but what is switched stays. GTK's thread. */
#ifndef TRAY_AUTOSTART_H
#define TRAY_AUTOSTART_H

#include <glib.h>
#include <stdbool.h>

bool autostart_is_on(void);
/* This program, as autostart_set() wants it. A new string (g_free()). */
char *autostart_program(void);
/* program: what is to be run where the system has no file of its own; absolute. False: error is
 * set, and nothing has changed. */
bool autostart_set(bool on, const char *program, GError **error);

#endif
