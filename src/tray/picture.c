#include "tray/picture.h"

#include "base/hex.h"
#include "base/limits.h"

#include <gio/gio.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	FOREIGN_BYTES = 64 * 1024,    /* what others send as an avatar or small copy */
	FOREIGN_PIXELS = 2048 * 2048, /* and what it may unfold to */
	HEAD = 64 * 1024,
	SIDE = 128,             /* of a small copy that we make, at most */
	OWN_BYTES = 64 << 20,   /* a picture that is bigger is sent without a small copy */
	OWN_PIXELS = 200000000, /* the same, counted in what it unfolds to */
	QUALITY_FIRST = 80,     /* of a JPEG; less until it fits */
	QUALITY_STEP = 20,
};

struct look {
	int side;           /* wanted at most */
	int64_t pixels_max; /* allowed */
	int width, height;  /* of the picture itself */
	bool too_big;
};

static void
on_size(GdkPixbufLoader *loader, int width, int height, void *ctx)
{
	struct look *look = ctx;
	int most = width > height ? width : height;
	look->width = width;
	look->height = height;
	look->too_big = (int64_t)width * height > look->pixels_max;
	if (look->too_big) {
		gdk_pixbuf_loader_set_size(loader, 1, 1);
	} else if (most > look->side) {
		int w = (int)((int64_t)width * look->side / most);
		int h = (int)((int64_t)height * look->side / most);
		gdk_pixbuf_loader_set_size(loader, w > 0 ? w : 1, h > 0 ? h : 1);
	}
}

/* ---- of others ---- */

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
	struct look look = {.side = side, .pixels_max = FOREIGN_PIXELS};
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

/* ---- ours ---- */

static GdkPixbuf *
read_small(int fd, struct look *look)
{
	GdkPixbufLoader *loader = gdk_pixbuf_loader_new();
	unsigned char *part = malloc(HEAD);
	off_t at = 0;
	bool good = part != NULL;
	g_signal_connect(loader, "size-prepared", G_CALLBACK(on_size), look);
	while (good && at < OWN_BYTES && !look->too_big) {
		ssize_t n = pread(fd, part, HEAD, at);
		if (n <= 0)
			break;
		good = gdk_pixbuf_loader_write(loader, part, (size_t)n, NULL);
		at += n;
	}
	free(part);
	bool whole =
	    gdk_pixbuf_loader_close(loader, NULL) && good && !look->too_big && at < OWN_BYTES;
	GdkPixbuf *small = whole ? gdk_pixbuf_loader_get_pixbuf(loader) : NULL;
	/* as the camera was held */
	small = small ? gdk_pixbuf_apply_embedded_orientation(small) : NULL;
	g_object_unref(loader);
	return small;
}

static bool
fits(struct earshot_value *params, const char *media, const char *data, size_t len)
{
	if (len > LIMIT_THUMBNAIL)
		return false;
	char *text = g_base64_encode((const guchar *)data, len);
	earshot_value_set_str(params, "thumbnail", text);
	earshot_value_set_str(params, "thumbnail_media", media);
	g_free(text);
	return true;
}

static void
set_thumbnail(struct earshot_value *params, GdkPixbuf *small)
{
	bool clear = gdk_pixbuf_get_has_alpha(small), done = false;
	for (int quality = QUALITY_FIRST; quality > 0 && !done; quality -= QUALITY_STEP) {
		char *data = NULL, number[16];
		gsize len = 0;
		(void)g_snprintf(number, sizeof(number), "%d", quality);
		if (clear)
			done = !gdk_pixbuf_save_to_buffer(small, &data, &len, "png", NULL, NULL) ||
			       fits(params, "image/png", data, len) || clear;
		else
			done = !gdk_pixbuf_save_to_buffer(
				   small, &data, &len, "jpeg", NULL, "quality", number, NULL) ||
			       fits(params, "image/jpeg", data, len);
		g_free(data);
	}
}

void
picture_describe(struct earshot_value *params, int fd, const char *name)
{
	unsigned char head[4096];
	ssize_t n = pread(fd, head, sizeof(head), 0);
	gboolean doubtful = FALSE;
	if (n <= 0)
		return;
	g_autofree char *type = g_content_type_guess(name, head, (gsize)n, &doubtful);
	g_autofree char *media = type ? g_content_type_get_mime_type(type) : NULL;
	if (media)
		earshot_value_set_str(params, "media", media);
	if (!media || strncmp(media, "image/", strlen("image/")) != 0)
		return;
	struct look look = {.side = SIDE, .pixels_max = OWN_PIXELS};
	GdkPixbuf *small = read_small(fd, &look);
	if (look.width > 0 && look.height > 0) {
		earshot_value_set_int(params, "width", look.width);
		earshot_value_set_int(params, "height", look.height);
	}
	if (small) {
		set_thumbnail(params, small);
		g_object_unref(small);
	}
}
