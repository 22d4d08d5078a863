/* Comparing a code (urn:earshot:verify:1): stanzas of the other, calls of our human, time and ends
 * of streams in any order. The other can do what it likes, and also what is right, so that it gets
 * anywhere. It is never verified without our human's word for the code that is shown now, and what
 * is shown is what the other has to see. */
#include <stdint.h>
#include <stdlib.h>

/* what the stand-ins (tests/unit/support/) take from cmocka */
static void
expect(int truth)
{
	if (!truth)
		abort();
}
#define assert_true(a)            expect(!!(a))
#define assert_false(a)           expect(!(a))
#define assert_null(a)            expect(!(a))
#define assert_non_null(a)        expect(!!(a))
#define assert_int_equal(a, b)    expect((a) == (b))
#define assert_ptr_equal(a, b)    expect((a) == (b))
#define assert_string_equal(a, b) expect(strcmp(a, b) == 0)
#define fail_msg(...)             abort()

#include "base/log.h"

#include "../unit/support/world.h"

#include "../unit/support/comparing.h"
#include "peer/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What one byte of the input makes happen. */
enum move {
	STANZA, /* what follows, up to a NUL */
	COMMITS,
	ANSWERS, /* with its nonce */
	REVEALS,
	CONFIRMS,
	ABORTS,
	WE_BEGIN,
	SAME,
	DIFFERENT,
	TIME_PASSES,
	STREAM_ENDS,
	MOVES,
};

static const uint8_t romeos[SAS_NONCE_SIZE] = "the nonce that Romeo has chosen";

static void
say_stage(struct stream *s, const char *stage, const uint8_t *bytes)
{
	char stanza[STAGE_MAX];
	write_stage(stanza, stage, bytes);
	says(s, stanza);
}

/* True: our human may go on; words: what is shown, "" nothing. */
static bool
call(const char *method, const char *more, char words[SAS_WORDS_SIZE])
{
	struct ipc_call c;
	char params[64];
	(void)snprintf(params, sizeof(params), "{\"peer\":\"%s\"%s}", ROMEO, more);
	call_method(&c, feature_verify.methods, method, params);
	bool done = c.answers == 1 && !c.reason[0];
	const char *shown = value_str(c.result, "words");
	if (words)
		(void)snprintf(words, SAS_WORDS_SIZE, "%s", shown ? shown : "");
	call_finish(&c);
	return done;
}

static bool
is_verified(void)
{
	return person_called(ROMEO)->trust == STORE_TRUST_VERIFIED;
}

static void
on_any(void *ctx, const struct xml_elem *stanza)
{
	link_stream_listener.on_stanza(&world.r, ctx, stanza);
}

/* Bytes that were used up. */
static size_t
say_anything(struct stream *s, const uint8_t *data, size_t len)
{
	size_t n = 0;
	while (n < len && data[n])
		n++;
	char *text = malloc(n + 1);
	expect(text != NULL);
	memcpy(text, data, n);
	text[n] = '\0';
	(void)parse(text, on_any, s);
	free(text);
	return n < len ? n + 1 : n;
}

/* Romeo knows his own nonce alone: where he is right, the words are his too. */
static void
check_words(const struct stream *s, const char *words)
{
	uint8_t ours[32];
	struct sas a = {.words = ""}, b = {.words = ""};
	if (read_stage("nonce", ours))
		romeos_code(s, romeos, ours, &a);
	if (read_stage("reveal", ours))
		romeos_code(s, ours, romeos, &b);
	expect(strcmp(words, a.words) == 0 || strcmp(words, b.words) == 0);
}

static void
move(enum move what, struct stream *s, bool own, bool *allowed)
{
	uint8_t commitment[SAS_COMMITMENT_SIZE];
	char words[SAS_WORDS_SIZE];
	expect(sas_commit(romeos, commitment) == 0);
	if (what == COMMITS)
		say_stage(s, "commit", commitment);
	else if (what == ANSWERS)
		say_stage(s, "nonce", romeos);
	else if (what == REVEALS)
		say_stage(s, "reveal", romeos);
	else if (what == CONFIRMS)
		say_stage(s, "confirm", NULL);
	else if (what == ABORTS)
		say_stage(s, "abort", NULL);
	else if (what == WE_BEGIN && call("verify.start", "", words) && words[0] && own)
		check_words(s, words);
	else if (what == SAME)
		*allowed = call("verify.answer", ",\"same\":true", NULL) || *allowed;
	else if (what == DIFFERENT && call("verify.answer", ",\"same\":false", NULL))
		*allowed = is_verified();
	else if (what == TIME_PASSES)
		world.now += VERIFY_PERIOD;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	log_set_level(LOG_ERROR);
	expect(comparing_begin() == 0);
	struct stream *s = romeo_comes();
	expect(s != NULL);
	bool allowed = false,
	     own = true; /* own: every stanza so far was one of Romeo's right ones */
	for (size_t i = 0; i < len && !s->closing;) {
		enum move what = (enum move)(data[i++] % MOVES);
		if (what == STANZA) {
			own = false;
			i += say_anything(s, data + i, len - i);
		} else if (what == STREAM_ENDS) {
			ends(s, ERR_CLOSED);
			buf_clear(&world.sent);
			s = romeo_comes();
			expect(s != NULL);
			allowed = is_verified();
		} else {
			move(what, s, own, &allowed);
		}
		expect(allowed || !is_verified());
	}
	expect(world_end() == 0);
	return 0;
}
