#include "peer/xep0115_caps.h"

#include "base/err.h"
#include "base/log.h"
#include "base/map.h"
#include "base/str.h"
#include "peer/iq.h"
#include "peer/person.h"
#include "peer/roster.h"
#include "tls/digest.h"
#include "xml/elem.h"
#include "xml/ns.h"
#include "xml/writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* XEP-0030 categories: a client that a person sits at. */
static const char own_identity[] = "client/pc//Earshot " EARSHOT_VERSION;

struct caps {
	char **features; /* owned, sorted */
	size_t count;
};

struct caps_cache {
	struct map by_ver; /* verified: ver -> struct caps, owned */
};

/* ---- a list of features ---- */

static void
caps_free(struct caps *caps)
{
	if (!caps)
		return;
	for (size_t i = 0; i < caps->count; i++)
		free(caps->features[i]);
	free(caps->features);
	free(caps);
}

static int
compare(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;
	return strcmp(*x, *y);
}

bool
caps_has(const struct caps *caps, const char *feature)
{
	return caps && caps->count &&
	       bsearch(&feature, caps->features, caps->count, sizeof(char *), compare);
}

void
caps_describe(const struct caps *caps, struct value *array)
{
	for (size_t i = 0; caps && i < caps->count; i++)
		value_append_str(array, caps->features[i]);
}

static struct caps *
parse(const struct xml_elem *query)
{
	struct caps *caps = calloc(1, sizeof(*caps));
	char **features = calloc(LIMIT_FEATURES, sizeof(char *));
	if (!caps || !features) {
		free(caps);
		free(features);
		return NULL;
	}
	caps->features = features;
	XML_FOREACH (child, query) {
		const char *var = xml_elem_attr(child, "var");
		if (!xml_elem_is(child, NS_DISCO_INFO, "feature") || str_empty(var))
			continue;
		char *copy = caps->count < LIMIT_FEATURES ? strdup(var) : NULL;
		if (!copy) {
			caps_free(caps);
			return NULL;
		}
		features[caps->count++] = copy;
	}
	qsort(features, caps->count, sizeof(char *), compare);
	return caps;
}

/* ---- the hash (XEP-0115 5.1) ---- */

static int
hash_text(const char *text, size_t len, char *out, size_t size)
{
	unsigned char digest[DIGEST_SHA1_SIZE];
	int err = digest_sha1(text, len, digest);
	if (err)
		return err;
	struct buf b64 = BUF_INIT(64);
	digest_base64(&b64, digest, sizeof(digest));
	err = buf_err(&b64);
	if (!err)
		err = str_copy(out, size, buf_cstr(&b64));
	buf_finish(&b64);
	return err;
}

static void
add_identity(struct buf *b, const struct xml_elem *identity)
{
	const char *const parts[] = {xml_elem_attr(identity, "category"),
	    xml_elem_attr(identity, "type"), xml_elem_attr_ns(identity, NS_XML, "lang"),
	    xml_elem_attr(identity, "name")};
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		buf_fmt(b, "%s%s", i ? "/" : "", parts[i] ? parts[i] : "");
	buf_char(b, '<');
}

/* Several identities and extension forms occur in servers, not in link-local clients: whoever
 * sends them is not believed rather than hashed by rules nobody here has ever tested. */
static bool
hash_query(const struct xml_elem *query, const struct caps *caps, char *out, size_t size)
{
	struct buf b = BUF_INIT(LIMIT_STANZA);
	size_t identities = 0;
	bool plain = true;
	XML_FOREACH (child, query) {
		if (xml_elem_is(child, NS_DISCO_INFO, "identity")) {
			add_identity(&b, child);
			identities++;
		} else if (!xml_elem_is(child, NS_DISCO_INFO, "feature")) {
			plain = false;
		}
	}
	for (size_t i = 0; i < caps->count; i++) {
		plain = plain && (i == 0 || strcmp(caps->features[i], caps->features[i - 1]) != 0);
		buf_fmt(&b, "%s<", caps->features[i]);
	}
	bool ok = plain && identities == 1 && !buf_err(&b) &&
		  hash_text(buf_cstr(&b), b.len, out, size) == 0;
	buf_finish(&b);
	return ok;
}

/* ---- our own ---- */

static size_t
own_features(const struct roster *r, const char *out[LIMIT_FEATURES])
{
	size_t count = 0;
	for (const struct feature *const *f = r->features; *f; f++) {
		if ((*f)->wanted && !(*f)->wanted(r))
			continue;
		for (const char *const *ns = (*f)->disco; ns && *ns; ns++)
			if (count < LIMIT_FEATURES)
				out[count++] = *ns;
	}
	qsort(out, count, sizeof(char *), compare);
	return count;
}

void
caps_write_info(const struct roster *r, struct xml_writer *w)
{
	const char *features[LIMIT_FEATURES] = {NULL};
	size_t count = own_features(r, features);
	xml_open(w, NULL, "identity");
	xml_attr(w, "category", "client");
	xml_attr(w, "type", "pc");
	xml_attr(w, "name", "Earshot " EARSHOT_VERSION);
	xml_close(w);
	for (size_t i = 0; i < count; i++) {
		xml_open(w, NULL, "feature");
		xml_attr(w, "var", features[i]);
		xml_close(w);
	}
}

void
caps_own_node(const struct roster *r, struct buf *out)
{
	buf_fmt(out, "%s#%s", TXT_NODE, r->own.ver);
}

void
caps_write_own(struct roster *r, struct buf *out)
{
	const char *features[LIMIT_FEATURES] = {NULL};
	size_t count = own_features(r, features);
	struct buf b = BUF_INIT(LIMIT_STANZA);
	buf_fmt(&b, "%s<", own_identity);
	for (size_t i = 0; i < count; i++)
		buf_fmt(&b, "%s<", features[i]);
	if (buf_err(&b) || hash_text(buf_cstr(&b), b.len, r->own.ver, sizeof(r->own.ver)) != 0)
		r->own.ver[0] = '\0'; /* no hash is announced then, and nobody misled */
	buf_finish(&b);

	struct buf node = BUF_INIT(LIMIT_TXT_STRING);
	caps_own_node(r, &node);
	struct xml_writer w = xml_writer_to(out);
	xml_open(&w, NS_DISCO_INFO, "query");
	xml_attr(&w, "node", buf_cstr(&node));
	caps_write_info(r, &w);
	xml_close(&w);
	buf_finish(&node);
}

/* ---- what others can do ---- */

int
caps_cache_create(struct caps_cache **out)
{
	struct caps_cache *c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	map_init(&c->by_ver);
	*out = c;
	return 0;
}

void
caps_cache_destroy(struct caps_cache *c)
{
	if (!c)
		return;
	MAP_FOREACH (node, &c->by_ver)
		caps_free(node->value);
	map_finish(&c->by_ver);
	free(c);
}

/* ver counts as a hash only beside hash and node: libpurple puts its version number there. */
static bool
announces_hash(const struct person *p)
{
	return p->txt.node[0] && p->txt.ver[0] && strcmp(p->txt.hash, "sha-1") == 0;
}

/* Somebody nobody announced a hash for (a fixed peer) is known by the hash of what it says. */
bool
caps_take(struct person *p, const struct xml_elem *query)
{
	struct caps_cache *cache = p->roster->caps;
	char ver[sizeof(p->roster->own.ver)];
	struct caps *caps = parse(query);
	if (!caps || !hash_query(query, caps, ver, sizeof(ver))) {
		caps_free(caps);
		return false;
	}
	if (announces_hash(p) && strcmp(ver, p->txt.ver) != 0) {
		log_info(p->name, "what it says it can do is not what it announces");
		caps_free(caps);
		return false;
	}
	struct caps *known = map_get(&cache->by_ver, ver);
	if (!known && cache->by_ver.len < LIMIT_CAPS_CACHE &&
	    map_set(&cache->by_ver, ver, caps) == 0) {
		known = caps;
		caps = NULL;
	}
	caps_free(caps);
	p->caps = known;
	bus_emit(&p->roster->bus, &(struct bus_event){.kind = BUS_PERSON_CHANGED, .person = p});
	return known != NULL;
}

void
caps_from_features(struct person *p, const struct xml_elem *features)
{
	const struct xml_elem *query = xml_elem_child(features, NS_DISCO_INFO, "query");
	if (query && !p->caps)
		(void)caps_take(p, query);
}

static void
on_info(void *ctx, struct person *p, int err, const struct xml_elem *payload)
{
	(void)ctx;
	if (!err && payload && xml_elem_is(payload, NS_DISCO_INFO, "query"))
		(void)caps_take(p, payload);
}

/* A stream is the moment to ask, never a reason to open one. */
static void
on_event(void *ctx, const struct bus_event *e)
{
	struct person *p = e->person;
	(void)ctx;
	if (e->kind == BUS_PERSON_GONE)
		p->caps_asked = false;
	if (e->kind != BUS_STREAM_UP || p->caps || p->caps_asked)
		return;
	if (!announces_hash(p))
		return; /* old clients answer nothing; Earshots send it in the features */
	p->caps = map_get(&p->roster->caps->by_ver, p->txt.ver);
	if (p->caps)
		return;
	struct buf node = BUF_INIT(2 * LIMIT_TXT_STRING + 2);
	buf_fmt(&node, "%s#%s", p->txt.node, p->txt.ver);
	p->caps_asked = true;
	if (buf_err(&node) ||
	    iq_request(p, NS_DISCO_INFO, "query", buf_cstr(&node), IQ_TIMEOUT, on_info, NULL) != 0)
		p->caps_asked = false;
	buf_finish(&node);
}

static int
start(struct roster *r)
{
	return bus_listen(&r->bus, on_event, NULL, r);
}

FEATURE_DEFINE(caps) = {
    .name = "caps",
    .disco = (const char *const[]){NS_CAPS, NULL},
    .start = start,
};
