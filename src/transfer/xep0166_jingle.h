/* Jingle sessions (XEP-0166): who has agreed with whom upon what, by which id. Looks at the shape
 * of what comes and whether its time is now; what a session is for is its application's (file
 * transfer, the only one). A session is a person's, not a stream's: it outlives a stream that is
 * replaced. Loop thread only. */
#ifndef TRANSFER_XEP0166_JINGLE_H
#define TRANSFER_XEP0166_JINGLE_H

#include "base/compiler.h"
#include "base/limits.h"
#include "base/list.h"

#include <stdbool.h>
#include <stddef.h>

struct inbound;
struct jingle_session;
struct person;
struct roster;
struct socks5_server;
struct xml_elem;
struct xml_writer;

enum jingle_state {
	JINGLE_PENDING, /* offered */
	JINGLE_ACTIVE,  /* accepted */
	JINGLE_OVER,    /* kept until our last request is answered */
};

struct jingle_session {
	struct list node; /* in jingle.sessions; in none once it is over */
	struct person *person;
	const struct jingle_app *app;
	enum jingle_state state;
	bool initiator; /* we are */
	char sid[LIMIT_SESSION_ID + 1];
	char content[LIMIT_SESSION_ID + 1]; /* the name of its one content */
	unsigned asked;                     /* requests of ours that are not answered */
	void *user;                         /* the application's */
};

/* Why a session ends, on the wire (§6.7.1 there). */
struct jingle_reason {
	const char *condition; /* NULL: not said, or none that we know */
	const char *detail;    /* a child of NS_TRANSFER, or NULL */
	const char *text;      /* for people, or NULL */
};

/* What a session is for. Where an answer is to be given to a request it is a condition: NULL, and
 * the request has been confirmed, or one of jingle_refuse(). */
struct jingle_app {
	/* An offer: <content/> with a description and a transport. May end the session. */
	void (*on_initiate)(struct jingle_session *s, const struct xml_elem *content);
	/* They take ours. */
	void (*on_accept)(struct jingle_session *s, const struct xml_elem *content);
	/* "transport-info", "transport-replace", "transport-accept" or "transport-reject", while
	 * the session is active; false: makes no sense now. */
	bool (*on_transport)(
	    struct jingle_session *s, const char *action, const struct xml_elem *transport);
	/* False: not known. */
	bool (*on_info)(struct jingle_session *s, const struct xml_elem *info);
	/* Last call, never after jingle_end(): by them, or, with reason NULL, because of err:
	 * ERR_UNSUPPORTED (they have no such session, or no Jingle), ERR_TRUST, -ETIMEDOUT,
	 * ERR_CLOSED (no stream is left) ... */
	void (*on_end)(struct jingle_session *s, const struct jingle_reason *reason, int err);
	/* A stream ended, and no other is left. */
	void (*on_alone)(struct jingle_session *s);
};

/* Ours, towards p. 0, -ENOMEM, ERR_TOO_BIG (too many with this person). */
int jingle_begin(struct person *p, const struct jingle_app *app, const char *sid,
    const char *content, void *user, struct jingle_session **out) MUST_USE;

/* Says action with what write() puts into it; beyond that nothing happens. For session-initiate
 * and -accept the roles are said. 0, or why it cannot be said; if they refuse it the session ends
 * by itself. */
int jingle_say(struct jingle_session *s, const char *action,
    void (*write)(struct xml_writer *w, const void *from), const void *from) MUST_USE;
/* <content creator='initiator' name='...' senders='initiator'>: closed by the caller. */
void jingle_open_content(const struct jingle_session *s, struct xml_writer *w);

/* Ends it and tells them why; reason NULL: tells nobody. The pointer is invalid. Accepts NULL. */
void jingle_end(struct jingle_session *s, const struct jingle_reason *reason);

/* Where connections for files arrive. NULL: there can be none. */
struct socks5_server *jingle_server(struct roster *r);
/* The session with that person that fits, or NULL. */
struct jingle_session *jingle_find(struct person *p,
    bool (*fits)(const struct jingle_session *s, const void *what), const void *what);

/* The application that offers are for, by the namespace of their description. */
const struct jingle_app *jingle_app_of(const char *ns);

#endif
