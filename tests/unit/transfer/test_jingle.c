/* Two ends agree upon a file by Jingle (XEP-0166, 0234, 0260, 0261). */
#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/world.h"

#include "../support/keyed.h"

#include "two.h"

#include "ends.h"

static int
set_up(void **state)
{
	(void)state;
	return ends_begin(true);
}

static int
set_up_plain(void **state)
{
	(void)state;
	return ends_begin(false);
}

static int
tear_down(void **state)
{
	(void)state;
	return ends_end();
}

static struct told *const out = &ends_.out_told, *const in = &ends_.in_told;

static void
offer(void)
{
	assert_int_equal(jingle_method.offer(&ends_.out), 0);
	ends_settle();
	assert_int_equal(in->offered, 1);
	assert_non_null(ends_.in.session);
}

static void
accept_it(void)
{
	assert_int_equal(jingle_method.accept(&ends_.in), 0);
	ends_settle();
}

/* What one writes into its link the other reads. */
static void
expect_connected(bool encrypted)
{
	char text[8] = "";
	assert_int_equal(out->accepted, 1);
	assert_int_equal(out->connected, 1);
	assert_int_equal(in->connected, 1);
	assert_int_equal(out->ended + in->ended, 0);
	assert_int_equal(out->encrypted, encrypted);
	assert_int_equal(in->encrypted, encrypted);
	if (encrypted)
		assert_int_not_equal(out->client, in->client);
	assert_int_equal(write(out->link.fd, "romeo", 5), 5);
	ends_settle();
	assert_int_equal(read(in->link.fd, text, sizeof(text)), 5);
	assert_string_equal(text, "romeo");
}

static void
a_file_is_agreed_upon_and_confirmed(void **state)
{
	(void)state;
	static const uint8_t digest[32] = {1, 2, 3};
	offer();
	assert_string_equal(ends_.name, "letter.txt");
	assert_int_equal(ends_.in.size, 1000);
	assert_string_equal(ends_.in.id, TRANSFER_ID);
	accept_it();
	expect_connected(true);
	assert_int_equal(jingle_method.checksum(&ends_.out, digest), 0);
	ends_settle();
	assert_int_equal(in->checksum, 1);
	assert_memory_equal(in->digest, digest, 32);
	jingle_method.end(&ends_.in, TRANSFER_END_DONE, NULL);
	ends_settle();
	assert_int_equal(out->confirmed, 1);
	assert_int_equal(out->ended, 0);
	assert_null(ends_.out.session);
	assert_null(ends_.in.session);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_file_is_agreed_upon_and_confirmed, set_up, tear_down),
	};
	(void)set_up_plain;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
