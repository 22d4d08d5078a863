/* How a program gives up what it does not need, so that whoever takes it over from the network
 * gains little (L8, L10): what it may become, which files it may open, which system calls it may
 * make. Knows no program's needs. Nothing here asks for privileges, nothing can be taken back, and
 * programs it starts inherit all of it; kernels differ in what they have, which is told, not
 * demanded. To be called before the first thread is started: it binds the caller and its
 * descendants. */
#ifndef BASE_CONFINE_H
#define BASE_CONFINE_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>

/* Sanitizers and coverage read and write what the programs themselves do not: such builds have no
 * sandbox, whatever settings say. */
bool confine_built(void);

/* What settings say. strict, for tests: a system call that is refused ends the program, so that
 * none is refused unnoticed. */
enum confine_mode { CONFINE_OFF, CONFINE_ON, CONFINE_STRICT };

/* "off", "on", "strict". 0 or -EINVAL. */
int confine_mode_parse(const char *word, enum confine_mode *out) MUST_USE;
const char *confine_mode_word(enum confine_mode mode);

/* No privileges by execve(2), no core files, no way in for other programs of the same user
 * (ptrace, /proc), at most LIMIT_FILES descriptors. 0 or the first error; the rest is
 * tried all the same. */
int confine_process(void) MUST_USE;

enum confine_right {
	CONFINE_READ,  /* files may be read */
	CONFINE_RUN,   /* and executed */
	CONFINE_WRITE, /* read, made, changed, removed; folders and sockets too, nothing else */
};

/* A file, or a folder and all below it. */
struct confine_place {
	const char *path;
	enum confine_right right;
};

/* Opens nothing but these places from now on (Landlock); what is not there is left out. Also no
 * abstract sockets and signals of processes outside, and, unless tcp, no TCP, where the kernel has
 * that. The version of Landlock (1..), 0 if the kernel has none, or an error: then nothing has
 * changed. Does not cover: stat, access, readlink, chmod, connecting to a socket with a path. */
int confine_files(const struct confine_place *places, size_t count, bool tcp) MUST_USE;

enum confine_calls {
	CONFINE_CALLS_BASE = 0,       /* memory, threads, time, descriptors, reading, clients */
	CONFINE_CALLS_SERVE = 1 << 0, /* accept connections */
	CONFINE_CALLS_WRITE = 1 << 1, /* make, change and remove files */
	CONFINE_CALLS_START = 1 << 2, /* start programs and end them */
	CONFINE_CALLS_STRICT =
	    1 << 3, /* end the process at any other call and say which: for tests */
	CONFINE_CALLS_OFFLINE = 1 << 4, /* make, bind and connect no sockets: takes these away */
};

/* Makes no other system calls from now on (seccomp); the kernel then seems to lack them (ENOSYS).
 * groups: of enum confine_calls. 1, 0 if the kernel has no filters or this build no libseccomp,
 * or an error: then nothing has changed. */
int confine_calls(unsigned groups) MUST_USE;

#endif
