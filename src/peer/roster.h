/* Everyone within earshot: one person per key, or per name without one, fed by discovery (a hint)
 * and by streams (the proof). Owns the discovery and the hub of streams; decides who an incoming
 * stream belongs to and when to dial. Knows nothing of chat. Loop thread only. */
#ifndef PEER_ROSTER_H
#define PEER_ROSTER_H

#include "base/bucket.h"
#include "base/list.h"
#include "base/map.h"
#include "discovery/discovery.h"
#include "ipc/ipc.h"
#include "peer/bus.h"
#include "peer/feature.h"
#include "peer/own.h"
#include "peer/policy.h"
#include "stream/stream.h"
#include "tls/key.h"

struct caps_cache;
struct jingle;
struct porter;
struct socks5_server;
struct tls_context;

struct roster {
	uv_loop_t *loop;             /* borrowed */
	struct ipc_server *ipc;      /* borrowed */
	struct discovery *discovery; /* owned */
	struct stream_hub *hub;      /* owned */
	struct store *store;         /* owned */
	struct tls_context *tls;     /* borrowed; NULL: nothing is encrypted */
	struct tls_id own_id;        /* with tls */
	struct policy policy;
	struct policy_files files;
	struct porter *porter; /* borrowed; NULL: files can be neither sent nor received */
	struct bucket notices; /* of stranger.c: what all strangers together disturbed by */
	bool known_due;        /* of stranger.c: addresses of people we know may have changed */
	bool contacts_known;   /* from the store: before that nobody can be told from anybody */
	const struct feature *const *features; /* borrowed; ends with NULL */
	struct bus bus;
	struct own own;
	struct value *configured; /* owned; array of addresses of fixed peers, not ours to change */
	char own_name[LIMIT_HOST_NAME + 8]; /* instance name, "" before discovery has one */
	struct map people;                  /* see people.h for the keys -> struct person, owned */
	struct map keys;                    /* the announced part of a key -> its person */
	struct list gone;                   /* struct person: who left, in that order */
	size_t gone_count;
	size_t kept_count;         /* people of whom the store has something */
	struct list claims;        /* of claim.c: incoming streams that wait for an identity */
	struct list waiting;       /* struct iq_pending of all people, oldest deadline first */
	struct list pings;         /* of xep0199_ping.c: connections that are being tried */
	struct list probes;        /* of doctor.c: the same, for those who asked */
	struct list bytestreams;   /* of transfer/xep0047_ibb.c */
	struct jingle *jingle;     /* owned by transfer/xep0166_jingle.c */
	struct list initiations;   /* of transfer/xep0096_si.c: files of old clients */
	struct list oobs;          /* of transfer/xep0066_oob.c: likewise */
	struct list introductions; /* of xep0434_trust_messages.c: not yet accepted */
	size_t introduction_count;
	/* owned by transfer/xep0096_si.c */
	struct socks5_server *socks5;
	struct caps_cache *caps; /* owned */
	uv_timer_t tick;         /* runs only while something waits for time to pass */
	int64_t lifetime;        /* ms until an undelivered message is given up, 0: never */
	struct alike *alike;     /* owned by alike.c */
	void *chat;              /* owned by chat/ */
	void *transfers;         /* owned by transfer/ */
	struct buf trouble;      /* what is wrong with the store, a sentence; empty: nothing */
	unsigned starting;       /* parts that are not ready yet */
	unsigned closing;        /* parts still to close, the store after all others */
	void (*on_started)(void *ctx);
	void (*on_closed)(void *ctx);
	void *ctx;
};

struct roster_config {
	struct discovery_config discovery;
	uint16_t port;      /* wanted, see stream.h */
	char *const *peers; /* addresses of fixed peers, from the configuration; borrowed */
	size_t peer_count;
	const struct feature *const *features; /* ends with NULL */
	struct store *store;                   /* moved, also on failure */
	struct tls_context *tls;               /* borrowed; outlives the roster. NULL: plain only */
	const struct tls_id *own_id;           /* with tls; copied */
	struct policy policy;
	struct policy_files files;
	struct porter *porter; /* borrowed; outlives the roster. NULL: no files */
	int64_t lifetime;      /* ms until an undelivered message is given up, or 0 */
	/* Once, perhaps inside roster_start(): everybody the store knows is known. */
	void (*on_started)(void *ctx);
	void *ctx;
};

/* loop and ipc outlive the roster; own has been loaded by the caller and is moved in. */
int roster_start(struct roster *r, uv_loop_t *loop, struct ipc_server *ipc,
    const struct roster_config *config) MUST_USE;
/* Says goodbye everywhere, then calls done; the roster's memory is the caller's again. */
void roster_stop(struct roster *r, void (*done)(void *ctx), void *ctx);

/* Features, from start() on: on_started waits until as many calls of the second have come. */
void roster_hold_start(struct roster *r);
void roster_release_start(struct roster *r);

/* Features, from BUS_STOPPING on: the store stays open until as many calls of the second have come,
 * which must be from the loop. */
void roster_hold_stop(struct roster *r);
void roster_release_stop(struct roster *r);

/* Somebody of whom the store has something, gone until seen. 0 or -ENOMEM. */
int roster_recall(
    struct roster *r, const char *name, const char *display, struct person **out) MUST_USE;

/* NULL if nobody has this very name (ASCII case does not matter), or is the fixed peer of this
 * address that has not told a name. */
struct person *roster_get(struct roster *r, const char *name);

/* What a person typed: an instance name, or else a unique prefix, or else a unique part, of
 * nick, full name or instance name. 0, ERR_UNKNOWN or ERR_AMBIGUOUS. */
int roster_match(struct roster *r, const char *typed, struct person **out) MUST_USE;

/* For methods with a parameter "peer": the person, or NULL after the call was answered with
 * unknown, ambiguous (and the candidates) or invalid. */
struct person *roster_wanted(struct roster *r, struct ipc_call *call) MUST_USE;
/* The same for a parameter of another name. */
struct person *
roster_wanted_as(struct roster *r, struct ipc_call *call, const char *param) MUST_USE;

/* Something waits for time to pass: the tick runs until nothing does. */
void roster_need_tick(struct roster *r);

/* These settings hold from now on: streams that they do not allow are ended. */
void roster_apply(struct roster *r, const struct policy *policy, const struct policy_files *files,
    int64_t lifetime);

/* The method tables of all features and of the roster itself go to the socket. */
int roster_add_methods(struct roster *r) MUST_USE;

/* An event for the front ends about the daemon's own state. */
void roster_publish_state(struct roster *r);
/* Fills in what the roster knows of docs/ipc.md "state". */
void roster_describe_state(const struct roster *r, struct value *state);

#endif
