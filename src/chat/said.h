/* One message as it stands in a stanza: what it says, about which other one, and how each client
 * is told so that it understands. The parts of it that have a XEP of their own are in the files
 * named after these. No state. Loop thread only. */
#ifndef CHAT_SAID_H
#define CHAT_SAID_H

#include "base/buf.h"
#include "peer/feature.h"
#include "peer/person.h"
#include "store/message.h"

#include <stdbool.h>
#include <stdint.h>

struct xml_writer;

/* To be written. All borrowed. */
struct saying {
	enum store_kind kind;
	const char *id;
	const char *target; /* id of the message it is about; NULL: none */
	const char *quote;  /* how that one begins; NULL: not known */
	const char *body;
	int64_t said_at;        /* ms, wall clock */
	enum store_trust trust; /* in whom it was said to, then */
	const char
	    *time; /* the same for those who read it only in the words; set by said_write() */
};

/* The stanza. What was said a while ago carries its time. */
void said_write(struct buf *out, const struct person *to, const struct saying *m);

/* Was read. id and target are borrowed from the stanza. */
struct said {
	enum store_kind kind;
	const char *id; /* the origin-id if there is one, else the stanza's; NULL: none */
	bool origin;
	const char *target;
	struct buf text; /* owned */
	int64_t said_at;
};

/* False: it says nothing that is to be kept. buf_finish() the text in any case. */
bool said_read(const struct inbound *in, struct said *out);

/* Whether a client knows what to do with this namespace. */
bool said_is_understood(const struct person *p, const char *ns);

/* xep0428: m's words, with what is only for those who do not understand in front: the time it was
 * said if it has one, then `lead`, for those who do not know ns (lead "": NULL will do). */
void fallback_write_body(struct xml_writer *w, const struct person *to, const struct saying *m,
    const char *ns, const char *lead);
/* A note that all of the body is only for them. */
void fallback_write_whole(struct xml_writer *w, const char *ns);
/* Takes off what is not for us. */
void fallback_cut(const struct xml_elem *message, struct buf *text);

/* How a message is shown in front of what is said to it: "> its beginning", one line. */
void said_quote(struct buf *out, const char *quote);

/* The handler of all payloads that are a message's words, or are about one. */
int said_take(const struct inbound *in);

/* xep0308: a message corrects another. */
const char *correction_target(const struct xml_elem *message); /* NULL: it does not */
void correction_write(struct xml_writer *w, const struct person *to, const struct saying *m);

/* xep0333: messages were displayed. */
const char *marker_target(const struct xml_elem *message);
bool marker_wanted(const struct xml_elem *message);
void marker_write(struct xml_writer *w, const struct saying *m);
void marker_ask(struct xml_writer *w, const struct person *to); /* with a message */

/* xep0424: a message is taken back. */
const char *retraction_target(const struct xml_elem *message);
void retraction_write(struct xml_writer *w, const struct person *to, const struct saying *m);

/* xep0444: reactions to a message. read appends them, blanks between. */
const char *reaction_target(const struct xml_elem *message);
void reaction_read(const struct xml_elem *message, struct buf *out);
void reaction_write(struct xml_writer *w, const struct person *to, const struct saying *m);

/* xep0461: a message answers another. */
const char *reply_target(const struct xml_elem *message);
void reply_write(struct xml_writer *w, const struct person *to, const struct saying *m);

#endif
