/* One attempt to bring a transfer about by Jingle: the session, and the ways by which the bytes may
 * go. Inside of xep0234_*.c. Loop thread. */
#ifndef TRANSFER_XEP0234_ATTEMPT_H
#define TRANSFER_XEP0234_ATTEMPT_H

#include "base/compiler.h"
#include "base/limits.h"
#include "transfer/method.h"

#include <stdbool.h>
#include <stddef.h>

struct ibb;
struct jingle_reason;
struct jingle_session;
struct person;
struct s5b;
struct transfer;
struct xml_elem;
struct xml_writer;

/* One attempt: t->session and the session's user. */
struct attempt {
	struct jingle_session *session; /* ours to end */
	struct transfer *t;             /* borrowed */
	bool keyed; /* both are Earshots, and the stream has proven their keys */
	bool connected;
	bool replacing;                 /* by bytes over the stream */
	struct s5b *s5b;                /* owned; while a connection is sought */
	struct ibb *ibb, *alias;        /* owned; by the name in the offer, by the session's */
	char sid[LIMIT_SESSION_ID + 1]; /* of the transport */
	size_t block;                   /* of the bytestream */
};

/* Both are Earshots, and the stream has proven their keys. */
bool attempt_is_keyed(const struct person *p);

/* t->session is it from now on; without a session of Jingle's, which the caller sets. NULL: no
 * memory. */
struct attempt *attempt_create(struct transfer *t);
/* Ends the session and says why (reason NULL: says nothing). t->session is NULL after. */
void attempt_end(struct attempt *a, const struct jingle_reason *reason);
/* The same where the session is over already. */
void attempt_free(struct attempt *a);
/* It cannot go on: both sides are told. */
void
attempt_fail(struct attempt *a, const char *condition, enum transfer_end how, const char *text);
void attempt_lost(struct attempt *a);

/* A connection is to be sought: makes ready to be reached. 0, -ENOMEM. */
int attempt_seek(struct attempt *a) MUST_USE;
/* OUT: the bytes go over the stream, which is opened now. */
int attempt_open_bytes(struct attempt *a) MUST_USE;
/* IN: they will open it. */
int attempt_expect_bytes(struct attempt *a) MUST_USE;

/* <transport/> for an offer or an answer, and <security/> where it is encrypted. */
void attempt_write(struct xml_writer *w, const struct attempt *a);
/* Of an offer: makes ready for the way they suggest. NULL, or the condition it fails for. */
const char *attempt_read(struct attempt *a, const struct xml_elem *content);
/* Of an answer to ours; the same. */
const char *attempt_read_answer(struct attempt *a, const struct xml_elem *content);
/* What comes while it is sought; false: makes no sense now. May end the attempt. */
bool attempt_heard(struct attempt *a, const char *action, const struct xml_elem *transport);

#endif
