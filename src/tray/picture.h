/* Pictures that others send: decoded small, within limits, and only in the three formats everybody
 * uses. GTK's thread. */
#ifndef TRAY_PICTURE_H
#define TRAY_PICTURE_H

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <stddef.h>

/* A PNG, JPEG or GIF of somebody else's, at most `side` pixels wide and high. NULL: it is none, is
 * broken, or would unfold to too much. g_object_unref() it. */
GdkPixbuf *picture_decode(const unsigned char *data, size_t len, int side);
/* The same of hexadecimal digits and of base64; NULL of NULL. */
GdkPixbuf *picture_of_hex(const char *hex, int side);
GdkPixbuf *picture_of_base64(const char *text, int side);

#endif
