/* What somebody could do who had taken over the daemon: a child process enters the daemon's
 * sandbox, with the folders of an invented user, and tries. */
#define _GNU_SOURCE /* CLONE_NEWUSER, syscall */
#include "daemon/sandbox.h"

#include "base/err.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netdb.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define HELPER "/bin/true"
#define KEY    "-----BEGIN OPENSSH PRIVATE KEY-----"

static char home[64], folder[64]; /* of the user; of somebody else */
static struct sandbox inside;     /* in the child */
static int abstract = -1;         /* a socket of a program outside */
static struct sockaddr_un abstract_name = {.sun_family = AF_UNIX};

/* ---- the invented user ---- */

static char *
at(const char *base, const char *name)
{
	static char paths[8][256];
	static size_t next;
	char *path = paths[next++ % ARRAY_LEN(paths)];
	(void)snprintf(path, sizeof(paths[0]), "%s/%s", base, name);
	return path;
}

static void
make_folder(const char *path)
{
	assert_true(mkdir(path, 0700) == 0 || errno == EEXIST);
}

static int
set_up(void **state)
{
	(void)state;
	(void)snprintf(home, sizeof(home), "/tmp/test_sandbox.XXXXXX");
	(void)snprintf(folder, sizeof(folder), "/tmp/test_sandbox_other.XXXXXX");
	assert_non_null(mkdtemp(home));
	assert_non_null(mkdtemp(folder));
	static const char *const folders[] = {".ssh", "state", "state/earshot", "data",
	    "data/earshot", "run", "run/earshot", "config", "config/earshot", "Downloads"};
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		make_folder(at(home, folders[i]));
	assert_int_equal(file_write(at(home, ".ssh/id"), KEY, strlen(KEY)), 0);
	assert_int_equal(file_write(at(folder, "diary"), KEY, strlen(KEY)), 0);
	assert_int_equal(symlink(at(home, ".ssh/id"), at(home, "state/earshot/link")), 0);
	assert_int_equal(file_write(at(home, "config/earshot/earshot.conf"), "\n", 1), 0);
	/* NOLINTBEGIN(concurrency-mt-unsafe): there is one thread */
	assert_int_equal(setenv("HOME", home, 1), 0);
	assert_int_equal(setenv("XDG_STATE_HOME", at(home, "state"), 1), 0);
	assert_int_equal(setenv("XDG_DATA_HOME", at(home, "data"), 1), 0);
	assert_int_equal(setenv("XDG_RUNTIME_DIR", at(home, "run"), 1), 0);
	assert_int_equal(setenv("XDG_CONFIG_HOME", at(home, "config"), 1), 0);
	/* NOLINTEND(concurrency-mt-unsafe) */
	abstract = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)snprintf(abstract_name.sun_path + 1, sizeof(abstract_name.sun_path) - 1,
	    "test_sandbox.%d", (int)getpid());
	assert_int_equal(
	    bind(abstract, (struct sockaddr *)&abstract_name, sizeof(abstract_name)), 0);
	return listen(abstract, 1);
}

static int
tear_down(void **state)
{
	(void)state;
	(void)close(abstract);
	char *args[] = {(char[]){"rm"}, (char[]){"-rf"}, home, folder, NULL};
	pid_t pid = fork();
	if (pid == 0) {
		(void)execv("/bin/rm", args);
		_exit(1);
	}
	return waitpid(pid, NULL, 0) == pid ? 0 : -1;
}

/* ---- trying ---- */

/* In the child: where the first thing went otherwise. */
static int wrong_line;
static int wrong_errno;

static void
must(bool holds, int line)
{
	if (holds || wrong_line)
		return;
	wrong_errno = errno;
	wrong_line = line;
}

#define MUST(condition) (errno = 0, must((condition), __LINE__))
#define REFUSED(call)   MUST((long)(call) == -1 && is_refusal(errno))

static bool
is_refusal(int err)
{
	return err == EACCES || err == EPERM || err == ENOSYS || err == EXDEV;
}

/* The status of a child that did this inside the sandbox; -1: there is none here. */
static int
status_of(enum confine_mode mode, void (*probe)(void))
{
	(void)fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		if (sandbox_enter(mode, HELPER, at(home, "run/earshot/daemon.sock"), &inside))
			_exit(2);
		if (mode != CONFINE_OFF && (inside.files <= 0 || inside.calls <= 0))
			_exit(3);
		probe();
		if (wrong_line)
			(void)fprintf(stderr, "line %d: %s\n", wrong_line, err_str(-wrong_errno));
		_exit(wrong_line != 0);
	}
	int status = -1;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 3 ? -1 : status;
}

static void
confined(void (*probe)(void))
{
	int status = status_of(CONFINE_ON, probe);
	if (status == -1) {
		print_message("this kernel, or this build, has not all of the sandbox\n");
		skip();
	}
	assert_int_equal(status, 0);
}

static int
exit_status_of(pid_t pid)
{
	int status = -1;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The errno of an execve() in a child, 0 if the program ran and ended well. */
static int
run(const char *path)
{
	char *args[] = {(char[]){"program"}, NULL}, *none[] = {NULL};
	pid_t pid = fork();
	if (pid == 0) {
		(void)execve(path, args, none);
		_exit(errno);
	}
	return pid < 0 ? errno : exit_status_of(pid);
}

/* ---- files ---- */

static bool
writes(const char *path)
{
	const char *aside = at(home, "state/earshot/aside");
	bool here = strncmp(path, at(home, "state"), strlen(at(home, "state"))) == 0;
	return file_write(path, "x", 1) == 0 && truncate(path, 0) == 0 &&
	       (!here || (rename(path, aside) == 0 && rename(aside, path) == 0)) &&
	       unlink(path) == 0;
}

static void
use_own_folders(void)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	MUST(writes(at(home, "state/earshot/file")));
	MUST(writes(at(home, "run/earshot/file")));
	MUST(mkdir(at(home, "state/earshot/sub"), 0700) == 0);
	MUST(writes(at(home, "state/earshot/sub/file")));
	MUST(rmdir(at(home, "state/earshot/sub")) == 0);
	MUST(str_copy(name.sun_path, sizeof(name.sun_path), at(home, "run/earshot/s")) == 0);
	MUST(bind(fd, (struct sockaddr *)&name, sizeof(name)) == 0 && listen(fd, 1) == 0);
	MUST(unlink(name.sun_path) == 0);
}

static void
l8_own_folders_can_be_used(void **state)
{
	(void)state;
	confined(use_own_folders);
}

static void
open_what_is_not_ours(void)
{
	REFUSED(open(at(home, ".ssh/id"), O_RDONLY));
	REFUSED(open(at(home, ".ssh/id"), O_WRONLY));
	REFUSED(open(at(home, "state/earshot/link"), O_RDONLY));
	REFUSED(open(at(home, "state/earshot/../../.ssh/id"), O_RDONLY));
	REFUSED(open(at(folder, "diary"), O_RDONLY));
	REFUSED(open(home, O_RDONLY | O_DIRECTORY));
	REFUSED(open("/", O_RDONLY | O_DIRECTORY));
	REFUSED(open("/root", O_RDONLY | O_DIRECTORY));
	REFUSED(open("/tmp/left-behind", O_WRONLY | O_CREAT, 0600));
	REFUSED(open("/etc/cron.d/left-behind", O_WRONLY | O_CREAT, 0600));
	REFUSED(open(at(home, ".profile"), O_WRONLY | O_CREAT, 0600));
	REFUSED(open("/proc/self/mem", O_RDWR));
	REFUSED(mkdir(at(home, ".config"), 0700));
	REFUSED(unlink(at(home, ".ssh/id")));
	REFUSED(rename(at(home, ".ssh/id"), at(home, "state/earshot/id")));
	REFUSED(link(at(home, ".ssh/id"), at(home, "state/earshot/id")));
}

/* Not even these: the porter opens what is received. */
static void
open_what_the_porter_has(void)
{
	REFUSED(open(at(home, "Downloads"), O_RDONLY | O_DIRECTORY));
	REFUSED(open(at(home, "Downloads/new"), O_WRONLY | O_CREAT, 0600));
	REFUSED(open(at(home, "data/earshot"), O_RDONLY | O_DIRECTORY));
	REFUSED(open(at(home, "data/earshot/grant"), O_WRONLY | O_CREAT, 0600));
	/* nor its own settings, which say how it is confined */
	REFUSED(open(at(home, "config/earshot/earshot.conf"), O_WRONLY));
	REFUSED(open(at(home, "config/earshot/earshot.conf.new"), O_WRONLY | O_CREAT, 0600));
	REFUSED(unlink(at(home, "config/earshot/earshot.conf")));
	REFUSED(rename(at(home, "state/earshot/link"), at(home, "config/earshot/earshot.conf")));
}

static void
make_and_cut(void)
{
	char key[64];
	REFUSED(symlink(at(home, ".ssh/id"), at(home, "state/earshot/id")));
	REFUSED(mknod(at(home, "state/earshot/pipe"), S_IFIFO | 0600, 0));
	if (inside.files >= 3) /* of an older Landlock this is a known gap */
		REFUSED(truncate(at(home, ".ssh/id"), 0));
	/* what was handed over as a descriptor is another matter */
	MUST(readlink(at(home, "state/earshot/link"), key, sizeof(key)) > 0);
}

static void
l8_keys_and_files_of_others_cannot_be_opened(void **state)
{
	(void)state;
	confined(open_what_is_not_ours);
	confined(open_what_the_porter_has);
	confined(make_and_cut);
	struct buf left = BUF_INIT(64);
	assert_int_equal(file_read(at(home, ".ssh/id"), &left), 0);
	assert_string_equal(buf_cstr(&left), KEY);
	buf_finish(&left);
}

static void
reach_other_programs(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char byte;
	struct iovec here = {&byte, 1}, there = {&byte, 1};
	REFUSED(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
	REFUSED(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
	REFUSED(process_vm_readv(getppid(), &here, 1, &there, 1, 0));
	REFUSED(syscall(SYS_pidfd_open, getppid(), 0));
	if (inside.files < 6)
		return; /* of an older Landlock these are known gaps */
	REFUSED(kill(getppid(), 0));
	REFUSED(connect(fd, (struct sockaddr *)&abstract_name, sizeof(abstract_name)));
}

static void
l8_other_programs_cannot_be_reached(void **state)
{
	(void)state;
	confined(reach_other_programs);
}

static void
look_at_ourselves(void)
{
	struct rlimit core, descriptors;
	MUST(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
	MUST(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == -1);
	MUST(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	MUST(getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_max == 0);
	MUST(getrlimit(RLIMIT_NOFILE, &descriptors) == 0 && descriptors.rlim_max <= LIMIT_FILES);
	core.rlim_max = core.rlim_cur = 1;
	MUST(setrlimit(RLIMIT_CORE, &core) == -1 || getuid() == 0);
}

static void
l8_no_core_file_can_be_had(void **state)
{
	(void)state;
	confined(look_at_ourselves);
}

/* ---- programs ---- */

static void
run_programs(void)
{
	static const char script[] = "#!/bin/sh\nexit 0\n";
	const char *own = at(home, "state/earshot/program");
	MUST(run(HELPER) == 0);
	MUST(run("/bin/sh") == EACCES);
	MUST(run("/usr/bin/env") == EACCES);
	MUST(run("/bin/cat") == EACCES);
	MUST(file_write(own, script, strlen(script)) == 0 && chmod(own, 0700) == 0);
	MUST(run(own) == EACCES);
	REFUSED(syscall(SYS_memfd_create, "program", 0));
	REFUSED(syscall(SYS_execveat, AT_FDCWD, "/bin/sh", NULL, NULL, 0));
}

static void
l10_no_program_runs_but_the_helper(void **state)
{
	(void)state;
	confined(run_programs);
}

static int
map_for_both(size_t size)
{
	const int both = PROT_READ | PROT_WRITE | PROT_EXEC;
	return mmap(NULL, size, both, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}

static void
make_code(void)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(page != MAP_FAILED);
	REFUSED(mprotect(page, size, PROT_READ | PROT_EXEC));
	REFUSED(map_for_both(size));
}

static void
l10_written_memory_cannot_be_run(void **state)
{
	(void)state;
	confined(make_code);
}

/* ---- the system ---- */

static void
ask_the_kernel(void)
{
	static const long calls[] = {SYS_io_uring_setup, SYS_userfaultfd, SYS_bpf,
	    SYS_perf_event_open, SYS_add_key, SYS_keyctl, SYS_init_module, SYS_finit_module,
	    SYS_kexec_load, SYS_reboot, SYS_swapon, SYS_chroot, SYS_pivot_root, SYS_setns,
	    SYS_open_by_handle_at, SYS_fanotify_init, SYS_syslog, SYS_personality, SYS_acct,
	    SYS_quotactl, SYS_settimeofday, SYS_clock_settime, SYS_sethostname,
	    SYS_process_vm_writev, SYS_kcmp, SYS_move_pages, SYS_mbind, SYS_vmsplice, SYS_setuid,
	    SYS_setgid, SYS_capset, SYS_setgroups, SYS_umount2, SYS_fsopen, SYS_move_mount,
	    SYS_clone3, SYS_pidfd_getfd};
	for (size_t i = 0; i < ARRAY_LEN(calls); i++)
		REFUSED(syscall(calls[i], 0, 0, 0, 0, 0, 0));
	REFUSED(mount("none", home, "tmpfs", 0, NULL));
	REFUSED(unshare(CLONE_NEWUSER));
	REFUSED(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
	REFUSED(socket(AF_PACKET, SOCK_RAW, 0));
	REFUSED(socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER));
	REFUSED(socket(AF_VSOCK, SOCK_STREAM, 0));
	REFUSED(socket(AF_ALG, SOCK_SEQPACKET, 0));
	REFUSED(ioctl(STDIN_FILENO, TIOCSTI, "x"));
}

static void
l10_the_kernel_is_asked_for_no_more(void **state)
{
	(void)state;
	confined(ask_the_kernel);
}

/* ---- what must go on working ---- */

static void *
in_a_thread(void *out)
{
	struct addrinfo *found = NULL;
	*(int *)out = getaddrinfo("localhost", "5298", NULL, &found);
	if (found)
		freeaddrinfo(found);
	return NULL;
}

static void
look_up_a_name(void)
{
	pthread_t thread;
	int status = -1;
	MUST(pthread_create(&thread, NULL, in_a_thread, &status) == 0);
	MUST(pthread_join(thread, NULL) == 0 && status == 0);
	MUST(open("/dev/null", O_RDWR) >= 0);
	MUST(open("/etc/hosts", O_RDONLY) >= 0);
	MUST(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE) >= 0);
	MUST(socket(AF_INET6, SOCK_STREAM, 0) >= 0);
}

static void
names_are_looked_up_inside(void **state)
{
	(void)state;
	confined(look_up_a_name);
}

static void
ask_for_io_uring_and_mount(void)
{
	(void)syscall(SYS_io_uring_setup, 0, NULL); /* libuv tries it, and does without */
	(void)mount("none", home, "tmpfs", 0, NULL);
}

static void
what_is_refused_ends_a_strict_program(void **state)
{
	(void)state;
	int status = status_of(CONFINE_STRICT, ask_for_io_uring_and_mount);
	if (status == -1)
		skip();
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

static void
open_the_key(void)
{
	MUST(open(at(home, ".ssh/id"), O_RDONLY) >= 0);
	MUST(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
}

static void
it_can_be_left_out_but_not_the_rest(void **state)
{
	(void)state;
	assert_int_equal(status_of(CONFINE_OFF, open_the_key), 0);
}

static void
what_is_in_force_is_said(void **state)
{
	(void)state;
	static const struct {
		struct sandbox sandbox;
		const char *words;
	} cases[] = {
	    {{CONFINE_ON, 7, 1}, "landlock 7, seccomp"},
	    {{CONFINE_ON, 2, 0}, "landlock 2"},
	    {{CONFINE_STRICT, -EINVAL, 1}, "seccomp"},
	    {{CONFINE_ON, 0, -EINVAL}, "none"},
	    {{CONFINE_OFF, 0, 0}, "off"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf words = BUF_INIT(64);
		sandbox_describe(&cases[i].sandbox, &words);
		if (confine_built())
			assert_string_equal(buf_cstr(&words), cases[i].words);
		buf_finish(&words);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(l8_own_folders_can_be_used),
	    cmocka_unit_test(l8_keys_and_files_of_others_cannot_be_opened),
	    cmocka_unit_test(l8_other_programs_cannot_be_reached),
	    cmocka_unit_test(l8_no_core_file_can_be_had),
	    cmocka_unit_test(l10_no_program_runs_but_the_helper),
	    cmocka_unit_test(l10_written_memory_cannot_be_run),
	    cmocka_unit_test(l10_the_kernel_is_asked_for_no_more),
	    cmocka_unit_test(names_are_looked_up_inside),
	    cmocka_unit_test(what_is_refused_ends_a_strict_program),
	    cmocka_unit_test(it_can_be_left_out_but_not_the_rest),
	    cmocka_unit_test(what_is_in_force_is_said),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
