/* What a file that is to be sent is: its media type, and of a picture its size and a small copy
 * (XEP-0264). Looked at here, where the user's own files are read anyway, and never by the daemon.
 * Built with libmagic and gdk-pixbuf if they are there; without them less is said. Any thread; a
 * large picture takes some tenths of a second. */
#ifndef FRONT_PICTURE_H
#define FRONT_PICTURE_H

#include <earshot.h>

/* Sets media, width, height, thumbnail and thumbnail_media of a call "send-file", as far as they
 * are known. fd's position does not matter and stays. */
void picture_describe(struct earshot_value *params, int fd);

#endif
