#include "base/err.h"
#include "mdns/wish.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int
take(struct wish *w, int (*fn)(struct wish *, const struct protocol_line *), const char *text)
{
	struct protocol_line l;
	size_t len = strlen(text);
	char *line = malloc(len + 1);
	assert_non_null(line);
	memcpy(line, text, len + 1);
	assert_int_equal(protocol_parse(line, len, &l), 0);
	int err = fn(w, &l);
	free(line);
	return err;
}

static void
takes_what_is_to_be_announced(void **state)
{
	(void)state;
	struct wish w;
	wish_init(&w);
	assert_int_equal(take(&w, wish_publish, "publish\talice\t5298\ttxtvers=1\tx=%00%FF"), 0);
	assert_string_equal(w.user, "alice");
	assert_int_equal(w.port, 5298);
	char record[64];
	size_t len = avahi_string_list_serialize(w.txt, record, sizeof(record));
	assert_int_equal(len, 15);
	assert_memory_equal(record, "\x09txtvers=1\x04x=\x00\xff", 15);
	assert_int_equal(take(&w, wish_publish, "publish\talice\t1"), 0);
	assert_null(w.txt);
	wish_finish(&w);
}

static void
a_new_user_starts_with_the_first_name(void **state)
{
	(void)state;
	struct wish w;
	wish_init(&w);
	assert_int_equal(take(&w, wish_publish, "publish\talice\t1"), 0);
	w.attempt = 3;
	assert_int_equal(take(&w, wish_publish, "publish\talice\t2"), 0);
	assert_int_equal(w.attempt, 3);
	assert_int_equal(take(&w, wish_publish, "publish\tbob\t2"), 0);
	assert_int_equal(w.attempt, 1);
	wish_finish(&w);
}

static void
refuses_what_avahi_would_choke_on(void **state)
{
	(void)state;
	static const char *const bad[] = {"publish", "publish\talice", "publish\talice\t",
	    "publish\talice\t0", "publish\talice\t65536", "publish\talice\t-1",
	    "publish\talice\t1x", "publish\t\t1", "publish\ta%00b\t1", "publish\t%FF\t1",
	    "publish\t%ED%A0%80\t1"};
	struct wish w;
	wish_init(&w);
	assert_int_equal(take(&w, wish_publish, "publish\talice\t5298\ta"), 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(take(&w, wish_publish, bad[i]), ERR_PROTO);
	char line[400] = "publish\talice\t1\t";
	size_t at = strlen(line);
	memset(line + at, 'x', LIMIT_TXT_STRING);
	assert_int_equal(take(&w, wish_publish, line), 0);
	line[at + LIMIT_TXT_STRING] = 'x';
	assert_int_equal(take(&w, wish_publish, line), ERR_PROTO);
	char name[100] = "publish\t";
	memset(name + 8, 'n', LIMIT_INSTANCE_NAME + 1);
	memcpy(name + 8 + LIMIT_INSTANCE_NAME + 1, "\t1", 3);
	assert_int_equal(take(&w, wish_publish, name), ERR_PROTO);
	assert_string_equal(w.user, "alice"); /* as it was */
	wish_finish(&w);
}

static void
the_whole_record_is_limited(void **state)
{
	(void)state;
	struct buf b = BUF_INIT(LIMIT_HELPER_LINE);
	char text[LIMIT_TXT_STRING];
	memset(text, 'x', sizeof(text));
	struct wish w;
	wish_init(&w);
	buf_str(&b, "publish\talice\t1");
	for (int i = 0; i < LIMIT_TXT_RECORD / (LIMIT_TXT_STRING + 1); i++)
		protocol_field(&b, text, sizeof(text));
	assert_int_equal(take(&w, wish_publish, buf_cstr(&b)), 0);
	protocol_field(&b, text, sizeof(text));
	assert_int_equal(take(&w, wish_publish, buf_cstr(&b)), ERR_PROTO);
	buf_finish(&b);
	wish_finish(&w);
}

static void
takes_and_forgets_pictures(void **state)
{
	(void)state;
	struct wish w;
	wish_init(&w);
	assert_int_equal(take(&w, wish_avatar, "avatar\t00fF"), 0);
	assert_int_equal(w.avatar_len, 2);
	assert_memory_equal(w.avatar, "\x00\xff", 2);
	assert_int_equal(take(&w, wish_avatar, "avatar\t0"), ERR_PROTO);
	assert_int_equal(take(&w, wish_avatar, "avatar\tzz"), ERR_PROTO);
	assert_int_equal(take(&w, wish_avatar, "avatar"), ERR_PROTO);
	assert_int_equal(w.avatar_len, 2);
	assert_int_equal(take(&w, wish_avatar, "avatar\t"), 0);
	assert_null(w.avatar);
	char *line = malloc(2 * (size_t)LIMIT_AVATAR + 10);
	assert_non_null(line);
	memcpy(line, "avatar\t", 7);
	memset(line + 7, '0', 2 * (size_t)LIMIT_AVATAR + 2);
	line[7 + 2 * (size_t)LIMIT_AVATAR + 2] = '\0';
	assert_int_equal(take(&w, wish_avatar, line), ERR_PROTO);
	line[7 + 2 * (size_t)LIMIT_AVATAR] = '\0';
	assert_int_equal(take(&w, wish_avatar, line), 0);
	free(line);
	wish_finish(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(takes_what_is_to_be_announced),
	    cmocka_unit_test(a_new_user_starts_with_the_first_name),
	    cmocka_unit_test(refuses_what_avahi_would_choke_on),
	    cmocka_unit_test(the_whole_record_is_limited),
	    cmocka_unit_test(takes_and_forgets_pictures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
