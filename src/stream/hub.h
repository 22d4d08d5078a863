/* Inside src/stream only: what hub.c, stream.c and dial.c share. Loop thread only. */
#ifndef STREAM_HUB_H
#define STREAM_HUB_H

#include "base/bucket.h"
#include "base/limits.h"
#include "base/list.h"
#include "stream/admission.h"
#include "stream/engine.h"
#include "stream/stream.h"
#include "stream/transport.h"
#include "tls/key.h"

struct stream_hub {
	uv_loop_t *loop;                 /* borrowed */
	const struct stream_listener *l; /* borrowed */
	void *ctx;
	char *name;     /* owned */
	char *features; /* owned */
	struct engine_self self;
	uint16_t port;
	uint64_t serial;
	struct list streams;
	size_t stream_count;
	size_t stream_limit;         /* as many as the system gives us descriptors for */
	struct admission *admission; /* owned; incoming ones that nobody has identified */
	struct bucket complaints;    /* of stream.c */
	struct list pending;         /* streams with something to do outside the listener's calls */
	uv_tcp_t listening[2];
	bool refused[2]; /* a connection could not be taken for want of memory: try again */
	uv_idle_t idle;  /* active while `pending` is not empty */
	uv_timer_t timer;
	unsigned handles; /* initialised and not yet closed */
	bool closing;
	void (*done)(void *ctx);
	void *done_ctx;
	char scratch[TRANSPORT_SCRATCH]; /* of all reads: each is used up before the next */
	struct tls_context *tls;         /* borrowed; NULL: nothing is encrypted */
};

/* Tries the addresses in order; the first that answers wins. */
struct dial {
	struct sockaddr_storage *addr; /* owned */
	size_t count, next;
	struct list attempts; /* struct attempt, dial.c */
	uint64_t next_at;     /* when the next address is tried beside those before */
	int err;              /* of the last attempt that failed */
	bool active;
};

struct stream {
	struct list node;             /* in hub->streams */
	struct admission_place place; /* incoming: until it is identified */
	struct list pending_node;     /* in hub->pending, or in none */
	struct stream_hub *hub;
	struct engine *engine;       /* owned */
	struct transport *transport; /* owned; NULL while dialling */
	struct dial dial;
	uv_timer_t timer;
	unsigned handles; /* the timer and all transports not yet closed */
	char *to;         /* owned; dialled: whom. For the log */
	bool incoming;
	bool met;       /* the listener knows it: on_closed will come */
	bool asking;    /* stream_identify() was called */
	bool paused;    /* by the listener */
	bool direct;    /* wrote at once in this turn of the loop: what follows is collected */
	bool closing;   /* its handles are */
	bool tls_begun; /* on its transport */
	bool has_wanted_key, has_key;
	struct tls_id wanted_key; /* dialled: nobody else will do */
	struct tls_peer key;      /* the other side's, accepted */
	size_t writing;           /* pieces the transport holds */
	uint64_t sent;            /* the last ticket handed to the kernel */
	uint64_t told;            /* the last one the listener heard of */
	uint64_t serial;
	struct sockaddr_storage remote;
	void *user;
};

/* stream.c */
int stream_create_incoming(struct stream_hub *hub, struct transport *t) MUST_USE; /* moves t */
void stream_run_pending(struct stream *s);
void stream_schedule(struct stream *s); /* stream_run_pending() soon, from the loop */
void stream_settle(struct stream *s);   /* after anything happened to its engine */
void stream_drop(struct stream *s);     /* ends it now, without a word */
void stream_adopt(struct stream *s, struct transport *t, const struct sockaddr_storage *remote);
void stream_handle_closed(struct stream *s);
void stream_address_text(const struct sockaddr_storage *addr, char *out, size_t size);

/* secure.c */
void secure_begin(struct stream *s); /* the engine wants TLS: as soon as all is written */
void secure_done(struct stream *s);  /* the handshake is */

/* dial.c */
int dial_init(struct dial *d, const struct sockaddr_storage *addr, size_t count) MUST_USE;
void dial_advance(struct stream *s, uint64_t now); /* starts what is due */
uint64_t dial_deadline(const struct dial *d);
void dial_stop(struct stream *s); /* closes all attempts */

/* hub.c */
void hub_stream_gone(struct stream_hub *hub); /* after a stream was freed */

#endif
