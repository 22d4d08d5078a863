#include "transfer/http.h"

#include "base/err.h"
#include "base/hex.h"
#include "base/str.h"
#include "transfer/applesingle.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <string.h>

enum { HTTP_PORT = 80 };

/* ---- letters ---- */

static bool
is_alnum(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_hex(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* RFC 9110 5.6.2: what names of fields and methods are made of. */
static bool
is_token(unsigned char c)
{
	return is_alnum(c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

/* RFC 3986: what may stand in a path and its query as it is. */
static bool
is_of_target(unsigned char c)
{
	return is_alnum(c) || (c && strchr("-._~!$&'()*+,;=:@/?", c));
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static unsigned
lower(char c)
{
	unsigned letter = (unsigned char)c;
	return letter >= 'A' && letter <= 'Z' ? letter - 'A' + 'a' : letter;
}

/* Without case; s may be followed by anything. */
static bool
begins(const char *s, size_t len, const char *prefix)
{
	size_t want = strlen(prefix);
	for (size_t i = 0; i < want; i++)
		if (i == len || lower(s[i]) != lower(prefix[i]))
			return false;
	return true;
}

/* ---- addresses ---- */

static int
read_port(const char *text, size_t len, uint16_t *out)
{
	char digits[8];
	int64_t port;
	if (len == 0 || len >= sizeof(digits))
		return ERR_PROTO;
	memcpy(digits, text, len);
	digits[len] = '\0';
	if (str_to_int(digits, 1, UINT16_MAX, &port) != 0)
		return ERR_PROTO;
	*out = (uint16_t)port;
	return 0;
}

static int
read_host(const char *host, size_t len, uint16_t port, struct sockaddr_storage *out)
{
	char text[INET6_ADDRSTRLEN + 1];
	if (len >= sizeof(text))
		return ERR_UNSUPPORTED; /* longer than any address */
	memcpy(text, host, len);
	text[len] = '\0';
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	*out = (struct sockaddr_storage){0};
	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		memcpy(out, &v4, sizeof(v4));
	else if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1)
		memcpy(out, &v6, sizeof(v6));
	else
		return ERR_UNSUPPORTED;
	return 0;
}

/* "192.0.2.7:1234", "[fe80::1]:1234"; a scope is the sender's own and left out. */
static int
read_authority(const char *text, size_t len, struct sockaddr_storage *out)
{
	const char *host = text, *end = text + len, *after, *colon;
	uint16_t port = HTTP_PORT;
	size_t host_len;
	if (memchr(text, '@', len))
		return ERR_PROTO;
	if (len && text[0] == '[') {
		const char *close = memchr(text, ']', len);
		if (!close)
			return ERR_PROTO;
		host = text + 1;
		host_len = (size_t)(close - host);
		const char *scope = memchr(host, '%', host_len);
		if (scope)
			host_len = (size_t)(scope - host);
		after = close + 1;
		if (after < end && *after != ':')
			return ERR_PROTO;
		colon = after < end ? after : NULL;
		if (!memchr(host, ':', host_len))
			return ERR_PROTO;
	} else {
		colon = memchr(text, ':', len);
		host_len = colon ? (size_t)(colon - text) : len;
	}
	if (colon) {
		int err = read_port(colon + 1, (size_t)(end - colon - 1), &port);
		if (err)
			return err;
	}
	return read_host(host, host_len, port, out);
}

void
http_host_write(struct buf *out, const struct sockaddr_storage *at)
{
	char text[INET6_ADDRSTRLEN] = "";
	if (at->ss_family == AF_INET6) {
		struct sockaddr_in6 v6;
		memcpy(&v6, at, sizeof(v6));
		(void)inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
		buf_fmt(out, "[%s]:%u", text, ntohs(v6.sin6_port));
	} else {
		struct sockaddr_in v4;
		memcpy(&v4, at, sizeof(v4));
		(void)inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text));
		buf_fmt(out, "%s:%u", text, ntohs(v4.sin_port));
	}
}

static void
encode_byte(struct buf *out, unsigned char c)
{
	buf_fmt(out, "%%%02X", c);
}

/* What some clients forget to encode is encoded here: nothing else of a request may be theirs. */
static int
read_target(const char *text, size_t len, char *out, size_t size)
{
	struct buf b = BUF_INIT(size - 1);
	if (len == 0 || text[0] != '/')
		buf_char(&b, '/');
	for (size_t i = 0; i < len && text[i] != '#'; i++) {
		unsigned char c = (unsigned char)text[i];
		bool encoded = c == '%' && len - i > 2 && is_hex((unsigned char)text[i + 1]) &&
			       is_hex((unsigned char)text[i + 2]);
		if (encoded || is_of_target(c))
			buf_char(&b, (char)c);
		else
			encode_byte(&b, c);
	}
	int err = buf_err(&b);
	if (!err)
		err = str_copy(out, size, buf_cstr(&b));
	buf_finish(&b);
	return err;
}

int
http_url_read(const char *text, struct http_url *out)
{
	static const char scheme[] = "http://";
	while (is_blank(*text))
		text++;
	size_t len = strnlen(text, LIMIT_HTTP_TARGET + LIMIT_HTTP_HOST);
	while (len && is_blank(text[len - 1]))
		len--;
	if (len >= LIMIT_HTTP_TARGET)
		return ERR_TOO_BIG;
	if (!begins(text, len, scheme))
		return ERR_UNSUPPORTED;
	text += strlen(scheme);
	len -= strlen(scheme);
	size_t authority = 0;
	while (authority < len && !strchr("/?#", text[authority]))
		authority++;
	int err = read_authority(text, authority, &out->at);
	if (err)
		return err;
	struct buf host = BUF_INIT(sizeof(out->host) - 1);
	http_host_write(&host, &out->at);
	err = buf_err(&host);
	if (!err)
		err = str_copy(out->host, sizeof(out->host), buf_cstr(&host));
	buf_finish(&host);
	if (!err)
		err = read_target(text + authority, len - authority, out->path, sizeof(out->path));
	return err;
}

void
http_url_name(const struct http_url *u, struct buf *out)
{
	size_t end = strcspn(u->path, "?");
	while (end && u->path[end - 1] == '/')
		end--;
	size_t begin = end;
	while (begin && u->path[begin - 1] != '/')
		begin--;
	for (size_t i = begin; i < end; i++) {
		char c = u->path[i];
		/* every % of a target that was read is followed by two digits */
		if (c == '%' && hex_decode(&c, u->path + i + 1, 2) == 0)
			i += 2;
		if (c == '\0')
			c = '_';
		buf_char(out, c);
	}
}

void
http_encode(struct buf *out, const char *part)
{
	for (; *part; part++) {
		unsigned char c = (unsigned char)*part;
		if (is_alnum(c) || strchr("-._~", c))
			buf_char(out, (char)c);
		else
			encode_byte(out, c);
	}
}

/* ---- heads ---- */

struct line {
	const char *at;
	size_t len;
};

/* The head's length with its empty line. Its bytes are looked at here once: no NUL, no line end
 * but CR LF, so that no two readers of it can differ. */
static int
find_end(const char *data, size_t len, size_t *end)
{
	for (size_t i = 0; i < len; i++) {
		if (i == LIMIT_HTTP_HEAD)
			return ERR_TOO_BIG;
		if (data[i] == '\0' || (data[i] == '\n' && (i == 0 || data[i - 1] != '\r')) ||
		    (i && data[i - 1] == '\r' && data[i] != '\n'))
			return ERR_PROTO;
		if (i >= 3 && memcmp(data + i - 3, "\r\n\r\n", 4) == 0) {
			*end = i + 1;
			return 0;
		}
	}
	return -EAGAIN;
}

static bool
next_line(const char **at, const char *end, struct line *out)
{
	const char *eol = memchr(*at, '\r', (size_t)(end - *at));
	if (!eol || eol == *at)
		return false; /* the empty line */
	*out = (struct line){*at, (size_t)(eol - *at)};
	*at = eol + 2;
	return true;
}

static bool
line_is(const struct line *l, const char *word)
{
	return l->len == strlen(word) && begins(l->at, l->len, word);
}

static void
trim(struct line *l)
{
	while (l->len && is_blank(l->at[0])) {
		l->at++;
		l->len--;
	}
	while (l->len && is_blank(l->at[l->len - 1]))
		l->len--;
}

/* RFC 9112 5.1: no blank before the colon, no line that continues the one before. */
static int
split_field(const struct line *l, struct line *name, struct line *value)
{
	const char *colon = memchr(l->at, ':', l->len);
	if (!colon || colon == l->at)
		return ERR_PROTO;
	*name = (struct line){l->at, (size_t)(colon - l->at)};
	*value = (struct line){colon + 1, l->len - name->len - 1};
	for (size_t i = 0; i < name->len; i++)
		if (!is_token((unsigned char)name->at[i]))
			return ERR_PROTO;
	trim(value);
	return 0;
}

static int
each_field(const char *at, const char *end,
    int (*take)(void *out, const struct line *name, const struct line *value), void *out)
{
	struct line l, name, value;
	for (size_t count = 0; next_line(&at, end, &l); count++) {
		if (count == LIMIT_HTTP_FIELDS)
			return ERR_TOO_BIG;
		int err = split_field(&l, &name, &value);
		if (!err)
			err = take(out, &name, &value);
		if (err)
			return err;
	}
	return 0;
}

static int
read_number(const char *digits, size_t len, uint64_t *out)
{
	uint64_t n = 0;
	if (len == 0)
		return ERR_PROTO;
	for (size_t i = 0; i < len; i++) {
		if (digits[i] < '0' || digits[i] > '9')
			return ERR_PROTO;
		uint64_t digit = (uint64_t)(digits[i] - '0');
		if (n > (UINT64_MAX - digit) / 10)
			return ERR_PROTO;
		n = n * 10 + digit;
	}
	*out = n;
	return 0;
}

/* ---- requests ---- */

/* RFC 9110 14.2 lets a server take any range for none: so we do with all that end early. */
static void
read_range(struct http_request *out, const struct line *value)
{
	static const char unit[] = "bytes=";
	size_t skip = strlen(unit);
	if (value->len < skip + 2 || !begins(value->at, value->len, unit) ||
	    value->at[value->len - 1] != '-')
		return;
	out->has_range = read_number(value->at + skip, value->len - skip - 1, &out->from) == 0;
}

static int
take_request_field(void *ctx, const struct line *name, const struct line *value)
{
	struct http_request *out = ctx;
	if (line_is(name, "Accept-Encoding"))
		out->applesingle = line_is(value, APPLESINGLE);
	else if (line_is(name, "Range"))
		read_range(out, value);
	return 0;
}

static int
read_request_line(const struct line *l, struct http_request *out)
{
	const char *end = l->at + l->len;
	const char *blank = memchr(l->at, ' ', l->len);
	const char *second = blank ? memchr(blank + 1, ' ', (size_t)(end - blank - 1)) : NULL;
	if (!second)
		return ERR_PROTO;
	struct line method = {l->at, (size_t)(blank - l->at)};
	struct line target = {blank + 1, (size_t)(second - blank - 1)};
	struct line version = {second + 1, (size_t)(end - second - 1)};
	if (!line_is(&version, "HTTP/1.1") && !line_is(&version, "HTTP/1.0"))
		return ERR_PROTO;
	if (target.len == 0 || target.at[0] != '/')
		return ERR_PROTO;
	if (target.len >= sizeof(out->target))
		return ERR_TOO_BIG;
	memcpy(out->target, target.at, target.len);
	out->target[target.len] = '\0';
	out->method = line_is(&method, "GET")    ? HTTP_GET
		      : line_is(&method, "HEAD") ? HTTP_HEAD
						 : HTTP_OTHER;
	return 0;
}

int
http_request_read(const char *data, size_t len, struct http_request *out, size_t *used)
{
	size_t end = 0;
	struct line first;
	const char *at = data;
	*out = (struct http_request){.method = HTTP_OTHER};
	int err = find_end(data, len, &end);
	if (err)
		return err;
	if (!next_line(&at, data + end, &first))
		return ERR_PROTO;
	err = read_request_line(&first, out);
	if (!err)
		err = each_field(at, data + end, take_request_field, out);
	*used = end;
	return err;
}

void
http_request_write(struct buf *out, const struct http_url *u, const char *target)
{
	buf_fmt(out,
	    "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: Earshot\r\nConnection: close\r\n\r\n",
	    target, u->host);
}

/* ---- answers ---- */

struct reading {
	struct http_answer *out;
	bool has_length;
	bool has_framing;
};

static int
take_answer_field(void *ctx, const struct line *name, const struct line *value)
{
	struct reading *r = ctx;
	if (line_is(name, "Content-Length")) {
		if (r->has_length)
			return ERR_PROTO; /* two that differ, and two that do not */
		r->has_length = true;
		return read_number(value->at, value->len, &r->out->length);
	}
	if (line_is(name, "Transfer-Encoding")) {
		if (r->has_framing)
			return ERR_PROTO;
		r->has_framing = true;
		r->out->framing = HTTP_CHUNKED;
		return line_is(value, "chunked") ? 0 : ERR_UNSUPPORTED;
	}
	if (line_is(name, "Content-Encoding")) {
		r->out->applesingle = line_is(value, APPLESINGLE);
		return r->out->applesingle || line_is(value, "identity") ? 0 : ERR_UNSUPPORTED;
	}
	if (line_is(name, "Content-Type") && line_is(value, "application/applesingle"))
		r->out->applesingle = true;
	return 0;
}

/* "HTTP/1.1 200 OK" */
static int
read_status_line(const struct line *l)
{
	uint64_t status = 0;
	bool ours = l->len >= 12 &&
		    (begins(l->at, l->len, "HTTP/1.1 ") || begins(l->at, l->len, "HTTP/1.0 ")) &&
		    (l->len == 12 || l->at[12] == ' ') && read_number(l->at + 9, 3, &status) == 0;
	if (!ours || status < 200)
		return ERR_PROTO; /* nothing was asked that has an answer in between */
	if (status == 200)
		return 0;
	return status >= 300 && status < 400 ? ERR_UNSUPPORTED : -ENOENT;
}

int
http_answer_read(const char *data, size_t len, struct http_answer *out, size_t *used)
{
	size_t end = 0;
	struct line first;
	const char *at = data;
	struct reading r = {.out = out};
	*out = (struct http_answer){.framing = HTTP_TO_THE_END};
	int err = find_end(data, len, &end);
	if (err)
		return err;
	if (!next_line(&at, data + end, &first))
		return ERR_PROTO;
	err = read_status_line(&first);
	if (!err)
		err = each_field(at, data + end, take_answer_field, &r);
	if (!err && r.has_length && !r.has_framing)
		out->framing = HTTP_LENGTH;
	*used = end;
	return err;
}

/* For browsers too, to which a link may go: saved as a file, never shown as a page. */
static void
write_common(struct buf *out)
{
	buf_str(out, "Connection: close\r\nCache-Control: no-store\r\n"
		     "X-Content-Type-Options: nosniff\r\n");
}

void
http_file_write(struct buf *out, const struct http_file *f)
{
	uint64_t length = f->size - f->from + (f->applesingle ? APPLESINGLE_HEAD : 0);
	buf_str(out, f->from ? "HTTP/1.1 206 Partial Content\r\n" : "HTTP/1.1 200 OK\r\n");
	buf_fmt(out, "Content-Length: %" PRIu64 "\r\n", length);
	if (f->from)
		buf_fmt(out, "Content-Range: bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64 "\r\n",
		    f->from, f->size - 1, f->size);
	if (f->applesingle)
		buf_str(out, "Content-Encoding: " APPLESINGLE "\r\n");
	else
		buf_str(out, "Accept-Ranges: bytes\r\n");
	buf_str(out, "Content-Type: application/octet-stream\r\n"
		     "Content-Disposition: attachment; filename*=UTF-8''");
	http_encode(out, f->name);
	buf_str(out, "\r\n");
	write_common(out);
	buf_str(out, "\r\n");
}

void
http_refusal_write(struct buf *out, int status, uint64_t size)
{
	const char *why = status == 400   ? "Bad Request"
			  : status == 404 ? "Not Found"
			  : status == 416 ? "Range Not Satisfiable"
			  : status == 501 ? "Not Implemented"
					  : "Service Unavailable";
	buf_fmt(out, "HTTP/1.1 %d %s\r\nContent-Length: 0\r\n", status, why);
	if (status == 416)
		buf_fmt(out, "Content-Range: bytes */%" PRIu64 "\r\n", size);
	write_common(out);
	buf_str(out, "\r\n");
}
