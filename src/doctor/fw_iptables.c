/* What iptables-save prints (iptables-extensions(8)). */
#include "base/err.h"
#include "base/str.h"
#include "doctor/fw.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 128, LINE_MAX_BYTES = 8192 };

struct line {
	char bytes[LINE_MAX_BYTES];
	char *words[WORDS_MAX];
	size_t count;
};

/* Words with blanks between; "..." is one, \ takes the next as it is. */
static int
split(struct line *l, const char *text, size_t len)
{
	size_t to = 0, at = 0;
	l->count = 0;
	if (len >= sizeof(l->bytes))
		return ERR_TOO_BIG;
	while (at < len) {
		while (at < len && text[at] == ' ')
			at++;
		if (at == len)
			break;
		if (l->count == WORDS_MAX)
			return ERR_TOO_BIG;
		l->words[l->count++] = l->bytes + to;
		bool quoted = false;
		for (; at < len && (quoted || text[at] != ' '); at++) {
			if (text[at] == '"')
				quoted = !quoted;
			else {
				if (text[at] == '\\' && at + 1 < len)
					at++;
				l->bytes[to++] = text[at];
			}
		}
		if (to + 1 >= sizeof(l->bytes))
			return ERR_TOO_BIG;
		l->bytes[to++] = '\0';
	}
	return 0;
}

static enum fw_hook
hook_of(const char *chain)
{
	if (str_equal(chain, "PREROUTING"))
		return FW_PREROUTING;
	if (str_equal(chain, "INPUT"))
		return FW_INPUT;
	if (str_equal(chain, "OUTPUT"))
		return FW_OUTPUT;
	if (str_equal(chain, "POSTROUTING"))
		return FW_POSTROUTING;
	return FW_NONE;
}

static int
priority_of(const char *table)
{
	return str_equal(table, "raw") ? -300 : str_equal(table, "mangle") ? -150 : 0;
}

/* A table here is "iptables filter", so that it is not one of nft's. */
static int
table_name(enum fw_family family, const char *table, char *out, size_t size)
{
	struct buf b = BUF_INIT(size - 1);
	buf_fmt(&b, "%s %s", family == FW_IP4 ? "iptables" : "ip6tables", table);
	int err = buf_err(&b);
	if (!err)
		err = str_copy(out, size, buf_cstr(&b));
	buf_finish(&b);
	return err;
}

static int
read_ports(struct fw *fw, struct fw_rule *r, enum fw_field field, bool negated, char *list)
{
	struct fw_match *m = fw_add_match(r, field, negated);
	if (!m)
		return -ENOMEM;
	char *rest = NULL;
	for (char *one = strtok_r(list, ",", &rest); one; one = strtok_r(NULL, ",", &rest)) {
		char *colon = strchr(one, ':');
		int64_t low = 0, high = UINT16_MAX;
		if (colon)
			*colon = '\0';
		if (*one && str_to_int(one, 0, UINT16_MAX, &low) != 0)
			return -EINVAL;
		if (!colon)
			high = low;
		else if (colon[1] && str_to_int(colon + 1, 0, UINT16_MAX, &high) != 0)
			return -EINVAL;
		int err = fw_add_range(fw, m, (uint32_t)low, (uint32_t)high);
		if (err)
			return err;
	}
	return 0;
}

static int
read_words(struct fw *fw, struct fw_rule *r, enum fw_field field, bool negated, char *list)
{
	struct fw_match *m = fw_add_match(r, field, negated);
	int err = m ? 0 : -ENOMEM;
	char *rest = NULL;
	for (char *one = strtok_r(list, ",", &rest); !err && one; one = strtok_r(NULL, ",", &rest))
		err = fw_add_word(fw, m, one);
	return err;
}

/* An address, perhaps with "/24" or "/255.255.255.0". */
static int
read_address(struct fw *fw, struct fw_rule *r, enum fw_field field, bool negated, char *text)
{
	struct fw_match *m = fw_add_match(r, field, negated);
	char *slash = strchr(text, '/');
	struct in_addr mask;
	int bits = -1;
	if (!m)
		return -ENOMEM;
	if (slash && strchr(slash, '.') && inet_pton(AF_INET, slash + 1, &mask) == 1) {
		uint32_t number = ntohl(mask.s_addr);
		if (number & (~number >> 1))
			return -EINVAL; /* holes */
		for (bits = 0; bits < 32 && number & (UINT32_C(1) << (31 - bits)); bits++)
			;
		*slash = '\0';
	}
	return fw_add_address(fw, m, text, bits);
}

static int
read_protocol(struct fw *fw, struct fw_rule *r, bool negated, const char *word)
{
	int number = fw_protocol(word);
	if (str_equal(word, "all"))
		return 0;
	if (number < 0)
		return -EINVAL;
	struct fw_match *m = fw_add_match(r, FW_PROTO, negated);
	return m ? fw_add_range(fw, m, (uint32_t)number, (uint32_t)number) : -ENOMEM;
}

static bool
is_one_of(const char *word, const char *const *list)
{
	for (; *list; list++)
		if (str_equal(word, *list))
			return true;
	return false;
}

/* -EINVAL: it is not understood, and may fit or not. */
static int
read_match(struct fw *fw, struct fw_rule *r, bool negated, const char *option, char *value)
{
	static const char *const dports[] = {"--dport", "--dports", "--destination-port", NULL};
	static const char *const sports[] = {"--sport", "--sports", "--source-port", NULL};
	static const char *const states[] = {"--ctstate", "--state", NULL};
	if (str_equal(option, "-i"))
		return read_words(fw, r, FW_IIF, negated, value);
	if (str_equal(option, "-o"))
		return read_words(fw, r, FW_OIF, negated, value);
	if (str_equal(option, "-p"))
		return read_protocol(fw, r, negated, value);
	if (str_equal(option, "-s"))
		return read_address(fw, r, FW_SADDR, negated, value);
	if (str_equal(option, "-d"))
		return read_address(fw, r, FW_DADDR, negated, value);
	if (str_equal(option, "--pkt-type"))
		return read_words(fw, r, FW_PKTTYPE, negated, value);
	if (is_one_of(option, dports))
		return read_ports(fw, r, FW_DPORT, negated, value);
	if (is_one_of(option, sports))
		return read_ports(fw, r, FW_SPORT, negated, value);
	if (is_one_of(option, states))
		return read_words(fw, r, FW_STATE, negated, value);
	return -EINVAL;
}

static int
read_target(struct fw_rule *r, const char *word, bool go)
{
	static const char *const passing[] = {"LOG", "NFLOG", "ULOG", "MARK", "CONNMARK", "TRACE",
	    "CT", "NOTRACK", "TCPMSS", "DSCP", "TOS", "TTL", "HL", "CLASSIFY", "SET", "AUDIT",
	    "CHECKSUM", "SECMARK", "CONNSECMARK", "TEE", "RATEEST", "IDLETIMER", "LED", NULL};
	if (str_equal(word, "ACCEPT"))
		r->verdict = FW_ACCEPT;
	else if (str_equal(word, "DROP"))
		r->verdict = FW_DROP;
	else if (str_equal(word, "REJECT"))
		r->verdict = FW_REJECT;
	else if (str_equal(word, "RETURN"))
		r->verdict = FW_RETURN;
	else if (is_one_of(word, passing))
		r->verdict = FW_GO_ON;
	else {
		r->verdict = go ? FW_GOTO : FW_JUMP;
		return str_copy(r->target, sizeof(r->target), word);
	}
	return 0;
}

/* Options whose value says nothing about which packets fit. */
static const char *const silent[] = {"-m", "--comment", "--reject-with", "--log-prefix",
    "--log-level", "--set-xmark", "--nflog-prefix", "--nflog-group", NULL};

static int
read_rule(struct fw *fw, struct fw_chain *c, struct line *l)
{
	struct fw_rule *r = fw_add_rule(c);
	if (!r)
		return -ENOMEM;
	bool negated = false;
	int err = 0;
	for (size_t i = 2; !err && i < l->count; i++) {
		char *word = l->words[i], *value = i + 1 < l->count ? l->words[i + 1] : NULL;
		if (str_equal(word, "!")) {
			negated = true;
			continue;
		}
		bool go = str_equal(word, "-g");
		bool has_value = value && value[0] != '-' && !str_equal(value, "!");
		if (has_value && (go || str_equal(word, "-j")))
			err = read_target(r, value, go);
		else if (!is_one_of(word, silent)) {
			err = has_value ? read_match(fw, r, negated, word, value) : -EINVAL;
			/* what is not understood may fit or not; so may all that is behind it */
			if (err == -EINVAL)
				err = fw_add_match(r, FW_UNKNOWN, false) ? 0 : -ENOMEM;
		}
		i += has_value;
		negated = false;
	}
	return err;
}

static int
read_line(struct fw *fw, enum fw_family family, char *table, size_t table_size, struct line *l,
    const char *text, size_t len)
{
	if (len > 1 && text[0] == '*') {
		int err = split(l, text + 1, len - 1);
		if (!err && !l->count)
			err = ERR_PROTO;
		return err ? err : table_name(family, l->words[0], table, table_size);
	}
	int err = split(l, text, len);
	if (err || l->count < 2 || !*table)
		return err;
	if (l->words[0][0] == ':') {
		struct fw_chain *c = fw_add_chain(fw, table, l->words[0] + 1);
		if (!c)
			return -ENOMEM;
		c->family = family;
		c->hook = strstr(table, " nat") ? FW_NONE : hook_of(c->name);
		c->priority = priority_of(strchr(table, ' ') + 1);
		c->policy = str_equal(l->words[1], "DROP") ? FW_DROP : FW_ACCEPT;
		return 0;
	}
	if (!str_equal(l->words[0], "-A"))
		return 0;
	struct fw_chain *c = fw_find_chain(fw, table, l->words[1]);
	if (!c)
		return ERR_PROTO;
	err = read_rule(fw, c, l);
	if (!err) {
		struct buf b = BUF_INIT(LINE_MAX_BYTES);
		buf_add(&b, text, len);
		c->rules[c->count - 1].text = buf_take(&b);
	}
	return err;
}

int
fw_read_iptables(struct fw *fw, enum fw_family family, const char *text)
{
	char table[64] = "";
	int err = 0;
	struct line *l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	while (!err && *text) {
		size_t len = strcspn(text, "\n");
		if (text[0] != '#')
			err = read_line(fw, family, table, sizeof(table), l, text, len);
		text += len + (text[len] == '\n');
	}
	free(l);
	return err;
}
