#include "base/map.h"

#include "base/random.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_SLOTS = 16 };

static uint64_t
rotl(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

static void
sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] = rotl(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] = rotl(v[2], 32);
}

/* SipHash-1-3 over the string, padded with its length as the algorithm asks. */
uint64_t
map_hash(const unsigned char key[16], const char *s)
{
	uint64_t k[2];
	memcpy(k, key, sizeof(k));
	uint64_t v[4] = {k[0] ^ 0x736f6d6570736575u, k[1] ^ 0x646f72616e646f6du,
	    k[0] ^ 0x6c7967656e657261u, k[1] ^ 0x7465646279746573u};
	size_t len = strlen(s), at = 0;
	for (;; at += 8) {
		uint64_t word = 0;
		size_t left = len - at;
		bool last = left < sizeof(word);
		memcpy(&word, s + at, last ? left : sizeof(word));
		if (last)
			word |= (uint64_t)len << 56;
		v[3] ^= word;
		sip_round(v);
		v[0] ^= word;
		if (last)
			break;
	}
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static size_t
hash(const struct map *m, const char *s)
{
	return (size_t)map_hash(m->key, s);
}

void
map_init(struct map *m)
{
	*m = (struct map){0};
	random_bytes(m->key, sizeof(m->key));
}

void
map_finish(struct map *m)
{
	MAP_FOREACH (node, m) {
		free(node->key);
		free(node);
	}
	free(m->slots);
	*m = (struct map){0};
}

static struct map_node **
find(const struct map *m, const char *key)
{
	struct map_node **at = &m->slots[hash(m, key) & (m->slot_count - 1)];
	while (*at && strcmp((*at)->key, key) != 0)
		at = &(*at)->chain;
	return at;
}

void *
map_get(const struct map *m, const char *key)
{
	if (!m->slot_count)
		return NULL;
	struct map_node *node = *find(m, key);
	return node ? node->value : NULL;
}

static int
grow(struct map *m)
{
	size_t count = m->slot_count ? m->slot_count * 2 : FIRST_SLOTS;
	struct map_node **slots = calloc(count, sizeof(struct map_node *));
	if (!slots)
		return -ENOMEM;
	free(m->slots);
	m->slots = slots;
	m->slot_count = count;
	MAP_FOREACH (node, m) {
		struct map_node **at = &slots[hash(m, node->key) & (count - 1)];
		node->chain = *at;
		*at = node;
	}
	return 0;
}

int
map_set(struct map *m, const char *key, void *value)
{
	if (m->len >= m->slot_count) {
		int err = grow(m);
		if (err)
			return err;
	}
	struct map_node **at = find(m, key);
	if (*at) {
		(*at)->value = value;
		return 0;
	}
	struct map_node *node = calloc(1, sizeof(*node));
	char *copy = strdup(key);
	if (!node || !copy) {
		free(node);
		free(copy);
		return -ENOMEM;
	}
	*node = (struct map_node){.key = copy, .value = value, .prev = m->last};
	*at = node;
	if (m->last)
		m->last->next = node;
	else
		m->first = node;
	m->last = node;
	m->len++;
	return 0;
}

void *
map_remove(struct map *m, const char *key)
{
	if (!m->slot_count)
		return NULL;
	struct map_node **at = find(m, key), *node = *at;
	if (!node)
		return NULL;
	*at = node->chain;
	if (node->prev)
		node->prev->next = node->next;
	else
		m->first = node->next;
	if (node->next)
		node->next->prev = node->prev;
	else
		m->last = node->prev;
	m->len--;
	void *value = node->value;
	free(node->key);
	free(node);
	return value;
}
