#include "cli/qr.h"

#include "base/err.h"

#include <errno.h>

#ifdef EARSHOT_QR
#include <qrencode.h>
#include <stdlib.h>
#endif
#if defined(EARSHOT_QR) && defined(EARSHOT_PNG)
#include <png.h>
#include <stdio.h>
#include <string.h>
#endif

#ifdef EARSHOT_QR
enum { BORDER = 4 }; /* modules of nothing around it (ISO 18004 §5.3.8) */

/* Outside of the code all is light. */
static bool
is_dark(const QRcode *code, int x, int y)
{
	return x >= 0 && y >= 0 && x < code->width && y < code->width &&
	       code->data[y * code->width + x] & 1;
}

int
qr_draw(const char *content, bool colour, struct buf *out)
{
	static const char *const halves[] = {"\342\226\210", "\342\226\200", "\342\226\204", " "};
	QRcode *code = QRcode_encodeString(content, 0, QR_ECLEVEL_M, QR_MODE_8, 1);
	if (!code)
		return errno == ERANGE ? ERR_TOO_BIG : -ENOMEM;
	for (int y = -BORDER; y < code->width + BORDER; y += 2) {
		if (colour)
			buf_str(out, "\033[97;40m");
		for (int x = -BORDER; x < code->width + BORDER; x++)
			buf_str(out, halves[is_dark(code, x, y) * 2 + is_dark(code, x, y + 1)]);
		buf_str(out, colour ? "\033[0m\n" : "\n");
	}
	QRcode_free(code);
	return buf_err(out);
}
#else
int
qr_draw(const char *content, bool colour, struct buf *out)
{
	(void)content, (void)colour, (void)out;
	return -ENOSYS;
}
#endif

#if defined(EARSHOT_QR) && defined(EARSHOT_PNG)
enum { SCALE = 8 }; /* pixels of a module */

static int
write_picture(const QRcode *code, const char *path)
{
	size_t side = (size_t)(code->width + 2 * BORDER) * SCALE;
	png_image image = {.version = PNG_IMAGE_VERSION,
	    .width = (png_uint_32)side,
	    .height = (png_uint_32)side,
	    .format = PNG_FORMAT_GRAY};
	unsigned char *pixels = malloc(side * side);
	if (!pixels)
		return -ENOMEM;
	for (size_t i = 0; i < side * side; i++)
		pixels[i] = is_dark(code, (int)(i % side) / SCALE - BORDER,
				(int)(i / side) / SCALE - BORDER)
				? 0
				: 255;
	int err = 0;
	FILE *f = fopen(path, "wxe");
	if (!f)
		err = -errno;
	if (!err && !png_image_write_to_stdio(&image, f, 0, pixels, 0, NULL))
		err = -EIO;
	if (f && fclose(f) != 0 && !err)
		err = -errno;
	free(pixels);
	return err;
}

int
qr_picture(const char *content, const char *path)
{
	QRcode *code = QRcode_encodeString(content, 0, QR_ECLEVEL_M, QR_MODE_8, 1);
	if (!code)
		return errno == ERANGE ? ERR_TOO_BIG : -ENOMEM;
	int err = write_picture(code, path);
	QRcode_free(code);
	return err;
}
#else
int
qr_picture(const char *content, const char *path)
{
	(void)content, (void)path;
	return -ENOSYS;
}
#endif
