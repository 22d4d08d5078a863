#include "transfer/tree.h"

#include "base/err.h"

#include <string.h>

static const char magic[16] = "earshot-tree 1\n";

static void
put(uint8_t *out, uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		out[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
}

static uint64_t
get(const uint8_t *in, size_t bytes)
{
	uint64_t value = 0;
	for (size_t i = 0; i < bytes; i++)
		value = value << 8 | in[i];
	return value;
}

void
tree_header_write(const struct tree_header *h, uint8_t out[TREE_HEADER_SIZE])
{
	memcpy(out, magic, sizeof(magic));
	put(out + 16, h->entries, 4);
	put(out + 20, h->length, 4);
	put(out + 24, h->bytes, 8);
}

int
tree_header_read(const uint8_t in[TREE_HEADER_SIZE], struct tree_header *out)
{
	if (memcmp(in, magic, sizeof(magic)) != 0)
		return ERR_PROTO;
	struct tree_header h = {.entries = (uint32_t)get(in + 16, 4),
	    .length = (uint32_t)get(in + 20, 4),
	    .bytes = get(in + 24, 8)};
	if (h.entries > LIMIT_TREE_ENTRIES || h.length > LIMIT_TREE_BYTES)
		return ERR_TOO_BIG;
	uint64_t least = TREE_HEADER_SIZE + (uint64_t)h.entries * (TREE_ENTRY_SIZE + 1);
	if (h.length < least || h.bytes > (uint64_t)INT64_MAX - h.length)
		return ERR_PROTO;
	*out = h;
	return 0;
}

void
tree_entry_write(const struct tree_entry *e, struct buf *out)
{
	uint8_t fixed[TREE_ENTRY_SIZE];
	fixed[0] = e->folder ? 'd' : 'f';
	fixed[1] = (uint8_t)e->depth;
	put(fixed + 2, e->size, 8);
	put(fixed + 10, (uint64_t)e->mtime, 8);
	put(fixed + 18, e->name_len, 2);
	buf_add(out, fixed, sizeof(fixed));
	buf_add(out, e->name, e->name_len);
}

void
tree_reader_init(struct tree_reader *r, const struct tree_header *h)
{
	memset(r, 0, sizeof(*r));
	r->header = *h;
	r->at = TREE_HEADER_SIZE;
	r->in_folder = true; /* the one that is sent */
}

static bool
name_is_good(const char *name, size_t len)
{
	if (len == 0 || len > TREE_NAME_MAX || memchr(name, '/', len) || memchr(name, '\0', len))
		return false;
	return !(name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.')));
}

/* Whether it comes after the last one of the same folder. */
static bool
ascends(const struct tree_reader *r, const struct tree_entry *e)
{
	if (e->depth > r->depth)
		return true; /* the first one */
	const char *before = r->path + r->starts[e->depth];
	size_t end = e->depth < r->depth ? r->starts[e->depth + 1] - 1 : r->path_len;
	size_t len = end - r->starts[e->depth];
	int order = memcmp(before, e->name, len < e->name_len ? len : e->name_len);
	return order < 0 || (order == 0 && len < e->name_len);
}

static int
take(struct tree_reader *r, const struct tree_entry *e)
{
	unsigned deepest = r->depth + (r->in_folder ? 1 : 0);
	if (r->entries >= r->header.entries || e->depth == 0 || e->depth > deepest ||
	    e->depth > LIMIT_TREE_DEPTH || !ascends(r, e) || (e->folder && e->size > 0) ||
	    e->size > r->header.bytes - r->bytes)
		return ERR_PROTO;
	if (e->depth == 1)
		r->starts[1] = 0;
	else if (e->depth > r->depth)
		r->starts[e->depth] = r->path_len + 1;
	size_t start = r->starts[e->depth];
	if (start + e->name_len > LIMIT_TREE_PATH)
		return ERR_PROTO;
	if (start > 0)
		r->path[start - 1] = '/';
	memcpy(r->path + start, e->name, e->name_len);
	r->path_len = start + e->name_len;
	r->path[r->path_len] = '\0';
	r->depth = e->depth;
	r->in_folder = e->folder;
	r->entries++;
	r->bytes += e->size;
	return 0;
}

int
tree_reader_next(struct tree_reader *r, const uint8_t *data, size_t len, struct tree_entry *out)
{
	uint64_t left = r->header.length - r->at;
	if (left < TREE_ENTRY_SIZE + 1)
		return ERR_PROTO;
	if (len < TREE_ENTRY_SIZE)
		return 0;
	out->folder = data[0] == 'd';
	out->depth = data[1];
	out->size = get(data + 2, 8);
	out->mtime = (int64_t)get(data + 10, 8);
	out->name_len = (size_t)get(data + 18, 2);
	if ((data[0] != 'd' && data[0] != 'f') || out->name_len > TREE_NAME_MAX ||
	    left < TREE_ENTRY_SIZE + out->name_len)
		return ERR_PROTO;
	if (len < TREE_ENTRY_SIZE + out->name_len)
		return 0;
	memcpy(out->name, data + TREE_ENTRY_SIZE, out->name_len);
	out->name[out->name_len] = '\0';
	if (!name_is_good(out->name, out->name_len))
		return ERR_PROTO;
	int err = take(r, out);
	if (err)
		return err;
	r->at += TREE_ENTRY_SIZE + out->name_len;
	return (int)(TREE_ENTRY_SIZE + out->name_len);
}

int
tree_reader_end(const struct tree_reader *r)
{
	bool all = r->at == r->header.length && r->entries == r->header.entries &&
		   r->bytes == r->header.bytes;
	return all ? 0 : ERR_PROTO;
}
