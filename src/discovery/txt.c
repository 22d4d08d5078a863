#include "discovery/txt.h"

#include "base/str.h"
#include "base/text.h"
#include "base/tr.h"
#include "base/utf8.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Keys that clients write; the bits of those seen tell who wrote the record. */
enum key {
	KEY_FIRST,
	KEY_LAST,
	KEY_NICK,
	KEY_EMAIL,
	KEY_JID,
	KEY_MSG,
	KEY_NODE,
	KEY_VER,
	KEY_HASH,
	KEY_PHSH,
	KEY_ID,
	KEY_TEXTS, /* those above are texts of struct txt */
	KEY_TXTVERS = KEY_TEXTS,
	KEY_STATUS,
	KEY_PORT,
	KEY_VC,
	KEY_VERSION,
	KEY_AIM,
	KEY_EXT,
	KEY_COUNT
};

/* Spelt as published: DNS-SD compares keys without case, several clients do not. */
static const char *const key_name[KEY_COUNT] = {
    [KEY_FIRST] = "1st",
    [KEY_LAST] = "last",
    [KEY_NICK] = "nick",
    [KEY_EMAIL] = "email",
    [KEY_JID] = "jid",
    [KEY_MSG] = "msg",
    [KEY_NODE] = "node",
    [KEY_VER] = "ver",
    [KEY_HASH] = "hash",
    [KEY_PHSH] = "phsh",
    [KEY_ID] = "id",
    [KEY_TXTVERS] = "txtvers",
    [KEY_STATUS] = "status",
    [KEY_PORT] = "port.p2pj",
    [KEY_VC] = "vc",
    [KEY_VERSION] = "version",
    [KEY_AIM] = "AIM",
    [KEY_EXT] = "ext",
};

static const size_t text_at[KEY_TEXTS] = {
    [KEY_FIRST] = offsetof(struct txt, first),
    [KEY_LAST] = offsetof(struct txt, last),
    [KEY_NICK] = offsetof(struct txt, nick),
    [KEY_EMAIL] = offsetof(struct txt, email),
    [KEY_JID] = offsetof(struct txt, jid),
    [KEY_MSG] = offsetof(struct txt, msg),
    [KEY_NODE] = offsetof(struct txt, node),
    [KEY_VER] = offsetof(struct txt, ver),
    [KEY_HASH] = offsetof(struct txt, hash),
    [KEY_PHSH] = offsetof(struct txt, phsh),
    [KEY_ID] = offsetof(struct txt, id),
};

static const size_t kept_at[KEY_TEXTS] = {
    [KEY_FIRST] = offsetof(struct txt_kept, first),
    [KEY_LAST] = offsetof(struct txt_kept, last),
    [KEY_NICK] = offsetof(struct txt_kept, nick),
    [KEY_EMAIL] = offsetof(struct txt_kept, email),
    [KEY_JID] = offsetof(struct txt_kept, jid),
    [KEY_MSG] = offsetof(struct txt_kept, msg),
    [KEY_NODE] = offsetof(struct txt_kept, node),
    [KEY_VER] = offsetof(struct txt_kept, ver),
    [KEY_HASH] = offsetof(struct txt_kept, hash),
    [KEY_PHSH] = offsetof(struct txt_kept, phsh),
    [KEY_ID] = offsetof(struct txt_kept, id),
};

/* Copies at most max bytes (out has one more), each byte or character that XML could not carry
 * as U+FFFD. */
static void
clean(char *out, size_t max, const char *s, size_t len)
{
	size_t to = 0;
	while (len) {
		uint32_t c;
		char bytes[4];
		size_t used = utf8_decode(s, len, &c);
		if (!used || !utf8_is_xml_char(c))
			c = 0xfffd;
		if (!used)
			used = 1;
		size_t n = utf8_encode(c, bytes);
		if (to + n > max)
			break;
		memcpy(out + to, bytes, n);
		to += n;
		s += used;
		len -= used;
	}
	out[to] = '\0';
}

static enum key
find_key(const char *s, size_t len)
{
	char name[16];
	if (len == 0 || len >= sizeof(name) || memchr(s, 0, len))
		return KEY_COUNT;
	memcpy(name, s, len);
	name[len] = '\0';
	for (enum key k = 0; k < KEY_COUNT; k++)
		if (str_casecmp(name, key_name[k]) == 0)
			return k;
	return KEY_COUNT;
}

static enum txt_status
parse_status(const char *s)
{
	if (str_casecmp(s, "away") == 0 || str_casecmp(s, "xa") == 0)
		return TXT_AWAY;
	if (str_casecmp(s, "dnd") == 0)
		return TXT_DND;
	return TXT_AVAILABLE; /* absent too; Gajim also writes words of its own */
}

/* What each program writes and leaves out; version and AIM are those of Gajim and Adium. */
static enum txt_client
guess_client(const struct txt *t, unsigned seen)
{
	static const struct {
		const char *node;
		enum txt_client client;
	} nodes[] = {
	    {TXT_NODE, TXT_CLIENT_EARSHOT},
	    {"libpurple", TXT_CLIENT_LIBPURPLE},
	    {"kopete", TXT_CLIENT_KOPETE},
	    {"http://telepathy.freedesktop.org/caps", TXT_CLIENT_SALUT},
	};
	const unsigned common = 1u << KEY_TXTVERS | 1u << KEY_PORT | 1u << KEY_STATUS;
	for (size_t i = 0; i < ARRAY_LEN(nodes); i++)
		if (strcmp(t->node, nodes[i].node) == 0)
			return nodes[i].client;
	if (t->node[0] || !(seen & 1u << KEY_TXTVERS))
		return TXT_CLIENT_UNKNOWN;
	if (seen & 1u << KEY_EXT && seen & (1u << KEY_AIM | 1u << KEY_VC))
		return TXT_CLIENT_ADIUM;
	if (seen & 1u << KEY_VERSION)
		return TXT_CLIENT_GAJIM;
	if ((seen & common) == common && !(seen & (1u << KEY_VC | 1u << KEY_AIM | 1u << KEY_EXT)))
		return TXT_CLIENT_SLIMBER;
	return TXT_CLIENT_UNKNOWN;
}

static void
parse_string(struct txt *out, unsigned *seen, const char *s, size_t len)
{
	char value[LIMIT_TXT_STRING + 1];
	int64_t port;
	const char *equals = memchr(s, '=', len);
	size_t name_len = equals ? (size_t)(equals - s) : len;
	enum key k = find_key(s, name_len);
	if (k == KEY_COUNT || *seen & 1u << k)
		return;
	*seen |= 1u << k;
	size_t value_len = equals ? len - name_len - 1 : 0;
	clean(value, LIMIT_TXT_STRING, s + len - value_len, value_len);
	if (k < KEY_TEXTS)
		memcpy((char *)out + text_at[k], value, strlen(value) + 1);
	else if (k == KEY_STATUS)
		out->status = parse_status(value);
	else if (k == KEY_PORT && !str_to_int(value, 0, UINT16_MAX, &port))
		out->port = (uint16_t)port;
}

void
txt_parse(struct txt *out, const struct txt_string *strings, size_t count)
{
	unsigned seen = 0;
	size_t total = 0;
	*out = (struct txt){0};
	for (size_t i = 0; i < count; i++) {
		size_t len = strings[i].len;
		total += len + 1;
		if (total > LIMIT_TXT_RECORD)
			break;
		if (len && len <= LIMIT_TXT_STRING)
			parse_string(out, &seen, strings[i].data, len);
	}
	out->client = guess_client(out, seen);
}

bool
txt_equal(const struct txt *a, const struct txt *b)
{
	for (enum key k = 0; k < KEY_TEXTS; k++)
		if (strcmp((const char *)a + text_at[k], (const char *)b + text_at[k]) != 0)
			return false;
	return a->status == b->status && a->port == b->port && a->client == b->client;
}

int
txt_keep(struct txt_kept *k, const struct txt *t)
{
	struct txt_kept kept = {.status = t->status, .port = t->port, .client = t->client};
	size_t size = 1; /* all that are empty share one NUL */
	for (enum key i = 0; i < KEY_TEXTS; i++) {
		size_t len = strlen((const char *)t + text_at[i]);
		size += len ? len + 1 : 0;
	}
	char *to = kept.block = calloc(1, size);
	if (!to)
		return -ENOMEM;
	const char *empty = to++;
	for (enum key i = 0; i < KEY_TEXTS; i++) {
		const char *from = (const char *)t + text_at[i];
		size_t len = strlen(from);
		const char *at = len ? to : empty;
		memcpy(to, from, len + (len > 0)); /* with its NUL, unless there is nothing */
		memcpy((char *)&kept + kept_at[i], &at, sizeof(at));
		to += len ? len + 1 : 0;
	}
	free(k->block);
	*k = kept;
	return 0;
}

void
txt_kept_get(const struct txt_kept *k, struct txt *out)
{
	*out = (struct txt){.status = k->status, .port = k->port, .client = k->client};
	for (enum key i = 0; i < KEY_TEXTS; i++) {
		const char *from;
		memcpy(&from, (const char *)k + kept_at[i], sizeof(from));
		if (from)
			memcpy((char *)out + text_at[i], from, strlen(from));
	}
}

void
txt_kept_finish(struct txt_kept *k)
{
	free(k->block);
	*k = (struct txt_kept){0};
}

struct txt_writer {
	struct buf *strings; /* borrowed */
	size_t count;
	size_t left; /* of LIMIT_TXT_OWN */
};

/* One string of at most max bytes of value, unless nothing of it fits. */
static void
add(struct txt_writer *w, enum key k, const char *value, size_t max)
{
	char cleaned[LIMIT_TXT_STRING + 1];
	size_t key_len = strlen(key_name[k]) + 1, overhead = key_len + 1; /* length byte */
	if (w->left < overhead)
		return;
	size_t room = w->left - overhead;
	if (room > LIMIT_TXT_STRING - key_len)
		room = LIMIT_TXT_STRING - key_len;
	clean(cleaned, max < room ? max : room, value, strlen(value));
	if (value[0] && !cleaned[0])
		return;
	struct buf *b = &w->strings[w->count++];
	buf_init(b, LIMIT_TXT_STRING);
	buf_fmt(b, "%s=%s", key_name[k], cleaned);
	w->left -= overhead + strlen(cleaned);
}

/* A value that means nothing when cut: whole or not at all, and not when empty. */
static void
add_whole(struct txt_writer *w, enum key k, const char *value)
{
	size_t overhead = strlen(key_name[k]) + 2, len = strlen(value);
	if (len && overhead + len <= w->left && overhead - 1 + len <= LIMIT_TXT_STRING &&
	    utf8_valid(value, len))
		add(w, k, value, LIMIT_TXT_STRING);
}

size_t
txt_write(const struct txt *t, struct buf strings[TXT_STRINGS])
{
	struct txt_writer w = {.strings = strings, .left = LIMIT_TXT_OWN};
	char port[8];
	bool own_node = !t->node[0] || strlen(t->node) > LIMIT_TXT_NAME;
	for (size_t i = 0; i < TXT_STRINGS; i++)
		buf_init(&strings[i], LIMIT_TXT_STRING);
	(void)snprintf(port, sizeof(port), "%u", (unsigned)t->port);
	add(&w, KEY_TXTVERS, "1", 1);
	add(&w, KEY_FIRST, t->first, LIMIT_TXT_NAME);
	add(&w, KEY_LAST, t->last, LIMIT_TXT_NAME);
	add(&w, KEY_PORT, port, sizeof(port));
	add(&w, KEY_STATUS, txt_status_name(t->status), LIMIT_TXT_NAME);
	add(&w, KEY_VC, "!", 1);
	add(&w, KEY_NICK, t->nick, LIMIT_TXT_NAME);
	add(&w, KEY_NODE, own_node ? TXT_NODE : t->node, LIMIT_TXT_NAME);
	add_whole(&w, KEY_ID, t->id);
	add_whole(&w, KEY_HASH, t->hash);
	add_whole(&w, KEY_VER, t->ver);
	add_whole(&w, KEY_PHSH, t->phsh);
	add_whole(&w, KEY_JID, t->jid);
	add_whole(&w, KEY_EMAIL, t->email);
	if (t->msg[0])
		add(&w, KEY_MSG, t->msg, LIMIT_TXT_STRING);
	return w.count;
}

const char *
txt_client_name(enum txt_client client)
{
	static const char *const names[] = {
	    [TXT_CLIENT_UNKNOWN] = TR("unknown program"),
	    [TXT_CLIENT_EARSHOT] = "Earshot",
	    [TXT_CLIENT_LIBPURPLE] = TR("Pidgin or another libpurple program"),
	    [TXT_CLIENT_SALUT] = TR("Empathy or another Telepathy program"),
	    [TXT_CLIENT_GAJIM] = "Gajim",
	    [TXT_CLIENT_KOPETE] = "Kopete",
	    [TXT_CLIENT_ADIUM] = TR("Adium or iChat"),
	    [TXT_CLIENT_SLIMBER] = "Slimber",
	};
	return names[client];
}

const char *
txt_status_name(enum txt_status status)
{
	static const char *const names[] = {
	    [TXT_AVAILABLE] = "avail",
	    [TXT_AWAY] = "away",
	    [TXT_DND] = "dnd",
	};
	return names[status];
}

int
txt_display_name(const struct txt *t, char *out, size_t size)
{
	char name[sizeof(t->first) + sizeof(t->last)];
	if (t->nick[0])
		(void)snprintf(name, sizeof(name), "%s", t->nick);
	else
		(void)snprintf(name, sizeof(name), "%s%s%s", t->first,
		    t->first[0] && t->last[0] ? " " : "", t->last);
	return text_name(out, size, name) ? 0 : -ENOENT;
}
