/* Requests to people and the answers to theirs (RFC 6120 8.2.3). Every request has a deadline:
 * many old clients answer no IQ they do not know. Loop thread only. */
#ifndef PEER_IQ_H
#define PEER_IQ_H

#include "peer/feature.h"
#include "peer/person.h"
#include "xml/writer.h"

#include <stdint.h>

enum { IQ_TIMEOUT = 10000 }; /* ms */

/* Called exactly once, never from inside iq_request(): 0 and the payload of the result (NULL if
 * it had none), ERR_UNSUPPORTED, ERR_TRUST (<not-authorized/>), ERR_PROTO (another error stanza),
 * -ETIMEDOUT, or why the stream ended. */
typedef void iq_answer(void *ctx, struct person *p, int err, const struct xml_elem *payload);

/* Sends <iq type='get'><name xmlns='ns' node='node'/></iq>; node may be NULL. 0, or an error and
 * no call. timeout in ms. */
int iq_request(struct person *p, const char *ns, const char *name, const char *node,
    unsigned timeout, iq_answer *answer, void *ctx) MUST_USE;

/* The same with <iq type='set'><name xmlns='ns' stage='stage'>text</name></iq>; text may be NULL.
 */
int iq_tell(struct person *p, const char *ns, const char *name, const char *stage, const char *text,
    iq_answer *answer, void *ctx) MUST_USE;

/* The same with whatever write() puts into the element, attributes first. */
int iq_put(struct person *p, const char *ns, const char *name,
    void (*write)(struct xml_writer *w, const void *from), const void *from, iq_answer *answer,
    void *ctx) MUST_USE;

/* The same as <iq type='get'>. */
int iq_get(struct person *p, const char *ns, const char *name,
    void (*write)(struct xml_writer *w, const void *from), const void *from, iq_answer *answer,
    void *ctx) MUST_USE;

/* The same with an id of the caller's, for old clients that know a session by it. timeout in ms. */
int iq_put_as(struct person *p, const char *id, const char *ns, const char *name,
    void (*write)(struct xml_writer *w, const void *from), const void *from, unsigned timeout,
    iq_answer *answer, void *ctx) MUST_USE;

/* Nobody waits for the answer to that one any more; answer is not called. */
void iq_forget(struct person *p, const char *id);

/* An answer being written: begin, payload through w, send. */
struct iq_reply {
	struct buf stanza;
	struct xml_writer w;
};
void iq_reply_begin(struct iq_reply *r, const struct inbound *in);
/* The same for an error: <error/>, and what may stand before it, is written through w. */
void iq_reply_begin_error(struct iq_reply *r, const struct inbound *in);
int iq_reply_send(struct iq_reply *r, const struct inbound *in) MUST_USE;
/* The empty result. */
int iq_reply_empty(const struct inbound *in) MUST_USE;
/* type: "cancel", "modify", ...; condition of RFC 6120 8.3.3. */
int iq_reply_error(const struct inbound *in, const char *type, const char *condition) MUST_USE;

/* For dispatch: a result or an error came. Unknown ids are nobody's business. */
void iq_settle(const struct inbound *in);
/* The answers to what one person was asked will come from the other. */
void iq_move(struct person *from, struct person *to);
/* Every request to p fails with err. */
void iq_fail_all(struct person *p, int err);
/* Requests whose time is up fail; true while others wait. */
bool iq_tick(struct roster *r, uint64_t now);

#endif
