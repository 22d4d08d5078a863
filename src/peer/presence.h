/* Presence on a stream (RFC 6121 4.7), for those whom no multicast reaches: fixed peers learn
 * name and status of each other this way. And whose key is known says its name by it, for anybody
 * can announce one. Old clients ignore it. Loop thread only. */
#ifndef PEER_PRESENCE_H
#define PEER_PRESENCE_H

struct roster;

/* Tells everybody who is told by their stream how we are now. */
void presence_tell(struct roster *r);

#endif
