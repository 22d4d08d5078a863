/* The words of a message as each old client writes and reads them. No state. */
#ifndef CHAT_BODY_H
#define CHAT_BODY_H

#include "base/buf.h"
#include "peer/person.h"

struct xml_elem;
struct xml_writer;

/* Appends what a person is to read of a message; nothing if it carries no words. */
void body_read(const struct xml_elem *message, enum txt_client from, struct buf *out);

/* <body/>, and for old clients the XHTML part that libpurple needs in order not to take the body
 * for HTML (R7). */
void body_write(struct xml_writer *w, const struct person *to, const char *text);

#endif
