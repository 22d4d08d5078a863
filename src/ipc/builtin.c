/* The methods that concern the connection itself. */
#include "base/str.h"
#include "ipc/internal.h"
#include "wire/rpc.h"

#include <string.h>
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

static void
reply_topics(struct ipc_call *call)
{
	const struct ipc_client *c = call_client(call);
	struct value *topics = value_array();
	if (c->all_topics)
		value_append_str(topics, "*");
	for (size_t i = 0; i < c->topic_count; i++)
		value_append_str(topics, c->topics[i]);
	struct value *result = value_object();
	value_set(result, "topics", topics);
	ipc_reply(call, result);
}

static size_t
topic_index(const struct ipc_client *c, const char *topic)
{
	size_t i = 0;
	while (i < c->topic_count && strcmp(c->topics[i], topic) != 0)
		i++;
	return i;
}

static bool
add_topic(struct ipc_client *c, const char *topic)
{
	if (strcmp(topic, "*") == 0) {
		c->all_topics = true;
		return true;
	}
	if (topic_index(c, topic) < c->topic_count)
		return true;
	if (c->topic_count == LIMIT_CLIENT_TOPICS)
		return false;
	return str_copy(c->topics[c->topic_count++], sizeof(c->topics[0]), topic) == 0;
}

static void
remove_topic(struct ipc_client *c, const char *topic)
{
	size_t i = topic_index(c, topic);
	if (strcmp(topic, "*") == 0)
		c->all_topics = false;
	else if (i < c->topic_count)
		memmove(c->topics[i], c->topics[--c->topic_count], sizeof(c->topics[0]));
}

static bool
topics_valid(const struct value *topics)
{
	if (value_kind(topics) != VALUE_ARRAY || value_count(topics) > LIMIT_CLIENT_TOPICS)
		return false;
	for (size_t i = 0; i < value_count(topics); i++) {
		const char *topic = value_as_str(value_at(topics, i));
		if (str_empty(topic) || strlen(topic) > LIMIT_TOPIC)
			return false;
	}
	return true;
}

static int
call_subscribe(struct ipc_call *call)
{
	struct ipc_client *c = call_client(call);
	const struct value *topics = value_get(ipc_params(call), "topics");
	if (topics && !topics_valid(topics)) {
		ipc_fail(call, IPC_INVALID, "\"topics\" must be an array of topics' names.");
		return 0;
	}
	if (!topics)
		c->all_topics = true;
	for (size_t i = 0; i < value_count(topics); i++) {
		if (!add_topic(c, value_as_str(value_at(topics, i)))) {
			ipc_fail(call, IPC_BUSY, "At most %d topics.", LIMIT_CLIENT_TOPICS);
			return 0;
		}
	}
	reply_topics(call);
	return 0;
}

static int
call_unsubscribe(struct ipc_call *call)
{
	struct ipc_client *c = call_client(call);
	const struct value *topics = value_get(ipc_params(call), "topics");
	if (topics && !topics_valid(topics)) {
		ipc_fail(call, IPC_INVALID, "\"topics\" must be an array of topics' names.");
		return 0;
	}
	if (!topics) {
		c->all_topics = false;
		c->topic_count = 0;
	}
	for (size_t i = 0; i < value_count(topics); i++)
		remove_topic(c, value_as_str(value_at(topics, i)));
	reply_topics(call);
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
    {"subscribe", "[topics]", "Receive events", call_subscribe},
    {"unsubscribe", "[topics]", "Receive events no longer", call_unsubscribe},
    {"methods", "", "List the methods", call_methods},
    {0},
};
