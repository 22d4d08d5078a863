#include "xml/arena.h"

#include "base/err.h"

#include <errno.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
	BLOCK = 4096,        /* a usual stanza fits */
	BLOCK_KEPT = 32768,  /* the most an idle stream holds */
	BLOCK_MOST = 262144, /* growth by doubling ends here */
};

struct arena_block {
	struct arena_block *next;
	size_t size; /* of data */
	alignas(void *) char data[];
};

void
arena_init(struct arena *a, size_t max)
{
	*a = (struct arena){.max = max};
}

static void
free_blocks(struct arena_block *b)
{
	while (b) {
		struct arena_block *next = b->next;
		free(b);
		b = next;
	}
}

void
arena_finish(struct arena *a)
{
	free_blocks(a->blocks);
	arena_init(a, a->max);
}

void
arena_reset(struct arena *a)
{
	struct arena_block *kept = a->blocks;
	if (!kept || kept->size > BLOCK_KEPT) {
		arena_finish(a);
		return;
	}
	free_blocks(kept->next);
	kept->next = NULL;
	a->at = kept->data;
	a->end = kept->data + kept->size;
	a->used = 0;
	a->err = 0;
}

static int
grow(struct arena *a, size_t need)
{
	size_t size = a->blocks ? a->blocks->size * 2 : BLOCK;
	if (size > BLOCK_MOST)
		size = BLOCK_MOST;
	if (size < need)
		size = need;
	struct arena_block *b = malloc(sizeof(*b) + size);
	if (!b)
		return -ENOMEM;
	b->next = a->blocks;
	b->size = size;
	a->blocks = b;
	a->at = b->data;
	a->end = b->data + size;
	return 0;
}

/* size and padding bytes, of which the last size are the caller's. */
static char *
take(struct arena *a, size_t size, size_t padding)
{
	if (a->err)
		return NULL;
	if (size > a->max - a->used) {
		a->err = ERR_TOO_BIG;
		return NULL;
	}
	if ((size_t)(a->end - a->at) < size + padding) {
		a->err = grow(a, size);
		if (a->err)
			return NULL;
		padding = 0; /* blocks begin aligned */
	}
	char *piece = a->at + padding;
	a->at = piece + size;
	a->used += size;
	return piece;
}

void *
arena_alloc(struct arena *a, size_t size)
{
	return take(a, size, -(uintptr_t)a->at % alignof(void *));
}

char *
arena_copy(struct arena *a, const char *s, size_t len)
{
	char *copy = take(a, len + 1, 0);
	if (!copy)
		return NULL;
	memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}
