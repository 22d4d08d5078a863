/* Entity capabilities (XEP-0115), the link-local way of XEP-0174: node, hash and ver stand in
 * the TXT record, the features behind them are asked for once and believed only if they hash to
 * ver. Loop thread only. */
#ifndef PEER_XEP0115_CAPS_H
#define PEER_XEP0115_CAPS_H

#include "base/buf.h"
#include "base/compiler.h"

#include <stdbool.h>

struct caps;
struct caps_cache;
struct person;
struct roster;
struct value;
struct xml_elem;
struct xml_writer;

int caps_cache_create(struct caps_cache **out) MUST_USE;
void caps_cache_destroy(struct caps_cache *c);

bool caps_has(const struct caps *caps, const char *feature); /* caps may be NULL */
void caps_describe(const struct caps *caps, struct value *array);

/* Our own: computes own.ver and appends the disco#info query for the stream features. */
void caps_write_own(struct roster *r, struct buf *out);
/* Our identity and features as children of a disco#info query. */
void caps_write_info(const struct roster *r, struct xml_writer *w);
/* "node#ver" as others ask for it, into out. */
void caps_own_node(const struct roster *r, struct buf *out);

/* A disco#info query element came from p, in stream features or as an answer. True if it was
 * believed: verified against the announced hash, or p announced none. */
bool caps_take(struct person *p, const struct xml_elem *query);
/* The same, if the features hold one. */
void caps_from_features(struct person *p, const struct xml_elem *features);

#endif
