/* What the daemon wants announced. Outlives the back ends, which come and go. No I/O. */
#ifndef MDNS_WISH_H
#define MDNS_WISH_H

#include "base/compiler.h"
#include "base/limits.h"
#include "mdns/protocol.h"

#include <avahi-common/strlst.h>
#include <stddef.h>
#include <stdint.h>

struct wish {
	char user[LIMIT_INSTANCE_NAME + 1]; /* "": nothing is to be announced */
	uint16_t port;
	AvahiStringList *txt;  /* owned; in Avahi's reversed order */
	unsigned char *avatar; /* owned; NULL: none */
	size_t avatar_len;
	unsigned attempt; /* which name of names_instance() is ours; survives a back end, so that
			     a change of back end does not change our name */
};

void wish_init(struct wish *w);
void wish_finish(struct wish *w);

/* Take a `publish` or an `avatar` line. ERR_PROTO, with w unchanged, for anything Avahi could
 * choke on; -ENOMEM. */
int wish_publish(struct wish *w, const struct protocol_line *line) MUST_USE;
int wish_avatar(struct wish *w, const struct protocol_line *line) MUST_USE;

#endif
