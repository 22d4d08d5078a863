/* The helper's line protocol: what was read once is written and read again unchanged, and the
 * second writing equals the first. */
#include "mdns/protocol.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static char *
copy_line(const void *data, size_t len)
{
	char *line = malloc(len + 1);
	if (!line)
		abort();
	memcpy(line, data, len);
	line[len] = '\n';
	return line;
}

static void
encode(const struct protocol_line *l, struct buf *b)
{
	protocol_begin(b, l->field[0]);
	for (size_t i = 1; i < l->count; i++)
		protocol_field(b, l->field[i], l->length[i]);
	protocol_end(b);
	if (buf_err(b))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct protocol_line l, again;
	char *line = copy_line(data, len);
	/* our own verbs need no escape, so protocol_begin() has none */
	if (protocol_parse(line, len, &l) ||
	    strspn(l.field[0], "abcdefghijklmnopqrstuvwxyz") != l.length[0]) {
		free(line);
		return 0;
	}
	struct buf first = BUF_INIT(LIMIT_HELPER_LINE), second = BUF_INIT(LIMIT_HELPER_LINE);
	encode(&l, &first);
	char *copy = copy_line(first.data, first.len - 1);
	if (protocol_parse(copy, first.len - 1, &again) || again.count != l.count)
		abort();
	for (size_t i = 0; i < l.count; i++)
		if (again.length[i] != l.length[i] ||
		    memcmp(again.field[i], l.field[i], l.length[i]) != 0)
			abort();
	encode(&again, &second);
	if (second.len != first.len || memcmp(second.data, first.data, first.len) != 0)
		abort();
	buf_finish(&first);
	buf_finish(&second);
	free(copy);
	free(line);
	return 0;
}
