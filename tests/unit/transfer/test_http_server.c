/* The server, with clients of the test's own. */
#include "base/err.h"
#include "base/limits.h"
#include "transfer/carrier.h"
#include "transfer/http.h"
#include "transfer/http_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct {
	uv_loop_t loop;
	struct http_server *server;
	struct http_url url;
	char wanted[INET_ADDRSTRLEN]; /* who may come */
	unsigned gets;
	uint64_t from;
	bool keep; /* the link, else it is closed */
	struct carrier_link link;
} at;

static bool
may_come(void *ctx, const struct sockaddr_storage *from)
{
	char text[INET_ADDRSTRLEN];
	struct sockaddr_in in;
	(void)ctx;
	memcpy(&in, from, sizeof(in));
	return inet_ntop(AF_INET, &in.sin_addr, text, sizeof(text)) && strcmp(text, at.wanted) == 0;
}

static bool
is_free(void *ctx)
{
	(void)ctx;
	return at.link.fd < 0;
}

static void
on_get(void *ctx, uint64_t from, struct carrier_link *link)
{
	(void)ctx;
	at.gets++;
	at.from = from;
	if (at.keep)
		carrier_link_move(&at.link, link);
	else
		(void)!send(link->fd, "the file", 8, MSG_NOSIGNAL);
}

static const struct http_server_listener listener = {
    .may_come = may_come, .is_free = is_free, .on_get = on_get};

static int
set_up(void **state)
{
	(void)state;
	struct sockaddr_storage local = {0};
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct buf url = BUF_INIT(1000);
	memcpy(&local, &in, sizeof(in));
	memset(&at, 0, sizeof(at));
	carrier_link_init(&at.link);
	(void)snprintf(at.wanted, sizeof(at.wanted), "127.0.0.1");
	if (uv_loop_init(&at.loop))
		return -1;
	const struct http_server_config config = {
	    .local = &local, .name = "a & b.txt", .size = 8, .l = &listener};
	if (http_server_create(&at.loop, &config, &at.server))
		return -1;
	http_server_url(at.server, &url);
	int err = http_url_read(buf_cstr(&url), &at.url);
	buf_finish(&url);
	return err;
}

static int
tear_down(void **state)
{
	(void)state;
	carrier_link_finish(&at.link);
	http_server_close(at.server);
	(void)uv_run(&at.loop, UV_RUN_DEFAULT);
	return uv_loop_close(&at.loop);
}

static int
connect_from(const char *source)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(inet_pton(AF_INET, source, &in.sin_addr), 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&at.url.at, sizeof(in)), 0);
	return fd;
}

/* What is answered until the connection ends; "" also if it is cut. */
static const char *
hear(int fd)
{
	static char text[8192];
	size_t len = 0;
	for (int i = 0; i < 3000; i++) {
		(void)uv_run(&at.loop, UV_RUN_NOWAIT);
		ssize_t n = recv(fd, text + len, sizeof(text) - 1 - len, MSG_DONTWAIT);
		if (n > 0)
			len += (size_t)n;
		else if (n == 0 || errno != EAGAIN)
			break;
		else
			(void)poll(NULL, 0, 1);
	}
	text[len] = '\0';
	(void)close(fd);
	return text;
}

static const char *ask(const char *format, ...) PRINTF_LIKE(1, 2);

static const char *
ask(const char *format, ...)
{
	char request[8192];
	va_list ap;
	va_start(ap, format);
	(void)vsnprintf(request, sizeof(request), format, ap);
	va_end(ap);
	int fd = connect_from("127.0.0.1");
	assert_true(send(fd, request, strlen(request), MSG_NOSIGNAL) > 0);
	return hear(fd);
}

static void
expect(const char *answer, const char *beginning)
{
	if (strncmp(answer, beginning, strlen(beginning)) != 0)
		fail_msg("%s instead of %s", answer, beginning);
}

static void
the_path_cannot_be_guessed(void **state)
{
	(void)state;
	assert_int_equal(strcspn(at.url.path + 1, "/"), 32); /* 128 bits */
	assert_string_equal(at.url.path + 33, "/a%20%26%20b.txt");
	expect(ask("GET / HTTP/1.1\r\n\r\n"), "HTTP/1.1 404 ");
	expect(ask("GET /a%%20%%26%%20b.txt HTTP/1.1\r\n\r\n"), "HTTP/1.1 404 ");
	expect(ask("GET /0123456789abcdef0123456789abcdef/a HTTP/1.1\r\n\r\n"), "HTTP/1.1 404 ");
	expect(ask("GET %.32s/a HTTP/1.1\r\n\r\n", at.url.path), "HTTP/1.1 404 ");
	expect(ask("GET %.33s HTTP/1.1\r\n\r\n", at.url.path), "HTTP/1.1 404 ");
	assert_int_equal(at.gets, 0);
}

static void
a_file_is_given(void **state)
{
	(void)state;
	const char *answer = ask("GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", at.url.path, at.url.host);
	expect(answer, "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n");
	assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\nthe file");
	assert_int_equal(at.gets, 1);
	assert_int_equal(at.from, 0);
	/* the name as other clients spell it */
	expect(ask("GET %.33s/a%%20&%%20b.txt HTTP/1.0\r\n\r\n", at.url.path), "HTTP/1.1 200 OK");
	assert_int_equal(at.gets, 2);
}

static void
a_head_is_answered_without_a_file(void **state)
{
	(void)state;
	const char *answer = ask("HEAD %s HTTP/1.1\r\n\r\n", at.url.path);
	expect(answer, "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n");
	assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
	assert_int_equal(at.gets, 0);
}

static void
ranges_are_given(void **state)
{
	(void)state;
	expect(ask("GET %s HTTP/1.1\r\nRange: bytes=3-\r\n\r\n", at.url.path),
	    "HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\nContent-Range: bytes 3-7/8\r\n");
	assert_int_equal(at.from, 3);
	expect(ask("GET %s HTTP/1.1\r\nRange: bytes=8-\r\n\r\n", at.url.path), "HTTP/1.1 416 ");
	expect(ask("GET %s HTTP/1.1\r\nRange: bytes=99999999999999999999-\r\n\r\n", at.url.path),
	    "HTTP/1.1 200 ");
	assert_int_equal(at.from, 0);
	assert_int_equal(at.gets, 2);
}

static void
applesingle_is_given_when_asked_for(void **state)
{
	(void)state;
	const char *answer =
	    ask("GET %s HTTP/1.1\r\nAccept-Encoding: AppleSingle\r\nRange: bytes=3-\r\n\r\n",
		at.url.path);
	expect(
	    answer, "HTTP/1.1 200 OK\r\nContent-Length: 46\r\nContent-Encoding: AppleSingle\r\n");
	const char *body = strstr(answer, "\r\n\r\n") + 4;
	assert_memory_equal(body, "\x00\x05\x16\x00\x00\x02\x00\x00", 8);
	assert_string_equal(body + 38, "the file");
}

static void
other_methods_and_nonsense_are_refused(void **state)
{
	(void)state;
	expect(ask("POST %s HTTP/1.1\r\n\r\n", at.url.path), "HTTP/1.1 501 ");
	expect(ask("hello\r\n\r\n"), "HTTP/1.1 400 ");
	expect(ask("GET http://127.0.0.1%s HTTP/1.1\r\n\r\n", at.url.path), "HTTP/1.1 400 ");
	assert_int_equal(at.gets, 0);
}

static void
a_head_without_end_is_refused(void **state)
{
	(void)state;
	char junk[1024];
	memset(junk, 'x', sizeof(junk));
	int fd = connect_from("127.0.0.1");
	(void)!send(fd, "GET /", 5, MSG_NOSIGNAL);
	for (int i = 0; i < 9; i++)
		(void)!send(fd, junk, sizeof(junk), MSG_NOSIGNAL);
	(void)hear(fd);
	assert_int_equal(at.gets, 0);
}

static void
f6_others_are_not_heard(void **state)
{
	(void)state;
	int fd = connect_from("127.0.0.2");
	(void)!send(fd, "GET ", 4, MSG_NOSIGNAL);
	assert_string_equal(hear(fd), "");
	/* nor do they take anybody's place */
	int others[32];
	for (int i = 0; i < 32; i++) {
		others[i] = connect_from("127.0.0.3");
		(void)uv_run(&at.loop, UV_RUN_NOWAIT);
	}
	expect(ask("GET %s HTTP/1.1\r\n\r\n", at.url.path), "HTTP/1.1 200 OK");
	for (int i = 0; i < 32; i++)
		(void)close(others[i]);
	assert_int_equal(at.gets, 1);
}

static void
those_who_say_nothing_are_few(void **state)
{
	(void)state;
	int silent[LIMIT_HTTP_CLIENTS];
	for (int i = 0; i < LIMIT_HTTP_CLIENTS; i++)
		silent[i] = connect_from("127.0.0.1");
	for (int i = 0; i < 50; i++)
		(void)uv_run(&at.loop, UV_RUN_NOWAIT);
	assert_string_equal(ask("GET %s HTTP/1.1\r\n\r\n", at.url.path), "");
	for (int i = 0; i < LIMIT_HTTP_CLIENTS; i++)
		(void)close(silent[i]);
	for (int i = 0; i < 50; i++)
		(void)uv_run(&at.loop, UV_RUN_NOWAIT);
	expect(ask("GET %s HTTP/1.1\r\n\r\n", at.url.path), "HTTP/1.1 200 OK");
}

static void
what_was_given_away_outlives_the_server(void **state)
{
	(void)state;
	at.keep = true;
	char request[8192];
	int fd = connect_from("127.0.0.1");
	(void)snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\n\r\n", at.url.path);
	(void)!send(fd, request, strlen(request), MSG_NOSIGNAL);
	for (int i = 0; !at.gets && i < 1000; i++) {
		(void)uv_run(&at.loop, UV_RUN_NOWAIT);
		(void)poll(NULL, 0, 1);
	}
	assert_int_equal(at.gets, 1);
	expect(ask("GET %s HTTP/1.1\r\n\r\n", at.url.path), "HTTP/1.1 503 ");
	http_server_close(at.server);
	at.server = NULL;
	(void)uv_run(&at.loop, UV_RUN_DEFAULT);
	assert_int_equal(send(at.link.fd, "the file", 8, MSG_NOSIGNAL), 8);
	carrier_link_finish(&at.link);
	const char *answer = hear(fd);
	assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\nthe file");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(the_path_cannot_be_guessed, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_file_is_given, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_head_is_answered_without_a_file, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(ranges_are_given, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(applesingle_is_given_when_asked_for, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		other_methods_and_nonsense_are_refused, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_head_without_end_is_refused, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(f6_others_are_not_heard, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(those_who_say_nothing_are_few, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		what_was_given_away_outlives_the_server, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
