#include "stream/admission.h"

#include "base/bucket.h"
#include "base/limits.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum {
	FAILED_MS = 1000, /* of penalty, for a connection that failed ... */
	LEFT_MS = 250, /* ... or that was closed before it said who it is: some only try the port */
	BARRED_FROM_MS = 10000, /* so much of it and the source is barred until none is left */
	SHARE_FOR_STRANGERS = LIMIT_STREAMS_UNKNOWN - LIMIT_STREAMS_RESERVED,
	DROP_PERCENT =
	    50, /* chance to be turned away where all of the strangers' places are taken */
	HOST_BYTES = 17,
};

static const struct bucket_rate all_handshakes = {LIMIT_HANDSHAKES, LIMIT_HANDSHAKES};
static const struct bucket_rate source_handshakes = {
    2 * LIMIT_HANDSHAKES_SOURCE, LIMIT_HANDSHAKES_SOURCE};
static const struct bucket_rate known_handshakes = {LIMIT_HANDSHAKES, LIMIT_HANDSHAKES / 2};

/* An address, or a network of them: family and as many bytes as count. */
struct host {
	uint8_t bytes[HOST_BYTES];
};

struct admission_source {
	struct host host;
	bool used;
	bool barred;
	unsigned places;
	uint64_t penalty_until; /* ms */
	struct bucket handshakes;
};

struct admission {
	uint32_t (*below)(uint32_t bound);
	struct list places;
	size_t strangers, known, leaving;
	struct bucket handshakes; /* of all strangers */
	struct host *known_hosts; /* owned; sorted */
	size_t known_count;
	struct admission_source sources[LIMIT_SOURCES];
};

int
admission_create(uint32_t (*below)(uint32_t bound), struct admission **out)
{
	struct admission *a = calloc(1, sizeof(*a));
	if (!a)
		return -ENOMEM;
	a->below = below;
	list_init(&a->places);
	*out = a;
	return 0;
}

void
admission_destroy(struct admission *a)
{
	if (!a)
		return;
	free(a->known_hosts);
	free(a);
}

/* ---- addresses ---- */

/* The very address, without port and scope. */
static struct host
host_of(const struct sockaddr_storage *addr)
{
	struct host h = {{0}};
	struct sockaddr_in four;
	struct sockaddr_in6 six;
	h.bytes[0] = (uint8_t)addr->ss_family;
	if (addr->ss_family == AF_INET) {
		memcpy(&four, addr, sizeof(four));
		memcpy(&h.bytes[1], &four.sin_addr, sizeof(four.sin_addr));
	} else if (addr->ss_family == AF_INET6) {
		memcpy(&six, addr, sizeof(six));
		memcpy(&h.bytes[1], &six.sin6_addr, sizeof(six.sin6_addr));
	}
	return h;
}

/* What one machine can have for itself: of IPv6 it is given a /64 to choose addresses from. */
static struct host
source_of(const struct sockaddr_storage *addr)
{
	enum { NETWORK_END = 1 + 8 };
	struct host h = host_of(addr);
	struct sockaddr_in6 six;
	if (addr->ss_family != AF_INET6)
		return h;
	memcpy(&six, addr, sizeof(six));
	if (!IN6_IS_ADDR_LINKLOCAL(&six.sin6_addr))
		memset(&h.bytes[NETWORK_END], 0, sizeof(h.bytes) - NETWORK_END);
	return h;
}

static int
compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct host));
}

static bool
is_known(const struct admission *a, const struct sockaddr_storage *addr)
{
	struct host h = host_of(addr);
	return a->known_count > 0 &&
	       bsearch(&h, a->known_hosts, a->known_count, sizeof(h), compare) != NULL;
}

int
admission_set_known(struct admission *a, const struct sockaddr_storage *addr, size_t count)
{
	if (count > LIMIT_KNOWN_ADDRESSES)
		count = LIMIT_KNOWN_ADDRESSES;
	struct host *hosts = count ? calloc(count, sizeof(*hosts)) : NULL;
	if (count && !hosts)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		hosts[i] = host_of(&addr[i]);
	if (count)
		qsort(hosts, count, sizeof(*hosts), compare);
	free(a->known_hosts);
	a->known_hosts = hosts;
	a->known_count = count;
	return 0;
}

/* ---- sources ---- */

static struct admission_source *
find(struct admission *a, const struct host *h)
{
	for (size_t i = 0; i < LIMIT_SOURCES; i++)
		if (a->sources[i].used && compare(&a->sources[i].host, h) == 0)
			return &a->sources[i];
	return NULL;
}

/* Where all are taken, the one is forgotten that has the least to be remembered for. There always
 * is one: far fewer places can be held than sources remembered. */
static struct admission_source *
find_or_make(struct admission *a, const struct host *h)
{
	struct admission_source *s = find(a, h), *least = NULL;
	for (size_t i = 0; i < LIMIT_SOURCES && !s; i++) {
		struct admission_source *other = &a->sources[i];
		if (!other->used)
			s = other;
		else if (other->places == 0 &&
			 (!least || other->penalty_until < least->penalty_until))
			least = other;
	}
	if (!s)
		s = least;
	if (!s->used || compare(&s->host, h) != 0)
		*s = (struct admission_source){.host = *h, .used = true};
	return s;
}

static bool
is_barred(struct admission_source *s, uint64_t now)
{
	if (s->barred && now >= s->penalty_until)
		s->barred = false;
	return s->barred;
}

static void
penalise(struct admission_source *s, unsigned ms, uint64_t now)
{
	s->penalty_until = (s->penalty_until > now ? s->penalty_until : now) + ms;
	if (s->penalty_until - now >= BARRED_FROM_MS)
		s->barred = true;
}

/* ---- places ---- */

/* From the first of the strangers' last places to the last one the chance grows evenly. */
static bool
is_turned_away(struct admission *a)
{
	enum { STEPS = SHARE_FOR_STRANGERS - LIMIT_STREAMS_DROP_FROM + 1, WHOLE = 100 };
	if (a->strangers < LIMIT_STREAMS_DROP_FROM)
		return false;
	uint32_t step = (uint32_t)(a->strangers - LIMIT_STREAMS_DROP_FROM + 1);
	return a->below(WHOLE * STEPS) < DROP_PERCENT * step;
}

static struct admission_place *
pick(const struct admission *a, bool known)
{
	uint32_t at = a->below((uint32_t)(known ? a->known : a->strangers));
	LIST_FOREACH (node, &a->places) {
		struct admission_place *p = container_of(node, struct admission_place, node);
		if (p->known == known && !p->leaving && at-- == 0)
			return p;
	}
	return NULL;
}

static void
give_away(struct admission *a, struct admission_place *p)
{
	*(p->known ? &a->known : &a->strangers) -= 1;
	a->leaving++;
	p->leaving = true;
}

bool
admission_allows(struct admission *a, const struct sockaddr_storage *from, uint64_t now,
    struct admission_place **victim)
{
	struct host h = source_of(from);
	struct admission_source *s = find(a, &h);
	bool known = is_known(a, from);
	*victim = NULL;
	if (s && s->places >= LIMIT_STREAMS_PER_SOURCE)
		return false;
	if (!known && ((s && is_barred(s, now)) || is_turned_away(a)))
		return false;
	bool full = a->strangers + a->known >= LIMIT_STREAMS_UNKNOWN;
	if (!known)
		full = full || a->strangers >= SHARE_FOR_STRANGERS;
	if (!full)
		return true;
	/* what goes is still in memory until its owner's next turn */
	if (a->leaving >= LIMIT_STREAMS_LEAVING)
		return false;
	/* strangers never push out the known, and only the known can fill the known's share */
	*victim = pick(a, a->strangers == 0);
	if (!*victim || ((*victim)->known && !known))
		return false;
	give_away(a, *victim);
	return true;
}

void
admission_enter(
    struct admission *a, struct admission_place *place, const struct sockaddr_storage *from)
{
	struct host h = source_of(from);
	*place =
	    (struct admission_place){.source = find_or_make(a, &h), .known = is_known(a, from)};
	place->source->places++;
	*(place->known ? &a->known : &a->strangers) += 1;
	list_insert(&a->places, &place->node);
}

void
admission_leave(
    struct admission *a, struct admission_place *place, enum admission_end how, uint64_t now)
{
	struct admission_source *s = place->source;
	if (!s)
		return;
	list_remove(&place->node);
	if (place->leaving)
		a->leaving--;
	else
		*(place->known ? &a->known : &a->strangers) -= 1;
	s->places--;
	if (how != ADMISSION_IDENTIFIED && !place->leaving)
		penalise(s, how == ADMISSION_FAILED ? FAILED_MS : LEFT_MS, now);
	*place = (struct admission_place){0};
}

bool
admission_may_handshake(struct admission *a, const struct sockaddr_storage *from, uint64_t now)
{
	struct host h = source_of(from);
	struct admission_source *s = find_or_make(a, &h);
	bool known = is_known(a, from);
	struct bucket_rate rate = known ? known_handshakes : source_handshakes;
	if (!bucket_has(&s->handshakes, rate, 1, now) ||
	    (!known && !bucket_take(&a->handshakes, all_handshakes, 1, now)))
		return false;
	bucket_charge(&s->handshakes, rate, 1, now);
	return true;
}

size_t
admission_strangers(const struct admission *a)
{
	return a->strangers;
}

size_t
admission_held(const struct admission *a)
{
	return a->strangers + a->known;
}
