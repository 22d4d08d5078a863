/* The helper program as a child process, for helper.h. Loop thread only. */
#ifndef DISCOVERY_CHILD_H
#define DISCOVERY_CHILD_H

#include "base/compiler.h"
#include "discovery/helper.h"

/* The path to run, as a new string (free()): the one given, else earshot-mdns beside the running
 * program, else in the library folder. */
int child_find_program(const char *given, char **out) MUST_USE;

/* A launcher for the program at `path`, which is borrowed and must outlive the helper. */
struct helper_launcher child_launcher(char *path);

#endif
