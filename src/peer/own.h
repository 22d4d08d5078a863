/* Who we are towards others: names, status, picture; what the TXT record and the stream
 * features say of us. Kept in the state folder over restarts. Loop thread only. */
#ifndef PEER_OWN_H
#define PEER_OWN_H

#include "base/compiler.h"
#include "base/limits.h"
#include "discovery/txt.h"
#include "ipc/ipc.h"
#include "wire/value.h"

#include <stdbool.h>

struct roster;

struct picture {
	unsigned char *data; /* owned; NULL none */
	size_t len;
	char hash[41]; /* SHA-1 in hex, "" none */
};

struct own {
	char *full_name; /* owned; "" publishes none */
	char *nick;      /* owned; "" none */
	char *text;      /* owned; status line, "" none */
	enum txt_status status;
	struct picture picture;
	struct value *fixed; /* owned; array of addresses of fixed peers */
	bool name_fixed;     /* full_name is settled elsewhere and cannot be changed here */
	bool publish_name;   /* false: full name and nick stay off the network */
	bool published;
	char ver[32]; /* XEP-0115 hash of our features */
};

/* Reads what was kept; what is missing gets its default (the account's full name). Fails only
 * when out of memory: a damaged file is logged, set aside as profile.damaged and replaced. */
int own_load(struct own *own) MUST_USE;
void own_finish(struct own *own);

/* Announces the present values on the network, and the change to the front ends. */
int own_publish(struct roster *r) MUST_USE;
void own_txt(const struct roster *r, struct txt *out);
/* docs/ipc.md "own". */
struct value *own_describe(const struct roster *r);

/* Keeps the values on disk. An error is what the file system said; nothing is half written. */
int own_save(const struct own *own) MUST_USE;

extern const struct ipc_method own_methods[];

#endif
