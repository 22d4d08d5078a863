/* Jingle's SOCKS5 bytestreams (XEP-0260): both sides say where they can be reached, both try, and
 * of the connections that come about one is chosen by rules that both know. Direct candidates only,
 * ours of the interface that leads to the person, theirs where they are known to be (F6). Between
 * Earshots TLS is begun on the connection with the keys that the stream has proven; here only the
 * channel for it is made. Knows no sessions: what has to be said is said by the owner. Loop thread.
 */
#ifndef TRANSFER_XEP0260_S5B_H
#define TRANSFER_XEP0260_S5B_H

#include "base/compiler.h"

#include <stdbool.h>

struct carrier_link;
struct person;
struct s5b;
struct socks5_server;
struct xml_elem;
struct xml_writer;

/* From the loop, or from inside s5b_start() and s5b_heard(). */
struct s5b_listener {
	/* Something is to be said in a transport-info: s5b_write_news() writes it. */
	void (*say)(void *ctx);
	/* Bytes can flow; the link is the callback's to move. Last call, which may destroy it. */
	void (*on_connected)(void *ctx, struct carrier_link *link);
	/* Neither could reach the other. Last call, likewise. */
	void (*on_failed)(void *ctx);
};

struct s5b_config {
	struct person *person;
	struct socks5_server *server; /* borrowed; NULL: nobody can reach us */
	bool initiator;               /* of the session: we */
	const char *sid;              /* of the transport; copied */
	const char *session;          /* of the session: what Gajim takes instead */
	bool keyed;                   /* TLS with the person's key is begun on the connection */
	const struct s5b_listener *l; /* borrowed */
	void *ctx;
};

/* Not yet trying, but reachable from now on. 0, -ENOMEM, -EINVAL (the sid). That nobody can listen
 * is no error: then there are no candidates of ours. */
int s5b_create(const struct s5b_config *config, struct s5b **out) MUST_USE;
void s5b_destroy(struct s5b *s); /* no more calls come; accepts NULL */

/* <transport/> with our candidates. */
void s5b_write(const struct s5b *s, struct xml_writer *w);
/* <transport/> with what say() was called for. */
void s5b_write_news(const struct s5b *s, struct xml_writer *w);

/* Their candidates: those that make no sense, or are no place of theirs, are left out. ERR_PROTO:
 * it is another transport's, or not TCP. */
int s5b_read(struct s5b *s, const struct xml_elem *transport) MUST_USE;
/* Both sides have accepted: try their candidates. */
int s5b_start(struct s5b *s) MUST_USE;
/* A transport-info: candidates, candidate-used, candidate-error. 0, ERR_PROTO. */
int s5b_heard(struct s5b *s, const struct xml_elem *transport) MUST_USE;

#endif
