/* What a stream costs (threat N13): time grows as its length does, memory not at all. */
#include "base/limits.h"
#include "counted.h"
#include "log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

enum {
	SMALL = 30000,     /* bytes of a stream ... */
	TIMES = 8,         /* ... and this is how many times as long the large one is */
	RUNS = 3,          /* of which the quickest counts: what disturbs only ever adds */
	TRIES = 40,        /* before it is believed that it was not the machine */
	KNOWN = 256 << 10, /* kept between two stanzas of whom we know */
	UNKNOWN = 512 << 10,
};

/* Three times in turn less than 2.3 for each doubling; the square would be 64. */
static const double growth_most = 2.3 * 2.3 * 2.3;

static int
ignore(void *ctx, const struct xml_elem *e)
{
	(void)ctx, (void)e;
	return 0;
}

static int
ignore_end(void *ctx)
{
	(void)ctx;
	return 0;
}

static const struct xml_reader_listener deaf = {ignore, ignore, ignore_end};

static void
repeat(struct buf *b, const char *s, size_t n)
{
	while (n-- > 0)
		buf_str(b, s);
}

/* ---- families: each makes a stream of about n bytes --------------------------------------- */

struct family {
	const char *name;
	const char *before, *again, *after; /* again as often as fits */
	size_t piece;                       /* bytes that come at once; 0: all */
	void (*make)(struct buf *b, size_t n);
	unsigned per; /* again so often in a stanza; 0: as often as fits into n */
};

static void
make_stanzas(struct buf *b, size_t n, const struct family *f)
{
	buf_str(b, "<r>");
	while (b->len < n) {
		size_t start = b->len;
		buf_str(b, f->before);
		for (unsigned i = 0; f->per ? i < f->per : b->len < n; i++)
			buf_str(b, f->again);
		buf_str(b, f->after);
		assert_true(b->len - start <= LIMIT_STANZA);
	}
}

static void
make_new_names(struct buf *b, size_t n)
{
	buf_str(b, "<r>");
	for (unsigned i = 0; b->len < n; i++)
		buf_fmt(b, "<e%u a%u='' b%u=''/>", i, i, i);
}

static void
make_new_namespaces(struct buf *b, size_t n)
{
	buf_str(b, "<r>");
	for (unsigned i = 0; b->len < n; i++)
		buf_fmt(b, "<p%u:e xmlns:p%u='u:%u' p%u:a=''/>", i, i, i, i);
}

static void
make_full_tags(struct buf *b, size_t n)
{
	buf_str(b, "<r>");
	while (b->len < n) {
		buf_str(b, "<a");
		for (int i = 0; i < LIMIT_XML_ATTRS; i++)
			buf_fmt(b, " attribute%d='%d'", i, i);
		for (int i = 0; i < LIMIT_XML_NAMESPACES; i++)
			buf_fmt(b, " xmlns:n%d='u:%d'", i, i);
		buf_str(b, "/>");
	}
}

static void
make_deep(struct buf *b, size_t n)
{
	buf_str(b, "<r>");
	while (b->len < n) {
		repeat(b, "<a b='c'>", LIMIT_XML_DEPTH - 1);
		repeat(b, "</a>", LIMIT_XML_DEPTH - 1);
	}
}

static void
make_wide(struct buf *b, size_t n)
{
	buf_str(b, "<r>");
	while (b->len < n) {
		buf_str(b, "<a>");
		repeat(b, "<b/>t", LIMIT_XML_CHILDREN);
		buf_str(b, "</a>");
	}
}

static void
make_long_namespaces(struct buf *b, size_t n)
{
	buf_str(b, "<r>");
	while (b->len < n) {
		buf_str(b, "<a");
		for (int ns = 'a'; ns <= 'p'; ns++) {
			buf_fmt(b, " xmlns:%c='%c", ns, ns);
			repeat(b, "u", LIMIT_XML_NS_NAME - 1);
			buf_char(b, '\'');
		}
		buf_char(b, '>');
		for (int i = 0; i < LIMIT_XML_CHILDREN; i++)
			buf_fmt(b, "<%c:a/>", 'a' + i % 16);
		buf_str(b, "</a>");
	}
}

/* Names that only a hash with a secret tells apart quickly are not known; these are many. */
static void
make_rebound_prefixes(struct buf *b, size_t n)
{
	buf_str(b, "<r>");
	for (unsigned i = 0; b->len < n; i++)
		buf_fmt(b, "<p:a xmlns:p='u:%u'><p:b xmlns:p='v:%u' p:c=''/></p:a>", i, i);
}

static void
make_largest_tags(struct buf *b, size_t n)
{
	buf_str(b, "<r>");
	while (b->len < n) {
		buf_str(b, "<a b='");
		repeat(b, "v", LIMIT_XML_ATTR_VALUE);
		buf_str(b, "' c='");
		repeat(b, "v", LIMIT_XML_TAG - LIMIT_XML_ATTR_VALUE - 14);
		buf_str(b, "'/>");
	}
}

static void
make_longest_references(struct buf *b, size_t n)
{
	buf_str(b, "<r><a>");
	while (b->len < n) {
		buf_str(b, "&#");
		repeat(b, "0", LIMIT_XML_REFERENCE - 5);
		buf_str(b, "65;");
	}
	buf_str(b, "</a>");
}

#define LONG_NAME "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
#define SPACES    "                                                                "

static const struct family families[] = {
    {"ASCII text", "<a>", "text ", "</a>", 0, NULL, 0},
    {"ASCII text, byte by byte", "<a>", "text ", "</a>", 1, NULL, 0},
    {"text of two-byte characters", "<a>", "\xc3\xa9", "</a>", 0, NULL, 0},
    {"text of three-byte characters", "<a>", "\xe2\x82\xac", "</a>", 5, NULL, 0},
    {"text of four-byte characters", "<a>", "\xf0\x9f\x8e\x89", "</a>", 3, NULL, 0},
    {"predefined entities", "<a>", "&lt;&amp;&quot;", "</a>", 0, NULL, 0},
    {"predefined entities, byte by byte", "<a>", "&apos;", "</a>", 1, NULL, 0},
    {"numeric references", "<a>", "&#65;&#x1f389;", "</a>", 0, NULL, 0},
    {"the longest references, byte by byte", NULL, NULL, NULL, 1, make_longest_references, 0},
    {"one long CDATA section", "<a><![CDATA[", "<&>", "]]></a>", 0, NULL, 0},
    {"one long CDATA section, byte by byte", "<a><![CDATA[", "<", "]]></a>", 1, NULL, 0},
    {"brackets in a CDATA section", "<a><![CDATA[", "]]", "]]></a>", 1, NULL, 0},
    {"many CDATA sections", "<a>", "<![CDATA[x]]>", "</a>", 0, NULL, 0},
    {"brackets in text", "<a>", "] ]", "</a>", 1, NULL, 0},
    {"line ends", "<a>", "\r\n", "</a>", 0, NULL, 0},
    {"carriage returns, byte by byte", "<a>", "\r", "</a>", 1, NULL, 0},
    {"the smallest stanzas", "<a/>", "", "", 0, NULL, 1},
    {"the smallest stanzas, byte by byte", "<a/>", "", "", 1, NULL, 1},
    {"white space between stanzas", "<a/>", " \n", "", 0, NULL, 100},
    {"names that never come again", NULL, NULL, NULL, 0, make_new_names, 0},
    {"namespaces that never come again", NULL, NULL, NULL, 0, make_new_namespaces, 0},
    {"prefixes bound anew", NULL, NULL, NULL, 0, make_rebound_prefixes, 0},
    {"tags full of attributes", NULL, NULL, NULL, 0, make_full_tags, 0},
    {"tags full of attributes, byte by byte", NULL, NULL, NULL, 1, make_full_tags, 0},
    {"the largest tags", NULL, NULL, NULL, 0, make_largest_tags, 0},
    {"the largest tags, byte by byte", NULL, NULL, NULL, 1, make_largest_tags, 0},
    {"the largest tags in pieces", NULL, NULL, NULL, 100, make_largest_tags, 0},
    {"tags of white space, byte by byte", "<a", SPACES, "/>", 1, NULL, 100},
    {"end tags of white space, byte by byte", "<a></a", SPACES, ">", 1, NULL, 100},
    {"long names", "<a>", "<" LONG_NAME "/>", "</a>", 0, NULL, 500},
    {"deep trees", NULL, NULL, NULL, 0, make_deep, 0},
    {"wide trees of text and elements", NULL, NULL, NULL, 0, make_wide, 0},
    {"long namespaces in turn", NULL, NULL, NULL, 0, make_long_namespaces, 0},
    {"values full of references", "<a b='", "&amp;", "'/>", 1, NULL, 800},
    {"values of line ends", "<a b='", "\n\t", "'/>", 7, NULL, 2000},
    {"a CDATA section that never ends", "<a><![CDATA[", "]]", "", 1, NULL, 0},
};

static void
make(struct buf *b, size_t n, const struct family *f)
{
	*b = BUF_INIT(SIZE_MAX / 4);
	if (f->make)
		f->make(b, n);
	else
		make_stanzas(b, n, f);
	assert_int_equal(buf_err(b), 0);
}

static int
read_in_pieces(const struct buf *b, size_t piece, size_t limit)
{
	struct xml_reader *r;
	assert_int_equal(xml_reader_create(&deaf, NULL, &r), 0);
	xml_reader_set_limit(r, limit);
	int err = 0;
	for (size_t at = 0; at < b->len && !err; at += piece)
		err = xml_reader_feed(r, b->data + at, b->len - at < piece ? b->len - at : piece);
	xml_reader_destroy(r);
	return err;
}

/* ---- time --------------------------------------------------------------------------------- */

static double
cpu_now(void)
{
	struct timespec t;
	assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t), 0);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

typedef int read_fn(const struct buf *b, const struct family *f);

static double
quicker(double best, const struct buf *b, const struct family *f, read_fn *what)
{
	double began = cpu_now();
	assert_int_equal(what(b, f), 0);
	double took = cpu_now() - began;
	return best == 0 || took < best ? took : best;
}

/* How many times as long the large one takes. The two run in turn, so that a change of the
 * processor's speed meets both. */
static double
measure_growth(
    const struct buf *small, const struct buf *large, const struct family *f, read_fn *what)
{
	double one = 0, many = 0;
	for (int run = 0; run < RUNS; run++) {
		one = quicker(one, small, f, what);
		many = quicker(many, large, f, what);
	}
	return many / one * (TIMES * (double)small->len / (double)large->len);
}

/* The least of up to so many measurements, the first that is small enough. */
static double
growth(const struct family *f, read_fn *what, size_t len, int tries)
{
	struct buf small, large;
	double least = 0;
	make(&small, len, f);
	make(&large, TIMES * len, f);
	do {
		double now = measure_growth(&small, &large, f, what);
		least = least == 0 || now < least ? now : least;
	} while (least > growth_most && --tries > 0);
	buf_finish(&small);
	buf_finish(&large);
	return least;
}

static int
read_family(const struct buf *b, const struct family *f)
{
	return read_in_pieces(b, f->piece ? f->piece : SIZE_MAX, LIMIT_STANZA);
}

static void
n13_time_grows_as_the_length_does(void **state)
{
	(void)state;
	assert_true(ARRAY_LEN(families) >= 30);
	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		double ratio = growth(&families[i], read_family, SMALL, TRIES);
		if (ratio > growth_most)
			fail_msg("%s: %.1f times as long", families[i].name, ratio);
	}
}

static void
make_one_tag(struct buf *b, size_t n)
{
	buf_str(b, "<r><a");
	repeat(b, " ", n - 7);
	buf_str(b, "/>");
}

/* Expat alone looks at it from its start with every byte. */
static void
n13_an_unfinished_tag_is_looked_at_once(void **state)
{
	(void)state;
	static const struct family f = {.piece = 1, .make = make_one_tag};
	double ratio = growth(&f, read_family, LIMIT_XML_TAG / TIMES, TRIES);
	if (ratio > growth_most)
		fail_msg("%.1f times as long", ratio);
}

/* A reader that begins anew with every piece: what the measurement is there to find. */
static int
read_anew(const struct buf *b, const struct family *f)
{
	(void)f;
	for (size_t len = 1; len < b->len; len += SMALL / 4) {
		struct buf start = {.data = b->data, .len = len};
		int err = read_in_pieces(&start, SIZE_MAX, LIMIT_STANZA);
		if (err)
			return err;
	}
	return 0;
}

static void
n13_what_is_not_linear_is_noticed(void **state)
{
	(void)state;
	double ratio = growth(&families[0], read_anew, SMALL, 3);
	if (ratio <= growth_most)
		fail_msg("the square of the length takes only %.1f times as long", ratio);
}

/* ---- memory ------------------------------------------------------------------------------- */

/* The most that a stream of a family needs, and what is kept at its end. */
static void
measure(const struct buf *b, const struct family *f, size_t limit, size_t *most, size_t *kept)
{
	struct xml_reader *r;
	size_t before = memory.now, piece = f->piece ? f->piece : 4096;
	memory.most = before;
	assert_int_equal(xml_reader_create(&deaf, NULL, &r), 0);
	xml_reader_set_limit(r, limit);
	int err = 0;
	for (size_t at = 0; at < b->len && !err; at += piece)
		err = xml_reader_feed(r, b->data + at, b->len - at < piece ? b->len - at : piece);
	*most = memory.most - before;
	*kept = memory.now - before;
	xml_reader_destroy(r);
	assert_int_equal(memory.now, before);
}

static void
n13_memory_before_identity_is_limited(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		struct buf b;
		size_t most, kept;
		make(&b, 4 * (size_t)SMALL, &families[i]);
		measure(&b, &families[i], LIMIT_STANZA_UNKNOWN, &most, &kept);
		if (most > UNKNOWN)
			fail_msg("%s: %zu bytes", families[i].name, most);
		buf_finish(&b);
	}
}

static void
n13_memory_of_a_stanza_is_limited(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		struct buf b;
		size_t most, kept;
		make(&b, LIMIT_STANZA - LIMIT_XML_TAG - 1000, &families[i]);
		measure(&b, &families[i], LIMIT_STANZA, &most, &kept);
		/* the tree, its text once more, and expat's names */
		if (most > LIMIT_XML_TREE + LIMIT_STANZA + (3 << 20))
			fail_msg("%s: %zu bytes", families[i].name, most);
		buf_finish(&b);
	}
}

/* Expat alone keeps every name for as long as it lives. */
static void
n13_a_stream_without_end_needs_no_more_memory(void **state)
{
	(void)state;
	struct xml_reader *r;
	size_t before = memory.now, after_some = 0;
	assert_int_equal(xml_reader_create(&deaf, NULL, &r), 0);
	assert_int_equal(xml_reader_feed(r, "<r xmlns='u' a='b'>", 19), 0);
	memory.most = before;
	for (unsigned i = 0; i < 200000; i++) {
		char s[128];
		int n = snprintf(s, sizeof(s), "<e%u a%u='' xmlns:p%u='u' p%u:b=''/>", i, i, i, i);
		assert_int_equal(xml_reader_feed(r, s, (size_t)n), 0);
		if (i == 10000)
			after_some = memory.most;
	}
	assert_true(memory.most - before < 1 << 20);
	assert_true(memory.most <= after_some + after_some / 4);
	xml_reader_destroy(r);
	assert_int_equal(memory.now, before);
}

static void
n13_little_is_kept_between_stanzas(void **state)
{
	(void)state;
	static const char *const last[] = {"", "<a/>"};
	for (size_t i = 0; i < 2; i++) {
		struct family f = {.name = "large text"};
		struct buf b = BUF_INIT(SIZE_MAX / 4);
		size_t most, kept;
		buf_str(&b, "<r><a>");
		repeat(&b, "text", (LIMIT_STANZA - 10) / 4);
		buf_str(&b, "</a>");
		buf_str(&b, last[i]);
		measure(&b, &f, LIMIT_STANZA, &most, &kept);
		assert_in_range(kept, 1, KNOWN);
		buf_finish(&b);
	}
}

int
main(void)
{
#ifdef M_MMAP_THRESHOLD
	/* What the kernel takes to clear pages again and again is not what is measured.
	 * NOLINTBEGIN(concurrency-mt-unsafe): no other thread yet */
	(void)mallopt(M_MMAP_THRESHOLD, 1 << 30);
	(void)mallopt(M_TRIM_THRESHOLD, 1 << 30);
	/* NOLINTEND(concurrency-mt-unsafe) */
#endif
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(n13_time_grows_as_the_length_does),
	    cmocka_unit_test(n13_an_unfinished_tag_is_looked_at_once),
	    cmocka_unit_test(n13_what_is_not_linear_is_noticed),
	    cmocka_unit_test(n13_memory_before_identity_is_limited),
	    cmocka_unit_test(n13_memory_of_a_stanza_is_limited),
	    cmocka_unit_test(n13_a_stream_without_end_needs_no_more_memory),
	    cmocka_unit_test(n13_little_is_kept_between_stanzas),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
