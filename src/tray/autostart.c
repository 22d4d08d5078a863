#include "tray/autostart.h"

#include "base/compiler.h"
#include "base/paths.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_NAME "earshot-tray.desktop"
#define GROUP     G_KEY_FILE_DESKTOP_GROUP
#define HIDDEN    G_KEY_FILE_DESKTOP_KEY_HIDDEN
#define ENABLED   "X-GNOME-Autostart-enabled"

char *
autostart_program(void)
{
	char *folder = NULL;
	char *path = paths_program_dir(&folder) == 0
			 ? g_build_filename(folder, "earshot-tray", NULL)
			 : g_strdup("earshot-tray");
	free(folder);
	return path;
}

static char *
own_path(void)
{
	return g_build_filename(g_get_user_config_dir(), "autostart", FILE_NAME, NULL);
}

static GKeyFile *
read_file(const char *path)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	const GKeyFileFlags flags = G_KEY_FILE_KEEP_COMMENTS | G_KEY_FILE_KEEP_TRANSLATIONS;
	if (!g_key_file_load_from_file(file, path, flags, NULL))
		return NULL;
	return g_steal_pointer(&file);
}

/* The system's, which the user's own replaces. NULL: none. */
static GKeyFile *
read_systems(void)
{
	for (const char *const *dir = g_get_system_config_dirs(); *dir; dir++) {
		g_autofree char *path = g_build_filename(*dir, "autostart", FILE_NAME, NULL);
		GKeyFile *file = read_file(path);
		if (file)
			return file;
	}
	return NULL;
}

static bool
is_on(GKeyFile *file)
{
	/* where the key is absent the desktops take it for true */
	return !g_key_file_get_boolean(file, GROUP, HIDDEN, NULL) &&
	       (!g_key_file_has_key(file, GROUP, ENABLED, NULL) ||
		   g_key_file_get_boolean(file, GROUP, ENABLED, NULL));
}

bool
autostart_is_on(void)
{
	g_autofree char *path = own_path();
	g_autoptr(GKeyFile) own = read_file(path);
	g_autoptr(GKeyFile) systems = own ? NULL : read_systems();
	return own ? is_on(own) : systems && is_on(systems);
}

/* One argument of Exec, as the specification of desktop files quotes it. */
static char *
quote(const char *program)
{
	GString *out = g_string_new("\"");
	for (const char *p = program; *p; p++) {
		if (strchr("\"`$\\", *p))
			g_string_append_c(out, '\\');
		if (*p == '%')
			g_string_append_c(out, '%');
		g_string_append_c(out, *p);
	}
	g_string_append_c(out, '"');
	return g_string_free(out, FALSE);
}

static GKeyFile *
new_file(const char *program)
{
	GKeyFile *file = g_key_file_new();
	g_autofree char *quoted = quote(program);
	g_autofree char *command = g_strconcat(quoted, " --background", NULL);
	g_key_file_set_string(file, GROUP, G_KEY_FILE_DESKTOP_KEY_TYPE, "Application");
	g_key_file_set_string(file, GROUP, G_KEY_FILE_DESKTOP_KEY_NAME, "Earshot");
	g_key_file_set_string(file, GROUP, G_KEY_FILE_DESKTOP_KEY_EXEC, command);
	g_key_file_set_string(file, GROUP, G_KEY_FILE_DESKTOP_KEY_ICON, "earshot");
	g_key_file_set_boolean(file, GROUP, "NoDisplay", TRUE);
	return file;
}

bool
autostart_set(bool on, const char *program, GError **error)
{
	g_autofree char *path = own_path(), *folder = g_path_get_dirname(path);
	g_autoptr(GKeyFile) file = read_file(path);
	if (!file)
		file = read_systems();
	if (!file)
		file = new_file(program);
	if (on)
		g_key_file_remove_key(file, GROUP, HIDDEN, NULL);
	else
		g_key_file_set_boolean(file, GROUP, HIDDEN, TRUE);
	g_key_file_set_boolean(file, GROUP, ENABLED, on);
	if (g_mkdir_with_parents(folder, 0700) != 0) {
		int err = errno;
		g_set_error_literal(
		    error, G_FILE_ERROR, (gint)g_file_error_from_errno(err), g_strerror(err));
		return false;
	}
	return g_key_file_save_to_file(file, path, error);
}
