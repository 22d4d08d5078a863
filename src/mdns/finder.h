/* Who else announces _presence._tcp on one back end: reports found, lost, service and txt lines.
 * Knows nothing of our own announcing but its name. Loop thread only.
 *
 * A service is resolved once and briefly for each place (the answers that made it known carry
 * all that is needed), then only its TXT record is watched, which costs a question a peer and
 * shows changes at once; resolvers kept open cost four and show them a second late. */
#ifndef MDNS_FINDER_H
#define MDNS_FINDER_H

#include "base/compiler.h"
#include "mdns/back-end.h"

#include <stdbool.h>
#include <stddef.h>

struct finder;

int finder_create(uv_loop_t *loop, struct back_end *b, struct finder **out) MUST_USE;
void finder_destroy(struct finder *f); /* reports nothing; accepts NULL */

void finder_on_instance(struct finder *f, const char *name, const struct place *p, bool here);
void finder_on_settled(struct finder *f);

/* Our own service is not reported, nor what is seen on `loopback` (an interface's index) while
 * hide_loopback. Changes report found and lost lines. */
void finder_set_own(struct finder *f, const char *name);
void finder_set_loopback(struct finder *f, int loopback, bool hide);

/* Where the instance is seen, hidden places left out; how many were written. */
size_t finder_places(struct finder *f, const char *name, struct place out[LIMIT_PLACES]);
/* Reports a service line for an answer of back_end_ops.resolve(), if it is plausible. */
bool finder_report(struct finder *f, const char *name, const struct query_result *r);
/* Which interface is the loopback; 0: none. */
int finder_loopback(const struct finder *f);
/* Somebody doubts that it is still there: report it when its SRV record comes by again. */
void finder_doubt(struct finder *f, const char *name, bool answered);

#endif
