#include "stream/held.h"

#include "base/limits.h"
#include "xml/ns.h"
#include "xml/reader.h"
#include "xml/writer.h"

struct replay {
	int (*fn)(void *ctx, const struct xml_elem *elem);
	void *ctx;
};

int
held_add(struct buf *held, const struct xml_elem *elem)
{
	struct xml_writer w = xml_writer_to(held);
	xml_copy(&w, elem);
	return buf_err(held);
}

static int
on_open(void *ctx, const struct xml_elem *root)
{
	(void)ctx;
	(void)root;
	return 0;
}

static int
on_element(void *ctx, const struct xml_elem *elem)
{
	const struct replay *r = ctx;
	return r->fn(r->ctx, elem);
}

static int
on_end(void *ctx)
{
	(void)ctx; /* never: the root we open stays open */
	return 0;
}

int
held_replay(struct buf *held, int (*fn)(void *ctx, const struct xml_elem *elem), void *ctx)
{
	static const struct xml_reader_listener l = {
	    .on_open = on_open, .on_element = on_element, .on_end = on_end};
	static const char root[] =
	    "<stream:stream xmlns='" NS_CLIENT "' xmlns:stream='" NS_STREAM "'>";
	struct replay replay = {.fn = fn, .ctx = ctx};
	struct xml_reader *r = NULL;
	int err = xml_reader_create(&l, &replay, &r);
	if (!err) {
		/* the copy may be longer than what came: references, declarations */
		xml_reader_set_limit(r, LIMIT_STANZA);
		err = xml_reader_feed(r, root, sizeof(root) - 1);
	}
	if (!err)
		err = xml_reader_feed(r, held->data, held->len);
	xml_reader_destroy(r);
	buf_finish(held);
	return err;
}
