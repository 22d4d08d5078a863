/* Pictures: those that others send are decoded small, within limits, and only in the three formats
 * everybody uses; those we send get a small copy (XEP-0264). picture_describe() may be called in
 * any thread, the rest in GTK's. */
#ifndef TRAY_PICTURE_H
#define TRAY_PICTURE_H

#include <earshot.h>
#include <gdk-pixbuf/gdk-pixbuf.h>
#include <stddef.h>

/* A PNG, JPEG or GIF of somebody else's, at most `side` pixels wide and high. NULL: it is none, is
 * broken, or would unfold to too much. g_object_unref() it. */
GdkPixbuf *picture_decode(const unsigned char *data, size_t len, int side);
/* The same of hexadecimal digits and of base64; NULL of NULL. */
GdkPixbuf *picture_of_hex(const char *hex, int side);
GdkPixbuf *picture_of_base64(const char *text, int side);

/* Sets media, width, height, thumbnail and thumbnail_media of a call "send-file", as far as they
 * can be known of the file of ours that is called name. fd's position does not matter and stays. */
void picture_describe(struct earshot_value *params, int fd, const char *name);

#endif
