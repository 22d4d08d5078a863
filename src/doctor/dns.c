#include "doctor/dns.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>

enum { TYPE_PTR = 12, CLASS_IN = 1, HEAD = 12, JUMPS_MAX = 32, RECORDS_MAX = 1024 };

static const uint8_t service[] = "\x09_presence\x04_tcp\x05local"; /* and the root's 0 */

struct packet {
	const uint8_t *bytes;
	size_t len, at;
};

static bool
take16(struct packet *p, uint16_t *out)
{
	if (p->len - p->at < 2)
		return false;
	*out = (uint16_t)(p->bytes[p->at] << 8 | p->bytes[p->at + 1]);
	p->at += 2;
	return true;
}

size_t
dns_question(uint8_t out[DNS_QUESTION_MAX], uint16_t id)
{
	static const uint8_t tail[] = {0, TYPE_PTR, 0, CLASS_IN};
	memset(out, 0, HEAD);
	out[0] = (uint8_t)(id >> 8);
	out[1] = (uint8_t)id;
	out[5] = 1;
	memcpy(out + HEAD, service, sizeof(service));
	memcpy(out + HEAD + sizeof(service), tail, sizeof(tail));
	return HEAD + sizeof(service) + sizeof(tail);
}

bool
dns_is_answer(const uint8_t *packet, size_t len)
{
	return len >= HEAD && packet[2] & 0x80;
}

/* Labels, up to the root's or a pointer. false: they are broken. */
static bool
take_labels(const struct packet *p, size_t *at, uint8_t out[256], size_t *to)
{
	while (*at < p->len && p->bytes[*at] && p->bytes[*at] < DNS_LABEL) {
		size_t n = p->bytes[*at];
		if (p->len - *at < n + 1 || *to + n + 1 > 254)
			return false;
		out[(*to)++] = p->bytes[(*at)++];
		for (; n; n--, (*at)++) {
			uint8_t c = p->bytes[*at];
			out[(*to)++] = (uint8_t)(c >= 'A' && c <= 'Z' ? c + 32 : c);
		}
	}
	return *at < p->len;
}

/* A name in labels with their lengths, in lower case; moves behind it. false: it is broken. */
static bool
take_name(struct packet *p, uint8_t out[256])
{
	size_t at = p->at, to = 0;
	bool jumped = false;
	for (int jumps = 0; jumps < JUMPS_MAX; jumps++) {
		if (!take_labels(p, &at, out, &to))
			return false;
		bool pointer = (p->bytes[at] & 0xc0) == 0xc0 && p->len - at >= 2;
		if (!jumped)
			p->at = at + (pointer ? 2 : 1);
		if (!p->bytes[at]) {
			out[to] = 0;
			return true;
		}
		if (!pointer)
			return false;
		jumped = true;
		at = (size_t)(p->bytes[at] & 0x3f) << 8 | p->bytes[at + 1];
	}
	return false;
}

static void
keep(struct dns_names *n, const uint8_t *name, const char *own)
{
	char label[DNS_LABEL];
	memcpy(label, name + 1, name[0]);
	label[name[0]] = '\0';
	if (memchr(label, '\0', name[0]) || (own && str_casecmp(label, own) == 0))
		return;
	for (size_t i = 0; i < n->count; i++)
		if (strcmp(n->names[i], label) == 0)
			return;
	if (n->count >= DNS_NAMES)
		return;
	if ((n->count & (n->count - 1)) == 0) {
		void *room = realloc(n->names, (n->count ? 2 * n->count : 1) * DNS_LABEL);
		if (!room)
			return;
		n->names = room;
	}
	memcpy(n->names[n->count++], label, DNS_LABEL);
}

/* A record; false: the packet is over or broken. */
static bool
take_record(struct packet *p, struct dns_names *n, const char *own)
{
	uint8_t owner[256], target[256];
	uint16_t type, class, length;
	if (!take_name(p, owner) || !take16(p, &type) || !take16(p, &class) || p->len - p->at < 4)
		return false;
	bool gone = memcmp(p->bytes + p->at, "\0\0\0\0", 4) == 0; /* time to live: a goodbye */
	p->at += 4;
	if (!take16(p, &length) || p->len - p->at < length)
		return false;
	size_t end = p->at + length;
	if (type == TYPE_PTR && (class & 0x7fff) == CLASS_IN && !gone &&
	    memcmp(owner, service, sizeof(service)) == 0 && take_name(p, target) && target[0] &&
	    strcmp((const char *)target + 1 + target[0], (const char *)service) == 0)
		keep(n, target, own);
	p->at = end;
	return true;
}

void
dns_collect(struct dns_names *n, const uint8_t *packet, size_t len, const char *own)
{
	struct packet p = {.bytes = packet, .len = len, .at = 4};
	uint16_t questions, answers, authorities, additional;
	uint8_t name[256];
	if (!dns_is_answer(packet, len) || !take16(&p, &questions) || !take16(&p, &answers) ||
	    !take16(&p, &authorities) || !take16(&p, &additional))
		return;
	for (unsigned i = 0; i < questions && i < RECORDS_MAX; i++) {
		if (!take_name(&p, name) || p.len - p.at < 4)
			return;
		p.at += 4;
	}
	unsigned records = (unsigned)answers + authorities + additional;
	for (unsigned i = 0; i < records && i < RECORDS_MAX; i++)
		if (!take_record(&p, n, own))
			return;
}

void
dns_finish(struct dns_names *n)
{
	free(n->names);
	*n = (struct dns_names){0};
}
