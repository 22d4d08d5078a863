/* The source of peers whose addresses somebody wrote down. Names are looked up off the loop, and
 * again every minute while they fail. Loop thread only. */
#ifndef DISCOVERY_FIXED_H
#define DISCOVERY_FIXED_H

#include "discovery/source.h"

enum { FIXED_PORT = 5298, FIXED_RETRY_MS = 60000 };

/* "host:port", "host", "[v6%scope]:port", "v6": host of at least LIMIT_HOST_NAME + 1 bytes.
 * 0 or -EINVAL. */
int fixed_parse(const char *address, char *host, size_t size, uint16_t *port) MUST_USE;

/* The one spelling, "host:port" or "[v6]:port", of an address: it names the entry. 0 or -EINVAL. */
int fixed_spell(const char *address, char out[DISCOVERY_ADDRESS_SIZE]) MUST_USE;

int fixed_create(uv_loop_t *loop, uint64_t retry_ms, struct entries *entries,
    const struct source_listener *l, void *ctx, struct source **out) MUST_USE;

/* -EINVAL; -EEXIST; -ENOSPC: LIMIT_FIXED_PEERS; -ENOMEM. Two spellings of one address are one. */
int fixed_add(struct source *s, const char *address) MUST_USE;
int fixed_remove(struct source *s, const char *address) MUST_USE; /* -EINVAL, -ENOENT */
/* What this address of the list became; NULL while there is none. */
struct entry *fixed_entry(struct source *s, const char *address);

#endif
