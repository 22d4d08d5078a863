/* The TXT record of XEP-0174: reading what any client writes, writing what all of them read.
 * Knows nothing of DNS packets. Any thread. */
#ifndef DISCOVERY_TXT_H
#define DISCOVERY_TXT_H

#include "base/buf.h"
#include "base/compiler.h"
#include "base/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum txt_status { TXT_AVAILABLE, TXT_AWAY, TXT_DND };

/* Which program wrote the record (facts: the keys each client writes and leaves out). */
enum txt_client {
	TXT_CLIENT_UNKNOWN,
	TXT_CLIENT_EARSHOT,
	TXT_CLIENT_LIBPURPLE,
	TXT_CLIENT_SALUT,
	TXT_CLIENT_GAJIM,
	TXT_CLIENT_KOPETE,
	TXT_CLIENT_ADIUM, /* iChat writes much the same */
	TXT_CLIENT_SLIMBER,
};

/* Values are UTF-8 (bytes that are not became U+FFFD), "" when absent. */
struct txt {
	char first[LIMIT_TXT_STRING + 1], last[LIMIT_TXT_STRING + 1];
	char nick[LIMIT_TXT_STRING + 1], email[LIMIT_TXT_STRING + 1], jid[LIMIT_TXT_STRING + 1];
	char msg[LIMIT_TXT_STRING + 1];
	char node[LIMIT_TXT_STRING + 1], ver[LIMIT_TXT_STRING + 1], hash[LIMIT_TXT_STRING + 1];
	char phsh[LIMIT_TXT_STRING + 1];
	enum txt_status status;
	uint16_t port; /* port.p2pj; 0 when absent or no number */
	enum txt_client client;
};

/* The strings of the record, without length bytes, NULs allowed inside. Never fails: what makes
 * no sense is left out, the first of a repeated key counts. */
void txt_parse(struct txt *out, const struct buf *strings, size_t count);

/* Appends the strings to publish, each as one buf (caller's array of at least TXT_STRINGS),
 * txtvers=1 first. Long values are cut between characters; what does not fit into LIMIT_TXT_OWN
 * is cut from msg first. Returns how many. */
enum { TXT_STRINGS = 20 };
size_t txt_write(const struct txt *t, struct buf strings[TXT_STRINGS]);

/* "Earshot", "Pidgin or another libpurple program", ... for people. */
const char *txt_client_name(enum txt_client client);
const char *txt_status_name(enum txt_status status); /* "avail", "away", "dnd" */

/* The name a person is shown under: nick, else first and last name, else NULL. */
int txt_display_name(const struct txt *t, char *out, size_t size) MUST_USE;

#endif
