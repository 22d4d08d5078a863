/* JSON-RPC 2.0 messages, one a line (docs/ipc.md): writes them without building a tree around
 * the values, and tells which kind a parsed one is. Any thread. */
#ifndef WIRE_RPC_H
#define WIRE_RPC_H

#include "base/buf.h"
#include "base/compiler.h"
#include "wire/value.h"

#include <stdint.h>

enum { RPC_PROTOCOL = 1 }; /* what hello compares */

enum rpc_code {
	RPC_PARSE_ERROR = -32700,
	RPC_INVALID_REQUEST = -32600,
	RPC_NO_METHOD = -32601,
	RPC_INVALID_PARAMS = -32602,
	RPC_FAILED = -32000, /* ours: data.reason says which */
};

enum rpc_kind {
	RPC_CALL,         /* method, id */
	RPC_NOTIFICATION, /* method */
	RPC_RESULT,       /* id, value */
	RPC_ERROR,        /* id (may be null), value */
};

struct rpc_message { /* borrowed from the value that was read */
	enum rpc_kind kind;
	const char *method;
	const struct value *id;    /* string, integer or null; NULL: none */
	const struct value *value; /* params (object, or NULL), result, or error (object) */
	size_t fds;                /* descriptors that come with it */
};

/* 0; or RPC_INVALID_REQUEST, RPC_INVALID_PARAMS: what is wrong with it. What can be told of the
 * id is set in any case. */
int rpc_read(const struct value *v, struct rpc_message *out) MUST_USE;

/* Each appends one line, or latches its failure in out->err; then out ends in the middle of a
 * line. Values are borrowed; a value of NULL is an empty object, an id of NULL null. */
void rpc_write_call(
    struct buf *out, int64_t id, const char *method, const struct value *params, size_t fds);
void
rpc_write_notification(struct buf *out, const char *method, const struct value *params, size_t fds);
void rpc_write_result(struct buf *out, const struct value *id, const struct value *result);
/* data must be an object or NULL; reason NULL: none. */
void rpc_write_error(struct buf *out, const struct value *id, int code, const char *message,
    const char *reason, struct value *data); /* moves data */

#endif
