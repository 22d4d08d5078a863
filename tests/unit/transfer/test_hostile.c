/* Somebody has taken over the daemon and speaks to the porter: requests of any shape, with
 * descriptors that a confined daemon can make. Nothing changes outside of the download folder, and
 * in it there are only hidden parts and clean names (F1, F2). */
#define _GNU_SOURCE /* nftw, unshare, O_PATH */
#include "home.h"
#include "transfer/name.h"
#include "transfer/porter_wire.h"

#include <dirent.h>
#include <sys/socket.h>

enum { REQUESTS = 50000 };

static uint32_t seed = 6;

static uint32_t
next_random(uint32_t bound)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % bound;
}

static const char *const tokens[] = {PORTER_DOWNLOADS, PORTER_DOWNLOADS, TOKEN_A, TOKEN_B, "",
    "../grants", "ffffffffffffffffffffffffffffffff"};
static const char *const paths[] = {"", ".", "..", "/", "/etc/passwd", "../outside/diary",
    "outside/diary", ".earshot-", ".earshot-/../../outside/diary", PART, PART "/a", PART "/../x",
    PART "/link/key", ".earshot-link", ".earshot-link/key", ".earshot-link/new", "link/key", "name",
    ".bashrc", "name.txt", "f" PART, "d" PART, "dname", "f../x", "f/etc/passwd"};

/* The ends of the daemon; the porter itself runs in a child. */
static pid_t
start_raw(int ours[PORTER_LANES])
{
	int theirs[PORTER_LANES];
	char folder[256], downloads[256];
	(void)snprintf(folder, sizeof(folder), "%s/data/earshot/grants", home);
	(void)snprintf(downloads, sizeof(downloads), "%s/Downloads", home);
	for (int i = 0; i < PORTER_LANES; i++) {
		int ends[2];
		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
		ours[i] = ends[0];
		theirs[i] = ends[1];
	}
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		for (int i = 0; i < PORTER_LANES; i++)
			(void)close(ours[i]);
		porter_serve(theirs, downloads, folder, CONFINE_STRICT, NULL);
		_exit(0);
	}
	for (int i = 0; i < PORTER_LANES; i++)
		(void)close(theirs[i]);
	return pid;
}

static void
receive(int sock)
{
	static struct porter_reply reply;
	struct porter_fds fds;
	assert_true(porter_receive(sock, &reply, sizeof(reply), &fds) > 0);
	porter_fds_close(&fds);
}

/* What was said, and lengths that lie now and then. */
static size_t
make_request(char *out)
{
	struct porter_request r = {.serial = next_random(1000),
	    .call = next_random(PORTER_CALLS + 2),
	    .flag = next_random(3)};
	const char *token = tokens[next_random(ARRAY_LEN(tokens))];
	const char *a = paths[next_random(ARRAY_LEN(paths))];
	const char *b = paths[next_random(ARRAY_LEN(paths))];
	memcpy(r.token, token, strlen(token));
	r.a_len = (uint32_t)strlen(a);
	r.b_len = (uint32_t)strlen(b);
	size_t len = sizeof(r);
	memcpy(out + len, a, strlen(a) + 1);
	len += strlen(a) + 1;
	memcpy(out + len, b, strlen(b) + 1);
	len += strlen(b) + 1;
	if (next_random(10) == 0)
		r.a_len = next_random(2) ? next_random(64) : UINT32_MAX - next_random(64);
	if (next_random(10) == 0)
		r.b_len = next_random(2) ? next_random(64) : UINT32_MAX - next_random(64);
	memcpy(out, &r, sizeof(r));
	if (next_random(10) == 0)
		out[next_random((uint32_t)len)] = (char)next_random(256);
	return next_random(20) ? len : 1 + next_random((uint32_t)len);
}

/* None that a client opened. */
static int
make_descriptor(void)
{
	switch (next_random(8)) {
	case 0:
		return open(at("outside"), O_PATH | O_CLOEXEC);
	case 1:
		return open(at("outside"), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	case 2:
		return open(at("outside/diary"), O_WRONLY | O_CLOEXEC);
	case 3:
		return open(at("data/earshot/grants"), O_RDONLY | O_CLOEXEC);
	case 4:
		return open("/etc", O_RDONLY | O_CLOEXEC);
	default:
		return -1;
	}
}

static void
expect_only_ours(void)
{
	DIR *list = opendir(at("Downloads"));
	assert_non_null(list);
	for (struct dirent *e; (e = readdir(list));) { // NOLINT(concurrency-mt-unsafe)
		const char *name = e->d_name;
		bool own = strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
			   strncmp(name, ".earshot-", 9) == 0;
		if (!own && !transfer_name_is_clean(name))
			print_error("%s\n", name);
		assert_true(own || transfer_name_is_clean(name));
	}
	(void)closedir(list);
}

static void
f2_a_daemon_that_was_taken_over_gains_nothing(void **state)
{
	(void)state;
	static char packet[4096];
	int socks[PORTER_LANES], status;
	porter_stop(porter); /* it has made the folders */
	porter = NULL;
	assert_int_equal(symlink(at("outside/deep"), downloaded(".earshot-link")), 0);
	assert_int_equal(symlink(at("outside/deep"), downloaded("link")), 0);
	write_text(downloaded("mine"), "mine");
	uint64_t before = outside_now();
	pid_t pid = start_raw(socks);
	receive(socks[PORTER_QUICK]); /* it is ready */
	for (int i = 0; i < REQUESTS; i++) {
		int sock = socks[next_random(PORTER_LANES)];
		struct porter_fds fds = {.count = 1, .list = {make_descriptor()}};
		const struct iovec part = {packet, make_request(packet)};
		fds.count = fds.list[0] >= 0;
		assert_int_equal(porter_send(sock, &part, 1, &fds, 0), 0);
		porter_fds_close(&fds);
		receive(sock);
	}
	assert_true(outside_now() == before);
	assert_true(holds_text(at("outside/diary"), "dear diary"));
	assert_true(holds_text(downloaded("mine"), "mine"));
	expect_only_ours();
	for (int i = 0; i < PORTER_LANES; i++)
		(void)close(socks[i]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(f2_a_daemon_that_was_taken_over_gains_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
