#include "tray/places.h"

#include <gtk/gtk.h>
#include <stdbool.h>

#define APP_ICON "earshot"

/* Relative to the folder of this program: installed somewhere unusual, or in the tree. */
static const char *const icon_folders[] = {"../share/icons", "../../packaging/icons"};

static char *
beside_program(const char *path)
{
	g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *folder = program ? g_path_get_dirname(program) : NULL;
	g_autofree char *place = folder ? g_build_filename(folder, path, NULL) : NULL;
	return place ? g_canonicalize_filename(place, NULL) : NULL;
}

static bool
has_icons(const char *folder)
{
	g_autofree char *icon =
	    g_build_filename(folder, "hicolor/scalable/apps/" APP_ICON ".svg", NULL);
	return g_file_test(icon, G_FILE_TEST_IS_REGULAR);
}

char *
places_icons(void)
{
	GtkIconTheme *theme = gtk_icon_theme_get_default();
	if (gtk_icon_theme_has_icon(theme, APP_ICON))
		return NULL;
	for (size_t i = 0; i < G_N_ELEMENTS(icon_folders); i++) {
		g_autofree char *folder = beside_program(icon_folders[i]);
		if (!folder || !has_icons(folder))
			continue;
		gtk_icon_theme_prepend_search_path(theme, folder);
		return g_steal_pointer(&folder);
	}
	return NULL;
}

char *
places_icon_for_others(const char *folder)
{
	return folder ? g_build_filename(folder, "hicolor/48x48/apps/" APP_ICON ".png", NULL)
		      : g_strdup(APP_ICON);
}

char *
places_earshot(void)
{
	g_autofree char *beside = beside_program("earshot");
	if (beside && g_file_test(beside, G_FILE_TEST_IS_EXECUTABLE))
		return g_steal_pointer(&beside);
	return g_strdup("earshot");
}
