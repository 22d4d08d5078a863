/* The methods that concern the connection itself. */
#include "ipc/internal.h"
#include "wire/rpc.h"

#include <unistd.h>

static int
call_hello(struct ipc_call *call)
{
	struct ipc_client *c = call_client(call);
	int64_t protocol = value_int(ipc_params(call), "protocol", 0);
	if (protocol != RPC_PROTOCOL) {
		struct value *data = value_object();
		value_set_int(data, "protocol", RPC_PROTOCOL);
		ipc_fail_data(call, IPC_UNSUPPORTED, data,
		    "This daemon (%s) speaks version %d of the socket's protocol.", EARSHOT_VERSION,
		    RPC_PROTOCOL);
		return 0;
	}
	c->greeted = true;
	struct value *result = value_object();
	value_set_int(result, "protocol", RPC_PROTOCOL);
	value_set_str(result, "version", EARSHOT_VERSION);
	value_set_int(result, "pid", getpid());
	ipc_reply(call, result);
	return 0;
}

static int
call_methods(struct ipc_call *call)
{
	const struct ipc_server *s = ipc_ctx(call);
	struct value *methods = value_array();
	LIST_FOREACH (node, &s->tables) {
		const struct method_table *t = container_of(node, struct method_table, node);
		for (const struct ipc_method *m = t->methods; m->name; m++) {
			struct value *v = value_object();
			value_set_str(v, "name", m->name);
			value_set_str(v, "params", m->params);
			value_set_str(v, "help", m->help);
			value_append(methods, v);
		}
	}
	struct value *result = value_object();
	value_set(result, "methods", methods);
	ipc_reply(call, result);
	return 0;
}

const struct ipc_method builtin_methods[] = {
    {"hello", "protocol client", "Begin: agree on the protocol", call_hello},
    {"subscribe", "[topics since]", "Receive events", call_subscribe},
    {"unsubscribe", "[topics]", "Receive events no longer", call_unsubscribe},
    {"methods", "", "List the methods", call_methods},
    {0},
};
