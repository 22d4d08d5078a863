/* For tests of methods: what they report to transfers.h is written down, in place of what the
 * manager makes of it. Included after world.h, once a program. */
#ifndef TESTS_TOLD_H
#define TESTS_TOLD_H

#include "transfer/carrier.h"
#include "transfer/transfers.h"

static struct {
	struct transfer t;
	struct buf said; /* " | " between */
	int refuse;      /* what transfers_offered() says */
	bool connected;  /* a link was given */
	struct carrier_link link;
} told;

static inline void
told_begin(struct person *p, bool outgoing)
{
	free(told.t.name);
	told.t = (struct transfer){.person = p, .outgoing = outgoing};
}

static inline void
told_end(void)
{
	free(told.t.name);
	buf_finish(&told.said);
	carrier_link_finish(&told.link);
	memset(&told, 0, sizeof(told));
	carrier_link_init(&told.link);
}

static inline void
told_add(const char *what)
{
	told.said.max = 65536;
	buf_fmt(&told.said, "%s%s", told.said.len ? " | " : "", what);
}

static inline void
expect_told(const char *expected)
{
	assert_string_equal(buf_cstr(&told.said), expected);
	buf_clear(&told.said);
}

int
transfers_offered(struct person *from, const struct transfer_method *m,
    const struct transfer_offer *o, struct transfer **out)
{
	char text[512];
	if (told.refuse)
		return told.refuse;
	assert_int_equal(strlen(o->id), 32);
	assert_null(told.t.session);
	told_begin(from, false);
	told.t.method = m;
	assert_int_equal(str_replace(&told.t.name, o->name), 0);
	told.t.size = o->size_known ? o->size : TRANSFER_SIZE_UNKNOWN;
	told.t.folder = o->folder;
	(void)snprintf(text, sizeof(text), "offered %s %s%llu%s%s", o->name,
	    o->size_known ? "" : "~", (unsigned long long)o->size, o->folder ? " folder" : "",
	    o->description ? " described" : "");
	told_add(text);
	*out = &told.t;
	return 0;
}

const char *
transfers_refusal(int err)
{
	return err_str(err);
}

void
transfer_accepted(struct transfer *t, uint64_t offset, const uint8_t *prefix)
{
	char text[64];
	(void)t;
	assert_null(prefix);
	(void)snprintf(text, sizeof(text), "accepted from %llu", (unsigned long long)offset);
	told_add(text);
}

void
transfer_declined(struct transfer *t, const char *why)
{
	(void)t, (void)why;
	told_add("declined");
}

void
transfer_connected(struct transfer *t, struct carrier_link *link)
{
	(void)t;
	told.connected = true;
	carrier_link_move(&told.link, link);
	told_add("connected");
}

void
transfer_ended(struct transfer *t, enum transfer_end why, const char *text)
{
	static const char *const names[] = {[TRANSFER_END_CANCEL] = "cancelled",
	    [TRANSFER_END_FAILED] = "failed",
	    [TRANSFER_END_LOST] = "lost"};
	(void)t;
	assert_true(why != TRANSFER_END_FAILED || text);
	told_add(names[why]);
}

void
transfer_confirmed(struct transfer *t)
{
	(void)t;
	told_add("confirmed");
}

#endif
