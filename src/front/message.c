/* One message. Its words stand in one block, for there are thousands of them. */
#include "base/str.h"
#include "base/text.h"
#include "base/utf8.h"
#include "front/model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { ABSENT = -1, QUOTE_CHARS = 120 }; /* as many as the daemon shows of what is answered */

enum front_mark
mark_of(const char *state)
{
	static const struct {
		const char *state;
		enum front_mark mark;
	} all[] = {
	    {"queued", FRONT_QUEUED},
	    {"handed over", FRONT_HANDED_OVER},
	    {"delivered", FRONT_DELIVERED},
	    {"read", FRONT_READ},
	    {"failed", FRONT_FAILED},
	    {"cancelled", FRONT_CANCELLED},
	    {"unread", FRONT_UNREAD},
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (str_equal(all[i].state, state))
			return all[i].mark;
	return FRONT_SEEN;
}

/* ---- words ---- */

void
draft_begin(struct draft *d, struct buf *scratch)
{
	buf_clear(scratch);
	d->b = scratch;
	for (size_t i = 0; i < WORD_COUNT; i++)
		d->at[i] = (size_t)ABSENT;
}

static void
put(struct draft *d, enum word word)
{
	d->at[word] = d->b->len;
}

void
draft_raw(struct draft *d, enum word word, const char *text)
{
	d->at[word] = (size_t)ABSENT;
	if (!text)
		return;
	put(d, word);
	buf_add(d->b, text, strlen(text) + 1);
}

void
draft_name(struct draft *d, enum word word, const char *text)
{
	d->at[word] = (size_t)ABSENT;
	if (str_empty(text))
		return;
	put(d, word);
	text_add(d->b, TEXT_NAME, text, strlen(text));
	buf_char(d->b, '\0');
}

static void
add_lines(struct buf *b, const char *text)
{
	for (;;) {
		size_t len = strcspn(text, "\n");
		bool last = text[len] == '\0';
		size_t shown = len - (!last && len > 0 && text[len - 1] == '\r');
		text_add(b, TEXT_BODY, text, shown);
		if (last)
			return;
		buf_char(b, '\n');
		text += len + 1;
	}
}

void
draft_body(struct draft *d, enum word word, const char *text)
{
	put(d, word);
	add_lines(d->b, text ? text : "");
	buf_char(d->b, '\0');
}

void
draft_quote(struct draft *d, const char *text)
{
	size_t len = 0, left = strlen(text);
	for (unsigned i = 0; i < QUOTE_CHARS && left > 0; i++) {
		uint32_t c;
		size_t n = utf8_decode(text + len, left, &c);
		n = n > 0 ? n : 1;
		len += n;
		left -= n;
	}
	size_t me = strncmp(text, "/me ", 4) == 0 ? 4 : 0;
	d->at[WORD_REPLY_TEXT] = (size_t)ABSENT;
	if (len <= me)
		return;
	put(d, WORD_REPLY_TEXT);
	text_add(d->b, TEXT_NAME, text + me, len - me);
	buf_char(d->b, '\0');
}

void
draft_reactions(struct draft *d, enum word word, const struct earshot_value *all)
{
	d->at[word] = (size_t)ABSENT;
	if (earshot_value_count(all) == 0)
		return;
	put(d, word);
	for (size_t i = 0; i < earshot_value_count(all); i++) {
		const char *one = earshot_value_as_str(earshot_value_at(all, i));
		if (i > 0)
			buf_char(d->b, ' ');
		if (one)
			text_add(d->b, TEXT_NAME, one, strlen(one));
	}
	buf_char(d->b, '\0');
}

void
draft_keep(struct draft *d, const struct message *m)
{
	draft_raw(d, WORD_ID, m->m.id);
	draft_raw(d, WORD_TEXT, m->m.text);
	draft_raw(d, WORD_REPLY, m->m.reply);
	draft_raw(d, WORD_REPLY_TEXT, m->m.reply_text);
	draft_raw(d, WORD_REASON, m->m.reason);
	draft_raw(d, WORD_TRUST, m->m.trust);
	draft_raw(d, WORD_THEIRS, m->theirs);
	draft_raw(d, WORD_OURS, m->ours);
}

static const char *
word_at(const struct draft *d, const char *block, enum word word)
{
	return d->at[word] == (size_t)ABSENT ? NULL : block + d->at[word];
}

/* "👍 [❤]": theirs, then ours in brackets. Returns where it stands. */
static size_t
add_both(struct draft *d)
{
	bool theirs = d->at[WORD_THEIRS] != (size_t)ABSENT,
	     ours = d->at[WORD_OURS] != (size_t)ABSENT;
	size_t at = d->b->len;
	if (!theirs && !ours)
		return (size_t)ABSENT;
	/* its own bytes move when it grows, so they are copied by way of reserved room */
	for (int side = 0; side < 2; side++) {
		size_t from = d->at[side ? WORD_OURS : WORD_THEIRS];
		if (from == (size_t)ABSENT)
			continue;
		size_t len = buf_err(d->b) ? 0 : strlen(d->b->data + from);
		if (side)
			buf_str(d->b, theirs ? " [" : "[");
		char *room = buf_reserve(d->b, len + 1);
		if (room) {
			memcpy(room, d->b->data + from, len);
			buf_grew(d->b, len);
		}
		if (side)
			buf_char(d->b, ']');
	}
	buf_char(d->b, '\0');
	return at;
}

int
draft_finish(struct draft *d, struct message *m)
{
	size_t both = add_both(d);
	char *block = buf_err(d->b) ? NULL : malloc(d->b->len + 1);
	if (!block)
		return -ENOMEM;
	if (d->b->len > 0)
		memcpy(block, d->b->data, d->b->len);
	free(m->block);
	m->block = block;
	const char *id = word_at(d, block, WORD_ID), *text = word_at(d, block, WORD_TEXT);
	const char *trust = word_at(d, block, WORD_TRUST);
	m->m.id = id ? id : words_none;
	m->m.text = text ? text : words_none;
	m->m.trust = trust ? trust : "plain";
	m->m.reply = word_at(d, block, WORD_REPLY);
	m->m.reply_text = word_at(d, block, WORD_REPLY_TEXT);
	m->m.reason = word_at(d, block, WORD_REASON);
	m->theirs = word_at(d, block, WORD_THEIRS);
	m->ours = word_at(d, block, WORD_OURS);
	m->m.reactions = both == (size_t)ABSENT ? NULL : block + both;
	m->m.version++;
	return 0;
}

/* ---- the whole ---- */

int
message_read(struct message *m, const struct earshot_value *v, struct buf *scratch)
{
	struct draft d;
	const struct earshot_value *reactions = earshot_value_get(v, "reactions");
	const char *reply = earshot_value_str(v, "reply");
	draft_begin(&d, scratch);
	draft_raw(&d, WORD_ID, earshot_value_str(v, "id"));
	draft_body(&d, WORD_TEXT, earshot_value_str(v, "text"));
	draft_raw(&d, WORD_REPLY, str_empty(reply) ? NULL : reply);
	draft_name(&d, WORD_REPLY_TEXT, earshot_value_str(v, "reply_text"));
	draft_name(&d, WORD_REASON, earshot_value_str(v, "reason"));
	draft_name(&d, WORD_TRUST, earshot_value_str(v, "trust"));
	draft_reactions(&d, WORD_THEIRS, earshot_value_get(reactions, "theirs"));
	draft_reactions(&d, WORD_OURS, earshot_value_get(reactions, "ours"));
	int err = draft_finish(&d, m);
	if (err)
		return err;
	m->m.number = earshot_value_int(v, "number", 0);
	m->m.time = earshot_value_int(v, "time", 0);
	m->m.ours = str_equal(earshot_value_str(v, "direction"), "out");
	m->m.action = earshot_value_bool(v, "action", false);
	m->m.file = earshot_value_bool(v, "file", false);
	m->m.edited = earshot_value_int(v, "edited", 0) != 0;
	m->m.retracted = earshot_value_bool(v, "retracted", false);
	m->m.mark = mark_of(earshot_value_str(v, "state"));
	m->place = m->m.number;
	m->token[0] = '\0';
	return 0;
}

void
message_finish(struct message *m)
{
	free(m->block);
	m->block = NULL;
}

void
message_free(struct message *m)
{
	if (m)
		message_finish(m);
	free(m);
}
