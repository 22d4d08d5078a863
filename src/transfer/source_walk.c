#define _GNU_SOURCE /* fdopendir, AT_EACCESS, fstatat */
#include "transfer/source_walk.h"

#include "base/err.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	FLUSH_SIZE = 64 * 1024,
	PROGRESS_STEP = 256, /* files */
	LEFT_NAMES = 5,      /* that people are told of what is left out */
};

/* ---- the names of one folder, in order ---- */

struct names {
	struct buf text; /* each with its NUL */
	const char **list;
	size_t count;
};

static void
names_finish(struct names *n)
{
	buf_finish(&n->text);
	free(n->list);
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Our own parts are not anybody's to send. */
static bool
is_ours(const char *name)
{
	static const char hidden[] = ".earshot-";
	return strncmp(name, hidden, strlen(hidden)) == 0;
}

static int
names_read(DIR *folder, struct names *n)
{
	buf_init(&n->text, LIMIT_TREE_BYTES);
	for (struct dirent *e;;) {
		errno = 0;
		e = readdir(folder); // NOLINT(concurrency-mt-unsafe): a list of our own
		if (!e)
			break;
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
		    is_ours(e->d_name))
			continue;
		if (++n->count > LIMIT_TREE_ENTRIES)
			return ERR_TOO_BIG;
		buf_add(&n->text, e->d_name, strlen(e->d_name) + 1);
	}
	if (errno || buf_err(&n->text))
		return errno ? -errno : buf_err(&n->text);
	n->list = calloc(n->count + 1, sizeof(*n->list));
	if (!n->list)
		return -ENOMEM;
	const char *at = n->text.data;
	for (size_t i = 0; i < n->count; i++, at += strlen(at) + 1)
		n->list[i] = at;
	qsort(n->list, n->count, sizeof(*n->list), compare);
	return 0;
}

/* ---- writing ---- */

static int
write_all(int fd, const void *data, size_t len, off_t at)
{
	const char *from = data;
	while (len > 0) {
		ssize_t n = pwrite(fd, from, len, at);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n < 0)
			continue;
		from += n;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

static int
flush(struct source_walk *w)
{
	int err = buf_err(&w->pending);
	if (!err && w->pending.len > 0)
		err = write_all(
		    w->out, w->pending.data, w->pending.len, (off_t)(w->length - w->pending.len));
	buf_clear(&w->pending);
	return err;
}

static int
add_entry(struct source_walk *w, const struct tree_entry *e)
{
	w->entries++;
	w->length += TREE_ENTRY_SIZE + e->name_len;
	if (w->entries > LIMIT_TREE_ENTRIES || w->length > LIMIT_TREE_BYTES ||
	    e->size > (uint64_t)INT64_MAX - LIMIT_TREE_BYTES - w->bytes)
		return ERR_TOO_BIG;
	w->bytes += e->size;
	if (e->folder)
		w->summary.folders++;
	else
		w->summary.files++;
	tree_entry_write(e, &w->pending);
	if (!e->folder && w->progress && w->summary.files % PROGRESS_STEP == 0 &&
	    w->progress(w->ctx, w->summary.files))
		return -ECANCELED;
	return w->pending.len < FLUSH_SIZE ? buf_err(&w->pending) : flush(w);
}

/* ---- walking ---- */

static int walk_folder(struct source_walk *w, unsigned depth);

static void
note_left_out(struct source_walk *w)
{
	size_t room = sizeof(w->summary.left) - 1 - w->left_len, len = w->path.len + 1;
	if (w->summary.left_out++ >= LEFT_NAMES || len > room)
		return;
	memcpy(w->summary.left + w->left_len, buf_cstr(&w->path), len);
	w->left_len += len;
}

static int
walk_entry(struct source_walk *w, int folder, const char *name, unsigned depth)
{
	struct tree_entry e = {.depth = depth, .name_len = strlen(name)};
	struct stat st;
	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno; /* gone before it could be sent */
	if ((!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) || e.name_len > TREE_NAME_MAX) {
		note_left_out(w);
		return 0;
	}
	if (w->path.len > LIMIT_TREE_PATH)
		return ERR_TOO_BIG;
	e.folder = S_ISDIR(st.st_mode);
	e.size = e.folder ? 0 : (uint64_t)st.st_size;
	e.mtime = (int64_t)st.st_mtim.tv_sec;
	memcpy(e.name, name, e.name_len);
	if (!e.folder && faccessat(folder, name, R_OK, AT_EACCESS) < 0)
		return -errno; /* told now, and not when half of it is sent */
	int err = add_entry(w, &e);
	if (!err && e.folder)
		err = depth < LIMIT_TREE_DEPTH ? walk_folder(w, depth + 1) : ERR_TOO_BIG;
	return err;
}

static int
walk_names(struct source_walk *w, DIR *folder, unsigned depth)
{
	struct names names = {0};
	int err = names_read(folder, &names);
	size_t len = w->path.len;
	for (size_t i = 0; !err && i < names.count; i++) {
		if (len > 0)
			buf_char(&w->path, '/');
		buf_str(&w->path, names.list[i]);
		err = buf_err(&w->path);
		if (!err)
			err = walk_entry(w, dirfd(folder), names.list[i], depth);
		if (err)
			break; /* the path tells where */
		w->path.len = len;
		w->path.data[len] = '\0';
	}
	names_finish(&names);
	return err;
}

/* w->path, in which everything lies `depth` deep. */
static int
walk_folder(struct source_walk *w, unsigned depth)
{
	int fd;
	int err = porter_open(w->porter, w->token, buf_cstr(&w->path), &fd);
	if (err)
		return err;
	DIR *folder = fdopendir(fd);
	if (!folder) {
		err = -errno;
		(void)close(fd);
		return err;
	}
	err = walk_names(w, folder, depth);
	(void)closedir(folder);
	return err;
}

static int
write_manifest(struct source_walk *w)
{
	uint8_t head[TREE_HEADER_SIZE];
	w->length = TREE_HEADER_SIZE;
	int err = walk_folder(w, 1);
	if (!err)
		err = flush(w);
	if (err)
		return err;
	const struct tree_header h = {
	    .entries = w->entries, .length = (uint32_t)w->length, .bytes = w->bytes};
	tree_header_write(&h, head);
	err = write_all(w->out, head, sizeof(head), 0);
	if (!err && fsync(w->out) < 0)
		err = -errno;
	w->summary.size = w->length + w->bytes;
	return err;
}

int
source_walk_run(struct source_walk *w, const char *manifest)
{
	struct buf beside = BUF_INIT(PATH_MAX);
	buf_fmt(&beside, "%s.new", manifest);
	buf_init(&w->pending, FLUSH_SIZE + TREE_ENTRY_SIZE + TREE_NAME_MAX);
	buf_init(&w->path, LIMIT_TREE_PATH + TREE_NAME_MAX + 1);
	int err = buf_err(&beside);
	if (!err) {
		w->out = open(
		    buf_cstr(&beside), O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
		err = w->out < 0 ? -errno : write_manifest(w);
		if (w->out >= 0)
			(void)close(w->out);
	}
	if (!err && rename(buf_cstr(&beside), manifest) < 0)
		err = -errno;
	if (err) {
		(void)unlink(buf_cstr(&beside));
		buf_add(&w->problem, w->path.data, w->path.len);
	}
	buf_finish(&beside);
	return err;
}

void
source_walk_finish(struct source_walk *w)
{
	buf_finish(&w->problem);
	buf_finish(&w->pending);
	buf_finish(&w->path);
}
