/* The store's file, with bytes of it changed: whoever opens it, reads all of it and adds to it
 * neither crashes nor hangs, and gets texts that are UTF-8. The input is a list of changes: three
 * bytes where, one how many, then the bytes. */
#include "base/limits.h"
#include "base/log.h"
#include "base/utf8.h"
#include "store/log.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { IMAGE_MAX = 1 << 20, ROWS = 40, PAGES_MAX = 1000 };

static char folder[64], path[96];
static uint8_t image[IMAGE_MAX];
static size_t image_len;

struct world {
	uv_loop_t loop;
	struct store *store;
	unsigned waiting;
	bool dead;
};

static void
on_err(void *ctx, int err)
{
	(void)ctx, (void)err;
}

static void
on_recovered(void *ctx)
{
	(void)ctx;
}

static void
on_fatal(void *ctx, int err)
{
	struct world *w = ctx;
	(void)err;
	w->dead = true;
}

static void
check_text(const char *text)
{
	if (text && !utf8_valid(text, strlen(text)))
		abort();
}

static void
on_events(void *ctx, const struct store_event *events, size_t count)
{
	(void)ctx;
	for (size_t i = 0; i < count; i++)
		check_text(events[i].message.body);
}

static const struct store_listener listener = {on_err, on_recovered, on_fatal, on_events};

static void
on_done(void *ctx, struct store_job *job, int err)
{
	struct world *w = ctx;
	(void)job, (void)err;
	w->waiting--;
}

static void
on_closed(void *ctx)
{
	(void)ctx;
}

/* False: it is not answered, nor is anything else. */
static bool
is_answered(struct world *w)
{
	while (w->waiting && !w->dead)
		uv_run(&w->loop, UV_RUN_ONCE);
	return !w->dead;
}

#define ASK(w, ask, request) \
	((w)->waiting++, (request)->job.done = on_done, (request)->job.ctx = (w), \
	    ask((w)->store, request), is_answered(w))

static bool
say(struct world *w, enum store_direction direction, enum store_kind kind, unsigned i)
{
	char id[16], target[16];
	(void)snprintf(id, sizeof(id), "%c%u", direction == STORE_OUT ? 'o' : 'i', i);
	(void)snprintf(target, sizeof(target), "%c%u", i % 3 ? 'o' : 'i', i / 2);
	struct store_put put = {.peer = i % 4 ? "juliet@capulet" : "nurse@capulet",
	    .direction = direction,
	    .kind = kind,
	    .id = id,
	    .origin = true,
	    .target = target,
	    .body = "But, soft! what light through yonder window breaks?",
	    .marked = true};
	return ASK(w, store_put, &put);
}

/* Whoever it is; i is in the key. */
static bool
know(struct world *w, const char *name, uint8_t i, enum store_trust trust)
{
	struct store_contact_put put = {
	    .contact = {.name = name,
		.display = "Somebody",
		.instance = name,
		.has_key = trust != STORE_TRUST_PLAIN,
		.key = {i},
		.trust = trust,
		.via = "nurse@capulet",
		.addresses = "10.0.0.1 5298"},
	    .cause = "why",
	};
	return ASK(w, store_contact_put, &put);
}

static bool
list_contacts(struct world *w)
{
	struct store_contacts all = {.limit = LIMIT_PEOPLE_KNOWN};
	if (!ASK(w, store_contacts, &all))
		return false;
	for (size_t i = 0; i < all.count; i++) {
		const struct store_contact *c = &all.at[i];
		if (!c->name || !c->display || c->has_key != (c->trust != STORE_TRUST_PLAIN))
			abort();
		check_text(c->name);
		check_text(c->display);
		check_text(c->instance);
		check_text(c->via);
		check_text(c->addresses);
	}
	if (!all.job.err)
		store_contacts_finish(&all);
	return true;
}

static bool
use_contacts(struct world *w)
{
	struct store_contact_rename rename = {
	    .from = "romeo@montague", .to = "juliet@capulet", .aside = "juliet@capulet#plain"};
	struct store_contact_forget forget = {.name = "paris@verona"};
	return list_contacts(w) && know(w, "romeo@montague", 9, STORE_TRUST_VERIFIED) &&
	       ASK(w, store_contact_rename, &rename) && ASK(w, store_contact_forget, &forget) &&
	       list_contacts(w);
}

static bool
read_all(struct world *w)
{
	struct store_read_log read = {.limit = 50};
	bool more = true;
	for (int i = 0; i < PAGES_MAX && more; i++) {
		if (!ASK(w, store_read_log, &read))
			return false;
		if (read.job.err)
			return true;
		for (size_t k = 0; k < read.count; k++) {
			const struct store_event *e = &read.at[k];
			if (e->n <= read.since || !e->message.peer || !e->message.body)
				abort();
			check_text(e->message.peer);
			check_text(e->message.body);
			check_text(e->message.reply_text);
			check_text(e->text);
			check_text(e->reason);
		}
		read.since = read.upto;
		more = read.more;
		store_read_log_finish(&read);
	}
	return true;
}

static void
use(struct world *w)
{
	struct store_load load = {.peer = "juliet@capulet", .count = 100, .bytes = 1 << 20};
	struct store_seen seen = {.peer = "juliet@capulet"};
	struct store_answered answered = {
	    .peer = "juliet@capulet", .id = "o30", .state = STORE_READ};
	store_watch(w->store, STORE_WATCH_ALL);
	if (!read_all(w) || !ASK(w, store_load, &load))
		return;
	if (!load.job.err)
		store_load_finish(&load);
	if (use_contacts(w) && ASK(w, store_seen, &seen) && ASK(w, store_answered, &answered) &&
	    say(w, STORE_IN, STORE_CORRECTION, 31) && say(w, STORE_IN, STORE_RETRACTION, 33))
		(void)say(w, STORE_IN, STORE_CHAT, 1000);
}

static bool
with_store(void (*what)(struct world *w))
{
	struct world w = {0};
	struct store_report report;
	if (uv_loop_init(&w.loop))
		abort();
	int err = store_open(path, &w.loop, &listener, &w, &report, &w.store);
	if (!err) {
		what(&w);
		store_close(w.store, on_closed, NULL);
	}
	uv_run(&w.loop, UV_RUN_DEFAULT);
	if (uv_loop_close(&w.loop))
		abort();
	return !err;
}

static void
fill(struct world *w)
{
	(void)know(w, "romeo@montague", 1, STORE_TRUST_KNOWN);
	(void)know(w, "paris@verona", 2, STORE_TRUST_NEW);
	(void)know(w, "nurse@capulet", 3, STORE_TRUST_CHANGED);
	for (unsigned i = 0; i < ROWS; i++) {
		(void)say(w, i % 2 ? STORE_IN : STORE_OUT, STORE_CHAT, i);
		(void)say(w, i % 2 ? STORE_IN : STORE_OUT, (enum store_kind)(i % 5), ROWS + i);
	}
}

static void
empty_folder(void)
{
	char name[400];
	DIR *dir = opendir(folder);
	if (!dir)
		abort();
	// NOLINTNEXTLINE(concurrency-mt-unsafe): a stream of its own
	for (const struct dirent *e; (e = readdir(dir));) {
		(void)snprintf(name, sizeof(name), "%s/%s", folder, e->d_name);
		(void)unlink(name);
	}
	(void)closedir(dir);
}

static void
remove_folder(void)
{
	empty_folder();
	(void)rmdir(folder);
}

/* In memory if the machine has such a folder: syncs are for nothing here. */
static void
begin(void)
{
	bool memory = access("/dev/shm", W_OK) == 0;
	(void)snprintf(
	    folder, sizeof(folder), "%s/fuzz-store-XXXXXX", memory ? "/dev/shm" : "/tmp");
	if (!mkdtemp(folder))
		abort();
	(void)atexit(remove_folder);
	(void)snprintf(path, sizeof(path), "%s/db", folder);
	log_set_level(LOG_ERROR);
	if (!with_store(fill))
		abort();
	int fd = open(path, O_RDONLY);
	ssize_t got = fd < 0 ? -1 : read(fd, image, sizeof(image));
	if (got <= 0)
		abort();
	image_len = (size_t)got;
	(void)close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t changed[IMAGE_MAX];
	if (!image_len)
		begin();
	empty_folder();
	memcpy(changed, image, image_len);
	for (size_t at = 0; at + 4 < len;) {
		size_t where =
		    ((size_t)data[at] << 16 | (size_t)data[at + 1] << 8 | data[at + 2]) % image_len;
		size_t count = data[at + 3] % 32 + 1U;
		at += 4;
		for (size_t i = 0; i < count && at < len && where + i < image_len; i++, at++)
			changed[where + i] = data[at];
	}
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, S_IRUSR | S_IWUSR);
	if (fd < 0 || write(fd, changed, image_len) != (ssize_t)image_len || close(fd))
		abort();
	(void)with_store(use);
	return 0;
}
