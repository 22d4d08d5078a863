/* The line protocol between the daemon and its discovery helper earshot-mdns, on a socketpair
 * that is the helper's standard input and output. Shared by both sides; no I/O here. Any thread.
 *
 * A line is a verb and fields, separated by TAB, ended by LF. Inside a field every byte that is
 * not printable ASCII, and %, is written %XX. A line is at most LIMIT_HELPER_LINE bytes. Either
 * side drops the other on a line it cannot read. IFINDEX is the kernel's number, FAMILY is 4 or
 * 6, ADDRESS is numeric without scope, strings of TXT records may hold any byte.
 *
 * daemon -> helper
 *   hello VERSION                         first line
 *   publish USER PORT TXT...              announce USER@machine, or update port or TXT
 *   avatar HEX                            the NULL record; HEX empty: none
 *   resolve NAME                          look again at everything about one instance
 *   fetch NAME                            the NULL record of one instance
 *   ping TOKEN
 *   quit                                  say goodbye and exit
 *
 * helper -> daemon
 *   hello VERSION
 *   backend KIND REASON                   KIND avahi-daemon | embedded | none
 *   network UP                            1: an interface other than loopback is up, 0: none
 *   machine NAME                          host part of our instance name
 *   published NAME                        established under this instance name
 *   unpublished REASON                    no longer, or not possible; retried by the helper
 *   found NAME IFINDEX FAMILY             announced there
 *   lost NAME IFINDEX FAMILY              said goodbye there, or expired
 *   service NAME IFINDEX FAMILY HOST PORT ADDRESS TXT...     resolved (repeats on change)
 *   address NAME IFINDEX ADDRESS          one more address of it (answers to resolve)
 *   txt NAME TXT...                       its TXT record changed
 *   resolved NAME OK                      the end of resolve: 1, or 0 if nobody answered
 *   avatar NAME HEX                       answer to fetch; HEX empty: none
 *   reset                                 forget all found: the back end starts afresh
 *   note LEVEL TEXT                       for the log: warn | info | debug
 *   pong TOKEN
 */
#ifndef MDNS_PROTOCOL_H
#define MDNS_PROTOCOL_H

#include "base/buf.h"
#include "base/compiler.h"
#include "base/limits.h"

#include <stddef.h>

enum { PROTOCOL_VERSION = 1, PROTOCOL_FIELDS = 64 };

struct protocol_line {
	size_t count;                       /* fields, the verb is field 0 */
	const char *field[PROTOCOL_FIELDS]; /* decoded, NUL-terminated; inside the line's bytes */
	size_t length[PROTOCOL_FIELDS];     /* fields may hold NULs */
};

/* Splits and decodes in place one line; len leaves out its LF, whose byte, line[len], is
 * overwritten. 0 or ERR_PROTO (bad escape, byte that should have been escaped, too many fields,
 * empty verb, too long). */
int protocol_parse(char *line, size_t len, struct protocol_line *out) MUST_USE;

/* Building: protocol_begin(b, "found"), fields, protocol_end(b). Errors latch in the buffer. */
void protocol_begin(struct buf *b, const char *verb);
void protocol_field(struct buf *b, const void *data, size_t len);
void protocol_field_str(struct buf *b, const char *s);
void protocol_field_int(struct buf *b, long long value);
void protocol_end(struct buf *b);

#endif
