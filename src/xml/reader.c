#include "xml/reader.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/random.h"
#include "base/str.h"
#include "xml/arena.h"
#include "xml/elem.h"
#include "xml/filter.h"

#include <assert.h>
#include <errno.h>
#include <expat.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
	TEXT_KEPT = 16384,     /* bytes of the text buffer an idle stream holds */
	FEED_MOST = 1 << 20,   /* expat counts in int */
	NAMESPACES_CACHED = 8, /* of one stanza: more are seldom, and cost only copies */
	PARSER_BYTES = 32768,  /* what one expat parser reads at most, and the stanza it is in */
};

/* Between a namespace and a name in what expat says: a byte that the filter lets through
 * nowhere and that no reference can make. */
static const unsigned char separator = 0xff;

/* Expat holds back the end of a tag that came in pieces until more bytes come ("reparse
 * deferral", 2.6.0 and many distributions' older versions), so that a stanza would hang. The
 * limits on tags bound what the deferral is for. A declaration of our own, weak: expats without
 * the deferral do not have the function, and headers may be older than the library. */
extern XML_Bool set_reparse_deferral(XML_Parser p, XML_Bool on) __asm__(
    "XML_SetReparseDeferralEnabled") __attribute__((weak));

/* An element whose end tag has not come. */
struct frame {
	struct xml_elem *elem;
	const struct xml_elem **link; /* where the next child node goes */
	size_t texts;                 /* text nodes so far */
	size_t text_len;              /* bytes in them */
};

struct xml_reader {
	const struct xml_reader_listener *l; /* borrowed */
	void *ctx;                           /* borrowed */
	XML_Parser expat;                    /* owned */
	size_t parsed;                       /* bytes it was given */
	struct xml_filter filter;
	struct buf header;  /* as it came, up to the root's start tag */
	struct buf held;    /* of a tag whose end has not come */
	struct arena arena; /* the tree being built */
	struct buf text;    /* character data since the last tag */
	struct frame open[LIMIT_XML_DEPTH];
	unsigned depth;         /* of open; the root is open[0] */
	struct xml_elem *root;  /* read and not yet reported; in the arena */
	struct xml_elem *ready; /* likewise, a child of the root */
	bool ended;
	bool renewing; /* the header is read once more */
	bool feeding;
	size_t unread; /* bytes of the last feeding that were not looked at */
	int err;
	struct {
		const char *name; /* in the arena */
		size_t len;
	} namespaces[NAMESPACES_CACHED];
	unsigned next_namespace;
};

/* Expat's own handlers run only to build the tree; the listener is called between two
 * XML_Parse(), so nothing it does can happen inside expat. */
static void
stop(struct xml_reader *r, int err)
{
	if (!r->err)
		r->err = err;
	(void)XML_StopParser(r->expat, XML_FALSE);
}

/* The same namespace is one string in a tree: a short tag cannot cost a long copy each time. */
static const char *
intern(struct xml_reader *r, const char *ns, size_t len)
{
	for (size_t i = 0; i < NAMESPACES_CACHED; i++) {
		const char *known = r->namespaces[i].name;
		if (known && r->namespaces[i].len == len && memcmp(known, ns, len) == 0)
			return known;
	}
	const char *copy = arena_copy(&r->arena, ns, len);
	if (copy) {
		unsigned at = r->next_namespace++ % NAMESPACES_CACHED;
		r->namespaces[at].name = copy;
		r->namespaces[at].len = len;
	}
	return copy;
}

/* "namespace\xffname" or "name"; NULLs when out of memory, which the arena remembers. */
static void
split_name(struct xml_reader *r, const char *full, const char **ns, const char **name)
{
	const char *at = strchr(full, separator);
	*ns = at ? intern(r, full, (size_t)(at - full)) : "";
	const char *local = at ? at + 1 : full;
	*name = arena_copy(&r->arena, local, strlen(local));
}

static struct xml_elem *
add_node(struct xml_reader *r)
{
	struct xml_elem *e = arena_alloc(&r->arena, sizeof(*e));
	if (!e)
		return NULL;
	*e = (struct xml_elem){.ns = "", .text = ""};
	if (r->depth > 1) { /* the root's children stand alone */
		struct frame *parent = &r->open[r->depth - 1];
		*parent->link = e;
		parent->link = &e->next;
	}
	return e;
}

static void
flush_text(struct xml_reader *r)
{
	if (r->text.len == 0 && !buf_err(&r->text))
		return;
	struct frame *f = &r->open[r->depth - 1];
	char *copy = NULL;
	if (buf_err(&r->text))
		stop(r, buf_err(&r->text));
	else
		copy = arena_copy(&r->arena, r->text.data, r->text.len);
	struct xml_elem *e = copy ? add_node(r) : NULL;
	if (e) {
		e->text = copy;
		f->elem->text = copy;
		f->texts++;
		f->text_len += r->text.len;
	}
	buf_clear(&r->text);
}

/* Most elements have one text, which is theirs without another copy. */
static void
join_texts(struct xml_reader *r, struct frame *f)
{
	if (f->texts < 2)
		return;
	char *joined = arena_alloc(&r->arena, f->text_len + 1);
	if (!joined)
		return;
	f->elem->text = joined;
	for (const struct xml_elem *n = f->elem->first; n; n = n->next) {
		if (n->name)
			continue;
		size_t len = strlen(n->text);
		memcpy(joined, n->text, len);
		joined += len;
	}
	*joined = '\0';
}

static void
add_attrs(struct xml_reader *r, struct xml_elem *e, const char **atts)
{
	size_t count = 0;
	while (atts[2 * count])
		count++;
	struct xml_attr *list =
	    count ? arena_alloc(&r->arena, count * sizeof(struct xml_attr)) : NULL;
	if (!list)
		return;
	for (size_t i = 0; i < count; i++) {
		const char *value = atts[2 * i + 1];
		split_name(r, atts[2 * i], &list[i].ns, &list[i].name);
		list[i].value = arena_copy(&r->arena, value, strlen(value));
	}
	e->attrs = list;
	e->attr_count = count;
}

static void
on_start(void *user, const char *name, const char **atts)
{
	struct xml_reader *r = user;
	if (r->err)
		return;
	if (r->renewing) {
		r->depth = 1;
		return;
	}
	if (r->depth == LIMIT_XML_DEPTH || r->ready) {
		stop(r, ERR_XML); /* the filter saw something else than expat does */
		return;
	}
	flush_text(r);
	struct xml_elem *e = add_node(r);
	if (e) {
		split_name(r, name, &e->ns, &e->name);
		add_attrs(r, e, atts);
	}
	if (r->arena.err) {
		stop(r, r->arena.err);
		return;
	}
	if (r->depth == 0)
		r->root = e;
	r->open[r->depth++] = (struct frame){.elem = e, .link = &e->first};
}

static void
on_end(void *user, const char *name)
{
	struct xml_reader *r = user;
	(void)name; /* expat compared it */
	if (r->err)
		return;
	if (r->depth == 1) {
		r->depth = 0;
		r->ended = true;
		return;
	}
	struct frame *f = &r->open[r->depth - 1];
	flush_text(r);
	join_texts(r, f);
	if (r->arena.err) {
		stop(r, r->arena.err);
		return;
	}
	if (--r->depth == 1)
		r->ready = f->elem;
}

static void
on_text(void *user, const char *s, int len)
{
	struct xml_reader *r = user;
	if (r->depth > 1) /* between stanzas the filter lets only white space through */
		buf_add(&r->text, s, (size_t)len);
}

/* ---- the second wall: what the filter has refused already -------------------------------- */

static void
on_declaration(void *user, const char *version, const char *encoding, int standalone)
{
	struct xml_reader *r = user;
	(void)standalone;
	bool utf8 = !encoding || str_casecmp(encoding, "utf-8") == 0;
	if (!utf8 || !str_equal(version, "1.0"))
		stop(r, ERR_PROTO);
}

static void
on_doctype(void *user, const char *name, const char *sysid, const char *pubid, int internal)
{
	(void)name, (void)sysid, (void)pubid, (void)internal;
	stop(user, ERR_PROTO);
}

static void
on_entity(void *user, const char *name, int parameter, const char *value, int len, const char *base,
    const char *sysid, const char *pubid, const char *notation)
{
	(void)name, (void)parameter, (void)value, (void)len;
	(void)base, (void)sysid, (void)pubid, (void)notation;
	stop(user, ERR_PROTO);
}

static void
on_skipped_entity(void *user, const char *name, int parameter)
{
	(void)name, (void)parameter;
	stop(user, ERR_PROTO);
}

static void
on_comment(void *user, const char *text)
{
	(void)text;
	stop(user, ERR_PROTO);
}

static void
on_instruction(void *user, const char *target, const char *text)
{
	(void)target, (void)text;
	stop(user, ERR_PROTO);
}

/* ------------------------------------------------------------------------------------------ */

static XML_Parser
create_expat(struct xml_reader *r)
{
	/* our references to malloc, so that the tests can make every single one fail */
	const XML_Memory_Handling_Suite memory = {malloc, realloc, free};
	const char separators[] = {(char)separator, '\0'};
	XML_Parser p = XML_ParserCreate_MM("UTF-8", &memory, separators);
	if (!p)
		return NULL;
	unsigned long salt;
	random_bytes(&salt, sizeof(salt));
	(void)XML_SetHashSalt(p, salt | 1); /* 0 means that expat shall choose */
	if (set_reparse_deferral)
		(void)set_reparse_deferral(p, XML_FALSE);
	XML_SetUserData(p, r);
	XML_SetElementHandler(p, on_start, on_end);
	XML_SetCharacterDataHandler(p, on_text);
	XML_SetXmlDeclHandler(p, on_declaration);
	XML_SetStartDoctypeDeclHandler(p, on_doctype);
	XML_SetEntityDeclHandler(p, on_entity);
	XML_SetSkippedEntityHandler(p, on_skipped_entity);
	XML_SetCommentHandler(p, on_comment);
	XML_SetProcessingInstructionHandler(p, on_instruction);
	return p;
}

int
xml_reader_create(const struct xml_reader_listener *l, void *ctx, struct xml_reader **out)
{
	struct xml_reader *r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->l = l;
	r->ctx = ctx;
	xml_filter_init(&r->filter, LIMIT_STANZA_UNKNOWN);
	buf_init(&r->header, LIMIT_STANZA);
	buf_init(&r->held, LIMIT_XML_TAG);
	arena_init(&r->arena, LIMIT_XML_TREE);
	buf_init(&r->text, LIMIT_XML_TREE);
	r->expat = create_expat(r);
	if (!r->expat) {
		xml_reader_destroy(r);
		return -ENOMEM;
	}
	*out = r;
	return 0;
}

void
xml_reader_destroy(struct xml_reader *r)
{
	if (!r)
		return;
	assert(!r->feeding);
	if (r->expat)
		XML_ParserFree(r->expat);
	arena_finish(&r->arena);
	buf_finish(&r->text);
	buf_finish(&r->header);
	buf_finish(&r->held);
	free(r);
}

void
xml_reader_set_limit(struct xml_reader *r, size_t bytes)
{
	r->filter.limit = bytes;
}

void
xml_reader_set_children(struct xml_reader *r, uint16_t count)
{
	r->filter.children_limit = count;
}

static int
parse(struct xml_reader *r, const char *data, size_t len)
{
	if (len == 0)
		return r->err;
	r->parsed += len;
	if (XML_Parse(r->expat, data, (int)len, XML_FALSE) == XML_STATUS_OK || r->err)
		return r->err;
	return XML_GetErrorCode(r->expat) == XML_ERROR_NO_MEMORY ? -ENOMEM : ERR_XML;
}

/* Hands on what the filter has let through. A tag waits here until it is whole, for expat looks
 * at an unfinished one from its start with every piece: a tag that came byte by byte would cost
 * the square of its length. After a byte that was refused nothing more comes, so nothing waits. */
static int
pass(struct xml_reader *r, const char *data, size_t len, bool refused)
{
	size_t open = refused ? 0 : xml_filter_open_tag(&r->filter);
	size_t whole = open < len ? len - open : 0;
	int err = 0;
	if (r->depth == 0)
		buf_add(&r->header, data, len);
	if (r->held.len > 0 && (whole > 0 || refused)) {
		err = parse(r, r->held.data, r->held.len);
		buf_finish(&r->held);
	}
	if (!err)
		err = parse(r, data, whole);
	if (len > whole)
		buf_add(&r->held, data + whole, len - whole);
	if (!err)
		err = buf_err(&r->held);
	return err ? err : buf_err(&r->header);
}

/* Expat remembers every name it has read for as long as the parser lives, and a stream has no
 * end: from time to time another parser takes over, after it has read the header. */
static int
renew_parser(struct xml_reader *r)
{
	XML_Parser fresh = create_expat(r);
	if (!fresh)
		return -ENOMEM;
	XML_ParserFree(r->expat);
	r->expat = fresh;
	r->parsed = 0;
	r->renewing = true;
	int err = parse(r, r->header.data, r->header.len);
	r->renewing = false;
	return err;
}

static void
forget_tree(struct xml_reader *r)
{
	r->root = NULL;
	r->ready = NULL;
	arena_reset(&r->arena);
	memset(r->namespaces, 0, sizeof(r->namespaces));
	if (r->text.cap > TEXT_KEPT)
		buf_finish(&r->text);
}

/* A part has ended: expat must have seen the same. */
static int
report(struct xml_reader *r)
{
	int err = 0;
	if (r->depth != r->filter.depth)
		return ERR_XML;
	if (r->root)
		err = r->l->on_open(r->ctx, r->root);
	else if (r->ready)
		err = r->l->on_element(r->ctx, r->ready);
	forget_tree(r);
	if (err)
		return err;
	if (r->ended)
		return r->l->on_end(r->ctx);
	return r->parsed > PARSER_BYTES ? renew_parser(r) : 0;
}

/* One part at a time, so that a limit set by a callback holds from the next byte on, wherever
 * the input was cut. Expat gets what stands before a byte the filter refuses: of two errors
 * the first counts, again wherever the cut was. */
static int
feed_part(struct xml_reader *r, const char *data, size_t len, size_t *used)
{
	bool boundary;
	int refused =
	    xml_filter_scan(&r->filter, data, len < FEED_MOST ? len : FEED_MOST, used, &boundary);
	int err = pass(r, data, *used, refused != 0);
	if (!err)
		err = refused;
	return !err && boundary ? report(r) : err;
}

int
xml_reader_feed(struct xml_reader *r, const void *data, size_t len)
{
	const char *at = data;
	assert(!r->feeding);
	r->feeding = true;
	while (len > 0 && !r->err && !r->ended) {
		size_t used;
		r->err = feed_part(r, at, len, &used);
		at += used;
		len -= used;
	}
	r->feeding = false;
	r->unread = len;
	return r->err;
}

size_t
xml_reader_partial(const struct xml_reader *r)
{
	return r->filter.in_part ? r->filter.part : 0;
}

size_t
xml_reader_unread(const struct xml_reader *r)
{
	return r->unread;
}
