#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/world.h"

#include "../support/comparing.h"
#include "peer/verify.h"

/* From the stanza and the call to the trust in somebody: one side is ours, the test is Romeo. */

static const uint8_t romeos[SAS_NONCE_SIZE] = "the nonce that Romeo has chosen";

static int
set_up(void **state)
{
	(void)state;
	return comparing_begin();
}

static int
tear_down(void **state)
{
	(void)state;
	return world_end();
}

static struct stream *
comes(void)
{
	struct stream *s = romeo_comes();
	assert_non_null(s);
	return s;
}

static void
sends(struct stream *s, const char *stage, const uint8_t *data)
{
	char stanza[STAGE_MAX];
	write_stage(stanza, stage, data);
	says(s, stanza);
}

static bool
was_answered(const char *with)
{
	bool found = strstr(buf_cstr(&world.sent), with) != NULL;
	buf_clear(&world.sent);
	return found;
}

/* The reason of the failure, or "". The words that are shown, if any are. */
static const char *
call(const char *method, const char *more, char words[SAS_WORDS_SIZE])
{
	static char reason[32];
	struct ipc_call c;
	char params[64];
	(void)snprintf(params, sizeof(params), "{\"peer\":\"romeo@forza\"%s}", more);
	call_method(&c, feature_verify.methods, method, params);
	assert_int_equal(c.answers, 1);
	(void)snprintf(reason, sizeof(reason), "%s", c.reason);
	const char *shown = value_str(c.result, "words");
	if (words)
		(void)snprintf(words, SAS_WORDS_SIZE, "%s", shown ? shown : "");
	call_finish(&c);
	return reason;
}

#define SAYS_SAME  call("verify.answer", ",\"same\":true", NULL)
#define SAYS_OTHER call("verify.answer", ",\"same\":false", NULL)

/* Romeo begins, and both have the code. */
static void
begins(struct stream *s)
{
	uint8_t commitment[SAS_COMMITMENT_SIZE], ours[32];
	char words[SAS_WORDS_SIZE];
	struct sas code;
	buf_clear(&world.sent);
	assert_int_equal(sas_commit(romeos, commitment), 0);
	sends(s, "commit", commitment);
	assert_true(read_stage("nonce", ours));
	sends(s, "reveal", romeos);
	romeos_code(s, romeos, ours, &code);
	assert_string_equal(call("verify.start", "", words), ""); /* it goes on: the same */
	assert_string_equal(words, code.words);
	buf_clear(&world.sent);
}

static void
who_began_with_us_is_verified(void **state)
{
	(void)state;
	struct stream *s = comes();
	begins(s);
	assert_string_equal(SAYS_SAME, "");
	assert_true(was_answered("stage='confirm'"));
	assert_string_equal(trust_of(ROMEO), "new");
	sends(s, "confirm", NULL);
	assert_string_equal(trust_of(ROMEO), "verified");
	assert_string_equal(SAYS_SAME, IPC_LATE);
}

static void
whom_we_began_with_is_verified(void **state)
{
	(void)state;
	struct stream *s = comes();
	uint8_t commitment[SAS_COMMITMENT_SIZE], ours[32];
	char words[SAS_WORDS_SIZE];
	struct sas code;
	assert_string_equal(call("verify.start", "", words), "");
	assert_string_equal(words, "");
	assert_true(read_stage("commit", commitment));
	sends(s, "nonce", romeos);
	assert_true(read_stage("reveal", ours));
	assert_true(sas_kept(commitment, ours));
	romeos_code(s, ours, romeos, &code);
	assert_string_equal(call("verify.start", "", words), "");
	assert_string_equal(words, code.words);
	sends(s, "confirm", NULL);
	assert_string_equal(trust_of(ROMEO), "new");
	assert_string_equal(SAYS_SAME, "");
	assert_string_equal(trust_of(ROMEO), "verified");
}

static void
n4_nobody_verifies_themselves(void **state)
{
	(void)state;
	struct stream *s = comes();
	sends(s, "confirm", NULL); /* of what? */
	assert_true(was_answered("<not-acceptable "));
	begins(s);
	sends(s, "confirm", NULL);
	sends(s, "confirm", NULL); /* twice is not for both */
	assert_string_equal(trust_of(ROMEO), "new");
	assert_string_equal(SAYS_SAME, IPC_LATE);
	assert_string_equal(trust_of(ROMEO), "new");
}

static void
n4_what_is_revealed_is_what_was_committed_to(void **state)
{
	(void)state;
	struct stream *s = comes();
	uint8_t commitment[SAS_COMMITMENT_SIZE], other[SAS_NONCE_SIZE] = "chosen after he saw ours";
	assert_int_equal(sas_commit(romeos, commitment), 0);
	sends(s, "commit", commitment);
	sends(s, "reveal", other);
	assert_true(was_answered("stage='abort'"));
	assert_string_equal(SAYS_SAME, IPC_LATE); /* there is no code */
	sends(s, "confirm", NULL);
	assert_string_equal(trust_of(ROMEO), "new");
}

static void
n4_a_code_that_differs_ends_it_and_the_next_has_to_wait(void **state)
{
	(void)state;
	struct stream *s = comes();
	uint8_t commitment[SAS_COMMITMENT_SIZE];
	assert_int_equal(sas_commit(romeos, commitment), 0);
	for (int i = 0; i < LIMIT_VERIFY_TRIES; i++) {
		begins(s);
		assert_string_equal(SAYS_OTHER, "");
		assert_true(was_answered("stage='abort'"));
		sends(s, "commit", commitment);
		assert_true(was_answered("<resource-constraint "));
		assert_string_equal(call("verify.start", "", NULL), IPC_BUSY);
		world.now += VERIFY_PAUSE;
	}
	sends(s, "commit", commitment); /* the pause is over, the hour is not */
	assert_true(was_answered("<resource-constraint "));
	assert_string_equal(call("verify.start", "", NULL), IPC_BUSY);
	assert_string_equal(trust_of(ROMEO), "new");
	world.now += VERIFY_PERIOD;
	begins(s);
}

static void
n4_a_code_holds_for_its_stream(void **state)
{
	(void)state;
	int err;
	struct tls_peer key = key_of_number(ROMEOS_KEY);
	begins(comes());
	world.now += 10000;
	struct stream *next = dials_with_key(ROMEO, HOME, &key, &err);
	assert_int_equal(err, 0);
	sends(next, "confirm", NULL);
	assert_string_equal(SAYS_SAME, IPC_LATE);
	assert_string_equal(trust_of(ROMEO), "new");
	world.now += VERIFY_PAUSE;
	begins(next);
	ends(next, ERR_CLOSED);
	assert_string_equal(SAYS_SAME, IPC_LATE);
}

static void
what_makes_no_sense_is_refused(void **state)
{
	(void)state;
	static const char *const wrong[] = {"", "stage='x'", "stage='commit'", "stage='nonce'"};
	static const char *const texts[] = {"", "00", "zz"};
	struct stream *s = comes();
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		for (size_t k = 0; k < ARRAY_LEN(texts); k++) {
			char stanza[STAGE_MAX];
			(void)snprintf(stanza, sizeof(stanza),
			    "<iq type='set' id='v'><verify xmlns='urn:earshot:verify:1' %s>%s"
			    "</verify></iq>",
			    wrong[i], texts[k]);
			says(s, stanza);
			assert_true(was_answered("<not-acceptable "));
		}
	}
	begins(s); /* none of that was a try */
}

static void
n4_in_plain_there_is_nothing_to_compare(void **state)
{
	(void)state;
	int err;
	uint8_t commitment[SAS_COMMITMENT_SIZE];
	romeo(TXT_CLIENT_LIBPURPLE);
	struct stream *s = dials_us(ROMEO, HOME, &err);
	assert_int_equal(err, 0);
	assert_int_equal(sas_commit(romeos, commitment), 0);
	sends(s, "commit", commitment);
	assert_true(was_answered("<forbidden "));
	assert_string_equal(call("verify.start", "", NULL), IPC_UNSUPPORTED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(who_began_with_us_is_verified),
	    TEST(whom_we_began_with_is_verified),
	    TEST(n4_nobody_verifies_themselves),
	    TEST(n4_what_is_revealed_is_what_was_committed_to),
	    TEST(n4_a_code_that_differs_ends_it_and_the_next_has_to_wait),
	    TEST(n4_a_code_holds_for_its_stream),
	    TEST(what_makes_no_sense_is_refused),
	    TEST(n4_in_plain_there_is_nothing_to_compare),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
