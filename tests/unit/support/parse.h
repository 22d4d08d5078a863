/* For tests: one stanza from text, through the real reader, for as long as `use` runs. */
#ifndef TESTS_PARSE_H
#define TESTS_PARSE_H

#include "xml/elem.h"
#include "xml/reader.h"

#include <string.h>

struct parse_use {
	void (*use)(void *ctx, const struct xml_elem *e);
	void *ctx;
};

static int
parse_on_open(void *ctx, const struct xml_elem *root)
{
	(void)ctx;
	(void)root;
	return 0;
}

static int
parse_on_element(void *ctx, const struct xml_elem *e)
{
	const struct parse_use *p = ctx;
	p->use(p->ctx, e);
	return 0;
}

static int
parse_on_end(void *ctx)
{
	(void)ctx;
	return 0;
}

/* 0 if the text is one or more whole stanzas. */
static int
parse(const char *stanza, void (*use)(void *ctx, const struct xml_elem *e), void *ctx)
{
	static const struct xml_reader_listener listener = {
	    .on_open = parse_on_open, .on_element = parse_on_element, .on_end = parse_on_end};
	static const char header[] = "<stream:stream xmlns='jabber:client' "
				     "xmlns:stream='http://etherx.jabber.org/streams'>";
	struct parse_use p = {.use = use, .ctx = ctx};
	struct xml_reader *r = NULL;
	int err = xml_reader_create(&listener, &p, &r);
	if (!err)
		xml_reader_set_limit(r, LIMIT_STANZA);
	if (!err)
		err = xml_reader_feed(r, header, strlen(header));
	if (!err)
		err = xml_reader_feed(r, stanza, strlen(stanza));
	xml_reader_destroy(r);
	return err;
}

#endif
