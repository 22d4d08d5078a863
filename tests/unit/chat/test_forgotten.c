/* What waits for a key, and what becomes of it when the key is forgotten. On a real store, in a
 * world that the test plays. */
#include "base/limits.h"
#include "chat/chat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "talk.h"

#include "../support/keyed.h"

static int
set_up_keyed(void **state)
{
	int err = set_up(state);
	we_have_a_key();
	return err;
}

static struct stream *
comes(const struct tls_peer *key)
{
	int err;
	announce_key(ROMEO, key, HOME);
	struct stream *s = dials_with_key(ROMEO, HOME, key, &err);
	assert_int_equal(err, 0);
	settle();
	return s;
}

static void
n4_what_waits_for_a_forgotten_key_is_said_to_no_other(void **state)
{
	(void)state;
	struct tls_peer key = key_of_number(1), other = key_of_number(2);
	char id[RANDOM_ID_SIZE];
	leaves(romeo_with_key(&key));
	say_text("for that key", id);
	expect_newest("queued");
	assert_int_equal(contact_forget(person_called(ROMEO), NULL), 0);
	settle();
	expect_newest("failed");
	(void)comes(&other);
	assert_string_equal(trust_of(ROMEO), "new");
	assert_int_equal(times_sent(BODY("for that key")), 0);
	say_text("for the other", id);
	assert_int_equal(times_sent("<body>"), 1);
}

static void
n4_nor_what_is_not_on_disk_yet(void **state)
{
	(void)state;
	int err;
	struct ipc_call call;
	struct tls_peer key = key_of_number(1), other = key_of_number(2);
	struct discovery_entry *e = romeo_with_key(&key);
	struct stream *s = dials_with_key(ROMEO, HOME, &key, &err);
	world.send_err = ERR_TOO_BIG;
	call_method(
	    &call, feature_chat.methods, "send", "{\"peer\":\"romeo\",\"text\":\"secret\"}");
	assert_int_equal(contact_forget(person_called(ROMEO), NULL), 0);
	world.send_err = 0;
	ends(s, 0);
	leaves(e);
	settle();
	call_finish(&call);
	expect_newest("failed");
	(void)comes(&other);
	let_pass(5000);
	settle();
	assert_int_equal(times_sent(BODY("secret")), 0);
}

static void
n4_what_waits_goes_to_a_key_that_was_accepted(void **state)
{
	(void)state;
	int err;
	struct tls_peer key = key_of_number(1), other = key_of_number(2);
	char id[RANDOM_ID_SIZE];
	leaves(romeo_with_key(&key));
	say_text("for Romeo", id);
	ends(dials_with_key(ROMEO, HOME, &other, &err), ERR_KEY);
	struct person *p = person_called(ROMEO);
	assert_int_equal(contact_accept_key(p, contact_changed_of(p)), 0);
	(void)comes(&other);
	assert_int_equal(times_sent(BODY("for Romeo")), 1);
}

#undef TEST
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_keyed, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(n4_what_waits_for_a_forgotten_key_is_said_to_no_other),
	    TEST(n4_nor_what_is_not_on_disk_yet),
	    TEST(n4_what_waits_goes_to_a_key_that_was_accepted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
