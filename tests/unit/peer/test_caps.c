#include "base/err.h"
#include "base/str.h"
#include "peer/person.h"
#include "peer/roster.h"
#include "peer/xep0115_caps.h"
#include "xml/ns.h"

#include "../support/parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The example of XEP-0115 5.2. */
#define EXODUS \
	"<iq><query xmlns='http://jabber.org/protocol/disco#info' node='n#v'>" \
	"<identity category='client' name='Exodus 0.9.1' type='pc'/>" \
	"<feature var='http://jabber.org/protocol/caps'/>" \
	"<feature var='http://jabber.org/protocol/muc'/>" \
	"<feature var='http://jabber.org/protocol/disco#info'/>" \
	"<feature var='http://jabber.org/protocol/disco#items'/>" \
	"</query></iq>"
#define EXODUS_VER "QgayPKawpkPSDYmwT/WM94uAlu0="

struct fixture {
	struct roster roster;
	struct person person;
	bool believed;
};

static int
set_up(void **state)
{
	static struct fixture f;
	f = (struct fixture){.person.roster = &f.roster};
	bus_init(&f.roster.bus);
	*state = &f;
	bus_init(&f.roster.bus);
	int err = txt_keep(&f.person.txt, &(struct txt){0});
	return err ? err : caps_cache_create(&f.roster.caps);
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;
	caps_cache_destroy(f->roster.caps);
	txt_kept_finish(&f->person.txt);
	bus_finish(&f->roster.bus);
	return 0;
}

static void
take(void *ctx, const struct xml_elem *iq)
{
	struct fixture *f = ctx;
	f->believed = caps_take(&f->person, xml_elem_child(iq, NS_DISCO_INFO, "query"));
}

static void
announce(struct fixture *f, const char *ver)
{
	struct txt txt = {.node = "http://example.org/x", .hash = "sha-1"};
	assert_int_equal(str_copy(txt.ver, sizeof(txt.ver), ver), 0);
	assert_int_equal(txt_keep(&f->person.txt, &txt), 0);
}

static void
believes_what_hashes_to_the_announced_value(void **state)
{
	struct fixture *f = *state;
	announce(f, EXODUS_VER);
	assert_int_equal(parse(EXODUS, take, f), 0);
	assert_true(f->believed);
	assert_true(person_supports(&f->person, "http://jabber.org/protocol/muc"));
	assert_false(person_supports(&f->person, "urn:xmpp:receipts"));
}

static void
refuses_what_does_not(void **state)
{
	struct fixture *f = *state;
	announce(f, "AAAAPKawpkPSDYmwT/WM94uAlu0=");
	assert_int_equal(parse(EXODUS, take, f), 0);
	assert_false(f->believed);
	assert_false(person_supports(&f->person, "http://jabber.org/protocol/muc"));
}

static void
takes_a_version_number_for_no_hash(void **state)
{
	struct fixture *f = *state;
	struct txt txt = {.node = "libpurple", .ver = "2.14.12"};
	assert_int_equal(txt_keep(&f->person.txt, &txt), 0);
	assert_int_equal(parse(EXODUS, take, f), 0);
	assert_true(f->believed);
}

static void
refuses_repeated_features_and_two_identities(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(parse("<iq><query xmlns='http://jabber.org/protocol/disco#info'>"
			       "<identity category='client' type='pc'/><feature var='a'/>"
			       "<feature var='a'/></query></iq>",
			     take, f),
	    0);
	assert_false(f->believed);
	assert_int_equal(parse("<iq><query xmlns='http://jabber.org/protocol/disco#info'>"
			       "<identity category='client' type='pc'/>"
			       "<identity category='client' type='web'/></query></iq>",
			     take, f),
	    0);
	assert_false(f->believed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		believes_what_hashes_to_the_announced_value, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(refuses_what_does_not, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(takes_a_version_number_for_no_hash, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		refuses_repeated_features_and_two_identities, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
