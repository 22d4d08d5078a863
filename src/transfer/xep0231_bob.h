/* Small pieces of data by the hash of what they are (XEP-0231): thumbnails of what is offered. Loop
 * thread. */
#ifndef TRANSFER_XEP0231_BOB_H
#define TRANSFER_XEP0231_BOB_H

struct transfer;

/* Asks for the thumbnail that came with this offer; transfer_got_thumbnail() follows if it comes
 * and is what the cid says. */
void bob_fetch(struct transfer *t, const char *cid);

#endif
