/* Who says to be here: mDNS (through the helper program earshot-mdns), fixed peers, later
 * wide-area DNS-SD, merged into one entry per person whatever the number of interfaces, address
 * families and sources. All of it is a hint; a stream decides who is there. Knows nothing of
 * streams. Loop thread only. */
#ifndef DISCOVERY_DISCOVERY_H
#define DISCOVERY_DISCOVERY_H

#include "base/compiler.h"
#include "base/confine.h"
#include "base/limits.h"
#include "discovery/txt.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <uv.h>

struct discovery;

enum discovery_source { DISCOVERY_MDNS = 1, DISCOVERY_FIXED = 2, DISCOVERY_WIDE_AREA = 4 };

/* All in it is discovery's own. */
struct discovery_entry {
	/* The instance name (user@machine, byte for byte as announced); for a fixed peer that has
	 * not told its name yet "host:port". Entries compare by it without ASCII case. */
	char *name;
	char *host;    /* SRV target; NULL when not known */
	uint16_t port; /* 0 when not resolved yet */
	struct txt_kept txt;
	bool has_txt;
	/* Dial order: IPv4 before IPv6 (R3), each with port and scope set. */
	struct sockaddr_storage *addr;
	size_t addr_count;     /* at most LIMIT_ADDRESSES */
	unsigned sources;      /* of enum discovery_source, those that have it now */
	unsigned places;       /* (interface, family) pairs that announce it */
	bool nameless;         /* a fixed peer that has not told its name */
	uint64_t announced_at; /* clock_now() of the latest news of it */
	void *user;            /* the listener's */
	bool kept;             /* the listener's: never give its place to a newcomer (N8) */
};

enum discovery_change { DISCOVERY_NEW, DISCOVERY_CHANGED, DISCOVERY_GONE };

/* All calls come from the loop, never from inside a discovery_*() call, so a listener may call
 * anything here, discovery_close() included. */
struct discovery_listener {
	/* Our own instance name: at first a wish (published false), then as published; again when a
	 * collision or a new network renamed us. */
	void (*on_name)(void *ctx, const char *name, bool published);
	/* discovery_state() changed. */
	void (*on_state)(void *ctx);
	/* After DISCOVERY_GONE the entry is freed. Our own instance is never an entry. */
	void (*on_entry)(void *ctx, struct discovery_entry *e, enum discovery_change change);
	/* The answer to discovery_resolve(): addresses are fresh, or err: -ETIMEDOUT (nobody
	 * answered), -EPIPE (the helper ended), ERR_ABSENT (DISCOVERY_GONE follows). */
	void (*on_resolved)(void *ctx, struct discovery_entry *e, int err);
	/* The answer to discovery_fetch_avatar(): 1..LIMIT_AVATAR_IN bytes, or data NULL. The bytes
	 * are as they came: hash them. */
	void (*on_avatar)(void *ctx, struct discovery_entry *e, const void *data, size_t len);
};

struct discovery_config {
	const char *helper;    /* path of earshot-mdns; NULL: beside the running program, else in
				  the library folder */
	const char *user_name; /* the user part of user@machine, cleaned by discovery (R1) */
	enum confine_mode sandbox; /* the helper's; it always gives up what a program can */
	bool mdns;                 /* false: fixed peers only */
};

struct discovery_state {
	enum { DISCOVERY_OFF, DISCOVERY_STARTING, DISCOVERY_RUNNING, DISCOVERY_FAILED } mdns;
	char backend[16];  /* "avahi-daemon", "embedded", "" */
	char problem[256]; /* one sentence for people, "" if all is well (no network, ...) */
	bool network;      /* an interface other than loopback is up */
	pid_t helper_pid;  /* 0: none now */
	unsigned helper_restarts;
	size_t entries;
};

/* The process must ignore SIGPIPE: the helper may end at any time. */
int discovery_create(uv_loop_t *loop, const struct discovery_config *config,
    const struct discovery_listener *l, void *ctx, struct discovery **out) MUST_USE;
/* Says goodbye on the network, ends the helper (at most 2 s), frees; then calls done. No other
 * callback comes once this was called. A name look-up of libuv's that is still on its way holds
 * the loop, not done. */
void discovery_close(struct discovery *d, void (*done)(void *ctx), void *ctx);

/* Announce us, or change what is announced. Changes go out at most once a second, the last one
 * always. 0 or -ENOMEM. */
int discovery_publish(struct discovery *d, const struct txt *txt, uint16_t port) MUST_USE;
/* The picture for the NULL record (1..LIMIT_AVATAR bytes; len 0: none). phsh is the caller's. */
int discovery_publish_avatar(struct discovery *d, const void *data, size_t len) MUST_USE;

struct discovery_entry *discovery_find(struct discovery *d, const char *name);
/* Calls fn for each entry; fn must not add or remove. */
void
discovery_each(struct discovery *d, void (*fn)(void *ctx, struct discovery_entry *e), void *ctx);
const char *discovery_own_name(const struct discovery *d);
void discovery_get_state(const struct discovery *d, struct discovery_state *out);

/* Ask the network again for port, TXT and every address; on_resolved follows, always; once for
 * all that ask while the question is open. The same holds for the avatar. */
void discovery_resolve(struct discovery *d, struct discovery_entry *e);
void discovery_fetch_avatar(struct discovery *d, struct discovery_entry *e);

/* Fixed peers: "host:port", "host", "[v6%scope]:port" (port 5298 when left out). Names are
 * looked up off the loop, again every minute while they fail. -EINVAL, -EEXIST, -ENOENT. */
int discovery_add_fixed(struct discovery *d, const char *address) MUST_USE;
int discovery_remove_fixed(struct discovery *d, const char *address) MUST_USE;
/* The one spelling of such an address. 0 or -EINVAL. */
enum { DISCOVERY_ADDRESS_SIZE = LIMIT_HOST_NAME + 16 };
int discovery_spell_fixed(const char *address, char out[DISCOVERY_ADDRESS_SIZE]) MUST_USE;
/* The entry that this address of the list became; NULL while there is none. */
struct discovery_entry *discovery_find_fixed(struct discovery *d, const char *address);
/* A stream to (or from) a nameless fixed peer told its instance name: the entry takes it, or
 * merges into the entry that has it (then DISCOVERY_GONE for e). Returns the entry to use, NULL
 * if the name is our own: the address leads to ourselves (DISCOVERY_GONE, too). */
struct discovery_entry *
discovery_name_fixed(struct discovery *d, struct discovery_entry *e, const char *name);
/* Does this address belong to the entry? Port and, but for link-local, scope do not count. */
bool discovery_has_address(const struct discovery_entry *e, const struct sockaddr_storage *address);

#endif
