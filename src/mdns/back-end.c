#include "mdns/back-end.h"

#include <avahi-common/error.h>
#include <errno.h>

int
back_end_family(AvahiProtocol proto)
{
	return proto == AVAHI_PROTO_INET6 ? 6 : 4;
}

AvahiProtocol
back_end_proto(int family)
{
	return family == 6 ? AVAHI_PROTO_INET6 : AVAHI_PROTO_INET;
}

int
back_end_err(struct back_end *b, const char *what, int avahi_err)
{
	switch (avahi_err) {
	case AVAHI_OK:
		return 0;
	case AVAHI_ERR_COLLISION:
		return -EEXIST;
	case AVAHI_ERR_NO_MEMORY:
		return -ENOMEM;
	case AVAHI_ERR_TOO_MANY_OBJECTS:
	case AVAHI_ERR_TOO_MANY_CLIENTS:
	case AVAHI_ERR_TOO_MANY_ENTRIES:
		return -ENOSPC;
	default:
		channel_note(b->channel, "warn", "%s: %s", what, avahi_strerror(avahi_err));
		return -EIO;
	}
}
