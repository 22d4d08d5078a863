/* How fast a folder of many small files is walked, read, and written: source, porter and sink, with
 * nothing between. In memory where a file system can be mounted there.
 *
 *   bench_folder [files [bytes]]     10000 of 4096 */
#define _GNU_SOURCE /* unshare */
#include "base/err.h"
#include "base/str.h"
#include "tls/digest.h"
#include "transfer/sink.h"
#include "transfer/source.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SOURCE "00000000000000000000000000000001"
#define ID     "00000000000000000000000000000002"

enum { BLOCK = 256 * 1024, FOLDERS = 100 };

static char root[] = "/tmp/bench_folder.XXXXXX";
static char path[256];

static const char *
at(const char *name)
{
	(void)snprintf(path, sizeof(path), "%s/%s", root, name);
	return path;
}

static void
check(int err, const char *what)
{
	if (!err)
		return;
	(void)fprintf(stderr, "%s: %s\n", what, err_str(err));
	exit(1); // NOLINT(concurrency-mt-unsafe): there is one thread
}

static double
seconds(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
make_files(int64_t files, int64_t bytes)
{
	char *data = calloc(1, (size_t)bytes + 1);
	char name[64];
	check(mkdir(at("from"), 0700), "mkdir");
	for (int64_t i = 0; i < files; i++) {
		if (i < FOLDERS) {
			(void)snprintf(name, sizeof(name), "from/%02d", (int)i);
			check(mkdir(at(name), 0700), "mkdir");
		}
		(void)snprintf(name, sizeof(name), "from/%02d/file %d", (int)(i % FOLDERS), (int)i);
		int fd = open(at(name), O_WRONLY | O_CREAT, 0600);
		if (!data || fd < 0 || write(fd, data, (size_t)bytes) != bytes)
			check(-1, "write");
		(void)close(fd);
	}
	free(data);
}

static void
report(const char *what, int64_t files, double since)
{
	(void)printf("%-8s %8.0f files/s\n", what, (double)files / (seconds() - since));
}

static void
run(struct porter *p, int64_t files)
{
	static char block[BLOCK];
	struct porter_granted g;
	struct source *source;
	struct sink *sink;
	struct digest_run *d;
	char manifest[256];
	uint64_t offset;
	ssize_t n = 0;
	(void)snprintf(manifest, sizeof(manifest), "%s", at("manifest"));
	const struct tree_ref tree = {manifest};
	check(porter_grant(p, SOURCE, open(at("from"), O_RDONLY), &g), "grant");
	check(source_create(p, SOURCE, &tree, 0, 0, &source), "source");
	double since = seconds();
	check(source_prepare(source), "prepare");
	report("walk", files, since);
	uint64_t size = source_summary(source)->size;
	since = seconds();
	for (offset = 0; (n = source_read(source, offset, block, sizeof(block))) > 0;)
		offset += (uint64_t)n;
	check((int)n, "read");
	report("read", files, since);
	check(sink_create(p, PORTER_DOWNLOADS, ID, "to", size, true, 0, 0, &sink), "sink");
	check(digest_run_create(&d), "digest");
	check(sink_open(sink, &offset, d), "open");
	since = seconds();
	double writing = 0;
	for (; (n = source_read(source, offset, block, sizeof(block))) > 0; offset += (uint64_t)n) {
		double before = seconds();
		check(sink_write(sink, block, (size_t)n), "write");
		writing += seconds() - before;
	}
	check((int)n, "read");
	report("write", files, seconds() - writing);
	check(sink_finish(sink, NULL), "finish");
	report("copy", files, since);
	sink_destroy(sink);
	source_destroy(source);
	digest_run_destroy(d);
}

int
main(int argc, char **argv)
{
	int64_t files = 10000, bytes = 4096;
	struct porter *p = NULL;
	if ((argc > 1 && str_to_int(argv[1], 1, 200000, &files)) ||
	    (argc > 2 && str_to_int(argv[2], 0, 1 << 20, &bytes)) || !mkdtemp(root))
		return 2;
	bool memory = unshare(CLONE_NEWNS) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0;
	memory = memory && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
		 mount("none", root, "tmpfs", 0, "mode=700") == 0;
	(void)printf(
	    "%d files of %d bytes, %s\n", (int)files, (int)bytes, memory ? "in memory" : "on disk");
	/* NOLINTBEGIN(concurrency-mt-unsafe): there is one thread */
	check(setenv("XDG_DATA_HOME", at("data"), 1), "setenv");
	check(setenv("XDG_STATE_HOME", at("state"), 1), "setenv");
	/* NOLINTEND(concurrency-mt-unsafe) */
	make_files(files, bytes);
	check(porter_start(at("downloads"), &p), "porter");
	run(p, files);
	porter_stop(p);
	return 0; /* what lies in memory goes with it */
}
