/* Everybody discovery knows of: one entry per instance name, merged from the places (a source's
 * interface and family, or one fixed peer) that tell of it. Collects what changed until someone
 * takes the news. Knows no source, no listener, no loop. Loop thread only. */
#ifndef DISCOVERY_ENTRIES_H
#define DISCOVERY_ENTRIES_H

#include "base/list.h"
#include "base/map.h"
#include "discovery/ask.h"
#include "discovery/discovery.h"

/* Where an entry was heard of. */
struct place {
	enum discovery_source source;
	unsigned id; /* interface, or the number of the fixed peer */
	int family;  /* 4 or 6; 0 for a fixed peer */
	bool stale;  /* not heard of again since its source started afresh */
};

struct entry {
	struct discovery_entry e; /* what the listener sees; e.places counts no fixed peers */
	size_t index;             /* in entries.all */
	struct place *place;      /* owned */
	size_t place_count, place_room;
	struct place *origin; /* owned; of e.addr; family unused */
	size_t addr_room;     /* of e.addr and origin */
	struct list news;
	bool own;  /* bears our own name: hidden */
	bool told; /* the listener has it */
	bool dead; /* in no table any more, freed when the listener knows */
	struct ask resolve, avatar;
};

struct entries {
	struct map by_key;
	struct entry **all; /* owned; for picking one at random */
	size_t count, capacity;
	size_t limit; /* of those who may have to give way to newcomers */
	char own_key[LIMIT_INSTANCE_NAME + 1];
	struct list news;
	void (*on_news)(void *ctx); /* news is no longer empty; take it soon */
	void *ctx;
};

void entries_init(struct entries *s, size_t limit, void (*on_news)(void *ctx), void *ctx);
void entries_finish(struct entries *s); /* accepts zeroed */

struct entry *entries_get(struct entries *s, const char *name); /* the hidden one, too */
struct entry *entries_get_fixed(struct entries *s, const char *address);

/* It is heard of at this place. The entry, made if need be; NULL: no memory, or no room and
 * nobody to give way. */
struct entry *entries_found(struct entries *s, const char *name, struct place place);
struct entry *entries_found_fixed(struct entries *s, const char *address, struct place place);
/* ... no longer; at the last place lost, the entry goes (do not use it after this). */
void entries_lost(struct entries *s, struct entry *ent, struct place place);
/* Whom this place tells of, NULL: nobody. Looks at everybody, for what is rare. */
struct entry *entries_at(struct entries *s, struct place place);

void entries_set_service(struct entries *s, struct entry *ent, const char *host, uint16_t port);
void entries_set_txt(struct entries *s, struct entry *ent, const struct txt *txt);
void entries_add_address(
    struct entries *s, struct entry *ent, struct place from, const struct sockaddr_storage *a);
/* All its addresses of this source (id: of this place alone, 0: any) are in doubt; those not
 * added again are dropped. */
void entries_doubt_addresses(struct entry *ent, enum discovery_source source, unsigned id);
void entries_drop_doubted(struct entries *s, struct entry *ent, enum discovery_source source);

/* A source starts afresh: its places are in doubt; those not found again are lost. */
void entries_doubt(struct entries *s, enum discovery_source source);
void entries_sweep(struct entries *s, enum discovery_source source);

/* Our own instance name: nobody else. */
void entries_set_own(struct entries *s, const char *name);

/* A nameless entry gets its name, which may belong to another entry: that one takes all over
 * and is returned, ent is dead then. */
struct entry *entries_rename(struct entries *s, struct entry *ent, const char *name);

/* The next entry whose dead, own or told call for telling, NULL: none. */
struct entry *entries_take_news(struct entries *s);
void entries_free(struct entry *ent); /* a dead one, told to all */

#endif
