#define _GNU_SOURCE /* ftruncate */
#include "transfer/sink_tree.h"

#include "base/err.h"
#include "base/limits.h"
#include "base/str.h"
#include "transfer/name.h"
#include "transfer/sink.h"
#include "transfer/tree_file.h"
#include "transfer/tree_names.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PART_SIZE = 64 };

struct written {
	uint64_t size;
	int64_t mtime;
};

struct sink_tree {
	struct porter *porter; /* borrowed */
	char token[PORTER_TOKEN_SIZE], part[PART_SIZE], manifest[PART_SIZE];
	const char *origin; /* borrowed; NULL: none */
	uint64_t size;
	int failed; /* why no more is taken */
	/* the manifest */
	int manifest_fd; /* owned; -1 */
	uint64_t got;    /* bytes of it */
	uint8_t head[TREE_HEADER_SIZE];
	struct tree_header header;
	/* what it lists, once it is whole */
	struct tree_file *file;   /* owned */
	struct tree_names *names; /* owned */
	struct tree_entry entry;  /* the last one that was read */
	bool ended;               /* there is no other */
	struct buf full;          /* its path with the part's name */
	/* made ahead, many in one call to the porter */
	struct porter_batch batch; /* fds owned from next to done */
	struct written ahead[PORTER_BATCH];
	size_t next;
	/* what is written now */
	int fd;        /* owned; -1 */
	uint64_t done; /* bytes of it */
	struct written now;
};

int
sink_tree_create(struct porter *p, const char *token, const char *part, const char *manifest,
    uint64_t size, struct sink_tree **out)
{
	struct sink_tree *t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->porter = p;
	t->size = size;
	t->manifest_fd = t->fd = -1;
	buf_init(&t->full, PATH_MAX - 1);
	porter_batch_init(&t->batch);
	int err = str_copy(t->token, sizeof(t->token), token);
	if (!err)
		err = str_copy(t->part, sizeof(t->part), part);
	if (!err)
		err = str_copy(t->manifest, sizeof(t->manifest), manifest);
	if (!err)
		err = tree_names_create(&t->names);
	if (err)
		sink_tree_destroy(t);
	else
		*out = t;
	return err;
}

void
sink_tree_set_origin(struct sink_tree *t, const char *origin)
{
	t->origin = origin;
}

static void
drop_ahead(struct sink_tree *t)
{
	for (; t->next < t->batch.done; t->next++)
		if (t->batch.fds[t->next] >= 0)
			(void)close(t->batch.fds[t->next]);
	t->next = 0;
	porter_batch_clear(&t->batch);
}

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

void
sink_tree_destroy(struct sink_tree *t)
{
	if (!t)
		return;
	drop_ahead(t);
	close_fd(&t->fd);
	close_fd(&t->manifest_fd);
	tree_file_destroy(t->file);
	tree_names_destroy(t->names);
	porter_batch_finish(&t->batch);
	buf_finish(&t->full);
	free(t);
}

int
sink_tree_fd(const struct sink_tree *t)
{
	return t->manifest_fd;
}

void
sink_tree_reset(struct sink_tree *t)
{
	drop_ahead(t);
	close_fd(&t->fd);
	close_fd(&t->manifest_fd);
	tree_file_destroy(t->file);
	t->file = NULL;
	tree_names_rewind(t->names);
	t->got = t->done = 0;
	t->ended = false;
	t->failed = 0;
}

int
sink_tree_begin(struct sink_tree *t)
{
	sink_tree_reset(t);
	int err = porter_mkdir(t->porter, t->token, t->part);
	if (!err)
		err = porter_create(t->porter, t->token, t->manifest, false, &t->manifest_fd);
	return err;
}

/* ---- entries ---- */

/* The next one, and its path in t->full. 1, 0 at the end, or an error. */
static int
next_entry(struct sink_tree *t)
{
	const char *path;
	int rc = tree_file_next(t->file, &t->entry);
	if (rc == 1) {
		int err = tree_names_next(t->names, &t->entry, &path);
		buf_clear(&t->full);
		if (!err) {
			buf_fmt(&t->full, "%s/%s", t->part, path);
			err = buf_err(&t->full);
		}
		rc = err ? err : 1;
	}
	if (rc < 0)
		t->failed = rc; /* the next call would find another entry */
	t->ended = rc == 0;
	return rc;
}

/* There is room for one at least. */
static int
make_later(struct sink_tree *t)
{
	size_t at = t->batch.count;
	if (!porter_batch_add(&t->batch, buf_cstr(&t->full), t->entry.folder))
		return t->failed = -ENOMEM;
	t->ahead[at] = (struct written){t->entry.size, t->entry.mtime};
	return 0;
}

static bool
has_room(const struct sink_tree *t)
{
	return t->batch.count < PORTER_BATCH && t->batch.paths.max - t->batch.paths.len > PATH_MAX;
}

/* On a file system for which two names are one, the later one gets a number. */
static int
make_other(struct sink_tree *t)
{
	const char *path = porter_batch_path(&t->batch, t->batch.done);
	struct buf other = BUF_INIT(PATH_MAX - 1);
	int err = -EEXIST;
	for (unsigned n = 2; err == -EEXIST && n <= LIMIT_NAME_NUMBER; n++) {
		buf_clear(&other);
		transfer_name_number(path, n, &other);
		err = buf_err(&other);
		if (!err)
			err = porter_create(t->porter, t->token, buf_cstr(&other), false,
			    &t->batch.fds[t->batch.done]);
	}
	buf_finish(&other);
	if (!err)
		t->batch.done++;
	return err;
}

/* They were made, and their descriptors did not reach us: else the next try would find them. */
static void
unmake(struct sink_tree *t)
{
	for (size_t i = t->batch.done; i < t->batch.count; i++)
		if (!t->batch.folder[i])
			(void)!porter_remove(t->porter, t->token, porter_batch_path(&t->batch, i));
}

/* Makes what is in the batch. After an error it goes on where that was. */
static int
make_batch(struct sink_tree *t)
{
	while (t->batch.done < t->batch.count) {
		size_t before = t->batch.done;
		int err = porter_make(t->porter, t->token, &t->batch);
		size_t at = t->batch.done;
		if (err == -EEXIST && t->batch.folder[at]) {
			t->batch.fds[t->batch.done++] = -1; /* since before it was resumed */
			continue;
		}
		if (err == -EEXIST)
			err = make_other(t);
		if (err == -EMFILE)
			unmake(t);
		if (!err && t->batch.done == before)
			err = ERR_PORTER;
		if (err)
			return err;
	}
	return 0;
}

/* 1, 0: there is nothing left to make, or an error. */
static int
make_ahead(struct sink_tree *t)
{
	if (t->batch.done == t->batch.count) {
		drop_ahead(t);
		while (!t->ended && has_room(t)) {
			int rc = next_entry(t);
			int err = rc < 0 ? rc : rc == 1 ? make_later(t) : 0;
			if (err)
				return err;
		}
	}
	if (t->batch.count == 0)
		return 0;
	int err = make_batch(t);
	return err ? err : 1;
}

static void
close_now(struct sink_tree *t)
{
	if (t->fd >= 0)
		sink_finish_file(t->fd, t->now.mtime, t->origin);
	close_fd(&t->fd);
}

/* To the next file that has bytes; all before it are made. 1, 0 at the end, or an error. */
static int
advance(struct sink_tree *t)
{
	close_now(t);
	for (;;) {
		if (t->next == t->batch.done) {
			int rc = make_ahead(t);
			if (rc <= 0)
				return rc;
		}
		t->fd = t->batch.fds[t->next];
		t->now = t->ahead[t->next++];
		t->done = 0;
		if (t->fd >= 0 && t->now.size > 0)
			return 1;
		close_now(t);
	}
}

/* ---- the manifest ---- */

static int
check_header(struct sink_tree *t)
{
	int err = tree_header_read(t->head, &t->header);
	if (!err && t->size != SINK_SIZE_UNKNOWN && t->header.length + t->header.bytes != t->size)
		err = ERR_PROTO;
	return err;
}

/* Before anything that it lists is made. */
static int
check_manifest(struct sink_tree *t)
{
	int err = tree_file_create(t->manifest_fd, &t->file);
	int rc = err ? err : 1;
	while (rc == 1)
		rc = tree_file_next(t->file, &t->entry);
	if (!rc)
		tree_file_rewind(t->file);
	return rc;
}

static ssize_t
write_manifest(struct sink_tree *t, const void *data, size_t len)
{
	bool in_head = t->got < TREE_HEADER_SIZE;
	uint64_t left = (in_head ? TREE_HEADER_SIZE : t->header.length) - t->got;
	ssize_t n = sink_write_at(t->manifest_fd, data, left < len ? (size_t)left : len, t->got);
	if (n < 0)
		return n;
	if (in_head)
		memcpy(t->head + t->got, data, (size_t)n);
	t->got += (uint64_t)n;
	if (in_head && t->got == TREE_HEADER_SIZE)
		t->failed = check_header(t);
	if (!t->failed && t->got >= TREE_HEADER_SIZE && t->got == t->header.length)
		t->failed = check_manifest(t);
	return t->failed ? t->failed : n;
}

ssize_t
sink_tree_write(struct sink_tree *t, const void *data, size_t len)
{
	if (t->failed)
		return t->failed;
	if (t->got < TREE_HEADER_SIZE || t->got < t->header.length)
		return write_manifest(t, data, len);
	if (t->fd < 0 || t->done == t->now.size) {
		int rc = advance(t);
		if (rc <= 0)
			return rc < 0 ? rc : ERR_PROTO;
	}
	uint64_t left = t->now.size - t->done;
	ssize_t n = sink_write_at(t->fd, data, left < len ? (size_t)left : len, t->done);
	if (n > 0)
		t->done += (uint64_t)n;
	return n;
}

static int
set_folder_times(struct sink_tree *t)
{
	int rc;
	tree_file_rewind(t->file);
	tree_names_rewind(t->names);
	while ((rc = next_entry(t)) == 1) {
		int fd = -1, err = -ENOENT;
		if (t->entry.folder)
			err = porter_open(t->porter, t->token, buf_cstr(&t->full), &fd);
		if (err == ERR_PORTER)
			return err;
		if (!err) {
			sink_set_time(fd, t->entry.mtime);
			(void)close(fd);
		}
	}
	return rc;
}

int
sink_tree_end(struct sink_tree *t)
{
	if (t->failed)
		return t->failed;
	if (t->got < TREE_HEADER_SIZE || t->got < t->header.length ||
	    (t->fd >= 0 && t->done < t->now.size))
		return ERR_PROTO;
	int rc = advance(t);
	if (rc)
		return rc < 0 ? rc : ERR_PROTO; /* a file whose bytes did not come */
	return set_folder_times(t);
}

/* ---- resuming ---- */

static int
open_manifest(struct sink_tree *t, uint64_t offset)
{
	struct stat st;
	int err = porter_create(t->porter, t->token, t->manifest, true, &t->manifest_fd);
	if (err)
		return err;
	if (pread(t->manifest_fd, t->head, sizeof(t->head), 0) != (ssize_t)sizeof(t->head) ||
	    fstat(t->manifest_fd, &st) < 0)
		return ERR_DIFFERS;
	err = check_header(t);
	if (!err && ((uint64_t)st.st_size != t->header.length || offset < t->header.length))
		err = ERR_DIFFERS; /* so little that it may come again */
	t->got = t->header.length;
	return err ? err : check_manifest(t);
}

/* What was written after the checkpoint goes: those files are made again, as new ones. Before the
 * others are read, for it may be that two of these names are one file. And a folder that stands
 * before them may not be there. */
static int
mend(struct sink_tree *t, uint64_t offset)
{
	uint64_t start = t->header.length;
	int rc;
	while ((rc = next_entry(t)) == 1) {
		int err = 0;
		if (t->entry.folder)
			err = porter_mkdir(t->porter, t->token, buf_cstr(&t->full));
		else if (start >= offset)
			err = porter_remove(t->porter, t->token, buf_cstr(&t->full));
		if (err && err != -EEXIST)
			return err;
		start += t->entry.size;
	}
	tree_file_rewind(t->file);
	tree_names_rewind(t->names);
	return rc;
}

/* Its first `len` bytes count. It stays open if they are not all. */
static int
read_entry(struct sink_tree *t, uint64_t len, struct digest_run *d)
{
	int err = porter_create(t->porter, t->token, buf_cstr(&t->full), true, &t->fd);
	if (!err)
		err = sink_read_back(t->fd, 0, len, d);
	if (!err && ftruncate(t->fd, (off_t)len) < 0)
		err = -errno;
	t->now = (struct written){t->entry.size, t->entry.mtime};
	t->done = len;
	if (!err && len == t->entry.size)
		close_now(t);
	return err;
}

static int
read_entries(struct sink_tree *t, uint64_t offset, struct digest_run *d)
{
	uint64_t start = t->header.length;
	int rc;
	while ((rc = next_entry(t)) == 1) {
		if (t->entry.folder)
			continue;
		if (start >= offset)
			return make_later(t);
		uint64_t left = offset - start;
		int err = read_entry(t, left < t->entry.size ? left : t->entry.size, d);
		if (err || left < t->entry.size)
			return err;
		start += t->entry.size;
	}
	return rc;
}

static bool
is_other(int err)
{
	return err == -ENOENT || err == -EACCES || err == -ELOOP || err == -ENOTDIR ||
	       err == -EISDIR || err == -EXDEV || err == ERR_PROTO || err == ERR_TOO_BIG;
}

int
sink_tree_resume(struct sink_tree *t, uint64_t offset, struct digest_run *d)
{
	sink_tree_reset(t);
	int err = open_manifest(t, offset);
	if (!err)
		err = mend(t, offset);
	if (!err)
		err = sink_read_back(t->manifest_fd, 0, t->header.length, d);
	if (!err)
		err = read_entries(t, offset, d);
	return is_other(err) ? ERR_DIFFERS : err;
}
