/* What discovery is made of, where tests put parts of their own. Loop thread only. */
#ifndef DISCOVERY_PARTS_H
#define DISCOVERY_PARTS_H

#include "discovery/discovery.h"
#include "discovery/mdns.h"

struct discovery_parts {
	struct helper_launcher launcher;
	struct helper_times helper_times;
	struct mdns_times mdns_times;
	uint64_t answer_within;     /* ms, for discovery_resolve() and discovery_fetch_avatar() */
	uint64_t fixed_retry_after; /* ms */
	size_t entries;             /* of strangers, at most */
};

/* launcher is left empty. */
void discovery_default_parts(struct discovery_parts *out);

int discovery_assemble(uv_loop_t *loop, const struct discovery_config *config,
    const struct discovery_parts *parts, const struct discovery_listener *l, void *ctx,
    struct discovery **out) MUST_USE;

#endif
