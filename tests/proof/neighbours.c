/* A discovery helper (src/mdns/protocol.h) that finds the few hosts it is told of at once, where
 * mDNS would take a second: for tests that start thousands of daemons. Tells its neighbours by
 * datagram what its daemon publishes, and that it is gone when the daemon ends, however it ends.
 *
 * /run/neighbours, words: the interface's number and our own address, then address and name of each
 * other one. They are announced under that name from the beginning, also while they are not
 * there; but not one whose name is "-". The words are a symbolic link's: in the daemon's sandbox,
 * which is ours too, these can be read and files cannot. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PORT = 5299, LINE = 4096, NEIGHBOURS = 8, BIND_TRIES = 200 };

struct neighbour {
	struct sockaddr_in address;
	char text[64];      /* the same */
	char past[128];     /* the name it is said to have, until it says so */
	char name[128];     /* its daemon's; empty: none */
	char service[LINE]; /* host, port, address, TXT strings, as they stand in a line */
};

static struct neighbour others[NEIGHBOURS];
static size_t other_count;
static struct sockaddr_in own;
static char own_text[64], interface[16], machine[64];
static char own_name[128], own_service[LINE];
static int udp;

static void
say(const char *line)
{
	size_t len = strlen(line);
	for (size_t at = 0; at < len;) {
		ssize_t n = write(STDOUT_FILENO, line + at, len - at);
		if (n <= 0)
			_exit(0); /* the daemon is gone: nobody listens */
		at += (size_t)n;
	}
}

#define SAY(...) \
	do { \
		char text_[2 * LINE]; \
		(void)snprintf(text_, sizeof(text_), __VA_ARGS__); \
		say(text_); \
	} while (0)

static struct sockaddr_in
address_of(const char *text)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	if (inet_pton(AF_INET, text, &a.sin_addr) != 1)
		_exit(2);
	return a;
}

static void
read_neighbours(void)
{
	char words[LINE], text[64], name[128];
	ssize_t len = readlink("/run/neighbours", words, sizeof(words) - 1);
	int at = 0, used;
	words[len < 0 ? 0 : len] = '\0';
	if (sscanf(words, "%15s %63s%n", interface, own_text, &at) != 2)
		_exit(2);
	own = address_of(own_text);
	while (other_count < NEIGHBOURS &&
	       sscanf(words + at, "%63s %127s%n", text, name, &used) == 2) {
		at += used;
		struct neighbour *n = &others[other_count++];
		n->address = address_of(text);
		(void)snprintf(n->text, sizeof(n->text), "%s", text);
		if (strcmp(name, "-") != 0)
			(void)snprintf(n->past, sizeof(n->past), "%s", name);
	}
}

static void
pause_ms(long ms)
{
	(void)nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

/* A daemon that was killed leaves a helper that is about to end; until then the port is its. */
static void
open_socket(void)
{
	udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	for (int i = 0; i < BIND_TRIES; i++) {
		if (bind(udp, (struct sockaddr *)&own, sizeof(own)) == 0)
			return;
		pause_ms(5);
	}
	_exit(2);
}

/* verb: "here", which is answered, "too", the answer, or "gone" */
static void
tell(const struct neighbour *to, const char *verb)
{
	char packet[2 * LINE];
	int len = snprintf(packet, sizeof(packet), "%s\t%s\t%s", verb, own_name, own_service);
	if (own_name[0] && len > 0)
		(void)sendto(udp, packet, (size_t)len, 0, (const struct sockaddr *)&to->address,
		    sizeof(to->address));
}

static void
tell_all(const char *verb)
{
	for (size_t i = 0; i < other_count; i++)
		tell(&others[i], verb);
}

/* Nobody answers there, but the daemon has a name to send to, of a program like itself. */
static void
tell_of_the_past(const char *txt)
{
	for (size_t i = 0; i < other_count; i++) {
		const struct neighbour *n = &others[i];
		if (!n->past[0] || n->name[0])
			continue;
		SAY("found\t%s\t%s\t4\n", n->past, interface);
		SAY("service\t%s\t%s\t4\tgone.local\t9\t%s%s%s\n", n->past, interface, n->text,
		    txt ? "\t" : "", txt ? txt : "");
	}
}

/* In a line of its own: the daemon is to see it go and come, and to dial at once. */
static void
leave_the_past(struct neighbour *n)
{
	if (!n->past[0])
		return;
	SAY("lost\t%s\t%s\t4\n", n->past, interface);
	n->past[0] = '\0';
	pause_ms(5);
}

static void
say_service(const struct neighbour *n)
{
	SAY("service\t%s\t%s\t4\t%s\n", n->name, interface, n->service);
}

static void
on_packet(void)
{
	char packet[2 * LINE];
	struct sockaddr_in from;
	socklen_t size = sizeof(from);
	ssize_t len = recvfrom(udp, packet, sizeof(packet) - 1, 0, (struct sockaddr *)&from, &size);
	packet[len < 0 ? 0 : len] = '\0';
	char *name = strchr(packet, '\t'), *service = name ? strchr(name + 1, '\t') : NULL;
	if (!service)
		return;
	*name++ = *service++ = '\0';
	for (size_t i = 0; i < other_count; i++) {
		struct neighbour *n = &others[i];
		if (n->address.sin_addr.s_addr != from.sin_addr.s_addr)
			continue;
		leave_the_past(n);
		if (n->name[0] && (strcmp(packet, "gone") == 0 || strcmp(n->name, name) != 0)) {
			SAY("lost\t%s\t%s\t4\n", n->name, interface);
			n->name[0] = '\0';
		}
		if (strcmp(packet, "gone") == 0)
			return;
		if (!n->name[0])
			SAY("found\t%s\t%s\t4\n", name, interface);
		(void)snprintf(n->name, sizeof(n->name), "%s", name);
		(void)snprintf(n->service, sizeof(n->service), "%s", service);
		say_service(n);
		if (strcmp(packet, "here") == 0)
			tell(n, "too");
	}
}

/* publish USER PORT TXT... */
static void
on_publish(char *user)
{
	char *port = strchr(user, '\t'), *txt = port ? strchr(port + 1, '\t') : NULL;
	if (!port)
		_exit(2);
	*port++ = '\0';
	if (txt)
		*txt++ = '\0';
	(void)snprintf(own_name, sizeof(own_name), "%s@%s", user, machine);
	(void)snprintf(own_service, sizeof(own_service), "%s.local\t%s\t%s%s%s", machine, port,
	    own_text, txt ? "\t" : "", txt ? txt : "");
	SAY("published\t%s\n", own_name);
	tell_of_the_past(txt);
	tell_all("here");
}

static void
on_resolve(const char *name)
{
	bool known = false;
	for (size_t i = 0; i < other_count; i++) {
		if (others[i].name[0] && strcmp(others[i].name, name) == 0) {
			say_service(&others[i]);
			known = true;
		}
	}
	SAY("resolved\t%s\t%d\n", name, known);
}

static void
on_line(char *line)
{
	char *rest = strchr(line, '\t');
	if (rest)
		*rest++ = '\0';
	if (strcmp(line, "publish") == 0 && rest)
		on_publish(rest);
	else if (strcmp(line, "resolve") == 0 && rest)
		on_resolve(rest);
	else if (strcmp(line, "fetch") == 0 && rest)
		SAY("avatar\t%s\t\n", rest);
	else if (strcmp(line, "ping") == 0 && rest)
		SAY("pong\t%s\n", rest);
	else if (strcmp(line, "quit") == 0) {
		tell_all("gone");
		_exit(0);
	}
}

/* Whole lines of what came in so far; returns the bytes that are left. */
static size_t
take_lines(char *bytes, size_t len)
{
	char *at = bytes, *end;
	while ((end = memchr(at, '\n', len - (size_t)(at - bytes)))) {
		*end = '\0';
		on_line(at);
		at = end + 1;
	}
	size_t left = len - (size_t)(at - bytes);
	memmove(bytes, at, left);
	return left;
}

int
main(void)
{
	static char bytes[1 << 16];
	size_t len = 0;
	if (gethostname(machine, sizeof(machine) - 1) < 0)
		return 2;
	read_neighbours();
	open_socket();
	SAY("hello\t1\nbackend\tembedded\tneighbours\nnetwork\t1\nmachine\t%s\n", machine);
	for (;;) {
		struct pollfd fds[] = {
		    {.fd = STDIN_FILENO, .events = POLLIN}, {.fd = udp, .events = POLLIN}};
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return 2;
		if (fds[1].revents)
			on_packet();
		if (!fds[0].revents)
			continue;
		ssize_t n = read(STDIN_FILENO, bytes + len, sizeof(bytes) - len);
		if (n <= 0) {
			tell_all("gone");
			return 0;
		}
		len = take_lines(bytes, len + (size_t)n);
	}
}
