/* For tests of peer/verification.c: Romeo's side of a comparison, and what binds it to the stream.
 * Included after world.h. */
#ifndef TESTS_COMPARING_H
#define TESTS_COMPARING_H

#include "base/hex.h"
#include "keyed.h"
#include "tls/sas.h"

enum { ROMEOS_KEY = 1, STAGE_MAX = 400 };

extern const struct feature feature_verify;

/* Of a stream as it is here: another one gives other bytes. */
int
stream_exporter(const struct stream *s, const char *label, uint8_t out[32])
{
	(void)label;
	memset(out, (int)s->serial, 32);
	return 0;
}

static inline int
comparing_begin(void)
{
	static const struct feature *const features[] = {&feature_verify, NULL};
	int err = world_begin(features);
	we_have_a_key();
	return err;
}

/* On a stream that has proven his key. */
static inline struct stream *
romeo_comes(void)
{
	int err;
	struct tls_peer key = key_of_number(ROMEOS_KEY);
	if (!roster_get(&world.r, ROMEO))
		announce_key(ROMEO, &key, HOME);
	struct stream *s = dials_with_key(ROMEO, HOME, &key, &err);
	return err ? NULL : s;
}

/* The stanza of a stage; data NULL: without. */
static inline void
write_stage(char out[STAGE_MAX], const char *stage, const uint8_t *data)
{
	char hex[65] = "";
	if (data)
		hex_encode(hex, data, 32);
	(void)snprintf(out, STAGE_MAX,
	    "<iq type='set' id='v'><verify xmlns='urn:earshot:verify:1' stage='%s'>%s</verify>"
	    "</iq>",
	    stage, hex);
}

/* What we sent last for this stage; false: nothing. */
static inline bool
read_stage(const char *stage, uint8_t data[32])
{
	char mark[40];
	(void)snprintf(mark, sizeof(mark), "stage='%s'>", stage);
	const char *at = NULL;
	for (const char *next = buf_cstr(&world.sent); (next = strstr(next, mark)); next++)
		at = next + strlen(mark);
	return at && strlen(at) >= 64 && hex_decode(data, at, 64) == 0;
}

/* What Romeo would see: `first` is of who began. */
static inline void
romeos_code(const struct stream *s, const uint8_t *first, const uint8_t *second, struct sas *out)
{
	uint8_t exporter[32];
	struct tls_peer romeo = key_of_number(ROMEOS_KEY), own = key_of_number(OWN_KEY);
	if (stream_exporter(s, SAS_EXPORTER, exporter) != 0 ||
	    sas_derive(exporter, first, second, &romeo.id, &own.id, out) != 0)
		abort();
}

#endif
