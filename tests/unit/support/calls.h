/* The local socket of world.h: keeps what was published and answered. Part of it. */
#ifndef TESTS_CALLS_H
#define TESTS_CALLS_H

struct ipc_call {
	void *ctx;
	struct value *params;
	unsigned answers;
	char reason[32], text[512];
	struct value *result;
};

bool
ipc_has_subscribers(const struct ipc_server *s, const char *topic)
{
	(void)s;
	(void)topic;
	return true;
}

/* Of each event what tells it from others: "person new romeo@forza", "receipt failed". */
void
ipc_publish(struct ipc_server *s, const char *topic, struct value *event)
{
	const char *change = value_str(event, "change"), *state = value_str(event, "state");
	const char *text = value_str(event, "text");
	const struct value *person = value_get(event, "person");
	(void)s;
	if (strcmp(topic, "own") != 0 && strcmp(topic, "state") != 0)
		buf_fmt(&world.events, "%s %s%s%s ", topic, change ? change : "",
		    state ? state : "", text ? text : "");
	if (person)
		buf_fmt(&world.events, "%s ", value_str(person, "name"));
	value_free(event);
}

void
ipc_publish_numbered(struct ipc_server *s, const char *topic, int64_t number, struct value *event)
{
	assert_true(number > world.last_number); /* in order, and none twice */
	world.last_number = number;
	ipc_publish(s, topic, event);
}

/* A question to the log: what was answered. */
struct ipc_log_ask {
	const char *topic; /* the only one wanted */
	unsigned answers;
	int err;
	int64_t place, upto;
	bool more;
	char told[256]; /* texts of the events */
};

bool
ipc_log_wants(const struct ipc_log_ask *ask, const char *topic)
{
	return strcmp(ask->topic, topic) == 0;
}

void
ipc_log_place(struct ipc_log_ask *ask, int64_t number, int64_t last)
{
	ask->answers++;
	ask->place = number;
	ask->upto = last;
}

void
ipc_log_page(struct ipc_log_ask *ask, const struct ipc_log_event *events, size_t count,
    int64_t upto, bool more)
{
	struct buf told = BUF_INIT(sizeof(ask->told) - 1);
	ask->answers++;
	ask->upto = upto;
	ask->more = more;
	for (size_t i = 0; i < count; i++) {
		assert_string_equal(events[i].topic, ask->topic);
		buf_fmt(&told, "%s ", value_str(events[i].event, "text"));
		value_free(events[i].event);
	}
	assert_int_equal(str_copy(ask->told, sizeof(ask->told), buf_cstr(&told)), 0);
	buf_finish(&told);
}

void
ipc_log_fail(struct ipc_log_ask *ask, int err)
{
	ask->answers++;
	ask->err = err;
}

int
ipc_server_add(struct ipc_server *s, const struct ipc_method *table, void *ctx)
{
	(void)s;
	(void)table;
	(void)ctx;
	return 0;
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

void
ipc_reply(struct ipc_call *call, struct value *result)
{
	call->answers++;
	call->result = result;
}

static inline void record_failure(
    struct ipc_call *call, const char *reason, const char *fmt, va_list ap) PRINTF_LIKE(3, 0);

static inline void
record_failure(struct ipc_call *call, const char *reason, const char *fmt, va_list ap)
{
	call->answers++;
	(void)snprintf(call->reason, sizeof(call->reason), "%s", reason);
	(void)vsnprintf(call->text, sizeof(call->text), fmt, ap);
}

void
ipc_fail(struct ipc_call *call, const char *reason, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	record_failure(call, reason, fmt, ap);
	va_end(ap);
}

void
ipc_fail_data(struct ipc_call *call, const char *reason, struct value *data, const char *fmt, ...)
{
	va_list ap;
	value_free(data);
	va_start(ap, fmt);
	record_failure(call, reason, fmt, ap);
	va_end(ap);
}

/* Calls the method as the socket would. */
static inline void
call_method(
    struct ipc_call *call, const struct ipc_method *methods, const char *name, const char *params)
{
	*call = (struct ipc_call){.ctx = &world.r};
	assert_int_equal(value_parse(params, strlen(params), &call->params), 0);
	while (methods->name && strcmp(methods->name, name) != 0)
		methods++;
	assert_non_null(methods->name);
	int err = methods->call(call);
	if (err)
		ipc_fail(call, "returned", "%s", err_str(err));
}

static inline void
call_finish(struct ipc_call *call)
{
	value_free(call->params);
	value_free(call->result);
}

#endif
