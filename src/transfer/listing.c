#include "transfer/listing.h"

#include "base/err.h"
#include "base/limits.h"
#include "base/str.h"
#include "transfer/http.h"
#include "transfer/tree.h"
#include "xml/arena.h"
#include "xml/elem.h"
#include "xml/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct listing {
	struct arena arena;            /* owned; the paths */
	struct listing_entry *entries; /* owned */
	size_t count, room;
	uint64_t bytes; /* of all files */
	bool whole;     /* the root's end has come */
};

/* ---- reading ---- */

static int
make_room(struct listing *l)
{
	if (l->count < l->room)
		return 0;
	if (l->count == LIMIT_TREE_ENTRIES)
		return ERR_TOO_BIG;
	size_t room = l->room ? 2 * l->room : 64;
	struct listing_entry *entries = realloc(l->entries, room * sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	l->entries = entries;
	l->room = room;
	return 0;
}

static bool
is_name(const char *name)
{
	size_t len = name ? strlen(name) : 0;
	return len && len <= TREE_NAME_MAX && !strchr(name, '/') && strcmp(name, ".") != 0 &&
	       strcmp(name, "..") != 0;
}

static int
add_path(struct listing *l, const char *parent, const char *name, const char **out)
{
	struct buf path = BUF_INIT(LIMIT_TREE_PATH);
	if (!is_name(name))
		return ERR_PROTO;
	buf_fmt(&path, "%s%s%s", parent, parent[0] ? "/" : "", name);
	int err = buf_err(&path);
	*out = err ? NULL : arena_copy(&l->arena, path.data, path.len);
	buf_finish(&path);
	return err ? err : l->arena.err;
}

static int
add_size(struct listing *l, const struct xml_elem *file, struct listing_entry *e)
{
	int64_t size;
	const char *text = xml_elem_attr(file, "size");
	if (!text || str_to_int(text, 0, INT64_MAX, &size) != 0)
		return ERR_PROTO;
	e->size = (uint64_t)size;
	if (l->bytes + e->size > INT64_MAX)
		return ERR_TOO_BIG;
	l->bytes += e->size;
	return 0;
}

/* One <file/> or <dir/> and what is in it; anything else is as nothing. */
static int
add(struct listing *l, const char *parent, unsigned depth, const struct xml_elem *e)
{
	bool folder = strcmp(e->name, "dir") == 0;
	const struct xml_elem *name = xml_elem_child(e, NULL, "name");
	if (!folder && strcmp(e->name, "file") != 0)
		return 0;
	if (depth > LIMIT_TREE_DEPTH)
		return ERR_TOO_BIG;
	struct listing_entry entry = {.folder = folder};
	int err = make_room(l);
	if (!err)
		err = add_path(l, parent, name ? name->text : NULL, &entry.path);
	if (!err && !folder)
		err = add_size(l, e, &entry);
	if (err)
		return err;
	l->entries[l->count++] = entry;
	if (!folder)
		return 0;
	XML_FOREACH (child, e) {
		err = add(l, entry.path, depth + 1, child);
		if (err)
			return err;
	}
	return 0;
}

static int
on_open(void *ctx, const struct xml_elem *root)
{
	(void)ctx;
	return strcmp(root->name, "dir") == 0 ? 0 : ERR_PROTO;
}

static int
on_element(void *ctx, const struct xml_elem *e)
{
	return add(ctx, "", 1, e);
}

static int
on_end(void *ctx)
{
	struct listing *l = ctx;
	l->whole = true;
	return 0;
}

/* ---- the manifest's order ---- */

/* A folder stands right in front of what is in it, so / is lower than whatever a name may hold. */
static int
rank(char c)
{
	return c == '/' ? 0 : (unsigned char)c;
}

static int
compare(const void *a, const void *b)
{
	const char *x = ((const struct listing_entry *)a)->path;
	const char *y = ((const struct listing_entry *)b)->path;
	while (*x && *x == *y) {
		x++;
		y++;
	}
	if (!*x || !*y)
		return (*x != '\0') - (*y != '\0');
	return rank(*x) - rank(*y);
}

static int
put_in_order(struct listing *l)
{
	if (l->count)
		qsort(l->entries, l->count, sizeof(*l->entries), compare);
	for (size_t i = 1; i < l->count; i++)
		if (strcmp(l->entries[i - 1].path, l->entries[i].path) == 0)
			return ERR_PROTO;
	return 0;
}

int
listing_read(const char *xml, size_t len, struct listing **out)
{
	static const struct xml_reader_listener listener = {
	    .on_open = on_open, .on_element = on_element, .on_end = on_end};
	struct xml_reader *r = NULL;
	struct listing *l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	arena_init(&l->arena, LIMIT_LISTING_MEMORY);
	int err = xml_reader_create(&listener, l, &r);
	if (!err) {
		xml_reader_set_limit(r, LIMIT_LISTING);
		xml_reader_set_children(r, UINT16_MAX);
		err = xml_reader_feed(r, xml, len);
	}
	if (!err && !l->whole)
		err = ERR_XML;
	if (!err)
		err = put_in_order(l);
	xml_reader_destroy(r);
	if (err)
		listing_destroy(l);
	else
		*out = l;
	return err;
}

void
listing_destroy(struct listing *l)
{
	if (!l)
		return;
	arena_finish(&l->arena);
	free(l->entries);
	free(l);
}

/* ---- what it says ---- */

size_t
listing_count(const struct listing *l)
{
	return l->count;
}

const struct listing_entry *
listing_at(const struct listing *l, size_t n)
{
	return &l->entries[n];
}

static unsigned
depth_of(const char *path)
{
	unsigned depth = 1;
	for (; *path; path++)
		depth += *path == '/';
	return depth;
}

int
listing_manifest(const struct listing *l, struct buf *out)
{
	struct buf entries = BUF_INIT(LIMIT_TREE_BYTES);
	uint8_t head[TREE_HEADER_SIZE];
	for (size_t i = 0; i < l->count; i++) {
		const struct listing_entry *e = &l->entries[i];
		const char *slash = strrchr(e->path, '/');
		const char *name = slash ? slash + 1 : e->path;
		struct tree_entry entry = {.folder = e->folder,
		    .depth = depth_of(e->path),
		    .size = e->size,
		    .name_len = strlen(name)};
		memcpy(entry.name, name, entry.name_len + 1);
		tree_entry_write(&entry, &entries);
	}
	struct tree_header h = {.entries = (uint32_t)l->count,
	    .length = (uint32_t)(TREE_HEADER_SIZE + entries.len),
	    .bytes = l->bytes};
	tree_header_write(&h, head);
	buf_add(out, head, sizeof(head));
	if (entries.len)
		buf_add(out, entries.data, entries.len);
	int err = buf_err(&entries) ? buf_err(&entries) : buf_err(out);
	buf_finish(&entries);
	return err;
}

void
listing_target(const struct listing_entry *e, struct buf *out)
{
	for (const char *at = e->path; *at;) {
		char part[TREE_NAME_MAX + 1];
		size_t len = strcspn(at, "/");
		memcpy(part, at, len);
		part[len] = '\0';
		http_encode(out, part);
		at += len;
		if (*at == '/') {
			buf_char(out, '/');
			at++;
		}
	}
}
