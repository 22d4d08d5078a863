/* Both ends of an agreement upon a file (XEP-0166, 0234, 0260, 0261, 0047, 0231) while either is
 * told anything, in any order, between what they say to each other: nothing is left behind at the
 * end. The input is lines: what happens, and a stanza where one is heard. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
expect(int truth, const char *what)
{
	if (truth)
		return;
	(void)fprintf(stderr, "not so: %s\n", what);
	abort();
}

/* the helpers of the unit tests say what they expect in cmocka's words */
#define assert_true(c)               expect((c) ? 1 : 0, #c)
#define assert_false(c)              expect((c) ? 0 : 1, "not " #c)
#define assert_null(p)               expect((p) == NULL, #p " is NULL")
#define assert_non_null(p)           expect((p) != NULL, #p)
#define assert_int_equal(a, b)       expect((a) == (b), #a " == " #b)
#define assert_int_not_equal(a, b)   expect((a) != (b), #a " != " #b)
#define assert_ptr_equal(a, b)       expect((const void *)(a) == (const void *)(b), #a " == " #b)
#define assert_string_equal(a, b)    expect(strcmp(a, b) == 0, #a " is " #b)
#define assert_memory_equal(a, b, n) expect(memcmp(a, b, n) == 0, #a " is " #b)
#define assert_in_range(v, lo, hi)   expect((v) >= (lo) && (v) <= (hi), #v)
#define fail_msg(...)                expect(0, "something")

#include "base/limits.h"
#include "base/log.h"
#include "base/random.h"

#include "../unit/support/world.h"

#include "../unit/support/keyed.h"

#include "../unit/transfer/two.h"

#include "../unit/transfer/ends.h"

/* Ids that the input can know. */
static unsigned ids;

void
random_bytes(void *out, size_t len)
{
	memset(out, (int)(++ids & 0xff), len);
}

uint32_t
random_below(uint32_t bound)
{
	return ++ids % bound;
}

void
random_id(char out[RANDOM_ID_SIZE])
{
	(void)snprintf(out, RANDOM_ID_SIZE, "%032x", ++ids);
}

void
random_id_ordered(char out[RANDOM_ID_SIZE], int64_t ms)
{
	(void)ms;
	random_id(out);
}

static void
heard(void *ctx, const struct xml_elem *stanza)
{
	link_stream_listener.on_stanza(&world.r, ctx, stanza);
}

static void
hear(struct stream *s, const char *stanza)
{
	if (s && s->used && !s->closing)
		(void)parse(stanza, heard, s);
}

static void
end_one(const char *how)
{
	struct transfer *t = how[0] == 'i' ? &ends_.in : &ends_.out;
	unsigned why = how[0] ? (unsigned char)how[1] : 0;
	if (t->method)
		t->method->end(t, why % (TRANSFER_END_LOST + 1), why & 8 ? "why" : NULL);
}

/* One thing happens. */
static void
happen(const char *line)
{
	static const uint8_t digest[32] = {1};
	switch (line[0]) {
	case 'r':
		hear(two.romeos, line + 1);
		break;
	case 't':
		hear(two.tybalts, line + 1);
		break;
	case 'o':
		if (!ends_.out.session)
			(void)!ends_.out.method->offer(&ends_.out);
		break;
	case 'a':
		if (ends_.in.method)
			(void)!ends_.in.method->accept(&ends_.in);
		break;
	case 'c':
		(void)!ends_.out.method->checksum(&ends_.out, digest);
		break;
	case 'y':
		if (ends_.in.method == &jingle_method)
			(void)!jingle_method.ready(&ends_.in);
		break;
	case 'e':
		end_one(line + 1);
		break;
	case 'd':
		for (unsigned i = 0; i < 4; i++)
			(void)two_deliver();
		break;
	case 'n':
		net.romeo_reachable = line[1] & 1;
		net.tybalt_reachable = line[1] & 2;
		(void)net_step();
		break;
	case 'p':
		let_pass(11000);
		break;
	default:
		(void)uv_run(&world.loop, UV_RUN_NOWAIT);
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len < 1)
		return 0;
	log_set_level(LOG_ERROR);
	ids = 0;
	expect(ends_begin(data[0] & 1) == 0, "a world");
	ends_.lenient = true;
	char *text = strndup((const char *)data + 1, len - 1);
	expect(text != NULL, "memory");
	for (char *line = text, *next; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		happen(line);
		two_collect();
		while (two.count > TWO_QUEUE / 2)
			free(two_take(0));
	}
	free(text);
	expect(ends_end() == 0, "an end");
	return 0;
}
