#include "transfer/tree_names.h"

#include "base/err.h"
#include "base/map.h"
#include "base/random.h"
#include "transfer/name.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
	FIRST_SLOTS = 1024,
	NAME_MAX_CLEAN = LIMIT_FILE_NAME + 16, /* with its number */
};

/* Paths are remembered by a keyed hash: few bytes each, however long they are. Two that share one
 * by chance get two names where one would have done. */
struct taken {
	uint64_t *hashes; /* owned; 0: free */
	uint16_t
	    *numbers; /* owned; of a path that has none: which one the next that is alike tries */
	size_t size;  /* a power of two */
	size_t count;
};

struct tree_names {
	unsigned char key[16];
	struct taken taken;
	size_t starts[LIMIT_TREE_DEPTH + 1];
	unsigned number, depth; /* of the last one */
	uint64_t hash;          /* and its path's */
	struct buf wanted;      /* its clean name */
	struct buf path;
};

static int
taken_init(struct taken *t, size_t size)
{
	*t = (struct taken){.hashes = calloc(size, sizeof(*t->hashes)),
	    .numbers = calloc(size, sizeof(*t->numbers)),
	    .size = size};
	return t->hashes && t->numbers ? 0 : -ENOMEM;
}

static void
taken_finish(struct taken *t)
{
	free(t->hashes);
	free(t->numbers);
}

/* Where it is, or would be. */
static size_t
taken_find(const struct taken *t, uint64_t hash)
{
	size_t at = (size_t)hash & (t->size - 1);
	while (t->hashes[at] && t->hashes[at] != hash)
		at = (at + 1) & (t->size - 1);
	return at;
}

static int
taken_grow(struct taken *t)
{
	struct taken more;
	int err = taken_init(&more, t->size * 2);
	for (size_t i = 0; !err && i < t->size; i++) {
		if (!t->hashes[i])
			continue;
		size_t at = taken_find(&more, t->hashes[i]);
		more.hashes[at] = t->hashes[i];
		more.numbers[at] = t->numbers[i];
		more.count++;
	}
	if (err) {
		taken_finish(&more);
		return err;
	}
	taken_finish(t);
	*t = more;
	return 0;
}

int
tree_names_create(struct tree_names **out)
{
	struct tree_names *n = calloc(1, sizeof(*n));
	if (!n)
		return -ENOMEM;
	random_bytes(n->key, sizeof(n->key));
	buf_init(&n->wanted, NAME_MAX_CLEAN);
	buf_init(&n->path, LIMIT_TREE_PATH + NAME_MAX_CLEAN);
	int err = taken_init(&n->taken, FIRST_SLOTS);
	if (err)
		tree_names_destroy(n);
	else
		*out = n;
	return err;
}

void
tree_names_destroy(struct tree_names *n)
{
	if (!n)
		return;
	taken_finish(&n->taken);
	buf_finish(&n->wanted);
	buf_finish(&n->path);
	free(n);
}

void
tree_names_rewind(struct tree_names *n)
{
	memset(n->taken.hashes, 0, n->taken.size * sizeof(*n->taken.hashes));
	memset(n->taken.numbers, 0, n->taken.size * sizeof(*n->taken.numbers));
	n->taken.count = 0;
	n->depth = 0;
	buf_clear(&n->path);
}

/* The last one's name with this number, in the folder it lies in; where that is, or would be, among
 * those that are taken. */
static int
write_path(struct tree_names *n, unsigned number, size_t *at)
{
	n->path.len = n->starts[n->depth];
	if (n->depth > 1) {
		n->path.len--;
		buf_char(&n->path, '/');
	}
	transfer_name_number(buf_cstr(&n->wanted), number, &n->path);
	if (buf_err(&n->path) || n->path.len > LIMIT_TREE_PATH)
		return buf_err(&n->path) == -ENOMEM ? -ENOMEM : ERR_TOO_BIG;
	n->hash = map_hash(n->key, buf_cstr(&n->path)) | 1;
	*at = taken_find(&n->taken, n->hash);
	return 0;
}

/* The first number from n->number on with which it is nobody else's. What is alike goes on where
 * the one before it stopped: many of them would else be compared with each other. */
static int
take_name(struct tree_names *n)
{
	size_t plain, at;
	int err = write_path(n, 1, &plain);
	if (err)
		return err;
	bool alike = n->taken.hashes[plain];
	if (alike && n->number < n->taken.numbers[plain])
		n->number = n->taken.numbers[plain];
	for (; n->number <= LIMIT_NAME_NUMBER; n->number++) {
		err = write_path(n, n->number, &at);
		if (err)
			return err;
		if (n->taken.hashes[at])
			continue;
		if (alike)
			n->taken.numbers[plain] = (uint16_t)(n->number + 1);
		n->taken.hashes[at] = n->hash;
		n->taken.count++;
		return n->taken.count * 2 > n->taken.size ? taken_grow(&n->taken) : 0;
	}
	return ERR_TOO_BIG;
}

int
tree_names_next(struct tree_names *n, const struct tree_entry *e, const char **path)
{
	if (e->depth == 1)
		n->starts[1] = 0;
	else if (e->depth > n->depth)
		n->starts[e->depth] = n->path.len + 1;
	n->depth = e->depth;
	n->number = 1;
	buf_clear(&n->wanted);
	transfer_component_clean(e->name, e->name_len, &n->wanted);
	int err = buf_err(&n->wanted);
	if (!err)
		err = take_name(n);
	*path = buf_cstr(&n->path);
	return err;
}
