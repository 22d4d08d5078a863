/* What the two sides of SOCKS5 say to each other (RFC 1928, as XEP-0065 §5.3.1 uses it), without a
 * socket: how many bytes to read next, and what they come to. It never asks for a byte beyond the
 * last one of SOCKS5. Any thread, one owner. */
#ifndef TRANSFER_SOCKS5_TALK_H
#define TRANSFER_SOCKS5_TALK_H

#include "base/compiler.h"
#include "transfer/socks5.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SOCKS5_PART = 262, /* the longest part that either side says */
};

enum socks5_step { SOCKS5_GREETING, SOCKS5_METHODS, SOCKS5_HEAD, SOCKS5_LENGTH, SOCKS5_REST };

struct socks5_talk {
	bool server;
	enum socks5_step step;
	char hash[SOCKS5_HASH_SIZE]; /* client: wanted; server: what was asked for, when it says
					SOCKS5_DONE */
	uint8_t in[SOCKS5_PART];
	size_t have, need; /* the caller reads need - have bytes to in + have, and adds to have */
};

struct socks5_say {
	uint8_t bytes[SOCKS5_PART];
	size_t len; /* to be sent; 0: nothing */
};

/* hash: of a client; SOCKS5_HASH_SIZE - 1 hex digits. */
void socks5_talk_client(struct socks5_talk *t, const char *hash, struct socks5_say *say);
void socks5_talk_server(struct socks5_talk *t);

enum { SOCKS5_MORE = 0, SOCKS5_DONE = 1 };
/* Once have == need: SOCKS5_MORE, SOCKS5_DONE (client: the bytes of the file follow; server: answer
 * now), ERR_PROTO, -ECONNREFUSED (the server does not know it, or wants a password). What is to be
 * said is sent in every case. */
int socks5_talk_took(struct socks5_talk *t, struct socks5_say *say) MUST_USE;
/* A server's last word. */
void socks5_talk_answer(const struct socks5_talk *t, bool known, struct socks5_say *say);

/* Whether it is what a session's hash looks like. */
bool socks5_hash_valid(const char *hash);

#endif
