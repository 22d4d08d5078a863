/* With the catalogue that was built, if there is one. */
#define _DEFAULT_SOURCE /* setenv */
#include "base/tr.h"

#include <libintl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void
speaks_the_language_of_the_locale(void **state)
{
	(void)state;
	assert_string_equal(tr("Permission denied"), "Keine Berechtigung");
	assert_string_equal(tr("nobody ever translates this"), "nobody ever translates this");
}

/* "" stands for the header of the catalogue, and a name may be empty. */
static void
nothing_stays_nothing(void **state)
{
	(void)state;
	assert_string_equal(tr(""), "");
	assert_string_equal(tr_error(""), "");
}

static void
counts_by_the_rules_of_the_language(void **state)
{
	(void)state;
	assert_string_equal(tr_n("%lld file", "%lld files", 0), "%lld Dateien");
	assert_string_equal(tr_n("%lld file", "%lld files", 1), "%lld Datei");
	assert_string_equal(tr_n("%lld file", "%lld files", 2), "%lld Dateien");
}

static void
english_is_for_scripts_and_can_be_left_again(void **state)
{
	(void)state;
	assert_false(tr_english(true));
	assert_string_equal(tr("Permission denied"), "Permission denied");
	assert_string_equal(tr_error("Permission denied"), "Permission denied");
	assert_string_equal(tr_n("%lld file", "%lld files", 1), "%lld file");
	assert_string_equal(tr_n("%lld file", "%lld files", 2), "%lld files");
	assert_true(tr_english(true));
	assert_true(tr_english(false));
	assert_string_equal(tr("Permission denied"), "Keine Berechtigung");
}

/* A program may have found the catalogue already: a library leaves that alone. */
static void
what_is_bound_stays_bound(void **state)
{
	(void)state;
	char before[4096];
	(void)snprintf(before, sizeof(before), "%s", bindtextdomain(TR_DOMAIN, NULL));
	tr_bind();
	assert_string_equal(bindtextdomain(TR_DOMAIN, NULL), before);
}

int
main(void)
{
	char folder[4096], file[4200];
	const char *build = getenv("EARSHOT_BUILD"); // NOLINT(concurrency-mt-unsafe)
	(void)snprintf(folder, sizeof(folder), "%s/locale", build ? build : "build/release");
	(void)snprintf(file, sizeof(file), "%s/de/LC_MESSAGES/earshot.mo", folder);
	if (access(file, R_OK) != 0) {
		puts("the translations are not built: msgfmt is not installed");
		return 77;
	}
	// NOLINTNEXTLINE(concurrency-mt-unsafe): one thread
	if (setenv("LC_ALL", "C.UTF-8", 1) != 0 || setenv("LANGUAGE", "de", 1) != 0 ||
	    !bindtextdomain(TR_DOMAIN, folder))
		return 1;
	tr_init();
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(speaks_the_language_of_the_locale),
	    cmocka_unit_test(nothing_stays_nothing),
	    cmocka_unit_test(counts_by_the_rules_of_the_language),
	    cmocka_unit_test(english_is_for_scripts_and_can_be_left_again),
	    cmocka_unit_test(what_is_bound_stays_bound),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
