/* The two listening sockets, IPv4 and IPv6, on one port. Any thread. */
#ifndef STREAM_LISTEN_H
#define STREAM_LISTEN_H

#include "base/compiler.h"

#include <stdint.h>

/* Tries the wanted port, the next nine, then any free one (wanted 0: any at once). fds[1] is -1
 * on a machine without IPv6. The caller closes them. 0 or an error, both -1 then. */
int listen_pair(uint16_t wanted, int fds[2], uint16_t *port) MUST_USE;

#endif
