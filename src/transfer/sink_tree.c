#define _GNU_SOURCE /* ftruncate */
#include "transfer/sink_tree.h"

#include "base/err.h"
#include "base/limits.h"
#include "base/str.h"
#include "transfer/tree_file.h"
#include "transfer/tree_names.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PART_SIZE = 64 };

struct sink_tree {
	struct porter *porter; /* borrowed */
	char token[PORTER_TOKEN_SIZE], part[PART_SIZE], manifest[PART_SIZE];
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
	struct tree_entry entry;
	const char *path; /* borrowed of names; the entry's */
	bool pending;     /* the entry is not yet made */
	bool ended;       /* there is no other */
	int fd;           /* owned; the entry's, -1 */
	uint64_t done;    /* bytes of it */
	struct buf full;  /* the entry's path with the part's name */
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
	close_fd(&t->fd);
	close_fd(&t->manifest_fd);
	tree_file_destroy(t->file);
	tree_names_destroy(t->names);
	buf_finish(&t->full);
	free(t);
}

int
sink_tree_fd(const struct sink_tree *t)
{
	return t->manifest_fd;
}

static int
full_path(struct sink_tree *t)
{
	buf_clear(&t->full);
	buf_fmt(&t->full, "%s/%s", t->part, t->path);
	return buf_err(&t->full) == ERR_TOO_BIG ? -ENAMETOOLONG : buf_err(&t->full);
}

void
sink_tree_reset(struct sink_tree *t)
{
	close_fd(&t->fd);
	close_fd(&t->manifest_fd);
	tree_file_destroy(t->file);
	t->file = NULL;
	tree_names_rewind(t->names);
	t->got = t->done = 0;
	t->pending = t->ended = false;
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

/* The next one, its path known and nothing made. 1, 0 at the end, or an error. */
static int
next_entry(struct sink_tree *t)
{
	int rc = tree_file_next(t->file, &t->entry);
	if (rc == 1) {
		int err = tree_names_next(t->names, &t->entry, &t->path);
		rc = err ? err : 1;
	}
	if (rc < 0)
		t->failed = rc; /* the next call would find another entry */
	t->ended = rc == 0;
	return rc;
}

static int
make_file(struct sink_tree *t)
{
	for (;;) {
		int err = full_path(t);
		if (!err)
			err = porter_create(t->porter, t->token, buf_cstr(&t->full), false, &t->fd);
		if (err == -EMFILE) /* it was made, and did not reach us */
			(void)!porter_remove(t->porter, t->token, buf_cstr(&t->full));
		if (err != -EEXIST)
			return err;
		/* a file system for which two names are one */
		err = tree_names_other(t->names, &t->path);
		if (err) {
			t->failed = err;
			return err;
		}
	}
}

static int
make_entry(struct sink_tree *t)
{
	if (!t->entry.folder)
		return make_file(t);
	int err = full_path(t);
	if (!err)
		err = porter_mkdir(t->porter, t->token, buf_cstr(&t->full));
	return err == -EEXIST ? 0 : err; /* there since before it was resumed */
}

static void
close_entry(struct sink_tree *t)
{
	if (t->fd >= 0)
		sink_set_time(t->fd, t->entry.mtime);
	close_fd(&t->fd);
}

/* To the next file that has bytes; all before it are made. 1, 0 at the end, or an error. */
static int
advance(struct sink_tree *t)
{
	close_entry(t);
	while (!t->ended) {
		if (!t->pending) {
			int rc = next_entry(t);
			if (rc <= 0)
				return rc;
			t->pending = true;
		}
		int err = make_entry(t);
		if (err)
			return err;
		t->pending = false;
		t->done = 0;
		if (!t->entry.folder && t->entry.size > 0)
			return 1;
		close_entry(t);
	}
	return 0;
}

/* ---- the manifest ---- */

static int
check_header(struct sink_tree *t)
{
	int err = tree_header_read(t->head, &t->header);
	if (!err && t->header.length + t->header.bytes != t->size)
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
	if (t->fd < 0 || t->done == t->entry.size) {
		int rc = advance(t);
		if (rc <= 0)
			return rc < 0 ? rc : ERR_PROTO;
	}
	uint64_t left = t->entry.size - t->done;
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
		int fd, err = t->entry.folder ? full_path(t) : -ENOENT;
		if (!err)
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
	    (t->fd >= 0 && t->done < t->entry.size))
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
			err = make_entry(t);
		else if (start >= offset)
			err = full_path(t);
		if (!err && !t->entry.folder && start >= offset)
			err = porter_remove(t->porter, t->token, buf_cstr(&t->full));
		if (err)
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
	int err = full_path(t);
	if (!err)
		err = porter_create(t->porter, t->token, buf_cstr(&t->full), true, &t->fd);
	if (!err)
		err = sink_read_back(t->fd, 0, len, d);
	if (!err && ftruncate(t->fd, (off_t)len) < 0)
		err = -errno;
	t->done = len;
	if (!err && len == t->entry.size)
		close_entry(t);
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
		if (start >= offset) {
			t->pending = true;
			return 0;
		}
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
