/* Lines, JSON and JSON-RPC of the local socket. Where the bytes are cut changes neither the lines
 * nor the verdicts; what was parsed is written and parsed again to the same text; what is read at
 * once is what jansson reads. */
#include "base/limits.h"
#include "wire/frame.h"
#include "wire/quick.h"
#include "wire/rpc.h"
#include "wire/value.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { MAX_LINE = 1024 };

static unsigned
mix(unsigned sum, const void *data, size_t len)
{
	const unsigned char *bytes = data;
	for (size_t i = 0; i < len; i++)
		sum = (sum ^ bytes[i]) * 16777619U;
	return sum;
}

static void
check_round_trip(const struct value *v)
{
	struct buf once = BUF_INIT(LIMIT_ANSWER);
	struct buf twice = BUF_INIT(LIMIT_ANSWER);
	struct value *again = NULL;
	if (value_write(v, &once) || value_parse(once.data, once.len, &again) ||
	    value_write(again, &twice) || once.len != twice.len ||
	    memcmp(once.data, twice.data, once.len) != 0 || memchr(once.data, '\n', once.len))
		abort();
	value_free(again);
	buf_finish(&once);
	buf_finish(&twice);
}

static void
check_quick(const char *line, size_t len)
{
	json_t *quick = quick_read(line, len);
	json_t *full = quick ? json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL) : NULL;
	if (quick && !(full && json_equal(quick, full)))
		abort();
	json_decref(quick);
	json_decref(full);
}

static unsigned
digest_line(unsigned sum, const char *line, size_t len)
{
	struct value *v = NULL;
	struct rpc_message m;
	check_quick(line, len);
	int verdict = value_parse(line, len, &v);
	sum = mix(mix(sum, &verdict, sizeof(verdict)), line, len);
	if (verdict)
		return sum;
	check_round_trip(v);
	verdict = rpc_read(v, &m);
	if (!verdict && m.kind <= RPC_NOTIFICATION && !m.method)
		abort();
	value_free(v);
	return mix(sum, &verdict, sizeof(verdict));
}

static unsigned
digest(const uint8_t *data, size_t len, size_t step)
{
	struct frame_reader r;
	unsigned sum = 2166136261U;
	int rc = 0;
	frame_reader_init(&r, MAX_LINE);
	for (size_t at = 0; at < len && rc == 0; at += step) {
		size_t n = len - at < step ? len - at : step;
		const char *line;
		size_t line_len;
		char *room = frame_reader_room(&r, n);
		if (!room)
			abort();
		memcpy(room, data + at, n);
		frame_reader_grew(&r, n);
		while ((rc = frame_reader_next(&r, &line, &line_len)) == 1)
			sum = digest_line(sum, line, line_len);
	}
	frame_reader_finish(&r);
	return mix(sum, &rc, sizeof(rc));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len < 2)
		return 0;
	size_t step = 1 + data[0] % 64U;
	if (digest(data + 1, len - 1, len - 1) != digest(data + 1, len - 1, step))
		abort();
	return 0;
}
