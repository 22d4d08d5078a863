#include "base/err.h"
#include "base/random.h"
#include "transfer/http.h"
#include "transfer/http_body.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- addresses ---- */

static void
expect_url(const char *text, const char *host, const char *path, const char *name)
{
	struct http_url u;
	struct buf b = BUF_INIT(4096);
	if (http_url_read(text, &u) != 0)
		fail_msg("%s was not read", text);
	assert_string_equal(u.host, host);
	assert_string_equal(u.path, path);
	http_url_name(&u, &b);
	assert_string_equal(buf_cstr(&b), name);
	buf_finish(&b);
}

static void
addresses_of_old_clients_are_read(void **state)
{
	(void)state;
	expect_url("http://192.168.1.100:5297/7E17EB87552F078C/Gere%20Mask.gif",
	    "192.168.1.100:5297", "/7E17EB87552F078C/Gere%20Mask.gif", "Gere Mask.gif");
	/* iChat begins with a line feed */
	expect_url("\nhttp://192.0.2.7:1234/x/a.txt\n", "192.0.2.7:1234", "/x/a.txt", "a.txt");
	expect_url(
	    "HTTP://[fe80::1]:5297/a/b%C3%BC/", "[fe80::1]:5297", "/a/b%C3%BC/", "b\xc3\xbc");
	expect_url("http://[fe80::1%eth0]:5297", "[fe80::1]:5297", "/", "");
	expect_url("http://192.0.2.7/?q=1#part", "192.0.2.7:80", "/?q=1", "");
	/* what was not encoded is */
	expect_url("http://192.0.2.7:9000/a b/\xc3\xbc\" 100%.txt", "192.0.2.7:9000",
	    "/a%20b/%C3%BC%22%20100%25.txt", "\xc3\xbc\" 100%.txt");
	expect_url("http://192.0.2.7:9000/..%2f..%2fetc%00", "192.0.2.7:9000", "/..%2f..%2fetc%00",
	    "../../etc_");
}

static void
f6_other_addresses_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int err;
	} refused[] = {
	    {"", ERR_UNSUPPORTED},
	    {"   ", ERR_UNSUPPORTED},
	    {"file:///etc/passwd", ERR_UNSUPPORTED},
	    {"https://192.0.2.7/", ERR_UNSUPPORTED},
	    {"ftp://192.0.2.7/", ERR_UNSUPPORTED},
	    {"http://localhost:8080/", ERR_UNSUPPORTED},
	    {"http://romeo.local:8080/", ERR_UNSUPPORTED},
	    {"http://2130706433/", ERR_UNSUPPORTED},
	    {"http://0x7f.1/", ERR_UNSUPPORTED},
	    {"http:///x", ERR_UNSUPPORTED},
	    {"http://192.0.2.7@198.51.100.1/", ERR_PROTO},
	    {"http://u:p@192.0.2.7/", ERR_PROTO},
	    {"http://192.0.2.7:/", ERR_PROTO},
	    {"http://192.0.2.7:0/", ERR_PROTO},
	    {"http://192.0.2.7:65536/", ERR_PROTO},
	    {"http://192.0.2.7:99999999999999/", ERR_PROTO},
	    {"http://192.0.2.7:80x/", ERR_PROTO},
	    {"http://[fe80::1/", ERR_PROTO},
	    {"http://[fe80::1]x/", ERR_PROTO},
	    {"http://[192.0.2.7]/", ERR_PROTO},
	    {"http://fe80::1/", ERR_PROTO},
	};
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct http_url u;
		if (http_url_read(refused[i].text, &u) != refused[i].err)
			fail_msg("%s was not refused as it should", refused[i].text);
	}
	char *endless = malloc(100001);
	assert_non_null(endless);
	memset(endless, 'a', 100000);
	endless[100000] = '\0';
	memcpy(endless, "http://192.0.2.7/", 17);
	struct http_url u;
	assert_int_equal(http_url_read(endless, &u), ERR_TOO_BIG);
	/* three times as long once it is encoded */
	memset(endless, 0xc3, 2000);
	endless[2000] = '\0';
	memcpy(endless, "http://192.0.2.7/", 17);
	assert_int_equal(http_url_read(endless, &u), ERR_TOO_BIG);
	free(endless);
}

/* ---- requests ---- */

static struct http_request request;

static int
read_request(const char *text)
{
	size_t used = 0, len = strlen(text);
	int err = http_request_read(text, len, &request, &used);
	if (!err)
		assert_int_equal(used, len);
	/* where it is cut makes no difference */
	for (size_t n = 0; n < len && (!err || err == ERR_UNSUPPORTED); n++) {
		struct http_request other;
		assert_int_equal(http_request_read(text, n, &other, &used), -EAGAIN);
	}
	return err;
}

static void
requests_are_read(void **state)
{
	(void)state;
	assert_int_equal(
	    read_request("GET /7E17/Gere%20Mask.gif HTTP/1.1\r\nHost: 192.0.2.7:5297\r\n\r\n"), 0);
	assert_int_equal(request.method, HTTP_GET);
	assert_string_equal(request.target, "/7E17/Gere%20Mask.gif");
	assert_false(request.applesingle);
	assert_false(request.has_range);

	assert_int_equal(
	    read_request("HEAD / HTTP/1.0\r\naccept-encoding:AppleSingle \r\n\r\n"), 0);
	assert_int_equal(request.method, HTTP_HEAD);
	assert_true(request.applesingle);

	assert_int_equal(
	    read_request("GET / HTTP/1.1\r\nAccept-Encoding: gzip, deflate\r\n\r\n"), 0);
	assert_false(request.applesingle);
	assert_int_equal(read_request("DELETE /x HTTP/1.1\r\n\r\n"), 0);
	assert_int_equal(request.method, HTTP_OTHER);
}

static void
f6_requests_that_make_no_sense_are_refused(void **state)
{
	(void)state;
	static const char *const broken[] = {
	    "\r\n\r\n",
	    "GET\r\n\r\n",
	    "GET / \r\n\r\n",
	    "GET /x\r\n\r\n",
	    "GET x HTTP/1.1\r\n\r\n",
	    "GET http://192.0.2.7/ HTTP/1.1\r\n\r\n",
	    "GET / HTTP/2.0\r\n\r\n",
	    "GET / HTTP/1.1\n\n",
	    "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
	    "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n",
	    "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
	    "GET / HTTP/1.1\r\n: a\r\n\r\n",
	    "GET / HTTP/1.1\r\nnothing\r\n\r\n",
	    "GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n",
	    "\x16\x03\x01\x02\x7f\x01\xfc\x03\x03\r\n\r\n",
	};
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
		if (read_request(broken[i]) != ERR_PROTO)
			fail_msg("request %zu was not refused", i);
	size_t used;
	assert_int_equal(
	    http_request_read("GET /\0x HTTP/1.1\r\n\r\n", 20, &request, &used), ERR_PROTO);
}

static void
heads_without_end_are_refused(void **state)
{
	(void)state;
	struct buf b = BUF_INIT(1 << 20);
	size_t used;
	struct http_answer answer;
	buf_str(&b, "HTTP/1.1 200 OK\r\n");
	while (b.len <= LIMIT_HTTP_HEAD)
		buf_str(
		    &b, "X-Endless: and on and on and on and on and on and on and on and on\r\n");
	assert_int_equal(http_answer_read(b.data, b.len, &answer, &used), ERR_TOO_BIG);
	assert_int_equal(http_request_read(b.data, b.len, &request, &used), ERR_TOO_BIG);
	buf_clear(&b);
	buf_str(&b, "HTTP/1.1 200 OK\r\n");
	for (int i = 0; i <= LIMIT_HTTP_FIELDS; i++)
		buf_str(&b, "X: y\r\n");
	buf_str(&b, "\r\n");
	assert_int_equal(http_answer_read(b.data, b.len, &answer, &used), ERR_TOO_BIG);
	buf_clear(&b);
	buf_str(&b, "GET /");
	while (b.len <= LIMIT_HTTP_TARGET + 5)
		buf_char(&b, 'a');
	buf_str(&b, " HTTP/1.1\r\n\r\n");
	assert_int_equal(http_request_read(b.data, b.len, &request, &used), ERR_TOO_BIG);
	buf_finish(&b);
}

static void
ranges_count_if_they_go_to_the_end(void **state)
{
	(void)state;
	static const struct {
		const char *range;
		bool counts;
		uint64_t from;
	} ranges[] = {
	    {"bytes=0-", true, 0},
	    {"bytes=1000-", true, 1000},
	    {"BYTES=18446744073709551615-", true, UINT64_MAX},
	    {"bytes=18446744073709551616-", false, 0},
	    {"bytes=0-0", false, 0},
	    {"bytes=-5", false, 0},
	    {"bytes=5-,9-", false, 0},
	    {"bytes=--", false, 0},
	    {"bytes=-", false, 0},
	    {"bytes=", false, 0},
	    {"bytes", false, 0},
	    {"", false, 0},
	    {"bytes=0x10-", false, 0},
	    {"bytes=+1-", false, 0},
	    {"bytes= 1-", false, 0},
	    {"lines=1-", false, 0},
	    {"bytes=99999999999999999999999999999999999999-", false, 0},
	};
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		char text[256];
		(void)snprintf(
		    text, sizeof(text), "GET / HTTP/1.1\r\nRange: %s\r\n\r\n", ranges[i].range);
		assert_int_equal(read_request(text), 0);
		if (request.has_range != ranges[i].counts ||
		    (request.has_range && request.from != ranges[i].from))
			fail_msg("range %s", ranges[i].range);
	}
}

/* ---- answers ---- */

static struct http_answer answer;

static int
read_answer(const char *text)
{
	size_t used = 0;
	return http_answer_read(text, strlen(text), &answer, &used);
}

static void
answers_are_read(void **state)
{
	(void)state;
	assert_int_equal(read_answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), 0);
	assert_int_equal(answer.framing, HTTP_LENGTH);
	assert_int_equal(answer.length, 5);
	assert_int_equal(read_answer("HTTP/1.0 200\r\n\r\n"), 0);
	assert_int_equal(answer.framing, HTTP_TO_THE_END);
	/* Salut's server says both */
	assert_int_equal(read_answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
				     "Transfer-Encoding: chunked\r\n\r\n"),
	    0);
	assert_int_equal(answer.framing, HTTP_CHUNKED);
	assert_int_equal(
	    read_answer("HTTP/1.1 200 OK\r\nContent-encoding: AppleSingle\r\n\r\n"), 0);
	assert_true(answer.applesingle);
	assert_int_equal(
	    read_answer("HTTP/1.1 200 OK\r\nContent-Type: application/applesingle\r\n\r\n"), 0);
	assert_true(answer.applesingle);
}

static void
f6_other_answers_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int err;
	} refused[] = {
	    {"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:22/\r\n\r\n", ERR_UNSUPPORTED},
	    {"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n", ERR_UNSUPPORTED},
	    {"HTTP/1.1 404 Not Found\r\n\r\n", -ENOENT},
	    {"HTTP/1.1 500 Oops\r\n\r\n", -ENOENT},
	    {"HTTP/1.1 206 Partial Content\r\n\r\n", -ENOENT},
	    {"HTTP/1.1 204 No Content\r\n\r\n", -ENOENT},
	    {"HTTP/1.1 100 Continue\r\n\r\n", ERR_PROTO},
	    {"HTTP/1.1 20 OK\r\n\r\n", ERR_PROTO},
	    {"HTTP/1.1 2000 OK\r\n\r\n", ERR_PROTO},
	    {"HTTP/1.1  200 OK\r\n\r\n", ERR_PROTO},
	    {"ICY 200 OK\r\n\r\n", ERR_PROTO},
	    {"\r\n\r\n", ERR_PROTO},
	    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", ERR_PROTO},
	    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", ERR_PROTO},
	    {"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n", ERR_PROTO},
	    {"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", ERR_PROTO},
	    {"HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n", ERR_PROTO},
	    {"HTTP/1.1 200 OK\r\nContent-Length: 0x1\r\n\r\n", ERR_PROTO},
	    {"HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n", ERR_PROTO},
	    {"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\n", ERR_PROTO},
	    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", ERR_UNSUPPORTED},
	    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", ERR_UNSUPPORTED},
	    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
		ERR_PROTO},
	    {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", ERR_UNSUPPORTED},
	};
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (read_answer(refused[i].text) != refused[i].err)
			fail_msg("answer %zu was not refused as it should", i);
}

/* ---- content ---- */

static int
take(void *ctx, const void *data, size_t len)
{
	buf_add(ctx, data, len);
	return buf_err(ctx);
}

/* In pieces of one size; then the connection ends. */
static int
feed(const struct http_answer *a, const char *data, size_t len, size_t piece, struct buf *out)
{
	struct http_body b;
	http_body_init(&b, a);
	buf_clear(out);
	for (size_t at = 0; at < len; at += piece) {
		size_t n = len - at < piece ? len - at : piece;
		int err = http_body_feed(&b, data + at, n, take, out);
		if (err)
			return err;
	}
	return http_body_end(&b);
}

static void
expect_content(const struct http_answer *a, const char *data, size_t len, int err, const char *text)
{
	for (size_t piece = 1; piece <= len + 1; piece++) {
		struct buf out = BUF_INIT(1 << 16);
		assert_int_equal(feed(a, data, len, piece, &out), err);
		if (!err)
			assert_string_equal(buf_cstr(&out), text);
		buf_finish(&out);
	}
}

static const struct http_answer chunked = {.framing = HTTP_CHUNKED};

static void
expect_chunks(const char *data, int err, const char *text)
{
	expect_content(&chunked, data, strlen(data), err, text);
}

static void
chunks_are_put_together(void **state)
{
	(void)state;
	expect_chunks("5\r\nhello\r\n0\r\n\r\n", 0, "hello");
	expect_chunks("5\r\nhello\r\n6;a=b\r\n world\r\n0\r\n\r\n", 0, "hello world");
	expect_chunks("00005 \r\nhello\r\n0;last\r\nX-Sum: 1\r\nY: 2\r\n\r\n", 0, "hello");
	expect_chunks(
	    "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\nmore", 0, "01234567890123456789");
	expect_chunks("0\r\n\r\n", 0, "");
}

static void
chunks_that_lie_are_refused(void **state)
{
	(void)state;
	expect_chunks("", ERR_CLOSED, NULL);
	expect_chunks("5\r\nhel", ERR_CLOSED, NULL);
	expect_chunks("5\r\nhello\r\n", ERR_CLOSED, NULL);
	expect_chunks("5\r\nhello\r\n0\r\n", ERR_CLOSED, NULL);
	expect_chunks("5\r\nhelloworld\r\n0\r\n\r\n", ERR_PROTO, NULL);
	expect_chunks("5\nhello\r\n0\r\n\r\n", ERR_PROTO, NULL);
	expect_chunks("\r\nhello", ERR_PROTO, NULL);
	expect_chunks("-5\r\nhello\r\n", ERR_PROTO, NULL);
	expect_chunks("0x5\r\nhello\r\n", ERR_PROTO, NULL);
	expect_chunks(" 5\r\nhello\r\n", ERR_PROTO, NULL);
	/* 2^64 and more, which a counter would take for little */
	expect_chunks("10000000000000005\r\nhello\r\n0\r\n\r\n", ERR_PROTO, NULL);
	expect_chunks("FFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n", ERR_PROTO, NULL);
	expect_chunks("0000000000000005\r\nhello\r\n0\r\n\r\n", ERR_PROTO, NULL);
	expect_chunks("5;\n\r\nhello\r\n0\r\n\r\n", ERR_PROTO, NULL);
	expect_chunks("0\r\nA: b\n\r\n\r\n", ERR_PROTO, NULL);
	expect_chunks("0\r\n\rX", ERR_PROTO, NULL);
}

static void
chunks_with_endless_framing_are_refused(void **state)
{
	(void)state;
	struct buf b = BUF_INIT(1 << 16), out = BUF_INIT(1 << 16);
	buf_str(&b, "5;");
	for (int i = 0; i < LIMIT_HTTP_CHUNK_LINE + 1; i++)
		buf_char(&b, 'x');
	assert_int_equal(feed(&chunked, b.data, b.len, 7, &out), ERR_TOO_BIG);
	buf_clear(&b);
	buf_str(&b, "0\r\n");
	for (int i = 0; i < LIMIT_HTTP_TRAILER + 1; i++)
		buf_char(&b, 'x');
	assert_int_equal(feed(&chunked, b.data, b.len, 7, &out), ERR_TOO_BIG);
	buf_finish(&b);
	buf_finish(&out);
}

static void
a_length_is_kept_to(void **state)
{
	(void)state;
	struct http_answer five = {.framing = HTTP_LENGTH, .length = 5};
	struct http_answer none = {.framing = HTTP_LENGTH, .length = 0};
	struct http_answer open = {.framing = HTTP_TO_THE_END};
	expect_content(&five, "hello", 5, 0, "hello");
	expect_content(&five, "hello world", 11, 0, "hello");
	expect_content(&five, "hell", 4, ERR_CLOSED, NULL);
	expect_content(&none, "", 0, 0, "");
	expect_content(&open, "hello", 5, 0, "hello");
}

static void
applesingle_comes_out_of_chunks(void **state)
{
	(void)state;
	static const char whole[] = "\x00\x05\x16\x00\x00\x02\x00\x00"
				    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
				    "\x00\x01"
				    "\x00\x00\x00\x01\x00\x00\x00\x26\x00\x00\x00\x05"
				    "hello";
	struct http_answer apple = {
	    .framing = HTTP_LENGTH, .length = sizeof(whole) - 1, .applesingle = true};
	expect_content(&apple, whole, sizeof(whole) - 1, 0, "hello");
	apple.length--;
	expect_content(&apple, whole, sizeof(whole) - 1, ERR_PROTO, NULL);
	apple.framing = HTTP_TO_THE_END;
	expect_content(&apple, whole, sizeof(whole) - 1, 0, "hello");
	expect_content(&apple, whole, sizeof(whole) - 2, ERR_CLOSED, NULL);
	struct buf b = BUF_INIT(1000);
	buf_str(&b, "14\r\n");
	buf_add(&b, whole, 20);
	buf_str(&b, "\r\n17\r\n");
	buf_add(&b, whole + 20, sizeof(whole) - 21);
	buf_str(&b, "\r\n0\r\n\r\n");
	apple.framing = HTTP_CHUNKED;
	expect_content(&apple, b.data, b.len, 0, "hello");
	buf_finish(&b);
}

/* ---- what we write ---- */

static void
files_are_announced(void **state)
{
	(void)state;
	struct buf b = BUF_INIT(4096);
	http_file_write(&b, &(struct http_file){.name = "a \"b\"\r\n.txt", .size = 1000});
	assert_non_null(strstr(b.data, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n"));
	assert_non_null(strstr(b.data, "filename*=UTF-8''a%20%22b%22%0D%0A.txt\r\n"));
	assert_int_equal(read_answer(b.data), 0);
	assert_int_equal(answer.length, 1000);
	buf_clear(&b);
	http_file_write(&b, &(struct http_file){.name = "a", .size = 1000, .from = 10});
	assert_non_null(strstr(b.data, "HTTP/1.1 206 "));
	assert_non_null(
	    strstr(b.data, "Content-Length: 990\r\nContent-Range: bytes 10-999/1000\r\n"));
	buf_clear(&b);
	http_file_write(&b, &(struct http_file){.name = "a", .size = 1000, .applesingle = true});
	assert_int_equal(read_answer(b.data), 0);
	assert_int_equal(answer.length, 1038);
	assert_true(answer.applesingle);
	buf_clear(&b);
	http_refusal_write(&b, 416, 1000);
	assert_non_null(strstr(b.data, "Content-Range: bytes */1000\r\n"));
	buf_clear(&b);
	struct http_url u;
	assert_int_equal(http_url_read("http://[fe80::1]:5297/a b", &u), 0);
	http_request_write(&b, &u, u.path);
	assert_int_equal(read_request(b.data), 0);
	assert_string_equal(request.target, "/a%20b");
	buf_finish(&b);
}

/* Nothing of it crashes, and nothing is read that is not there: for the sanitizers. */
static void
noise_is_survived(void **state)
{
	(void)state;
	static const char *const words[] = {"HTTP/1.1 200 OK", "GET / HTTP/1.1", "\r\n", "\r\n\r\n",
	    "Content-Length: 12", "Transfer-Encoding: chunked", "5", "hello", ";", ":", "\0", "0",
	    "ffffffffffffff", "Content-Encoding: AppleSingle"};
	for (int round = 0; round < 20000; round++) {
		struct buf b = BUF_INIT(1 << 16), out = BUF_INIT(1 << 16);
		for (uint32_t n = random_below(12); n > 0; n--) {
			const char *word = words[random_below(sizeof(words) / sizeof(words[0]))];
			buf_add(&b, word, strlen(word) + (random_below(20) == 0));
		}
		char *exact = malloc(b.len ? b.len : 1);
		size_t used = 0;
		assert_non_null(exact);
		if (b.len)
			memcpy(exact, b.data, b.len);
		(void)!http_request_read(exact, b.len, &request, &used);
		if (http_answer_read(exact, b.len, &answer, &used) == 0)
			(void)!feed(&answer, exact + used, b.len - used, 1 + random_below(9), &out);
		free(exact);
		buf_finish(&b);
		buf_finish(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(addresses_of_old_clients_are_read),
	    cmocka_unit_test(f6_other_addresses_are_refused),
	    cmocka_unit_test(requests_are_read),
	    cmocka_unit_test(f6_requests_that_make_no_sense_are_refused),
	    cmocka_unit_test(heads_without_end_are_refused),
	    cmocka_unit_test(ranges_count_if_they_go_to_the_end),
	    cmocka_unit_test(answers_are_read),
	    cmocka_unit_test(f6_other_answers_are_refused),
	    cmocka_unit_test(chunks_are_put_together),
	    cmocka_unit_test(chunks_that_lie_are_refused),
	    cmocka_unit_test(chunks_with_endless_framing_are_refused),
	    cmocka_unit_test(a_length_is_kept_to),
	    cmocka_unit_test(applesingle_comes_out_of_chunks),
	    cmocka_unit_test(files_are_announced),
	    cmocka_unit_test(noise_is_survived),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
