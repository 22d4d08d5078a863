#include "transfer/tree_file.h"

#include "base/err.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { READ_SIZE = 64 * 1024 };

struct tree_file {
	int fd; /* borrowed */
	struct tree_header header;
	struct tree_reader reader;
	uint64_t at; /* bytes of the file that were read */
	size_t start, end;
	uint8_t data[READ_SIZE]; /* from start to end not yet taken */
};

static ssize_t
read_at(int fd, void *data, size_t len, uint64_t at)
{
	ssize_t n;
	do {
		n = pread(fd, data, len, (off_t)at);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

void
tree_file_rewind(struct tree_file *f)
{
	tree_reader_init(&f->reader, &f->header);
	f->at = TREE_HEADER_SIZE;
	f->start = f->end = 0;
}

int
tree_file_create(int fd, struct tree_file **out)
{
	uint8_t head[TREE_HEADER_SIZE];
	ssize_t n = read_at(fd, head, sizeof(head), 0);
	if (n < 0)
		return (int)n;
	struct tree_file *f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	int err = n < (ssize_t)sizeof(head) ? ERR_PROTO : tree_header_read(head, &f->header);
	if (err) {
		free(f);
		return err;
	}
	f->fd = fd;
	tree_file_rewind(f);
	*out = f;
	return 0;
}

void
tree_file_destroy(struct tree_file *f)
{
	free(f);
}

/* What follows the manifest, if anything does, is not read. */
static int
fill(struct tree_file *f)
{
	size_t kept = f->end - f->start;
	memmove(f->data, f->data + f->start, kept);
	f->start = 0;
	f->end = kept;
	uint64_t left = f->header.length - f->at;
	size_t room = READ_SIZE - kept;
	ssize_t n = read_at(f->fd, f->data + kept, left < room ? (size_t)left : room, f->at);
	if (n <= 0)
		return n < 0 ? (int)n : ERR_PROTO;
	f->at += (uint64_t)n;
	f->end += (size_t)n;
	return 0;
}

int
tree_file_next(struct tree_file *f, struct tree_entry *out)
{
	if (f->reader.entries == f->header.entries) {
		int err = tree_reader_end(&f->reader);
		return err;
	}
	for (;;) {
		int n = tree_reader_next(&f->reader, f->data + f->start, f->end - f->start, out);
		if (n < 0)
			return n;
		if (n > 0) {
			f->start += (size_t)n;
			return 1;
		}
		int err = fill(f);
		if (err)
			return err;
	}
}

const struct tree_header *
tree_file_header(const struct tree_file *f)
{
	return &f->header;
}

const char *
tree_file_path(const struct tree_file *f)
{
	return f->reader.path;
}
