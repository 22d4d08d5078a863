/* Inside the engine only: what engine.c (its life, and what its owner calls) and negotiate.c (what
 * its peer says, and what is said about it) share. */
#ifndef STREAM_ENGINE_PARTS_H
#define STREAM_ENGINE_PARTS_H

#include "stream/engine.h"
#include "stream/outq.h"
#include "xml/reader.h"

#include <errno.h>

enum engine_state {
	CONNECTING, /* dialled, no connection yet */
	HEADER,     /* the peer's header is awaited, on each leg */
	FEATURES,   /* dialled: header read, what the peer offers is awaited */
	OFFERED,    /* incoming: TLS was offered, what the peer chooses is awaited */
	STARTTLS,   /* dialled: TLS was asked for, <proceed/> is awaited */
	HANDSHAKE,  /* the owner secures the connection */
	AUTH,       /* secured: <auth/>, or dialled what became of ours, is awaited */
	UNKNOWN,    /* incoming: header read, not identified */
	READY,
	ENDING, /* our end tag is queued, the peer's is awaited */
	OVER,   /* what is queued may still be written, then the connection may go */
	STATE_COUNT
};

/* A connection carries up to three streams one after the other (RFC 6120 §4.3.3), each with its
 * own header and read by a parser of its own. */
enum engine_leg { LEG_PLAIN, LEG_SECURED, LEG_AUTHENTICATED };

struct engine {
	const struct engine_listener *l; /* borrowed */
	void *ctx;
	const struct engine_self *self; /* borrowed */
	bool incoming;
	bool separate;
	bool header_sent;
	bool heard;     /* a byte came */
	bool was_ready; /* the listener may be told of stanzas */
	bool asked;     /* the first stanza was offered to identify() */
	bool restart;   /* the next byte belongs to another stream: a fresh reader is due */
	bool can_encrypt;
	bool peer_ended; /* before it was identified: its stanzas still wait in `held` */
	bool aborted;    /* what is queued stays unwritten */
	enum engine_state state;
	enum engine_leg leg;
	enum stream_security security;
	int err;
	int write_err; /* what ended our direction, if the peer's does not end well either */
	char detail[64];
	uint64_t now;
	uint64_t born, opened, heard_at;
	bool paused;               /* its owner reads nothing */
	bool in_stanza;            /* ready: one has begun and is not whole, */
	uint64_t stanza_at;        /* since then; pauses do not count */
	uint64_t header_at;        /* the peer's first */
	uint64_t deadline;         /* of ENDING and OVER */
	uint64_t ticket;           /* the last one given */
	struct xml_reader *reader; /* owned */
	char *to;                  /* owned; whom we dialled */
	struct engine_peer peer;   /* owned strings */
	char *peer_name;           /* owned; its first stanza's from, if the header had none */
	struct outq out;           /* may be written now */
	struct outq waiting;       /* stanzas for the time after ready */
	struct buf held;           /* what an unknown peer sent, as XML */
};

/* May the reader go on, or did the stream end, or another begin, inside a callback? */
static inline int
engine_verdict(const struct engine *e)
{
	bool over = e->state == OVER || (e->state == ENDING && e->err);
	return over || e->restart ? -ECANCELED : 0;
}

/* engine.c */
void engine_set_state(struct engine *e, enum engine_state next, const char *why);
void engine_give_up(struct engine *e, int err); /* over now; err, if there was none before */

/* negotiate.c */
extern const struct xml_reader_listener negotiate_listener;
void negotiate_begin(struct engine *e); /* our header */
/* Our direction ends: a stream error if there is something to say, and the end tag. */
void negotiate_end(struct engine *e, const char *condition);
/* The peer did wrong, or is not wanted: tell it and stop listening. condition NULL: the usual one
 * of the error; what is too much while we do not know who speaks may be right later. */
void negotiate_fail(struct engine *e, int err, const char *condition);
void negotiate_peer_ended(struct engine *e);
void negotiate_identify(struct engine *e);
void negotiate_restart(struct engine *e);  /* the reader met the end of a leg */
void negotiate_go_plain(struct engine *e); /* the peer did not choose TLS, and need not */

#endif
