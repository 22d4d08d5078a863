#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/world.h"

#include "../support/keyed.h"

/* Under which name somebody is shown: what anybody can announce, and what they say themselves. */

extern const struct feature feature_presence;

static int
set_up(void **state)
{
	static const struct feature *const features[] = {&feature_presence, NULL};
	(void)state;
	int err = world_begin(features);
	we_have_a_key();
	return err;
}

static int
tear_down(void **state)
{
	(void)state;
	return world_end();
}

static void
is_announced_as(
    struct discovery_entry *e, const char *nick, const char *status, const struct tls_peer *key)
{
	struct txt txt = {.client = key ? TXT_CLIENT_EARSHOT : TXT_CLIENT_LIBPURPLE};
	(void)snprintf(txt.nick, sizeof(txt.nick), "%s", nick);
	(void)snprintf(txt.msg, sizeof(txt.msg), "%s", status);
	if (key)
		trust_hint(&key->id, txt.id);
	assert_int_equal(txt_keep(&e->txt, &txt), 0);
	people_discovery_listener.on_entry(&world.r, e, DISCOVERY_CHANGED);
}

static void
is_shown_as(const char *name)
{
	assert_string_equal(person_called(ROMEO)->display, name);
}

static void
n3_nobody_with_a_key_is_renamed_by_an_announcement(void **state)
{
	(void)state;
	int err;
	struct tls_peer key = key_of_number(1);
	struct discovery_entry *e = announce_key(ROMEO, &key, HOME);
	is_announced_as(e, "Friar Lawrence", "", &key); /* before he was ever met */
	is_shown_as("Friar Lawrence");
	struct stream *s = dials_with_key(ROMEO, HOME, &key, &err);
	assert_int_equal(err, 0);
	/* he is told how we are called, and says how he is */
	assert_non_null(strstr(buf_cstr(&world.sent), ">Juliet Capulet</nick>"));
	says(s, "<presence><nick xmlns='http://jabber.org/protocol/nick'>Romeo</nick></presence>");
	is_shown_as("Romeo");
	is_announced_as(e, "Friar Lawrence", "in the cell", &key);
	is_shown_as("Romeo");
	assert_string_equal(person_called(ROMEO)->txt.nick, "Romeo"); /* nor found by that name */
	assert_string_equal(person_called(ROMEO)->txt.msg, "in the cell");
	ends(s, 0);
	leaves(e);
	e = announce_key(ROMEO, &key, HOME);
	is_announced_as(e, "Friar Lawrence", "", &key);
	is_shown_as("Romeo");
}

static void
who_has_a_key_may_take_another_name_or_none(void **state)
{
	(void)state;
	int err;
	struct tls_peer key = key_of_number(1);
	announce_key(ROMEO, &key, HOME);
	struct stream *s = dials_with_key(ROMEO, HOME, &key, &err);
	says(s, "<presence><nick xmlns='http://jabber.org/protocol/nick'>Romeo</nick></presence>");
	says(s, "<presence type='unavailable'/>");
	is_shown_as("Romeo");
	says(s, "<presence><nick xmlns='http://jabber.org/protocol/nick'>M</nick></presence>");
	is_shown_as("M");
	says(s, "<presence/>");
	is_shown_as(ROMEO);
}

static void
in_plain_the_announcement_counts(void **state)
{
	(void)state;
	int err;
	struct discovery_entry *e = romeo(TXT_CLIENT_LIBPURPLE);
	struct stream *s = dials_us(ROMEO, HOME, &err);
	assert_int_equal(err, 0);
	assert_null(strstr(buf_cstr(&world.sent), "<presence"));
	is_announced_as(e, "Romeo", "", NULL);
	is_shown_as("Romeo");
	says(s, "<presence><nick xmlns='http://jabber.org/protocol/nick'>M</nick></presence>");
	is_shown_as("Romeo");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(n3_nobody_with_a_key_is_renamed_by_an_announcement),
	    TEST(who_has_a_key_may_take_another_name_or_none),
	    TEST(in_plain_the_announcement_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
