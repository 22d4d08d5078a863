/* A short code that two people compare by voice to know that nobody stands between them. Any
 * thread.
 *
 * The initiator commits to its nonce before it sees the responder's, and reveals it after: who
 * stands between has one guess of 2^36 for each try and nothing to search. The code is bound to
 * both keys and to the TLS session (tls_session_exporter()). */
#ifndef TLS_SAS_H
#define TLS_SAS_H

#include "base/compiler.h"
#include "tls/key.h"
#include "tls/session.h"

#include <stdbool.h>
#include <stdint.h>

/* The label of the exporter that binds the code to its session. */
#define SAS_EXPORTER "EXPORTER-earshot-sas-1"

enum {
	SAS_NONCE_SIZE = 32,
	SAS_COMMITMENT_SIZE = 32,
	SAS_BITS = 36,
	SAS_WORD_SIZE = 5,                  /* four letters and a NUL */
	SAS_WORDS_SIZE = 3 * SAS_WORD_SIZE, /* three words with spaces, and the NUL */
	SAS_DIGITS_SIZE = 14,               /* "ddd dddd dddd" and the NUL */
	SAS_WORD_COUNT = 4096,
};

/* The same 36 bits in two forms: any one of them is enough to compare. */
struct sas {
	char words[SAS_WORDS_SIZE];
	char digits[SAS_DIGITS_SIZE];
};

/* 0, -ENOMEM. */
int sas_commit(const uint8_t nonce[SAS_NONCE_SIZE], uint8_t out[SAS_COMMITMENT_SIZE]) MUST_USE;

/* Whether this nonce is what was committed to. Without this check the code proves nothing. */
bool sas_kept(
    const uint8_t commitment[SAS_COMMITMENT_SIZE], const uint8_t nonce[SAS_NONCE_SIZE]) MUST_USE;

/* The ids in any order: both sides get the same. 0, -ENOMEM. */
int sas_derive(const uint8_t exporter[TLS_EXPORTER_SIZE], const uint8_t initiator[SAS_NONCE_SIZE],
    const uint8_t responder[SAS_NONCE_SIZE], const struct tls_id *a, const struct tls_id *b,
    struct sas *out) MUST_USE;

/* The words are two syllables each, a consonant and a vowel, so that they can be spoken and
 * written down in most languages. index < SAS_WORD_COUNT. */
void sas_word(unsigned index, char out[SAS_WORD_SIZE]);

#endif
