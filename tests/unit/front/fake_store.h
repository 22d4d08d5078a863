/* What the daemon of the tests of front/ knows: a small history in memory that it shares with the
 * test, so that it outlives the process that serves it. */
#ifndef TESTS_FRONT_FAKE_STORE_H
#define TESTS_FRONT_FAKE_STORE_H

#include "base/clock.h"
#include "base/limits.h"
#include "ipc/ipc.h"
#include "wire/rpc.h"
#include <earshot.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FAKE_MESSAGES = 300000, FAKE_EVENTS = 600000, FAKE_PEOPLE = 512, FAKE_FILES = 64 };

struct fake_person {
	char name[64], display[64], state[16], trust[16], status[16];
	bool forgotten; /* nobody knows them any more */
};

struct fake_message {
	int64_t number, time;
	int person;
	bool ours, edited, retracted;
	char state[16], id[24], reply[24], token[40], text[100], theirs[16], ours_too[16];
};

struct fake_event {
	const char *topic; /* static, at the same place in both processes */
	int64_t number;
	int message; /* -1: none */
	bool by_us;
	char word[16]; /* state, reaction */
	int person;
};

struct fake_file {
	char id[16], transfer[24], state[16];
	int person;
	int64_t done;
};

struct fake_store {
	int64_t last; /* number */
	int messages, events, people, files;
	int serving;                  /* how often a daemon has begun */
	int sends;                    /* calls of "send" */
	int histories, conversations; /* how often these were asked for */
	bool late_counts;  /* "conversations" is answered after the next "says", as it was before */
	int unknown_sends; /* so many of "send" are to somebody it has not met yet */
	bool mute_send;    /* "send" is done and not answered */
	struct fake_person person[FAKE_PEOPLE];
	struct fake_file file[FAKE_FILES];
	struct fake_message message[FAKE_MESSAGES];
	struct fake_event event[FAKE_EVENTS];
};

static struct fake_store *fake;
static struct ipc_server *fake_server;
static char fake_folder[64], fake_path[96];
static pid_t fake_pid;

/* ---- what it tells ---- */

static inline struct value *
fake_describe_person(const struct fake_person *p)
{
	struct value *v = value_object(), *via = value_array();
	value_set_str(v, "name", p->name);
	value_set_str(v, "display", p->display);
	value_set_str(v, "state", p->state);
	value_set_str(v, "status", p->status);
	value_set_str(v, "trust", p->trust);
	value_set_str(v, "client", "Earshot");
	value_append_str(via, "mdns");
	value_set(v, "via", via);
	return v;
}

static inline void
fake_about(struct value *v, int person)
{
	value_set_str(v, "peer", fake->person[person].name);
	value_set_str(v, "display", fake->person[person].display);
	value_set_str(v, "trust", fake->person[person].trust);
}

static inline struct value *
fake_reactions(const char *one)
{
	struct value *all = value_array();
	if (*one)
		value_append_str(all, one);
	return all;
}

static inline const struct fake_message *
fake_by_id(int person, const char *id)
{
	for (int i = fake->messages; i > 0; i--)
		if (fake->message[i - 1].person == person &&
		    strcmp(fake->message[i - 1].id, id) == 0)
			return &fake->message[i - 1];
	return NULL;
}

static inline struct value *
fake_describe(const struct fake_message *m)
{
	struct value *v = value_object(), *reactions = value_object();
	value_set_int(v, "number", m->number);
	fake_about(v, m->person);
	value_set_str(v, "trust", "known");
	value_set_str(v, "direction", m->ours ? "out" : "in");
	value_set_str(v, "id", m->id);
	value_set_str(v, "text", m->text);
	value_set_bool(v, "action", false);
	value_set_int(v, "time", m->time);
	value_set_str(v, "state", m->state);
	value_set_bool(v, "retracted", m->retracted);
	if (m->edited)
		value_set_int(v, "edited", m->time);
	value_set(reactions, "theirs", fake_reactions(m->theirs));
	value_set(reactions, "ours", fake_reactions(m->ours_too));
	value_set(v, "reactions", reactions);
	if (*m->reply) {
		const struct fake_message *t = fake_by_id(m->person, m->reply);
		value_set_str(v, "reply", m->reply);
		value_set_str(v, "reply_text", t ? t->text : NULL);
	}
	return v;
}

static inline struct value *
fake_describe_event(const struct fake_event *e)
{
	const struct fake_message *m = e->message >= 0 ? &fake->message[e->message] : NULL;
	if (m && (strcmp(e->topic, "message") == 0 || strcmp(e->topic, "sent") == 0))
		return fake_describe(m);
	struct value *v = value_object();
	fake_about(v, e->person);
	if (m)
		value_set_str(v, "id", m->id);
	if (strcmp(e->topic, "receipt") == 0)
		value_set_str(v, "state", e->word);
	else if (strcmp(e->topic, "correction") == 0)
		value_set_str(v, "text", m->text);
	else if (strcmp(e->topic, "reaction") == 0)
		value_set(v, "reactions", fake_reactions(e->word));
	value_set_str(v, "by", e->by_us ? "out" : "in");
	return v;
}

static inline struct value *
fake_describe_file(const struct fake_file *file)
{
	struct value *v = value_object();
	value_set_str(v, "id", file->id);
	value_set_str(v, "transfer", file->transfer);
	fake_about(v, file->person);
	value_set_str(v, "direction", "in");
	value_set_str(v, "name", "photo.jpg");
	value_set_int(v, "size", 1000);
	value_set_int(v, "done", file->done);
	value_set_str(v, "state", file->state);
	return v;
}

static inline void
fake_happen(const char *topic, int message, int person, bool by_us, const char *word)
{
	struct fake_event *e = &fake->event[fake->events];
	bool is_message = strcmp(topic, "message") == 0 || strcmp(topic, "sent") == 0;
	*e = (struct fake_event){.topic = topic,
	    .number = is_message ? fake->message[message].number : ++fake->last,
	    .message = message,
	    .person = person,
	    .by_us = by_us};
	(void)snprintf(e->word, sizeof(e->word), "%s", word);
	fake->events++;
	ipc_publish_numbered(fake_server, topic, e->number, fake_describe_event(e));
}

/* ---- the log ---- */

static inline void
fake_place(void *ctx, struct ipc_log_ask *ask, const char *name)
{
	(void)ctx;
	(void)name;
	ipc_log_place(ask, 0, fake->last);
}

static inline void
fake_read(void *ctx, struct ipc_log_ask *ask, int64_t since, size_t limit)
{
	(void)ctx;
	struct ipc_log_event page[LIMIT_REPLAY_PAGE];
	size_t count = 0;
	int low = 0, high = fake->events;
	while (low < high) {
		int middle = (low + high) / 2;
		if (fake->event[middle].number <= since)
			low = middle + 1;
		else
			high = middle;
	}
	int64_t upto = since;
	for (; low < fake->events && count < limit && count < LIMIT_REPLAY_PAGE; low++) {
		const struct fake_event *e = &fake->event[low];
		page[count++] = (struct ipc_log_event){e->topic, e->number, fake_describe_event(e)};
		upto = e->number;
	}
	bool more = low < fake->events;
	ipc_log_page(ask, page, count, more ? upto : fake->last, more);
}

static const struct ipc_log_source fake_log = {.place = fake_place, .read = fake_read};

#endif
