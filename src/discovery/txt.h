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

/* Earshot's own caps node (XEP-0115 §4); short, like those of the other clients, because the
 * record has to be. */
#define TXT_NODE "earshot"

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

/* Values are UTF-8 of characters XML may hold (all else became U+FFFD), "" when absent. */
struct txt {
	char first[LIMIT_TXT_STRING + 1], last[LIMIT_TXT_STRING + 1];
	char nick[LIMIT_TXT_STRING + 1], email[LIMIT_TXT_STRING + 1], jid[LIMIT_TXT_STRING + 1];
	char msg[LIMIT_TXT_STRING + 1];
	char node[LIMIT_TXT_STRING + 1], ver[LIMIT_TXT_STRING + 1], hash[LIMIT_TXT_STRING + 1];
	char phsh[LIMIT_TXT_STRING + 1];
	char id[LIMIT_TXT_STRING + 1]; /* Earshot: the first 16 bytes of the key's id, in hex */
	enum txt_status status;
	uint16_t port; /* port.p2pj; 0 when absent or no number */
	enum txt_client client;
};

struct txt_string {
	const char *data; /* borrowed */
	size_t len;
};

/* The strings of the record, without length bytes, NULs allowed inside. Never fails: what makes
 * no sense is left out, the first of a repeated key counts (RFC 6763 §6.4), what lies beyond
 * LIMIT_TXT_RECORD is not looked at. */
void txt_parse(struct txt *out, const struct txt_string *strings, size_t count);

bool txt_equal(const struct txt *a, const struct txt *b);

/* A record to keep, of which a hall full of people has one each: as small as its values. All
 * NULL before the first txt_keep(), never after. */
struct txt_kept {
	char *block; /* owned; the values below */
	const char *first, *last, *nick, *email, *jid, *msg, *node, *ver, *hash, *phsh, *id;
	enum txt_status status;
	uint16_t port;
	enum txt_client client;
};

/* Replaces what k holds. 0, or -ENOMEM with k unchanged. */
int txt_keep(struct txt_kept *k, const struct txt *t) MUST_USE;
void txt_kept_get(const struct txt_kept *k, struct txt *out);
void txt_kept_finish(struct txt_kept *k); /* accepts zeroed */

/* Sets strings[0..n) to what is to be published, txtvers=1 first; returns n. The caller's bufs
 * are initialised here (buf_finish() them all) and carry the errors of building. Names are cut
 * to LIMIT_TXT_NAME between characters; then the whole is kept within LIMIT_TXT_OWN by cutting
 * msg, at last by leaving out what is optional. Empty node means TXT_NODE. */
enum { TXT_STRINGS = 20 };
size_t txt_write(const struct txt *t, struct buf strings[TXT_STRINGS]);

/* "Earshot", "Pidgin or another libpurple program", ... for people. */
const char *txt_client_name(enum txt_client client);
const char *txt_status_name(enum txt_status status); /* "avail", "away", "dnd" */

/* The name a person is shown under: nick, else first and last name, as text_name() leaves
 * them. 0, or -ENOENT (out is then ""): the record has none. */
int txt_display_name(const struct txt *t, char *out, size_t size) MUST_USE;

#endif
