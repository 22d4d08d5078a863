/* A daemon for the tests of front/: the local socket of the real one (ipc/) and what it knows. The
 * test changes that by calls of its own ("says", "becomes", ...), as the network would. */
#ifndef TESTS_FRONT_FAKE_H
#define TESTS_FRONT_FAKE_H

#include "fake_store.h"

/* ---- methods of the real one ---- */

static inline int
fake_peer(struct ipc_call *call)
{
	const char *name = value_str(ipc_params(call), "peer");
	for (int i = 0; name && i < fake->people; i++)
		if (strcmp(fake->person[i].name, name) == 0)
			return i;
	return -1;
}

static inline int
fake_cursor(struct ipc_call *call)
{
	struct value *v = value_object();
	value_set_int(v, "number", 0);
	value_set_int(v, "last", fake->last);
	ipc_reply(call, v);
	return 0;
}

static inline int
fake_who(struct ipc_call *call)
{
	struct value *v = value_object(), *all = value_array(), *own = value_object(),
		     *state = value_object();
	for (int i = 0; i < fake->people; i++)
		if (!fake->person[i].forgotten)
			value_append(all, fake_describe_person(&fake->person[i]));
	value_set(v, "people", all);
	value_set_str(own, "name", "me@here");
	value_set(v, "own", own);
	value_set_str(state, "version", "9");
	value_set(v, "state", state);
	ipc_reply(call, v);
	return 0;
}

static struct ipc_call *fake_late;
static struct value *fake_late_answer;

static inline int
fake_conversations(struct ipc_call *call)
{
	struct value *v = value_object(), *all = value_array();
	int64_t last[FAKE_PEOPLE] = {0}, unread[FAKE_PEOPLE] = {0}, queued[FAKE_PEOPLE] = {0};
	fake->conversations++;
	for (int i = 0; i < fake->messages; i++) {
		const struct fake_message *m = &fake->message[i];
		last[m->person] = m->time;
		unread[m->person] += strcmp(m->state, "unread") == 0;
		queued[m->person] += strcmp(m->state, "queued") == 0;
	}
	for (int i = 0; i < fake->people; i++) {
		struct value *one = last[i] ? value_object() : NULL;
		if (!one)
			continue;
		fake_about(one, i);
		value_set_int(one, "unread", unread[i]);
		value_set_int(one, "queued", queued[i]);
		value_set_int(one, "time", last[i]);
		value_append(all, one);
	}
	value_set(v, "conversations", all);
	if (fake->late_counts) {
		fake->late_counts = false;
		fake_late = call;
		fake_late_answer = v;
		return 0;
	}
	ipc_reply(call, v);
	return 0;
}

static inline int
fake_history(struct ipc_call *call)
{
	int person = fake_peer(call);
	int64_t before = value_int(ipc_params(call), "before", INT64_MAX);
	int64_t limit = value_int(ipc_params(call), "limit", 50);
	struct value *v = value_object(), *all = value_array();
	int i = fake->messages, found = 0;
	fake->histories++;
	for (; i > 0 && found < limit; i--)
		found +=
		    fake->message[i - 1].person == person && fake->message[i - 1].number < before;
	bool more = false;
	for (int k = i; k > 0 && !more; k--)
		more = fake->message[k - 1].person == person;
	for (; i < fake->messages; i++)
		if (fake->message[i].person == person && fake->message[i].number < before)
			value_append(all, fake_describe(&fake->message[i]));
	value_set(v, "messages", all);
	value_set_bool(v, "more", more);
	ipc_reply(call, v);
	return 0;
}

static inline int
fake_files(struct ipc_call *call)
{
	struct value *v = value_object(), *all = value_array();
	for (int i = 0; i < fake->files; i++)
		value_append(all, fake_describe_file(&fake->file[i]));
	value_set(v, "files", all);
	ipc_reply(call, v);
	return 0;
}

static inline struct fake_message *
fake_add(int person, bool ours, const char *text, const char *state)
{
	struct fake_message *m = &fake->message[fake->messages];
	*m = (struct fake_message){.number = ++fake->last, .person = person, .ours = ours};
	m->time = 1800000000000 + m->number;
	(void)snprintf(m->state, sizeof(m->state), "%s", state);
	(void)snprintf(m->text, sizeof(m->text), "%s", text);
	(void)snprintf(m->id, sizeof(m->id), "%s%lld", ours ? "out" : "in", (long long)m->number);
	fake->messages++;
	return m;
}

static inline struct value *
fake_sent(const struct fake_message *m)
{
	struct value *v = value_object();
	fake_about(v, m->person);
	value_set_int(v, "number", m->number);
	value_set_str(v, "id", m->id);
	value_set_str(v, "state", m->state);
	value_set_str(v, "trust", "known");
	value_set_bool(v, "here", true);
	return v;
}

static inline int
fake_send(struct ipc_call *call)
{
	const struct value *params = ipc_params(call);
	const char *token = value_str(params, "token"), *text = value_str(params, "text");
	const char *reply = value_str(params, "reply");
	int person = fake_peer(call);
	struct fake_message *m = NULL;
	fake->sends++;
	if (strcmp(text, "forbidden") == 0) {
		ipc_fail(call, IPC_TRUST, "Not to them.");
		return 0;
	}
	if (fake->unknown_sends > 0) {
		fake->unknown_sends--;
		ipc_fail(call, IPC_UNKNOWN, "Nobody of that name has been seen here.");
		return 0;
	}
	for (int i = 0; i < fake->messages && token; i++)
		if (strcmp(fake->message[i].token, token) == 0)
			m = &fake->message[i];
	bool is_new = !m;
	if (!m) {
		m = fake_add(person, true, text, "queued");
		(void)snprintf(m->token, sizeof(m->token), "%s", token ? token : "");
		(void)snprintf(m->reply, sizeof(m->reply), "%s", reply ? reply : "");
		fake_happen("sent", (int)(m - fake->message), person, true, "");
	}
	if (is_new && fake->mute_send)
		_exit(0); /* done, yet nobody hears of it */
	ipc_reply(call, fake_sent(m));
	return 0;
}

static inline int
fake_find(struct ipc_call *call)
{
	const char *id = value_str(ipc_params(call), "id");
	const struct fake_message *m = id ? fake_by_id(fake_peer(call), id) : NULL;
	return m ? (int)(m - fake->message) : -1;
}

static inline void
fake_set(char *out, size_t size, const char *text)
{
	(void)snprintf(out, size, "%s", text ? text : "");
}

static inline int
fake_change(struct ipc_call *call, const char *topic)
{
	int i = fake_find(call);
	if (i < 0) {
		ipc_fail(call, IPC_UNKNOWN, "There is no such message.");
		return 0;
	}
	struct fake_message *m = &fake->message[i];
	const struct value *params = ipc_params(call);
	bool theirs = value_bool(params, "theirs", false); /* the test as the network */
	const char *one = value_as_str(value_at(value_get(params, "reactions"), 0));
	if (strcmp(topic, "correction") == 0) {
		fake_set(m->text, sizeof(m->text), value_str(params, "text"));
		m->edited = true;
	} else if (strcmp(topic, "retraction") == 0) {
		m->text[0] = '\0';
		m->retracted = true;
	} else if (strcmp(topic, "reaction") == 0)
		fake_set(theirs ? m->theirs : m->ours_too, sizeof(m->theirs), one);
	fake_happen(topic, i, m->person, !theirs, one ? one : "");
	ipc_reply(call, fake_sent(m));
	return 0;
}

static inline int
fake_edit(struct ipc_call *call)
{
	return fake_change(call, "correction");
}

static inline int
fake_retract(struct ipc_call *call)
{
	return fake_change(call, "retraction");
}

static inline int
fake_react(struct ipc_call *call)
{
	return fake_change(call, "reaction");
}

static inline int
fake_seen(struct ipc_call *call)
{
	int person = fake_peer(call), upto = fake_find(call), newest = -1;
	if (upto < 0)
		upto = fake->messages - 1;
	for (int i = 0; i <= upto; i++)
		if (fake->message[i].person == person &&
		    strcmp(fake->message[i].state, "unread") == 0) {
			fake_set(fake->message[i].state, sizeof(fake->message[i].state), "seen");
			newest = i;
		}
	if (newest >= 0)
		fake_happen("seen", newest, person, true, "");
	ipc_reply(call, NULL);
	return 0;
}

static char fake_typed[256]; /* what the front told of typing, a letter each */

static inline int
fake_typing(struct ipc_call *call)
{
	const char *state = value_str(ipc_params(call), "state");
	size_t len = strlen(fake_typed);
	if (len + 1 < sizeof(fake_typed))
		(void)snprintf(fake_typed + len, sizeof(fake_typed) - len, "%c", state[0]);
	ipc_reply(call, NULL);
	return 0;
}

/* ---- what the tests make happen ---- */

static inline int
fake_says(struct ipc_call *call)
{
	const struct value *params = ipc_params(call);
	int person = fake_peer(call);
	int64_t count = value_int(params, "count", 1);
	bool ours = value_bool(params, "ours", false);
	const char *text = value_str(params, "text"), *reply = value_str(params, "reply");
	const char *state = value_str(params, "state");
	for (int64_t i = 0; i < count; i++) {
		int who = person >= 0 ? person : (int)(i % fake->people);
		struct fake_message *m = fake_add(who, ours, text ? text : "hello",
		    state  ? state
		    : ours ? "queued"
			   : "unread");
		fake_set(m->reply, sizeof(m->reply), reply);
		fake_happen(ours ? "sent" : "message", (int)(m - fake->message), who, ours, "");
	}
	if (fake_late)
		ipc_reply(fake_late, fake_late_answer);
	fake_late = NULL;
	ipc_reply(call, NULL);
	return 0;
}

static inline int
fake_becomes(struct ipc_call *call)
{
	int i = fake_find(call);
	const char *state = value_str(ipc_params(call), "state");
	if (i >= 0) {
		fake_set(fake->message[i].state, sizeof(fake->message[i].state), state);
		fake_happen("receipt", i, fake->message[i].person, true, state);
	}
	ipc_reply(call, NULL);
	return 0;
}

static inline int
fake_forget(struct ipc_call *call)
{
	int person = fake_peer(call), kept = 0, events = 0;
	static int moved[FAKE_MESSAGES];
	for (int i = 0; i < fake->messages; i++) {
		bool goes = fake->message[i].person == person;
		moved[i] = goes ? -1 : kept;
		if (!goes)
			fake->message[kept++] = fake->message[i];
	}
	for (int i = 0; i < fake->events; i++) {
		struct fake_event e = fake->event[i];
		if (e.message >= 0 && moved[e.message] < 0)
			continue;
		e.message = e.message >= 0 ? moved[e.message] : -1;
		fake->event[events++] = e;
	}
	fake->messages = kept;
	fake->events = events;
	fake_happen("forgotten", -1, person, true, "");
	ipc_reply(call, NULL);
	return 0;
}

/* A person is another, or new: "name", "state" */
static inline int
fake_person(struct ipc_call *call)
{
	const struct value *params = ipc_params(call);
	int i = fake_peer(call);
	const char *change = "changed", *state = value_str(params, "state");
	if (i < 0) {
		i = fake->people++;
		fake_set(
		    fake->person[i].name, sizeof(fake->person[i].name), value_str(params, "peer"));
		fake_set(fake->person[i].display, sizeof(fake->person[i].display),
		    value_str(params, "peer"));
		fake_set(fake->person[i].trust, sizeof(fake->person[i].trust), "known");
		change = "new";
	}
	struct fake_person *p = &fake->person[i];
	if (strcmp(state, "gone") == 0)
		change = "gone";
	fake_set(p->state, sizeof(p->state), state);
	fake_set(p->status, sizeof(p->status), value_str(params, "status"));
	struct value *v = value_object();
	value_set_str(v, "change", change);
	value_set(v, "person", fake_describe_person(p));
	ipc_publish(fake_server, "person", v);
	ipc_reply(call, NULL);
	return 0;
}

static inline int
fake_trust(struct ipc_call *call)
{
	int i = fake_peer(call);
	fake_set(fake->person[i].trust, sizeof(fake->person[i].trust),
	    value_str(ipc_params(call), "trust"));
	fake_happen("trust", -1, i, true, "");
	ipc_reply(call, NULL);
	return 0;
}

static inline int
fake_file(struct ipc_call *call)
{
	const struct value *params = ipc_params(call);
	int person = fake_peer(call), i = (int)value_int(params, "n", 0);
	struct fake_file *file = &fake->file[i];
	if (i >= fake->files)
		fake->files = i + 1;
	(void)snprintf(file->id, sizeof(file->id), "f%d", i);
	(void)snprintf(file->transfer, sizeof(file->transfer), "transfer%d", i);
	file->person = person;
	bool progress = value_has(params, "done");
	file->done = value_int(params, "done", 0);
	fake_set(file->state, sizeof(file->state), value_str(params, "state"));
	struct value *v = fake_describe_file(file);
	ipc_publish(fake_server, progress ? "file-progress" : "file", v);
	ipc_reply(call, NULL);
	return 0;
}

/* Any event, as it is: "topic", "event" */
static inline int
fake_publish(struct ipc_call *call)
{
	const struct value *params = ipc_params(call);
	ipc_publish(fake_server, value_str(params, "topic"), value_ref(value_get(params, "event")));
	ipc_reply(call, NULL);
	return 0;
}

static inline int
fake_typed_so_far(struct ipc_call *call)
{
	struct value *v = value_object();
	value_set_str(v, "text", fake_typed);
	ipc_reply(call, v);
	return 0;
}

static inline int
fake_crash(struct ipc_call *call)
{
	(void)call;
	_exit(0);
}

static const struct ipc_method fake_methods[] = {
    {"cursor", "", "", fake_cursor},
    {"who", "", "", fake_who},
    {"conversations", "", "", fake_conversations},
    {"history", "", "", fake_history},
    {"files", "", "", fake_files},
    {"send", "", "", fake_send},
    {"edit", "", "", fake_edit},
    {"retract", "", "", fake_retract},
    {"react", "", "", fake_react},
    {"seen", "", "", fake_seen},
    {"typing", "", "", fake_typing},
    {"says", "", "", fake_says},
    {"becomes", "", "", fake_becomes},
    {"forget", "", "", fake_forget},
    {"person", "", "", fake_person},
    {"trust", "", "", fake_trust},
    {"file", "", "", fake_file},
    {"publish", "", "", fake_publish},
    {"typed", "", "", fake_typed_so_far},
    {"crash", "", "", fake_crash},
    {0},
};

static inline int
fake_serve(void)
{
	uv_loop_t loop;
	(void)alarm(120); /* ends by itself if a failed test forgets it */
	if (uv_loop_init(&loop) || ipc_server_create(&loop, &fake_server) ||
	    ipc_server_add(fake_server, fake_methods, NULL))
		return 1;
	ipc_set_log(fake_server, &fake_log, NULL);
	if (ipc_server_listen(fake_server, fake_path, -1))
		return 1;
	fake->serving++;
	uv_run(&loop, UV_RUN_DEFAULT);
	return 0;
}

static inline void
fake_begin(void)
{
	int before = fake->serving;
	fake_pid = fork();
	if (fake_pid == 0)
		_exit(fake_serve());
	for (int i = 0; fake->serving == before && i < 1000; i++)
		(void)poll(NULL, 0, 5);
}

static inline void
fake_end(void)
{
	if (fake_pid <= 0)
		return;
	(void)kill(fake_pid, SIGKILL);
	(void)waitpid(fake_pid, NULL, 0);
	fake_pid = 0;
}

/* An empty one of three people. */
static inline int
fake_setup(void **state)
{
	static const char *const names[] = {"romeo@orchard", "juliet@balcony", "nurse@house"};
	static const char *const displays[] = {"Romeo", "Juliet", "Nurse"};
	(void)state;
	(void)snprintf(fake_folder, sizeof(fake_folder), "%s", "/tmp/earshot-front-XXXXXX");
	if (!mkdtemp(fake_folder))
		return -1;
	(void)snprintf(fake_path, sizeof(fake_path), "%s/daemon.sock", fake_folder);
	/* NOLINTBEGIN(concurrency-mt-unsafe): no other thread runs here */
	(void)setenv("EARSHOTD", "/nowhere/earshotd", 1);
	(void)setenv("XDG_STATE_HOME", fake_folder, 1);
	/* NOLINTEND(concurrency-mt-unsafe) */
	fake = mmap(NULL, sizeof(*fake), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (fake == MAP_FAILED)
		return -1;
	fake->last = 1000;
	fake->people = 3;
	for (int i = 0; i < 3; i++) {
		fake_set(fake->person[i].name, sizeof(fake->person[i].name), names[i]);
		fake_set(fake->person[i].display, sizeof(fake->person[i].display), displays[i]);
		fake_set(fake->person[i].state, sizeof(fake->person[i].state), "answered");
		fake_set(fake->person[i].trust, sizeof(fake->person[i].trust), "known");
	}
	fake_begin();
	return 0;
}

static inline int
fake_teardown(void **state)
{
	(void)state;
	char file[200];
	fake_end();
	(void)munmap(fake, sizeof(*fake));
	static const char *const left[] = {
	    "daemon.sock", "daemon.sock.lock", "earshot/earshotd.log", "earshot"};
	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++) {
		(void)snprintf(file, sizeof(file), "%s/%s", fake_folder, left[i]);
		(void)remove(file);
	}
	return rmdir(fake_folder);
}

/* ---- making it happen ---- */

static inline struct earshot_value *
fake_params(const char *peer)
{
	struct earshot_value *params = earshot_value_object();
	earshot_value_set_str(params, "peer", peer);
	return params;
}

static inline struct earshot_value *
fake_params2(const char *peer, const char *key, const char *value)
{
	struct earshot_value *params = fake_params(peer);
	earshot_value_set_str(params, key, value);
	return params;
}

/* By a connection of its own, which is over when it returns. */
static inline int
fake_do(const char *method, struct earshot_value *params)
{
	struct earshot *c = NULL;
	int err = earshot_connect(fake_path, "test", 0, &c);
	if (err) {
		earshot_value_free(params);
		return err;
	}
	err = earshot_call(c, method, params, 20000, NULL);
	earshot_close(c);
	return err;
}

#endif
