/* The content of an HTTP answer, out of its framing (RFC 9112 6, 7.1) and out of AppleSingle, piece
 * by piece. No I/O. Any thread, one owner. */
#ifndef TRANSFER_HTTP_BODY_H
#define TRANSFER_HTTP_BODY_H

#include "transfer/applesingle.h"
#include "transfer/http.h"

enum http_chunk_state {
	CHUNK_SIZE,
	CHUNK_EXTENSION,
	CHUNK_SIZE_END, /* its LF */
	CHUNK_DATA,
	CHUNK_DATA_END,
	CHUNK_TRAILER,
	CHUNK_DONE,
};

struct http_chunks {
	enum http_chunk_state state;
	uint64_t left;    /* of the chunk */
	unsigned digits;  /* of its size */
	size_t line;      /* bytes of the size's line, or of the trailer */
	unsigned matched; /* of the line end that is awaited */
};

/* Nothing to finish. */
struct http_body {
	struct http_answer answer;
	struct http_chunks chunks;
	uint64_t left; /* HTTP_LENGTH */
	struct applesingle apple;
	bool done;
};

void http_body_init(struct http_body *b, const struct http_answer *answer);

/* Gives the file's bytes among these to take(); an error of take()'s ends it. 0, or ERR_PROTO,
 * ERR_TOO_BIG. After b->done what comes is not looked at. */
int http_body_feed(struct http_body *b, const char *data, size_t len,
    int (*take)(void *ctx, const void *data, size_t len), void *ctx) MUST_USE;
/* The other side has closed: 0 if all has come, ERR_CLOSED. */
int http_body_end(struct http_body *b) MUST_USE;

#endif
