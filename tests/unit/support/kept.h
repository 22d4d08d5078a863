/* A world (world.h) with a store under it: a real one, in a folder of its own. What is asked of it
 * is answered when the test says so. */
#ifndef TESTS_KEPT_H
#define TESTS_KEPT_H

#include "chat/conversation.h"
#include "store/log.h"

#include <unistd.h>

static struct {
	char folder[64], path[96];
	bool started, answered;
	int trouble;
} kept;

static void
on_kept_trouble(void *ctx, int err)
{
	(void)ctx;
	kept.trouble = err;
	bus_emit(&world.r.bus, &(struct bus_event){.kind = BUS_STORE_TROUBLE, .err = err});
}

static void
on_kept_recovered(void *ctx)
{
	(void)ctx;
	kept.trouble = 0;
	bus_emit(&world.r.bus, &(struct bus_event){.kind = BUS_STORE_RECOVERED});
}

static void
on_kept_fatal(void *ctx, int err)
{
	(void)ctx;
	fail_msg("the store failed: %s", err_str(err));
}

static const struct store_listener kept_listener = {
    .on_trouble = on_kept_trouble,
    .on_recovered = on_kept_recovered,
    .on_fatal = on_kept_fatal,
    .on_events = chat_publish_events,
};

static void
on_kept_answer(void *ctx, struct store_job *job, int err)
{
	(void)ctx;
	(void)job;
	(void)err;
	kept.answered = true;
}

static inline bool
is_owed_an_answer(void)
{
	const struct chat *chat = world.r.chat;
	LIST_FOREACH (node, &chat->conversations) {
		if (container_of(node, struct conversation, node)->asked)
			return true;
	}
	return false;
}

/* Everything asked of the store is done and answered, and what follows from it as well. */
static inline void
settle(void)
{
	unsigned rounds = 0;
	do {
		struct store_cursor last = {.job = {.done = on_kept_answer}, .name = "last"};
		kept.answered = false;
		store_cursor_get(world.r.store, &last);
		while (!kept.answered)
			(void)uv_run(&world.loop, UV_RUN_ONCE);
		assert_true(++rounds < 1000);
	} while (rounds < 3 || is_owed_an_answer());
}

/* On the file there is: once more after kept_end(), it is a restart. */
static inline int
kept_begin(const struct feature *const *features)
{
	struct store_report report;
	struct store *store;
	world = (struct world){.now = 1000000};
	if (!kept.folder[0]) {
		(void)snprintf(kept.folder, sizeof(kept.folder), "/tmp/earshot-kept-XXXXXX");
		assert_non_null(mkdtemp(kept.folder));
		(void)snprintf(kept.path, sizeof(kept.path), "%s/earshot.db", kept.folder);
	}
	assert_int_equal(uv_loop_init(&world.loop), 0);
	assert_int_equal(
	    store_open(kept.path, &world.loop, &kept_listener, &world.r, &report, &store), 0);
	store_watch(store, STORE_WATCH_ALL);
	assert_int_equal(world_begin_with(features, store), 0);
	settle();
	return 0;
}

static inline void
kept_remove(void)
{
	static const char *const names[] = {"earshot.db", "earshot.db-wal", "earshot.db-journal"};
	char path[128];
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", kept.folder, names[i]);
		(void)unlink(path);
	}
	assert_int_equal(rmdir(kept.folder), 0);
	kept.folder[0] = '\0';
}

#endif
