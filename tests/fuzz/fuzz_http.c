/* What comes over HTTP: where it is cut changes nothing, more bytes change no verdict, and what is
 * read of an address can be asked for without anything else getting into the request. */
#include "base/err.h"
#include "transfer/http.h"
#include "transfer/http_body.h"
#include "transfer/listing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct outcome {
	uint64_t sum, bytes;
	int err, end;
};

static int
take(void *ctx, const void *data, size_t len)
{
	struct outcome *o = ctx;
	const unsigned char *at = data;
	if (len == 0)
		abort();
	for (size_t i = 0; i < len; i++)
		o->sum = o->sum * 1000003 + at[i];
	o->bytes += len;
	return 0;
}

/* The body in pieces of that size. */
static struct outcome
feed(const struct http_answer *answer, const char *data, size_t len, size_t piece)
{
	struct http_body b;
	struct outcome o = {0};
	http_body_init(&b, answer);
	for (size_t at = 0; at < len && !o.err; at += piece)
		o.err =
		    http_body_feed(&b, data + at, len - at < piece ? len - at : piece, take, &o);
	o.end = o.err ? o.err : http_body_end(&b);
	return o;
}

static void
try_answer(const char *data, size_t len)
{
	struct http_answer answer, again;
	size_t used = 0, used_again = 0;
	int err = http_answer_read(data, len, &answer, &used);
	if (err)
		return;
	if (used > len || http_answer_read(data, used, &again, &used_again) != 0 ||
	    used != used_again || http_answer_read(data, used - 1, &again, &used_again) != -EAGAIN)
		abort();
	const char *body = data + used;
	size_t left = len - used;
	struct outcome whole = feed(&answer, body, left, left + 1);
	struct outcome bytes = feed(&answer, body, left, 1);
	if (whole.end != bytes.end)
		abort();
	/* what came before an error may have been given on or not */
	if (!whole.err && (whole.sum != bytes.sum || whole.bytes != bytes.bytes))
		abort();
	if (whole.bytes > left)
		abort();
}

static void
try_request(const char *data, size_t len)
{
	struct http_request request, again;
	size_t used = 0, used_again = 0;
	if (http_request_read(data, len, &request, &used) != 0)
		return;
	if (used > len || request.target[0] != '/' ||
	    http_request_read(data, used, &again, &used_again) != 0 ||
	    strcmp(request.target, again.target) != 0)
		abort();
}

static void
try_url(const char *text)
{
	struct http_url url;
	struct http_request request;
	struct buf b = BUF_INIT(1 << 16);
	size_t used = 0;
	if (http_url_read(text, &url) == 0) {
		http_url_name(&url, &b);
		buf_clear(&b);
		http_request_write(&b, &url, url.path);
		if (http_request_read(b.data, b.len, &request, &used) != 0 || used != b.len ||
		    strcmp(request.target, url.path) != 0)
			abort();
	}
	buf_finish(&b);
}

static void
try_listing(const char *data, size_t len)
{
	struct listing *l = NULL;
	struct buf b = BUF_INIT(LIMIT_TREE_BYTES);
	if (listing_read(data, len, &l) == 0 && listing_manifest(l, &b) != 0)
		abort();
	for (size_t i = 0; l && i < listing_count(l); i++)
		if (strstr(listing_at(l, i)->path, "//") || listing_at(l, i)->path[0] == '/')
			abort();
	listing_destroy(l);
	buf_finish(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len < 1)
		return 0;
	char *text = malloc(len);
	if (!text)
		return 0;
	memcpy(text, data + 1, len - 1);
	text[len - 1] = '\0';
	switch (data[0] % 4) {
	case 0:
		try_answer(text, len - 1);
		break;
	case 1:
		try_request(text, len - 1);
		break;
	case 2:
		try_url(text);
		break;
	default:
		try_listing(text, len - 1);
		break;
	}
	free(text);
	return 0;
}
