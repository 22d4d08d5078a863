/* Invented people on the network, as many as one likes (threat N8).
 *
 *   fake_peers INTERFACE COUNT RATE CHANGES SECONDS
 *
 * Announces COUNT of them by multicast DNS on IPv4, RATE a second, then for SECONDS lets CHANGES a
 * second leave, another coming for each. One packet a person holds all there is to know. Prints
 * `announced` when all have come, and a line of JSON at the end. Run it in a network namespace. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PORT = 5353, A = 1, PTR = 12, TXT = 16, SRV = 33, IN = 1, FLUSH = 0x8001, PACKET = 1024 };

struct packet {
	unsigned char at[PACKET];
	size_t len;
};

static void
put(struct packet *p, const void *data, size_t len)
{
	if (p->len + len > PACKET)
		abort();
	memcpy(p->at + p->len, data, len);
	p->len += len;
}

static void
put16(struct packet *p, unsigned n)
{
	const unsigned char two[] = {(unsigned char)(n >> 8), (unsigned char)n};
	put(p, two, sizeof(two));
}

static void
put32(struct packet *p, uint32_t n)
{
	put16(p, n >> 16);
	put16(p, n & 0xffff);
}

/* "a/b/c": labels, which may hold dots. */
static void
put_name(struct packet *p, const char *name)
{
	while (*name) {
		size_t len = strcspn(name, "/");
		const unsigned char size = (unsigned char)len;
		put(p, &size, 1);
		put(p, name, len);
		name += len + (name[len] == '/');
	}
	put(p, "", 1);
}

static size_t
begin(struct packet *p, const char *owner, unsigned type, unsigned kind, uint32_t ttl)
{
	put_name(p, owner);
	put16(p, type);
	put16(p, kind);
	put32(p, ttl);
	put16(p, 0);
	return p->len;
}

static void
end(struct packet *p, size_t data)
{
	size_t len = p->len - data;
	p->at[data - 2] = (unsigned char)(len >> 8);
	p->at[data - 1] = (unsigned char)len;
}

static void
put_string(struct packet *p, const char *s)
{
	const unsigned char size = (unsigned char)strlen(s);
	put(p, &size, 1);
	put(p, s, size);
}

#define SERVICE "_presence/_tcp/local"

static void
person(struct packet *p, uint32_t n, int here)
{
	char instance[128], host[64], nick[64];
	(void)snprintf(instance, sizeof(instance), "fake%u@flood%u/" SERVICE, n, n);
	(void)snprintf(host, sizeof(host), "flood%u/local", n);
	(void)snprintf(nick, sizeof(nick), "nick=Nobody number %u", n);
	p->len = 0;
	put16(p, 0);
	put16(p, 0x8400);
	put16(p, 0);
	put16(p, here ? 4 : 1);
	put32(p, 0);
	size_t at = begin(p, SERVICE, PTR, IN, here ? 4500 : 0);
	put_name(p, instance);
	end(p, at);
	if (!here)
		return;
	at = begin(p, instance, SRV, FLUSH, 120);
	put32(p, 0);
	put16(p, 5298);
	put_name(p, host);
	end(p, at);
	at = begin(p, instance, TXT, FLUSH, 4500);
	put_string(p, "txtvers=1");
	put_string(p, "port.p2pj=5298");
	put_string(p, "status=avail");
	put_string(p, nick);
	end(p, at);
	at = begin(p, host, A, FLUSH, 120);
	put32(p, 0x0a630001u + n % 65000);
	end(p, at);
}

static uint64_t
now_us(void)
{
	struct timespec ts;
	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void
wait_until(uint64_t us)
{
	uint64_t now = now_us();
	if (us > now)
		(void)usleep((useconds_t)(us - now));
}

static int
open_socket(const char *interface)
{
	struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	struct ip_mreqn group = {.imr_ifindex = (int)if_nametoindex(interface)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), on = 1, ttl = 255;
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, (const struct sockaddr *)&here, sizeof(here)) < 0 ||
	    setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &group, sizeof(group)) < 0 ||
	    setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &ttl, sizeof(ttl)) < 0) {
		perror(interface);
		_exit(2);
	}
	return fd;
}

static uint32_t
number(const char *text)
{
	char *rest;
	unsigned long n = strtoul(text, &rest, 10);
	if (*rest || n > UINT32_MAX) {
		(void)fprintf(stderr, "no number: %s\n", text);
		_exit(2);
	}
	return (uint32_t)n;
}

int
main(int argc, char **argv)
{
	struct sockaddr_in group = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	struct packet p;
	if (argc != 6)
		return 2;
	int fd = open_socket(argv[1]);
	uint32_t count = number(argv[2]), rate = number(argv[3]), changes = number(argv[4]);
	uint32_t seconds = number(argv[5]), sent = 0, lost = 0;
	(void)inet_pton(AF_INET, "224.0.0.251", &group.sin_addr);
	uint64_t began = now_us();
	for (uint32_t n = 0; n < count; n++) {
		wait_until(began + (uint64_t)n * 1000000 / rate);
		person(&p, n, 1);
		sent++;
		lost +=
		    sendto(fd, p.at, p.len, 0, (const struct sockaddr *)&group, sizeof(group)) < 0;
	}
	(void)puts("announced");
	(void)fflush(stdout);
	began = now_us();
	for (uint32_t n = 0; changes && n < changes * seconds; n++) {
		wait_until(began + (uint64_t)n * 1000000 / changes);
		for (int here = 0; here <= 1; here++) { /* the oldest leaves, a new one comes */
			person(&p, here ? count + n : n, here);
			sent++;
			lost += sendto(fd, p.at, p.len, 0, (const struct sockaddr *)&group,
				    sizeof(group)) < 0;
		}
	}
	printf("{\"sent\":%u,\"failed\":%u}\n", sent, lost);
	return 0;
}
