/* The words of a notification (threat L5). What people said comes clean from the front; here it is
 * cut to a length that fits on a screen, and markup in it is made literal for servers that would
 * act on it. No links, no pictures, and no actions but our own. Any thread. */
#ifndef TRAY_NOTICE_TEXT_H
#define TRAY_NOTICE_TEXT_H

#include "base/buf.h"
#include "front/front.h"

#include <stdbool.h>

enum {
	NOTICE_SUMMARY_MAX = 512, /* bytes */
	NOTICE_BODY_CHARS = 256,
	NOTICE_BODY_LINES = 5,
	NOTICE_BODY_MAX = 8 * 1024, /* bytes, when every character had to be escaped */
};

/* What the server can do with text (its capabilities). */
struct notice_server_text {
	bool body;        /* shows more than the summary */
	bool body_markup; /* takes the body for markup: what is not meant so must be escaped */
};

/* Appends body, cut to NOTICE_BODY_CHARS and NOTICE_BODY_LINES, for that server. */
void notice_body(struct buf *out, const char *body, const struct notice_server_text *can);
/* Servers without bodies get it all in one line: the summary, then what is left of the body. */
void notice_summary(
    struct buf *out, const char *summary, const char *body, const struct notice_server_text *can);

/* Who it is, and how much there is from them. */
void notice_from(struct buf *out, const struct front_person *p);
void notice_said(struct buf *out, const struct front_person *p, const struct front_message *m);
/* "Others wrote to you, too": of so many people. */
void notice_many(struct buf *out, unsigned people);

#endif
