/* A model of packet filters that is good enough to say which rule stops a certain packet. Two
 * readers fill it (nft's JSON, iptables-save); fw_walk() sends a packet through. What the model
 * does not know makes the verdict doubtful, never wrong. One thread; no I/O. */
#ifndef DOCTOR_FW_H
#define DOCTOR_FW_H

#include "base/buf.h"
#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fw_hook { FW_NONE, FW_PREROUTING, FW_INPUT, FW_OUTPUT, FW_POSTROUTING };
enum fw_family { FW_ANY, FW_IP4, FW_IP6 };

enum fw_field {
	FW_UNKNOWN, /* may fit or not */
	FW_IIF,
	FW_OIF,
	FW_PROTO, /* 6: TCP, 17: UDP */
	FW_DPORT,
	FW_SPORT,
	FW_SADDR,
	FW_DADDR,
	FW_STATE, /* of connection tracking */
	FW_NFPROTO,
	FW_PKTTYPE,
};

enum fw_verdict { FW_GO_ON, FW_ACCEPT, FW_DROP, FW_REJECT, FW_JUMP, FW_GOTO, FW_RETURN };

/* A range of numbers or addresses (big endian, as IPv6), or a word. */
struct fw_value {
	uint8_t low[16], high[16];
	char word[32];
	bool is_word;
};

struct fw_match {
	enum fw_field field;
	bool negated;
	struct fw_value *values; /* owned; any of them will do */
	size_t count;
};

struct fw_rule {
	struct fw_match *matches; /* owned; all have to fit */
	size_t count;
	enum fw_verdict verdict;
	char target[64]; /* of FW_JUMP and FW_GOTO */
	char *text;      /* owned; how people find it */
};

struct fw_chain {
	enum fw_family family;
	char table[64]; /* "inet filter" */
	char name[64];
	enum fw_hook hook;
	int priority;
	enum fw_verdict policy;
	struct fw_rule *rules; /* owned */
	size_t count;
};

/* Zeroed: empty. */
struct fw {
	struct fw_chain *chains; /* owned */
	size_t count;
	size_t values; /* of all: bounded */
};
void fw_finish(struct fw *fw);

/* ---- for the readers: NULL or an error when out of memory, or of bounds ---- */
struct fw_chain *fw_add_chain(struct fw *fw, const char *table, const char *name) MUST_USE;
struct fw_chain *fw_find_chain(const struct fw *fw, const char *table, const char *name);
struct fw_rule *fw_add_rule(struct fw_chain *c) MUST_USE;
void fw_drop_rule(struct fw_chain *c); /* the last one */
struct fw_match *fw_add_match(struct fw_rule *r, enum fw_field field, bool negated) MUST_USE;
int fw_add_word(struct fw *fw, struct fw_match *m, const char *word) MUST_USE;
int fw_add_range(struct fw *fw, struct fw_match *m, uint32_t low, uint32_t high) MUST_USE;
/* "10.0.0.1", "10.0.0.0/8", "fe80::/10"; bits -1: as the text says. -EINVAL. */
int fw_add_address(struct fw *fw, struct fw_match *m, const char *text, int bits) MUST_USE;
int fw_copy_rule(struct fw *fw, struct fw_chain *c, const struct fw_rule *from) MUST_USE;
/* "tcp", "udp", "6" -> number; -1. */
int fw_protocol(const char *word);

/* ---- asking ---- */
struct fw_packet {
	enum fw_family family;
	const char *iif, *oif; /* NULL: none */
	uint8_t proto;
	uint16_t sport, dport;
	uint8_t saddr[16], daddr[16]; /* IPv4 as ::ffff:a.b.c.d */
	const char *pkttype;          /* "multicast", "host" */
};

struct fw_answer {
	enum fw_verdict verdict; /* FW_ACCEPT, FW_DROP, FW_REJECT */
	bool certain;
	const struct fw_chain *chain; /* that stops it; borrowed */
	const struct fw_rule *rule;   /* NULL: the chain's policy */
};

/* Through all chains of these hooks (0 ends the list), in their order. */
struct fw_answer
fw_walk(const struct fw *fw, const struct fw_packet *packet, const enum fw_hook *hooks);

/* ---- readers; 0 or an error, then what was read so far stays ---- */
int fw_read_nft(struct fw *fw, const char *text, size_t len) MUST_USE; /* JSON */
int fw_read_iptables(struct fw *fw, enum fw_family family, const char *text) MUST_USE;

#endif
