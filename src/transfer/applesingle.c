#include "transfer/applesingle.h"

#include "base/err.h"
#include "base/number.h"

#include <string.h>

enum { MAGIC = 0x00051600, VERSION = 0x00020000, DATA_FORK = 1 };

static uint32_t
get32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void
put32(uint8_t *at, uint32_t n)
{
	at[0] = (uint8_t)(n >> 24);
	at[1] = (uint8_t)(n >> 16);
	at[2] = (uint8_t)(n >> 8);
	at[3] = (uint8_t)n;
}

static unsigned
entry_count(const uint8_t *head)
{
	return (unsigned)head[APPLESINGLE_FIXED - 2] << 8 | head[APPLESINGLE_FIXED - 1];
}

int
applesingle_write(uint8_t out[APPLESINGLE_HEAD], uint64_t size)
{
	if (size > UINT32_MAX)
		return ERR_TOO_BIG;
	memset(out, 0, APPLESINGLE_HEAD);
	put32(out, MAGIC);
	put32(out + 4, VERSION);
	out[APPLESINGLE_FIXED - 1] = 1;
	put32(out + APPLESINGLE_FIXED, DATA_FORK);
	put32(out + APPLESINGLE_FIXED + 4, APPLESINGLE_HEAD);
	put32(out + APPLESINGLE_FIXED + 8, (uint32_t)size);
	return 0;
}

struct entry {
	uint32_t id;
	uint64_t begin, end;
};

static struct entry
get_entry(const struct applesingle *a, unsigned n)
{
	const uint8_t *at = a->head + APPLESINGLE_FIXED + (size_t)n * APPLESINGLE_ENTRY;
	struct entry e = {.id = get32(at), .begin = get32(at + 4)};
	e.end = e.begin + get32(at + 8);
	return e;
}

/* One byte that belongs to two entries, or to the head as well, is one that two readers would take
 * for different things. An empty entry has no bytes: where it says to be does not matter. */
static int
check_entries(const struct applesingle *a, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct entry e = get_entry(a, i);
		if (e.begin == e.end)
			continue;
		if (e.begin < a->have)
			return ERR_PROTO;
		for (unsigned k = 0; k < i; k++) {
			struct entry other = get_entry(a, k);
			if (other.begin != other.end && e.begin < other.end && other.begin < e.end)
				return ERR_PROTO;
		}
	}
	return 0;
}

static int
read_entries(struct applesingle *a)
{
	unsigned count = entry_count(a->head);
	bool found = false;
	int err = check_entries(a, count);
	for (unsigned i = 0; !err && i < count; i++) {
		struct entry e = get_entry(a, i);
		if (e.begin < e.end)
			a->whole = number_higher(a->whole, e.end);
		if (e.id != DATA_FORK)
			continue;
		if (found)
			return ERR_PROTO;
		found = true;
		if (e.begin < e.end) {
			a->begin = e.begin;
			a->end = e.end;
		}
	}
	a->whole = number_higher(a->whole, a->have);
	if (!err && a->whole - a->have - applesingle_size(a) > LIMIT_APPLESINGLE_ASIDE)
		err = ERR_TOO_BIG;
	a->known = !err;
	return err;
}

/* Takes bytes up to `want` of the head. */
static size_t
fill_head(struct applesingle *a, const uint8_t *data, size_t len, size_t want)
{
	size_t n = a->have < want ? want - a->have : 0;
	n = n < len ? n : len;
	memcpy(a->head + a->have, data, n);
	a->have += n;
	a->at += n;
	return n;
}

static int
feed_head(struct applesingle *a, const uint8_t *data, size_t len, size_t *used)
{
	*used = fill_head(a, data, len, APPLESINGLE_FIXED);
	if (a->have < APPLESINGLE_FIXED)
		return 0;
	if (get32(a->head) != MAGIC || get32(a->head + 4) != VERSION)
		return ERR_PROTO;
	unsigned count = entry_count(a->head);
	if (count > LIMIT_APPLESINGLE_ENTRIES)
		return ERR_TOO_BIG;
	size_t whole = APPLESINGLE_FIXED + (size_t)count * APPLESINGLE_ENTRY;
	*used += fill_head(a, data + *used, len - *used, whole);
	return a->have == whole ? read_entries(a) : 0;
}

int
applesingle_feed(
    struct applesingle *a, const void *data, size_t len, const void **fork, size_t *fork_len)
{
	const uint8_t *at = data;
	*fork = at;
	*fork_len = 0;
	if (!a->known) {
		size_t used = 0;
		int err = feed_head(a, at, len, &used);
		if (err || !a->known)
			return err;
		at += used;
		len -= used;
	}
	uint64_t begin = number_higher(a->begin, a->at);
	uint64_t end = number_lower(a->end, a->at + len);
	if (begin < end) {
		*fork = at + (begin - a->at);
		*fork_len = (size_t)(end - begin);
	}
	a->at += len;
	return 0;
}

bool
applesingle_is_whole(const struct applesingle *a)
{
	return a->known && a->at >= a->end;
}

uint64_t
applesingle_size(const struct applesingle *a)
{
	return a->end - a->begin;
}
