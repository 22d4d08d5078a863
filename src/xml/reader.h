/* Bytes of a stream to elements (expat inside): the filter of threats N12-N15 first, then
 * namespaces, then one tree per stanza. Knows no XMPP beyond "a root with elements in it".
 * One owner, one thread. */
#ifndef XML_READER_H
#define XML_READER_H

#include "base/compiler.h"

#include <stddef.h>
#include <stdint.h>

struct xml_elem;
struct xml_reader;

/* Called from inside xml_reader_feed(). A callback may not destroy the reader; what it returns
 * other than 0 ends the feeding and is what xml_reader_feed() returns. Elements live until the
 * callback returns. */
struct xml_reader_listener {
	int (*on_open)(void *ctx, const struct xml_elem *root);    /* its start tag, no children */
	int (*on_element)(void *ctx, const struct xml_elem *elem); /* a whole child of the root */
	int (*on_end)(void *ctx);                                  /* the root's end tag */
};

int
xml_reader_create(const struct xml_reader_listener *l, void *ctx, struct xml_reader **out) MUST_USE;
void xml_reader_destroy(struct xml_reader *r);

/* The most bytes a child of the root may have (at first LIMIT_STANZA_UNKNOWN). */
void xml_reader_set_limit(struct xml_reader *r, size_t bytes);
/* The most children one of its elements may have (at first LIMIT_XML_CHILDREN). */
void xml_reader_set_children(struct xml_reader *r, uint16_t count);

/* 0; ERR_XML (malformed), ERR_PROTO (allowed by XML, not by XMPP: DTD, comment, PI, entity,
 * encoding), ERR_TOO_BIG, -ENOMEM, or what a callback returned. After an error the reader
 * accepts nothing more and keeps saying the same. Bytes after the root's end are not looked at.
 * Where the input is cut makes no difference. */
int xml_reader_feed(struct xml_reader *r, const void *data, size_t len) MUST_USE;

/* How many bytes there are so far of what is not whole yet; 0: between two children. */
size_t xml_reader_partial(const struct xml_reader *r);

/* How many bytes of the last xml_reader_feed() stand behind what ended it: not looked at. */
size_t xml_reader_unread(const struct xml_reader *r);

#endif
