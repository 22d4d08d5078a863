/* What is said of a file (XEP-0234 §4, with XEP-0264 thumbnails, XEP-0446 for sizes of pictures and
 * lengths of recordings, and what Earshot adds in NS_TRANSFER). Loop thread. */
#ifndef TRANSFER_XEP0234_DESCRIPTION_H
#define TRANSFER_XEP0234_DESCRIPTION_H

#include "base/compiler.h"
#include "transfer/transfers.h"

#include <stdbool.h>
#include <stdint.h>

struct xml_elem;
struct xml_writer;

/* <description/> of an offer. */
void description_write(struct xml_writer *w, const struct transfer *t);
/* The same of an answer: from where on, and with SHA-256 of what is before. */
void description_write_answer(struct xml_writer *w, const struct transfer *t);

/* What was read; it points into the stanza. */
struct description {
	struct transfer_offer offer; /* but for the id */
	struct transfer_thumbnail thumbnail;
	uint8_t hash[TRANSFER_DIGEST_SIZE];
	uint64_t offset; /* of an answer */
	bool has_prefix;
	uint8_t prefix[TRANSFER_DIGEST_SIZE];
};
/* 0, or ERR_PROTO: no file, or numbers that are none. */
int description_read(const struct xml_elem *description, struct description *out) MUST_USE;

/* "sha1+HASH@bob.xmpp.org" of a thumbnail (XEP-0231 §4); its name on the wire. */
enum { DESCRIPTION_CID_SIZE = 5 + 40 + 13 + 1 };
int description_cid(const void *data, size_t len, char out[DESCRIPTION_CID_SIZE]) MUST_USE;

#endif
