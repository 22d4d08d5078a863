/* For tests of what two ends agree upon: the manager of transfers, connections and channels as the
 * test wants them to be. What Tybalt sends to Romeo: `out` is Tybalt's end, `in` is Romeo's.
 * Included after two.h. */
#ifndef TESTS_ENDS_H
#define TESTS_ENDS_H

#include "tls/channel.h"
#include "transfer/carrier.h"
#include "transfer/socks5.h"
#include "transfer/transfers.h"
#include "transfer/xep0047_ibb.h"
#include "transfer/xep0166_jingle.h"
#include "transfer/xep0234_jingle_ft.h"

#include <unistd.h>

extern const struct feature feature_ibb, feature_jingle, feature_jingle_ft, feature_bob;

#define TRANSFER_ID "0123456789abcdef0123456789abcdef"

/* What one end was told. */
struct told {
	unsigned offered, accepted, declined, connected, ended, ready, checksum, confirmed;
	unsigned thumbnails;
	enum transfer_end how;
	char text[LIMIT_REASON + 1];
	uint64_t offset;
	bool has_prefix;
	uint8_t prefix[32], digest[32];
	struct carrier_link link;
	bool encrypted, client;
};

static struct ends {
	struct transfer out, in;
	struct told out_told, in_told;
	bool known;   /* `in` is, by its id */
	int refusal;  /* what transfers_offered() says */
	bool lenient; /* the other side may say anything */
	struct transfer_offer offer;
	char name[256], media[64];
} ends_;

static inline struct told *
told_of(const struct transfer *t)
{
	return t == &ends_.out ? &ends_.out_told : &ends_.in_told;
}

/* ---- the manager ---- */

int
transfers_offered(struct person *from, const struct transfer_method *m,
    const struct transfer_offer *o, struct transfer **out)
{
	struct transfer *t = &ends_.in;
	if (ends_.lenient && t->session)
		return ERR_TOO_BIG;
	assert_null(t->session);
	assert_ptr_equal(m, ends_.out.method);
	ends_.in_told.offered++;
	ends_.offer = *o;
	(void)snprintf(ends_.name, sizeof(ends_.name), "%s", o->name);
	(void)snprintf(ends_.media, sizeof(ends_.media), "%s", o->media ? o->media : "");
	if (ends_.refusal)
		return ends_.refusal;
	assert_int_equal(strlen(o->id), TRANSFER_ID_SIZE - 1);
	t->person = from;
	t->method = m;
	t->size = o->size;
	t->folder = o->folder;
	t->name = ends_.name;
	assert_int_equal(str_copy(t->id, sizeof(t->id), o->id), 0);
	ends_.known = true;
	*out = t;
	return 0;
}

const char *
transfers_refusal(int err)
{
	return err == ERR_FULL ? "too little space" : "no";
}

struct transfer *
transfers_find(struct person *p, const char *id, bool outgoing)
{
	struct transfer *t = outgoing ? &ends_.out : &ends_.in;
	bool there = outgoing || ends_.known;
	return there && t->person == p && strcmp(t->id, id) == 0 ? t : NULL;
}

void
transfer_accepted(struct transfer *t, uint64_t offset, const uint8_t *prefix)
{
	struct told *told = told_of(t);
	told->accepted++;
	told->offset = offset;
	told->has_prefix = prefix != NULL;
	if (prefix)
		memcpy(told->prefix, prefix, sizeof(told->prefix));
}

void
transfer_declined(struct transfer *t, const char *why)
{
	told_of(t)->declined++;
	(void)snprintf(told_of(t)->text, sizeof(told_of(t)->text), "%s", why ? why : "");
}

/* The channels of the test know nothing but whose they are. */
struct tls_channel {
	bool client;
	struct tls_id expected;
};

int
tls_channel_create(
    struct tls_context *c, bool client, const struct tls_id *expected, struct tls_channel **out)
{
	struct tls_channel *ch = calloc(1, sizeof(*ch));
	assert_ptr_equal(c, world.r.tls);
	assert_non_null(ch);
	ch->client = client;
	ch->expected = *expected;
	*out = ch;
	return 0;
}

void
tls_channel_destroy(struct tls_channel *ch)
{
	free(ch);
}

void
transfer_connected(struct transfer *t, struct carrier_link *link)
{
	struct told *told = told_of(t);
	told->connected++;
	told->encrypted = link->tls != NULL;
	if (link->tls) {
		told->client = link->tls->client;
		assert_true(tls_id_equal(&link->tls->expected, &t->person->key));
	}
	carrier_link_finish(&told->link);
	carrier_link_move(&told->link, link);
}

void
transfer_ended(struct transfer *t, enum transfer_end why, const char *text)
{
	struct told *told = told_of(t);
	assert_null(t->session);
	told->ended++;
	told->how = why;
	(void)snprintf(told->text, sizeof(told->text), "%s", text ? text : "");
}

void
transfer_ready(struct transfer *t)
{
	told_of(t)->ready++;
}

void
transfer_checksum(struct transfer *t, const uint8_t digest[TRANSFER_DIGEST_SIZE])
{
	told_of(t)->checksum++;
	memcpy(told_of(t)->digest, digest, 32);
}

void
transfer_confirmed(struct transfer *t)
{
	told_of(t)->confirmed++;
}

void
transfer_got_thumbnail(struct transfer *t, const void *data, size_t len)
{
	told_of(t)->thumbnails++;
	if (ends_.lenient)
		return;
	assert_int_equal(len, ends_.out.thumbnail_len);
	assert_memory_equal(data, ends_.out.thumbnail, len);
}

/* ---- connections ---- */

enum { NET_EXPECTED = 64, NET_DIALS = 16, NET_PORT = 40000 };

struct socks5_expected {
	bool used;
	char hash[SOCKS5_HASH_SIZE];
	socks5_allow_fn *allow;
	socks5_arrived_fn *arrived;
	void *ctx;
};

struct socks5_dial {
	bool used;
	struct sockaddr_storage at[LIMIT_STREAMHOSTS];
	size_t count;
	char hash[SOCKS5_HASH_SIZE];
	socks5_dialled_fn *dialled;
	void *ctx;
};

static struct {
	struct socks5_expected expected[NET_EXPECTED];
	struct socks5_dial dials[NET_DIALS];
	bool romeo_reachable, tybalt_reachable; /* whose listener can be connected to */
	bool deaf;                              /* nobody can listen */
	unsigned tried;                         /* connections */
} net;

int
socks5_server_create(uv_loop_t *loop, struct socks5_server **out)
{
	(void)loop;
	*out = net.deaf ? NULL : (struct socks5_server *)&net;
	return net.deaf ? -EMFILE : 0;
}

void
socks5_server_close(struct socks5_server *s)
{
	(void)s;
}

int
socks5_expect(struct socks5_server *s, const char *hash, socks5_allow_fn *allow,
    socks5_arrived_fn *arrived, void *ctx, struct socks5_expected **out)
{
	struct socks5_expected *room = NULL;
	assert_non_null(s);
	assert_int_equal(strlen(hash), SOCKS5_HASH_SIZE - 1);
	for (size_t i = 0; i < NET_EXPECTED; i++) {
		struct socks5_expected *e = &net.expected[i];
		if (e->used && strcmp(e->hash, hash) == 0)
			return -EEXIST;
		if (!e->used)
			room = e;
	}
	assert_non_null(room);
	*room =
	    (struct socks5_expected){.used = true, .allow = allow, .arrived = arrived, .ctx = ctx};
	(void)snprintf(room->hash, sizeof(room->hash), "%s", hash);
	*out = room;
	return 0;
}

void
socks5_forget(struct socks5_expected *e)
{
	if (e)
		e->used = false;
}

uint16_t
socks5_server_port(const struct socks5_server *s)
{
	(void)s;
	return NET_PORT;
}

int
socks5_dial(uv_loop_t *loop, const struct sockaddr_storage *candidates, size_t count,
    const char *hash, unsigned gap_ms, unsigned deadline_ms, socks5_dialled_fn *dialled, void *ctx,
    struct socks5_dial **out)
{
	struct socks5_dial *d = net.dials;
	(void)loop;
	(void)gap_ms;
	(void)deadline_ms;
	assert_in_range(count, 1, LIMIT_ADDRESSES);
	while (d->used)
		d++;
	assert_true(d < net.dials + NET_DIALS);
	*d = (struct socks5_dial){.used = true, .count = count, .dialled = dialled, .ctx = ctx};
	memcpy(d->at, candidates, count * sizeof(*candidates));
	(void)snprintf(d->hash, sizeof(d->hash), "%s", hash);
	*out = d;
	return 0;
}

void
socks5_dial_stop(struct socks5_dial *d)
{
	if (d)
		d->used = false;
}

static inline bool
net_reaches(const struct sockaddr_storage *at)
{
	struct sockaddr_storage romeo = endpoint("192.0.2.1", NET_PORT);
	struct sockaddr_storage tybalt = endpoint("192.0.2.2", NET_PORT);
	assert_true(address_port(at) > 1023); /* F6 */
	assert_true(address_same_host(at, &romeo) || address_same_host(at, &tybalt));
	net.tried++;
	if (address_port(at) != NET_PORT)
		return false;
	return address_same_host(at, &romeo)    ? net.romeo_reachable
	       : address_same_host(at, &tybalt) ? net.tybalt_reachable
						: false;
}

static inline void
net_connect(struct socks5_dial *d, size_t which)
{
	int pair[2];
	struct carrier_link link;
	struct sockaddr_storage romeo = endpoint("192.0.2.1", 1), tybalt = endpoint("192.0.2.2", 1);
	const struct sockaddr_storage *from =
	    address_same_host(&d->at[which], &romeo) ? &tybalt : &romeo;
	for (size_t i = 0; i < NET_EXPECTED; i++) {
		struct socks5_expected *e = &net.expected[i];
		if (!e->used || strcmp(e->hash, d->hash) != 0 || !e->allow(e->ctx, from))
			continue;
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
		carrier_link_init(&link);
		link.fd = pair[0];
		e->used = false;
		e->arrived(e->ctx, &link);
		carrier_link_finish(&link);
		link.fd = pair[1];
		d->used = false;
		d->dialled(d->ctx, 0, which, &link);
		carrier_link_finish(&link);
		return;
	}
	d->used = false;
	d->dialled(d->ctx, -ECONNREFUSED, 0, NULL);
}

/* What was dialled comes about, or fails. False: nothing is dialled. */
static inline bool
net_step(void)
{
	for (size_t i = 0; i < NET_DIALS; i++) {
		struct socks5_dial *d = &net.dials[i];
		if (!d->used)
			continue;
		for (size_t at = 0; at < d->count; at++) {
			if (net_reaches(&d->at[at])) {
				net_connect(d, at);
				return true;
			}
		}
		d->used = false;
		d->dialled(d->ctx, -ECONNREFUSED, 0, NULL);
		return true;
	}
	return false;
}

static inline void
ends_settle(void)
{
	do {
		two_settle();
	} while (net_step());
}

/* ---- the beginning and the end ---- */

static inline void
ends_forget(void)
{
	carrier_link_finish(&ends_.out_told.link);
	carrier_link_finish(&ends_.in_told.link);
	memset(&ends_.out_told, 0, sizeof(ends_.out_told));
	memset(&ends_.in_told, 0, sizeof(ends_.in_told));
	carrier_link_init(&ends_.out_told.link);
	carrier_link_init(&ends_.in_told.link);
}

static inline int
ends_begin(bool keyed)
{
	static const struct feature *const features[] = {
	    &feature_ibb, &feature_jingle, &feature_jingle_ft, &feature_bob, NULL};
	static char name[] = "letter.txt";
	memset(&ends_, 0, sizeof(ends_));
	memset(&net, 0, sizeof(net));
	net.romeo_reachable = net.tybalt_reachable = true;
	carrier_link_init(&ends_.out_told.link);
	carrier_link_init(&ends_.in_told.link);
	if (two_begin(features, keyed))
		return -1;
	world.r.files.old_clients = true;
	ends_.out = (struct transfer){.outgoing = true,
	    .id = TRANSFER_ID,
	    .name = name,
	    .size = 1000,
	    .method = keyed ? &jingle_method : &jingle_plain_method,
	    .person = person_called(ROMEO)};
	return 0;
}

static inline int
ends_end(void)
{
	int err = two_end();
	ends_forget();
	return err;
}

#endif
