/* The preferences: about oneself, the session, and all settings of the daemon, which tells what
 * they are (docs/ipc.md, settings). A change is made at once, without a button for it. GTK's
 * thread. */
#ifndef TRAY_PREFERENCES_H
#define TRAY_PREFERENCES_H

#include "tray/tray.h"

/* Opens the window, or raises the one there is. It goes before the front is closed. */
void preferences_show(struct tray *t);

#endif
