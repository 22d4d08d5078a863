#define _GNU_SOURCE /* syncfs */
#include "transfer/sink.h"

#include "base/err.h"
#include "base/limits.h"
#include "base/number.h"
#include "base/str.h"
#include "transfer/name.h"
#include "transfer/sink_tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

enum {
	PART_SIZE = 64,
	READ_SIZE = 256 * 1024,
	ORIGIN_MAX = 4096,
	SPACE_STEP = 16 << 20, /* bytes between two looks at the free space */
};

struct sink {
	struct porter *porter; /* borrowed */
	char token[PORTER_TOKEN_SIZE], part[PART_SIZE], manifest[PART_SIZE];
	char *name;   /* owned; clean */
	char *origin; /* owned; URL of who sent it; NULL: no mark */
	uint64_t size, offset, keep_free;
	int64_t mtime;
	uint64_t looked; /* offset at the last look at the free space */
	uint64_t wanted; /* sink_expect(); 0: nothing */
	uint8_t digest[DIGEST_SHA256_SIZE];
	bool opened;
	int fd;                 /* owned; of a file, -1 */
	struct sink_tree *tree; /* owned; of a folder */
};

int
sink_create(struct porter *p, const char *token, const char *id, const char *name, uint64_t size,
    bool folder, int64_t mtime, uint64_t keep_free, struct sink **out)
{
	struct buf clean = BUF_INIT(LIMIT_FILE_NAME);
	struct sink *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	*s = (struct sink){
	    .porter = p, .size = size, .mtime = mtime, .keep_free = keep_free, .fd = -1};
	transfer_name_clean(name, &clean);
	s->name = buf_take(&clean);
	int err = s->name ? str_copy(s->token, sizeof(s->token), token) : -ENOMEM;
	if (!err && strlen(id) != PORTER_TOKEN_SIZE - 1)
		err = -EINVAL;
	if (!err) {
		(void)snprintf(s->part, sizeof(s->part), ".earshot-%.32s.part", id);
		(void)snprintf(s->manifest, sizeof(s->manifest), ".earshot-%.32s.tree", id);
		if (folder)
			err = sink_tree_create(p, token, s->part, s->manifest, size, &s->tree);
	}
	if (err)
		sink_destroy(s);
	else
		*out = s;
	return err;
}

static void
close_part(struct sink *s)
{
	if (s->fd >= 0)
		(void)close(s->fd);
	s->fd = -1;
}

void
sink_destroy(struct sink *s)
{
	if (!s)
		return;
	close_part(s);
	sink_tree_destroy(s->tree);
	free(s->name);
	free(s->origin);
	free(s);
}

/* RFC 5122 */
int
sink_set_origin(struct sink *s, const char *name)
{
	static const char plain[] = "-._~@";
	struct buf url = BUF_INIT(ORIGIN_MAX);
	buf_str(&url, "xmpp:");
	for (const unsigned char *p = (const unsigned char *)name; *p; p++) {
		bool letter =
		    (*p >= '0' && *p <= '9') || ((*p | 0x20) >= 'a' && (*p | 0x20) <= 'z');
		if (letter || strchr(plain, *p))
			buf_char(&url, (char)*p);
		else
			buf_fmt(&url, "%%%02X", *p);
	}
	free(s->origin);
	s->origin = buf_take(&url);
	if (s->tree)
		sink_tree_set_origin(s->tree, s->origin);
	return s->origin ? 0 : -ENOMEM;
}

void
sink_expect(struct sink *s, uint64_t offset, const uint8_t digest[DIGEST_SHA256_SIZE])
{
	s->wanted = offset;
	memcpy(s->digest, digest, sizeof(s->digest));
}

uint64_t
sink_offset(const struct sink *s)
{
	return s->offset;
}

/* ---- bytes ---- */

ssize_t
sink_write_at(int fd, const void *data, size_t len, uint64_t at)
{
	ssize_t n;
	do {
		n = pwrite(fd, data, len, (off_t)at);
	} while (n < 0 && errno == EINTR);
	if (n == 0)
		return -EIO;
	return n < 0 ? -errno : n;
}

int
sink_read_back(int fd, uint64_t at, uint64_t len, struct digest_run *d)
{
	uint8_t *data = malloc(READ_SIZE);
	int err = data ? 0 : -ENOMEM;
	while (!err && len > 0) {
		ssize_t n = pread(fd, data, number_lower(len, READ_SIZE), (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			err = n < 0 ? -errno : ERR_DIFFERS;
			break;
		}
		digest_run_update(d, data, (size_t)n);
		at += (uint64_t)n;
		len -= (uint64_t)n;
	}
	free(data);
	return err;
}

void
sink_set_time(int fd, int64_t mtime)
{
	struct timespec now;
	if (mtime <= 0 || clock_gettime(CLOCK_REALTIME, &now) != 0 || mtime > now.tv_sec)
		return;
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = mtime}};
	(void)futimens(fd, times); /* a file without its time is still the file */
}

void
sink_finish_file(int fd, int64_t mtime, const char *origin)
{
	/* file systems that have no marks do without */
	if (origin)
		(void)!fsetxattr(fd, "user.xdg.origin.url", origin, strlen(origin), 0);
	sink_set_time(fd, mtime);
}

/* ---- space ---- */

static int
judge_space(const struct sink *s, uint64_t free_bytes, uint64_t total)
{
	uint64_t keep = s->keep_free;
	if (keep == SINK_KEEP_DEFAULT)
		keep = number_higher(total / 100 * LIMIT_KEEP_FREE_PERCENT, LIMIT_KEEP_FREE);
	uint64_t left = s->size == SINK_SIZE_UNKNOWN ? 0 : s->size - s->offset;
	if (left > free_bytes)
		return -ENOSPC;
	return keep > free_bytes - left ? ERR_FULL : 0;
}

static int
check_space(struct sink *s)
{
	uint64_t free_bytes, total;
	int err = porter_space(s->porter, s->token, &free_bytes, &total);
	s->looked = s->offset;
	return err ? err : judge_space(s, free_bytes, total);
}

/* Others fill the disk, too. */
static int
check_space_again(struct sink *s)
{
	struct statvfs fs;
	int fd = s->tree ? sink_tree_fd(s->tree) : s->fd;
	if (s->offset - s->looked < SPACE_STEP)
		return 0;
	s->looked = s->offset;
	if (fstatvfs(fd, &fs) < 0)
		return -errno;
	return judge_space(
	    s, (uint64_t)fs.f_bavail * fs.f_frsize, (uint64_t)fs.f_blocks * fs.f_frsize);
}

/* ---- opening ---- */

static int
resume_file(struct sink *s, struct digest_run *d)
{
	struct stat st;
	int err = porter_create(s->porter, s->token, s->part, true, &s->fd);
	if (err)
		return err == -ENOENT || err == -EACCES || err == -ELOOP || err == -EISDIR
			   ? ERR_DIFFERS
			   : err;
	if (fstat(s->fd, &st) < 0)
		return -errno;
	if ((uint64_t)st.st_size < s->wanted)
		return ERR_DIFFERS;
	err = sink_read_back(s->fd, 0, s->wanted, d);
	if (!err && ftruncate(s->fd, (off_t)s->wanted) < 0)
		err = -errno;
	return err;
}

/* 0: it goes on there; ERR_DIFFERS: not with what is there. */
static int
resume(struct sink *s, struct digest_run *d)
{
	uint8_t found[DIGEST_SHA256_SIZE];
	struct digest_run *run = NULL;
	if (s->wanted == 0 || s->wanted > s->size)
		return ERR_DIFFERS;
	int err = digest_run_create(&run);
	if (!err)
		err = s->tree ? sink_tree_resume(s->tree, s->wanted, run) : resume_file(s, run);
	if (!err)
		err = digest_run_value(run, found);
	if (!err && memcmp(found, s->digest, sizeof(found)) != 0)
		err = ERR_DIFFERS;
	if (!err) {
		digest_run_copy(d, run);
		s->offset = s->wanted;
	}
	digest_run_destroy(run);
	return err;
}

static int
remove_parts(struct sink *s)
{
	int err = porter_remove(s->porter, s->token, s->part);
	int again = s->tree ? porter_remove(s->porter, s->token, s->manifest) : 0;
	return err ? err : again;
}

static int
begin(struct sink *s)
{
	close_part(s);
	int err = remove_parts(s);
	if (err)
		return err;
	s->offset = 0;
	return s->tree ? sink_tree_begin(s->tree)
		       : porter_create(s->porter, s->token, s->part, false, &s->fd);
}

int
sink_open(struct sink *s, uint64_t *offset, struct digest_run *d)
{
	int err = 0;
	if (!s->opened) {
		err = resume(s, d);
		if (err == ERR_DIFFERS) {
			/* refused before anything is made; what there was gives its place */
			err = remove_parts(s);
			if (!err)
				err = check_space(s);
			if (!err)
				err = begin(s);
		} else if (!err) {
			err = check_space(s);
		}
		s->opened = !err;
	} else {
		err = check_space(s);
	}
	*offset = s->offset;
	return err;
}

/* ---- writing ---- */

int
sink_write(struct sink *s, const void *data, size_t len)
{
	const uint8_t *from = data;
	if (!s->opened)
		return -EBADF;
	if (len > s->size - s->offset)
		return ERR_PROTO;
	while (len > 0) {
		int err = check_space_again(s);
		if (err)
			return err;
		ssize_t n = s->tree ? sink_tree_write(s->tree, from, len)
				    : sink_write_at(s->fd, from, len, s->offset);
		if (n < 0)
			return (int)n;
		from += n;
		len -= (size_t)n;
		s->offset += (uint64_t)n;
	}
	return 0;
}

int
sink_checkpoint(struct sink *s)
{
	if (!s->opened)
		return -EBADF;
	int rc = s->tree ? syncfs(sink_tree_fd(s->tree)) : fdatasync(s->fd);
	return rc < 0 ? -errno : 0;
}

int
sink_finish(struct sink *s, struct buf *final_name)
{
	if (!s->opened)
		return -EBADF;
	if (s->size != SINK_SIZE_UNKNOWN && s->offset != s->size)
		return ERR_PROTO;
	int err = 0;
	if (s->tree)
		err = sink_tree_end(s->tree);
	else
		sink_finish_file(s->fd, s->mtime, s->origin);
	if (!err)
		err = porter_place(s->porter, s->token, s->part, s->name, final_name);
	if (err)
		return err;
	close_part(s);
	if (s->tree)
		(void)!porter_remove(s->porter, s->token, s->manifest);
	s->opened = false;
	return 0;
}

void
sink_discard(struct sink *s)
{
	close_part(s);
	if (s->tree)
		sink_tree_reset(s->tree);
	s->opened = false;
	s->offset = s->wanted = 0;
	(void)!remove_parts(s);
}
