/* HTTP/1.1 as far as files of old clients need it (RFC 9110, RFC 9112): addresses, heads of
 * requests and answers. Strict, bounded by base/limits.h, no I/O. Any thread. */
#ifndef TRANSFER_HTTP_H
#define TRANSFER_HTTP_H

#include "base/buf.h"
#include "base/compiler.h"
#include "base/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* http://ADDRESS:PORT/PATH; names of hosts are not looked up, for a person's own address is all we
 * ever connect to. */
struct http_url {
	struct sockaddr_storage at;       /* port set, scope not */
	char host[LIMIT_HTTP_HOST + 1];   /* with the port, for the Host field */
	char path[LIMIT_HTTP_TARGET + 1]; /* as it is asked for: percent-encoded, with its query */
};

/* Blanks around it do not count (iChat begins with a line feed). 0, ERR_UNSUPPORTED (another
 * scheme, a host that is a name), ERR_PROTO, ERR_TOO_BIG. */
int http_url_read(const char *text, struct http_url *out) MUST_USE;
/* The last part of the path that is not empty, decoded; nothing if there is none. */
void http_url_name(const struct http_url *u, struct buf *out);
/* Appends one part of a path; all but letters, digits and "-._~" become %XX. */
void http_encode(struct buf *out, const char *part);
/* "192.0.2.7:40001", "[fe80::1]:40001": no scope, which means nothing elsewhere. */
void http_host_write(struct buf *out, const struct sockaddr_storage *at);

struct http_request {
	enum { HTTP_GET, HTTP_HEAD, HTTP_OTHER } method;
	char target[LIMIT_HTTP_TARGET + 1]; /* as it came */
	bool applesingle;                   /* Accept-Encoding is "AppleSingle" (Adium and iChat) */
	bool has_range; /* one range of bytes up to the end; any other is as none */
	uint64_t from;  /* its first byte */
};

/* Both: 0 and *used, the bytes of the head; -EAGAIN: its end has not come; ERR_PROTO, ERR_TOO_BIG,
 * for an answer also ERR_UNSUPPORTED (an encoding we do not know, a redirect: they are not
 * followed) and -ENOENT (any other that does not carry the file). */
int
http_request_read(const char *data, size_t len, struct http_request *out, size_t *used) MUST_USE;

struct http_answer {
	enum { HTTP_TO_THE_END, HTTP_LENGTH, HTTP_CHUNKED } framing; /* chunked before length */
	uint64_t length;                                             /* HTTP_LENGTH */
	bool applesingle;                                            /* Content-Encoding, or type */
};
int http_answer_read(const char *data, size_t len, struct http_answer *out, size_t *used) MUST_USE;

/* GET of that target, of one file on a connection of its own. */
void http_request_write(struct buf *out, const struct http_url *u, const char *target);

/* A head; the file, or nothing, follows. */
struct http_file {
	const char *name;
	uint64_t size; /* all of it */
	uint64_t from; /* > 0: 206, what follows begins there */
	bool applesingle;
};
void http_file_write(struct buf *out, const struct http_file *f);
/* An answer without content; 416 tells size. */
void http_refusal_write(struct buf *out, int status, uint64_t size);

#endif
