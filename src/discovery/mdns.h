/* The source that listens to the local network, through the helper program. Loop thread only. */
#ifndef DISCOVERY_MDNS_H
#define DISCOVERY_MDNS_H

#include "discovery/helper.h"
#include "discovery/source.h"

struct mdns_times { /* ms */
	uint64_t publish_every;
	uint64_t found_again_within; /* after the helper came back: who is not, has left */
	uint64_t dark_for;           /* without a helper for so long, everybody has */
};
extern const struct mdns_times mdns_default_times;

struct mdns_config {
	uv_loop_t *loop;
	struct helper_launcher launcher;
	struct helper_times helper_times;
	struct mdns_times times;
	struct entries *entries;        /* borrowed, as are the next three */
	const struct announcement *own; /* read at the time of sending */
	const struct source_listener *l;
	void *ctx;
};

int mdns_create(const struct mdns_config *config, struct source **out) MUST_USE;
/* Fills mdns, backend, problem, network, helper_pid and helper_restarts. */
void mdns_get_state(struct source *s, struct discovery_state *out);

#endif
