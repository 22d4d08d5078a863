/* Small windows beside the big one, and the actions that open them: app.about, app.doctor,
 * app.preferences, app.quit, app.status-text. GTK's thread. */
#ifndef TRAY_DIALOGS_H
#define TRAY_DIALOGS_H

#include "tray/tray.h"

/* t is borrowed, as long as its application. */
void dialogs_add_actions(struct tray *t);

#endif
