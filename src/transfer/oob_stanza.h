/* What is said out of band (XEP-0066), as Salut, Adium and iChat say and understand it. Pure. */
#ifndef TRANSFER_OOB_STANZA_H
#define TRANSFER_OOB_STANZA_H

#include "base/compiler.h"
#include "transfer/http.h"

#include <stdbool.h>
#include <stdint.h>

struct xml_elem;
struct xml_writer;

struct oob_offer {
	struct http_url url;
	const char *media, *description; /* borrowed from the stanza; NULL: absent */
	bool folder;
	bool size_known;
	uint64_t size;
	uint32_t files; /* of a folder; 0: not known */
	bool is_file;   /* it says to be a file or folder, and is not just any address */
};

/* Out of a <query/> or <x/>. 0, ERR_PROTO, ERR_UNSUPPORTED, ERR_TOO_BIG (http_url_read()). */
int oob_read(const struct xml_elem *e, struct oob_offer *out) MUST_USE;

/* What is in it, for a file. media NULL: not known. */
void oob_write(struct xml_writer *w, const char *url, uint64_t size, const char *media);

/* Appends the child <error/> of an answer: 406, it is not wanted; 404, it was not there. */
enum oob_refusal { OOB_NOT_WANTED, OOB_NOT_THERE };
void oob_refusal_write(struct xml_writer *w, const char *url, enum oob_refusal why);

#endif
