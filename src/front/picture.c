#include "front/picture.h"

#include "base/compiler.h"
#include "base/limits.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HEAD = 64 * 1024, MEDIA_MAX = 128 };

#ifdef EARSHOT_MAGIC
#include <magic.h>

/* From what the file holds, not from what it is called. */
static void
find_media(int fd, char media[MEDIA_MAX])
{
	magic_t magic = magic_open(MAGIC_MIME_TYPE | MAGIC_ERROR);
	char *head = malloc(HEAD);
	ssize_t n = head ? pread(fd, head, HEAD, 0) : -1;
	const char *found = NULL;
	if (magic && n > 0 && magic_load(magic, NULL) == 0)
		found = magic_buffer(magic, head, (size_t)n);
	if (found && strlen(found) < MEDIA_MAX && strchr(found, '/'))
		memcpy(media, found, strlen(found) + 1);
	free(head);
	if (magic)
		magic_close(magic);
}

#else

static void
find_media(int fd, char media[MEDIA_MAX])
{
	(void)fd;
	media[0] = '\0';
}

#endif

#ifdef EARSHOT_PIXBUF
#include <gdk-pixbuf/gdk-pixbuf.h>

enum {
	SIDE = 128,             /* of the small copy, at most */
	FILE_MAX = 64 << 20,    /* a picture that is bigger is sent without a small copy */
	PIXELS_MAX = 200000000, /* the same, counted in what it unfolds to */
	QUALITY_FIRST = 80,     /* of a JPEG; less until it fits */
	QUALITY_STEP = 20,
};

struct look {
	int width, height; /* of the picture itself */
	bool too_big;
};

static void
on_size(GdkPixbufLoader *loader, int width, int height, void *ctx)
{
	struct look *look = ctx;
	*look = (struct look){width, height, (int64_t)width * height > PIXELS_MAX};
	int most = width > height ? width : height;
	if (most > SIDE && !look->too_big) {
		int w = (int)((int64_t)width * SIDE / most),
		    h = (int)((int64_t)height * SIDE / most);
		gdk_pixbuf_loader_set_size(loader, w > 0 ? w : 1, h > 0 ? h : 1);
	} else if (look->too_big)
		gdk_pixbuf_loader_set_size(loader, 1, 1);
}

/* NULL if it cannot be read; the size may be known all the same. */
static GdkPixbuf *
read_small(int fd, struct look *look)
{
	GdkPixbufLoader *loader = gdk_pixbuf_loader_new();
	unsigned char *part = malloc(HEAD);
	off_t at = 0;
	bool good = part != NULL;
	g_signal_connect(loader, "size-prepared", G_CALLBACK(on_size), look);
	while (good && at < FILE_MAX && !look->too_big) {
		ssize_t n = pread(fd, part, HEAD, at);
		if (n <= 0)
			break;
		good = gdk_pixbuf_loader_write(loader, part, (size_t)n, NULL);
		at += n;
	}
	free(part);
	bool whole =
	    gdk_pixbuf_loader_close(loader, NULL) && good && !look->too_big && at < FILE_MAX;
	GdkPixbuf *small = whole ? gdk_pixbuf_loader_get_pixbuf(loader) : NULL;
	/* as the camera was held */
	small = small ? gdk_pixbuf_apply_embedded_orientation(small) : NULL;
	g_object_unref(loader);
	return small;
}

static void
set_thumbnail(struct earshot_value *params, GdkPixbuf *small)
{
	bool clear = gdk_pixbuf_get_has_alpha(small);
	for (int quality = QUALITY_FIRST; quality > 0; quality -= QUALITY_STEP) {
		char *data = NULL, number[16];
		gsize len = 0;
		(void)g_snprintf(number, sizeof(number), "%d", quality);
		gboolean saved =
		    clear ? gdk_pixbuf_save_to_buffer(small, &data, &len, "png", NULL, NULL)
			  : gdk_pixbuf_save_to_buffer(
				small, &data, &len, "jpeg", NULL, "quality", number, NULL);
		if (saved && len <= LIMIT_THUMBNAIL) {
			char *text = g_base64_encode((unsigned char *)data, len);
			earshot_value_set_str(params, "thumbnail", text);
			earshot_value_set_str(
			    params, "thumbnail_media", clear ? "image/png" : "image/jpeg");
			g_free(text);
			quality = 0;
		}
		g_free(data);
		if (clear)
			return;
	}
}

static void
describe_picture(struct earshot_value *params, int fd)
{
	struct look look = {0};
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

#else

static void
describe_picture(struct earshot_value *params, int fd)
{
	(void)params;
	(void)fd;
}

#endif

void
picture_describe(struct earshot_value *params, int fd)
{
	char media[MEDIA_MAX] = "";
	find_media(fd, media);
	if (media[0])
		earshot_value_set_str(params, "media", media);
	if (strncmp(media, "image/", 6) == 0)
		describe_picture(params, fd);
}
