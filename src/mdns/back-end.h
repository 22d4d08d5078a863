/* What the helper needs from an mDNS responder, and who offers it: avahi-daemon over D-Bus
 * (back-end-client.c) or libavahi-core inside this process (back-end-core.c). Neither knows
 * people or policy. Loop thread only.
 *
 * Listener and queries are called from the loop, never from inside a call here (one exception
 * below). Inside them everything may be called but destroy. Errors: -EEXIST the name is taken,
 * -ENOSPC one of the responder's limits is reached, -EIO the rest, explained in a note. */
#ifndef MDNS_BACK_END_H
#define MDNS_BACK_END_H

#include "base/compiler.h"
#include "mdns/channel.h"
#include "mdns/uv-poll.h"

#include <avahi-common/address.h>
#include <avahi-common/defs.h>
#include <avahi-common/strlst.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SERVICE_TYPE "_presence._tcp" /* XEP-0174 §3 */
#define DOMAIN       "local"
#define NO_FLAGS     ((AvahiPublishFlags)0)

enum {
	RECORD_A = 1,
	RECORD_NULL = 10, /* the avatar (XEP-0174 §7) */
	RECORD_TXT = 16,
	RECORD_AAAA = 28,
	RECORD_SRV = 33,
};

enum back_end_state {
	BACK_END_WAITING,  /* there is a bus, but no avahi-daemon on it */
	BACK_END_STARTING, /* has no host name yet: can look, cannot announce */
	BACK_END_RUNNING,
	BACK_END_FAILED, /* for good: destroy it */
};

enum service_event { SERVICE_ESTABLISHED, SERVICE_COLLISION, SERVICE_FAILED };

/* Where something is announced. */
struct place {
	int ifindex; /* the kernel's number; 0: any */
	int family;  /* 4 or 6 */
};

enum query_event {
	QUERY_FOUND,
	QUERY_GONE,   /* record queries only */
	QUERY_FAILED, /* nobody answered, or an error; nothing follows */
};

struct query_result {
	enum query_event event;
	struct place place;
	/* of resolve() */
	const char *host; /* with its domain, escaped as DNS names are */
	const AvahiAddress *address;
	uint16_t port;
	AvahiStringList *txt;
	/* of records() */
	const void *rdata;
	size_t size;
};

/* One question that is being asked; inside its asker. All its pointers are valid only during the
 * call. A query that runs must be cancelled before its memory or its back end goes. */
struct query {
	void (*on_result)(struct query *q, const struct query_result *r);
	void *handle; /* the responder's object; NULL: not running */
	bool records; /* which kind of object */
};

struct announcement {
	const char *name;
	uint16_t port;
	AvahiStringList *txt;
};

struct back_end_listener {
	void (*on_state)(void *ctx); /* back_end.state changed */
	void (*on_instance)(void *ctx, const char *name, const struct place *p, bool here);
	void (*on_settled)(void *ctx); /* the first answers to browse() are in */
	/* May come from inside announce(): without a network there is nothing to wait for. */
	void (*on_service)(void *ctx, enum service_event event);
};

struct back_end {
	const struct back_end_ops *ops;
	const struct back_end_listener *listener; /* borrowed */
	void *ctx;                                /* borrowed */
	struct channel *channel;                  /* borrowed: notes go there */
	enum back_end_state state;
	const char *reason; /* why it FAILED; static text */
};

struct back_end_ops {
	const char *kind;                    /* as in the `backend` line */
	unsigned records_max;                /* standing record queries it can bear */
	void (*destroy)(struct back_end *b); /* says goodbye ... */
	/* ... unless this was called before: another responder of this machine has taken over, and
	 * what one says goodbye to, the other's listeners forget. */
	void (*hush)(struct back_end *b);
	const char *(*host_name)(struct back_end *b); /* first label; "" when not known */
	bool (*stale)(struct back_end *b); /* the clock was set: timers are lost, start afresh */
	int (*browse)(struct back_end *b);
	/* One place's view of an instance: SRV, TXT, one address of that family. */
	int (*resolve)(
	    struct back_end *b, const struct place *p, const char *name, struct query *q);
	/* Records of any place, as long as the query runs; owner is an escaped DNS name. */
	int (*records)(struct back_end *b, const char *owner, uint16_t type, struct query *q);
	void (*cancel)(struct back_end *b, struct query *q); /* also of one that does not run */
	/* Our own service; on_service follows. Replaces what was announced. */
	int (*announce)(struct back_end *b, const struct announcement *a);
	int (*update)(struct back_end *b, const struct announcement *a); /* TXT only */
	/* Our NULL record under the service's name; len 0 takes it back. */
	int (*picture)(struct back_end *b, const char *name, const void *data, size_t len);
	void (*withdraw)(struct back_end *b); /* service and picture */
};

int back_end_create_core(uv_loop_t *loop, struct channel *channel,
    const struct back_end_listener *l, void *ctx, struct back_end **out) MUST_USE;
/* -ENOENT: no bus, or no right to it. */
int back_end_create_client(uv_loop_t *loop, struct channel *channel,
    const struct back_end_listener *l, void *ctx, struct back_end **out) MUST_USE;

/* For the two: an AvahiProtocol as 4 or 6, the way back, an Avahi error as one of ours (noted
 * when it is -EIO). */
int back_end_family(AvahiProtocol proto);
AvahiProtocol back_end_proto(int family);
int back_end_err(struct back_end *b, const char *what, int avahi_err) MUST_USE;

#endif
