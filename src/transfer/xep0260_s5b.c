#include "transfer/xep0260_s5b.h"

#include "base/err.h"
#include "base/hex.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/random.h"
#include "base/str.h"
#include "discovery/address.h"
#include "peer/person.h"
#include "peer/roster.h"
#include "tls/channel.h"
#include "tls/digest.h"
#include "transfer/carrier.h"
#include "transfer/socks5.h"
#include "transfer/whereabouts.h"
#include "xml/elem.h"
#include "xml/ns.h"
#include "xml/writer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	OWN_CANDIDATES = 4,
	HASHES = 4,         /* by which somebody may know the session, see expect_all() */
	DIRECT = 126 << 16, /* priority of XEP-0260 2.2: type preference, and local preference */
	CANDIDATE_ID = 9,   /* 8 digits */
	GAP = 200,
	DEADLINE = 4000, /* ms */
};

struct own_candidate {
	char cid[CANDIDATE_ID];
	char host[INET6_ADDRSTRLEN];
	int64_t priority;
};

struct candidate {
	char *cid; /* owned */
	struct sockaddr_storage at;
	int64_t priority;
};

struct expected {
	struct s5b *of;
	struct socks5_expected *handle; /* NULL: nobody */
};

/* What one side found out about the other's candidates. */
enum found { TRYING, USED, ERROR };

struct outcome {
	enum found how;
	int64_t priority; /* USED */
};

struct s5b {
	struct person *person;        /* borrowed */
	struct socks5_server *server; /* borrowed, or NULL */
	bool initiator, keyed;
	char sid[LIMIT_SESSION_ID + 1], session[LIMIT_SESSION_ID + 1];
	char hash[SOCKS5_HASH_SIZE];       /* what they are to say to us */
	char their_hash[SOCKS5_HASH_SIZE]; /* what they want to hear, "": not said */
	uint16_t port;                     /* of ours; 0: nobody listens */
	struct own_candidate own[OWN_CANDIDATES];
	size_t own_count;
	struct candidate theirs[LIMIT_STREAMHOSTS]; /* the highest priority first */
	size_t their_count;
	struct expected expected[HASHES];
	struct socks5_dial *dial;
	unsigned dialled; /* hashes tried */
	bool started, over;
	struct outcome ours, their;   /* what we found, and they */
	size_t used;                  /* ours.how == USED: of theirs[] */
	struct carrier_link out, in;  /* what we dialled; what they did */
	const struct s5b_listener *l; /* borrowed */
	void *ctx;
};

/* ---- hashes ---- */

/* §2.2: by whom a candidate is offered, then to whom. */
static int
hash_of(const char *sid, const char *from, const char *to, char out[SOCKS5_HASH_SIZE])
{
	struct buf b = BUF_INIT(LIMIT_SESSION_ID + 2 * LIMIT_HOST_NAME + 32);
	buf_fmt(&b, "%s%s%s", sid, from, to);
	int err = buf_err(&b);
	if (!err)
		err = digest_sha1_hex(b.data, b.len, out);
	buf_finish(&b);
	return err;
}

static bool
is_hash(const char *text)
{
	unsigned char raw[DIGEST_SHA1_SIZE];
	return text && strlen(text) == 2 * sizeof(raw) &&
	       hex_decode(raw, text, 2 * sizeof(raw)) == 0;
}

/* ---- the end ---- */

static void
stop(struct s5b *s)
{
	socks5_dial_stop(s->dial);
	s->dial = NULL;
	for (size_t i = 0; i < HASHES; i++) {
		socks5_forget(s->expected[i].handle);
		s->expected[i].handle = NULL;
	}
	s->over = true;
}

void
s5b_destroy(struct s5b *s)
{
	if (!s)
		return;
	stop(s);
	carrier_link_finish(&s->out);
	carrier_link_finish(&s->in);
	for (size_t i = 0; i < s->their_count; i++)
		free(s->theirs[i].cid);
	free(s);
}

/* ---- which connection it is (§2.4) ---- */

/* The connection is chosen; its channel is made, its handshake is the carrier's. */
static void
connected(struct s5b *s, struct carrier_link *chosen, bool client)
{
	struct carrier_link link;
	int err = 0;
	carrier_link_init(&link);
	carrier_link_move(&link, chosen);
	stop(s);
	if (s->keyed)
		err =
		    tls_channel_create(s->person->roster->tls, client, &s->person->key, &link.tls);
	if (err) {
		log_warn(s->person->name, "no channel for a file: %s", err_str(err));
		carrier_link_finish(&link);
		s->l->on_failed(s->ctx);
		return;
	}
	s->l->on_connected(s->ctx, &link);
	carrier_link_finish(&link);
}

static void
decide(struct s5b *s)
{
	if (s->over || s->ours.how == TRYING || s->their.how == TRYING)
		return;
	if (s->ours.how == ERROR && s->their.how == ERROR) {
		stop(s);
		s->l->on_failed(s->ctx);
		return;
	}
	bool out = s->ours.how == USED; /* what we dialled: a candidate of theirs */
	if (out && s->their.how == USED)
		out = s->ours.priority == s->their.priority
			  ? s->initiator /* the choice of the initiator counts */
			  : s->ours.priority > s->their.priority;
	if (out)
		connected(s, &s->out, true);
	else if (s->in.fd >= 0)
		connected(s, &s->in, false);
	/* else it is about to arrive, or they lie: the owner does not wait for ever */
}

static void
found(struct s5b *s, enum found how, size_t which)
{
	s->ours.how = how;
	if (how == USED) {
		s->used = which;
		s->ours.priority = s->theirs[which].priority;
	}
	s->l->say(s->ctx);
	decide(s);
}

/* ---- they connect ---- */

static bool
on_allow(void *ctx, const struct sockaddr_storage *from)
{
	const struct expected *e = ctx;
	return whereabouts_fit(e->of->person, from);
}

static void
on_arrived(void *ctx, struct carrier_link *link)
{
	struct expected *e = ctx;
	struct s5b *s = e->of;
	e->handle = NULL;
	if (s->in.fd < 0)
		carrier_link_move(&s->in, link);
	decide(s);
}

static void
expect(struct s5b *s, size_t which, const char *hash)
{
	struct expected *e = &s->expected[which];
	e->of = s;
	int err = socks5_expect(s->server, hash, on_allow, on_arrived, e, &e->handle);
	if (err && err != -EEXIST)
		log_info(s->person->name, "cannot be reached for a file: %s", err_str(err));
}

/* Between Earshots the one that we say. Gajim takes the session's sid for the transport's, and the
 * initiator's name first whoever offers. */
static int
expect_all(struct s5b *s)
{
	const char *own = s->person->roster->own_name, *their = s->person->instance;
	int err = hash_of(s->sid, own, their, s->hash);
	if (err || !s->server)
		return err;
	expect(s, 0, s->hash);
	if (s->keyed)
		return 0;
	char hash[SOCKS5_HASH_SIZE];
	const char *first = s->initiator ? own : their, *second = s->initiator ? their : own;
	if (hash_of(s->session, first, second, hash) == 0)
		expect(s, 1, hash);
	if (hash_of(s->sid, their, own, hash) == 0)
		expect(s, 2, hash);
	if (hash_of(s->session, own, their, hash) == 0)
		expect(s, 3, hash);
	return 0;
}

/* ---- our candidates ---- */

static void
as_storage(const uv_interface_address_t *from, struct sockaddr_storage *out)
{
	memset(out, 0, sizeof(*out));
	if (from->address.address4.sin_family == AF_INET)
		memcpy(out, &from->address.address4, sizeof(from->address.address4));
	else
		memcpy(out, &from->address.address6, sizeof(from->address.address6));
}

static void
add_own(struct s5b *s, const struct sockaddr_storage *at)
{
	struct own_candidate *c = &s->own[s->own_count];
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	unsigned char random[(CANDIDATE_ID - 1) / 2];
	memcpy(&v4, at, sizeof(v4));
	memcpy(&v6, at, sizeof(v6));
	const void *bytes = at->ss_family == AF_INET ? (void *)&v4.sin_addr : (void *)&v6.sin6_addr;
	if (s->own_count == OWN_CANDIDATES ||
	    !inet_ntop(at->ss_family, bytes, c->host, sizeof(c->host)))
		return;
	random_bytes(random, sizeof(random));
	hex_encode(c->cid, random, sizeof(random));
	c->priority = DIRECT + (int64_t)(OWN_CANDIDATES - s->own_count);
	s->own_count++;
}

/* The address that their stream leads to works; then the others of that interface, which are what
 * is announced there. */
static void
find_own(struct s5b *s)
{
	struct sockaddr_storage local, at;
	uv_interface_address_t *all = NULL;
	int count = 0;
	const char *name = NULL;
	if (!s->person->current || stream_local(s->person->current, &local) != 0)
		return;
	add_own(s, &local);
	if (uv_interface_addresses(&all, &count) != 0)
		return;
	for (int i = 0; i < count && !name; i++) {
		as_storage(&all[i], &at);
		name = address_same_host(&at, &local) ? all[i].name : NULL;
	}
	for (int i = 0; i < count && name; i++) {
		as_storage(&all[i], &at);
		if (str_equal(all[i].name, name) && !address_same_host(&at, &local))
			add_own(s, &at);
	}
	uv_free_interface_addresses(all, count);
}

int
s5b_create(const struct s5b_config *c, struct s5b **out)
{
	struct s5b *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->person = c->person;
	s->server = c->server;
	s->initiator = c->initiator;
	s->keyed = c->keyed;
	s->l = c->l;
	s->ctx = c->ctx;
	carrier_link_init(&s->out);
	carrier_link_init(&s->in);
	int err = str_copy(s->sid, sizeof(s->sid), c->sid) ||
			  str_copy(s->session, sizeof(s->session), c->session) || !s->sid[0]
		      ? -EINVAL
		      : expect_all(s);
	if (err) {
		s5b_destroy(s);
		return err;
	}
	s->port = s->server ? socks5_server_port(s->server) : 0;
	if (s->port)
		find_own(s);
	*out = s;
	return 0;
}

void
s5b_write(const struct s5b *s, struct xml_writer *w)
{
	char number[24];
	xml_open(w, NS_JINGLE_S5B, "transport");
	xml_attr(w, "sid", s->sid);
	xml_attr(w, "mode", s->initiator ? "tcp" : NULL); /* §2.2: the initiator's to say */
	xml_attr(w, "dstaddr", s->hash);
	for (size_t i = 0; i < s->own_count; i++) {
		const struct own_candidate *c = &s->own[i];
		xml_open(w, NULL, "candidate");
		xml_attr(w, "cid", c->cid);
		xml_attr(w, "host", c->host);
		xml_attr(w, "jid", s->person->roster->own_name);
		(void)snprintf(number, sizeof(number), "%u", (unsigned)s->port);
		xml_attr(w, "port", number);
		(void)snprintf(number, sizeof(number), "%lld", (long long)c->priority);
		xml_attr(w, "priority", number);
		xml_attr(w, "type", "direct");
		xml_close(w);
	}
	xml_close(w);
}

void
s5b_write_news(const struct s5b *s, struct xml_writer *w)
{
	xml_open(w, NS_JINGLE_S5B, "transport");
	xml_attr(w, "sid", s->sid);
	if (s->ours.how == USED) {
		xml_open(w, NULL, "candidate-used");
		xml_attr(w, "cid", s->theirs[s->used].cid);
		xml_close(w);
	} else {
		xml_empty(w, NULL, "candidate-error");
	}
	xml_close(w);
}

/* ---- we connect ---- */

static void dial_next(struct s5b *s);

static void
on_dialled(void *ctx, int err, size_t index, struct carrier_link *link)
{
	struct s5b *s = ctx;
	s->dial = NULL;
	if (err) {
		dial_next(s);
		return;
	}
	carrier_link_move(&s->out, link);
	found(s, USED, index);
}

/* By what we call the session when we connect, in this order; false: there is nothing more. */
static bool
next_hash(struct s5b *s, char hash[SOCKS5_HASH_SIZE])
{
	const char *own = s->person->roster->own_name, *their = s->person->instance;
	unsigned number = s->dialled++;
	if (s->their_hash[0])
		return number == 0 && str_copy(hash, SOCKS5_HASH_SIZE, s->their_hash) == 0;
	if (number == 0)
		return hash_of(s->sid, their, own, hash) == 0;
	return number == 1 && !s->keyed &&
	       hash_of(s->session, s->initiator ? own : their, s->initiator ? their : own, hash) ==
		   0;
}

static int
dial(struct s5b *s)
{
	struct sockaddr_storage at[LIMIT_STREAMHOSTS];
	char hash[SOCKS5_HASH_SIZE];
	if (!s->their_count || !next_hash(s, hash))
		return -ENOENT;
	for (size_t i = 0; i < s->their_count; i++)
		at[i] = s->theirs[i].at;
	return socks5_dial(s->person->roster->loop, at, s->their_count, hash, GAP, DEADLINE,
	    on_dialled, s, &s->dial);
}

static void
dial_next(struct s5b *s)
{
	if (dial(s) != 0)
		found(s, ERROR, 0);
}

int
s5b_start(struct s5b *s)
{
	if (s->started)
		return ERR_PROTO;
	s->started = true;
	dial_next(s);
	return 0;
}

/* ---- what they say ---- */

static bool
is_known(const struct s5b *s, const char *cid)
{
	for (size_t i = 0; i < s->their_count; i++)
		if (strcmp(s->theirs[i].cid, cid) == 0)
			return true;
	return false;
}

/* Sorted in: the highest priority first, of equal ones the earlier. */
static void
read_candidate(struct s5b *s, const struct xml_elem *e)
{
	const char *cid = xml_elem_attr(e, "cid"), *type = xml_elem_attr(e, "type");
	const char *host = xml_elem_attr(e, "host"), *port = xml_elem_attr(e, "port");
	const char *priority = xml_elem_attr(e, "priority");
	struct candidate c = {0};
	int64_t number;
	if (s->their_count == LIMIT_STREAMHOSTS || str_empty(cid) ||
	    strlen(cid) > LIMIT_SESSION_ID || is_known(s, cid) ||
	    (type && strcmp(type, "direct") != 0 && strcmp(type, "assisted") != 0))
		return;
	if (!host || !port || str_to_int(port, 1, UINT16_MAX, &number) != 0 || !priority ||
	    str_to_int(priority, 0, INT64_MAX, &c.priority) != 0)
		return;
	int err = whereabouts_read(s->person, host, (uint16_t)number, &c.at);
	if (err) {
		log_debug(s->person->name, "a candidate is left out: %s", err_str(err));
		return;
	}
	c.cid = strdup(cid);
	if (!c.cid)
		return;
	size_t at = s->their_count++;
	for (; at > 0 && s->theirs[at - 1].priority < c.priority; at--)
		s->theirs[at] = s->theirs[at - 1];
	s->theirs[at] = c;
}

int
s5b_read(struct s5b *s, const struct xml_elem *transport)
{
	const char *mode = xml_elem_attr(transport, "mode");
	const char *hash = xml_elem_attr(transport, "dstaddr");
	if (!str_equal(xml_elem_attr(transport, "sid"), s->sid) ||
	    (mode && strcmp(mode, "tcp") != 0))
		return ERR_PROTO;
	if (is_hash(hash))
		(void)!str_copy(s->their_hash, sizeof(s->their_hash), hash);
	XML_FOREACH (child, transport) {
		/* which one is dialled is told by its place in the list: not while one is */
		if (!s->started && xml_elem_is(child, NS_JINGLE_S5B, "candidate"))
			read_candidate(s, child);
	}
	return 0;
}

static int
their_choice(struct s5b *s, const char *cid)
{
	for (size_t i = 0; i < s->own_count; i++) {
		if (!str_equal(s->own[i].cid, cid))
			continue;
		s->their = (struct outcome){.how = USED, .priority = s->own[i].priority};
		return 0;
	}
	return ERR_PROTO;
}

int
s5b_heard(struct s5b *s, const struct xml_elem *transport)
{
	const struct xml_elem *used = xml_elem_child(transport, NS_JINGLE_S5B, "candidate-used");
	int err = s5b_read(s, transport);
	if (err || s->over || s->their.how != TRYING)
		return err; /* what is said twice counts once */
	if (used)
		err = their_choice(s, xml_elem_attr(used, "cid"));
	else if (xml_elem_child(transport, NS_JINGLE_S5B, "candidate-error"))
		s->their.how = ERROR;
	if (!err)
		decide(s);
	return err;
}
