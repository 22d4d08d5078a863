#include "transfer/socks5_talk.h"

#include "base/err.h"

#include <errno.h>
#include <string.h>

/* RFC 1928 §3-6 */
enum {
	VERSION = 5,
	NO_AUTHENTICATION = 0,
	NO_METHOD = 0xff,
	CONNECT = 1,
	IPV4 = 1,
	DOMAIN = 3,
	IPV6 = 4,
	SUCCEEDED = 0,
	NOT_ALLOWED = 2,
	HASH = SOCKS5_HASH_SIZE - 1,
	GREETING = 2,
	HEAD = 4,
	PORT = 2,
};

bool
socks5_hash_valid(const char *hash)
{
	return strspn(hash, "0123456789abcdef") == HASH && !hash[HASH];
}

static void
say_bytes(struct socks5_say *say, const void *bytes, size_t len)
{
	memcpy(say->bytes + say->len, bytes, len);
	say->len += len;
}

/* A request, and an answer that repeats it, with this command or result. */
static void
say_hash(struct socks5_say *say, uint8_t what, const char *hash)
{
	static const uint8_t port[PORT] = {0};
	const uint8_t head[] = {VERSION, what, 0, DOMAIN, HASH};
	say_bytes(say, head, sizeof(head));
	say_bytes(say, hash, HASH);
	say_bytes(say, port, PORT);
}

static int
next(struct socks5_talk *t, enum socks5_step step, size_t need)
{
	t->step = step;
	t->have = 0;
	t->need = need;
	return SOCKS5_MORE;
}

void
socks5_talk_client(struct socks5_talk *t, const char *hash, struct socks5_say *say)
{
	/* one method, alone in its packet: libpurple reads just three bytes */
	static const uint8_t greeting[] = {VERSION, 1, NO_AUTHENTICATION};
	*t = (struct socks5_talk){.server = false};
	*say = (struct socks5_say){.len = 0};
	memcpy(t->hash, hash, HASH);
	say_bytes(say, greeting, sizeof(greeting));
	(void)next(t, SOCKS5_GREETING, GREETING);
}

void
socks5_talk_server(struct socks5_talk *t)
{
	*t = (struct socks5_talk){.server = true};
	(void)next(t, SOCKS5_GREETING, GREETING);
}

/* The method that the server has chosen. */
static int
took_choice(struct socks5_talk *t, struct socks5_say *say)
{
	if (t->in[1] != NO_AUTHENTICATION)
		return -ECONNREFUSED;
	say_hash(say, CONNECT, t->hash);
	return next(t, SOCKS5_HEAD, HEAD);
}

static int
took_methods(struct socks5_talk *t, struct socks5_say *say)
{
	bool fits = memchr(t->in, NO_AUTHENTICATION, t->have) != NULL;
	const uint8_t choice[] = {VERSION, fits ? NO_AUTHENTICATION : NO_METHOD};
	say_bytes(say, choice, sizeof(choice));
	return fits ? next(t, SOCKS5_HEAD, HEAD) : ERR_PROTO;
}

/* Of an answer any kind of address is skipped: libpurple gives one of its own. */
static int
took_head(struct socks5_talk *t)
{
	if (t->in[0] != VERSION || (t->server && (t->in[1] != CONNECT || t->in[3] != DOMAIN)))
		return ERR_PROTO;
	if (!t->server && t->in[1] != SUCCEEDED)
		return -ECONNREFUSED;
	switch (t->in[3]) {
	case IPV4:
		return next(t, SOCKS5_REST, 4 + PORT);
	case IPV6:
		return next(t, SOCKS5_REST, 16 + PORT);
	case DOMAIN:
		return next(t, SOCKS5_LENGTH, 1);
	default:
		return ERR_PROTO;
	}
}

static int
took_length(struct socks5_talk *t)
{
	size_t len = t->in[0];
	return t->server && len != HASH ? ERR_PROTO : next(t, SOCKS5_REST, len + PORT);
}

static int
took_rest(struct socks5_talk *t)
{
	if (!t->server)
		return SOCKS5_DONE;
	memcpy(t->hash, t->in, HASH);
	t->hash[HASH] = '\0';
	return socks5_hash_valid(t->hash) ? SOCKS5_DONE : ERR_PROTO;
}

int
socks5_talk_took(struct socks5_talk *t, struct socks5_say *say)
{
	*say = (struct socks5_say){.len = 0};
	switch (t->step) {
	case SOCKS5_GREETING:
		if (t->in[0] != VERSION)
			return ERR_PROTO;
		if (!t->server)
			return took_choice(t, say);
		return t->in[1] ? next(t, SOCKS5_METHODS, t->in[1]) : ERR_PROTO;
	case SOCKS5_METHODS:
		return took_methods(t, say);
	case SOCKS5_HEAD:
		return took_head(t);
	case SOCKS5_LENGTH:
		return took_length(t);
	case SOCKS5_REST:
		return took_rest(t);
	}
	return ERR_PROTO;
}

void
socks5_talk_answer(const struct socks5_talk *t, bool known, struct socks5_say *say)
{
	*say = (struct socks5_say){.len = 0};
	say_hash(say, known ? SUCCEEDED : NOT_ALLOWED, t->hash);
}
