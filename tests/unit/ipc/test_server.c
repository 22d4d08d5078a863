#define _GNU_SOURCE /* mkdtemp */
#include "harness.h"

static void
l1_the_socket_is_for_its_owner_alone(void **state)
{
	struct harness *h = *state;
	struct stat st;
	assert_int_equal(stat(h->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

/* A client with much to do does not take another's turn. */
static void
l3_a_busy_client_leaves_others_their_turn(void **state)
{
	struct harness *h = *state;
	int busy = greeted(h);
	int other = greeted(h);
	struct buf calls = BUF_INIT(1 << 20);
	for (int i = 0; i < 10 * LIMIT_CLIENT_TURN; i++)
		buf_str(&calls, V "\"method\":\"echo\"}\n");
	assert_true(send(busy, calls.data, calls.len, MSG_NOSIGNAL) == (ssize_t)calls.len);
	buf_finish(&calls);
	turn(h, 1);
	assert_true(h->runs <= 2 * LIMIT_CLIENT_TURN);
	static const char hold[] = V "\"id\":1,\"method\":\"hold\"}\n";
	assert_true(send(other, hold, sizeof(hold) - 1, MSG_NOSIGNAL) > 0);
	turn(h, 2);
	assert_int_equal(h->held_count, 1);
	assert_true(h->runs < 10 * LIMIT_CLIENT_TURN);
	turn(h, 20);
	assert_int_equal(h->runs, 10 * LIMIT_CLIENT_TURN);
	close(busy);
	close(other);
}

static void
l3_limits_clients(void **state)
{
	struct harness *h = *state;
	int fds[LIMIT_CLIENTS];
	for (int i = 0; i < LIMIT_CLIENTS; i++)
		fds[i] = greeted(h);
	assert_int_equal(ipc_server_clients(h->server), LIMIT_CLIENTS);
	int more = raw_connect(h);
	assert_non_null(strstr(raw_line(h, more), "\"reason\":\"busy\""));
	expect(h, more, "");
	close(more);
	close(fds[0]);
	turn(h, 5);
	fds[0] = greeted(h);
	for (int i = 0; i < LIMIT_CLIENTS; i++)
		close(fds[i]);
}

static void
l1_another_user_is_turned_away_unheard(void **state)
{
	struct harness *h = *state;
	h->server->uid++; /* as good as if we were somebody else */
	int fd = raw_connect(h);
	(void)send(
	    fd, V "\"id\":0,\"method\":\"hello\",\"params\":{\"protocol\":1}}\n", 60, MSG_NOSIGNAL);
	expect(h, fd, "");
	assert_int_equal(ipc_server_clients(h->server), 0);
	close(fd);
}

static void
l2_a_second_server_is_refused(void **state)
{
	struct harness *h = *state;
	struct ipc_server *second;
	bool was_closed = h->closed;
	assert_int_equal(ipc_server_create(&h->loop, &second), 0);
	assert_int_equal(ipc_server_listen(second, h->path, -1), -EADDRINUSE);
	ipc_server_close(second, on_done, h);
	turn(h, 5);
	assert_true(h->closed);
	h->closed = was_closed;
	int fd = greeted(h); /* the first still serves, its file is still there */
	close(fd);
}

/* A daemon that does not know our lock is found by asking. */
static void
a_server_without_a_lock_is_found(void **state)
{
	struct harness *h = *state;
	struct ipc_server *second;
	char lock[128];
	(void)snprintf(lock, sizeof(lock), "%s.lock", h->path);
	assert_int_equal(unlink(lock), 0);
	assert_int_equal(ipc_server_create(&h->loop, &second), 0);
	assert_int_equal(ipc_server_listen(second, h->path, -1), -EADDRINUSE);
	ipc_server_close(second, NULL, NULL);
	turn(h, 5);
	close(greeted(h));
}

static void
close_server(struct harness *h)
{
	ipc_server_close(h->server, on_done, h);
	uv_run(&h->loop, UV_RUN_DEFAULT);
	assert_true(h->closed);
	h->closed = false;
	assert_int_equal(ipc_server_create(&h->loop, &h->server), 0);
	assert_int_equal(ipc_server_add(h->server, methods, h), 0);
}

static void
l2_a_stale_socket_is_replaced_other_files_are_not(void **state)
{
	struct harness *h = *state;
	close_server(h);
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", h->path);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
	close(fd);
	assert_int_equal(ipc_server_listen(h->server, h->path, -1), 0);
	close(greeted(h));
	close_server(h);
	fd = open(h->path, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(ipc_server_listen(h->server, h->path, -1), -EEXIST);
	assert_int_equal(access(h->path, F_OK), 0);
	assert_int_equal(unlink(h->path), 0);
	char long_path[300];
	(void)snprintf(long_path, sizeof(long_path), "%s/%0150d", h->folder, 0);
	assert_int_equal(ipc_server_listen(h->server, long_path, -1), -ENAMETOOLONG);
}

static void
takes_over_a_socket_that_already_listens(void **state)
{
	struct harness *h = *state;
	close_server(h);
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", h->path);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(ipc_server_listen(h->server, h->path, fd), -EINVAL);
	assert_int_equal(listen(fd, 5), 0);
	assert_int_equal(ipc_server_listen(h->server, h->path, fd), 0);
	close(greeted(h));
	close_server(h);
	assert_int_equal(access(h->path, F_OK), 0); /* its maker's to remove */
	assert_int_equal(unlink(h->path), 0);
}

static void
closing_writes_out_what_is_queued(void **state)
{
	struct harness *h = *state;
	int fd = greeted(h);
	say(h, fd, V "\"id\":1,\"method\":\"subscribe\"}\n");
	assert_non_null(strstr(raw_line(h, fd), "result"));
	for (int i = 0; i < 20; i++)
		publish_big(h);
	ipc_server_close(h->server, on_done, h);
	ipc_server_close(h->server, on_done, h);
	assert_false(h->closed);
	for (int i = 0; i < 20; i++)
		assert_true(strlen(raw_line(h, fd)) > (size_t)64 * 1024);
	expect(h, fd, "");
	uint64_t start = uv_hrtime();
	uv_run(&h->loop, UV_RUN_DEFAULT);
	assert_true(h->closed);
	assert_true(uv_hrtime() - start < 500000000); /* it did not wait for the deadline */
	close(fd);
}

static void
closing_waits_a_second_for_who_does_not_read(void **state)
{
	struct harness *h = *state;
	int fd = greeted(h);
	say(h, fd, V "\"id\":1,\"method\":\"subscribe\"}\n");
	assert_non_null(strstr(raw_line(h, fd), "result"));
	for (int i = 0; i < 20; i++)
		publish_big(h);
	uint64_t start = uv_hrtime();
	ipc_server_close(h->server, on_done, h);
	uv_run(&h->loop, UV_RUN_DEFAULT);
	assert_true(h->closed);
	uint64_t ms = (uv_hrtime() - start) / 1000000;
	assert_true(ms >= 900 && ms < 5000);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(l1_the_socket_is_for_its_owner_alone),
	    TEST(l3_a_busy_client_leaves_others_their_turn),
	    TEST(l3_limits_clients),
	    TEST(l1_another_user_is_turned_away_unheard),
	    TEST(l2_a_second_server_is_refused),
	    TEST(a_server_without_a_lock_is_found),
	    TEST(l2_a_stale_socket_is_replaced_other_files_are_not),
	    TEST(takes_over_a_socket_that_already_listens),
	    TEST(closing_writes_out_what_is_queued),
	    TEST(closing_waits_a_second_for_who_does_not_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
