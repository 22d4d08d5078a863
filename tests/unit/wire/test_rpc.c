#include "base/err.h"
#include "base/limits.h"
#include "wire/rpc.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct value *
parsed(const char *text)
{
	struct value *v = NULL;
	assert_int_equal(value_parse(text, strlen(text), &v), 0);
	return v;
}

static int
verdict(const char *text)
{
	struct rpc_message m;
	struct value *v = parsed(text);
	int code = rpc_read(v, &m);
	value_free(v);
	return code;
}

#define V "\"jsonrpc\":\"2.0\""

static void
tells_the_kinds_apart(void **state)
{
	(void)state;
	struct rpc_message m;
	struct value *v = parsed("{" V ",\"id\":7,\"method\":\"who\",\"params\":{\"all\":true}}");
	assert_int_equal(rpc_read(v, &m), 0);
	assert_int_equal(m.kind, RPC_CALL);
	assert_string_equal(m.method, "who");
	assert_int_equal(value_as_int(m.id, 0), 7);
	assert_true(value_bool(m.value, "all", false));
	value_free(v);

	v = parsed("{" V ",\"method\":\"who\",\"fds\":16}");
	assert_int_equal(rpc_read(v, &m), 0);
	assert_int_equal(m.kind, RPC_NOTIFICATION);
	assert_null(m.value);
	assert_int_equal(m.fds, 16);
	value_free(v);

	v = parsed("{" V ",\"id\":\"x\",\"result\":[1]}");
	assert_int_equal(rpc_read(v, &m), 0);
	assert_int_equal(m.kind, RPC_RESULT);
	assert_int_equal(value_count(m.value), 1);
	value_free(v);

	v = parsed("{" V ",\"id\":null,\"error\":{\"code\":-32700}}");
	assert_int_equal(rpc_read(v, &m), 0);
	assert_int_equal(m.kind, RPC_ERROR);
	assert_int_equal(value_int(m.value, "code", 0), RPC_PARSE_ERROR);
	value_free(v);
}

static void
refuses_what_is_neither(void **state)
{
	(void)state;
	static const char *const bad[] = {"{}", "[]", "{\"id\":1,\"method\":\"who\"}",
	    "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"who\"}", "{" V ",\"id\":1}",
	    "{" V ",\"id\":1,\"method\":2}", "{" V ",\"id\":{},\"method\":\"who\"}",
	    "{" V ",\"id\":1.5,\"method\":\"who\"}", "{" V ",\"id\":true,\"method\":\"who\"}",
	    "{" V ",\"id\":1,\"result\":1,\"error\":{}}", "{" V ",\"result\":1}",
	    "{" V ",\"id\":1,\"error\":1}", "{" V ",\"id\":1,\"method\":\"who\",\"result\":1}",
	    "{" V ",\"method\":\"who\",\"fds\":17}", "{" V ",\"method\":\"who\",\"fds\":-1}",
	    "{" V ",\"method\":\"who\",\"fds\":\"1\"}"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (verdict(bad[i]) != RPC_INVALID_REQUEST)
			fail_msg("accepted: %s", bad[i]);
	assert_int_equal(
	    verdict("{" V ",\"id\":1,\"method\":\"who\",\"params\":[1]}"), RPC_INVALID_PARAMS);
	assert_int_equal(
	    verdict("{" V ",\"id\":1,\"method\":\"who\",\"params\":null}"), RPC_INVALID_PARAMS);
}

static void
limits_the_id(void **state)
{
	(void)state;
	for (size_t len = LIMIT_CALL_ID - 1; len <= LIMIT_CALL_ID + 1; len++) {
		struct buf text = BUF_INIT(1000);
		buf_str(&text, "{" V ",\"method\":\"who\",\"id\":\"");
		for (size_t i = 0; i < len; i++)
			buf_char(&text, 'x');
		buf_str(&text, "\"}");
		assert_int_equal(
		    verdict(buf_cstr(&text)), len > LIMIT_CALL_ID ? RPC_INVALID_REQUEST : 0);
		buf_finish(&text);
	}
}

static void
assert_text(struct buf *out, const char *expected)
{
	assert_int_equal(buf_err(out), 0);
	assert_string_equal(buf_cstr(out), expected);
	buf_clear(out);
}

static void
writes_lines(void **state)
{
	(void)state;
	struct buf out = BUF_INIT(1000);
	struct value *v = value_object();
	value_set_str(v, "a", "b");
	rpc_write_call(&out, INT64_MIN, "who", v, 2);
	assert_text(&out, "{" V ",\"id\":-9223372036854775808,\"method\":\"who\",\"fds\":2,"
			  "\"params\":{\"a\":\"b\"}}\n");
	rpc_write_notification(&out, "event", NULL, 0);
	assert_text(&out, "{" V ",\"method\":\"event\"}\n");
	struct value *ids = parsed("[1,\"a\\\"b\",null]");
	rpc_write_result(&out, value_at(ids, 0), v);
	assert_text(&out, "{" V ",\"id\":1,\"result\":{\"a\":\"b\"}}\n");
	rpc_write_result(&out, value_at(ids, 1), NULL);
	assert_text(&out, "{" V ",\"id\":\"a\\\"b\",\"result\":{}}\n");
	rpc_write_error(&out, value_at(ids, 2), RPC_NO_METHOD, "No.", NULL, NULL);
	assert_text(&out, "{" V ",\"id\":null,\"error\":{\"code\":-32601,\"message\":\"No.\"}}\n");
	struct value *data = value_object();
	value_set_int(data, "n", 1);
	rpc_write_error(&out, NULL, RPC_FAILED, "No.", "busy", data);
	assert_text(&out, "{" V ",\"id\":null,\"error\":{\"code\":-32000,\"message\":\"No.\","
			  "\"data\":{\"n\":1,\"reason\":\"busy\"}}}\n");
	value_free(ids);
	value_free(v);
	buf_finish(&out);
}

static void
latches_what_cannot_be_written(void **state)
{
	(void)state;
	struct buf out = BUF_INIT(1000);
	struct value *v = value_object();
	value_set_str(v, "a", "\xff");
	rpc_write_call(&out, 1, "who", v, 0);
	assert_int_equal(buf_err(&out), -EINVAL);
	value_free(v);
	buf_finish(&out);
	struct buf small = BUF_INIT(20);
	rpc_write_result(&small, NULL, NULL);
	assert_int_equal(buf_err(&small), ERR_TOO_BIG);
	buf_finish(&small);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(tells_the_kinds_apart),
	    cmocka_unit_test(refuses_what_is_neither),
	    cmocka_unit_test(limits_the_id),
	    cmocka_unit_test(writes_lines),
	    cmocka_unit_test(latches_what_cannot_be_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
