/* The window on a long list: compared with a slow one that lays everything out. */
#include "base/clock.h"
#include "base/compiler.h"
#include "tui/view.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ITEMS_MAX = 20000, COLUMNS = 20 };

/* A list whose items take `heights` rows each, "ITEM.ROW". */
static struct {
	unsigned heights[ITEMS_MAX], versions[ITEMS_MAX], names[ITEMS_MAX];
	size_t count;
	unsigned composed;
	unsigned next_name;
} list;

static void
compose(void *ctx, size_t index, unsigned columns, struct layout_text *out)
{
	(void)ctx;
	(void)columns;
	list.composed++;
	for (unsigned i = 0; i < list.heights[index]; i++) {
		if (i > 0)
			layout_text_break(out);
		layout_text_fmt(out, TUI_PLAIN, "%u.%u", list.names[index], i);
	}
}

static unsigned
version(void *ctx, size_t index)
{
	(void)ctx;
	return list.versions[index];
}

static const struct view_source source = {compose, version};

static void
list_insert(size_t at, size_t count, unsigned height)
{
	for (size_t i = list.count; i > at; i--) {
		list.heights[i + count - 1] = list.heights[i - 1];
		list.versions[i + count - 1] = list.versions[i - 1];
		list.names[i + count - 1] = list.names[i - 1];
	}
	for (size_t i = at; i < at + count; i++) {
		list.heights[i] = height;
		list.versions[i] = 1;
		list.names[i] = list.next_name++;
	}
	list.count += count;
}

static void
list_remove(size_t at, size_t count)
{
	for (size_t i = at; i + count < list.count; i++) {
		list.heights[i] = list.heights[i + count];
		list.versions[i] = list.versions[i + count];
		list.names[i] = list.names[i + count];
	}
	list.count -= count;
}

static struct view *
make(size_t count, unsigned height, unsigned rows)
{
	struct view *v;
	memset(&list, 0, sizeof(list));
	list_insert(0, count, height);
	assert_int_equal(view_create(&source, NULL, &v), 0);
	view_resize(v, rows, COLUMNS);
	assert_int_equal(view_reset(v, count), 0);
	view_update(v);
	return v;
}

static const char *
text_at(const struct view *v, unsigned y)
{
	static char text[64];
	const struct layout_row *row = view_row(v, y, NULL, NULL);
	if (!row)
		return NULL;
	if (row->count == 0)
		return "";
	size_t len = row->spans[0].len < sizeof(text) ? row->spans[0].len : sizeof(text) - 1;
	memcpy(text, row->spans[0].text, len);
	text[len] = '\0';
	return text;
}

static void
shows(struct view *v, unsigned y, const char *text)
{
	view_update(v);
	const char *there = text_at(v, y);
	if (!there || strcmp(there, text) != 0)
		fail_msg("row %u: %s instead of %s", y, there ? there : "nothing", text);
}

/* ---- cases ---- */

static void
the_end_is_seen_first_and_followed(void **state)
{
	(void)state;
	struct view *v = make(100, 2, 5);
	shows(v, 0, "97.1");
	shows(v, 4, "99.1");
	assert_true(view_at_end(v));
	assert_int_equal(view_below(v), 0);
	list_insert(100, 1, 1);
	assert_int_equal(view_insert(v, 100, 1), 0);
	shows(v, 4, "100.0");
	shows(v, 0, "98.0");
	list.heights[100] = 3; /* it was corrected, and is longer now */
	list.versions[100]++;
	shows(v, 4, "100.2");
	assert_true(view_at_end(v));
	view_destroy(v);
}

static void
what_is_short_stands_at_the_top(void **state)
{
	(void)state;
	struct view *v = make(2, 1, 5);
	shows(v, 0, "0.0");
	shows(v, 1, "1.0");
	assert_null(view_row(v, 2, NULL, NULL));
	assert_true(view_at_end(v) && view_at_home(v));
	view_scroll(v, -3);
	shows(v, 0, "0.0");
	assert_true(view_at_end(v));
	view_destroy(v);
	v = make(0, 1, 5);
	assert_null(view_row(v, 0, NULL, NULL));
	view_scroll(v, 1);
	view_page(v, -1);
	view_home(v);
	view_show(v, 0);
	view_update(v);
	assert_null(view_row(v, 0, NULL, NULL));
	view_destroy(v);
}

static void
the_place_is_kept_when_more_comes(void **state)
{
	(void)state;
	struct view *v = make(50, 1, 5);
	view_scroll(v, -10);
	shows(v, 0, "35.0");
	assert_false(view_at_end(v));
	assert_int_equal(view_below(v), 10);
	list_insert(50, 3, 2);
	assert_int_equal(view_insert(v, 50, 3), 0);
	shows(v, 0, "35.0");
	assert_int_equal(view_below(v), 13);
	list_insert(0, 20, 2); /* older ones were loaded */
	assert_int_equal(view_insert(v, 0, 20), 0);
	shows(v, 0, "35.0");
	view_home(v);
	view_update(v);
	assert_true(view_at_home(v));
	shows(v, 0, "53.0"); /* the first of the older */
	list_insert(0, 1, 1);
	assert_int_equal(view_insert(v, 0, 1), 0);
	shows(v, 0, "53.0");
	view_end(v);
	shows(v, 4, "52.1");
	view_destroy(v);
}

static void
scrolling_ends_at_both_ends(void **state)
{
	(void)state;
	struct view *v = make(10, 3, 4);
	view_scroll(v, -1000);
	shows(v, 0, "0.0");
	view_scroll(v, 1);
	shows(v, 0, "0.1");
	shows(v, 3, "1.1");
	view_page(v, 1);
	shows(v, 0, "1.1");
	view_page(v, -1);
	shows(v, 0, "0.1");
	view_page(v, 100);
	shows(v, 3, "9.2");
	assert_true(view_at_end(v));
	view_scroll(v, -1);
	view_update(v);
	assert_false(view_at_end(v));
	view_scroll(v, 1);
	view_update(v);
	assert_true(view_at_end(v));
	view_destroy(v);
}

static void
an_item_is_scrolled_into_view(void **state)
{
	(void)state;
	struct view *v = make(100, 2, 6);
	view_show(v, 50);
	shows(v, 0, "50.0");
	view_show(v, 52); /* seen already */
	shows(v, 0, "50.0");
	view_show(v, 53);
	shows(v, 5, "53.1");
	view_show(v, 99);
	shows(v, 5, "99.1");
	assert_true(view_at_end(v));
	list.heights[10] = 20;
	list.versions[10]++;
	view_show(v, 10); /* more than fits: its beginning */
	shows(v, 0, "10.0");
	view_destroy(v);
}

static void
removing_leaves_a_window_on_the_rest(void **state)
{
	(void)state;
	struct view *v = make(30, 1, 5);
	view_show(v, 10);
	shows(v, 0, "10.0");
	list_remove(0, 5);
	view_remove(v, 0, 5);
	shows(v, 0, "10.0");
	list_remove(5, 3); /* 10, 11, 12 */
	view_remove(v, 5, 3);
	shows(v, 0, "13.0");
	list_remove(0, list.count);
	view_remove(v, 0, 22);
	view_update(v);
	assert_null(view_row(v, 0, NULL, NULL));
	view_destroy(v);
}

static void
only_what_is_seen_is_laid_out_and_only_once(void **state)
{
	(void)state;
	struct view *v = make(ITEMS_MAX - 10, 1, 50);
	assert_int_equal(list.composed, 50);
	for (int i = 0; i < 100; i++)
		view_update(v);
	assert_int_equal(list.composed, 50);
	list_insert(list.count, 1, 1);
	assert_int_equal(view_insert(v, list.count - 1, 1), 0);
	view_update(v);
	assert_int_equal(list.composed, 51);
	list.versions[list.count - 2]++;
	view_update(v);
	assert_int_equal(list.composed, 52);
	view_resize(v, 50, COLUMNS + 1);
	view_update(v);
	assert_int_equal(list.composed, 102);
	view_forget(v);
	view_update(v);
	assert_int_equal(list.composed, 152);
	view_destroy(v);
}

static void
all_of_ten_thousand_can_be_paged_through(void **state)
{
	(void)state;
	struct view *v = make(10000, 1, 50);
	uint64_t began = clock_now();
	for (int i = 0; i < 300 && !view_at_home(v); i++) {
		view_page(v, -1);
		view_update(v);
	}
	assert_true(view_at_home(v));
	shows(v, 0, "0.0");
	assert_true(list.composed <= 10000); /* none twice */
	assert_true(clock_now() - began < 2000);
	view_destroy(v);
}

/* ---- against a slow one ---- */

static uint32_t seed = 1;

static uint32_t
next_random(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (uint32_t)(((uint64_t)seed * below) >> 32);
}

/* Rows of all items before this one. */
static size_t
rows_before(size_t index)
{
	size_t rows = 0;
	for (size_t i = 0; i < index; i++)
		rows += list.heights[i];
	return rows;
}

static void
window_is_right(const struct view *v, unsigned rows)
{
	size_t total = rows_before(list.count), index, row;
	size_t seen = total < rows ? total : rows;
	for (unsigned y = 0; y < rows; y++) {
		const struct layout_row *r = view_row(v, y, &index, &row);
		assert_true((r != NULL) == (y < seen));
		char expected[64];
		if (!r)
			continue;
		(void)snprintf(expected, sizeof(expected), "%u.%zu", list.names[index], row);
		assert_string_equal(text_at(v, y), expected);
		size_t first, first_row;
		assert_non_null(view_row(v, 0, &first, &first_row));
		/* one row after the other */
		assert_int_equal(
		    rows_before(index) + row, rows_before(first) + first_row + (size_t)y);
	}
	if (seen == 0)
		return;
	assert_non_null(view_row(v, (unsigned)seen - 1, &index, &row));
	assert_int_equal(view_at_end(v), rows_before(index) + row + 1 == total);
	assert_int_equal(view_below(v), list.count - 1 - index);
	assert_non_null(view_row(v, 0, &index, &row));
	assert_int_equal(view_at_home(v), index == 0 && row == 0);
}

static void
change_at_random(struct view *v, unsigned *rows)
{
	size_t at = next_random((uint32_t)list.count + 1), n = 1 + next_random(5);
	switch (next_random(10)) {
	case 0:
	case 1:
		list_insert(list.count, n, 1 + next_random(4));
		assert_int_equal(view_insert(v, list.count - n, n), 0);
		break;
	case 2:
		list_insert(at, n, 1 + next_random(4));
		assert_int_equal(view_insert(v, at, n), 0);
		break;
	case 3:
		n = n < list.count - at ? n : list.count - at;
		list_remove(at, n);
		view_remove(v, at, n);
		break;
	case 4:
		if (at < list.count) {
			list.heights[at] = 1 + next_random(6);
			list.versions[at]++;
		}
		break;
	case 5:
		*rows = 1 + next_random(12);
		view_resize(v, *rows, COLUMNS + next_random(2));
		break;
	case 6:
		view_show(v, at);
		break;
	case 7:
		view_page(v, (int)next_random(5) - 2);
		break;
	case 8:
		next_random(2) ? view_home(v) : view_end(v);
		break;
	default:
		view_scroll(v, (int)next_random(21) - 10);
		break;
	}
}

static void
whatever_is_done_the_window_is_right(void **state)
{
	(void)state;
	for (int round = 0; round < 40; round++) {
		unsigned rows = 1 + next_random(10);
		struct view *v = make(next_random(30), 1 + next_random(3), rows);
		for (int step = 0; step < 250; step++) {
			change_at_random(v, &rows);
			view_update(v);
			window_is_right(v, rows);
		}
		view_destroy(v);
	}
}

static void
items_stay_where_they_are_when_others_change(void **state)
{
	(void)state;
	for (int round = 0; round < 300; round++) {
		struct view *v = make(60, 1 + next_random(3), 7);
		view_show(v, 20 + next_random(10));
		view_scroll(v, (int)next_random(4));
		view_update(v);
		char before[64];
		(void)snprintf(before, sizeof(before), "%s", text_at(v, 0));
		size_t first;
		assert_non_null(view_row(v, 0, &first, NULL));
		size_t at = next_random(2) ? next_random((uint32_t)first + 1) : list.count;
		list_insert(at, 4, 3);
		assert_int_equal(view_insert(v, at, 4), 0);
		shows(v, 0, before);
		view_destroy(v);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_end_is_seen_first_and_followed),
	    cmocka_unit_test(what_is_short_stands_at_the_top),
	    cmocka_unit_test(the_place_is_kept_when_more_comes),
	    cmocka_unit_test(scrolling_ends_at_both_ends),
	    cmocka_unit_test(an_item_is_scrolled_into_view),
	    cmocka_unit_test(removing_leaves_a_window_on_the_rest),
	    cmocka_unit_test(only_what_is_seen_is_laid_out_and_only_once),
	    cmocka_unit_test(all_of_ten_thousand_can_be_paged_through),
	    cmocka_unit_test(whatever_is_done_the_window_is_right),
	    cmocka_unit_test(items_stay_where_they_are_when_others_change),
	};
	if (!setlocale(LC_ALL, "C.UTF-8")) { // NOLINT(concurrency-mt-unsafe): one thread
		puts("There is no locale C.UTF-8 here.");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
