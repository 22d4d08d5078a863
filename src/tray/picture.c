#include "tray/picture.h"

#include "base/hex.h"

#include <gio/gio.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
	FOREIGN_BYTES = 64 * 1024,    /* what others send as an avatar or small copy */
	FOREIGN_PIXELS = 2048 * 2048, /* and what it may unfold to */
};

struct look {
	int side; /* wanted at most */
	bool too_big;
};

static void
on_size(GdkPixbufLoader *loader, int width, int height, void *ctx)
{
	struct look *look = ctx;
	int most = width > height ? width : height;
	look->too_big = (int64_t)width * height > FOREIGN_PIXELS;
	if (look->too_big) {
		gdk_pixbuf_loader_set_size(loader, 1, 1);
	} else if (most > look->side) {
		int w = (int)((int64_t)width * look->side / most);
		int h = (int)((int64_t)height * look->side / most);
		gdk_pixbuf_loader_set_size(loader, w > 0 ? w : 1, h > 0 ? h : 1);
	}
}

/* By its first bytes; NULL: none that we show. */
static const char *
format_of(const unsigned char *data, size_t len)
{
	static const struct {
		const char *name, *magic;
	} formats[] = {{"png", "\x89PNG\r\n\x1a\n"}, {"jpeg", "\xff\xd8\xff"}, {"gif", "GIF8"}};
	for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
		size_t n = strlen(formats[i].magic);
		if (len > n && memcmp(data, formats[i].magic, n) == 0)
			return formats[i].name;
	}
	return NULL;
}

GdkPixbuf *
picture_decode(const unsigned char *data, size_t len, int side)
{
	const char *format = len <= FOREIGN_BYTES ? format_of(data, len) : NULL;
	struct look look = {.side = side};
	GdkPixbufLoader *loader = format ? gdk_pixbuf_loader_new_with_type(format, NULL) : NULL;
	if (!loader)
		return NULL;
	g_signal_connect(loader, "size-prepared", G_CALLBACK(on_size), &look);
	bool good = gdk_pixbuf_loader_write(loader, data, len, NULL);
	good = gdk_pixbuf_loader_close(loader, NULL) && good && !look.too_big;
	GdkPixbuf *found = good ? gdk_pixbuf_loader_get_pixbuf(loader) : NULL;
	found = found ? gdk_pixbuf_apply_embedded_orientation(found) : NULL;
	g_object_unref(loader);
	return found;
}

GdkPixbuf *
picture_of_hex(const char *hex, int side)
{
	size_t len = hex ? strlen(hex) / 2 : 0;
	unsigned char *data = len > 0 && len <= FOREIGN_BYTES ? malloc(len) : NULL;
	GdkPixbuf *found = NULL;
	if (data && hex_decode(data, hex, len * 2) == 0)
		found = picture_decode(data, len, side);
	free(data);
	return found;
}

GdkPixbuf *
picture_of_base64(const char *text, int side)
{
	gsize len = 0;
	guchar *data = text ? g_base64_decode(text, &len) : NULL;
	GdkPixbuf *found = data ? picture_decode(data, len, side) : NULL;
	g_free(data);
	return found;
}
