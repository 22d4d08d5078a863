/* Makes libavahi-core and libavahi-client live in one process. Both export the name
 * avahi_entry_group_free, for different functions: core's takes a server and a group and is
 * meant for itself alone. The first library the loader finds would serve both, and the process
 * would end on an assertion as soon as a group of the other kind is freed. So the program has
 * that name itself, and hands each call to the library it came from. Loop thread only. */
#ifndef MDNS_CLASH_H
#define MDNS_CLASH_H

#include "base/compiler.h"

#include <avahi-core/core.h>

/* Finds both functions. Before either library is used. 0, or -ENOENT. */
int clash_init(void) MUST_USE;

/* The server of which core may free groups; NULL: none is left. */
void clash_set_server(AvahiServer *server);

#endif
