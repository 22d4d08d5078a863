/* Fetching, from a server of the test's own that says whatever a test wants. */
#include "base/err.h"
#include "base/limits.h"
#include "transfer/carrier.h"
#include "transfer/http.h"
#include "transfer/http_fetch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- a server ---- */

enum { ANSWERS = 8 };

static struct server {
	int fd;
	uint16_t port;
	pthread_t thread;
	const char *answers[ANSWERS]; /* one for each connection, in this order */
	size_t lens[ANSWERS];
	char asked[ANSWERS][256]; /* the first line of each request */
	size_t count;
	bool hang; /* says nothing more, and does not close */
	int hung;
} server;

static void
answer_one(size_t n)
{
	char request[4096];
	size_t len = 0;
	int fd = accept(server.fd, NULL, NULL);
	if (fd < 0)
		return;
	while (len < sizeof(request) - 1) {
		ssize_t got = recv(fd, request + len, sizeof(request) - 1 - len, 0);
		if (got <= 0)
			break;
		len += (size_t)got;
		request[len] = '\0';
		if (strstr(request, "\r\n\r\n"))
			break;
	}
	request[strcspn(request, "\r")] = '\0';
	(void)snprintf(server.asked[n], sizeof(server.asked[n]), "%.255s", request);
	for (size_t at = 0; at < server.lens[n];) {
		ssize_t sent = send(fd, server.answers[n] + at, server.lens[n] - at, MSG_NOSIGNAL);
		if (sent <= 0)
			break;
		at += (size_t)sent;
	}
	if (server.hang)
		server.hung = fd;
	else
		(void)close(fd);
}

static void *
serve(void *arg)
{
	(void)arg;
	for (size_t n = 0; n < server.count; n++)
		answer_one(n);
	return NULL;
}

static void
will_answer(const char *text, size_t len)
{
	server.answers[server.count] = text;
	server.lens[server.count++] = len ? len : strlen(text);
}

static void
start_server(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	server.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(server.fd >= 0);
	assert_int_equal(bind(server.fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(server.fd, 8), 0);
	assert_int_equal(getsockname(server.fd, (struct sockaddr *)&at, &len), 0);
	server.port = ntohs(at.sin_port);
	assert_int_equal(pthread_create(&server.thread, NULL, serve, NULL), 0);
}

static int
tear_down(void **state)
{
	(void)state;
	if (server.fd > 0) {
		(void)shutdown(server.fd, SHUT_RDWR);
		(void)pthread_join(server.thread, NULL);
		(void)close(server.fd);
	}
	if (server.hung > 0)
		(void)close(server.hung);
	server = (struct server){0};
	return 0;
}

/* ---- fetching ---- */

static struct {
	bool fetched;
	int err;
	struct buf got;
	int end; /* of what was handed on: 0 or an errno */
} outcome;

static void
on_fetched(void *ctx, int err)
{
	(void)ctx;
	outcome.fetched = true;
	outcome.err = err;
}

static void
read_link(int fd, bool *open)
{
	char data[65536];
	ssize_t n = recv(fd, data, sizeof(data), MSG_DONTWAIT);
	if (n > 0)
		buf_add(&outcome.got, data, (size_t)n);
	else if (n == 0 || errno != EAGAIN) {
		outcome.end = n == 0 ? 0 : errno;
		*open = false;
	}
}

static void
fetch_sized(const char *path, bool folder, uint64_t size)
{
	struct http_url url;
	struct http_fetch *f;
	struct carrier_link link;
	uv_loop_t loop;
	char text[256];
	bool open = true;
	buf_finish(&outcome.got);
	memset(&outcome, 0, sizeof(outcome));
	outcome.got = BUF_INIT(1 << 24);
	(void)snprintf(text, sizeof(text), "http://127.0.0.1:%u%s", server.port, path);
	assert_int_equal(http_url_read(text, &url), 0);
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(
	    http_fetch_start(&loop, &url, folder, size, on_fetched, NULL, &link, &f), 0);
	for (int i = 0; (open || !outcome.fetched) && i < 100000; i++) {
		(void)uv_run(&loop, UV_RUN_NOWAIT);
		if (open)
			read_link(link.fd, &open);
		(void)poll(NULL, 0, open ? 0 : 1);
	}
	carrier_link_finish(&link);
	assert_true(outcome.fetched);
	assert_false(open);
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
}

static void
fetch_at(const char *path, bool folder)
{
	fetch_sized(path, folder, HTTP_SIZE_UNKNOWN);
}

static void
fetch(void)
{
	start_server();
	fetch_at("/x/a%20b", false);
}

static void
expect_got(const char *text)
{
	assert_int_equal(outcome.err, 0);
	assert_int_equal(outcome.end, 0);
	assert_string_equal(buf_cstr(&outcome.got), text);
}

/* Whatever came before, what follows is no end. */
static void
expect_failed(int err)
{
	assert_int_equal(outcome.err, err);
	assert_int_equal(outcome.end, ECONNRESET);
}

static void
a_file_is_fetched(void **state)
{
	(void)state;
	will_answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 0);
	fetch();
	expect_got("hello");
	assert_string_equal(server.asked[0], "GET /x/a%20b HTTP/1.1");
}

static void
an_empty_file_is_fetched(void **state)
{
	(void)state;
	will_answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0);
	fetch();
	expect_got("");
}

static void
a_file_that_ends_with_the_connection_is_fetched(void **state)
{
	(void)state;
	will_answer("HTTP/1.0 200 OK\r\n\r\nhello", 0);
	fetch();
	expect_got("hello");
}

static void
chunks_count_before_a_length(void **state)
{
	(void)state;
	will_answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
		    "5\r\nhello\r\n0\r\n\r\n",
	    0);
	fetch();
	expect_got("hello");
}

static void
much_is_fetched(void **state)
{
	(void)state;
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 4000000\r\n\r\n";
	size_t len = strlen(head) + 4000000;
	char *text = malloc(len);
	assert_non_null(text);
	(void)snprintf(text, len, "%s", head);
	memset(text + strlen(head), 'x', 4000000);
	will_answer(text, len);
	fetch();
	assert_int_equal(outcome.err, 0);
	assert_int_equal(outcome.end, 0);
	assert_int_equal(outcome.got.len, 4000000);
	free(text);
}

static void
f6_a_redirect_is_refused(void **state)
{
	(void)state;
	will_answer("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:22/\r\n\r\n", 0);
	fetch();
	expect_failed(ERR_UNSUPPORTED);
}

static void
a_length_that_lies_is_no_end(void **state)
{
	(void)state;
	will_answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", 0);
	fetch();
	expect_failed(ERR_CLOSED);
	assert_string_equal(buf_cstr(&outcome.got), "hello");
}

/* The bytes that were promised have come, but not the end of the answer; or it goes on. */
static void
a_file_is_as_long_as_it_was_offered(void **state)
{
	(void)state;
	will_answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		    "5\r\nhello\r\n0\r\n\r\n",
	    0);
	start_server();
	fetch_sized("/x", false, 5);
	expect_got("hello");
	static const char *const lies[] = {
	    "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello!",
	    "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhell",
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello!\r\n0\r\n\r\n",
	    "HTTP/1.0 200 OK\r\n\r\nhell",
	    "HTTP/1.0 200 OK\r\n\r\nhello!",
	};
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		(void)tear_down(NULL);
		will_answer(lies[i], 0);
		start_server();
		fetch_sized("/x", false, 5);
		expect_failed(i == 2 ? ERR_CLOSED : ERR_PROTO);
		assert_true(outcome.got.len < 5);
	}
}

static void
two_lengths_are_refused(void **state)
{
	(void)state;
	will_answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 4\r\n\r\nhello", 0);
	fetch();
	expect_failed(ERR_PROTO);
}

static void
a_chunk_that_overflows_is_refused(void **state)
{
	(void)state;
	will_answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		    "5\r\nhello\r\n10000000000000001\r\nx\r\n0\r\n\r\n",
	    0);
	fetch();
	expect_failed(ERR_PROTO);
}

static void
a_head_without_end_is_refused(void **state)
{
	(void)state;
	char *text = malloc(200000);
	assert_non_null(text);
	for (size_t i = 0; i < 200000; i++)
		text[i] = "X: y\r\n"[i % 6];
	(void)snprintf(text, 200000, "HTTP/1.1 200 OK\r\n");
	text[strlen(text)] = 'X';
	will_answer(text, 200000);
	fetch();
	assert_true(outcome.err == ERR_TOO_BIG || outcome.err == ERR_PROTO);
	assert_int_equal(outcome.end, ECONNRESET);
	assert_int_equal(outcome.got.len, 0);
	free(text);
}

static void
nothing_there_is_told(void **state)
{
	(void)state;
	will_answer("HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nhello", 0);
	fetch();
	expect_failed(-ENOENT);
	assert_int_equal(outcome.got.len, 0);
}

static void
nobody_there_is_told(void **state)
{
	(void)state;
	start_server();
	(void)close(server.fd);
	server.fd = 0;
	(void)pthread_join(server.thread, NULL);
	fetch_at("/x", false);
	expect_failed(-ECONNREFUSED);
}

static void
a_slow_server_can_be_left(void **state)
{
	(void)state;
	struct http_url url;
	struct http_fetch *f;
	struct carrier_link link;
	uv_loop_t loop;
	char text[64], data[64];
	server.hang = true;
	will_answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", 0);
	start_server();
	(void)snprintf(text, sizeof(text), "http://127.0.0.1:%u/x", server.port);
	assert_int_equal(http_url_read(text, &url), 0);
	assert_int_equal(uv_loop_init(&loop), 0);
	outcome.fetched = false;
	assert_int_equal(http_fetch_start(&loop, &url, false, 10, on_fetched, NULL, &link, &f), 0);
	struct pollfd p = {.fd = link.fd, .events = POLLIN};
	assert_int_equal(poll(&p, 1, 5000), 1);
	assert_int_equal(recv(link.fd, data, sizeof(data), 0), 5);
	http_fetch_stop(f);
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	assert_false(outcome.fetched);
	assert_int_equal(recv(link.fd, data, sizeof(data), 0), -1);
	assert_int_equal(errno, ECONNRESET);
	carrier_link_finish(&link);
	assert_int_equal(uv_loop_close(&loop), 0);
}

/* ---- folders ---- */

#define XML(text)     "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n" text
#define FILE_OF(text) "HTTP/1.0 200 OK\r\n\r\n" text

static void
a_folder_is_fetched(void **state)
{
	(void)state;
	will_answer(XML("<dir posixflags='01ED'><name>f</name>"
			"<file posixflags='01A4' size='5'><name>b &amp; c.txt</name></file>"
			"<dir><name>a</name><file size='2'><name>x</name></file></dir>"
			"<file size='0'><name>empty</name></file></dir>"),
	    0);
	will_answer(FILE_OF("hi"), 0);
	will_answer(FILE_OF("hello"), 0);
	start_server();
	fetch_at("/7E17/f/", true);
	assert_int_equal(outcome.err, 0);
	assert_int_equal(outcome.end, 0);
	assert_string_equal(server.asked[0], "GET /7E17/f/ HTTP/1.1");
	assert_string_equal(server.asked[1], "GET /7E17/f/a/x HTTP/1.1");
	assert_string_equal(server.asked[2], "GET /7E17/f/b%20%26%20c.txt HTTP/1.1");
	assert_memory_equal(outcome.got.data, "earshot-tree 1\n", 16);
	assert_string_equal(outcome.got.data + outcome.got.len - 7, "hihello");
}

static void
f1_a_folder_with_names_that_lead_elsewhere_is_refused(void **state)
{
	(void)state;
	will_answer(
	    XML("<dir><name>f</name><file size='5'><name>../../.ssh/x</name></file></dir>"), 0);
	start_server();
	fetch_at("/f/", true);
	expect_failed(ERR_PROTO);
	assert_int_equal(outcome.got.len, 0);
}

static void
files_that_are_not_as_long_as_listed_are_refused(void **state)
{
	(void)state;
	will_answer(XML("<dir><file size='5'><name>a</name></file></dir>"), 0);
	will_answer(FILE_OF("hell"), 0);
	start_server();
	fetch_at("/f/", true);
	expect_failed(ERR_PROTO);
	(void)tear_down(NULL);
	will_answer(XML("<dir><file size='5'><name>a</name></file></dir>"), 0);
	will_answer(FILE_OF("hello!"), 0);
	start_server();
	fetch_at("/f/", true);
	expect_failed(ERR_PROTO);
}

static int
finish(void **state)
{
	(void)state;
	buf_finish(&outcome.got);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(a_file_is_fetched, tear_down),
	    cmocka_unit_test_teardown(an_empty_file_is_fetched, tear_down),
	    cmocka_unit_test_teardown(a_file_that_ends_with_the_connection_is_fetched, tear_down),
	    cmocka_unit_test_teardown(chunks_count_before_a_length, tear_down),
	    cmocka_unit_test_teardown(much_is_fetched, tear_down),
	    cmocka_unit_test_teardown(f6_a_redirect_is_refused, tear_down),
	    cmocka_unit_test_teardown(a_length_that_lies_is_no_end, tear_down),
	    cmocka_unit_test_teardown(a_file_is_as_long_as_it_was_offered, tear_down),
	    cmocka_unit_test_teardown(two_lengths_are_refused, tear_down),
	    cmocka_unit_test_teardown(a_chunk_that_overflows_is_refused, tear_down),
	    cmocka_unit_test_teardown(a_head_without_end_is_refused, tear_down),
	    cmocka_unit_test_teardown(nothing_there_is_told, tear_down),
	    cmocka_unit_test_teardown(nobody_there_is_told, tear_down),
	    cmocka_unit_test_teardown(a_slow_server_can_be_left, tear_down),
	    cmocka_unit_test_teardown(a_folder_is_fetched, tear_down),
	    cmocka_unit_test_teardown(
		f1_a_folder_with_names_that_lead_elsewhere_is_refused, tear_down),
	    cmocka_unit_test_teardown(files_that_are_not_as_long_as_listed_are_refused, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, finish);
}
