/* What goes to the porter in one call: paths, one behind the other. */
#include "base/limits.h"
#include "transfer/porter.h"

#include <string.h>

void
porter_batch_init(struct porter_batch *b)
{
	*b = (struct porter_batch){0};
	buf_init(&b->paths, LIMIT_PORTER_REQUEST / 2);
}

void
porter_batch_finish(struct porter_batch *b)
{
	buf_finish(&b->paths);
}

void
porter_batch_clear(struct porter_batch *b)
{
	b->count = b->done = 0;
	buf_clear(&b->paths);
}

bool
porter_batch_add(struct porter_batch *b, const char *path, bool folder)
{
	size_t at = b->paths.len, len = strlen(path);
	if (b->count == PORTER_BATCH || len + 1 > b->paths.max - at)
		return false;
	buf_add(&b->paths, path, len + 1);
	if (buf_err(&b->paths))
		return false;
	b->starts[b->count] = at;
	b->folder[b->count++] = folder;
	return true;
}

const char *
porter_batch_path(const struct porter_batch *b, size_t index)
{
	return b->paths.data + b->starts[index];
}
