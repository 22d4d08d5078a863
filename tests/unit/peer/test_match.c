#include "base/err.h"
#include "base/map.h"
#include "base/str.h"
#include "peer/person.h"
#include "peer/roster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static struct roster roster;
static struct person people[4];

static void
add(struct person *p, const char *key, const char *display, enum person_state state)
{
	*p = (struct person){.roster = &roster, .state = state};
	assert_int_equal(str_replace(&p->name, key), 0);
	assert_int_equal(str_replace(&p->display, display), 0);
	assert_int_equal(txt_keep(&p->txt, &(struct txt){0}), 0);
	assert_int_equal(map_set(&roster.people, key, p), 0);
}

static int
set_up(void **state)
{
	(void)state;
	map_init(&roster.people);
	add(&people[0], "juliet@pronto", "Juliet Capulet", PERSON_ANNOUNCED);
	add(&people[1], "romeo@forza", "Romeo", PERSON_ANSWERED);
	add(&people[2], "rosaline@verona", "M\xc3\xbcller-Rosaline", PERSON_ANNOUNCED);
	add(&people[3], "juliet@old", "Juliet Capulet", PERSON_GONE);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	map_finish(&roster.people);
	for (size_t i = 0; i < ARRAY_LEN(people); i++) {
		free(people[i].name);
		free(people[i].display);
		txt_kept_finish(&people[i].txt);
	}
	return 0;
}

static void
assert_finds(const char *typed, const struct person *expected)
{
	struct person *p = NULL;
	assert_int_equal(roster_match(&roster, typed, &p), 0);
	assert_ptr_equal(p, expected);
}

static void
an_instance_name_is_exact(void **state)
{
	(void)state;
	assert_finds("juliet@old", &people[3]);
	assert_finds("JULIET@Pronto", &people[0]);
}

static void
a_prefix_beats_a_part_and_case_does_not_matter(void **state)
{
	(void)state;
	assert_finds("rome", &people[1]);
	assert_finds("M\xc3\x9cLL", &people[2]);
	assert_finds("saline", &people[2]);
}

static void
those_who_are_here_come_first(void **state)
{
	(void)state;
	assert_finds("juliet cap", &people[0]);
}

static void
several_are_ambiguous_and_none_is_unknown(void **state)
{
	(void)state;
	struct person *p;
	assert_int_equal(roster_match(&roster, "ro", &p), ERR_AMBIGUOUS);
	assert_int_equal(roster_match(&roster, "tybalt", &p), ERR_UNKNOWN);
	assert_int_equal(roster_match(&roster, "", &p), ERR_UNKNOWN);
}

/* Anybody can choose a display that is what people type for somebody else. */
static void
n5_no_stranger_is_meant_instead_of_somebody_known(void **state)
{
	(void)state;
	struct person *p;
	people[3].spoken = true; /* juliet@old, who is not here */
	assert_int_equal(roster_match(&roster, "juliet", &p), ERR_AMBIGUOUS);
	assert_int_equal(str_replace(&people[1].display, "Old"), 0);
	assert_int_equal(roster_match(&roster, "old", &p), ERR_AMBIGUOUS);
	assert_finds("romeo@forza", &people[1]); /* who is named in full is meant */
	people[1].spoken = true;
	assert_finds("old", &people[1]);
	assert_finds("rosal", &people[2]); /* where nobody known fits */
	people[1].spoken = people[3].spoken = false;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(an_instance_name_is_exact, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		a_prefix_beats_a_part_and_case_does_not_matter, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(those_who_are_here_come_first, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		several_are_ambiguous_and_none_is_unknown, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		n5_no_stranger_is_meant_instead_of_somebody_known, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
