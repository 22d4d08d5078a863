/* Pictures of people: announced by hash in the TXT record, fetched from a DNS NULL record when a
 * front end asks (XEP-0174 "Buddy Icons"). Nothing here decodes them. Loop thread only. */
#ifndef PEER_AVATAR_H
#define PEER_AVATAR_H

#include <stddef.h>

struct avatar;
struct person;

/* "image/png", ... by the first bytes, for what somebody says it is does not count; NULL: none of
 * the kinds we know. */
const char *avatar_media_type(const void *data, size_t len);

/* Discovery's answer to a fetch: data NULL if there is none. */
void avatar_arrived(struct person *p, const void *data, size_t len);

#endif
