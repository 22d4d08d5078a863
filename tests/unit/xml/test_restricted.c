/* What XML has and XMPP forbids (threat N12, RFC 6120 §11.1): made here, at every place of a
 * stream, and as the W3C's conformance suite has it where that is at hand: under $EARSHOT_CORPORA
 * or ../shared/corpora. */
#define _XOPEN_SOURCE 700 /* nftw(); NOLINT(bugprone-reserved-identifier) */
#include "base/limits.h"
#include "counted.h"
#include "log.h"

#include <ftw.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { MEMORY_MOST = 1 << 20, FILE_MOST = 1 << 20, FOLDERS_OPEN = 16 };

static unsigned told; /* header and stanzas */

static int
count_tree(void *ctx, const struct xml_elem *e)
{
	(void)ctx, (void)e;
	told++;
	return 0;
}

static int
on_end(void *ctx)
{
	*(bool *)ctx = true;
	return 0;
}

/* The verdict; *ended whether a root came to its end. Never takes more memory than allowed. */
static int
read_stream(const char *const *pieces, const size_t *lens, size_t count, bool *ended)
{
	static const struct xml_reader_listener l = {count_tree, count_tree, on_end};
	struct xml_reader *r;
	size_t before = memory.now;
	int err = 0;
	memory.most = before;
	told = 0;
	*ended = false;
	assert_int_equal(xml_reader_create(&l, ended, &r), 0);
	xml_reader_set_limit(r, LIMIT_STANZA);
	for (size_t i = 0; i < count && !err; i++)
		err = xml_reader_feed(r, pieces[i], lens[i]);
	assert_true(memory.most - before < MEMORY_MOST);
	xml_reader_destroy(r);
	assert_int_equal(memory.now, before);
	return err;
}

/* ---- generated ---------------------------------------------------------------------------- */

/* A stream, and below each byte what is written in front of it would be in. */
/* clang-format off */
static const char stream[] =
    "<?xml version='1.0'?> <s:r xmlns:s='u:s' xmlns='u:r'> "
    "<a b='c' d=\"e\">text<s:f/>&amp;<g><h>&#65;</h></g></a>\n<i/> </s:r>";
static const char places[] =
    "oddddddddddddddddddddoogggggggggggggvvvvggggggggvvvvgo"
    "ogggggvvggggvvgtttttgggggtrrrrtggtggtrrrrtgggtgggtgggoogggooggggg";
/* clang-format on */

enum place {
	OUTSIDE = 'o',
	IN_DECLARATION = 'd',
	IN_TEXT = 't',
	IN_TAG = 'g',
	IN_VALUE = 'v',
	IN_REFERENCE = 'r',
};

/* Each begins with what is refused, whatever follows. */
static const char *const forbidden[] = {
    "<!DOCTYPE r>",
    "<!DOCTYPE r SYSTEM 'file:///etc/passwd'>",
    "<!DOCTYPE r PUBLIC '-//X' 'http://192.0.2.1/x.dtd'>",
    "<!DOCTYPE r [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>]>",
    "<!DOCTYPE r [<!ENTITY % p SYSTEM 'file:///etc/passwd'>%p;]>",
    "<!DOCTYPE r [<!ATTLIST a b CDATA 'default'>]>",
    "<!ENTITY a 'ha'>",
    "<!ELEMENT a ANY>",
    "<!NOTATION n SYSTEM 'x'>",
    "<![INCLUDE[x]]>",
    "<![IGNORE[x]]>",
    "<![cdata[x]]>",
    "<!doctype r>",
    "<!-- comment -->",
    "<!---->",
    "<!>",
    "<?php x ?>",
    "<?xml-stylesheet href='x'?>",
    "<?XML version='1.0'?>",
    "<?xml version='1.0'?>",
    "<?xml version='1.1'?>",
    "<?x?>",
};

static const char *const entities[] = {
    "&ha;", "&nbsp;", "&LT;", "&lt1;", "&l;", "&ampere;", "&a.b-c;", "&_;", "&\xc3\xa9;"};

/* What was told before that place, and nothing after it. */
static int
insert(size_t at, const char *what)
{
	const char *const pieces[] = {stream, what, stream + at};
	const size_t lens[] = {at, strlen(what), sizeof(stream) - 1 - at};
	bool ended;
	int before = read_stream(pieces, lens, 1, &ended);
	unsigned told_before = told;
	assert_int_equal(before, 0);
	int err = read_stream(pieces, lens, 3, &ended);
	/* an end of the declaration that never comes is waited for, up to the limit */
	bool waits = !err && places[at] == IN_DECLARATION;
	if ((!err && !waits) || told != told_before || ended)
		fail_msg("%s at %zu: %d, %u told", what, at, err, told);
	return err;
}

static void
n12_what_xmpp_forbids_is_refused_everywhere(void **state)
{
	(void)state;
	for (size_t at = 0; at < sizeof(stream) - 1; at++) {
		char place = places[at];
		for (size_t i = 0; i < ARRAY_LEN(forbidden); i++) {
			/* in front of everything one declaration is allowed, and the next not */
			if (at == 0 && strcmp(forbidden[i], "<?xml version='1.0'?>") == 0)
				continue;
			int err = insert(at, forbidden[i]);
			bool reads = place == OUTSIDE || place == IN_TEXT;
			if ((reads && err != ERR_PROTO) || (place == IN_VALUE && err != ERR_XML))
				fail_msg("%s at %zu: %d", forbidden[i], at, err);
		}
	}
}

static void
n12_entities_are_refused_everywhere(void **state)
{
	(void)state;
	for (size_t at = 0; at < sizeof(stream) - 1; at++) {
		char place = places[at];
		bool reads = place == IN_TEXT || place == IN_VALUE;
		if (place == IN_DECLARATION)
			continue; /* which is expat's to judge */
		for (size_t i = 0; i < ARRAY_LEN(entities); i++) {
			int err = insert(at, entities[i]);
			if (err != (reads ? ERR_PROTO : ERR_XML))
				fail_msg("%s at %zu: %d", entities[i], at, err);
		}
	}
}

/* Ten levels of ten: refused at its third byte, whatever the rest would have become. */
static void
n12_billion_laughs_are_not_laughed(void **state)
{
	(void)state;
	struct buf b = BUF_INIT(LIMIT_STANZA);
	bool ended;
	buf_str(&b, "<!DOCTYPE l [<!ENTITY l0 'lol'>");
	for (int i = 1; i < 10; i++) {
		buf_fmt(&b, "<!ENTITY l%d '", i);
		for (int n = 0; n < 10; n++)
			buf_fmt(&b, "&l%d;", i - 1);
		buf_str(&b, "'>");
	}
	buf_str(&b, "]><l>&l9;</l>");
	const char *const data = b.data;
	for (size_t len = 2; len <= b.len; len++)
		assert_int_equal(read_stream(&data, &len, 1, &ended), len < 2 ? 0 : ERR_PROTO);
	assert_int_equal(told, 0);
	buf_finish(&b);
}

/* ---- the W3C's suite ---------------------------------------------------------------------- */

static char folder[] = "/tmp/w3c-XXXXXX";
static struct {
	unsigned files, restricted, malformed_too, malformed, accepted;
} w3c;

static char *
read_file(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	char *data = malloc(FILE_MOST);
	assert_non_null(f);
	assert_non_null(data);
	*len = fread(data, 1, FILE_MOST, f);
	assert_true(*len < FILE_MOST);
	(void)fclose(f);
	return data;
}

/* The first thing that XMPP forbids and that no declaration of a version explains. */
static size_t
first_restricted(const char *s, size_t len)
{
	for (size_t at = 0; at + 9 < len; at++) {
		if (s[at] != '<' || (s[at + 1] != '!' && s[at + 1] != '?'))
			continue;
		if (memcmp(s + at, "<![CDATA[", 9) == 0)
			continue;
		if (at == 0 && memcmp(s, "<?xml", 5) == 0 && strchr(" \t\r\n", s[5]))
			continue;
		return at;
	}
	return len;
}

static bool
is_malformed_by_name(const char *path)
{
	return strstr(path, "/not-wf/") || strstr(path, "fail");
}

/* Is there nothing but white space after the root, which a stream's reader does not look at? */
static bool
ends_with_root(const char *data, size_t len)
{
	static const struct xml_reader_listener l = {count_tree, count_tree, on_end};
	struct xml_reader *r;
	bool ended = false;
	size_t at = 0;
	assert_int_equal(xml_reader_create(&l, &ended, &r), 0);
	while (!ended && at < len)
		assert_int_equal(xml_reader_feed(r, data + at++, 1), 0);
	xml_reader_destroy(r);
	while (at < len && strchr(" \t\r\n", data[at]))
		at++;
	return at == len;
}

/* As a stream of its own, and as the stanza of one. */
static void
judge(const char *path, const char *data, size_t len)
{
	static const char open[] = "<s:s xmlns:s='u:s'>", close[] = "</s:s>";
	const char *const whole[] = {data}, *const inside[] = {open, data, close};
	const size_t inside_lens[] = {sizeof(open) - 1, len, sizeof(close) - 1};
	size_t restricted = first_restricted(data, len);
	bool ended, in_stream;
	int before = read_stream(whole, &restricted, 1, &ended);
	int err = read_stream(whole, &len, 1, &ended);
	int err_inside = read_stream(inside, inside_lens, 3, &in_stream);
	w3c.files++;
	if (restricted < len && before == 0 && !ended) {
		w3c.restricted++;
		if (!err && ended)
			fail_msg("%s: accepted with what is forbidden at %zu", path, restricted);
		w3c.malformed_too += err != ERR_PROTO;
		if (!err_inside)
			fail_msg("%s: accepted inside a stream", path);
	}
	if (is_malformed_by_name(path)) {
		w3c.malformed++;
		if (!err && ended && ends_with_root(data, len))
			fail_msg("%s: accepted", path);
	}
	w3c.accepted += !err && ended;
}

static int
visit(const char *path, const struct stat *st, int what, struct FTW *where)
{
	(void)st, (void)where;
	size_t path_len = strlen(path), len;
	if (what != FTW_F || path_len < 4 || strcmp(path + path_len - 4, ".xml") != 0)
		return 0;
	char *data = read_file(path, &len);
	judge(path, data, len);
	free(data);
	return 0;
}

static int
remove_one(const char *path, const struct stat *st, int what, struct FTW *where)
{
	(void)st, (void)what, (void)where;
	return remove(path);
}

static void
unpack(const char *archive)
{
	char *const argv[] = {
	    (char[]){"tar"}, (char[]){"xzf"}, strdup(archive), (char[]){"-C"}, folder, NULL};
	char *const env[] = {(char[]){"PATH=/usr/bin:/bin"}, NULL};
	pid_t pid;
	int status = -1;
	assert_int_equal(posix_spawnp(&pid, "tar", NULL, NULL, argv, env), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	free(argv[2]);
}

static void
n12_the_w3c_suite_is_judged_rightly(void **state)
{
	(void)state;
	char archive[1024];
	const char *corpora = getenv("EARSHOT_CORPORA"); // NOLINT(concurrency-mt-unsafe): alone
	(void)snprintf(
	    archive, sizeof(archive), "%s/xmlconf.tar.gz", corpora ? corpora : "../shared/corpora");
	if (access(archive, R_OK) != 0)
		skip();
	assert_non_null(mkdtemp(folder));
	unpack(archive);
	// NOLINTNEXTLINE(concurrency-mt-unsafe): alone
	assert_int_equal(nftw(folder, visit, FOLDERS_OPEN, FTW_PHYS), 0);
	print_message("# %u files: %u restricted, %u malformed, %u accepted\n", w3c.files,
	    w3c.restricted, w3c.malformed, w3c.accepted);
	assert_true(w3c.malformed_too * 100 < w3c.restricted);
	assert_true(w3c.files > 3000 && w3c.restricted > 1000 && w3c.malformed > 1000);
}

static int
remove_folder(void **state)
{
	(void)state;
	// NOLINTNEXTLINE(concurrency-mt-unsafe): alone
	(void)nftw(folder, remove_one, FOLDERS_OPEN, FTW_PHYS | FTW_DEPTH);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(n12_what_xmpp_forbids_is_refused_everywhere),
	    cmocka_unit_test(n12_entities_are_refused_everywhere),
	    cmocka_unit_test(n12_billion_laughs_are_not_laughed),
	    cmocka_unit_test_teardown(n12_the_w3c_suite_is_judged_rightly, remove_folder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
