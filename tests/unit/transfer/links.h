/* Links of carriers without a channel, for tests of what hands them on. */
#ifndef TESTS_LINKS_H
#define TESTS_LINKS_H

#include "transfer/carrier.h"

#include <unistd.h>

void
carrier_link_init(struct carrier_link *link)
{
	*link = (struct carrier_link){.fd = -1};
}

void
carrier_link_finish(struct carrier_link *link)
{
	if (link->fd >= 0)
		(void)close(link->fd);
	buf_finish(&link->early);
	carrier_link_init(link);
}

void
carrier_link_move(struct carrier_link *to, struct carrier_link *from)
{
	*to = *from;
	carrier_link_init(from);
}

#endif
