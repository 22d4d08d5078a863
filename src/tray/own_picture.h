/* One's own picture, made small enough to travel through the whole network: at most LIMIT_AVATAR
 * bytes. The file is one's own, and still nothing to be believed. Any thread. */
#ifndef TRAY_OWN_PICTURE_H
#define TRAY_OWN_PICTURE_H

#include <gdk-pixbuf/gdk-pixbuf.h>

/* The middle of it as a square, PNG or JPEG, whichever fits at the greater side. NULL: error is
 * set. g_bytes_unref() it. */
GBytes *own_picture_shrink(const char *path, GError **error);

#endif
