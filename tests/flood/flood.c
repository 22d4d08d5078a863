/* A flood of connections, for the daemon to withstand (threats N10, N11).
 *
 *   flood MODE ADDRESS PORT COUNT RATE SOURCES SECONDS
 *
 * COUNT connections in all, RATE a second (0: as fast as they come), from SOURCES addresses from
 * 10.99.0.1 on (0: from this machine's own), for SECONDS at most. MODE, what each of them does:
 *
 *   silent     nothing
 *   slow       says its header, a byte a second
 *   header     says its header and nothing more
 *   message    stops in the middle of a message
 *   tls        stops in the middle of a TLS handshake
 *   handshake  lets the other side compute its part of a TLS handshake, hangs up, comes again
 *   churn      hangs up as soon as it is connected, comes again
 *   speak      is fakeN@floodN, the person of fake_peers.c with its address: says WORDS messages
 *
 * Ends when the time is over, or when the other side has closed them all; prints one line of JSON
 * then. Run it in a network namespace. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	IN_FLIGHT = 512, /* connections of the modes that come again */
	EVENTS = 256,
	HELLO_MAX = 2048,
	WORDS = 10,
	SAID_MAX = 1024, /* of what the other side says, the end is looked at */
};

enum mode { SILENT, SLOW, HEADER, MESSAGE, TLS, HANDSHAKE, CHURN, SPEAK, MODES };

static const char *const mode_names[MODES] = {
    "silent", "slow", "header", "message", "tls", "handshake", "churn", "speak"};

#define SAYS_HEADER \
	"<?xml version='1.0'?><stream:stream xmlns='jabber:client' " \
	"xmlns:stream='http://etherx.jabber.org/streams' from='stranger@flood' version='1.0'>"
#define SAYS_MESSAGE  SAYS_HEADER "<message from='stranger@flood' type='chat'><body>I was about to"
#define SAYS_STARTTLS "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"

struct connection {
	int fd;
	size_t at;      /* in flood.open */
	long number;    /* of its address */
	uint64_t since; /* ms */
	bool connected;
	size_t sent; /* slow: bytes of the header */
	int step;    /* tls: 0 features awaited, 1 proceed awaited, 2 hello sent */
	char said[SAID_MAX + 1];
	size_t said_len;
};

struct flood {
	unsigned mode;
	struct sockaddr_in to;
	long count, rate, sources, seconds;
	int epoll;
	struct connection **open; /* all that are */
	size_t open_count, open_max;
	long started, failed, connected, ended, hellos, answered;
	uint64_t longest; /* ms that one was open before the other side closed it */
	unsigned char hello[HELLO_MAX];
	int hello_len;
};

static uint64_t
now_ms(void)
{
	struct timespec ts;
	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void
give_up(const char *what)
{
	perror(what);
	_exit(2);
}

static bool
comes_again(const struct flood *f)
{
	return f->mode == HANDSHAKE || f->mode == CHURN;
}

/* A first flight with a key of this moment; the server has to compute for every copy of it. */
static void
make_hello(struct flood *f)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = ctx ? SSL_new(ctx) : NULL;
	BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
	if (!ssl || !in || !out || !SSL_set_min_proto_version(ssl, TLS1_3_VERSION))
		give_up("TLS");
	SSL_set_bio(ssl, in, out);
	(void)SSL_connect(ssl);
	f->hello_len = BIO_read(out, f->hello, HELLO_MAX);
	if (f->hello_len <= 0)
		give_up("a TLS hello");
	SSL_free(ssl);
	SSL_CTX_free(ctx);
}

static void
forget(struct flood *f, struct connection *c)
{
	(void)close(c->fd);
	struct connection *last = f->open[--f->open_count];
	if (last)
		last->at = c->at;
	f->open[c->at] = last;
	free(c);
}

static void
start_one(struct flood *f, uint64_t now)
{
	struct sockaddr_in from = {.sin_family = AF_INET};
	struct epoll_event ev = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET};
	struct connection *c = calloc(1, sizeof(*c));
	int on = 1;
	f->started++;
	if (!c)
		give_up("memory");
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		give_up("socket");
	if (f->sources) {
		from.sin_addr.s_addr = htonl(0x0a630001u + (uint32_t)(f->started % f->sources));
		(void)setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
		if (bind(c->fd, (const struct sockaddr *)&from, sizeof(from)) < 0)
			give_up("bind");
	}
	if (connect(c->fd, (const struct sockaddr *)&f->to, sizeof(f->to)) < 0 &&
	    errno != EINPROGRESS) {
		f->failed++;
		(void)close(c->fd);
		free(c);
		return;
	}
	c->since = now;
	c->number = f->sources ? f->started % f->sources : 0;
	ev.data.ptr = c;
	if (epoll_ctl(f->epoll, EPOLL_CTL_ADD, c->fd, &ev) < 0)
		give_up("epoll");
	c->at = f->open_count;
	f->open[f->open_count++] = c;
}

static void
say(const struct connection *c, const void *what, size_t len)
{
	(void)!send(c->fd, what, len, MSG_NOSIGNAL);
}

static void
speak(const struct connection *c)
{
	char all[4096];
	int len = snprintf(all, sizeof(all),
	    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' "
	    "xmlns:stream='http://etherx.jabber.org/streams' from='fake%ld@flood%ld'>",
	    c->number, c->number);
	for (int i = 0; i < WORDS; i++)
		len += snprintf(all + len, sizeof(all) - (size_t)len,
		    "<message from='fake%ld@flood%ld' type='chat'><body>Buy now, offer %d of "
		    "%ld</body></message>",
		    c->number, c->number, i, c->number);
	say(c, all, (size_t)len);
}

static void
on_connected(struct flood *f, struct connection *c)
{
	if (f->mode == SPEAK)
		speak(c);
	c->connected = true;
	f->connected++;
	if (f->mode == MESSAGE)
		say(c, SAYS_MESSAGE, sizeof(SAYS_MESSAGE) - 1);
	else if (f->mode == HEADER || f->mode == TLS || f->mode == HANDSHAKE)
		say(c, SAYS_HEADER, sizeof(SAYS_HEADER) - 1);
}

/* True: this one is done. */
static bool
go_on_with_tls(struct flood *f, struct connection *c)
{
	if (c->step == 0 && strstr(c->said, "</stream:features>")) {
		say(c, SAYS_STARTTLS, sizeof(SAYS_STARTTLS) - 1);
		c->step = 1;
	} else if (c->step == 1 && strstr(c->said, "<proceed")) {
		say(c, f->hello, (size_t)f->hello_len);
		f->hellos++;
		c->step = 2;
	} else if (c->step == 2) {
		f->answered++;
		c->step = 3;
	} else {
		return false;
	}
	c->said_len = 0;
	return f->mode == HANDSHAKE && c->step == 3;
}

/* True: it has closed. */
static bool
listen_to(struct flood *f, struct connection *c)
{
	for (;;) {
		if (c->said_len == SAID_MAX)
			c->said_len = 0;
		ssize_t n = recv(c->fd, c->said + c->said_len, SAID_MAX - c->said_len, 0);
		if (n == 0 || (n < 0 && errno != EAGAIN))
			return true;
		if (n < 0)
			return false;
		c->said_len += (size_t)n;
		c->said[c->said_len] = '\0';
		if ((f->mode == TLS || f->mode == HANDSHAKE) && go_on_with_tls(f, c))
			return true;
	}
}

static void
on_event(struct flood *f, const struct epoll_event *ev, uint64_t now)
{
	struct connection *c = ev->data.ptr;
	if (!c->connected && ev->events & (EPOLLERR | EPOLLHUP)) {
		f->failed++;
		forget(f, c);
		return;
	}
	if (!c->connected && ev->events & EPOLLOUT)
		on_connected(f, c);
	bool over = f->mode == CHURN && c->connected;
	if (over && f->connected % 2) { /* by turns in order and not */
		struct linger hard = {.l_onoff = 1};
		(void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	}
	if (!over && ev->events & (EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP))
		over = listen_to(f, c);
	if (!over)
		return;
	f->ended++;
	if (now - c->since > f->longest)
		f->longest = now - c->since;
	forget(f, c);
}

/* A byte more from each. */
static void
say_slowly(struct flood *f)
{
	for (size_t i = 0; i < f->open_count; i++) {
		struct connection *c = f->open[i];
		if (c && c->connected && c->sent + 1 < sizeof(SAYS_HEADER))
			say(c, &SAYS_HEADER[c->sent++], 1);
	}
}

static void
run(struct flood *f)
{
	struct epoll_event events[EVENTS];
	uint64_t began = now_ms(), slow_at = began;
	for (;;) {
		uint64_t now = now_ms();
		if (now - began >= (uint64_t)f->seconds * 1000 ||
		    (f->started == f->count && f->open_count == 0))
			break;
		long due =
		    f->rate ? (long)((now - began) * (uint64_t)f->rate / 1000) + 1 : f->count;
		for (int n = 0; n < EVENTS && f->started < f->count && f->started < due &&
				f->open_count < f->open_max;
		     n++)
			start_one(f, now);
		if (f->mode == SLOW && now - slow_at >= 1000) {
			slow_at = now;
			say_slowly(f);
		}
		bool more =
		    f->started < f->count && f->started < due && f->open_count < f->open_max;
		int got = epoll_wait(f->epoll, events, EVENTS, more ? 0 : 5);
		now = now_ms();
		for (int i = 0; i < got; i++)
			on_event(f, &events[i], now);
	}
	printf("{\"started\":%ld,\"failed\":%ld,\"connected\":%ld,\"ended\":%ld,\"open\":%zu,"
	       "\"longest_ms\":%llu,\"hellos\":%ld,\"answered\":%ld,\"ms\":%llu}\n",
	    f->started, f->failed, f->connected, f->ended, f->open_count,
	    (unsigned long long)f->longest, f->hellos, f->answered,
	    (unsigned long long)(now_ms() - began));
}

static long
number(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);
	if (*end || n < 0) {
		(void)fprintf(stderr, "no number: %s\n", text);
		_exit(2);
	}
	return n;
}

int
main(int argc, char **argv)
{
	struct flood f = {.to = {.sin_family = AF_INET}};
	struct rlimit files;
	if (argc != 8)
		return 2;
	while (f.mode < MODES && strcmp(mode_names[f.mode], argv[1]) != 0)
		f.mode++;
	f.to.sin_port = htons((uint16_t)number(argv[3]));
	f.count = number(argv[4]);
	f.rate = number(argv[5]);
	f.sources = number(argv[6]);
	f.seconds = number(argv[7]);
	if (f.mode == MODES || inet_pton(AF_INET, argv[2], &f.to.sin_addr) != 1)
		return 2;
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	f.open_max = comes_again(&f) ? IN_FLIGHT : (size_t)files.rlim_cur - 16;
	f.open = calloc(f.open_max, sizeof(struct connection *));
	f.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!f.open || f.epoll < 0)
		give_up("start");
	if (f.mode == TLS || f.mode == HANDSHAKE)
		make_hello(&f);
	run(&f);
	free(f.open); /* the kernel closes what is left */
	return 0;
}
