/* The manifest of a folder: where the input is cut changes nothing; what is accepted keeps all
 * rules, writes again as itself, and gets names that are clean and differ. */
#include "base/err.h"
#include "base/map.h"
#include "transfer/name.h"
#include "transfer/tree.h"
#include "transfer/tree_names.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check_path(struct map *seen, const char *path)
{
	char component[LIMIT_FILE_NAME + 32];
	unsigned depth = 0;
	if (map_get(seen, path) || map_set(seen, path, seen))
		abort();
	for (const char *p = path;; p++) {
		size_t n = strcspn(p, "/");
		if (n == 0 || n >= sizeof(component) || ++depth > LIMIT_TREE_DEPTH)
			abort();
		memcpy(component, p, n);
		component[n] = '\0';
		if (n <= LIMIT_FILE_NAME && !transfer_name_is_clean(component))
			abort();
		p += n;
		if (!*p)
			return;
	}
}

/* The next entry, seeing `step` bytes more each time. Its length, 0 at the end, or an error. */
static int
next(struct tree_reader *r, const uint8_t *data, size_t len, size_t step, struct tree_entry *e)
{
	for (size_t shown = 0;; shown += step) {
		size_t n = shown < len ? shown : len;
		int rc = tree_reader_next(r, data, n, e);
		if (rc || n == len)
			return rc;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct tree_header h;
	if (len < TREE_HEADER_SIZE || tree_header_read(data, &h) != 0)
		return 0;
	static struct tree_reader whole, cut;
	struct tree_entry e, again;
	struct tree_names *names = NULL;
	struct map seen;
	uint64_t bytes = 0;
	size_t at = TREE_HEADER_SIZE;
	tree_reader_init(&whole, &h);
	tree_reader_init(&cut, &h);
	map_init(&seen);
	if (tree_names_create(&names) != 0)
		abort();
	for (;;) {
		int n = tree_reader_next(&whole, data + at, len - at, &e);
		if (next(&cut, data + at, len - at, 1 + data[15] % 7u, &again) != n)
			abort();
		if (n <= 0)
			break;
		struct buf written = BUF_INIT(512);
		tree_entry_write(&e, &written);
		if (written.len != (size_t)n || memcmp(written.data, data + at, (size_t)n) != 0)
			abort();
		buf_finish(&written);
		bytes += e.size;
		at += (size_t)n;
		const char *path;
		if (bytes > h.bytes || strlen(whole.path) > LIMIT_TREE_PATH)
			abort();
		if (tree_names_next(names, &e, &path) == 0)
			check_path(&seen, path);
		else
			break;
	}
	if (tree_reader_end(&whole) == 0 && bytes != h.bytes)
		abort();
	tree_names_destroy(names);
	map_finish(&seen);
	return 0;
}
