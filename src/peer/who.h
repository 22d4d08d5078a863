/* The methods of the local socket that show who is here: who, info, peers. */
#ifndef PEER_WHO_H
#define PEER_WHO_H

#include "ipc/ipc.h"

extern const struct ipc_method who_methods[]; /* ctx: struct roster */

#endif
