/* Topics: what a client wants to be told, and since when. */
#include "base/err.h"
#include "base/str.h"
#include "ipc/internal.h"

#include <inttypes.h>
#include <string.h>

bool
client_wants(const struct ipc_client *c, const char *topic)
{
	if (c->all_topics)
		return true;
	for (size_t i = 0; i < c->topic_count; i++)
		if (strcmp(c->topics[i], topic) == 0)
			return true;
	return false;
}

void
client_drop_topics(struct ipc_client *c)
{
	if (!c->all_topics && c->topic_count == 0)
		return;
	c->all_topics = false;
	c->topic_count = 0;
	/* whoever publishes may be the caller: the source is told in the next turn */
	c->server->topics_dropped = true;
	server_wake(c->server);
}

/* since: where it begins, -1: nobody asked. */
static void
reply_topics(struct ipc_call *call, int64_t since)
{
	const struct ipc_client *c = call_client(call);
	struct value *topics = value_array();
	if (c->all_topics)
		value_append_str(topics, "*");
	for (size_t i = 0; i < c->topic_count; i++)
		value_append_str(topics, c->topics[i]);
	struct value *result = value_object();
	value_set(result, "topics", topics);
	if (since >= 0)
		value_set_int(result, "since", since);
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

/* False: too many, and the call has failed. */
static bool
add_topics(struct ipc_call *call)
{
	struct ipc_client *c = call_client(call);
	const struct value *topics = value_get(ipc_params(call), "topics");
	bool fits = true;
	if (!topics)
		c->all_topics = true;
	for (size_t i = 0; fits && i < value_count(topics); i++)
		fits = add_topic(c, value_as_str(value_at(topics, i)));
	const struct ipc_server *s = c->server;
	if (s->log && s->log->on_topics)
		s->log->on_topics(s->log_ctx);
	if (!fits)
		ipc_fail(call, IPC_BUSY, "At most %d topics.", LIMIT_CLIENT_TOPICS);
	return fits;
}

static int
subscribe_since(struct ipc_call *call, const struct value *since)
{
	const char *name = value_as_str(since);
	bool number = value_kind(since) == VALUE_INTEGER && value_as_int(since, -1) >= 0;
	bool named = name && name[0] && strlen(name) <= LIMIT_CURSOR_NAME;
	if (!number && !named)
		ipc_fail(call, IPC_INVALID,
		    "\"since\" is an event's number, 0 or more, or a cursor's name of at most %d "
		    "bytes.",
		    LIMIT_CURSOR_NAME);
	else if (!call_client(call)->server->log)
		ipc_fail(call, IPC_UNSUPPORTED, "This daemon keeps no log of events.");
	else
		log_ask_place(call, name);
	return 0;
}

int
call_subscribe(struct ipc_call *call)
{
	const struct value *topics = value_get(ipc_params(call), "topics");
	const struct value *since = value_get(ipc_params(call), "since");
	if (topics && !topics_valid(topics))
		ipc_fail(call, IPC_INVALID, "\"topics\" must be an array of topics' names.");
	else if (since)
		return subscribe_since(call, since);
	else if (add_topics(call))
		reply_topics(call, -1);
	return 0;
}

void
subscribe_at(struct ipc_call *call, int64_t number, int64_t last)
{
	const struct value *since = value_get(ipc_params(call), "since");
	bool named = value_kind(since) == VALUE_STRING;
	int64_t place = named ? number : value_as_int(since, 0);
	if (named && (place == 0 || place > last))
		place = last;
	if (place > last) {
		struct value *data = value_object();
		value_set_int(data, "last", last);
		ipc_fail_data(call, IPC_INVALID, data,
		    "No event has the number %lld yet, the newest is %lld.", (long long)place,
		    (long long)last);
		return;
	}
	if (!add_topics(call))
		return;
	replay_start(call_client(call), place);
	reply_topics(call, place);
}

void
subscribe_fail(struct ipc_call *call, int err)
{
	ipc_fail(call, IPC_INTERNAL, "The log of events cannot be read: %-s.", err_str(err));
}

int
call_unsubscribe(struct ipc_call *call)
{
	struct ipc_client *c = call_client(call);
	const struct value *topics = value_get(ipc_params(call), "topics");
	if (topics && !topics_valid(topics)) {
		ipc_fail(call, IPC_INVALID, "\"topics\" must be an array of topics' names.");
		return 0;
	}
	if (!topics)
		client_drop_topics(c);
	for (size_t i = 0; i < value_count(topics); i++)
		remove_topic(c, value_as_str(value_at(topics, i)));
	c->server->topics_dropped = true;
	if (!c->all_topics && c->topic_count == 0) {
		replay_stop(c);
		c->place = -1; /* a later subscription begins anew */
	}
	reply_topics(call, -1);
	return 0;
}
