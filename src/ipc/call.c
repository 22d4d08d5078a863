#include "base/err.h"
#include "base/log.h"
#include "base/tr.h"
#include "ipc/internal.h"
#include "wire/rpc.h"
#include "wire/words.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
call_free(struct ipc_call *call)
{
	if (call->client) {
		call->client->call_count--;
		call->client->call_bytes -= call->bytes;
		list_remove(&call->node);
	}
	while (call->fd_next < call->fd_count)
		close(call->fds[call->fd_next++]);
	value_free(call->message);
	free(call);
}

void
call_drop_all(struct ipc_client *c)
{
	LIST_FOREACH (node, &c->calls) {
		struct ipc_call *call = container_of(node, struct ipc_call, node);
		list_remove(node);
		call->client = NULL;
	}
	c->call_count = 0;
	c->call_bytes = 0;
}

struct ipc_client *
call_client(struct ipc_call *call)
{
	return call->client;
}

static void
send_error(struct ipc_client *c, const struct value *id, int code, const char *message,
    const char *reason, struct value *data)
{
	struct buf *line = &c->server->line;
	buf_clear(line);
	rpc_write_error(line, id, code, message, reason, data);
	if (buf_err(line)) {
		/* there is no memory even for the bad news: the client must not wait for ever */
		log_error(NULL, "client=%d cut off: %s", c->fd, err_str(buf_err(line)));
		client_close(c);
		return;
	}
	(void)client_send_line(c);
}

void *
ipc_ctx(const struct ipc_call *call)
{
	return call->ctx;
}

const struct value *
ipc_params(const struct ipc_call *call)
{
	return call->params;
}

int
ipc_take_fd(struct ipc_call *call)
{
	return call->fd_next < call->fd_count ? call->fds[call->fd_next++] : -ENOENT;
}

void
ipc_reply(struct ipc_call *call, struct value *result)
{
	struct ipc_client *c = call->client;
	if (c && call->id) {
		struct buf *line = &c->server->line;
		buf_clear(line);
		rpc_write_result(line, call->id, result);
		if (!buf_err(line))
			(void)client_send_line(c);
		else
			send_error(c, call->id, RPC_FAILED, "The answer could not be written.",
			    IPC_INTERNAL, NULL);
	}
	if (c && !c->closing)
		server_wake(c->server); /* it may have been waiting for its calls to get fewer */
	value_free(result);
	call_free(call);
}

static void fail(struct ipc_call *call, const char *reason, struct value *data, const char *fmt,
    va_list ap) PRINTF_LIKE(4, 0);

static void
fail(struct ipc_call *call, const char *reason, struct value *data, const char *fmt, va_list ap)
{
	struct ipc_client *c = call->client;
	if (c && call->id) {
		struct buf text = BUF_INIT(LIMIT_SENTENCE);
		struct value *words = words_of(fmt, ap);
		buf_vfmt(&text, fmt, ap);
		if (words && !data)
			data = value_object();
		if (words) {
			value_set_str(data, "reason", reason);
			value_set(data, "words", words);
		}
		send_error(c, call->id, RPC_FAILED, buf_cstr(&text), reason, data);
		buf_finish(&text);
	} else {
		value_free(data);
	}
	if (c && !c->closing)
		server_wake(c->server);
	call_free(call);
}

void
ipc_fail(struct ipc_call *call, const char *reason, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	fail(call, reason, NULL, fmt, ap);
	va_end(ap);
}

void
ipc_fail_data(struct ipc_call *call, const char *reason, struct value *data, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	fail(call, reason, data, fmt, ap);
	va_end(ap);
}

/* What a method returned instead of answering. */
static const char *
reason_of(int err)
{
	static const struct {
		int err;
		const char *reason;
	} table[] = {
	    {-EINVAL, IPC_INVALID},
	    {ERR_UNKNOWN, IPC_UNKNOWN},
	    {-ENOENT, IPC_UNKNOWN},
	    {ERR_AMBIGUOUS, IPC_AMBIGUOUS},
	    {ERR_ABSENT, IPC_ABSENT},
	    {ERR_UNSUPPORTED, IPC_UNSUPPORTED},
	    {-ETIMEDOUT, IPC_TIMEOUT},
	    {ERR_TOO_BIG, IPC_BUSY},
	    {-EBUSY, IPC_BUSY},
	    {-EAGAIN, IPC_BUSY},
	    {ERR_CLOSED, IPC_UNREACHABLE},
	    {-ECONNREFUSED, IPC_UNREACHABLE},
	    {-ECONNRESET, IPC_UNREACHABLE},
	    {-EHOSTUNREACH, IPC_UNREACHABLE},
	    {-ENETUNREACH, IPC_UNREACHABLE},
	};
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (table[i].err == err)
			return table[i].reason;
	return IPC_INTERNAL;
}

/* The call takes its descriptors from those the connection received, in order. */
static void
claim_fds(struct ipc_call *call, struct ipc_client *c, size_t count)
{
	memcpy(call->fds, c->fds, count * sizeof(c->fds[0]));
	call->fd_count = count;
	c->fd_count -= count;
	memmove(c->fds, c->fds + count, c->fd_count * sizeof(c->fds[0]));
}

/* What is wrong with a message, as a JSON-RPC code, or 0; *m is the method it asks for. */
static int
check(struct ipc_client *c, const struct value *message, struct rpc_message *rpc,
    const struct method **m, const char **text)
{
	int code = rpc_read(message, rpc);
	bool call = rpc->kind == RPC_CALL || rpc->kind == RPC_NOTIFICATION;
	*text = code == RPC_INVALID_PARAMS ? TR("Parameters are given by name, in an object.")
					   : TR("This is no JSON-RPC 2.0 call.");
	if (code || !call)
		return code ? code : RPC_INVALID_REQUEST;
	*text = TR("The call announces descriptors that did not come.");
	if (rpc->fds > c->fd_count)
		return RPC_INVALID_REQUEST;
	*text = TR("The first call must be hello.");
	if (!c->greeted && strcmp(rpc->method, "hello") != 0)
		return RPC_INVALID_REQUEST;
	*m = map_get(&c->server->methods, rpc->method);
	*text = TR("There is no such method.");
	return *m ? 0 : RPC_NO_METHOD;
}

void
call_run(struct ipc_client *c, struct value *message, size_t bytes)
{
	struct rpc_message rpc;
	const struct method *m = NULL;
	const char *text = NULL;
	int code = check(c, message, &rpc, &m, &text);
	if (!code && c->server->refusing) {
		send_error(c, rpc.id, RPC_FAILED, "The daemon is stopping.", IPC_BUSY, NULL);
		value_free(message);
		return;
	}
	if (code == RPC_NO_METHOD && rpc.id && c->server->locked) {
		send_error(c, rpc.id, RPC_FAILED,
		    "Your key is locked. Unlock it with: earshot id unlock", IPC_LOCKED, NULL);
		value_free(message);
		return;
	}
	if (code) {
		/* a notification is not answered, except where it is too broken to tell */
		if (rpc.id || code != RPC_NO_METHOD)
			send_error(c, rpc.id, code, text, NULL, NULL);
		value_free(message);
		return;
	}
	struct ipc_call *call = calloc(1, sizeof(*call));
	if (!call) {
		send_error(
		    c, rpc.id, RPC_FAILED, "The daemon is out of memory.", IPC_INTERNAL, NULL);
		value_free(message);
		return;
	}
	*call = (struct ipc_call){
	    .client = c,
	    .ctx = m->ctx,
	    .message = message,
	    .id = rpc.id,
	    .params = rpc.value,
	    .bytes = bytes,
	};
	claim_fds(call, c, rpc.fds);
	list_insert(&c->calls, &call->node);
	c->call_count++;
	c->call_bytes += bytes;
	int err = m->def->call(call);
	if (err)
		ipc_fail(call, reason_of(err), "%s", err_str(err));
}
