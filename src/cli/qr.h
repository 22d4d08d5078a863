/* QR codes, for another device's camera: on the terminal with half blocks (libqrencode), or as a
 * picture (libpng). What was not there when this was built says so with -ENOSYS. */
#ifndef CLI_QR_H
#define CLI_QR_H

#include "base/buf.h"
#include "base/compiler.h"

#include <stdbool.h>

/* Appends rows of text. colour: white on black by force, as many cameras read only dark on
 * light. 0, -ENOSYS, -ENOMEM, ERR_TOO_BIG. */
int qr_draw(const char *content, bool colour, struct buf *out) MUST_USE;

/* Writes a PNG picture. 0, -ENOSYS, -ENOMEM, an errno. */
int qr_picture(const char *content, const char *path) MUST_USE;

#endif
