/* What `nft -j list ruleset` prints (libnftables-json(5)). */
#include "base/err.h"
#include "base/str.h"
#include "doctor/fw.h"

#include <earshot.h>
#include <errno.h>
#include <string.h>

struct reader {
	struct fw *fw;
	const struct earshot_value *root; /* array */
};

/* ---- values ---- */

static bool
is_number(const struct earshot_value *v)
{
	return earshot_value_as_int(v, -1) == earshot_value_as_int(v, -2);
}

static bool
is_address(enum fw_field field)
{
	return field == FW_SADDR || field == FW_DADDR;
}

static bool
is_word(enum fw_field field)
{
	return field == FW_IIF || field == FW_OIF || field == FW_STATE || field == FW_NFPROTO ||
	       field == FW_PKTTYPE;
}

/* Ports that nft writes as words. */
static int
port_of(const char *word)
{
	static const struct {
		const char *word;
		int port;
	} known[] = {{"mdns", 5353}, {"domain", 53}, {"ssh", 22}, {"http", 80}, {"https", 443},
	    {"presence", 5298}};
	int64_t number;
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (str_equal(word, known[i].word))
			return known[i].port;
	return str_to_int(word, 0, UINT16_MAX, &number) == 0 ? (int)number : -1;
}

static int64_t
number_of(enum fw_field field, const struct earshot_value *v)
{
	const char *word = earshot_value_as_str(v);
	if (word)
		return field == FW_PROTO ? fw_protocol(word) : port_of(word);
	return is_number(v) ? earshot_value_as_int(v, -1) : -1;
}

static int add_value(struct reader *rd, struct fw_match *m, const struct earshot_value *v);

static int
add_all(struct reader *rd, struct fw_match *m, const struct earshot_value *array)
{
	int err = 0;
	for (size_t i = 0; !err && i < earshot_value_count(array); i++) {
		const struct earshot_value *one = earshot_value_at(array, i);
		const struct earshot_value *elem =
		    earshot_value_get(one, "elem"); /* with a time limit, say */
		err = add_value(rd, m, elem ? earshot_value_get(elem, "val") : one);
	}
	return err;
}

/* "@name": what the set holds now. */
static int
add_named(struct reader *rd, struct fw_match *m, const char *name)
{
	for (size_t i = 0; i < earshot_value_count(rd->root); i++) {
		const struct earshot_value *set =
		    earshot_value_get(earshot_value_at(rd->root, i), "set");
		if (set && str_equal(earshot_value_str(set, "name"), name))
			return add_all(rd, m, earshot_value_get(set, "elem"));
	}
	return -EINVAL;
}

static int
add_range(struct reader *rd, struct fw_match *m, const struct earshot_value *range)
{
	const struct earshot_value *a = earshot_value_at(range, 0), *b = earshot_value_at(range, 1);
	const char *low = earshot_value_as_str(a), *high = earshot_value_as_str(b);
	if (is_address(m->field)) {
		int err = low && high ? fw_add_address(rd->fw, m, low, -1) : -EINVAL;
		if (!err)
			err = fw_add_address(rd->fw, m, high, -1);
		if (err)
			return err;
		m->count--;
		memcpy(m->values[m->count - 1].high, m->values[m->count].high, 16);
		return 0;
	}
	int64_t from = number_of(m->field, a), to = number_of(m->field, b);
	if (from < 0 || to < 0 || to > UINT32_MAX)
		return -EINVAL;
	return fw_add_range(rd->fw, m, (uint32_t)from, (uint32_t)to);
}

static int
add_one(struct reader *rd, struct fw_match *m, const struct earshot_value *v)
{
	const char *text = earshot_value_as_str(v);
	if (text && text[0] == '@')
		return add_named(rd, m, text + 1);
	if (is_address(m->field))
		return text ? fw_add_address(rd->fw, m, text, -1) : -EINVAL;
	if (is_word(m->field))
		return text ? fw_add_word(rd->fw, m, text) : -EINVAL;
	int64_t number = number_of(m->field, v);
	if (number < 0 || number > UINT32_MAX)
		return -EINVAL;
	return fw_add_range(rd->fw, m, (uint32_t)number, (uint32_t)number);
}

/* -EINVAL: it is not understood. */
static int
add_value(struct reader *rd, struct fw_match *m, const struct earshot_value *v)
{
	const struct earshot_value *set = earshot_value_get(v, "set"),
				   *range = earshot_value_get(v, "range");
	const struct earshot_value *prefix = earshot_value_get(v, "prefix");
	if (set)
		return earshot_value_as_str(set) || is_number(set) ? add_value(rd, m, set)
								   : add_all(rd, m, set);
	if (range)
		return add_range(rd, m, range);
	if (prefix) {
		const char *addr = earshot_value_str(prefix, "addr");
		int64_t len = earshot_value_int(prefix, "len", -1);
		return addr && is_address(m->field) && len >= 0 && len <= 128
			   ? fw_add_address(rd->fw, m, addr, (int)len)
			   : -EINVAL;
	}
	if (earshot_value_count(v))
		return add_all(rd, m, v);
	return add_one(rd, m, v);
}

/* ---- what is looked at ---- */

static const struct {
	const char *kind, *member, *word; /* {"meta": {"key": "iifname"}} */
	enum fw_field field;
} fields[] = {
    {"meta", "key", "iifname", FW_IIF},
    {"meta", "key", "iif", FW_IIF},
    {"meta", "key", "oifname", FW_OIF},
    {"meta", "key", "oif", FW_OIF},
    {"meta", "key", "l4proto", FW_PROTO},
    {"meta", "key", "nfproto", FW_NFPROTO},
    {"meta", "key", "pkttype", FW_PKTTYPE},
    {"ct", "key", "state", FW_STATE},
    {"payload", "field", "dport", FW_DPORT},
    {"payload", "field", "sport", FW_SPORT},
    {"payload", "field", "saddr", FW_SADDR},
    {"payload", "field", "daddr", FW_DADDR},
    {"payload", "field", "protocol", FW_PROTO},
    {"payload", "field", "nexthdr", FW_PROTO},
};

static enum fw_field
field_of(const struct earshot_value *left)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		const struct earshot_value *v = earshot_value_get(left, fields[i].kind);
		if (v && str_equal(earshot_value_str(v, fields[i].member), fields[i].word))
			return fields[i].field;
	}
	return FW_UNKNOWN;
}

static struct fw_rule *
last(const struct fw_chain *c)
{
	return &c->rules[c->count - 1];
}

/* "tcp dport" is about TCP alone, "ip saddr" about IPv4. */
static int
imply(struct reader *rd, struct fw_rule *r, const struct earshot_value *left)
{
	const char *protocol = earshot_value_str(earshot_value_get(left, "payload"), "protocol");
	if (!protocol || str_equal(protocol, "th"))
		return 0;
	bool four = str_equal(protocol, "ip"), six = str_equal(protocol, "ip6");
	int number = four || six ? 0 : fw_protocol(protocol);
	if (number < 0)
		return fw_add_match(r, FW_UNKNOWN, false) ? 0 : -ENOMEM;
	struct fw_match *m = fw_add_match(r, four || six ? FW_NFPROTO : FW_PROTO, false);
	if (!m)
		return -ENOMEM;
	return four || six ? fw_add_word(rd->fw, m, four ? "ipv4" : "ipv6")
			   : fw_add_range(rd->fw, m, (uint32_t)number, (uint32_t)number);
}

/* The rule fits where left has the value; what is not understood may fit. */
static int
require(struct reader *rd, struct fw_rule *r, const struct earshot_value *left,
    const struct earshot_value *right, const char *op)
{
	enum fw_field field = field_of(left);
	bool negated = str_equal(op, "!=");
	bool known = negated || str_equal(op, "==") || str_equal(op, "in");
	int err = imply(rd, r, left);
	struct fw_match *m = err ? NULL : fw_add_match(r, field, negated);
	if (!m)
		return err ? err : -ENOMEM;
	err = known && field != FW_UNKNOWN ? add_value(rd, m, right) : -EINVAL;
	if (err == -EINVAL)
		m->field = FW_UNKNOWN;
	return err == -EINVAL ? 0 : err;
}

/* ---- rules ---- */

static int
take_verdict(struct fw_rule *r, const struct earshot_value *statement)
{
	static const struct {
		const char *word;
		enum fw_verdict verdict;
	} verdicts[] = {{"accept", FW_ACCEPT}, {"drop", FW_DROP}, {"reject", FW_REJECT},
	    {"return", FW_RETURN}, {"jump", FW_JUMP}, {"goto", FW_GOTO}};
	for (size_t i = 0; i < ARRAY_LEN(verdicts); i++) {
		if (!earshot_value_has(statement, verdicts[i].word))
			continue;
		r->verdict = verdicts[i].verdict;
		const char *target =
		    earshot_value_str(earshot_value_get(statement, verdicts[i].word), "target");
		return target ? str_copy(r->target, sizeof(r->target), target) : 0;
	}
	return 0;
}

/* Each pair of the map as a rule of its own; the last rule becomes what follows them. */
static int
take_map(struct reader *rd, struct fw_chain *c, const struct earshot_value *map)
{
	const struct earshot_value *pairs =
	    earshot_value_get(earshot_value_get(map, "data"), "set");
	const struct earshot_value *key = earshot_value_get(map, "key");
	int err = 0;
	if (!pairs)
		return fw_add_match(last(c), FW_UNKNOWN, false) ? 0 : -ENOMEM;
	for (size_t i = 0; !err && i < earshot_value_count(pairs); i++) {
		const struct earshot_value *pair = earshot_value_at(pairs, i);
		size_t base = c->count - 1;
		err = fw_copy_rule(rd->fw, c, &c->rules[base]);
		if (!err)
			err = require(rd, &c->rules[base], key, earshot_value_at(pair, 0), "==");
		if (!err)
			err = take_verdict(&c->rules[base], earshot_value_at(pair, 1));
	}
	return err;
}

/* Statements that neither choose nor judge. */
static bool
is_silent(const struct earshot_value *statement)
{
	static const char *const silent[] = {"counter", "log", "comment", "mangle", "notrack",
	    "set", "masquerade", "snat", "dnat", "redirect", "dup", "flow", "xt-comment"};
	for (size_t i = 0; i < ARRAY_LEN(silent); i++)
		if (earshot_value_has(statement, silent[i]))
			return true;
	return false;
}

static int
take_statement(struct reader *rd, struct fw_chain *c, const struct earshot_value *statement)
{
	const struct earshot_value *match = earshot_value_get(statement, "match");
	const struct earshot_value *map = earshot_value_get(statement, "vmap");
	if (match)
		return require(rd, last(c), earshot_value_get(match, "left"),
		    earshot_value_get(match, "right"), earshot_value_str(match, "op"));
	if (map)
		return take_map(rd, c, map);
	if (is_silent(statement))
		return 0;
	int err = take_verdict(last(c), statement);
	/* limits, lookups, iptables' own extensions: it may fit */
	if (!err && last(c)->verdict == FW_GO_ON)
		err = fw_add_match(last(c), FW_UNKNOWN, false) ? 0 : -ENOMEM;
	return err;
}

static int
table_of(const struct earshot_value *v, char *out, size_t size)
{
	const char *family = earshot_value_str(v, "family"), *table = earshot_value_str(v, "table");
	struct buf b = BUF_INIT(size - 1);
	if (family && table)
		buf_fmt(&b, "%s %s", family, table);
	int err = !b.len ? ERR_PROTO : buf_err(&b);
	if (!err)
		err = str_copy(out, size, buf_cstr(&b));
	buf_finish(&b);
	return err;
}

static int
take_rule(struct reader *rd, const struct earshot_value *v)
{
	char table[64];
	const char *name = earshot_value_str(v, "chain");
	const struct earshot_value *statements = earshot_value_get(v, "expr");
	int err = name ? table_of(v, table, sizeof(table)) : ERR_PROTO;
	struct fw_chain *c = err ? NULL : fw_find_chain(rd->fw, table, name);
	if (!c)
		return err;
	if (!fw_add_rule(c))
		return -ENOMEM;
	struct buf text = BUF_INIT(256);
	buf_fmt(&text, "%s %s, handle %d", table, name, (int)earshot_value_int(v, "handle", 0));
	if (earshot_value_str(v, "comment"))
		buf_fmt(&text, " (%.100s)", earshot_value_str(v, "comment"));
	last(c)->text = buf_take(&text);
	if (!last(c)->text)
		return -ENOMEM;
	for (size_t i = 0; !err && i < earshot_value_count(statements); i++)
		err = take_statement(rd, c, earshot_value_at(statements, i));
	return err;
}

/* ---- chains ---- */

static enum fw_hook
hook_of(const struct earshot_value *chain)
{
	static const struct {
		const char *word;
		enum fw_hook hook;
	} hooks[] = {{"prerouting", FW_PREROUTING}, {"input", FW_INPUT}, {"output", FW_OUTPUT},
	    {"postrouting", FW_POSTROUTING}};
	const char *word = earshot_value_str(chain, "hook");
	if (str_equal(earshot_value_str(chain, "type"), "nat"))
		return FW_NONE;
	for (size_t i = 0; i < ARRAY_LEN(hooks); i++)
		if (str_equal(hooks[i].word, word))
			return hooks[i].hook;
	return FW_NONE;
}

static int
take_chain(struct reader *rd, const struct earshot_value *v)
{
	char table[64];
	const char *name = earshot_value_str(v, "name"), *family = earshot_value_str(v, "family");
	int err = name ? table_of(v, table, sizeof(table)) : ERR_PROTO;
	if (err)
		return err;
	struct fw_chain *c = fw_add_chain(rd->fw, table, name);
	if (!c)
		return -ENOMEM;
	c->family = str_equal(family, "ip") ? FW_IP4 : str_equal(family, "ip6") ? FW_IP6 : FW_ANY;
	bool routed = str_equal(family, "inet") || c->family != FW_ANY;
	c->hook = routed ? hook_of(v) : FW_NONE;
	c->priority = (int)earshot_value_int(v, "prio", 0);
	c->policy = str_equal(earshot_value_str(v, "policy"), "drop") ? FW_DROP : FW_ACCEPT;
	return 0;
}

int
fw_read_nft(struct fw *fw, const char *text, size_t len)
{
	struct earshot_value *root = NULL;
	if (earshot_value_parse(text, len, &root) != 0)
		return ERR_PROTO;
	struct reader rd = {.fw = fw, .root = earshot_value_get(root, "nftables")};
	int err = rd.root ? 0 : ERR_PROTO;
	/* chains first: rules jump ahead */
	for (int rules = 0; rules < 2; rules++) {
		for (size_t i = 0; !err && i < earshot_value_count(rd.root); i++) {
			const struct earshot_value *one = earshot_value_at(rd.root, i);
			const struct earshot_value *v =
			    earshot_value_get(one, rules ? "rule" : "chain");
			if (v)
				err = rules ? take_rule(&rd, v) : take_chain(&rd, v);
		}
	}
	earshot_value_free(root);
	return err;
}
