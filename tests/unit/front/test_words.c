#include "base/compiler.h"
#include "front/marking.h"
#include "front/transfer_words.h"
#include "front/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
spans_are_said_in_one_unit(void **state)
{
	(void)state;
	static const struct {
		int64_t seconds;
		const char *words;
	} spans[] = {{-5, "0 s"}, {0, "0 s"}, {119, "119 s"}, {120, "2 min"}, {7199, "119 min"},
	    {7200, "2 h"}, {172799, "47 h"}, {172800, "2 days"},
	    {INT64_MAX, "106751991167300 days"}};
	for (size_t i = 0; i < ARRAY_LEN(spans); i++) {
		struct buf b = BUF_INIT(64);
		words_span(&b, spans[i].seconds);
		assert_string_equal(buf_cstr(&b), spans[i].words);
		buf_finish(&b);
	}
}

/* What a word of a later version means is not known: nothing may be promised. */
static void
unknown_trust_is_marked_as_plain(void **state)
{
	(void)state;
	assert_string_equal(marking("verified"), "[v]");
	assert_string_equal(marking("superverified"), "[PLAIN]");
	assert_string_equal(marking(NULL), "[PLAIN]");
	assert_true(marking_is_plain("superverified"));
	assert_false(marking_is_plain("new"));
}

static void
control_characters_of_strangers_do_not_get_out(void **state)
{
	(void)state;
	struct buf b = BUF_INIT(WORDS_MAX);
	struct earshot_value *v = earshot_value_object();
	earshot_value_set_str(v, "name", "a\x1b[31m\nb");
	earshot_value_set_str(v, "text", "\x1b]0;title\x07");
	earshot_value_set_str(v, "reason", "line\nbreak");
	earshot_value_set_str(v, "state", "failed");
	words_display(&b, v);
	words_status(&b, v);
	words_evidence(&b, v);
	transfer_what(&b, v);
	assert_true(transfer_news(&b, v, "accept "));
	for (size_t i = 0; i < b.len; i++)
		assert_true((unsigned char)buf_cstr(&b)[i] >= ' ');
	earshot_value_free(v);
	buf_finish(&b);
}

static void
sizes_have_three_digits_at_most(void **state)
{
	(void)state;
	static const struct {
		int64_t bytes;
		const char *words;
	} sizes[] = {{-1, "0 B"}, {999, "999 B"}, {1000, "1.0 kB"}, {9949, "9.9 kB"},
	    {9950, "10 kB"}, {999499, "999 kB"}, {999500, "1.0 MB"}, {INT64_MAX, "9.2 EB"}};
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct buf b = BUF_INIT(64);
		transfer_size(&b, sizes[i].bytes);
		assert_string_equal(buf_cstr(&b), sizes[i].words);
		buf_finish(&b);
	}
}

/* It is copied into a shell. */
static void
a_stranger_s_name_in_a_command_is_one_argument(void **state)
{
	(void)state;
	struct buf b = BUF_INIT(WORDS_MAX);
	struct earshot_value *v = earshot_value_object();
	earshot_value_set_str(v, "stage", "begun");
	earshot_value_set_str(v, "display", "Eve");
	earshot_value_set_str(v, "peer", "eve;reboot@there");
	words_comparison(&b, v);
	assert_string_equal(
	    buf_cstr(&b), "Eve wants to compare keys: earshot verify 'eve;reboot@there'");
	assert_false(transfer_left_out(&b, v));
	earshot_value_free(v);
	buf_finish(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(spans_are_said_in_one_unit),
	    cmocka_unit_test(unknown_trust_is_marked_as_plain),
	    cmocka_unit_test(control_characters_of_strangers_do_not_get_out),
	    cmocka_unit_test(a_stranger_s_name_in_a_command_is_one_argument),
	    cmocka_unit_test(sizes_have_three_digits_at_most),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
