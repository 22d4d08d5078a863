/* How fast a file goes from one process to another on this machine: over our carriers (TLS with
 * the keys of both, SHA-256 on both sides, read from a file and written to a file), beside a bare
 * TLS stream of OpenSSL (64 KiB writes from memory, read into memory, nothing else). In turns, in
 * one run; medians. The files lie in $BENCH_FILE_DIR (default /dev/shm).
 *
 *   bench_file [MIB [ROUNDS]]      both, a table
 *   bench_file ours|bare MIB       one round of one of them: MB/s */
#include "base/err.h"
#include "base/limits.h"
#include "base/number.h"
#include "tls/channel.h"
#include "tls/digest.h"
#include "tls/identity.h"
#include "tls/internal.h"
#include "tls/session.h"
#include "transfer/pump.h"
#include "transfer/sink.h"
#include "transfer/source.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS_MAX = 99, BARE_BLOCK = 64 * 1024, MIB = 1 << 20 };

struct figures {
	double seconds;
	double cpu[2];  /* s of sender, receiver */
	long growth[2]; /* KiB of RSS that the transfer itself added */
	uint8_t digest[2][DIGEST_SHA256_SIZE];
};

static struct tls_identity *identities[2];
static const char *folder = "/dev/shm";
static char from_path[256], to_path[256];

static void
must(int err, const char *what)
{
	if (err >= 0)
		return;
	(void)fprintf(stderr, "bench_file: %s: %s\n", what, err_str(err));
	abort();
}

static double
now(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double
cpu(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static long
rss_peak(void)
{
	struct rusage r;
	(void)getrusage(RUSAGE_SELF, &r);
	return r.ru_maxrss;
}

/* ---- the two ends of a file ---- */

struct source {
	int fd;
};
struct sink {
	int fd;
	uint64_t at;
};

ssize_t
source_read(struct source *s, uint64_t offset, void *data, size_t len)
{
	ssize_t n = pread(s->fd, data, len, (off_t)offset);
	return n < 0 ? -errno : n;
}

int
sink_write(struct sink *s, const void *data, size_t len)
{
	ssize_t n = pwrite(s->fd, data, len, (off_t)s->at);
	if (n != (ssize_t)len)
		return n < 0 ? -errno : -ENOSPC;
	s->at += len;
	return 0;
}

uint64_t
sink_offset(const struct sink *s)
{
	return s->at;
}

int
sink_checkpoint(struct sink *s)
{
	return fdatasync(s->fd) < 0 ? -errno : 0;
}

/* ---- ours ---- */

static int ended;

static void
on_end(void *ctx, int err)
{
	(void)ctx;
	ended = err;
}

static void
run_carrier(carrier_fn *fn, void *arg)
{
	static const struct carrier_listener l = {.on_end = on_end};
	uv_loop_t loop;
	struct carrier *c;
	ended = 1;
	must(uv_loop_init(&loop), "loop");
	must(carrier_start(&loop, fn, arg, &l, NULL, &c), "carrier");
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	(void)uv_loop_close(&loop);
	must(ended, "transfer");
}

static void
our_end(int fd, bool sends, uint64_t size, struct figures *f)
{
	struct tls_context *context;
	struct carrier_link link = {.fd = fd};
	must(tls_context_create(identities[!sends], &context), "context");
	must(tls_channel_create(context, sends, tls_identity_id(identities[sends]), &link.tls),
	    "channel");
	if (sends) {
		struct source source = {open(from_path, O_RDONLY | O_CLOEXEC)};
		struct pump_send s = {.link = link, .source = &source, .size = size};
		run_carrier(pump_send_run, &s);
		memcpy(f->digest[0], s.digest, sizeof(s.digest));
		(void)close(source.fd);
	} else {
		struct sink sink = {
		    open(to_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), 0};
		struct pump_receive r = {.link = link, .sink = &sink, .size = size};
		must(digest_run_create(&r.run), "digest");
		run_carrier(pump_receive_run, &r);
		memcpy(f->digest[1], r.digest, sizeof(r.digest));
		digest_run_destroy(r.run);
		(void)close(sink.fd);
	}
	tls_context_destroy(context);
}

/* ---- bare ---- */

static int
accept_any(X509_STORE_CTX *store, void *ctx)
{
	(void)store, (void)ctx;
	return 1;
}

static void
bare_end(int fd, bool sends, uint64_t size, struct figures *f)
{
	static char block[BARE_BLOCK];
	SSL_CTX *ctx = SSL_CTX_new(TLS_method());
	SSL *ssl = NULL;
	(void)f;
	if (ctx && SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1 &&
	    SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256") == 1 &&
	    SSL_CTX_set_num_tickets(ctx, 0) == 1 &&
	    SSL_CTX_use_certificate(ctx, identities[!sends]->cert) == 1 &&
	    SSL_CTX_use_PrivateKey(ctx, identities[!sends]->key) == 1)
		ssl = SSL_new(ctx);
	SSL_CTX_set_cert_verify_callback(ctx, accept_any, NULL);
	if (!ssl || SSL_set_fd(ssl, fd) != 1 || (sends ? SSL_connect(ssl) : SSL_accept(ssl)) != 1)
		must(-EPROTO, "bare handshake");
	memset(block, 'x', sizeof(block));
	while (size) {
		int want = size < sizeof(block) ? (int)size : BARE_BLOCK;
		int n = sends ? SSL_write(ssl, block, want) : SSL_read(ssl, block, want);
		if (n <= 0)
			must(-EPROTO, "bare stream");
		size -= (uint64_t)n;
	}
	/* the receiver has it all once it says so */
	if ((sends ? SSL_read(ssl, block, 1) : SSL_write(ssl, block, 1)) != 1)
		must(-EPROTO, "bare end");
	SSL_free(ssl);
	SSL_CTX_free(ctx);
}

/* ---- a round: two processes, one connection ---- */

typedef void end_fn(int fd, bool sends, uint64_t size, struct figures *f);

static void
connect_pair(int fd[2])
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int one = 1, l = socket(AF_INET, SOCK_STREAM, 0);
	fd[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (l < 0 || fd[0] < 0 || bind(l, (struct sockaddr *)&at, len) < 0 || listen(l, 1) < 0 ||
	    getsockname(l, (struct sockaddr *)&at, &len) < 0 ||
	    connect(fd[0], (struct sockaddr *)&at, len) < 0)
		must(-errno, "connect");
	fd[1] = accept(l, NULL, NULL);
	(void)close(l);
	for (int i = 0; i < 2; i++)
		(void)setsockopt(fd[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

/* One end in a process of its own, which tells its figures through the pipe. */
static pid_t
begin_end(end_fn *fn, const int fd[2], bool sends, uint64_t size, int to)
{
	pid_t pid = fork();
	must(pid < 0 ? -errno : 0, "fork");
	if (pid)
		return pid;
	struct figures f = {0};
	(void)close(fd[sends ? 1 : 0]);
	double c = cpu();
	long before = rss_peak();
	fn(fd[sends ? 0 : 1], sends, size, &f);
	f.seconds = now();
	f.cpu[!sends] = cpu() - c;
	f.growth[!sends] = rss_peak() - before;
	if (write(to, &f, sizeof(f)) != (ssize_t)sizeof(f))
		_exit(1);
	_exit(0);
}

static struct figures
round_of(end_fn *fn, uint64_t size)
{
	struct figures all = {0};
	int fd[2], tell[2][2];
	pid_t pid[2];
	double begun = now();
	connect_pair(fd);
	for (int i = 0; i < 2; i++) {
		must(pipe(tell[i]) < 0 ? -errno : 0, "pipe");
		pid[i] = begin_end(fn, fd, i == 0, size, tell[i][1]);
		(void)close(tell[i][1]);
	}
	(void)close(fd[0]);
	(void)close(fd[1]);
	for (int i = 0; i < 2; i++) {
		struct figures f;
		int status;
		if (read(tell[i][0], &f, sizeof(f)) != (ssize_t)sizeof(f) ||
		    waitpid(pid[i], &status, 0) < 0 || status)
			must(-EPROTO, "one end");
		(void)close(tell[i][0]);
		if (f.seconds - begun > all.seconds)
			all.seconds = f.seconds - begun;
		all.cpu[i] = f.cpu[i];
		all.growth[i] = f.growth[i];
		memcpy(all.digest[i], f.digest[i], sizeof(f.digest[i]));
	}
	if (memcmp(all.digest[0], all.digest[1], sizeof(all.digest[0])) != 0)
		must(ERR_DIFFERS, "digests");
	(void)unlink(to_path);
	return all;
}

static void
make_file(uint64_t size)
{
	static uint64_t block[MIB / sizeof(uint64_t)];
	uint64_t x = 88172645463325252;
	int fd = open(from_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	must(fd < 0 ? -errno : 0, from_path);
	while (size) {
		for (size_t i = 0; i < ARRAY_LEN(block); i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			block[i] = x;
		}
		size_t n = size < sizeof(block) ? (size_t)size : sizeof(block);
		must(write(fd, block, n) == (ssize_t)n ? 0 : -ENOSPC, from_path);
		size -= n;
	}
	(void)close(fd);
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double
median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), by_value);
	return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static void
print(const char *name, double mb, const struct figures *f)
{
	printf("%-6s %7.0f MB/s   cpu sender %.2f s, receiver %.2f s   rss +%ld, +%ld KiB\n", name,
	    mb, f->cpu[0], f->cpu[1], f->growth[0], f->growth[1]);
}

static void
compare(uint64_t size, size_t rounds)
{
	double ours[ROUNDS_MAX], bare[ROUNDS_MAX];
	struct figures f = {0};
	for (size_t i = 0; i < rounds; i++) {
		f = round_of(bare_end, size);
		bare[i] = (double)size / 1e6 / f.seconds;
		print("bare", bare[i], &f);
		f = round_of(our_end, size);
		ours[i] = (double)size / 1e6 / f.seconds;
		print("ours", ours[i], &f);
		(void)fflush(stdout);
	}
	double o = median(ours, rounds), b = median(bare, rounds);
	printf("%.0f MiB, median of %zu: bare TLS %.0f MB/s, ours %.0f MB/s: %.2f\n",
	    (double)size / MIB, rounds, b, o, o / b);
}

int
main(int argc, char **argv)
{
	// NOLINTNEXTLINE(concurrency-mt-unsafe): there is no other thread yet
	const char *where = getenv("BENCH_FILE_DIR");
	bool one = argc > 1 && (strcmp(argv[1], "ours") == 0 || strcmp(argv[1], "bare") == 0);
	uint64_t size = UINT64_C(1024) * MIB;
	size_t rounds = 5;
	if (argc > 1 + one)
		size = strtoull(argv[1 + one], NULL, 10) * MIB;
	if (!one && argc > 2)
		rounds = strtoul(argv[2], NULL, 10);
	if (rounds < 1 || rounds > ROUNDS_MAX)
		return 2;
	folder = where ? where : folder;
	(void)snprintf(from_path, sizeof(from_path), "%s/bench-file-%d.from", folder, getpid());
	(void)snprintf(to_path, sizeof(to_path), "%s/bench-file-%d.to", folder, getpid());
	must(identity_generate(&identities[0]), "key");
	must(identity_generate(&identities[1]), "key");
	make_file(size);
	if (one) {
		struct figures f =
		    round_of(strcmp(argv[1], "ours") == 0 ? our_end : bare_end, size);
		printf("%.1f\n", (double)size / 1e6 / f.seconds);
	} else {
		compare(size, rounds);
	}
	(void)unlink(from_path);
	tls_identity_destroy(identities[0]);
	tls_identity_destroy(identities[1]);
	return 0;
}
