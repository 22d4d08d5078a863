#include "peer/person.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "base/tr.h"
#include "peer/alike.h"
#include "peer/contact.h"
#include "peer/introduction.h"
#include "peer/roster.h"
#include "peer/xep0115_caps.h"
#include "xml/ns.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <string.h>

static const char *const state_names[] = {
    [PERSON_ANNOUNCED] = "announced",
    [PERSON_ANSWERED] = "answered",
    [PERSON_SILENT] = "silent",
    [PERSON_GONE] = "gone",
};

const char *
person_state_name(enum person_state state)
{
	return state_names[state];
}

bool
person_is_here(const struct person *p)
{
	return p->state != PERSON_GONE;
}

bool
person_is_reachable(const struct person *p)
{
	return p->entry || (p->has_key && p->last.count > 0);
}

bool
person_is_encrypted(const struct person *p)
{
	return p->current && stream_peer_key(p->current);
}

int
person_may_hear(const struct person *p)
{
	if (p->blocked || p->trust == STORE_TRUST_CHANGED)
		return ERR_TRUST;
	bool plain = p->current ? !person_is_encrypted(p) : p->trust == STORE_TRUST_PLAIN;
	/* whose key is not known yet may turn out to have one, but for who certainly has none */
	bool may_encrypt = !p->current && (p->nameless || p->txt.client == TXT_CLIENT_UNKNOWN ||
					      p->txt.client == TXT_CLIENT_EARSHOT);
	if (!plain)
		return 0;
	if (contact_requires_key(p))
		return ERR_SECURITY;
	return p->roster->policy.plain == POLICY_PLAIN_ON || may_encrypt ? 0 : ERR_SECURITY;
}

bool
person_is_stranger(const struct person *p)
{
	if (p->has_key)
		return p->trust == STORE_TRUST_NEW || p->trust == STORE_TRUST_CHANGED;
	return !p->spoken;
}

void
person_spoken_to(struct person *p)
{
	if (contact_happens(p, TRUST_SAID, NULL, TR("written to")) != 0)
		log_debug(p->name, "written to, although nothing may be said to it");
}

void
person_hold(struct person *p, enum person_hold why)
{
	p->held |= why;
	for (size_t i = 0; i < p->stream_count; i++)
		stream_pause(p->streams[i]);
}

void
person_release(struct person *p, enum person_hold why)
{
	p->held &= ~(unsigned)why;
	for (size_t i = 0; i < p->stream_count && !p->held; i++)
		stream_resume(p->streams[i]);
}

enum txt_client
person_client(const struct person *p)
{
	/* nobody else has keys; what is announced may lie, or not have come yet */
	return p->has_key ? TXT_CLIENT_EARSHOT : p->txt.client;
}

bool
person_supports(const struct person *p, const char *feature)
{
	return caps_has(p->caps, feature);
}

enum store_trust
person_trust(const struct person *p)
{
	return p->trust;
}

void
person_label(const struct person *p, struct buf *out)
{
	if (strcmp(p->display, p->name) == 0)
		buf_str(out, p->name);
	else
		buf_fmt(out, "%s (%s)", p->display, p->name);
}

static void
append_address(struct value *array, const struct sockaddr_storage *ss)
{
	char host[INET6_ADDRSTRLEN], text[INET6_ADDRSTRLEN + IF_NAMESIZE + 1], zone[IF_NAMESIZE];
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	if (ss->ss_family == AF_INET) {
		memcpy(&v4, ss, sizeof(v4));
		if (inet_ntop(AF_INET, &v4.sin_addr, host, sizeof(host)))
			value_append_str(array, host);
		return;
	}
	memcpy(&v6, ss, sizeof(v6));
	if (!inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof(host)))
		return;
	struct buf b = BUF_INIT(sizeof(text) - 1);
	buf_str(&b, host);
	if (v6.sin6_scope_id && if_indextoname(v6.sin6_scope_id, zone))
		buf_fmt(&b, "%%%s", zone);
	value_append_str(array, buf_cstr(&b));
	buf_finish(&b);
}

static void
describe_place(const struct person *p, struct value *v)
{
	struct value *via = value_array(), *addresses = value_array();
	const struct discovery_entry *e = p->entry;
	if (e && (e->sources & DISCOVERY_MDNS))
		value_append_str(via, "mdns");
	if (e && (e->sources & DISCOVERY_FIXED))
		value_append_str(via, "fixed");
	if (e && (e->sources & DISCOVERY_WIDE_AREA))
		value_append_str(via, "wide-area");
	for (size_t i = 0; e && i < e->addr_count; i++)
		append_address(addresses, &e->addr[i]);
	value_set(v, "via", via);
	if (e && !str_empty(e->host))
		value_set_str(v, "host", e->host);
	if (e && e->port)
		value_set_int(v, "port", e->port);
	value_set(v, "addresses", addresses);
}

static const char *
status_name(enum txt_status status)
{
	return status == TXT_AVAILABLE ? "available" : txt_status_name(status);
}

static uint64_t
evidence_age(const struct person *p)
{
	uint64_t now = clock_now(), at = p->state_at;
	if (p->state == PERSON_ANSWERED && p->current) {
		uint64_t idle = stream_idle(p->current);
		return idle / 1000;
	}
	return now > at ? (now - at) / 1000 : 0;
}

static void
describe_trust(const struct person *p, struct value *v)
{
	value_set_str(v, "instance", p->instance);
	value_set_str(v, "trust", store_trust_word(person_trust(p)));
	if (p->has_key) {
		char hex[TLS_ID_HEX_SIZE], tag[TLS_ID_TAG_SIZE];
		tls_id_hex(&p->key, hex);
		tls_id_tag(&p->key, tag);
		value_set_str(v, "id", hex);
		value_set_str(v, "tag", tag);
	}
	if (p->via)
		value_set_str(v, "introduced_by", p->via);
	const struct person *voucher = introduction_voucher(p);
	if (voucher)
		value_set_str(v, "vouched_by", voucher->name);
	value_set_bool(v, "blocked", p->blocked);
	const char *alike = alike_of(p);
	if (alike)
		value_set_str(v, "looks_like", alike);
}

struct value *
person_describe(const struct person *p)
{
	struct value *v = value_object();
	value_set_str(v, "name", p->name);
	value_set_str(v, "display", p->display);
	value_set_str(v, "first", p->txt.first);
	value_set_str(v, "last", p->txt.last);
	value_set_str(v, "nick", p->txt.nick);
	value_set_str(v, "status", status_name(p->txt.status));
	value_set_str(v, "text", p->txt.msg);
	value_set_str(v, "state", person_state_name(p->state));
	value_set_int(v, "age", (int64_t)evidence_age(p));
	value_set_str(v, "client", txt_client_name(p->txt.client));
	describe_place(p, v);
	describe_trust(p, v);
	if (p->txt.phsh[0])
		value_set_str(v, "avatar", p->txt.phsh);
	value_set_bool(v, "connected", p->current != NULL);
	value_set_bool(v, "encrypted", person_is_encrypted(p));
	value_set_bool(v, "receipts", person_supports(p, NS_RECEIPTS));
	return v;
}
