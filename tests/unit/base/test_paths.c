#define _XOPEN_SOURCE 700 /* nftw */
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* Tests have one thread. NOLINTBEGIN(concurrency-mt-unsafe) */
static char root[256];

static int
make_root(void **state)
{
	(void)state;
	const char *tmp = getenv("TMPDIR");
	(void)snprintf(root, sizeof(root), "%s/earshot-test-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(root))
		return -1;
	return setenv("HOME", root, 1) || unsetenv("XDG_CONFIG_HOME") ||
	       unsetenv("XDG_STATE_HOME") || unsetenv("XDG_RUNTIME_DIR");
}

static int
remove_entry(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st, (void)kind, (void)at;
	return remove(path);
}

static int
remove_root(void **state)
{
	(void)state;
	return nftw(root, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static const char *
in_root(const char *path)
{
	static char out[512];
	(void)snprintf(out, sizeof(out), "%s%s", root, path);
	return out;
}

static void
expect_path(enum paths_kind kind, const char *name, const char *path)
{
	char *got = NULL;
	assert_int_equal(paths_get(kind, name, &got), 0);
	assert_string_equal(got, path);
	free(got);
}

static mode_t
mode_of(const char *path)
{
	struct stat st;
	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

static void
folders_are_under_home_without_variables(void **state)
{
	(void)state;
	expect_path(PATHS_CONFIG, NULL, in_root("/.config/earshot"));
	expect_path(PATHS_STATE, "id", in_root("/.local/state/earshot/id"));
	expect_path(PATHS_RUNTIME, "daemon.sock", in_root("/.local/state/earshot/run/daemon.sock"));
}

static void
absolute_variables_win_and_others_do_not_count(void **state)
{
	(void)state;
	assert_int_equal(setenv("XDG_CONFIG_HOME", "/x/config", 1), 0);
	assert_int_equal(setenv("XDG_STATE_HOME", "relative", 1), 0);
	assert_int_equal(setenv("XDG_RUNTIME_DIR", "/x/run", 1), 0);
	expect_path(PATHS_CONFIG, "a", "/x/config/earshot/a");
	expect_path(PATHS_STATE, NULL, in_root("/.local/state/earshot"));
	expect_path(PATHS_RUNTIME, NULL, "/x/run/earshot");
	assert_int_equal(setenv("XDG_RUNTIME_DIR", "", 1), 0);
	expect_path(PATHS_RUNTIME, NULL, in_root("/.local/state/earshot/run"));
}

static void
without_home_the_account_says_where(void **state)
{
	(void)state;
	assert_int_equal(unsetenv("HOME"), 0);
	char *got = NULL;
	int err = paths_get(PATHS_CONFIG, NULL, &got);
	assert_true(err == 0 || err == -ENOENT);
	if (!err)
		assert_int_equal(got[0], '/');
	free(got);
	assert_int_equal(setenv("HOME", "not/absolute", 1), 0);
	assert_int_equal(paths_get(PATHS_CONFIG, NULL, &got), err);
	if (!err) {
		assert_null(strstr(got, "not/absolute"));
		free(got);
	}
}

static void
a_path_has_a_limit(void **state)
{
	(void)state;
	char name[5000], *got = NULL;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(paths_get(PATHS_STATE, name, &got), ERR_TOO_BIG);
	assert_null(got);
}

static void
folders_are_made_for_their_owner_alone(void **state)
{
	(void)state;
	mode_t before = umask(0);
	assert_int_equal(paths_make(PATHS_STATE), 0);
	assert_int_equal(paths_make(PATHS_STATE), 0); /* again */
	(void)umask(before);
	assert_int_equal(mode_of(in_root("/.local/state/earshot")), 0700);
	assert_int_equal(mode_of(in_root("/.local")), 0700);
	assert_int_equal(paths_make(PATHS_RUNTIME), 0);
	assert_int_equal(mode_of(in_root("/.local/state/earshot/run")), 0700);
}

static void
l1_folders_that_others_may_write_to_are_refused(void **state)
{
	(void)state;
	assert_int_equal(paths_make(PATHS_CONFIG), 0);
	assert_int_equal(chmod(in_root("/.config/earshot"), 0720), 0);
	assert_int_equal(paths_make(PATHS_CONFIG), -EACCES);
	assert_int_equal(chmod(in_root("/.config/earshot"), 0702), 0);
	assert_int_equal(paths_make(PATHS_CONFIG), -EACCES);
	assert_int_equal(chmod(in_root("/.config/earshot"), 0700), 0);
	assert_int_equal(paths_make(PATHS_CONFIG), 0);
}

static void
l1_folders_that_others_may_replace_are_refused(void **state)
{
	(void)state;
	assert_int_equal(setenv("XDG_RUNTIME_DIR", in_root("/open/run"), 1), 0);
	assert_int_equal(mkdir(in_root("/open"), 0777), 0);
	assert_int_equal(chmod(in_root("/open"), 0777), 0);
	assert_int_equal(paths_make(PATHS_RUNTIME), -EACCES);
	/* like /tmp: everybody may add to it and nobody may take away what is not theirs */
	assert_int_equal(chmod(in_root("/open"), 01777), 0);
	assert_int_equal(paths_make(PATHS_RUNTIME), 0);
}

static void
expect_downloads(const char *user_dirs, const char *path)
{
	char *found = NULL, file[300];
	(void)snprintf(file, sizeof(file), "%s/.config/user-dirs.dirs", root);
	assert_int_equal(file_write(file, user_dirs, strlen(user_dirs)), 0);
	assert_int_equal(paths_downloads(&found), 0);
	assert_string_equal(found, path);
	free(found);
}

static void
downloads_are_where_the_user_wants_them(void **state)
{
	char *found = NULL, line[600];
	(void)state;
	assert_int_equal(paths_downloads(&found), 0);
	assert_string_equal(found, in_root("/Downloads"));
	free(found);
	assert_int_equal(mkdir(in_root("/.config"), 0700), 0);
	expect_downloads("# nothing\nXDG_MUSIC_DIR=\"$HOME/Music\"\n", in_root("/Downloads"));
	expect_downloads("XDG_DOWNLOAD_DIR=\"$HOME/Geladen\"\n", in_root("/Geladen"));
	expect_downloads("XDG_DOWNLOAD_DIR=\"/srv/in\"", "/srv/in");
	expect_downloads("XDG_DOWNLOAD_DIR=\"/a\"\nXDG_DOWNLOAD_DIR=\"/b\"\n", "/b");
	expect_downloads("XDG_DOWNLOAD_DIR=\"relative\"\n", in_root("/Downloads"));
	expect_downloads("XDG_DOWNLOAD_DIR=\"\nXDG_DOWNLOAD_DIR=", in_root("/Downloads"));
	/* the home folder: none is wanted, and all of it is never meant */
	expect_downloads("XDG_DOWNLOAD_DIR=\"$HOME/\"\n", in_root("/Downloads"));
	(void)snprintf(line, sizeof(line), "XDG_DOWNLOAD_DIR=\"%s\"\n", root);
	expect_downloads(line, in_root("/Downloads"));
	assert_int_equal(setenv("XDG_CONFIG_HOME", in_root("/else"), 1), 0);
	assert_int_equal(paths_downloads(&found), 0);
	assert_string_equal(found, in_root("/Downloads"));
	free(found);
}

static void
only_a_folder_is_a_folder(void **state)
{
	(void)state;
	assert_int_equal(mkdir(in_root("/.config"), 0700), 0);
	assert_int_equal(symlink(root, in_root("/.config/earshot")), 0);
	assert_int_equal(paths_make(PATHS_CONFIG), -ENOTDIR);
	assert_int_equal(unlink(in_root("/.config/earshot")), 0);
	assert_int_equal(file_write(in_root("/.config/earshot"), "x", 1), 0);
	assert_int_equal(paths_make(PATHS_CONFIG), -ENOTDIR);
}

static void
the_program_knows_where_it_is(void **state)
{
	(void)state;
	char *dir = NULL;
	assert_int_equal(paths_program_dir(&dir), 0);
	assert_int_equal(dir[0], '/');
	size_t len = strlen(dir);
	assert_true(len > 10 && strcmp(dir + len - 10, "/unit/base") == 0);
	free(dir);
}

static void
a_file_is_read_as_it_was_written(void **state)
{
	(void)state;
	char data[10000];
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)(i * 7);
	struct buf b = BUF_INIT(sizeof(data));
	assert_int_equal(file_write(in_root("/f"), data, sizeof(data)), 0);
	assert_int_equal(mode_of(in_root("/f")), 0600);
	assert_int_equal(file_read(in_root("/f"), &b), 0);
	assert_int_equal(b.len, sizeof(data));
	assert_memory_equal(b.data, data, sizeof(data));
	buf_clear(&b);
	assert_int_equal(file_write(in_root("/f"), "", 0), 0);
	assert_int_equal(file_read(in_root("/f"), &b), 0);
	assert_int_equal(b.len, 0);
	buf_finish(&b);
}

static void
a_file_larger_than_the_buffer_may_be_is_refused(void **state)
{
	(void)state;
	struct buf b = BUF_INIT(4);
	assert_int_equal(file_write(in_root("/f"), "12345", 5), 0);
	assert_int_equal(file_read(in_root("/f"), &b), ERR_TOO_BIG);
	buf_finish(&b);
	assert_int_equal(file_read(in_root("/absent"), &b), -ENOENT);
	assert_int_equal(file_read(root, &b), -EISDIR);
	buf_finish(&b);
}

static void
a_failed_write_leaves_the_old_file(void **state)
{
	(void)state;
	struct buf b = BUF_INIT(100);
	assert_int_equal(file_write(in_root("/f"), "old", 3), 0);
	assert_int_equal(mkdir(in_root("/f.new"), 0700), 0);
	assert_true(file_write(in_root("/f"), "new", 3) < 0);
	assert_int_equal(file_read(in_root("/f"), &b), 0);
	assert_string_equal(buf_cstr(&b), "old");
	buf_finish(&b);
	/* not through a link that lies in wait */
	assert_int_equal(rmdir(in_root("/f.new")), 0);
	assert_int_equal(symlink("elsewhere", in_root("/f.new")), 0);
	assert_true(file_write(in_root("/f"), "new", 3) < 0);
	assert_int_equal(access(in_root("/elsewhere"), F_OK), -1);
	assert_int_equal(file_write(in_root("/no/such/folder"), "x", 1), -ENOENT);
}
/* NOLINTEND(concurrency-mt-unsafe) */

#define IN_ROOT(test) cmocka_unit_test_setup_teardown(test, make_root, remove_root)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_ROOT(folders_are_under_home_without_variables),
	    IN_ROOT(absolute_variables_win_and_others_do_not_count),
	    IN_ROOT(without_home_the_account_says_where),
	    IN_ROOT(a_path_has_a_limit),
	    IN_ROOT(folders_are_made_for_their_owner_alone),
	    IN_ROOT(l1_folders_that_others_may_write_to_are_refused),
	    IN_ROOT(l1_folders_that_others_may_replace_are_refused),
	    IN_ROOT(downloads_are_where_the_user_wants_them),
	    IN_ROOT(only_a_folder_is_a_folder),
	    cmocka_unit_test(the_program_knows_where_it_is),
	    IN_ROOT(a_file_is_read_as_it_was_written),
	    IN_ROOT(a_file_larger_than_the_buffer_may_be_is_refused),
	    IN_ROOT(a_failed_write_leaves_the_old_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
