#include "tray/own_picture.h"

#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib/gstdio.h>

static char *path;

/* Noise cannot be compressed; one colour can. */
static void
make(int width, int height, bool alpha, bool noise)
{
	g_autoptr(GdkPixbuf) picture = gdk_pixbuf_new(GDK_COLORSPACE_RGB, alpha, 8, width, height);
	guchar *pixels = gdk_pixbuf_get_pixels(picture);
	unsigned seed = 1;
	gdk_pixbuf_fill(picture, 0x336699ff);
	for (gsize i = 0; noise && i < gdk_pixbuf_get_byte_length(picture); i++) {
		seed = seed * 1103515245 + 12345;
		pixels[i] = (guchar)(seed >> 16);
	}
	assert_true(gdk_pixbuf_save(picture, path, "png", NULL, NULL));
}

static GdkPixbuf *
shrunk(void)
{
	g_autoptr(GError) error = NULL;
	GBytes *bytes = own_picture_shrink(path, &error);
	assert_null(error);
	assert_non_null(bytes);
	assert_in_range(g_bytes_get_size(bytes), 1, LIMIT_AVATAR);
	g_autoptr(GInputStream) in = g_memory_input_stream_new_from_bytes(bytes);
	GdkPixbuf *picture = gdk_pixbuf_new_from_stream(in, NULL, NULL);
	g_bytes_unref(bytes);
	assert_non_null(picture);
	return picture;
}

static void
any_picture_becomes_a_small_square(void **state)
{
	(void)state;
	static const struct {
		int width, height;
		bool alpha, noise;
		int least, most; /* of the side */
	} cases[] = {{3000, 2000, false, true, 48, 96}, {400, 3000, false, false, 96, 96},
	    {300, 300, true, true, 16, 48}, {20, 10, false, true, 10, 10},
	    {1, 1, true, false, 1, 1}};
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		make(cases[i].width, cases[i].height, cases[i].alpha, cases[i].noise);
		GdkPixbuf *picture = shrunk();
		int side = gdk_pixbuf_get_width(picture);
		assert_int_equal(side, gdk_pixbuf_get_height(picture));
		assert_in_range(side, cases[i].least, cases[i].most);
		g_object_unref(picture);
	}
}

static void
what_is_no_picture_is_told(void **state)
{
	(void)state;
	g_autoptr(GError) error = NULL, absent = NULL;
	assert_true(g_file_set_contents(path, "GIF89a, it says", -1, NULL));
	assert_null(own_picture_shrink(path, &error));
	assert_non_null(error);
	(void)g_unlink(path);
	assert_null(own_picture_shrink(path, &absent));
	assert_non_null(absent);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(any_picture_becomes_a_small_square),
	    cmocka_unit_test(what_is_no_picture_is_told),
	};
	path = g_build_filename(g_get_tmp_dir(), "picture.png", NULL);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)g_unlink(path);
	g_free(path);
	return failed;
}
