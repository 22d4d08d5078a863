#define _DEFAULT_SOURCE /* struct stat with nanoseconds */
#include "transfer/source.h"

#include "base/err.h"
#include "base/limits.h"
#include "base/str.h"
#include "transfer/source_walk.h"
#include "transfer/tree_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is read now. */
struct reading {
	int fd;          /* owned; -1 */
	uint64_t start;  /* where its bytes begin in the sequence */
	uint64_t size;   /* of it */
	struct stat was; /* when it was opened */
};

/* A file of a folder, as the manifest has it. */
struct ahead {
	uint64_t start, size;
	int64_t mtime;
};

struct source {
	struct porter *porter; /* borrowed */
	char token[PORTER_TOKEN_SIZE];
	char *manifest; /* owned; NULL: a file */
	uint64_t size;  /* of a file */
	int64_t mtime;
	source_progress_fn *progress;
	void *ctx;
	struct source_summary summary;
	struct reading now;
	int tree_fd;            /* owned; -1 */
	struct tree_file *tree; /* owned; stands at the entry that is read now */
	uint64_t next;          /* where the entry after those in ahead begins */
	/* opened ahead, many in one call to the porter */
	struct porter_batch batch; /* fds owned from at to done */
	struct ahead ahead[PORTER_BATCH];
	size_t at;
	struct buf problem;
};

int
source_create(struct porter *p, const char *token, const struct tree_ref *tree, uint64_t size,
    int64_t mtime, struct source **out)
{
	struct source *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->porter = p;
	s->size = size;
	s->mtime = mtime;
	s->now.fd = s->tree_fd = -1;
	buf_init(&s->problem, LIMIT_TREE_PATH + TREE_NAME_MAX + 1);
	porter_batch_init(&s->batch);
	s->summary = (struct source_summary){.size = size, .files = 1};
	int err = str_copy(s->token, sizeof(s->token), token);
	if (!err && tree)
		err = (s->manifest = strdup(tree->path)) ? 0 : -ENOMEM;
	if (err)
		source_destroy(s);
	else
		*out = s;
	return err;
}

static void
close_now(struct source *s)
{
	if (s->now.fd >= 0)
		(void)close(s->now.fd);
	s->now.fd = -1;
}

static void
drop_ahead(struct source *s)
{
	for (; s->at < s->batch.done; s->at++)
		(void)close(s->batch.fds[s->at]);
	s->at = 0;
	porter_batch_clear(&s->batch);
}

static void
close_tree(struct source *s)
{
	tree_file_destroy(s->tree);
	s->tree = NULL;
	if (s->tree_fd >= 0)
		(void)close(s->tree_fd);
	s->tree_fd = -1;
}

void
source_destroy(struct source *s)
{
	if (!s)
		return;
	close_now(s);
	drop_ahead(s);
	porter_batch_finish(&s->batch);
	close_tree(s);
	free(s->manifest);
	buf_finish(&s->problem);
	free(s);
}

void
source_watch(struct source *s, source_progress_fn *progress, void *ctx)
{
	s->progress = progress;
	s->ctx = ctx;
}

const struct source_summary *
source_summary(const struct source *s)
{
	return &s->summary;
}

const char *
source_problem(const struct source *s)
{
	return buf_cstr(&s->problem);
}

/* ---- one file ---- */

/* Takes a file that was just opened. What it says it was stands in a. */
static int
take_file(struct source *s, int fd, const struct ahead *a)
{
	s->now.fd = fd;
	s->now.start = a->start;
	s->now.size = a->size;
	int err = 0;
	if (fstat(fd, &s->now.was) < 0)
		err = -errno;
	else if (!S_ISREG(s->now.was.st_mode) || (uint64_t)s->now.was.st_size != a->size ||
		 (int64_t)s->now.was.st_mtim.tv_sec != a->mtime)
		err = ERR_CHANGED_SOURCE;
	if (err)
		close_now(s);
	return err;
}

/* path NULL: the file that was granted. */
static int
open_file(struct source *s, const char *path, const struct ahead *a)
{
	int fd;
	close_now(s);
	int err = porter_open(s->porter, s->token, path, &fd);
	if (!err)
		return take_file(s, fd, a);
	/* something else took its place, or it went away */
	bool changed = err == -ENOENT || err == -ELOOP || err == -EINVAL || err == -ENOTDIR;
	return changed ? ERR_CHANGED_SOURCE : err;
}

static int
open_itself(struct source *s)
{
	const struct ahead whole = {.size = s->size, .mtime = s->mtime};
	int err = open_file(s, NULL, &whole);
	if (!err)
		(void)posix_fadvise(s->now.fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return err;
}

/* Once its last byte was read: whether it stayed the same all the time. */
static int
check_file(struct source *s)
{
	struct stat st;
	const struct stat *was = &s->now.was;
	if (fstat(s->now.fd, &st) < 0)
		return -errno;
	bool same = st.st_size == was->st_size && st.st_mtim.tv_sec == was->st_mtim.tv_sec &&
		    st.st_mtim.tv_nsec == was->st_mtim.tv_nsec;
	return same ? 0 : ERR_CHANGED_SOURCE;
}

static ssize_t
read_fd(int fd, uint64_t at, void *data, size_t len)
{
	ssize_t n;
	do {
		n = pread(fd, data, len, (off_t)at);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* Of the file that is open; offset lies in it. */
static ssize_t
read_file(struct source *s, uint64_t offset, void *data, size_t len)
{
	uint64_t at = offset - s->now.start, left = s->now.size - at;
	ssize_t n = read_fd(s->now.fd, at, data, left < len ? (size_t)left : len);
	if (n == 0)
		n = ERR_CHANGED_SOURCE; /* shorter than it was */
	if (n > 0 && (uint64_t)n == left) {
		int err = check_file(s);
		if (err)
			n = err;
	}
	return n;
}

/* ---- a folder ---- */

static int
open_tree(struct source *s)
{
	if (s->tree)
		return 0;
	s->tree_fd = open(s->manifest, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (s->tree_fd < 0)
		return -errno;
	int err = tree_file_create(s->tree_fd, &s->tree);
	if (err) {
		close_tree(s);
		return err;
	}
	s->next = tree_file_header(s->tree)->length;
	return 0;
}

/* The next files that have bytes. ERR_DAMAGED: there is none. */
static int
open_ahead(struct source *s)
{
	int rc = 1;
	drop_ahead(s);
	while (
	    s->batch.count < PORTER_BATCH && s->batch.paths.max - s->batch.paths.len > PATH_MAX) {
		struct tree_entry e;
		rc = tree_file_next(s->tree, &e);
		if (rc <= 0)
			break;
		if (e.size == 0)
			continue;
		s->ahead[s->batch.count] = (struct ahead){s->next, e.size, e.mtime};
		if (!porter_batch_add(&s->batch, tree_file_path(s->tree), false))
			return -ENOMEM;
		s->next += e.size;
	}
	if (rc < 0 || s->batch.count == 0)
		return rc < 0 ? rc : ERR_DAMAGED;
	/* one that cannot be opened is asked for again in its turn, and then it is an error */
	int err = porter_open_batch(s->porter, s->token, &s->batch);
	return err == ERR_PORTER ? err : 0;
}

/* The next of those ahead. */
static int
open_next(struct source *s, bool wanted)
{
	size_t at = s->at++;
	const struct ahead *a = &s->ahead[at];
	close_now(s);
	buf_clear(&s->problem);
	buf_str(&s->problem, porter_batch_path(&s->batch, at));
	if (!wanted) {
		if (at < s->batch.done)
			(void)close(s->batch.fds[at]);
		else
			s->batch.done = at + 1; /* as if: its descriptor is never looked at */
		return 0;
	}
	if (at < s->batch.done)
		return take_file(s, s->batch.fds[at], a);
	s->batch.fds[at] = -1;
	s->batch.done = at + 1;
	return open_file(s, porter_batch_path(&s->batch, at), a);
}

static void
go_back(struct source *s)
{
	drop_ahead(s);
	close_now(s);
	tree_file_rewind(s->tree);
	s->next = tree_file_header(s->tree)->length;
}

/* Opens the file in which offset lies; going back means to begin at the first again. */
static int
find_file(struct source *s, uint64_t offset)
{
	bool open_now = s->now.fd >= 0;
	if (open_now && offset >= s->now.start && offset - s->now.start < s->now.size)
		return 0;
	uint64_t ahead = s->at < s->batch.count ? s->ahead[s->at].start : s->next;
	if (offset < ahead)
		go_back(s);
	for (;;) {
		int err = s->at < s->batch.count ? 0 : open_ahead(s);
		if (err)
			return err;
		const struct ahead *a = &s->ahead[s->at];
		bool wanted = offset - a->start < a->size;
		err = open_next(s, wanted);
		if (err || wanted)
			return err;
	}
}

/* As many bytes as there is room for: small files would otherwise be sent one by one. */
static ssize_t
read_tree(struct source *s, uint64_t offset, char *data, size_t len)
{
	int err = open_tree(s);
	if (err)
		return err;
	const struct tree_header *h = tree_file_header(s->tree);
	uint64_t size = h->length + h->bytes;
	size_t done = 0;
	while (done < len && offset < size) {
		ssize_t n;
		size_t room = len - done;
		if (offset < h->length) {
			uint64_t left = h->length - offset;
			n = read_fd(
			    s->tree_fd, offset, data + done, left < room ? (size_t)left : room);
			if (n == 0)
				n = ERR_DAMAGED;
		} else {
			err = find_file(s, offset);
			n = err ? err : read_file(s, offset, data + done, room);
		}
		if (n < 0)
			return n;
		done += (size_t)n;
		offset += (uint64_t)n;
	}
	return (ssize_t)done;
}

ssize_t
source_read(struct source *s, uint64_t offset, void *data, size_t len)
{
	if (len == 0)
		return 0;
	if (s->manifest)
		return read_tree(s, offset, data, len);
	if (offset >= s->size)
		return 0;
	int err = s->now.fd >= 0 ? 0 : open_itself(s);
	return err ? err : read_file(s, offset, data, len);
}

/* ---- preparing ---- */

static int
make_manifest(struct source *s)
{
	struct source_walk w = {
	    .porter = s->porter, .token = s->token, .progress = s->progress, .ctx = s->ctx};
	buf_init(&w.problem, s->problem.max);
	int err = source_walk_run(&w, s->manifest);
	buf_add(&s->problem, w.problem.data, w.problem.len);
	s->summary = w.summary;
	source_walk_finish(&w);
	return err;
}

/* The sequence must stay what it was when it was offered. */
static int
take_manifest(struct source *s)
{
	struct tree_entry e;
	int rc;
	s->summary = (struct source_summary){0};
	while ((rc = tree_file_next(s->tree, &e)) == 1) {
		if (e.folder)
			s->summary.folders++;
		else
			s->summary.files++;
	}
	const struct tree_header *h = tree_file_header(s->tree);
	s->summary.size = h->length + h->bytes;
	tree_file_rewind(s->tree);
	return rc;
}

int
source_prepare(struct source *s)
{
	buf_clear(&s->problem);
	if (!s->manifest) {
		int err = open_itself(s);
		close_now(s);
		return err;
	}
	int err = open_tree(s);
	if (!err)
		return take_manifest(s);
	return err == -ENOENT ? make_manifest(s) : err;
}
