/* Names that look like others (N5). The pairs are ICU's own and, where ../shared/corpora is beside
 * the tree, those of the Unicode consortium's table. */
#include "base/lookalike.h"
#include "base/text.h"
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { NAME_MAX_BYTES = 512 };

/* %s is where the look-alike stands */
static const char *const names[] = {
    "%s",
    "Prof. K%s",
    "%slice",
    "Ro%sm",
    "juliet%s@verona",
    "%s %s",
    "Dr. %s. Weber",
    "Zo\u00eb %s",
    "J\u00fcr%sgen",
    "\u0416\u0443%s\u043b\u044c",
    "\u0410\u043d\u043d\u0430 %s",
    "\u0391\u03bb%s\u03ad\u03be",
    "\u96e8%s\u591c",
    "\u05e9\u05dc%s\u05dd",
    "\u0939\u093f%s\u0928\u094d\u0926\u0940",
    "\u0645\u06cc%s\u062e",
    "IT-Support %s",
    "%s (admin)",
    "MARY%sANN",
    "o%s0l1I",
};

static void
expect_same(const char *a, const char *b)
{
	if (!lookalike_same(a, b))
		fail_msg("%s is not taken for %s", a, b);
}

static void
need_icu(void)
{
	if (!lookalike_same("a", "\u0430"))
		skip();
}

static void
n5_names_of_other_letters_are_recognised(void **state)
{
	(void)state;
	need_icu();
	expect_same("Prof. Kim", "Prof. K\u0456m");      /* Cyrillic i */
	expect_same("Prof. Kim", "\u03a1rof. \u039aim"); /* Greek capitals */
	expect_same("Prof. Kim", "PROF. KIM");
	expect_same("Prof. Kim", "Prof.\u00a0Kim");
	expect_same("Prof. Kim", "Prof.  Kim ");
	expect_same("Prof. Kim", "Prof. Ki\u200bm");
	expect_same("Prof. Kim", "Prof. Kirn");
	expect_same("Bill", "BiII");
	expect_same("Will", "wiIl");
	expect_same("ALICE", "a1ice");
	expect_same("Otto", "0tt0");
	expect_same("J\u00fcrgen", "Jurgen");
	expect_same("Jos\u00e9", "jose\u0301");
	expect_same("\u0391\u03bb\u03ad\u03be", "\u0391\u03bb\u03b5\u03be");
	expect_same("Paul", "P\uff41u\U0001d425");
}

static void
n5_other_names_are_others(void **state)
{
	(void)state;
	static const char *const others[] = {"Prof. Kim", "Prof. Lim", "Romeo", "Juliet", "Bob",
	    "Rob", "\u96e8\u591c", "\u96ea\u591c", "\u0416\u0443\u043b\u044c",
	    "\u0410\u043d\u043d\u0430", "\u0930\u093e\u092e", "\u0930\u093e\u092e\u0947", "Anna",
	    "Hanna"};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		for (size_t j = 0; j < i; j++)
			if (lookalike_same(others[i], others[j]))
				fail_msg("%s is taken for %s", others[i], others[j]);
	assert_false(lookalike_same("", ""));
	assert_false(lookalike_same(" ", "\u200b"));
}

/* The table for ASCII says what ICU says: a letter beside it makes ICU judge the same. */
static void
n5_plain_letters_are_judged_as_icu_does(void **state)
{
	(void)state;
	need_icu();
	for (char c = 0x21; c < 0x7f; c++) {
		struct buf plain = BUF_INIT(64), beside = BUF_INIT(64);
		char name[8] = {c, '\0'};
		lookalike_key(&plain, name);
		(void)snprintf(name, sizeof(name), "%c\u96e8", c);
		lookalike_key(&beside, name);
		assert_true(beside.len > 3);
		assert_int_equal(plain.len, beside.len - 3);
		assert_memory_equal(buf_cstr(&plain), buf_cstr(&beside), plain.len);
		buf_finish(&plain);
		buf_finish(&beside);
	}
}

/* Flagged as looking alike, or refused: shown with what gives it away. */
static bool
is_caught(const char *fake, const char *real)
{
	char name[NAME_MAX_BYTES];
	if (lookalike_same(fake, real) || text_name(name, sizeof(name), fake) == 0)
		return true;
	char *clean = text_clean(TEXT_NAME, fake);
	bool refused = clean && strcmp(clean, fake) != 0;
	free(clean);
	return refused;
}

static void
put_in(char *out, const char *pattern, const char *word)
{
	size_t used = 0;
	for (; *pattern && used + strlen(word) + 1 < NAME_MAX_BYTES; pattern++) {
		if (pattern[0] == '%' && pattern[1] == 's') {
			memcpy(out + used, word, strlen(word));
			used += strlen(word);
			pattern++;
		} else {
			out[used++] = *pattern;
		}
	}
	out[used] = '\0';
}

static size_t
missed_in_names(const char *fake, const char *real)
{
	size_t missed = 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char a[NAME_MAX_BYTES], b[NAME_MAX_BYTES];
		put_in(a, names[i], fake);
		put_in(b, names[i], real);
		if (!is_caught(a, b)) {
			if (missed++ == 0)
				printf("missed: %s for %s (%s for %s)\n", a, b, fake, real);
		}
	}
	return missed;
}

/* ---- the table ---- */

/* The text between the next two quotation marks, in which JSON's escapes are undone; NULL: none. */
static char *
next_string(char **at)
{
	char *from = strchr(*at, '"');
	if (!from)
		return NULL;
	char *to = ++from, *begin = from;
	for (; *from && *from != '"'; from++) {
		from += *from == '\\'; /* \" and \\ are all there is */
		*to++ = *from;
	}
	*at = from + 1;
	*to = '\0';
	return begin;
}

static char *
read_table(void)
{
	static const char *const places[] = {"../shared/corpora/confusables.json",
	    "../../shared/corpora/confusables.json", "../../../shared/corpora/confusables.json"};
	FILE *f = NULL;
	for (size_t i = 0; !f && i < sizeof(places) / sizeof(places[0]); i++)
		f = fopen(places[i], "rb");
	if (!f)
		return NULL;
	enum { TABLE_MAX = 1 << 20 };
	char *text = calloc(1, TABLE_MAX + 1);
	if (text)
		(void)!fread(text, 1, TABLE_MAX, f);
	(void)fclose(f);
	return text;
}

static void
n5_every_pair_of_the_table_is_caught_in_every_name(void **state)
{
	(void)state;
	need_icu();
	char *table = read_table(), *at = table;
	size_t pairs = 0, missed = 0;
	if (!table)
		skip();
	for (char *fake, *real; (fake = next_string(&at)) && (real = next_string(&at)); pairs++)
		missed += missed_in_names(fake, real);
	printf("%zu pairs in %zu names, %zu missed\n", pairs, sizeof(names) / sizeof(names[0]),
	    missed);
	free(table);
	assert_true(pairs > 6000);
	assert_int_equal(missed, 0);
}

/* Without the table: of every character the one it looks like, by what ICU says. */
static void
n5_every_character_that_looks_like_a_letter_is_caught(void **state)
{
	(void)state;
	need_icu();
	size_t pairs = 0, missed = 0;
	for (uint32_t c = 0xa1; c < 0x20000; c++) {
		char fake[5] = {0};
		if (utf8_encode(c, fake) == 0)
			continue;
		struct buf key = BUF_INIT(256);
		lookalike_key(&key, fake);
		bool latin = key.len == 1 && strchr("abcdefghjklnopqrstuvwxyz", buf_cstr(&key)[0]);
		if (latin) {
			pairs++;
			missed += missed_in_names(fake, buf_cstr(&key));
		}
		buf_finish(&key);
	}
	printf("%zu characters that look like a letter, %zu missed\n", pairs, missed);
	assert_true(pairs > 500);
	assert_int_equal(missed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(n5_names_of_other_letters_are_recognised),
	    cmocka_unit_test(n5_other_names_are_others),
	    cmocka_unit_test(n5_plain_letters_are_judged_as_icu_does),
	    cmocka_unit_test(n5_every_pair_of_the_table_is_caught_in_every_name),
	    cmocka_unit_test(n5_every_character_that_looks_like_a_letter_is_caught),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
