/* What is said for stream initiation (XEP-0095) of a file (XEP-0096), as libpurple and Gajim say
 * and understand it. Pure. */
#ifndef TRANSFER_SI_STANZA_H
#define TRANSFER_SI_STANZA_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stdint.h>

struct xml_elem;
struct xml_writer;

/* Ways for the bytes to go, of which one is chosen. */
enum si_way { SI_BYTESTREAMS = 1, SI_IBB = 2 };

/* Borrowed from the stanza; NULL: absent. */
struct si_offer {
	const char *sid, *name, *description, *media;
	bool size_known; /* else it ends with the connection */
	uint64_t size;
	int64_t mtime; /* s since 1970; 0: not known */
	unsigned ways; /* of enum si_way, those that we know */
};

/* Out of an <si/>. 0, ERR_UNSUPPORTED (not of a file, or none of our ways), ERR_PROTO. */
int si_offer_read(const struct xml_elem *si, struct si_offer *out) MUST_USE;
/* What is in the <si/>, attributes first. */
void si_offer_write(struct xml_writer *w, const struct si_offer *o);

/* The whole <si/> that takes an offer. */
void si_answer_write(struct xml_writer *w, enum si_way way);
/* Which way an answer chooses; 0: none that we know. */
unsigned si_answer_read(const struct xml_elem *si);

#endif
