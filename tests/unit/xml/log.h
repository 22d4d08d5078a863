/* What a reader said, as text, so that two runs can be compared and a failure can be read. */
#ifndef TESTS_XML_LOG_H
#define TESTS_XML_LOG_H

#include "base/buf.h"
#include "base/err.h"
#include "xml/elem.h"
#include "xml/reader.h"

#include <stdint.h>
#include <string.h>

struct log {
	struct buf text;
	unsigned opened, elements, ended;
	int answer;   /* what the callbacks return */
	size_t limit; /* set when the root opens; 0: not */
	struct xml_reader *reader;
};

static inline void
log_elem(struct buf *b, const struct xml_elem *e)
{
	if (!e->name) {
		buf_fmt(b, "\"%s\"", e->text);
		return;
	}
	buf_fmt(b, "(%s|%s", e->ns, e->name);
	for (size_t i = 0; i < e->attr_count; i++)
		buf_fmt(b, " %s|%s=[%s]", e->attrs[i].ns, e->attrs[i].name, e->attrs[i].value);
	if (*e->text)
		buf_fmt(b, " :%s", e->text);
	for (const struct xml_elem *n = e->first; n; n = n->next)
		log_elem(b, n);
	buf_char(b, ')');
}

static inline int
log_on_open(void *ctx, const struct xml_elem *root)
{
	struct log *l = ctx;
	l->opened++;
	buf_str(&l->text, "open ");
	log_elem(&l->text, root);
	buf_char(&l->text, '\n');
	if (l->limit)
		xml_reader_set_limit(l->reader, l->limit);
	return l->answer;
}

static inline int
log_on_element(void *ctx, const struct xml_elem *e)
{
	struct log *l = ctx;
	l->elements++;
	log_elem(&l->text, e);
	buf_char(&l->text, '\n');
	return l->answer;
}

static inline int
log_on_end(void *ctx)
{
	struct log *l = ctx;
	l->ended++;
	buf_str(&l->text, "end\n");
	return l->answer;
}

static const struct xml_reader_listener log_listener = {log_on_open, log_on_element, log_on_end};

/* Feeds s in two pieces; -ENOMEM if there is no reader. The verdict is in the log too. */
static inline int
log_feed(struct log *l, const char *s, size_t len, size_t cut)
{
	l->text = BUF_INIT(SIZE_MAX / 4);
	int err = xml_reader_create(&log_listener, l, &l->reader);
	if (err)
		return err;
	err = xml_reader_feed(l->reader, s, cut);
	if (!err)
		err = xml_reader_feed(l->reader, s + cut, len - cut);
	xml_reader_destroy(l->reader);
	buf_fmt(&l->text, "%s", err_str(err));
	return err;
}

#endif
