/* Just enough of DNS (RFC 1035, RFC 6762) to ask who is there and to count the answers. Bytes come
 * from anybody. No I/O. */
#ifndef DOCTOR_DNS_H
#define DOCTOR_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DNS_QUESTION_MAX = 64, DNS_LABEL = 64, DNS_NAMES = 4096 };

/* "Who announces _presence._tcp.local?" Returns its length. */
size_t dns_question(uint8_t out[DNS_QUESTION_MAX], uint16_t id);
bool dns_is_answer(const uint8_t *packet, size_t len);

/* The names that answers held, each once. Zeroed: empty. */
struct dns_names {
	char (*names)[DNS_LABEL]; /* owned; the first label, without ASCII case */
	size_t count;
};
/* Adds those of a packet; own (may be NULL) is left out. Broken packets add what is whole. */
void dns_collect(struct dns_names *n, const uint8_t *packet, size_t len, const char *own);
void dns_finish(struct dns_names *n);

#endif
