#include "transfer/tree_names.h"

#include "base/err.h"
#include "base/map.h"
#include "base/random.h"
#include "transfer/name.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	ALIKE_MAX = 999, /* of one clean name: more would take long to number */
	FIRST_SLOTS = 1024,
	NAME_MAX_CLEAN = LIMIT_FILE_NAME + 16, /* with its number */
};

/* Paths are remembered by a keyed hash: 8 bytes each, however long they are. Two that share one by
 * chance get two names where one would have done. */
struct tree_names {
	unsigned char key[16];
	uint64_t *slots; /* owned; 0: free */
	size_t slot_count, taken;
	size_t starts[LIMIT_TREE_DEPTH + 1];
	unsigned number, depth; /* of the last one */
	struct buf wanted;      /* its clean name */
	struct buf path;
};

int
tree_names_create(struct tree_names **out)
{
	struct tree_names *n = calloc(1, sizeof(*n));
	if (!n)
		return -ENOMEM;
	n->slots = calloc(FIRST_SLOTS, sizeof(*n->slots));
	if (!n->slots) {
		free(n);
		return -ENOMEM;
	}
	n->slot_count = FIRST_SLOTS;
	random_bytes(n->key, sizeof(n->key));
	buf_init(&n->wanted, NAME_MAX_CLEAN);
	buf_init(&n->path, LIMIT_TREE_PATH + NAME_MAX_CLEAN);
	*out = n;
	return 0;
}

void
tree_names_destroy(struct tree_names *n)
{
	if (!n)
		return;
	free(n->slots);
	buf_finish(&n->wanted);
	buf_finish(&n->path);
	free(n);
}

void
tree_names_rewind(struct tree_names *n)
{
	memset(n->slots, 0, n->slot_count * sizeof(*n->slots));
	n->taken = 0;
	n->depth = 0;
	buf_clear(&n->path);
}

static uint64_t *
find_slot(uint64_t *slots, size_t count, uint64_t hash)
{
	size_t at = (size_t)hash & (count - 1);
	while (slots[at] && slots[at] != hash)
		at = (at + 1) & (count - 1);
	return &slots[at];
}

static int
grow(struct tree_names *n)
{
	size_t count = n->slot_count * 2;
	uint64_t *slots = calloc(count, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < n->slot_count; i++)
		if (n->slots[i])
			*find_slot(slots, count, n->slots[i]) = n->slots[i];
	free(n->slots);
	n->slots = slots;
	n->slot_count = count;
	return 0;
}

/* Appends the last one's name with its number to the folder it lies in, until it is a new path. */
static int
number(struct tree_names *n)
{
	for (; n->number <= ALIKE_MAX; n->number++) {
		n->path.len = n->starts[n->depth];
		if (n->depth > 1) {
			n->path.len--;
			buf_char(&n->path, '/');
		}
		transfer_name_number(buf_cstr(&n->wanted), n->number, &n->path);
		if (buf_err(&n->path) || n->path.len > LIMIT_TREE_PATH)
			return buf_err(&n->path) == -ENOMEM ? -ENOMEM : ERR_TOO_BIG;
		uint64_t hash = map_hash(n->key, buf_cstr(&n->path)) | 1;
		uint64_t *slot = find_slot(n->slots, n->slot_count, hash);
		if (*slot)
			continue;
		*slot = hash;
		n->taken++;
		return n->taken * 2 > n->slot_count ? grow(n) : 0;
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
		err = number(n);
	*path = buf_cstr(&n->path);
	return err;
}

int
tree_names_other(struct tree_names *n, const char **path)
{
	n->number++;
	int err = number(n);
	*path = buf_cstr(&n->path);
	return err;
}
