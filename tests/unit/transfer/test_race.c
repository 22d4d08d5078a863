/* Somebody changes the folders while the porter works in them (F2): a thread swaps a folder, and a
 * file, for links to the outside, and back, as fast as it can. */
#define _GNU_SOURCE /* renameat2, unshare, nftw */
#include "base/err.h"
#include "home.h"
#include "transfer/porter_beneath.h"

#include <pthread.h>
#include <stdatomic.h>

enum { ROUNDS = 100000, ROUNDS_ASKED = 20000 };

static atomic_bool done;
static atomic_ulong swaps;

/* Exchanges two names in the folder until it is told to stop. */
struct swapper {
	int dir;
	const char *a, *b;
	pthread_t thread;
};

static void *
swap(void *arg)
{
	const struct swapper *s = arg;
	while (!atomic_load(&done)) {
		if (renameat2(s->dir, s->a, s->dir, s->b, RENAME_EXCHANGE) == 0)
			atomic_fetch_add(&swaps, 1);
	}
	return NULL;
}

static void
start_swapping(struct swapper *s, const char *folder, const char *a, const char *b)
{
	*s = (struct swapper){.dir = open(folder, O_RDONLY | O_DIRECTORY), .a = a, .b = b};
	assert_true(s->dir >= 0);
	atomic_store(&done, false);
	atomic_store(&swaps, 0);
	assert_int_equal(pthread_create(&s->thread, NULL, swap, s), 0);
}

static void
stop_swapping(struct swapper *s)
{
	atomic_store(&done, true);
	assert_int_equal(pthread_join(s->thread, NULL), 0);
	(void)close(s->dir);
	assert_true(atomic_load(&swaps) > 0);
}

/* All three ways into a folder that is one moment ours and the next a link to the outside. */
static void
try_beneath(bool openat2, int rounds)
{
	struct swapper s;
	int dir = open(at("Downloads"), O_PATH | O_DIRECTORY), made = 0, refused = 0;
	beneath_init(openat2);
	uint64_t before = outside_now();
	start_swapping(&s, at("Downloads"), "part", "link");
	for (int i = 0; i < rounds; i++) {
		struct stat st;
		int fd = beneath_create(dir, "part/new", false);
		if (fd >= 0) {
			made++;
			assert_int_equal(write(fd, "x", 1), 1);
			(void)close(fd);
			while (unlinkat(dir, "part/new", 0) < 0)
				if (errno != ENOENT)
					abort();
		} else {
			refused++;
		}
		fd = beneath_read(dir, "part/key", &st);
		assert_true(fd < 0);
		if (i % 8 == 0) {
			(void)!beneath_mkdir(dir, "part/sub");
			const char *last;
			int parent = beneath_open_parent(dir, "part/key", &last);
			if (parent >= 0) {
				assert_int_equal(beneath_remove(parent, last), 0);
				assert_int_equal(beneath_remove(parent, "sub"), 0);
				(void)close(parent);
			}
		}
	}
	stop_swapping(&s);
	(void)close(dir);
	assert_true(made > 0 && refused > 0);
	assert_true(outside_now() == before);
	assert_true(holds_text(at("outside/deep/key"), "secret"));
}

static int
set_up_links(void **state)
{
	(void)set_up(state);
	assert_int_equal(mkdir(downloaded("part"), 0700), 0);
	assert_int_equal(symlink(at("outside/deep"), downloaded("link")), 0);
	return 0;
}

static void
f2_a_swapped_folder_is_never_left(void **state)
{
	(void)state;
	try_beneath(true, ROUNDS);
}

static void
f2_nor_where_the_kernel_helps_less(void **state)
{
	(void)state;
	try_beneath(false, ROUNDS);
}

/* The same through the porter. */
static void
f2_a_swapped_part_writes_nothing_outside(void **state)
{
	(void)state;
	struct swapper s;
	int fd, made = 0, refused = 0;
	assert_int_equal(porter_mkdir(porter, PORTER_DOWNLOADS, PART), 0);
	uint64_t before = outside_now();
	start_swapping(&s, at("Downloads"), PART, "link");
	for (int i = 0; i < ROUNDS_ASKED; i++) {
		if (porter_create(porter, PORTER_DOWNLOADS, PART "/new", false, &fd) == 0) {
			made++;
			assert_int_equal(write(fd, "x", 1), 1);
			(void)close(fd);
		} else {
			refused++;
		}
		if (porter_create(porter, PORTER_DOWNLOADS, PART "/key", true, &fd) == 0)
			abort();
		(void)!porter_remove(porter, PORTER_DOWNLOADS, PART "/new");
		(void)!porter_remove(porter, PORTER_DOWNLOADS, PART "/key");
	}
	stop_swapping(&s);
	assert_true(made > 0 && refused > 0);
	assert_true(outside_now() == before);
}

/* A file that is sent is swapped for a link to a secret. */
static void
f2_a_swapped_source_tells_no_secret(void **state)
{
	(void)state;
	struct porter_granted g;
	struct swapper s;
	int fd, read_it = 0, refused = 0;
	write_text(downloaded("letter"), "public");
	assert_int_equal(symlink(at("outside/deep/key"), downloaded("lure")), 0);
	assert_int_equal(grant(TOKEN_A, at("Downloads"), &g), 0);
	assert_int_equal(grant(TOKEN_B, downloaded("letter"), &g), 0);
	start_swapping(&s, at("Downloads"), "letter", "lure");
	for (int i = 0; i < ROUNDS_ASKED; i++) {
		char text[8] = "";
		const char *token = i % 2 ? TOKEN_A : TOKEN_B;
		if (porter_open(porter, token, i % 2 ? "letter" : NULL, &fd) < 0) {
			refused++;
			continue;
		}
		read_it++;
		assert_int_equal(read(fd, text, sizeof(text) - 1), 6);
		assert_string_equal(text, "public");
		(void)close(fd);
	}
	stop_swapping(&s);
	assert_true(read_it > 0 && refused > 0);
}

#define RACE(test) cmocka_unit_test_setup_teardown(test, set_up_links, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    RACE(f2_a_swapped_folder_is_never_left),
	    RACE(f2_nor_where_the_kernel_helps_less),
	    RACE(f2_a_swapped_part_writes_nothing_outside),
	    RACE(f2_a_swapped_source_tells_no_secret),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
