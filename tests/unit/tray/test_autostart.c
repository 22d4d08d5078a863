#include "tray/autostart.h"

#include "tray/tray_conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <glib/gstdio.h>

static char *own, *systems, *conf;

static void
write_file(const char *path, const char *text)
{
	g_autofree char *folder = g_path_get_dirname(path);
	assert_int_equal(g_mkdir_with_parents(folder, 0700), 0);
	assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void
check_holds(const char *path, const char *words, bool wanted)
{
	g_autofree char *text = NULL;
	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	assert_int_equal(strstr(text, words) != NULL, wanted);
}

static int
tear_down(void **state)
{
	(void)state;
	(void)g_unlink(own);
	(void)g_unlink(systems);
	return 0;
}

static void
without_a_file_it_does_not_start_and_then_does(void **state)
{
	(void)state;
	assert_false(autostart_is_on());
	assert_true(autostart_set(true, "/opt/my \"$x\" 100%/earshot-tray", NULL));
	assert_true(autostart_is_on());
	/* a value of a key file has its backslashes doubled */
	check_holds(
	    own, "Exec=\"/opt/my \\\\\"\\\\$x\\\\\" 100%%/earshot-tray\" --background\n", true);
	assert_true(autostart_set(false, "/opt/earshot-tray", NULL));
	assert_false(autostart_is_on());
	check_holds(own, "Hidden=true", true);
}

static void
the_systems_file_is_switched_off_by_one_of_ones_own(void **state)
{
	(void)state;
	write_file(systems, "[Desktop Entry]\nType=Application\nName=Earshot\nName[de]=Ohr\n"
			    "Exec=earshot-tray --background\nX-GNOME-Autostart-enabled=true\n");
	assert_true(autostart_is_on());
	assert_true(autostart_set(false, "/x", NULL));
	assert_false(autostart_is_on());
	check_holds(own, "Hidden=true", true);
	check_holds(own, "X-GNOME-Autostart-enabled=false", true);
	check_holds(own, "Name[de]=Ohr", true);
	check_holds(systems, "Hidden", false);
	assert_true(autostart_set(true, "/x", NULL));
	assert_true(autostart_is_on());
	check_holds(own, "Exec=earshot-tray --background\n", true);
	check_holds(own, "Hidden", false);
}

static void
what_somebody_wrote_into_it_stays(void **state)
{
	(void)state;
	write_file(own, "# mine\n[Desktop Entry]\nType=Application\nName=Earshot\n"
			"Exec=nice earshot-tray\nHidden=true\nX-Mine=1\n");
	assert_false(autostart_is_on());
	assert_true(autostart_set(true, "/x", NULL));
	assert_true(autostart_is_on());
	check_holds(own, "# mine\n", true);
	check_holds(own, "Exec=nice earshot-tray\n", true);
	check_holds(own, "X-Mine=1", true);
}

static void
a_folder_that_cannot_be_written_is_told(void **state)
{
	(void)state;
	g_autofree char *folder = g_path_get_dirname(own);
	g_autoptr(GError) error = NULL;
	(void)g_rmdir(folder);
	write_file(folder, "in the way");
	assert_false(autostart_set(true, "/x", &error));
	assert_non_null(error);
	(void)g_unlink(folder);
}

static void
choices_for_the_tray_are_on_and_kept(void **state)
{
	(void)state;
	assert_true(tray_conf_is_on(TRAY_CONF_NOTICES));
	assert_true(tray_conf_is_on(TRAY_CONF_PREVIEW));
	write_file(conf, "# mine\n[other]\nkey=1\n");
	assert_true(tray_conf_set(TRAY_CONF_PREVIEW, false, NULL));
	assert_false(tray_conf_is_on(TRAY_CONF_PREVIEW));
	assert_true(tray_conf_is_on(TRAY_CONF_NOTICES));
	check_holds(conf, "# mine\n", true);
	check_holds(conf, "[other]\nkey=1\n", true);
	check_holds(conf, "preview=false", true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(without_a_file_it_does_not_start_and_then_does, tear_down),
	    cmocka_unit_test_teardown(
		the_systems_file_is_switched_off_by_one_of_ones_own, tear_down),
	    cmocka_unit_test_teardown(what_somebody_wrote_into_it_stays, tear_down),
	    cmocka_unit_test_teardown(a_folder_that_cannot_be_written_is_told, tear_down),
	    cmocka_unit_test_teardown(choices_for_the_tray_are_on_and_kept, tear_down),
	};
	g_autofree char *site = g_build_filename(g_get_tmp_dir(), "xdg", NULL);
	g_setenv("XDG_CONFIG_DIRS", site, TRUE);
	own = g_build_filename(g_get_user_config_dir(), "autostart", "earshot-tray.desktop", NULL);
	systems = g_build_filename(site, "autostart", "earshot-tray.desktop", NULL);
	conf = g_build_filename(g_get_user_config_dir(), "earshot", "tray.conf", NULL);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	g_free(own);
	g_free(systems);
	g_free(conf);
	return failed;
}
