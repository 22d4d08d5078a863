/* One feature, one file: what it advertises, which payloads it handles, which methods it gives
 * to the local socket. disco#info, the caps hash, routing, help and completion are derived from
 * the table of all features (daemon/features.def). Loop thread only. */
#ifndef PEER_FEATURE_H
#define PEER_FEATURE_H

#include "ipc/ipc.h"

#include <stdbool.h>

struct person;
struct roster;
struct stream;
struct xml_elem;

enum stanza_kind { IQ_GET, IQ_SET, MESSAGE, MESSAGE_ERROR, PRESENCE };

/* A stanza on its way to a handler. Borrowed until the handler returns. */
struct inbound {
	struct person *from;            /* whose stream it came on: the only identity there is */
	struct stream *stream;          /* answers go back the way the question came */
	const struct xml_elem *stanza;  /* whole */
	const struct xml_elem *payload; /* the child that selected the handler */
};

struct payload_handler {
	enum stanza_kind kind;
	const char *ns;
	const char *name;
	/* 0, or an error that is logged; for an IQ the asker then gets <internal-server-error/>. */
	int (*fn)(const struct inbound *in);
};

struct feature {
	const char *name;
	const char *const *disco;               /* ends with NULL; may be NULL */
	const struct payload_handler *handlers; /* ends with a zeroed entry; may be NULL */
	const struct ipc_method *methods;       /* likewise; ipc_ctx() is the roster */
	/* Once, when the roster stands and before anything runs; may be NULL. */
	int (*start)(struct roster *r);
	/* Whether it is advertised, by the settings; NULL: always. What comes all the same is its
	 * handlers' to refuse. */
	bool (*wanted)(const struct roster *r);
};

#define FEATURE_DEFINE(name) \
	extern const struct feature feature_##name; \
	const struct feature feature_##name

#endif
