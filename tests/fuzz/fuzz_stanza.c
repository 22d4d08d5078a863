/* From a stanza to what it says: words are UTF-8 and within their limits, ids are ids, and what was
 * read says the same when an Earshot writes it and another one reads that. */
#include "base/clock.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "chat/body.h"
#include "chat/said.h"
#include "peer/roster.h"
#include "xml/elem.h"
#include "xml/ns.h"
#include "xml/writer.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "../unit/support/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct roster roster = {.own_name = "juliet@pronto"};
static char name[] = "romeo@forza";
static struct person romeo = {.roster = &roster, .name = name};

static void
expect(bool truth)
{
	if (!truth)
		abort();
}

static void
check_id(const char *id)
{
	expect(!id || (utf8_valid(id, strlen(id)) && strlen(id) <= LIMIT_XML_ATTR_VALUE));
}

/* What another Earshot makes of what one wrote. */
static void
expect_the_same(void *ctx, const struct xml_elem *stanza)
{
	const struct said *wrote = ctx;
	struct inbound in = {.from = &romeo, .stanza = stanza};
	struct said read;
	expect(said_read(&in, &read));
	expect(read.kind == wrote->kind && read.id && strcmp(read.id, wrote->id) == 0);
	expect(!read.target == !wrote->target);
	expect(!read.target || strcmp(read.target, wrote->target) == 0);
	buf_finish(&read.text);
}

static void
write_again(struct said *s)
{
	struct buf out = BUF_INIT(SIZE_MAX / 4);
	struct saying again = {.kind = s->kind,
	    .id = s->id,
	    .target = s->target,
	    .body = buf_cstr(&s->text),
	    .said_at = s->said_at};
	romeo.txt.client = TXT_CLIENT_EARSHOT;
	said_write(&out, &romeo, &again);
	int err = buf_err(&out) ? 0 : parse(out.data, expect_the_same, s);
	expect(err == 0 || err == ERR_TOO_BIG); /* escaped it may be too large */
	buf_finish(&out);
}

static void
read_stanza(void *ctx, const struct xml_elem *stanza)
{
	struct inbound in = {.from = &romeo, .stanza = stanza, .payload = stanza};
	struct said s;
	romeo.txt.client = *(enum txt_client *)ctx;
	bool says = said_read(&in, &s);
	check_id(s.id);
	check_id(s.target);
	expect(!s.id || strlen(s.id) <= LIMIT_STANZA_ID);
	expect(utf8_valid(buf_cstr(&s.text), s.text.len) && s.text.len <= LIMIT_STANZA);
	expect(s.said_at <= clock_wall());
	/* words that are blank to the writer are no words to the reader */
	bool whole = s.kind == STORE_RETRACTION || s.kind == STORE_MARKER || s.text.len > 0;
	if (says && s.id && whole && !buf_err(&s.text) && s.said_at >= 0)
		write_again(&s);
	buf_finish(&s.text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len < 1)
		return 0;
	enum txt_client client = (enum txt_client)(data[0] % 16);
	char *stanza = malloc(len);
	expect(stanza != NULL);
	memcpy(stanza, data + 1, len - 1);
	stanza[len - 1] = '\0';
	(void)parse(stanza, read_stanza, &client);
	free(stanza);
	return 0;
}
