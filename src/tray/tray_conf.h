/* What people choose for this program alone, kept in tray.conf beside earshot.conf. Read once;
 * GTK's thread. */
#ifndef TRAY_TRAY_CONF_H
#define TRAY_TRAY_CONF_H

#include <glib.h>
#include <stdbool.h>

enum tray_conf {
	TRAY_CONF_NOTICES, /* notifications are shown */
	TRAY_CONF_PREVIEW, /* ... with what was said */
	TRAY_CONF_COUNT,
};

/* All are on until somebody says otherwise. */
bool tray_conf_is_on(enum tray_conf which);
/* False: error is set; it holds until the program ends all the same. */
bool tray_conf_set(enum tray_conf which, bool on, GError **error);

#endif
