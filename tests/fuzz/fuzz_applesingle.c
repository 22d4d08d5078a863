/* AppleSingle: where it is cut changes nothing, and what comes out are bytes that went in, in their
 * order, as many as its head says. */
#include "transfer/applesingle.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct outcome {
	size_t len;
	bool known, whole;
	int err;
	uint64_t size;
};

static struct outcome
feed(const uint8_t *data, size_t len, size_t piece, uint8_t *room)
{
	struct applesingle a = {.have = 0};
	struct outcome o = {.len = 0};
	for (size_t at = 0; at < len && !o.err; at += piece) {
		const void *fork = NULL;
		size_t fork_len = 0, n = len - at < piece ? len - at : piece;
		o.err = applesingle_feed(&a, data + at, n, &fork, &fork_len);
		if (o.err)
			break;
		if (fork_len > len - o.len)
			abort();
		memcpy(room + o.len, fork, fork_len);
		o.len += fork_len;
	}
	o.whole = applesingle_is_whole(&a);
	o.known = a.known;
	o.size = a.known ? applesingle_size(&a) : 0;
	return o;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len == 0)
		return 0;
	uint8_t *one = malloc(2 * len);
	if (!one)
		return 0;
	struct outcome whole = feed(data, len, len, one);
	struct outcome bytes = feed(data, len, 1, one + len);
	if (whole.err != bytes.err)
		abort();
	if (!whole.err && (whole.whole != bytes.whole || whole.len != bytes.len ||
			      whole.size != bytes.size || memcmp(one, one + len, whole.len) != 0))
		abort();
	if (!whole.err && whole.len > whole.size)
		abort();
	if (!whole.err && whole.whole != (whole.known && whole.len == whole.size))
		abort();
	free(one);
	return 0;
}
