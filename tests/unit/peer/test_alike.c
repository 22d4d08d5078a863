#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/world.h"

#include "../support/keyed.h"
#include "peer/alike.h"
#include "peer/contact.h"

extern const struct feature feature_alike;

static int
set_up(void **state)
{
	static const struct feature *const features[] = {&feature_alike, NULL};
	(void)state;
	int err = world_begin(features);
	we_have_a_key();
	return err;
}

static struct person *
comes(const char *name, const char *address, const struct tls_peer *key)
{
	int err;
	(void)announce_key(name, key, address);
	ends(dials_with_key(name, address, key, &err), 0);
	assert_int_equal(err, 0);
	return person_called(name);
}

static void
happens(struct person *p, enum trust_event event)
{
	assert_int_equal(contact_happens(p, event, NULL, "the user said so"), 0);
}

static void
shows(struct person *p, const char *display)
{
	assert_int_equal(str_replace(&p->display, display), 0);
	people_changed(p);
}

static void
n5_the_address_is_looked_at_as_well(void **state)
{
	(void)state;
	struct tls_peer one = key_of_number(1), two = key_of_number(2);
	struct person *romeo = comes(ROMEO, HOME, &one);
	struct person *other = comes("r0meo@f0rza", ELSEWHERE, &two);
	shows(other, "Somebody");
	assert_null(alike_of(other));
	happens(romeo, TRUST_ACCEPTED);
	assert_string_equal(alike_of(other), romeo->display);
	assert_null(alike_of(romeo));
}

static void
n5_who_is_known_is_not_taken_for_who_is_verified(void **state)
{
	(void)state;
	struct tls_peer one = key_of_number(1), two = key_of_number(2);
	struct person *romeo = comes(ROMEO, HOME, &one), *other = comes(MERCUTIO, ELSEWHERE, &two);
	happens(romeo, TRUST_ACCEPTED);
	happens(other, TRUST_ACCEPTED);
	shows(romeo, "Prof. Kim");
	shows(other, "Pr\u043ef. Kim");
	assert_null(alike_of(romeo)); /* neither is more than the other */
	assert_null(alike_of(other));
	happens(romeo, TRUST_VERIFIED);
	assert_string_equal(alike_of(other), "Prof. Kim");
	assert_null(alike_of(romeo));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(n5_the_address_is_looked_at_as_well, set_up, keyed_end),
	    cmocka_unit_test_setup_teardown(
		n5_who_is_known_is_not_taken_for_who_is_verified, set_up, keyed_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
