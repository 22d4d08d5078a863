/* Builds XML into a buffer. Everything is escaped here and nowhere else; errors latch in the
 * buffer, so that a stanza is written without checks and looked at once. Any thread.
 *
 * Names and namespaces are ours (or came through the reader) and are not checked again. Values
 * may be any bytes: what is not UTF-8 becomes U+FFFD, what XML cannot carry is left out.
 * Elements never get a prefix but for NS_STREAM, which is always `stream:` as old clients match
 * the literal name (the stream header declares it), and NS_XML, which has no other name. Attributes
 * are quoted with '. */
#ifndef XML_WRITER_H
#define XML_WRITER_H

#include "base/buf.h"
#include "base/limits.h"

struct xml_elem;

struct xml_writer {
	struct buf *out; /* borrowed */
	size_t depth;
	int tag_open; /* "<name ..." still without ">" */
	struct {
		const char *ns;   /* borrowed until closed */
		const char *name; /* likewise */
	} open[LIMIT_XML_DEPTH];
	size_t overflow;      /* elements opened beyond the depth, not written */
	const char *outer_ns; /* what surrounds the first element */
	size_t
	    prefix_count; /* namespaces of attributes, declared in the open tag as a00, a01 ... */
	const char *prefix_ns[LIMIT_XML_ATTRS]; /* borrowed until the next xml_open() */
};

/* For stanzas: the surrounding default namespace is NS_CLIENT. */
struct xml_writer xml_writer_to(struct buf *out);

/* ns NULL: the namespace of the element around it. */
void xml_open(struct xml_writer *w, const char *ns, const char *name);
void xml_attr(struct xml_writer *w, const char *name, const char *value); /* NULL: left out */
void xml_attr_ns(struct xml_writer *w, const char *ns, const char *name, const char *value);
/* "" ends the start tag and adds nothing: so a stream header is written, which stays open. */
void xml_text(struct xml_writer *w, const char *text);
void xml_close(struct xml_writer *w);

/* <name xmlns='ns'/> and <name>text</name> (text NULL: left out). */
void xml_empty(struct xml_writer *w, const char *ns, const char *name);
void xml_leaf(struct xml_writer *w, const char *ns, const char *name, const char *text);

/* A parsed subtree as it was: nothing a newer client said is lost. */
void xml_copy(struct xml_writer *w, const struct xml_elem *e);

#endif
