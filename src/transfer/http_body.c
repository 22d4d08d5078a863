#include "transfer/http_body.h"

#include "base/err.h"
#include "base/number.h"

enum { CHUNK_DIGITS = 15 }; /* 2^60: no file is larger, and no sum overflows */

void
http_body_init(struct http_body *b, const struct http_answer *answer)
{
	*b = (struct http_body){.answer = *answer, .left = answer->length};
	b->done = !answer->applesingle && answer->framing == HTTP_LENGTH && answer->length == 0;
}

/* ---- chunks ---- */

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static void
go_to(struct http_chunks *c, enum http_chunk_state state)
{
	*c = (struct http_chunks){.state = state, .left = c->left};
}

static int
take_size(struct http_chunks *c, char in)
{
	int digit = hex_value(in);
	if (digit >= 0) {
		if (c->digits++ == CHUNK_DIGITS)
			return ERR_PROTO;
		c->left = c->left << 4 | (unsigned)digit;
		return 0;
	}
	if (c->digits == 0)
		return ERR_PROTO;
	if (in == '\r')
		go_to(c, CHUNK_SIZE_END);
	else if (in == ';' || in == ' ' || in == '\t')
		go_to(c, CHUNK_EXTENSION);
	else
		return ERR_PROTO;
	return 0;
}

/* The last chunk may be followed by fields, which nobody needs; an empty line is the end. */
static int
take_trailer(struct http_chunks *c, char in)
{
	if (c->line++ == LIMIT_HTTP_TRAILER)
		return ERR_TOO_BIG;
	/* matched: 0 inside a line, 1 CR, 2 a line has ended, 3 CR right after; it begins at 2 */
	if (in == '\r' && (c->matched == 0 || c->matched == 2))
		c->matched++;
	else if (in == '\n' && c->matched == 1)
		c->matched = 2;
	else if (in == '\n' && c->matched == 3)
		go_to(c, CHUNK_DONE);
	else if (in == '\r' || in == '\n' || c->matched == 1 || c->matched == 3)
		return ERR_PROTO;
	else
		c->matched = 0;
	return 0;
}

/* One byte of what is not content. */
static int
take_framing(struct http_chunks *c, char in)
{
	switch (c->state) {
	case CHUNK_SIZE:
		return take_size(c, in);
	case CHUNK_EXTENSION:
		if (c->line++ == LIMIT_HTTP_CHUNK_LINE)
			return ERR_TOO_BIG;
		if (in == '\n' || in == '\0')
			return ERR_PROTO;
		if (in == '\r')
			go_to(c, CHUNK_SIZE_END);
		return 0;
	case CHUNK_SIZE_END:
		if (in != '\n')
			return ERR_PROTO;
		go_to(c, c->left ? CHUNK_DATA : CHUNK_TRAILER);
		c->matched = 2;
		return 0;
	case CHUNK_DATA_END:
		if (in != (c->matched ? '\n' : '\r'))
			return ERR_PROTO;
		if (c->matched++)
			go_to(c, CHUNK_SIZE);
		return 0;
	case CHUNK_TRAILER:
		return take_trailer(c, in);
	case CHUNK_DATA:
	case CHUNK_DONE:
		break;
	}
	return ERR_PROTO; /* not called for these */
}

/* ---- all of it ---- */

typedef int take_fn(void *ctx, const void *data, size_t len);

static int
take_content(struct http_body *b, const char *data, size_t len, take_fn *take, void *ctx)
{
	if (!b->answer.applesingle)
		return len ? take(ctx, data, len) : 0;
	const void *fork = NULL;
	size_t fork_len = 0;
	int err = applesingle_feed(&b->apple, data, len, &fork, &fork_len);
	return err || !fork_len ? err : take(ctx, fork, fork_len);
}

static int
feed_chunked(struct http_body *b, const char *data, size_t len, take_fn *take, void *ctx)
{
	struct http_chunks *c = &b->chunks;
	for (size_t at = 0; at < len && c->state != CHUNK_DONE;) {
		int err;
		if (c->state != CHUNK_DATA) {
			err = take_framing(c, data[at++]);
		} else {
			size_t n = (size_t)number_lower(c->left, len - at);
			err = take_content(b, data + at, n, take, ctx);
			at += n;
			c->left -= n;
			if (c->left == 0)
				go_to(c, CHUNK_DATA_END);
		}
		if (err)
			return err;
	}
	b->done = c->state == CHUNK_DONE;
	return 0;
}

int
http_body_feed(struct http_body *b, const char *data, size_t len, take_fn *take, void *ctx)
{
	int err = 0;
	if (b->done)
		return 0;
	if (b->answer.framing == HTTP_CHUNKED) {
		err = feed_chunked(b, data, len, take, ctx);
	} else if (b->answer.framing == HTTP_LENGTH) {
		size_t n = (size_t)number_lower(b->left, len);
		err = take_content(b, data, n, take, ctx);
		b->left -= n;
		b->done = b->left == 0;
	} else {
		err = take_content(b, data, len, take, ctx);
	}
	/* a framing that is whole around a file that is not */
	if (!err && b->done && b->answer.applesingle && !applesingle_is_whole(&b->apple))
		err = ERR_PROTO;
	return err;
}

int
http_body_end(struct http_body *b)
{
	if (b->answer.framing == HTTP_TO_THE_END &&
	    (!b->answer.applesingle || applesingle_is_whole(&b->apple)))
		b->done = true;
	return b->done ? 0 : ERR_CLOSED;
}
