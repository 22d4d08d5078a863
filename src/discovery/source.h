/* What finds people: mDNS, fixed peers, later wide-area DNS-SD. A source writes what it learns
 * into the entries it was given and answers what it is asked; it knows no other source and no
 * listener. Loop thread only. */
#ifndef DISCOVERY_SOURCE_H
#define DISCOVERY_SOURCE_H

#include "discovery/entries.h"

struct source;

/* What a source tells besides entries; may be called from inside calls to it. */
struct source_listener {
	/* Answers: to resolve (on_resolved), to fetch_avatar (data NULL: none). */
	void (*on_resolved)(void *ctx, struct source *s, struct entry *ent, int err);
	void (*on_avatar)(
	    void *ctx, struct source *s, struct entry *ent, const void *data, size_t len);
	/* All it was asked and has not answered, it never will. */
	void (*on_lost)(void *ctx, struct source *s);
	void (*on_state)(void *ctx);
	void (*on_name)(void *ctx, const char *name, bool published);
};

/* What we announce. */
struct announcement {
	char user[LIMIT_INSTANCE_NAME + 1];
	uint16_t port;
	struct buf txt[TXT_STRINGS];
	size_t txt_count;
	bool ready; /* port and txt are set */
	unsigned char avatar[LIMIT_AVATAR];
	size_t avatar_len;
};

struct source_ops {
	/* 0: the answer follows. Anything else: there will be none. */
	int (*resolve)(struct source *s, struct entry *ent);
	int (*fetch_avatar)(struct source *s, struct entry *ent); /* NULL: it has none */
	/* The announcement, or the picture in it, is there or has changed. NULL: it does not
	 * announce. */
	void (*announce)(struct source *s);
	void (*announce_avatar)(struct source *s);
	/* Says goodbye, frees; then calls done, once, never from inside. */
	void (*close)(struct source *s, void (*done)(void *ctx), void *ctx);
};

/* Embedded by each source. */
struct source {
	const struct source_ops *ops;
	enum discovery_source kind;
	struct entries *entries;         /* borrowed */
	const struct source_listener *l; /* borrowed */
	void *ctx;
};

#endif
