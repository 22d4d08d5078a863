#include "base/map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>

enum { MANY = 5000 };

static const char *
key_of(char out[16], int i)
{
	(void)snprintf(out, 16, "key %d", i);
	return out;
}

static void
an_empty_map_answers(void **state)
{
	(void)state;
	struct map zeroed = {0}, m;
	assert_null(map_get(&zeroed, "a"));
	assert_null(map_remove(&zeroed, "a"));
	map_finish(&zeroed);
	map_init(&m);
	assert_null(map_get(&m, ""));
	assert_null(map_remove(&m, ""));
	MAP_FOREACH (node, &m)
		fail();
	map_finish(&m);
}

static void
a_key_is_copied_and_its_value_replaced(void **state)
{
	(void)state;
	struct map m;
	int one, two;
	char key[] = "a";
	map_init(&m);
	assert_int_equal(map_set(&m, key, &one), 0);
	key[0] = 'b';
	assert_ptr_equal(map_get(&m, "a"), &one);
	assert_null(map_get(&m, "b"));
	assert_int_equal(map_set(&m, "a", &two), 0);
	assert_int_equal(m.len, 1);
	assert_ptr_equal(map_remove(&m, "a"), &two);
	assert_null(map_get(&m, "a"));
	assert_int_equal(m.len, 0);
	map_finish(&m);
}

/* As many as share slots in every table size on the way, and some removed in between. */
static void
thousands_of_keys_are_found_and_removed(void **state)
{
	(void)state;
	static int values[MANY];
	struct map m;
	char key[16];
	map_init(&m);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(map_set(&m, key_of(key, i), &values[i]), 0);
	assert_int_equal(m.len, MANY);
	for (int i = 0; i < MANY; i += 3)
		assert_ptr_equal(map_remove(&m, key_of(key, i)), &values[i]);
	for (int i = 0; i < MANY; i++)
		assert_ptr_equal(map_get(&m, key_of(key, i)), i % 3 ? &values[i] : NULL);
	map_finish(&m);
	assert_int_equal(m.len, 0);
}

/* A table of one slot's chain: all keys collide. */
static void
colliding_keys_stay_apart(void **state)
{
	(void)state;
	struct map m;
	struct map_node *chain[1] = {NULL};
	int values[3];
	map_init(&m);
	m.slots = chain;
	m.slot_count = 1;
	m.len = 0;
	assert_int_equal(map_set(&m, "a", &values[0]), 0);
	m.len = 0; /* as if there were room: no growth */
	assert_int_equal(map_set(&m, "b", &values[1]), 0);
	m.len = 0;
	assert_int_equal(map_set(&m, "c", &values[2]), 0);
	m.len = 3;
	assert_ptr_equal(map_get(&m, "a"), &values[0]);
	assert_ptr_equal(map_get(&m, "c"), &values[2]);
	assert_ptr_equal(map_remove(&m, "b"), &values[1]);
	assert_null(map_get(&m, "b"));
	assert_ptr_equal(map_get(&m, "a"), &values[0]);
	assert_ptr_equal(map_get(&m, "c"), &values[2]);
	m.slots = NULL; /* ours */
	map_finish(&m);
}

static void
the_order_is_that_of_insertion(void **state)
{
	(void)state;
	static const char *const keys[] = {"x", "", "b", "a", "a long key with many bytes"};
	struct map m;
	map_init(&m);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		assert_int_equal(map_set(&m, keys[i], &m), 0);
	assert_int_equal(map_set(&m, "x", NULL), 0); /* replacing moves nothing */
	size_t at = 0;
	MAP_FOREACH (node, &m)
		assert_string_equal(node->key, keys[at++]);
	assert_int_equal(at, ARRAY_LEN(keys));
	map_finish(&m);
}

static void
entries_may_go_inside_the_loop(void **state)
{
	(void)state;
	struct map m;
	char key[16];
	map_init(&m);
	for (int i = 0; i < 100; i++)
		assert_int_equal(map_set(&m, key_of(key, i), &m), 0);
	int seen = 0;
	MAP_FOREACH (node, &m) {
		if (seen % 2 == 0)
			assert_ptr_equal(map_remove(&m, node->key), &m);
		seen++;
	}
	assert_int_equal(seen, 100);
	assert_int_equal(m.len, 50);
	assert_string_equal(m.first->key, "key 1");
	assert_string_equal(m.last->key, "key 99");
	MAP_FOREACH (node, &m)
		(void)map_remove(&m, node->key);
	assert_null(m.first);
	assert_null(m.last);
	assert_int_equal(map_set(&m, "again", &m), 0);
	assert_string_equal(m.first->key, "again");
	map_finish(&m);
}

/* Nobody can prepare keys that collide: two maps hash with two keys. */
static void
every_map_has_a_hash_key_of_its_own(void **state)
{
	(void)state;
	struct map a, b;
	map_init(&a);
	map_init(&b);
	assert_memory_not_equal(a.key, b.key, sizeof(a.key));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_empty_map_answers),
	    cmocka_unit_test(a_key_is_copied_and_its_value_replaced),
	    cmocka_unit_test(thousands_of_keys_are_found_and_removed),
	    cmocka_unit_test(colliding_keys_stay_apart),
	    cmocka_unit_test(the_order_is_that_of_insertion),
	    cmocka_unit_test(entries_may_go_inside_the_loop),
	    cmocka_unit_test(every_map_has_a_hash_key_of_its_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
