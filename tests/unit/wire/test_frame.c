#include "base/err.h"
#include "base/limits.h"
#include "wire/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
feed(struct frame_reader *r, const char *text, size_t len)
{
	if (len == 0)
		return;
	char *room = frame_reader_room(r, len);
	assert_non_null(room);
	memcpy(room, text, len);
	frame_reader_grew(r, len);
}

static void
assert_line(struct frame_reader *r, const char *expected)
{
	const char *line;
	size_t len;
	assert_true(frame_reader_ready(r));
	assert_int_equal(frame_reader_next(r, &line, &len), 1);
	assert_int_equal(len, strlen(expected));
	assert_memory_equal(line, expected, len);
}

static void
assert_none(struct frame_reader *r)
{
	const char *line;
	size_t len;
	assert_false(frame_reader_ready(r));
	assert_int_equal(frame_reader_next(r, &line, &len), 0);
}

static void
gives_the_same_lines_wherever_they_are_cut(void **state)
{
	(void)state;
	static const char text[] = "first\n\nthe third, longer\nx\n";
	size_t len = sizeof(text) - 1;
	for (size_t a = 0; a <= len; a++) {
		for (size_t b = a; b <= len; b++) {
			struct frame_reader r;
			struct frame_reader lines;
			frame_reader_init(&r, 100);
			frame_reader_init(&lines, 100);
			const size_t cuts[] = {0, a, b, len};
			size_t count = 0;
			for (size_t i = 0; i < 3; i++) {
				const char *line;
				size_t n;
				feed(&r, text + cuts[i], cuts[i + 1] - cuts[i]);
				while (frame_reader_next(&r, &line, &n) == 1) {
					feed(&lines, line, n);
					feed(&lines, "\n", 1);
					count++;
				}
			}
			assert_int_equal(count, 4);
			assert_line(&lines, "first");
			assert_line(&lines, "");
			assert_line(&lines, "the third, longer");
			assert_line(&lines, "x");
			assert_none(&r);
			frame_reader_finish(&r);
			frame_reader_finish(&lines);
		}
	}
}

static void
l3_limits_a_line(void **state)
{
	(void)state;
	const char *line;
	size_t len;
	struct frame_reader r;
	frame_reader_init(&r, 4);
	feed(&r, "123\n1234\n", 9);
	assert_line(&r, "123");
	assert_line(&r, "1234");
	assert_none(&r);
	feed(&r, "1234", 4);
	assert_none(&r); /* its end may come yet */
	feed(&r, "5", 1);
	assert_true(frame_reader_ready(&r));
	assert_int_equal(frame_reader_next(&r, &line, &len), ERR_TOO_BIG);
	feed(&r, "\nab\n", 4);
	assert_int_equal(frame_reader_next(&r, &line, &len), ERR_TOO_BIG);
	frame_reader_finish(&r);

	frame_reader_init(&r, 4);
	feed(&r, "12345\n", 6);
	assert_int_equal(frame_reader_next(&r, &line, &len), ERR_TOO_BIG);
	frame_reader_finish(&r);
}

static void
takes_a_long_line_byte_by_byte(void **state)
{
	(void)state;
	struct frame_reader r;
	frame_reader_init(&r, LIMIT_FRAME);
	feed(&r, "short\n", 6);
	assert_line(&r, "short");
	for (size_t i = 0; i < LIMIT_FRAME; i++) {
		feed(&r, "x", 1);
		if (i % 4096 == 0)
			assert_none(&r);
	}
	/* every byte was looked at once: what was scanned is not scanned again */
	assert_int_equal(r.scanned, r.end - (LIMIT_FRAME - 1) % 4096);
	feed(&r, "\n", 1);
	const char *line;
	size_t len;
	assert_int_equal(frame_reader_next(&r, &line, &len), 1);
	assert_int_equal(len, LIMIT_FRAME);
	assert_true(r.cap <= (size_t)2 * LIMIT_FRAME);
	assert_none(&r);
	assert_int_equal(r.cap, 0); /* an idle connection keeps no big buffer */
	frame_reader_finish(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(gives_the_same_lines_wherever_they_are_cut),
	    cmocka_unit_test(l3_limits_a_line),
	    cmocka_unit_test(takes_a_long_line_byte_by_byte),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
