/* The helper program as a child process, for helper.h. Loop thread only. */
#ifndef DISCOVERY_CHILD_H
#define DISCOVERY_CHILD_H

#include "base/compiler.h"
#include "base/confine.h"
#include "discovery/helper.h"

/* The path to run, as a new string (free()): the one given, else earshot-mdns beside the running
 * program, else in the library folder. Absolute if the program is there. */
int child_find_program(const char *given, char **out) MUST_USE;

struct child_program {
	char *path;                /* owned by whoever made this */
	enum confine_mode sandbox; /* what it is told to do with itself */
};

/* A launcher for that program, which is borrowed and must outlive the helper. It runs with next
 * to nothing of our environment. */
struct helper_launcher child_launcher(struct child_program *program);

#endif
