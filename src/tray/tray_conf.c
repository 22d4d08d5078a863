#include "tray/tray_conf.h"

#include <errno.h>
#include <glib/gstdio.h>

static const struct {
	const char *group, *key;
} names[TRAY_CONF_COUNT] = {
    [TRAY_CONF_NOTICES] = {"notifications", "show"},
    [TRAY_CONF_PREVIEW] = {"notifications", "preview"},
};

static struct {
	bool read;
	bool on[TRAY_CONF_COUNT];
} conf;

static char *
file_path(void)
{
	return g_build_filename(g_get_user_config_dir(), "earshot", "tray.conf", NULL);
}

static void
read_once(GKeyFile *file)
{
	g_autofree char *path = file_path();
	(void)g_key_file_load_from_file(file, path, G_KEY_FILE_KEEP_COMMENTS, NULL);
	if (conf.read)
		return;
	conf.read = true;
	for (int i = 0; i < TRAY_CONF_COUNT; i++) {
		g_autoptr(GError) unset = NULL;
		bool on = g_key_file_get_boolean(file, names[i].group, names[i].key, &unset);
		conf.on[i] = unset || on;
	}
}

bool
tray_conf_is_on(enum tray_conf which)
{
	if (!conf.read) {
		g_autoptr(GKeyFile) file = g_key_file_new();
		read_once(file);
	}
	return conf.on[which];
}

bool
tray_conf_set(enum tray_conf which, bool on, GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autofree char *path = file_path(), *folder = g_path_get_dirname(path);
	read_once(file); /* what else is in it stays */
	conf.on[which] = on;
	g_key_file_set_boolean(file, names[which].group, names[which].key, on);
	if (g_mkdir_with_parents(folder, 0700) != 0) {
		int err = errno;
		g_set_error_literal(
		    error, G_FILE_ERROR, (gint)g_file_error_from_errno(err), g_strerror(err));
		return false;
	}
	return g_key_file_save_to_file(file, path, error);
}
