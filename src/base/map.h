/* String keys to pointers. Keys come from the network, so the hash is keyed with random bytes
 * (nobody can make them collide). One owner, one thread. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/compiler.h"

#include <stddef.h>
#include <stdint.h>

struct map {
	struct map_node **slots; /* owned */
	size_t slot_count;       /* 0 or a power of two */
	size_t len;
	unsigned char key[16];
	struct map_node *first, *last; /* in order of insertion */
};

struct map_node {
	struct map_node *chain;       /* next in the same slot */
	struct map_node *prev, *next; /* in order of insertion */
	char *key;                    /* owned by the map */
	void *value;                  /* borrowed */
};

void map_init(struct map *m);
void map_finish(struct map *m); /* values are the caller's; accepts zeroed */

void *map_get(const struct map *m, const char *key);
/* Adds or replaces. 0 or -ENOMEM. */
int map_set(struct map *m, const char *key, void *value) MUST_USE;
/* Removes and returns the value, NULL if there was none. */
void *map_remove(struct map *m, const char *key);

/* The hash alone: nobody who does not know the key can make two strings collide. */
uint64_t map_hash(const unsigned char key[16], const char *s);

/* The current entry may be removed inside the loop. */
/* NOLINTBEGIN(bugprone-macro-parentheses): the macro declares the name it is given */
#define MAP_FOREACH(node, m) \
	for (struct map_node *node = (m)->first, *node##_next_ = node ? node->next : NULL; node; \
	     node = node##_next_, node##_next_ = node ? node->next : NULL)
/* NOLINTEND(bugprone-macro-parentheses) */

#endif
