#include "peer/trust.h"

#include "base/err.h"
#include "base/hex.h"
#include "base/str.h"

#include <string.h>

enum { TAG = TLS_ID_TAG_SIZE - 1 };

/* ---- claims ---- */

bool
trust_requires_key(const struct trust_contact *c)
{
	return c->has_key || (c->trust != STORE_TRUST_PLAIN && c->settled);
}

static bool
is_good(const struct trust_contact *c)
{
	return c && !c->blocked && c->trust != STORE_TRUST_CHANGED;
}

static enum trust_verdict
judge_key(const struct trust_claim *claim)
{
	const struct trust_contact *holder = claim->holder;
	if (is_good(claim->bearer))
		return TRUST_BEARER;
	if (claim->bearer && claim->bearer->blocked)
		return TRUST_REFUSED;
	/* who was refused as an impostor may prove later on to be the successor after all */
	if (claim->earlier)
		return is_good(claim->earlier) ? TRUST_SUCCESSOR : TRUST_REFUSED;
	if (claim->bearer)
		return TRUST_REFUSED;
	if (!holder)
		return TRUST_FIRST_KEY;
	if (holder->has_key)
		return TRUST_IMPOSTOR;
	return holder->blocked ? TRUST_REFUSED : TRUST_FIRST_KEY;
}

enum trust_verdict
trust_judge(const struct trust_claim *claim)
{
	if (claim->key)
		return judge_key(claim);
	if (!claim->holder)
		return TRUST_PLAIN;
	if (trust_requires_key(claim->holder))
		return TRUST_OTHER;
	return claim->holder->blocked ? TRUST_REFUSED : TRUST_PLAIN;
}

/* ---- what happens to trust ---- */

bool
trust_is_human(enum trust_event event)
{
	return event >= TRUST_SAID;
}

/* What is announced counts for who is nothing but an announcement. */
static int
announced(struct trust_contact *c, enum store_trust trust)
{
	if (c->has_key || c->settled)
		return c->trust == trust || (c->has_key && trust == STORE_TRUST_NEW) ? 0
										     : ERR_TRUST;
	c->trust = trust;
	return 0;
}

static int
seen_key(struct trust_contact *c, const struct tls_id *key)
{
	if (c->has_key)
		return tls_id_equal(&c->key, key) && c->trust != STORE_TRUST_CHANGED ? 0 : ERR_KEY;
	/* what was said in plain was said to anybody */
	bool meant = c->spoken && !(c->trust == STORE_TRUST_PLAIN && c->settled);
	c->has_key = true;
	c->key = *key;
	c->trust = meant ? STORE_TRUST_KNOWN : STORE_TRUST_NEW;
	return 0;
}

/* A decision of a human about the key there is. */
static int
decided(struct trust_contact *c, enum store_trust trust)
{
	if (!c->has_key || c->trust == STORE_TRUST_CHANGED)
		return ERR_TRUST;
	if (store_trust_rank(trust) > store_trust_rank(c->trust))
		c->trust = trust;
	return 0;
}

/* What is vouched for is worth as much as what is known, and says more. */
static int
introduced(struct trust_contact *c)
{
	int err = decided(c, STORE_TRUST_INTRODUCED);
	if (!err && c->trust == STORE_TRUST_KNOWN)
		c->trust = STORE_TRUST_INTRODUCED;
	return err;
}

static int
take_key(struct trust_contact *c, const struct tls_id *key, enum store_trust trust)
{
	if (!c->has_key || c->trust == STORE_TRUST_CHANGED)
		return ERR_TRUST;
	c->key = *key;
	c->trust = trust;
	return 0;
}

int
trust_happens(struct trust_contact *c, enum trust_event event, const struct tls_id *key)
{
	switch (event) {
	case TRUST_SEEN_ENCRYPTING:
		return announced(c, STORE_TRUST_NEW);
	case TRUST_SEEN_PLAIN:
		return announced(c, STORE_TRUST_PLAIN);
	case TRUST_SEEN_KEY:
		return seen_key(c, key);
	case TRUST_HANDED_OVER:
		return take_key(c, key, c->trust);
	case TRUST_HEARD:
		c->settled = true;
		return 0;
	case TRUST_SAID:
		if (c->trust == STORE_TRUST_CHANGED || c->blocked)
			return ERR_TRUST;
		c->settled = c->spoken = true;
		return c->has_key ? decided(c, STORE_TRUST_KNOWN) : 0;
	case TRUST_ACCEPTED:
		return decided(c, STORE_TRUST_KNOWN);
	case TRUST_ACCEPTED_KEY:
		return take_key(c, key, STORE_TRUST_KNOWN);
	case TRUST_VERIFIED:
		return decided(c, STORE_TRUST_VERIFIED);
	case TRUST_INTRODUCED:
		return introduced(c);
	case TRUST_BLOCKED:
	case TRUST_UNBLOCKED:
		c->blocked = event == TRUST_BLOCKED;
		return 0;
	case TRUST_FORGOTTEN:
		/* the name waits for its next key: it is not anybody's in plain because of this */
		c->trust = trust_requires_key(c) ? STORE_TRUST_NEW : STORE_TRUST_PLAIN;
		c->has_key = c->blocked = c->spoken = false;
		c->key = (struct tls_id){{0}};
		return 0;
	case TRUST_EVENTS:
		break;
	}
	return ERR_TRUST;
}

/* ---- hints ---- */

void
trust_hint(const struct tls_id *id, char out[TRUST_HINT_SIZE])
{
	hex_encode(out, id->bytes, (TRUST_HINT_SIZE - 1) / 2);
}

static size_t
hex_digits(const char *s)
{
	return strspn(s, "0123456789abcdefABCDEF");
}

bool
trust_hint_is_valid(const char *hint)
{
	return hex_digits(hint) == TRUST_HINT_SIZE - 1 && !hint[TRUST_HINT_SIZE - 1];
}

bool
trust_hint_fits(const char *hint, const struct tls_id *id)
{
	char own[TRUST_HINT_SIZE];
	trust_hint(id, own);
	return str_casecmp(hint, own) == 0;
}

/* ---- names ---- */

void
trust_name_aside(struct buf *out, const char *name, const char *key)
{
	if (key)
		buf_fmt(out, "%s#%.*s", name, TAG, key);
	else
		buf_fmt(out, "%s#plain", name);
}

size_t
trust_name_own(const char *name)
{
	const char *mark = strrchr(name, '#');
	if (!mark || mark == name)
		return strlen(name);
	size_t digits = hex_digits(mark + 1);
	bool tag = digits >= TAG && !mark[1 + digits];
	return tag || str_casecmp(mark + 1, "plain") == 0 ? (size_t)(mark - name) : strlen(name);
}
