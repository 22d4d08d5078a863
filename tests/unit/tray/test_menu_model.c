/* What the menu of the icon holds, and what the icon says. */
#include "tray/menu_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CROWD = 300 };

/* Values as the daemon tells them. */
static struct earshot_value *
value(const char *json)
{
	struct earshot_value *v = NULL;
	assert_int_equal(earshot_value_parse(json, strlen(json), &v), 0);
	return v;
}

static struct world {
	struct earshot_value *own, *state;
	struct front_person people[CROWD], *order[CROWD];
	struct front_file files[CROWD], *file_order[CROWD];
	char names[CROWD][32], ids[CROWD][32];
	struct earshot_value *infos[CROWD];
	struct menu_source source;
	struct menu_model *model;
} w;

static int
set_up(void **state)
{
	(void)state;
	memset(&w, 0, sizeof(w));
	w.own = value("{\"status\":\"available\"}");
	w.state = value("{\"network\":true,\"discovery\":\"running\",\"problem\":\"\"}");
	w.source = (struct menu_source){
	    .standing = {.link = FRONT_UP, .own = w.own, .state = w.state},
	    .people = w.order,
	    .files = w.file_order,
	};
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	menu_model_destroy(w.model);
	earshot_value_free(w.own);
	earshot_value_free(w.state);
	for (size_t i = 0; i < w.source.file_count; i++)
		earshot_value_free(w.infos[i]);
	return 0;
}

static struct front_person *
add_person(const char *display)
{
	size_t i = w.source.people_count++;
	struct front_person *p = w.order[i] = &w.people[i];
	snprintf(w.names[i], sizeof(w.names[i]), "p%zu@host", i);
	*p = (struct front_person){.name = w.names[i],
	    .shown = w.names[i],
	    .display = display,
	    .status = "available",
	    .text = "",
	    .trust = "known",
	    .presence = FRONT_ANSWERED};
	return p;
}

static void
add_file(const char *info)
{
	size_t i = w.source.file_count++;
	struct front_file *f = w.file_order[i] = &w.files[i];
	snprintf(w.ids[i], sizeof(w.ids[i]), "f%zu", i);
	*f = (struct front_file){
	    .id = w.ids[i], .peer = "p0@host", .info = w.infos[i] = value(info)};
}

static void
build(void)
{
	menu_model_destroy(w.model);
	w.model = menu_model_create(&w.source);
	assert_non_null(w.model);
}

static const struct menu_entry *
find(enum menu_kind kind, const char *label)
{
	for (size_t i = 0; i < w.model->count; i++)
		if (w.model->entries[i].kind == kind &&
		    (!label || strcmp(w.model->entries[i].label, label) == 0))
			return &w.model->entries[i];
	return NULL;
}

static size_t
count(enum menu_kind kind)
{
	size_t n = 0;
	for (size_t i = 0; i < w.model->count; i++)
		n += w.model->entries[i].kind == kind;
	return n;
}

static void
opening_the_window_comes_first_and_quitting_last(void **state)
{
	(void)state;
	build();
	assert_int_equal(w.model->entries[0].kind, MENU_OPEN);
	assert_int_equal(w.model->entries[w.model->count - 1].kind, MENU_QUIT);
	assert_non_null(find(MENU_STATUS, "Status: available"));
	assert_int_equal(count(MENU_NOTE), 0);
}

static void
separators_stand_between_things(void **state)
{
	(void)state;
	add_person("Romeo");
	add_file(
	    "{\"direction\":\"in\",\"state\":\"offered\",\"name\":\"a\",\"display\":\"Romeo\"}");
	build();
	bool last = true;
	for (size_t i = 0; i < w.model->count; i++) {
		bool is = w.model->entries[i].kind == MENU_SEPARATOR;
		assert_false(is && last);
		last = is;
	}
	assert_false(last);
}

static void
people_are_shown_with_what_they_say(void **state)
{
	(void)state;
	add_person("Romeo");
	struct front_person *away = add_person("Juliet"), *busy = add_person("Tybalt");
	away->status = "away";
	away->text = "lunch";
	busy->status = "dnd";
	add_person("Mute")->presence = FRONT_SILENT;
	add_person("Gone")->presence = FRONT_GONE;
	build();
	assert_non_null(find(MENU_PERSON, "Romeo"));
	assert_non_null(find(MENU_PERSON, "Juliet (away: lunch)"));
	assert_non_null(find(MENU_PERSON, "Tybalt (do not disturb)"));
	assert_non_null(find(MENU_PERSON, "Mute (does not answer)"));
	assert_int_equal(count(MENU_PERSON), 4); /* who left and was never talked with is not */
}

static void
unread_conversations_come_first_then_recent_ones(void **state)
{
	(void)state;
	add_person("Here");
	struct front_person *gone = add_person("Gone"), *wrote = add_person("Wrote");
	gone->presence = FRONT_GONE;
	gone->last = 1;
	wrote->unread = 2;
	build();
	const struct menu_entry *first = find(MENU_PERSON, "Wrote: 2 new messages");
	const struct menu_entry *second = find(MENU_PERSON, "Gone (not here)");
	const struct menu_entry *third = find(MENU_PERSON, "Here");
	assert_non_null(first);
	assert_ptr_equal(second, first + 1);
	assert_ptr_equal(third, second + 2); /* a separator between */
}

static void
a_crowd_does_not_fill_the_screen(void **state)
{
	(void)state;
	for (int i = 0; i < CROWD; i++) {
		struct front_person *p = add_person("Somebody");
		p->unread = i % 3 == 0;
		p->last = i % 3 == 1;
	}
	build();
	assert_int_equal(count(MENU_PERSON), MENU_UNREAD_MAX + MENU_PEOPLE_MAX);
	assert_non_null(find(MENU_MORE, "270 more\xe2\x80\xa6"));
}

static void
files_that_ask_and_files_on_their_way_are_shown(void **state)
{
	(void)state;
	add_file("{\"direction\":\"in\",\"state\":\"offered\",\"name\":\"a.txt\",\"size\":1500,"
		 "\"display\":\"Romeo\"}");
	add_file("{\"direction\":\"out\",\"state\":\"active\",\"name\":\"b.txt\",\"size\":1000,"
		 "\"done\":450,\"rate\":7,\"left\":9,\"display\":\"Romeo\"}");
	add_file("{\"direction\":\"in\",\"state\":\"done\",\"name\":\"c.txt\",\"size\":1000,"
		 "\"display\":\"Romeo\"}");
	build();
	assert_non_null(find(MENU_OFFER, "Romeo wants to give you a.txt (1.5 kB)"));
	assert_non_null(find(MENU_FILE, "b.txt (1.0 kB) to Romeo: 45 %"));
	assert_int_equal(count(MENU_FILE), 1);
}

static void
offers_are_bounded(void **state)
{
	(void)state;
	for (int i = 0; i < CROWD; i++)
		add_file("{\"direction\":\"in\",\"state\":\"offered\",\"name\":\"a\","
			 "\"display\":\"Romeo\"}");
	build();
	assert_int_equal(count(MENU_OFFER), MENU_OFFERS_MAX);
}

static void
l5_names_of_files_are_clean_and_bounded(void **state)
{
	static const char override[] = {(char)0xe2, (char)0x80, (char)0xae, 0}; /* U+202E */
	(void)state;
	add_file("{\"direction\":\"in\",\"state\":\"offered\",\"display\":\"R\\u202eomeo\","
		 "\"name\":\"\\u001b[31m<b>_x</b>"
		 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}");
	build();
	const struct menu_entry *e = find(MENU_OFFER, NULL);
	assert_non_null(e);
	assert_null(strchr(e->label, '\x1b'));
	assert_null(strstr(e->label, override));
	assert_non_null(strstr(e->label, "<b>_x</b>"));
	assert_in_range(strlen(e->label), 40, 140);
}

static void
what_is_wrong_stands_in_the_menu(void **state)
{
	(void)state;
	earshot_value_free(w.state);
	w.state = value("{\"network\":false,\"discovery\":\"running\",\"problem\":\"\"}");
	w.source.standing.state = w.state;
	build();
	assert_non_null(find(MENU_NOTE, "No network: this computer is not connected to any."));
	w.source.standing.link = FRONT_DOWN;
	w.source.standing.link_sentence = "Earshot does not run.";
	build();
	assert_non_null(find(MENU_NOTE, "Earshot does not run."));
	assert_int_equal(count(MENU_STATUS), 0); /* it could not be changed */
}

static void
a_person_is_the_same_entry_whatever_they_say(void **state)
{
	(void)state;
	struct front_person *p = add_person("Romeo");
	build();
	struct menu_model *before = w.model;
	w.model = NULL;
	p->status = "away";
	p->display = "Romeo M.";
	build();
	assert_int_equal(before->count, w.model->count);
	for (size_t i = 0; i < before->count; i++)
		assert_true(menu_entry_is(&before->entries[i], &w.model->entries[i]));
	menu_model_destroy(before);
}

static void
stands_as(enum standing wanted, const char *sentence)
{
	struct buf out = BUF_INIT(1024);
	assert_int_equal(standing_of(&w.source.standing), wanted);
	standing_sentence(&out, &w.source.standing);
	assert_string_equal(buf_cstr(&out), sentence);
	buf_finish(&out);
}

static void
the_icon_says_how_we_stand(void **state)
{
	(void)state;
	stands_as(STANDING_AVAILABLE, "Earshot: available");
	earshot_value_free(w.own);
	w.own = value("{\"status\":\"dnd\"}");
	w.source.standing.own = w.own;
	stands_as(STANDING_DND, "Earshot: do not disturb");
	w.source.standing.link = FRONT_DOWN;
	stands_as(STANDING_OFFLINE, "Earshot: not connected");
	w.source.standing.asks = 1;
	stands_as(STANDING_UNREAD, "Earshot: 1 file waits for your answer");
	w.source.standing.unread = 4;
	stands_as(STANDING_UNREAD, "Earshot: 4 unread messages");
}

static void
every_standing_has_an_icon(void **state)
{
	(void)state;
	for (enum standing s = STANDING_OFFLINE; s <= STANDING_UNREAD; s++)
		assert_memory_equal(standing_icon(s), "earshot-tray-", strlen("earshot-tray-"));
}

int
main(void)
{
#define GIVEN(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    GIVEN(opening_the_window_comes_first_and_quitting_last),
	    GIVEN(separators_stand_between_things),
	    GIVEN(people_are_shown_with_what_they_say),
	    GIVEN(unread_conversations_come_first_then_recent_ones),
	    GIVEN(a_crowd_does_not_fill_the_screen),
	    GIVEN(files_that_ask_and_files_on_their_way_are_shown),
	    GIVEN(offers_are_bounded),
	    GIVEN(l5_names_of_files_are_clean_and_bounded),
	    GIVEN(what_is_wrong_stands_in_the_menu),
	    GIVEN(a_person_is_the_same_entry_whatever_they_say),
	    GIVEN(the_icon_says_how_we_stand),
	    GIVEN(every_standing_has_an_icon),
	};
#undef GIVEN
	return cmocka_run_group_tests(tests, NULL, NULL);
}
