/* What the porter does for an honest daemon, and what it refuses one that was taken over: here the
 * test is the daemon. The porter's own seccomp list is strict: a call that it lacks ends it. */
#define _GNU_SOURCE /* O_PATH, renameat2, syscall */
#include "base/err.h"
#include "home.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>

/* ---- reading ---- */

static void
a_granted_file_is_read(void **state)
{
	(void)state;
	struct porter_granted g;
	struct stat st;
	int fd;
	char text[16];
	write_text(at("letter"), "hello");
	assert_int_equal(grant(TOKEN_A, at("letter"), &g), 0);
	assert_false(g.folder);
	assert_string_equal(g.name, "letter");
	assert_int_equal(g.size, 5);
	assert_int_equal(stat(at("letter"), &st), 0);
	assert_int_equal(g.mtime, st.st_mtim.tv_sec);
	assert_int_equal(porter_open(porter, TOKEN_A, NULL, &fd), 0);
	assert_int_equal(read(fd, text, sizeof(text)), 5);
	assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	(void)close(fd);
	/* and nothing beneath a file, and no other token */
	assert_int_equal(porter_open(porter, TOKEN_A, "x", &fd), -EACCES);
	assert_int_equal(porter_open(porter, TOKEN_B, NULL, &fd), -ENOENT);
	assert_int_equal(porter_open(porter, "../grants", NULL, &fd), -EINVAL);
	/* one token, one grant */
	assert_int_equal(grant(TOKEN_A, at("outside/diary"), &g), -EEXIST);
}

static void
a_granted_folder_is_read(void **state)
{
	(void)state;
	struct porter_granted g;
	int fd;
	assert_int_equal(grant(TOKEN_A, at("outside"), &g), 0);
	assert_true(g.folder);
	assert_string_equal(g.name, "outside");
	assert_int_equal(porter_open(porter, TOKEN_A, "", &fd), 0);
	(void)close(fd);
	assert_int_equal(porter_open(porter, TOKEN_A, "deep/key", &fd), 0);
	(void)close(fd);
	assert_int_equal(porter_open(porter, TOKEN_A, "deep/none", &fd), -ENOENT);
}

static void
f2_nothing_is_read_outside_of_a_grant(void **state)
{
	(void)state;
	struct porter_granted g;
	int fd;
	assert_int_equal(mkdir(at("given"), 0700), 0);
	assert_int_equal(symlink("../outside", at("given/link")), 0);
	assert_int_equal(symlink("/etc/passwd", at("given/passwd")), 0);
	assert_int_equal(mkfifo(at("given/pipe"), 0600), 0);
	assert_int_equal(grant(TOKEN_A, at("given"), &g), 0);
	static const char *const paths[] = {"..", "../outside/diary", "/etc/passwd", "link/diary",
	    "link", "passwd", "./../outside/diary", "/", "//"};
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		assert_true(porter_open(porter, TOKEN_A, paths[i], &fd) < 0);
	assert_int_equal(porter_open(porter, TOKEN_A, "link/diary", &fd), -ELOOP);
	/* opening a pipe could wait for ever, a device do anything */
	assert_int_equal(porter_open(porter, TOKEN_A, "pipe", &fd), -EINVAL);
}

/* ---- grants ---- */

static void
only_what_a_client_opened_is_granted(void **state)
{
	(void)state;
	struct porter_granted g;
	int fd, ends[2];
	/* a confined daemon can make these by itself */
	assert_int_equal(porter_grant(porter, TOKEN_A, open(at("outside"), O_PATH), &g), -EBADF);
	assert_int_equal(
	    porter_grant(porter, TOKEN_A, open(at("outside/diary"), O_PATH), &g), -EBADF);
	assert_int_equal(porter_grant(porter, TOKEN_A, -1, &g), -EBADF);
	fd = open(at("outside/diary"), O_WRONLY);
	assert_int_equal(porter_grant(porter, TOKEN_A, fd, &g), -EBADF);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(porter_grant(porter, TOKEN_A, ends[0], &g), -EINVAL);
	(void)close(ends[1]);
	assert_int_equal(grant(TOKEN_A, "/dev/zero", &g), -EINVAL);
	assert_int_equal(grant("../../x", at("outside/diary"), &g), -EINVAL);
	assert_int_equal(grant("downloads", at("outside"), &g), -EINVAL);
	/* without a name it could not be found again */
	write_text(at("brief"), "x");
	fd = open(at("brief"), O_RDONLY);
	assert_int_equal(unlink(at("brief")), 0);
	assert_int_equal(porter_grant(porter, TOKEN_A, fd, &g), -ENOENT);
}

static void
what_the_porter_gave_is_no_grant(void **state)
{
	(void)state;
	struct porter_granted g;
	int fd;
	assert_int_equal(grant(TOKEN_A, at("outside"), &g), 0);
	/* else a folder that was sent could be made one to write in */
	assert_int_equal(porter_open(porter, TOKEN_A, NULL, &fd), 0);
	(void)fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK);
	assert_int_equal(porter_grant_target(porter, TOKEN_B, fd, &g), -EBADF);
	assert_int_equal(porter_open(porter, TOKEN_A, "deep", &fd), 0);
	assert_int_equal(porter_grant_target(porter, TOKEN_B, fd, &g), -EBADF);
}

static void
what_was_given_to_read_is_not_written(void **state)
{
	(void)state;
	struct porter_granted g;
	int fd;
	write_text(at("outside/" PART), "old");
	assert_int_equal(grant(TOKEN_A, at("outside"), &g), 0);
	assert_int_equal(porter_create(porter, TOKEN_A, PART, true, &fd), -EACCES);
	assert_int_equal(porter_create(porter, TOKEN_A, ".earshot-new", false, &fd), -EACCES);
	assert_int_equal(porter_mkdir(porter, TOKEN_A, ".earshot-new"), -EACCES);
	assert_int_equal(porter_place(porter, TOKEN_A, PART, "name", NULL), -EACCES);
	assert_int_equal(porter_remove(porter, TOKEN_A, PART), -EACCES);
	assert_int_equal(porter_sweep(porter, TOKEN_A, NULL, 0), -EACCES);
	assert_true(holds_text(at("outside/" PART), "old"));
}

static void
system_folders_are_not_received_in(void **state)
{
	(void)state;
	struct porter_granted g;
	static const char *const paths[] = {"/etc", "/usr/share", "/", "/proc/self"};
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		assert_int_equal(grant_target(TOKEN_A, paths[i], &g), -EACCES);
	assert_int_equal(grant_target(TOKEN_A, at("data/earshot/grants"), &g), -EACCES);
	assert_int_equal(grant_target(TOKEN_A, at("state/earshot"), &g), -EACCES);
	assert_int_equal(grant_target(TOKEN_A, at("outside/diary"), &g), -EINVAL);
	assert_int_equal(grant_target(TOKEN_A, at("outside"), &g), 0);
}

/* Nothing is said to it before: kill -9 may come at any time. */
static void
grants_outlive_the_porter(void **state)
{
	(void)state;
	struct porter_granted g;
	int fd;
	write_text(at("letter"), "hello");
	assert_int_equal(grant(TOKEN_A, at("letter"), &g), 0);
	assert_int_equal(grant_target(TOKEN_B, at("outside"), &g), 0);
	assert_int_equal(kill(porter_pid(), SIGKILL), 0);
	porter_stop(porter);
	start_porter();
	assert_int_equal(porter_recall(porter, TOKEN_A, &g), 0);
	assert_int_equal(g.size, 5);
	assert_int_equal(porter_open(porter, TOKEN_A, NULL, &fd), 0);
	(void)close(fd);
	assert_int_equal(porter_create(porter, TOKEN_A, PART, false, &fd), -EACCES);
	assert_int_equal(porter_create(porter, TOKEN_B, PART, false, &fd), 0);
	(void)close(fd);
	porter_revoke(porter, TOKEN_A);
	assert_int_equal(porter_recall(porter, TOKEN_A, &g), -ENOENT);
	porter_stop(porter);
	start_porter();
	assert_int_equal(porter_recall(porter, TOKEN_A, &g), -ENOENT);
	assert_int_equal(porter_recall(porter, TOKEN_B, &g), 0);
	static const char *const kept[] = {TOKEN_A};
	assert_int_equal(porter_keep_grants(porter, kept, 1), 0);
	assert_int_equal(porter_recall(porter, TOKEN_B, &g), -ENOENT);
}

static void
f4_another_file_of_the_name_is_not_the_granted_one(void **state)
{
	(void)state;
	struct porter_granted g;
	int fd;
	write_text(at("letter"), "hello");
	write_text(at("other"), "hullo");
	assert_int_equal(grant(TOKEN_A, at("letter"), &g), 0);
	assert_int_equal(rename(at("other"), at("letter")), 0);
	assert_int_equal(porter_open(porter, TOKEN_A, NULL, &fd), ERR_CHANGED_SOURCE);
	assert_int_equal(porter_recall(porter, TOKEN_A, &g), ERR_CHANGED_SOURCE);
	assert_int_equal(unlink(at("letter")), 0);
	assert_int_equal(symlink("outside/diary", at("letter")), 0);
	assert_int_equal(porter_open(porter, TOKEN_A, NULL, &fd), ERR_CHANGED_SOURCE);
	porter_stop(porter);
	start_porter();
	assert_int_equal(porter_open(porter, TOKEN_A, NULL, &fd), ERR_CHANGED_SOURCE);
}

static void
a_record_that_was_cut_off_is_none(void **state)
{
	(void)state;
	struct porter_granted g;
	char path[256];
	write_text(at("letter"), "hello");
	assert_int_equal(grant(TOKEN_A, at("letter"), &g), 0);
	porter_stop(porter);
	(void)snprintf(path, sizeof(path), "%s/data/earshot/grants/" TOKEN_A, home);
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 077, 0);
	for (off_t len = 0; len < st.st_size; len += 7) {
		char text[4096];
		int fd = open(path, O_RDONLY);
		ssize_t n = read(fd, text, sizeof(text));
		(void)close(fd);
		write_file(path, text, (size_t)len);
		start_porter();
		assert_true(porter_recall(porter, TOKEN_A, &g) < 0);
		porter_stop(porter);
		write_file(path, text, (size_t)n);
	}
	start_porter();
	assert_int_equal(porter_recall(porter, TOKEN_A, &g), 0);
}

/* ---- receiving ---- */

static void
only_hidden_parts_are_touched(void **state)
{
	(void)state;
	int fd;
	write_text(downloaded("mine"), "mine");
	static const char *const paths[] = {"mine", "new", "", ".", "..", ".hidden", "/etc/x",
	    "../outside/x", ".earshot-x/../../outside/x", ".earshot-x/../mine"};
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		assert_true(porter_create(porter, PORTER_DOWNLOADS, paths[i], false, &fd) < 0);
		assert_true(porter_create(porter, PORTER_DOWNLOADS, paths[i], true, &fd) < 0);
		assert_true(porter_mkdir(porter, PORTER_DOWNLOADS, paths[i]) < 0);
		assert_true(porter_place(porter, PORTER_DOWNLOADS, paths[i], "x", NULL) < 0);
		(void)!porter_remove(porter, PORTER_DOWNLOADS, paths[i]);
	}
	assert_int_equal(porter_open(porter, PORTER_DOWNLOADS, "mine", &fd), -EACCES);
	assert_int_equal(porter_open(porter, PORTER_DOWNLOADS, NULL, &fd), -EACCES);
	assert_true(holds_text(downloaded("mine"), "mine"));
	assert_true(holds_text(at("outside/diary"), "dear diary"));
}

static void
f2_a_part_is_a_new_file_of_ours(void **state)
{
	(void)state;
	struct stat st;
	int fd;
	assert_int_equal(porter_create(porter, PORTER_DOWNLOADS, PART, true, &fd), -ENOENT);
	assert_int_equal(porter_create(porter, PORTER_DOWNLOADS, PART, false, &fd), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	(void)close(fd);
	assert_int_equal(porter_create(porter, PORTER_DOWNLOADS, PART, false, &fd), -EEXIST);
	assert_int_equal(porter_create(porter, PORTER_DOWNLOADS, PART, true, &fd), 0);
	(void)close(fd);
	/* planted: a link, a second name of somebody's file, a pipe */
	assert_int_equal(unlink(downloaded(PART)), 0);
	assert_int_equal(symlink(at("outside/diary"), downloaded(PART)), 0);
	assert_int_equal(porter_create(porter, PORTER_DOWNLOADS, PART, true, &fd), -ELOOP);
	assert_int_equal(porter_create(porter, PORTER_DOWNLOADS, PART, false, &fd), -EEXIST);
	assert_int_equal(unlink(downloaded(PART)), 0);
	assert_int_equal(link(at("outside/diary"), downloaded(PART)), 0);
	assert_int_equal(porter_create(porter, PORTER_DOWNLOADS, PART, true, &fd), -EACCES);
	assert_int_equal(unlink(downloaded(PART)), 0);
	assert_int_equal(mkfifo(downloaded(PART), 0600), 0);
	assert_int_equal(porter_create(porter, PORTER_DOWNLOADS, PART, true, &fd), -EACCES);
}

static void
place(const char *name, const char *expected)
{
	struct buf final = BUF_INIT(256);
	int fd;
	assert_int_equal(porter_create(porter, PORTER_DOWNLOADS, PART, false, &fd), 0);
	assert_int_equal(fchmod(fd, 0777), 0); /* as only a bad daemon does */
	assert_int_equal(write(fd, expected, strlen(expected)), (ssize_t)strlen(expected));
	(void)close(fd);
	assert_int_equal(porter_place(porter, PORTER_DOWNLOADS, PART, name, &final), 0);
	assert_string_equal(buf_cstr(&final), expected);
	assert_true(holds_text(downloaded(expected), expected));
	assert_false(exists(downloaded(PART)));
	struct stat st;
	assert_int_equal(stat(downloaded(expected), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	buf_finish(&final);
}

static void
f1_nothing_is_ever_replaced(void **state)
{
	(void)state;
	place("photo.jpg", "photo.jpg");
	place("photo.jpg", "photo (2).jpg");
	place("photo.jpg", "photo (3).jpg");
	place("data.tar.gz", "data.tar.gz");
	place("data.tar.gz", "data (2).tar.gz");
	place("README", "README");
	place("README", "README (2)");
	assert_int_equal(symlink("/nowhere", downloaded("link")), 0);
	place("link", "link (2)");
	assert_int_equal(mkdir(downloaded("folder"), 0700), 0);
	place("folder", "folder (2)");
}

static void
f1_only_clean_names_are_given(void **state)
{
	(void)state;
	int fd;
	assert_int_equal(porter_create(porter, PORTER_DOWNLOADS, PART, false, &fd), 0);
	(void)close(fd);
	/* NOLINTBEGIN(misc-misleading-bidirectional): that is the point */
	static const char *const names[] = {"", ".", "..", ".bashrc", "-rf", "a/b", "../x", "x\n",
	    "x.", " x", "CON", "a:b", "\xff", "\xe2\x80\xae_fdp.exe"};
	/* NOLINTEND(misc-misleading-bidirectional) */
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_int_equal(
		    porter_place(porter, PORTER_DOWNLOADS, PART, names[i], NULL), -EINVAL);
}

static void
a_folder_gets_its_name_too(void **state)
{
	(void)state;
	struct buf final = BUF_INIT(256);
	int fd;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(porter_mkdir(porter, PORTER_DOWNLOADS, PART), 0);
		assert_int_equal(porter_mkdir(porter, PORTER_DOWNLOADS, PART), -EEXIST);
		assert_int_equal(porter_create(porter, PORTER_DOWNLOADS, PART "/a", false, &fd), 0);
		(void)close(fd);
		buf_clear(&final);
		assert_int_equal(
		    porter_place(porter, PORTER_DOWNLOADS, PART, "holiday", &final), 0);
	}
	assert_string_equal(buf_cstr(&final), "holiday (2)");
	assert_true(exists(downloaded("holiday/a")) && exists(downloaded("holiday (2)/a")));
	buf_clear(&final);
	assert_int_equal(porter_path(porter, PORTER_DOWNLOADS, "holiday", &final), 0);
	assert_string_equal(buf_cstr(&final), downloaded("holiday"));
	buf_finish(&final);
}

static void
a_missing_download_folder_is_made(void **state)
{
	(void)state;
	int fd;
	assert_int_equal(rmdir(at("Downloads")), 0);
	assert_int_equal(porter_sweep(porter, PORTER_DOWNLOADS, NULL, 0), 0);
	assert_false(exists(at("Downloads")));
	assert_int_equal(porter_create(porter, PORTER_DOWNLOADS, PART, false, &fd), 0);
	(void)close(fd);
	/* and made again when somebody takes it away meanwhile */
	assert_int_equal(unlink(downloaded(PART)), 0);
	assert_int_equal(rmdir(at("Downloads")), 0);
	assert_int_equal(porter_create(porter, PORTER_DOWNLOADS, PART, false, &fd), 0);
	(void)close(fd);
}

static void
removing_follows_no_link(void **state)
{
	(void)state;
	int fd;
	assert_int_equal(porter_mkdir(porter, PORTER_DOWNLOADS, PART), 0);
	assert_int_equal(porter_mkdir(porter, PORTER_DOWNLOADS, PART "/sub"), 0);
	assert_int_equal(porter_create(porter, PORTER_DOWNLOADS, PART "/sub/f", false, &fd), 0);
	(void)close(fd);
	assert_int_equal(symlink(at("outside"), downloaded(PART "/sub/out")), 0);
	assert_true(porter_remove(porter, PORTER_DOWNLOADS, PART "/sub/out/diary") < 0);
	assert_int_equal(porter_remove(porter, PORTER_DOWNLOADS, PART), 0);
	assert_false(exists(downloaded(PART)));
	assert_int_equal(porter_remove(porter, PORTER_DOWNLOADS, PART), 0);
	assert_int_equal(symlink(at("outside"), downloaded(PART)), 0);
	assert_int_equal(porter_remove(porter, PORTER_DOWNLOADS, PART), 0);
	assert_true(holds_text(at("outside/diary"), "dear diary"));
	assert_true(holds_text(at("outside/deep/key"), "secret"));
}

static void
leftovers_of_unknown_transfers_are_removed(void **state)
{
	(void)state;
	static const char *const known[] = {ID};
	static const char other[] = ".earshot-bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.part";
	static const char other_tree[] = ".earshot-bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.tree";
	int fd;
	assert_int_equal(porter_create(porter, PORTER_DOWNLOADS, PART, false, &fd), 0);
	(void)close(fd);
	assert_int_equal(porter_mkdir(porter, PORTER_DOWNLOADS, other), 0);
	assert_int_equal(porter_create(porter, PORTER_DOWNLOADS, other_tree, false, &fd), 0);
	(void)close(fd);
	write_text(downloaded(".earshot-notes"), "the user's own");
	write_text(downloaded("file"), "the user's own");
	assert_int_equal(porter_sweep(porter, PORTER_DOWNLOADS, known, 1), 0);
	assert_true(exists(downloaded(PART)) && exists(downloaded(".earshot-notes")));
	assert_true(exists(downloaded("file")));
	assert_false(exists(downloaded(other)) || exists(downloaded(other_tree)));
	assert_int_equal(porter_sweep(porter, PORTER_DOWNLOADS, NULL, 0), 0);
	assert_false(exists(downloaded(PART)));
}

/* ---- its end ---- */

static void
a_killed_porter_is_an_error(void **state)
{
	(void)state;
	struct porter_granted g;
	struct buf text = BUF_INIT(64);
	uint64_t a, b;
	int fd;
	assert_int_equal(kill(porter_pid(), SIGKILL), 0);
	assert_int_equal(porter_create(porter, PORTER_DOWNLOADS, PART, false, &fd), ERR_PORTER);
	assert_int_equal(porter_space(porter, PORTER_DOWNLOADS, &a, &b), ERR_PORTER);
	assert_int_equal(grant(TOKEN_A, at("outside"), &g), ERR_PORTER);
	porter_revoke(porter, TOKEN_A);
	porter_describe(porter, &text);
	assert_string_equal(buf_cstr(&text), "ended");
	assert_int_equal(porter_open(NULL, TOKEN_A, NULL, &fd), ERR_PORTER);
	buf_finish(&text);
	porter_stop(NULL);
}

/* What the loop thread asks does not wait for a porter that hangs. */
static void
a_hanging_porter_is_waited_for_briefly(void **state)
{
	(void)state;
	struct porter_granted g;
	pid_t pid = porter_pid();
	write_text(at("letter"), "hello");
	assert_int_equal(kill(pid, SIGSTOP), 0);
	assert_int_equal(grant(TOKEN_A, at("letter"), &g), -ETIMEDOUT);
	assert_int_equal(kill(pid, SIGCONT), 0);
	/* the late answer is not taken for that of the next question */
	assert_int_equal(porter_recall(porter, TOKEN_B, &g), -ENOENT);
	assert_int_equal(porter_recall(porter, TOKEN_A, &g), 0);
	assert_string_equal(g.name, "letter");
}

static void
it_lives_through_signals_and_ends_with_the_daemon(void **state)
{
	(void)state;
	uint64_t a, b;
	pid_t pid = porter_pid();
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		assert_int_equal(kill(pid, numbers[i]), 0);
	assert_int_equal(porter_space(porter, PORTER_DOWNLOADS, &a, &b), 0);
	assert_true(a > 0 && b >= a);
	porter_stop(porter);
	assert_int_equal(kill(pid, 0), -1);
	start_porter();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(a_granted_file_is_read),
	    CASE(a_granted_folder_is_read),
	    CASE(f2_nothing_is_read_outside_of_a_grant),
	    CASE(only_what_a_client_opened_is_granted),
	    CASE(what_the_porter_gave_is_no_grant),
	    CASE(what_was_given_to_read_is_not_written),
	    CASE(system_folders_are_not_received_in),
	    CASE(grants_outlive_the_porter),
	    CASE(f4_another_file_of_the_name_is_not_the_granted_one),
	    CASE(a_record_that_was_cut_off_is_none),
	    CASE(only_hidden_parts_are_touched),
	    CASE(f2_a_part_is_a_new_file_of_ours),
	    CASE(f1_nothing_is_ever_replaced),
	    CASE(f1_only_clean_names_are_given),
	    CASE(a_folder_gets_its_name_too),
	    CASE(a_missing_download_folder_is_made),
	    CASE(removing_follows_no_link),
	    CASE(leftovers_of_unknown_transfers_are_removed),
	    CASE(a_killed_porter_is_an_error),
	    CASE(a_hanging_porter_is_waited_for_briefly),
	    CASE(it_lives_through_signals_and_ends_with_the_daemon),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
