/* The daemon's own sandbox: its state and runtime folders, what looking up names needs, the
 * discovery helper as the only program, and no system calls but those it makes (L8, L10). Files
 * elsewhere, downloads too, reach it as descriptors only (transfer/porter.h). Before any thread,
 * and before anything is read that others could have written. */
#ifndef DAEMON_SANDBOX_H
#define DAEMON_SANDBOX_H

#include "base/buf.h"
#include "base/confine.h"

struct sandbox {
	enum confine_mode mode;
	int files; /* version of Landlock; 0: the kernel has none; negative: why it failed */
	int calls; /* 1: filtered; 0: cannot be here; negative: why it failed */
};

/* helper: the program that may be run; socket: where the local socket will be. The folders must be
 * there. Best effort: what is in force stands in *out. 0, or an error if mode is CONFINE_STRICT and
 * something failed that the kernel has. */
int sandbox_enter(
    enum confine_mode mode, const char *helper, const char *socket, struct sandbox *out) MUST_USE;

/* What is in force, for people: "landlock 7, seccomp", "none", "off". */
void sandbox_describe(const struct sandbox *s, struct buf *out);

#endif
