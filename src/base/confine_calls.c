/* System calls, through libseccomp, which knows their numbers on each architecture. */
#define _GNU_SOURCE /* CLONE_NEWNS and its kin */
#include "base/confine.h"

#include <errno.h>

#ifndef EARSHOT_SECCOMP

int
confine_calls(unsigned groups)
{
	(void)groups;
	return 0;
}

#else

#include "base/str.h"

#include <linux/netlink.h>
#include <net/if.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41 /* names of memory, for people who debug (glibc 2.38) */
#endif

/* Names that an architecture does not have, or libseccomp does not know yet, are left out. */
static const char base[] =
    /* memory, threads, signals of our own, time */
    "brk munmap mremap madvise mlock mlock2 munlock membarrier futex futex_time64 futex_waitv "
    "set_robust_list get_robust_list rseq set_tid_address arch_prctl set_thread_area exit "
    "exit_group sched_yield sched_getaffinity getcpu gettid getpid getppid tgkill restart_syscall "
    "rt_sigaction rt_sigprocmask rt_sigreturn sigreturn rt_sigpending sigaltstack "
    "clock_gettime clock_gettime64 clock_getres clock_getres_time64 clock_nanosleep "
    "clock_nanosleep_time64 nanosleep gettimeofday time times getrusage "
    /* descriptors */
    "read readv pread64 preadv preadv2 write writev pwrite64 pwritev pwritev2 close close_range "
    "dup dup2 dup3 fcntl fcntl64 lseek _llseek pipe pipe2 eventfd eventfd2 epoll_create "
    "epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 poll ppoll ppoll_time64 select "
    "_newselect pselect6 pselect6_time64 "
    /* files that are there */
    "open openat stat stat64 lstat lstat64 fstat fstat64 newfstatat fstatat64 statx access "
    "faccessat faccessat2 readlink readlinkat getcwd fadvise64 fadvise64_64 arm_fadvise64_64 "
    /* sockets that are there */
    "send sendto recv recvfrom sendmsg recvmsg sendmmsg recvmmsg recvmmsg_time64 shutdown "
    /* who and where we are */
    "getuid geteuid getgid getegid getresuid getresgid getgroups getuid32 geteuid32 getgid32 "
    "getegid32 getresuid32 getresgid32 getgroups32 uname sysinfo getrandom getrlimit ugetrlimit "
    "prlimit64 "
    /* what confines us further */
    "seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self";

/* the network; all but socket() itself, which has conditions */
static const char network[] = "bind connect getsockname getpeername getsockopt setsockopt";

static const char serve[] = "listen accept accept4";

static const char write_files[] =
    "mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 link linkat ftruncate "
    "ftruncate64 truncate truncate64 fallocate fsync fdatasync sync_file_range flock umask chmod "
    "fchmod fchmodat fchmodat2 fchown fchown32 utimensat utimensat_time64 futimesat statfs "
    "statfs64 fstatfs fstatfs64 getdents getdents64 openat2 sendfile sendfile64 copy_file_range "
    "readahead setrlimit syncfs fsetxattr";

static const char start[] = "execve fork vfork wait4 waitid waitpid kill setsid chdir capget";

/* What libraries try and do without: in a strict filter these must not end the process. */
static const char tried[] = "clone3 io_uring_setup";

/* Calls of which only some are needed: allowed if an argument's bits under the mask are these. */
struct narrow {
	const char *name;
	unsigned arg;
	uint64_t mask, value;
	unsigned arg2; /* another condition, if mask2 is not 0 */
	uint64_t mask2, value2;
};

enum {
	NEW_NAMESPACES = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
			 CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET
};
#define IS(name, arg, value) \
	{ \
		(name), (arg), UINT64_MAX, (uint64_t)(value), 0, 0, 0 \
	}
#define BITS(name, arg, mask, value) \
	{ \
		(name), (arg), (mask), (value), 0, 0, 0 \
	}

static const struct narrow narrows[] = {
    /* memory is written or executed, never both, and never the one after the other */
    BITS("mmap", 2, PROT_WRITE | PROT_EXEC, 0),
    BITS("mmap", 2, PROT_WRITE | PROT_EXEC, PROT_WRITE),
    BITS("mmap", 2, PROT_WRITE | PROT_EXEC, PROT_EXEC),
    BITS("mmap2", 2, PROT_WRITE | PROT_EXEC, 0),
    BITS("mmap2", 2, PROT_WRITE | PROT_EXEC, PROT_WRITE),
    BITS("mmap2", 2, PROT_WRITE | PROT_EXEC, PROT_EXEC),
    BITS("mprotect", 2, PROT_EXEC, 0),
    /* threads and processes, but no namespaces of their own */
    BITS("clone", 0, NEW_NAMESPACES, 0),
    IS("socket", 0, AF_UNIX),
    IS("socket", 0, AF_INET),
    IS("socket", 0, AF_INET6),
    {"socket", 0, UINT64_MAX, AF_NETLINK, 2, UINT64_MAX, NETLINK_ROUTE},
    IS("socketpair", 0, AF_UNIX),
    IS("ioctl", 1, FIONBIO),
    IS("ioctl", 1, FIONREAD),
    IS("ioctl", 1, FIOCLEX),
    IS("ioctl", 1, FIONCLEX),
    IS("ioctl", 1, TCGETS),
    IS("ioctl", 1, SIOCGIFNAME),
    IS("ioctl", 1, SIOCGIFINDEX),
    IS("ioctl", 1, SIOCGIFFLAGS),
    IS("ioctl", 1, SIOCGIFCONF),
    IS("ioctl", 1, SIOCGIFADDR),
    IS("ioctl", 1, SIOCGIFMTU),
    IS("prctl", 0, PR_SET_NAME),
    IS("prctl", 0, PR_GET_NAME),
    IS("prctl", 0, PR_SET_VMA),
    IS("prctl", 0, PR_GET_DUMPABLE),
    {"prctl", 0, UINT64_MAX, PR_SET_DUMPABLE, 1, UINT64_MAX, 0},
    IS("prctl", 0, PR_SET_NO_NEW_PRIVS),
    IS("prctl", 0, PR_GET_NO_NEW_PRIVS),
    IS("prctl", 0, PR_SET_SECCOMP),
    IS("prctl", 0, PR_GET_SECCOMP),
    IS("prctl", 0, PR_CAPBSET_READ),
    IS("prctl", 0, PR_SET_PDEATHSIG),
};

/* Each word of the text; the length of a call's name is far below this. */
static int
add_names(scmp_filter_ctx filter, uint32_t action, const char *names)
{
	int err = 0;
	for (const char *p = names; !err && *p; p += strspn(p, " ")) {
		char name[64];
		size_t len = strcspn(p, " ");
		if (len >= sizeof(name))
			return -EINVAL;
		memcpy(name, p, len);
		name[len] = '\0';
		p += len;
		int number = seccomp_syscall_resolve_name(name);
		if (number != __NR_SCMP_ERROR)
			err = seccomp_rule_add(filter, action, number, 0);
	}
	return err;
}

static int
add_narrow(scmp_filter_ctx filter, const struct narrow *n)
{
	struct scmp_arg_cmp args[] = {
	    {.arg = n->arg, .op = SCMP_CMP_MASKED_EQ, .datum_a = n->mask, .datum_b = n->value},
	    {.arg = n->arg2, .op = SCMP_CMP_MASKED_EQ, .datum_a = n->mask2, .datum_b = n->value2},
	};
	int number = seccomp_syscall_resolve_name(n->name);
	if (number == __NR_SCMP_ERROR)
		return 0;
	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, n->mask2 ? 2 : 1, args);
}

static int
add_rules(scmp_filter_ctx filter, unsigned groups)
{
	int err = add_names(filter, SCMP_ACT_ALLOW, base);
	bool offline = groups & CONFINE_CALLS_OFFLINE;
	if (!err && !offline)
		err = add_names(filter, SCMP_ACT_ALLOW, network);
	for (size_t i = 0; !err && i < ARRAY_LEN(narrows); i++)
		if (!offline || strncmp(narrows[i].name, "socket", strlen("socket")) != 0)
			err = add_narrow(filter, &narrows[i]);
	if (!err && (groups & CONFINE_CALLS_SERVE))
		err = add_names(filter, SCMP_ACT_ALLOW, serve);
	if (!err && (groups & CONFINE_CALLS_WRITE))
		err = add_names(filter, SCMP_ACT_ALLOW, write_files);
	if (!err && (groups & CONFINE_CALLS_START))
		err = add_names(filter, SCMP_ACT_ALLOW, start);
	if (!err && (groups & CONFINE_CALLS_STRICT))
		err = add_names(filter, SCMP_ACT_ERRNO(ENOSYS), tried);
	return err;
}

/* ---- strict ---- */

static void
on_refused(int number, siginfo_t *info, void *context)
{
	(void)number, (void)context;
	char line[] = "system call .... is not allowed here\n";
	int call = info->si_syscall;
	for (size_t i = 15; i >= 12; i--, call /= 10)
		line[i] = (char)('0' + call % 10);
	(void)!write(STDERR_FILENO, line, sizeof(line) - 1);
	(void)raise(SIGSYS); /* the handler is gone: this ends the process */
}

static int
watch_refusals(void)
{
	struct sigaction action = {
	    .sa_sigaction = on_refused, .sa_flags = SA_SIGINFO | SA_NODEFER | (int)SA_RESETHAND};
	return sigaction(SIGSYS, &action, NULL) < 0 ? -errno : 0;
}

int
confine_calls(unsigned groups)
{
	bool strict = groups & CONFINE_CALLS_STRICT;
	int err = strict ? watch_refusals() : 0;
	if (err)
		return err;
	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0 && errno == EINVAL)
		return 0; /* a kernel without filters */
	/* ENOSYS rather than EPERM: libraries know how to do without a call on older kernels */
	scmp_filter_ctx filter = seccomp_init(strict ? SCMP_ACT_TRAP : SCMP_ACT_ERRNO(ENOSYS));
	if (!filter)
		return -ENOMEM;
	err = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree, not a list */
	if (!err)
		err = add_rules(filter, groups);
	if (!err)
		err = seccomp_load(filter);
	seccomp_release(filter);
	return err ? err : 1;
}

#endif
