#include "wire/rpc.h"

#include "base/limits.h"
#include "base/str.h"

#include <string.h>

static bool
is_id(const struct value *v)
{
	enum value_kind kind = value_kind(v);
	if (kind == VALUE_STRING)
		return strlen(value_as_str(v)) <= LIMIT_CALL_ID;
	return kind == VALUE_INTEGER || kind == VALUE_NULL;
}

static int
read_method(const struct value *v, struct rpc_message *out)
{
	out->kind = out->id ? RPC_CALL : RPC_NOTIFICATION;
	out->method = value_str(v, "method");
	int64_t fds = value_int(v, "fds", value_has(v, "fds") ? -1 : 0);
	if (!out->method || fds < 0 || fds > LIMIT_CALL_FDS)
		return RPC_INVALID_REQUEST;
	out->fds = (size_t)fds;
	out->value = value_get(v, "params");
	return !out->value || value_kind(out->value) == VALUE_OBJECT ? 0 : RPC_INVALID_PARAMS;
}

int
rpc_read(const struct value *v, struct rpc_message *out)
{
	*out = (struct rpc_message){0};
	const struct value *id = value_get(v, "id");
	if (id && !is_id(id))
		return RPC_INVALID_REQUEST;
	out->id = id;
	if (!str_equal(value_str(v, "jsonrpc"), "2.0"))
		return RPC_INVALID_REQUEST;
	bool result = value_has(v, "result");
	bool error = value_has(v, "error");
	if (value_has(v, "method"))
		return result || error ? RPC_INVALID_REQUEST : read_method(v, out);
	out->kind = error ? RPC_ERROR : RPC_RESULT;
	out->value = value_get(v, error ? "error" : "result");
	if (!id || result == error || (error && value_kind(out->value) != VALUE_OBJECT))
		return RPC_INVALID_REQUEST;
	return 0;
}

static void
add(struct buf *out, const char *literal)
{
	buf_add(out, literal, strlen(literal));
}

static void
add_value(struct buf *out, const struct value *v)
{
	int err = value_write(v, out);
	if (err && !out->err)
		out->err = err;
}

/* Method names are ours: no character of theirs needs escaping. */
static void
add_method(struct buf *out, const char *method, const struct value *params, size_t fds)
{
	add(out, "\"method\":\"");
	add(out, method);
	add(out, "\"");
	if (fds > 0) {
		add(out, ",\"fds\":");
		buf_int(out, (int64_t)fds);
	}
	if (params) {
		add(out, ",\"params\":");
		add_value(out, params);
	}
	add(out, "}\n");
}

void
rpc_write_call(
    struct buf *out, int64_t id, const char *method, const struct value *params, size_t fds)
{
	add(out, "{\"jsonrpc\":\"2.0\",\"id\":");
	buf_int(out, id);
	add(out, ",");
	add_method(out, method, params, fds);
}

void
rpc_write_notification(struct buf *out, const char *method, const struct value *params, size_t fds)
{
	add(out, "{\"jsonrpc\":\"2.0\",");
	add_method(out, method, params, fds);
}

static void
add_id(struct buf *out, const struct value *id)
{
	add(out, "{\"jsonrpc\":\"2.0\",\"id\":");
	if (value_kind(id) == VALUE_INTEGER)
		buf_int(out, value_as_int(id, 0));
	else if (id)
		add_value(out, id);
	else
		add(out, "null");
}

void
rpc_write_result(struct buf *out, const struct value *id, const struct value *result)
{
	add_id(out, id);
	add(out, ",\"result\":");
	if (result)
		add_value(out, result);
	else
		add(out, "{}");
	add(out, "}\n");
}

void
rpc_write_error(struct buf *out, const struct value *id, int code, const char *message,
    const char *reason, struct value *data)
{
	struct value *error = value_object();
	value_set_int(error, "code", code);
	value_set_str(error, "message", message);
	if (reason && !data)
		data = value_object();
	if (data) {
		value_set_str(data, "reason", reason);
		value_set(error, "data", data);
	}
	add_id(out, id);
	add(out, ",\"error\":");
	add_value(out, error);
	add(out, "}\n");
	value_free(error);
}
