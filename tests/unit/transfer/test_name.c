/* Names from peers (F1): 50,000 hostile ones, each also given to a file. */
#define _GNU_SOURCE /* unshare, nftw */
#include "base/err.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "home.h"
#include "transfer/name.h"

#include <dirent.h>

/* NOLINTBEGIN(misc-misleading-bidirectional): names that mislead are the point */

enum { NAMES = 50000, NAMES_ON_DISK = 500 /* where the disk is a real one */ };

static const char *
clean(const char *wanted)
{
	static struct buf b;
	buf_finish(&b);
	buf_init(&b, 4096);
	transfer_name_clean(wanted, &b);
	return buf_cstr(&b);
}

static void
f1_what_names_become(void **state)
{
	(void)state;
	static const struct {
		const char *wanted, *name;
	} cases[] = {
	    {"photo.jpg", "photo.jpg"},
	    {"My Holiday (1).JPG", "My Holiday (1).JPG"},
	    {"Gr\xc3\xbc\xc3\x9f"
	     "e.txt",
		"Gr\xc3\xbc\xc3\x9f"
		"e.txt"},
	    {"Gru\xcc\x88sse", "Gr\xc3\xbcsse"},
	    {"\xf0\x9f\x90\xb1.png", "\xf0\x9f\x90\xb1.png"},
	    {"../../.ssh/authorized_keys", "authorized_keys"},
	    {"/etc/passwd", "passwd"},
	    {"C:\\Windows\\evil.exe", "evil.exe"},
	    {"C:", "C_"},
	    {"dir/", "dir"},
	    {"~", "_~"},
	    {"~root", "_~root"},
	    {"-rf", "_-rf"},
	    {".bashrc", "_.bashrc"},
	    {".desktop", "_.desktop"},
	    {"..", "file"},
	    {".", "file"},
	    {"", "file"},
	    {"///", "file"},
	    {"\\", "file"},
	    {"...x", "_...x"},
	    {"name. . .", "name"},
	    {"  name  ", "name"},
	    {"a\nb\tc", "a_b_c"},
	    {"a\x1b[31mb", "a_[31mb"},
	    {"invoice\xe2\x80\xaexcod.exe", "invoice_xcod.exe"},
	    {"a\xc2\xa0"
	     "b",
		"a b"},
	    {"a\xff"
	     "b",
		"a_b"},
	    {"a\xc0\xaf"
	     "b",
		"a__b"},
	    {"CON", "_CON"},
	    {"con.txt", "_con.txt"},
	    {"Lpt1 .tar.gz", "_Lpt1 .tar.gz"},
	    {"COM10", "COM10"},
	    {"confer", "confer"},
	    {"a:b*c?d\"e<f>g|h", "a_b_c_d_e_f_g_h"},
	    {"\xcc\x81"
	     "a",
		"_\xcc\x81"
		"a"},
	    {"zero\xe2\x80\x8bwidth", "zero_width"},
	    {"%n%s$(x)`y`;&", "%n%s$(x)`y`;&"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_string_equal(clean(cases[i].wanted), cases[i].name);
		assert_true(transfer_name_is_clean(cases[i].name));
	}
}

static void
f1_long_names_are_cut_and_keep_their_ending(void **state)
{
	(void)state;
	char name[5001];
	memset(name, 'a', sizeof(name));
	name[5000] = '\0';
	assert_int_equal(strlen(clean(name)), LIMIT_FILE_NAME);
	memcpy(name + 4996, ".jpg", 4);
	assert_int_equal(strlen(clean(name)), LIMIT_FILE_NAME);
	assert_string_equal(clean(name) + LIMIT_FILE_NAME - 4, ".jpg");
	/* no character is cut in two */
	for (size_t i = 0; i + 3 <= 4995; i += 3)
		memcpy(name + i, "\xe2\x82\xac", 3);
	memcpy(name + 4995, "a.jpg", 5);
	const char *cut = clean(name);
	assert_true(strlen(cut) <= LIMIT_FILE_NAME && utf8_valid(cut, strlen(cut)));
	assert_string_equal(cut + strlen(cut) - 4, ".jpg");
}

static void
numbers_stand_before_the_ending(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		unsigned n;
		const char *result;
	} cases[] = {
	    {"a.txt", 1, "a.txt"},
	    {"a.txt", 2, "a (2).txt"},
	    {"a.tar.gz", 3, "a (3).tar.gz"},
	    {"a", 2, "a (2)"},
	    {"_.bashrc", 2, "_ (2).bashrc"},
	    {"what. Now", 2, "what. Now (2)"},
	    {"v1.2 of a file", 2, "v1.2 of a file (2)"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf b = BUF_INIT(256);
		transfer_name_number(cases[i].name, cases[i].n, &b);
		assert_string_equal(buf_cstr(&b), cases[i].result);
		buf_finish(&b);
	}
}

static void
f1_paths_of_folders(void **state)
{
	(void)state;
	struct buf b = BUF_INIT((size_t)2 * LIMIT_TREE_PATH);
	static const char *const bad[] = {
	    "", "/", "/a", "a/", "a//b", "..", "../a", "a/..", "a/../b", ".", "./a", "a/."};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(transfer_path_clean(bad[i], &b), ERR_PROTO);
	buf_clear(&b);
	assert_int_equal(transfer_path_clean("a/.git/c:\\d/...", &b), 0);
	assert_string_equal(buf_cstr(&b), "a/_.git/c__d/file");
	struct buf deep = BUF_INIT(4096);
	for (int i = 0; i < LIMIT_TREE_DEPTH; i++)
		buf_str(&deep, i ? "/a" : "a");
	assert_int_equal(transfer_path_clean(buf_cstr(&deep), &b), 0);
	buf_str(&deep, "/a");
	assert_int_equal(transfer_path_clean(buf_cstr(&deep), &b), ERR_PROTO);
	buf_finish(&deep);
	buf_finish(&b);
}

/* ---- many ---- */

static uint32_t seed = 174;

static uint32_t
next_random(uint32_t bound)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % bound;
}

static const char *const pieces[] = {"../", "..\\", "/", "\\", "./", "~", "~/", "-", ".", "..",
    "...", " ", "  ", "CON", "nul", "aux", "lpt9", "C:", ":", "\n", "\r", "\t", "\x01", "\x1b[2J",
    "\x7f", "\xc2\x85", "\xc2\xa0", "\xe2\x80\xae", "\xe2\x80\x8b", "\xe2\x81\xa6", "\xef\xbb\xbf",
    "\xff", "\xc0\xae", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x80", "\xcc\x81",
    "\xcc\x81\xcc\x81\xcc\x81", "e\xcc\x81", "\xe2\x80\x8d", "\xef\xb8\x8f",
    "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb", "\xee\x80\x80", "\xf3\xa0\x81\x81",
    "\xe1\x85\x9f", "a", "B", "file", ".txt", ".exe", ".desktop", ".tar.gz", ".ssh",
    "authorized_keys", "etc", "passwd", "%s", "%n", "$(id)", "`id`", ";", "&", "|", "*", "?", "<",
    ">", "\"", "'", "#", "!", "\xe6\x96\x87\xe4\xbb\xb6", "\xd7\xa9\xd7\x9c\xd7\x95",
    "\xd9\x85\xe2\x80\x8c\xd9\x84", ".earshot-", ".part",
    "earshot-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};

static void
make_hostile(struct buf *out)
{
	buf_clear(out);
	for (uint32_t n = next_random(8); n > 0; n--) {
		const char *piece = pieces[next_random(ARRAY_LEN(pieces))];
		/* now and then far too long */
		for (uint32_t times = next_random(40) ? 1 : 1 + next_random(300); times > 0;
		     times--)
			buf_str(out, piece);
	}
	for (uint32_t n = next_random(4) ? 0 : next_random(6); n > 0; n--)
		buf_char(out, (char)(1 + next_random(255)));
}

static void
expect_harmless(const char *wanted, const char *name)
{
	size_t len = strlen(name);
	bool good = len > 0 && len <= LIMIT_FILE_NAME && utf8_valid(name, len) &&
		    !strpbrk(name, "/\\:*?\"<>|") && !strchr(".-~ ", name[0]) &&
		    !strchr(" .", name[len - 1]);
	for (size_t i = 0; i < len; i++)
		good = good && (unsigned char)name[i] >= ' ' && name[i] != 0x7f;
	good = good && !strstr(name, "\xe2\x80\xae") && !strstr(name, "\xc2\x85");
	if (!good || !transfer_name_is_clean(name)) {
		print_error("%s became %s\n", wanted, name);
		abort();
	}
}

static void
give(const char *name)
{
	struct buf final = BUF_INIT(256);
	int fd;
	assert_int_equal(porter_create(porter, PORTER_DOWNLOADS, PART, false, &fd), 0);
	(void)close(fd);
	assert_int_equal(porter_place(porter, PORTER_DOWNLOADS, PART, name, &final), 0);
	assert_string_equal(buf_cstr(&final), name);
	assert_int_equal(unlink(downloaded(name)), 0);
	buf_finish(&final);
}

static void
f1_fifty_thousand_hostile_names(void **state)
{
	(void)state;
	struct buf wanted = BUF_INIT(1 << 20), copy = BUF_INIT(256);
	porter_stop(porter);
	int on_disk = mount_downloads("size=4m,mode=700") ? NAMES : NAMES_ON_DISK;
	start_porter();
	give("first"); /* all that is made once is there */
	uint64_t before = outside_now();
	for (int i = 0; i < NAMES; i++) {
		make_hostile(&wanted);
		const char *name = clean(buf_cstr(&wanted));
		expect_harmless(buf_cstr(&wanted), name);
		buf_clear(&copy);
		buf_str(&copy, name);
		if (i < on_disk)
			give(buf_cstr(&copy));
	}
	assert_true(outside_now() == before);
	/* each one was where it should be, and nothing else was made */
	assert_int_equal(rmdir(at("Downloads")) == 0 || errno == EBUSY, 1);
	DIR *list = opendir(at("Downloads"));
	for (struct dirent *e; list && (e = readdir(list));) // NOLINT(concurrency-mt-unsafe)
		assert_true(e->d_name[0] == '.' && strlen(e->d_name) <= 2);
	if (list)
		(void)closedir(list);
	porter_stop(porter);
	porter = NULL;
	(void)umount(at("Downloads"));
	buf_finish(&wanted);
	buf_finish(&copy);
}

/* A list of strings in JSON, each on a line; escapes stay as they are, which is as good here. */
static void
f1_strings_known_to_be_naughty(void **state)
{
	(void)state;
	static const char *const places[] = {
	    "../shared/corpora/naughty-strings.json", "../../shared/corpora/naughty-strings.json"};
	FILE *f = NULL;
	char line[65536];
	int count = 0;
	for (size_t i = 0; !f && i < ARRAY_LEN(places); i++)
		f = fopen(places[i], "re");
	if (!f) {
		print_message("skipped: no corpora beside the tree\n");
		skip();
	}
	while (fgets(line, sizeof(line), f)) {
		expect_harmless(line, clean(line));
		count++;
	}
	(void)fclose(f);
	assert_true(count > 100);
}

/* NOLINTEND(misc-misleading-bidirectional) */

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f1_what_names_become),
	    cmocka_unit_test(f1_long_names_are_cut_and_keep_their_ending),
	    cmocka_unit_test(numbers_stand_before_the_ending),
	    cmocka_unit_test(f1_paths_of_folders),
	    cmocka_unit_test(f1_strings_known_to_be_naughty),
	    CASE(f1_fifty_thousand_hostile_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
