/* Presence on a stream (RFC 6121 4.7), for those whom no multicast reaches: fixed peers learn
 * name and status of each other this way. Old clients ignore it. Loop thread only. */
#ifndef PEER_PRESENCE_H
#define PEER_PRESENCE_H

struct roster;

/* Tells every connected fixed peer how we are now. */
void presence_tell(struct roster *r);

#endif
