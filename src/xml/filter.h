/* What stands in front of expat (threats N12-N15): a byte machine that lets through only the
 * XML that XMPP allows (RFC 6120 §11.1), in UTF-8, within the limits of base/limits.h. It finds
 * where each child of the root ends; it does not match tag names, resolve namespaces or look
 * for duplicate attributes, which is left to expat. Allocates nothing. One owner, one thread.
 *
 * Refused: DTDs, comments, processing instructions, entities but for the five predefined,
 * anything but one XML declaration in front of the root, characters that are not XML's. CDATA
 * sections pass inside a child of the root, as RFC 6120 does not forbid them.
 * Sizes are those of the bytes as they came, references not resolved. */
#ifndef XML_FILTER_H
#define XML_FILTER_H

#include "base/compiler.h"
#include "base/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct xml_filter {
	int state;
	int ref_from;            /* the state a reference goes back to */
	unsigned depth;          /* open elements */
	size_t limit;            /* bytes that one part (header, child of the root) may have */
	uint16_t children_limit; /* of one element */

	size_t part;         /* bytes of the part so far */
	bool in_part;        /* false: between two children of the root */
	bool may_declare;    /* nothing came before the '<' */
	size_t tag;          /* bytes of the tag */
	size_t name;         /* bytes of the name */
	size_t value;        /* bytes of the attribute's value */
	unsigned attrs;      /* of the tag, without namespace declarations */
	unsigned namespaces; /* declared by the tag */
	unsigned match;      /* bytes of a fixed text seen so far */
	bool is_ns;          /* the attribute declares a namespace */
	unsigned char quote; /* around the value; 0 outside */

	size_t ref;        /* bytes of the reference */
	char ref_name[5];  /* its name, cut */
	unsigned ref_len;  /* bytes of ref_name, digits of ref_char */
	unsigned ref_base; /* of a numeric reference */
	uint32_t ref_char;

	unsigned utf8_left; /* bytes the character still needs */
	uint32_t utf8_char;
	uint32_t utf8_min; /* smaller: an overlong form */

	uint16_t children[LIMIT_XML_DEPTH]; /* child elements of each open element */
};

/* No allocation, so no finish. */
void xml_filter_init(struct xml_filter *f, size_t limit);

/* Looks at bytes up to and including the one that ends a part: the root's start tag, a child
 * of the root, the root. *used is how many may be handed on, *boundary whether a part ended
 * there. On an error (ERR_XML, ERR_PROTO, ERR_TOO_BIG) *used are the bytes before the bad one,
 * and the filter may not be used again. After the root's end nothing may be scanned. */
int xml_filter_scan(
    struct xml_filter *f, const void *data, size_t len, size_t *used, bool *boundary) MUST_USE;

/* How many of the last bytes scanned are the beginning of a tag (or of the XML declaration) whose
 * end has not come; 0 outside. They may have come in earlier calls. */
size_t xml_filter_open_tag(const struct xml_filter *f);

#endif
