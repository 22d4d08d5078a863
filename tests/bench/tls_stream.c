/* The yardstick of bench_transfer.py: a bare TLS 1.3 stream of OpenSSL over TCP (AES-128-GCM, 64
 * KiB writes from memory, read into memory: no disk, no hash, no check of keys), between two hosts.
 *
 *   tls_stream listen PORT              takes one stream after another, for ever
 *   tls_stream dial ADDRESS PORT MIB    sends that much; seconds from connect() to the answer */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 64 * 1024, YEAR = 365 * 24 * 3600 };

static char block[BLOCK];

static void
must(int holds, const char *what)
{
	if (holds)
		return;
	/* NOLINTBEGIN(concurrency-mt-unsafe): there is one thread */
	(void)fprintf(stderr, "tls_stream: %s: %s\n", what, strerror(errno));
	exit(1);
	/* NOLINTEND(concurrency-mt-unsafe) */
}

static double
now(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int
accept_any(X509_STORE_CTX *store, void *ctx)
{
	(void)store, (void)ctx;
	return 1;
}

/* A context with a key of its own. */
static SSL_CTX *
context(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_method());
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	must(ctx && key && cert, "memory");
	must(X509_gmtime_adj(X509_getm_notBefore(cert), 0) != NULL &&
		 X509_gmtime_adj(X509_getm_notAfter(cert), YEAR) != NULL &&
		 X509_set_pubkey(cert, key) == 1 && X509_sign(cert, key, EVP_sha256()) > 0,
	    "certificate");
	must(SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1 &&
		 SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256") == 1 &&
		 SSL_CTX_set_num_tickets(ctx, 0) == 1 && SSL_CTX_use_certificate(ctx, cert) == 1 &&
		 SSL_CTX_use_PrivateKey(ctx, key) == 1,
	    "context");
	SSL_CTX_set_cert_verify_callback(ctx, accept_any, NULL);
	X509_free(cert);
	EVP_PKEY_free(key);
	return ctx;
}

static SSL *
stream(SSL_CTX *ctx, int fd)
{
	int one = 1;
	SSL *ssl = SSL_new(ctx);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	must(ssl && SSL_set_fd(ssl, fd) == 1, "stream");
	return ssl;
}

static void
take_streams(SSL_CTX *ctx, uint16_t port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
	int one = 1, l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	must(l >= 0 && bind(l, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(l, 1) == 0,
	    "listen");
	(void)puts("listens");
	(void)fflush(stdout);
	for (;;) {
		uint64_t size = 0;
		int fd = accept(l, NULL, NULL), n;
		must(fd >= 0, "accept");
		SSL *ssl = stream(ctx, fd);
		must(SSL_accept(ssl) == 1 && SSL_read(ssl, &size, sizeof(size)) == sizeof(size),
		    "beginning");
		for (; size; size -= (uint64_t)n) {
			n = SSL_read(ssl, block, BLOCK);
			must(n > 0, "read");
		}
		must(SSL_write(ssl, "", 1) == 1, "answer");
		SSL_free(ssl);
		(void)close(fd);
	}
}

static void
send_stream(SSL_CTX *ctx, const char *address, uint16_t port, uint64_t size)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
	must(inet_pton(AF_INET, address, &to.sin_addr) == 1, address);
	memset(block, 'x', sizeof(block)); /* pages of its own */
	double began = now();
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0, "connect");
	SSL *ssl = stream(ctx, fd);
	must(SSL_connect(ssl) == 1 && SSL_write(ssl, &size, sizeof(size)) == sizeof(size),
	    "beginning");
	for (uint64_t left = size; left;) {
		int n = SSL_write(ssl, block, left < BLOCK ? (int)left : BLOCK);
		must(n > 0, "write");
		left -= (uint64_t)n;
	}
	/* the other has it all once it says so */
	must(SSL_read(ssl, block, 1) == 1, "answer");
	(void)printf("{\"seconds\": %.6f}\n", now() - began);
	SSL_free(ssl);
	(void)close(fd);
}

int
main(int argc, char **argv)
{
	SSL_CTX *ctx = context();
	if (argc == 3 && strcmp(argv[1], "listen") == 0)
		take_streams(ctx, (uint16_t)strtoul(argv[2], NULL, 10));
	else if (argc == 5 && strcmp(argv[1], "dial") == 0)
		send_stream(ctx, argv[2], (uint16_t)strtoul(argv[3], NULL, 10),
		    strtoull(argv[4], NULL, 10) << 20);
	else
		return 2;
	SSL_CTX_free(ctx);
	return 0;
}
