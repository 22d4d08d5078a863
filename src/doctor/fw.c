#include "doctor/fw.h"

#include "base/err.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	CHAINS_MAX = 4096,
	RULES_MAX = 65536,
	MATCHES_MAX = 32,
	VALUES_MAX = 1 << 20,
	DEPTH_MAX = 16,
	STEPS_MAX = 1000000
};

/* ---- memory ---- */

static void
finish_rule(struct fw_rule *r)
{
	for (size_t i = 0; i < r->count; i++)
		free(r->matches[i].values);
	free(r->matches);
	free(r->text);
}

void
fw_finish(struct fw *fw)
{
	for (size_t i = 0; i < fw->count; i++) {
		for (size_t k = 0; k < fw->chains[i].count; k++)
			finish_rule(&fw->chains[i].rules[k]);
		free(fw->chains[i].rules);
	}
	free(fw->chains);
	*fw = (struct fw){0};
}

/* Room for one more, doubled at powers of two. */
static void *
grow(void *array, size_t count, size_t max, size_t size)
{
	if (count >= max)
		return NULL;
	if (count && (count & (count - 1)))
		return array;
	return realloc(array, (count ? 2 * count : 1) * size);
}

struct fw_chain *
fw_find_chain(const struct fw *fw, const char *table, const char *name)
{
	for (size_t i = 0; i < fw->count; i++)
		if (str_equal(fw->chains[i].table, table) && str_equal(fw->chains[i].name, name))
			return &fw->chains[i];
	return NULL;
}

struct fw_chain *
fw_add_chain(struct fw *fw, const char *table, const char *name)
{
	struct fw_chain c = {.policy = FW_ACCEPT};
	if (str_copy(c.table, sizeof(c.table), table) || str_copy(c.name, sizeof(c.name), name))
		return NULL;
	void *room = grow(fw->chains, fw->count, CHAINS_MAX, sizeof(c));
	if (!room)
		return NULL;
	fw->chains = room;
	fw->chains[fw->count] = c;
	return &fw->chains[fw->count++];
}

struct fw_rule *
fw_add_rule(struct fw_chain *c)
{
	void *room = grow(c->rules, c->count, RULES_MAX, sizeof(*c->rules));
	if (!room)
		return NULL;
	c->rules = room;
	c->rules[c->count] = (struct fw_rule){0};
	return &c->rules[c->count++];
}

void
fw_drop_rule(struct fw_chain *c)
{
	finish_rule(&c->rules[--c->count]);
	/* the next one finds its room: a count that is a power of two makes it anew */
}

struct fw_match *
fw_add_match(struct fw_rule *r, enum fw_field field, bool negated)
{
	void *room = grow(r->matches, r->count, MATCHES_MAX, sizeof(*r->matches));
	if (!room)
		return NULL;
	r->matches = room;
	r->matches[r->count] = (struct fw_match){.field = field, .negated = negated};
	return &r->matches[r->count++];
}

static int
add_value(struct fw *fw, struct fw_match *m, const struct fw_value *v)
{
	if (fw->values >= VALUES_MAX)
		return ERR_TOO_BIG;
	void *room = grow(m->values, m->count, VALUES_MAX, sizeof(*m->values));
	if (!room)
		return -ENOMEM;
	m->values = room;
	m->values[m->count++] = *v;
	fw->values++;
	return 0;
}

int
fw_add_word(struct fw *fw, struct fw_match *m, const char *word)
{
	struct fw_value v = {.is_word = true};
	int err = str_copy(v.word, sizeof(v.word), word);
	return err ? err : add_value(fw, m, &v);
}

static void
put_number(uint8_t out[16], uint32_t number)
{
	memset(out, 0, 16);
	for (size_t i = 0; i < 4; i++)
		out[12 + i] = (uint8_t)(number >> (24 - 8 * i));
}

int
fw_add_range(struct fw *fw, struct fw_match *m, uint32_t low, uint32_t high)
{
	struct fw_value v = {.is_word = false};
	put_number(v.low, low);
	put_number(v.high, high);
	return add_value(fw, m, &v);
}

int
fw_add_address(struct fw *fw, struct fw_match *m, const char *text, int bits)
{
	struct fw_value v = {.is_word = false};
	char host[INET6_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	int64_t number = -1;
	if (len >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, len);
	host[len] = '\0';
	if (slash && str_to_int(slash + 1, 0, 128, &number) != 0)
		return -EINVAL;
	if (bits >= 0)
		number = bits;
	if (inet_pton(AF_INET, host, v.low + 12) == 1) {
		v.low[10] = v.low[11] = 0xff;
		number = number < 0 ? 128 : number + 96;
	} else if (inet_pton(AF_INET6, host, v.low) == 1)
		number = number < 0 ? 128 : number;
	else
		return -EINVAL;
	for (int64_t i = 0; i < 16; i++) {
		int64_t fixed = number - 8 * i;
		uint8_t mask = (uint8_t)(fixed >= 8 ? 0 : fixed <= 0 ? 0xff : 0xff >> fixed);
		v.high[i] = v.low[i] | mask;
		v.low[i] &= (uint8_t)~mask;
	}
	return add_value(fw, m, &v);
}

int
fw_copy_rule(struct fw *fw, struct fw_chain *c, const struct fw_rule *from)
{
	struct fw_rule copy = *from; /* the array it stands in may move */
	struct fw_rule *r = fw_add_rule(c);
	if (!r)
		return -ENOMEM;
	int err = str_replace(&r->text, copy.text);
	for (size_t i = 0; !err && i < copy.count; i++) {
		const struct fw_match *m = &copy.matches[i];
		struct fw_match *to = fw_add_match(r, m->field, m->negated);
		if (!to)
			err = -ENOMEM;
		for (size_t k = 0; !err && k < m->count; k++)
			err = add_value(fw, to, &m->values[k]);
	}
	return err;
}

int
fw_protocol(const char *word)
{
	int64_t number;
	if (str_casecmp(word, "tcp") == 0)
		return 6;
	if (str_casecmp(word, "udp") == 0)
		return 17;
	if (str_casecmp(word, "icmp") == 0)
		return 1;
	if (str_casecmp(word, "ipv6-icmp") == 0 || str_casecmp(word, "icmpv6") == 0)
		return 58;
	if (str_casecmp(word, "igmp") == 0)
		return 2;
	return str_to_int(word, 0, 255, &number) == 0 ? (int)number : -1;
}

/* ---- a packet on its way ---- */

enum fit { NO, MAYBE, YES };

static bool
within(const struct fw_value *v, const uint8_t bytes[16])
{
	return !v->is_word && memcmp(v->low, bytes, 16) <= 0 && memcmp(bytes, v->high, 16) <= 0;
}

static bool
word_fits(const char *pattern, const char *word)
{
	size_t len = strlen(pattern);
	if (len && (pattern[len - 1] == '*' || pattern[len - 1] == '+'))
		return strncmp(pattern, word, len - 1) == 0;
	return str_casecmp(pattern, word) == 0;
}

/* The packet's value of a field: bytes or a word. */
static const char *
value_of(const struct fw_packet *p, enum fw_field field, uint8_t bytes[16])
{
	switch (field) {
	case FW_IIF:
		return p->iif ? p->iif : "";
	case FW_OIF:
		return p->oif ? p->oif : "";
	case FW_STATE:
		return "new";
	case FW_NFPROTO:
		return p->family == FW_IP4 ? "ipv4" : "ipv6";
	case FW_PKTTYPE:
		return p->pkttype;
	case FW_PROTO:
		put_number(bytes, p->proto);
		return NULL;
	case FW_DPORT:
		put_number(bytes, p->dport);
		return NULL;
	case FW_SPORT:
		put_number(bytes, p->sport);
		return NULL;
	case FW_SADDR:
		memcpy(bytes, p->saddr, 16);
		return NULL;
	case FW_DADDR:
		memcpy(bytes, p->daddr, 16);
		return NULL;
	case FW_UNKNOWN:
	default:
		return NULL;
	}
}

static enum fit
match_fits(const struct fw_match *m, const struct fw_packet *p)
{
	uint8_t bytes[16] = {0};
	if (m->field == FW_UNKNOWN)
		return MAYBE;
	const char *word = value_of(p, m->field, bytes);
	bool found = false;
	for (size_t i = 0; !found && i < m->count; i++)
		found = word ? m->values[i].is_word && word_fits(m->values[i].word, word)
			     : within(&m->values[i], bytes);
	return found != m->negated ? YES : NO;
}

static enum fit
rule_fits(const struct fw_rule *r, const struct fw_packet *p)
{
	enum fit fit = YES;
	for (size_t i = 0; i < r->count; i++) {
		enum fit one = match_fits(&r->matches[i], p);
		if (one < fit)
			fit = one;
	}
	return fit;
}

struct walk {
	const struct fw *fw;
	const struct fw_packet *packet;
	size_t steps;
	bool doubtful;           /* something before may have accepted it */
	struct fw_answer doubt;  /* the first that may stop it; verdict 0: none */
	struct fw_answer answer; /* once it is over */
};

static bool walk_chain(struct walk *w, const struct fw_chain *c, bool maybe, unsigned depth);

static bool
settle(struct walk *w, const struct fw_chain *c, const struct fw_rule *r, enum fw_verdict verdict,
    bool maybe)
{
	const struct fw_answer answer = {verdict, !maybe && !w->doubtful, c, r};
	if (maybe && verdict == FW_ACCEPT)
		w->doubtful = true;
	else if (maybe && !w->doubt.verdict)
		w->doubt = answer;
	else if (!maybe)
		w->answer = answer;
	return !maybe;
}

/* True: its way through the hook's chain is over. */
static bool
apply(struct walk *w, const struct fw_chain *c, const struct fw_rule *r, bool maybe, unsigned depth)
{
	if (r->verdict == FW_ACCEPT || r->verdict == FW_DROP || r->verdict == FW_REJECT)
		return settle(w, c, r, r->verdict, maybe);
	const struct fw_chain *to = fw_find_chain(w->fw, c->table, r->target);
	return to && walk_chain(w, to, maybe, depth + 1);
}

static bool
walk_chain(struct walk *w, const struct fw_chain *c, bool maybe, unsigned depth)
{
	if (depth > DEPTH_MAX)
		return false;
	for (size_t i = 0; i < c->count && w->steps < STEPS_MAX; i++, w->steps++) {
		const struct fw_rule *r = &c->rules[i];
		enum fit fit = r->verdict == FW_GO_ON ? NO : rule_fits(r, w->packet);
		if (fit == NO)
			continue;
		bool unsure = maybe || fit == MAYBE;
		if (r->verdict == FW_RETURN) {
			if (fit == YES)
				return false;
			maybe = true; /* perhaps all that follows is not looked at */
			continue;
		}
		if (apply(w, c, r, unsure, depth))
			return true;
		if (r->verdict == FW_GOTO && fit == YES)
			return false;
	}
	return false;
}

static bool
concerns(const struct fw_chain *c, enum fw_hook hook, enum fw_family family)
{
	return c->hook == hook && (c->family == FW_ANY || c->family == family);
}

/* The next base chain of the hook by priority, then by place; NULL: there is none. */
static const struct fw_chain *
next_chain(const struct fw *fw, enum fw_hook hook, enum fw_family family, const struct fw_chain *at)
{
	const struct fw_chain *best = NULL;
	for (const struct fw_chain *c = fw->chains; c < fw->chains + fw->count; c++) {
		if (!concerns(c, hook, family))
			continue;
		bool after =
		    !at || c->priority > at->priority || (c->priority == at->priority && c > at);
		if (after && (!best || c->priority < best->priority))
			best = c;
	}
	return best;
}

struct fw_answer
fw_walk(const struct fw *fw, const struct fw_packet *packet, const enum fw_hook *hooks)
{
	struct fw_answer doubt = {.verdict = FW_ACCEPT, .certain = true};
	size_t steps = 0;
	for (; *hooks; hooks++) {
		const struct fw_chain *c = NULL;
		while (fw->count && (c = next_chain(fw, *hooks, packet->family, c))) {
			struct walk w = {.fw = fw, .packet = packet, .steps = steps};
			if (!walk_chain(&w, c, false, 0))
				(void)settle(&w, c, NULL, c->policy, false);
			steps = w.steps;
			bool stops = w.answer.verdict != FW_ACCEPT;
			if (stops && w.answer.certain)
				return w.answer;
			if (doubt.verdict == FW_ACCEPT && (stops || w.doubt.verdict))
				doubt = w.doubt.verdict ? w.doubt : w.answer;
		}
	}
	if (doubt.verdict != FW_ACCEPT)
		doubt.certain = false;
	return doubt;
}
