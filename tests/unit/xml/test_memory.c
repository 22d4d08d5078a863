/* Each single allocation fails once: an ordinary error, and nothing is lost. */
#include "base/limits.h"
#include "log.h"
#include "xml/ns.h"
#include "xml/writer.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* The linker's --wrap gives these names. NOLINTBEGIN(bugprone-reserved-identifier) */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);

static long until_failure = -1; /* allocations that still succeed; negative: all */

static bool
fails_now(void)
{
	return until_failure >= 0 && until_failure-- == 0;
}

void *
__wrap_malloc(size_t size)
{
	return fails_now() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t count, size_t size)
{
	return fails_now() ? NULL : __real_calloc(count, size);
}

void *
__wrap_realloc(void *p, size_t size)
{
	return fails_now() ? NULL : __real_realloc(p, size);
}
/* NOLINTEND(bugprone-reserved-identifier) */

static int
count_open(void *ctx, const struct xml_elem *root)
{
	(void)root;
	++*(unsigned *)ctx;
	return 0;
}

static int
count_element(void *ctx, const struct xml_elem *e)
{
	(void)e;
	++*(unsigned *)ctx;
	return 0;
}

static int
count_end(void *ctx)
{
	++*(unsigned *)ctx;
	return 0;
}

static int
read_with(const struct buf *stream, unsigned *events)
{
	static const struct xml_reader_listener counter = {count_open, count_element, count_end};
	struct xml_reader *r;
	int err = xml_reader_create(&counter, events, &r);
	if (err)
		return err;
	xml_reader_set_limit(r, LIMIT_STANZA);
	for (size_t at = 0; at < stream->len && !err; at += 100) {
		size_t left = stream->len - at;
		err = xml_reader_feed(r, stream->data + at, left < 100 ? left : 100);
	}
	xml_reader_destroy(r);
	return err;
}

static void
the_reader_survives_each_failure(void **state)
{
	(void)state;
	struct buf s = BUF_INIT(LIMIT_STANZA);
	buf_str(&s, "<?xml version='1.0'?><s:r xmlns='u' xmlns:s='v' a='b'>");
	buf_str(&s, "<a xmlns:x='w' x:b='1' c='2'>text<b>more</b>&amp;<x:b/>text</a><b>");
	for (int i = 0; i < 60; i++)
		buf_str(&s, "<c d='e'>long enough that the arena needs another block</c>");
	buf_str(&s, "</b><b>"); /* and longer than one expat parser reads */
	for (int i = 0; i < 60; i++)
		buf_fmt(&s, "<c>%0700d</c>", i);
	buf_str(&s, "</b><c/></s:r>");
	assert_int_equal(buf_err(&s), 0);

	unsigned events = 0;
	assert_int_equal(read_with(&s, &events), 0);
	assert_int_equal(events, 6);
	long n = 0, misnamed = 0;
	for (int err = -ENOMEM; err; n++) {
		assert_true(n < 1000);
		events = 0;
		until_failure = n;
		err = read_with(&s, &events);
		bool failed = until_failure < 0;
		until_failure = -1;
		/* expat calls some of its failures an unbound prefix */
		assert_true(failed ? err == -ENOMEM || err == ERR_XML : err == 0);
		assert_int_equal(events == 6, !failed);
		misnamed += err == ERR_XML;
	}
	assert_true(n > 20);
	assert_true(misnamed * 4 < n);
	buf_finish(&s);
}

static void
the_writer_latches_each_failure(void **state)
{
	(void)state;
	for (long n = 0;; n++) {
		struct buf out = BUF_INIT(LIMIT_STANZA);
		struct xml_writer w = xml_writer_to(&out);
		until_failure = n;
		xml_open(&w, NULL, "message");
		for (int i = 0; i < 10; i++)
			xml_leaf(&w, NS_DELAY, "delay", "wherefore art thou <Romeo>");
		xml_close(&w);
		bool failed = until_failure < 0;
		until_failure = -1;
		int err = buf_err(&out);
		buf_finish(&out);
		assert_int_equal(err, failed ? -ENOMEM : 0);
		if (!failed) {
			assert_true(n > 2);
			return;
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_reader_survives_each_failure),
	    cmocka_unit_test(the_writer_latches_each_failure),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
