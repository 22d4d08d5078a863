#include "tray/own_picture.h"

#include "base/compiler.h"
#include "base/limits.h"
#include "base/tr.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	SIDE = 96,
	SIDE_LEAST = 16,
	LOAD_SIDE = 512,
	QUALITY = 85,
	QUALITY_LEAST = 40,
	PIXELS_MAX = 200000000
};

static GBytes *
encode(GdkPixbuf *picture, int quality)
{
	char *data = NULL;
	gsize len = 0;
	char number[16];
	(void)g_snprintf(number, sizeof(number), "%d", quality);
	bool done = quality ? gdk_pixbuf_save_to_buffer(picture, &data, &len, "jpeg", NULL,
				  "quality", number, (char *)NULL)
			    : gdk_pixbuf_save_to_buffer(picture, &data, &len, "png", NULL,
				  "compression", "9", (char *)NULL);
	GBytes *bytes = done ? g_bytes_new_take(data, len) : NULL;
	if (bytes && len > LIMIT_AVATAR) {
		g_bytes_unref(bytes);
		return NULL;
	}
	return bytes;
}

/* Lossless if that fits, which it does for what was drawn; what is transparent stays so. */
static GBytes *
encode_best(GdkPixbuf *picture)
{
	GBytes *bytes = encode(picture, 0);
	if (bytes || gdk_pixbuf_get_has_alpha(picture))
		return bytes;
	for (int quality = QUALITY; !bytes && quality >= QUALITY_LEAST; quality -= 15)
		bytes = encode(picture, quality);
	return bytes;
}

static GdkPixbuf *
cut_square(GdkPixbuf *whole)
{
	int width = gdk_pixbuf_get_width(whole), height = gdk_pixbuf_get_height(whole);
	int side = MIN(width, height);
	return gdk_pixbuf_new_subpixbuf(whole, (width - side) / 2, (height - side) / 2, side, side);
}

GBytes *
own_picture_shrink(const char *path, GError **error)
{
	int width = 0, height = 0;
	/* decoded at a size that it can be made from, however big it is */
	if (!gdk_pixbuf_get_file_info(path, &width, &height) || width < 1 || height < 1) {
		g_set_error_literal(error, GDK_PIXBUF_ERROR, GDK_PIXBUF_ERROR_UNKNOWN_TYPE,
		    tr("This file is no picture that can be read."));
		return NULL;
	}
	if ((int64_t)width * height > PIXELS_MAX) {
		g_set_error_literal(error, GDK_PIXBUF_ERROR, GDK_PIXBUF_ERROR_INSUFFICIENT_MEMORY,
		    tr("This picture is too big to be made smaller here."));
		return NULL;
	}
	bool big = width > LOAD_SIDE || height > LOAD_SIDE;
	g_autoptr(GdkPixbuf) loaded =
	    big ? gdk_pixbuf_new_from_file_at_scale(path, width < height ? LOAD_SIDE : -1,
		      width < height ? -1 : LOAD_SIDE, TRUE, error)
		: gdk_pixbuf_new_from_file(path, error);
	if (!loaded)
		return NULL;
	g_autoptr(GdkPixbuf) turned = gdk_pixbuf_apply_embedded_orientation(loaded);
	g_autoptr(GdkPixbuf) square = cut_square(turned);
	int side = MIN(SIDE, gdk_pixbuf_get_width(square));
	GBytes *bytes = NULL;
	for (; !bytes && side >= MIN(SIDE_LEAST, gdk_pixbuf_get_width(square));
	     side = side * 3 / 4) {
		g_autoptr(GdkPixbuf) small =
		    gdk_pixbuf_scale_simple(square, side, side, GDK_INTERP_HYPER);
		bytes = small ? encode_best(small) : NULL;
		if (side < 2)
			break;
	}
	if (!bytes)
		g_set_error_literal(error, GDK_PIXBUF_ERROR, GDK_PIXBUF_ERROR_FAILED,
		    tr("This picture cannot be made small enough."));
	return bytes;
}
