/* What was said is on its way until it has arrived or was given up, whatever kind it is, whatever
 * happens in between. */
#include "base/limits.h"
#include "chat/chat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "talk.h"

/* Said, and delivered; Romeo has left after that. */
static void
delivered(const char *text, char id[RANDOM_ID_SIZE])
{
	int err;
	struct discovery_entry *e = romeo(TXT_CLIENT_EARSHOT);
	struct stream *s = dials_us(ROMEO, "192.0.2.1", &err);
	say_text(text, id);
	hands_over(s);
	confirms_it(s, id);
	leaves(e);
	ends(s, 0);
	buf_clear(&world.sent);
}

static void
comes_back(void)
{
	int err;
	romeo(TXT_CLIENT_EARSHOT);
	dials_us(ROMEO, "192.0.2.1", &err);
	settle();
}

static void
about(const struct feature *feature, const char *method, const char *id, const char *more)
{
	struct ipc_call call;
	char params[192];
	(void)snprintf(params, sizeof(params), "{\"peer\":\"romeo\",\"id\":\"%s\"%s}", id, more);
	call_method(&call, feature->methods, method, params);
	settle();
	assert_int_equal(call.answers, 1);
	assert_non_null(call.result);
	call_finish(&call);
}

static void
what_is_no_message_outlives_a_restart_too(void **state)
{
	(void)state;
	char id[RANDOM_ID_SIZE];
	delivered("hello", id);
	about(&feature_retraction, "retract", id, "");
	restart();
	comes_back();
	assert_int_equal(times_sent("<retract "), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_is_no_message_outlives_a_restart_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
