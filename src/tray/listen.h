/* Passes on what the front tells: to icon and menu, notifications, and the window if there is one.
 */
#ifndef TRAY_LISTEN_H
#define TRAY_LISTEN_H

#include "front/front.h"

/* ctx: a struct app. */
extern const struct front_listener listen_front;

#endif
