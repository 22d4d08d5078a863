/* What one can do with messages. */
#include "base/clock.h"
#include "base/limits.h"
#include "base/str.h"
#include "base/tr.h"
#include "base/utf8.h"
#include "front/model.h"
#include "front/picture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
make_token(char token[RANDOM_ID_SIZE])
{
	random_id_ordered(token, clock_wall());
}

/* ---- saying ---- */

static struct message *
find_waiting(const struct person *p, const char *token)
{
	for (size_t i = p->p.count; i > 0; i--) {
		struct message *m = message_of(p->p.messages[i - 1]);
		if (m->token[0] && strcmp(m->token, token) == 0)
			return m;
	}
	return NULL;
}

/* The daemon's answer to what was said: it is one message from now on. */
static void
becomes_known(struct person *p, struct message *m, const struct earshot_value *answer)
{
	struct draft d;
	draft_begin(&d, &p->f->scratch);
	draft_keep(&d, m);
	draft_raw(&d, WORD_ID, earshot_value_str(answer, "id"));
	if (earshot_value_has(answer, "trust"))
		draft_name(&d, WORD_TRUST, earshot_value_str(answer, "trust"));
	if (draft_finish(&d, m))
		return; /* it stays as it is until it is loaded anew */
	m->token[0] = '\0';
	m->m.number = earshot_value_int(answer, "number", 0);
	m->m.mark = mark_of(earshot_value_str(answer, "state"));
	p->p.queued += m->m.mark == FRONT_QUEUED;
	if (m->m.time > p->p.last)
		p->p.last = m->m.time;
	touch(p);
	conversation_moved(p, m, m->m.number, true);
}

static void
is_refused(struct person *p, struct message *m, int err, const struct earshot_value *answer)
{
	struct draft d;
	draft_begin(&d, &p->f->scratch);
	draft_keep(&d, m);
	draft_name(&d, WORD_REASON, earshot_error_message(err, answer));
	(void)!draft_finish(&d, m); /* without memory no reason is shown */
	m->token[0] = '\0';
	m->m.mark = FRONT_FAILED;
	conversation_moved(p, m, conversation_newest(p), false);
}

static void
answered(struct person *p)
{
	p->waiting--;
	person_changed(p);
	if (p->waiting == 0)
		events_release(p);
}

static void
on_said(struct person *p, const char *token, int err, const struct earshot_value *answer)
{
	struct message *m = find_waiting(p, token);
	if (m && err) {
		is_refused(p, m, err, answer);
		refuse_error(p->f, p, err, answer);
	} else if (m && conversation_number(p, earshot_value_int(answer, "number", 0)))
		conversation_remove(p, m); /* the history had it already */
	else if (m)
		becomes_known(p, m, answer);
	answered(p);
}

static struct message *
make_message(struct person *p, const char *text, const struct front_message *reply)
{
	struct message *m = calloc(1, sizeof(*m));
	struct draft d;
	if (!m)
		return NULL;
	m->m.action = strncmp(text, "/me ", 4) == 0;
	draft_begin(&d, &p->f->scratch);
	draft_body(&d, WORD_TEXT, m->m.action ? text + 4 : text);
	draft_raw(&d, WORD_TRUST, p->p.trust);
	if (reply) {
		draft_raw(&d, WORD_REPLY, reply->id);
		draft_quote(&d, reply->text);
	}
	if (draft_finish(&d, m)) {
		free(m);
		return NULL;
	}
	m->m.ours = true;
	m->m.mark = FRONT_SENDING;
	m->m.time = clock_wall();
	m->place = INT64_MAX;
	return m;
}

static void
show(struct person *p, void *arg)
{
	int64_t at = conversation_insert(p, arg);
	if (at >= 0)
		TELL(p->f, on_message, &p->p, (size_t)at);
}

static void
drop(void *message)
{
	message_free(message);
}

/* What no call can carry must not stand in the way of all that is said after it. */
static bool
fits(struct person *p, const char *text)
{
	size_t len = strlen(text);
	if (len > LIMIT_MESSAGE_TEXT)
		refuse(p->f, p, tr("This is too long for one message. Send it as a file."));
	else if (!utf8_valid(text, len))
		refuse(p->f, p, earshot_strerror(EARSHOT_ERR_INVALID));
	else
		return true;
	return false;
}

void
front_say(struct front *f, struct front_person *person, const char *text,
    const struct front_message *reply)
{
	struct person *p = person_of(person);
	if (!fits(p, text))
		return;
	struct message *m = make_message(p, text, reply && *reply->id ? reply : NULL);
	if (!m) {
		refuse(f, p, earshot_strerror(EARSHOT_ERR_MEMORY));
		return;
	}
	char token[RANDOM_ID_SIZE];
	make_token(token);
	memcpy(m->token, token, sizeof(token));
	front_open(f, person);
	struct earshot_value *params = params_of(p);
	earshot_value_set_str(params, "text", text);
	if (m->m.reply)
		earshot_value_set_str(params, "reply", m->m.reply);
	typing_said(p);
	if (keep_asking(p, "send", params, token, on_said)) {
		message_free(m);
		return;
	}
	p->waiting++;
	if (later(p, show, m, drop))
		refuse(f, p, earshot_strerror(EARSHOT_ERR_MEMORY)); /* it is said, not shown */
}

/* ---- changing what was said ---- */

static void
on_changed(struct person *p, const char *token, int err, const struct earshot_value *answer)
{
	(void)token;
	if (err)
		refuse_error(p->f, p, err, answer);
}

/* NULL: nothing can be said about this message, which is told. */
static struct earshot_value *
about(struct person *p, const struct front_message *m)
{
	if (m->mark == FRONT_SENDING)
		refuse(p->f, p,
		    tr("This message has not been taken by Earshot yet. Try again in a moment."));
	else if (!*m->id)
		refuse(p->f, p,
		    tr("Their program gave this message no name, so nothing can be said about "
		       "it."));
	if (m->mark == FRONT_SENDING || !*m->id)
		return NULL;
	struct earshot_value *params = params_of(p);
	earshot_value_set_str(params, "id", m->id);
	return params;
}

static void
change(struct person *p, const char *method, struct earshot_value *params)
{
	char token[RANDOM_ID_SIZE];
	make_token(token);
	(void)!keep_asking(p, method, params, token, on_changed); /* what it says was told */
}

void
front_edit(
    struct front *f, struct front_person *person, const struct front_message *m, const char *text)
{
	struct earshot_value *params =
	    fits(person_of(person), text) ? about(person_of(person), m) : NULL;
	(void)f;
	if (!params)
		return;
	earshot_value_set_str(params, "text", text);
	typing_said(person_of(person));
	change(person_of(person), "edit", params);
}

void
front_retract(struct front *f, struct front_person *person, const struct front_message *m)
{
	struct earshot_value *params = about(person_of(person), m);
	(void)f;
	if (params)
		change(person_of(person), "retract", params);
}

void
front_react(struct front *f, struct front_person *person, const struct front_message *m,
    const char *reactions)
{
	struct earshot_value *params =
	    fits(person_of(person), reactions) ? about(person_of(person), m) : NULL;
	(void)f;
	if (!params)
		return;
	struct earshot_value *all = earshot_value_array();
	for (reactions += strspn(reactions, " "); *reactions; reactions += strspn(reactions, " ")) {
		struct buf one = BUF_INIT(LIMIT_REACTION);
		size_t len = strcspn(reactions, " ");
		buf_add(&one, reactions, len);
		earshot_value_append_str(all, buf_cstr(&one));
		buf_finish(&one);
		reactions += len;
	}
	earshot_value_set(params, "reactions", all);
	change(person_of(person), "react", params);
}

static void
on_cancelled(
    struct front *f, struct person *p, uint64_t number, int err, const struct earshot_value *answer)
{
	(void)number;
	if (err)
		refuse_error(f, p, err, answer);
}

static void
show_cancelled(struct person *p, void *token)
{
	struct message *m = find_waiting(p, token);
	free(token);
	if (m) {
		m->token[0] = '\0';
		m->m.mark = FRONT_CANCELLED;
		m->m.version++;
		conversation_moved(p, m, conversation_newest(p), false);
	}
	answered(p);
}

void
front_cancel(struct front *f, struct front_person *person, const struct front_message *m)
{
	struct person *p = person_of(person);
	const struct message *waiting = (const void *)m; /* its first member */
	if (m->mark == FRONT_SENDING && kept_drop(f, waiting->token)) {
		char *token = strdup(waiting->token);
		if (!token || later(p, show_cancelled, token, free))
			refuse(f, p, earshot_strerror(EARSHOT_ERR_MEMORY));
		return;
	}
	struct earshot_value *params = about(p, m);
	int err = params ? ask(f, "cancel", params, on_cancelled, p, 0) : 0;
	if (err)
		refuse_error(f, p, err, NULL);
}

/* ---- seen ---- */

static void see(struct person *p);

static void
on_seen(
    struct front *f, struct person *p, uint64_t number, int err, const struct earshot_value *answer)
{
	(void)f;
	(void)number;
	(void)answer; /* the event tells what it came to */
	if (!p)
		return;
	p->seeing = false;
	if (err == EARSHOT_ERR_CUT_OFF)
		p->see_again = true;
	else if (p->see_again)
		see(p);
}

/* Up to the newest that is known here: what comes later has not been seen. */
static void
see(struct person *p)
{
	if (!p->f->up || p->seeing || p->p.unread == 0)
		return;
	struct earshot_value *params = params_of(p);
	for (size_t i = p->p.count; i > 0 && p->loaded; i--) {
		const struct front_message *m = p->p.messages[i - 1];
		if (m->ours)
			continue;
		earshot_value_set_str(params, "id", *m->id ? m->id : NULL);
		break;
	}
	p->see_again = false;
	p->seeing = ask(p->f, "seen", params, on_seen, p, 0) == 0;
}

void
front_seen(struct front *f, struct front_person *person)
{
	struct person *p = person_of(person);
	(void)f;
	if (p->p.unread == 0)
		return;
	p->see_again = true;
	see(p);
}

void
seen_repeat(struct front *f)
{
	for (size_t i = 0; i < f->order_count; i++)
		if (person_of(f->order[i])->see_again)
			see(person_of(f->order[i]));
}

/* ---- files ---- */

static void
on_sent(
    struct front *f, struct person *p, uint64_t number, int err, const struct earshot_value *answer)
{
	(void)number;
	if (err)
		refuse_error(f, p, err, answer);
}

void
front_send_file(struct front *f, struct front_person *person, int fd, const char *name)
{
	struct person *p = person_of(person);
	struct earshot_value *params = params_of(p);
	earshot_value_set_str(params, "name", name);
	picture_describe(params, fd);
	int err = earshot_keeper_attach_fd(f->keeper, fd);
	if (err)
		earshot_value_free(params);
	else
		err = ask(f, "send-file", params, on_sent, p, 0);
	if (err)
		refuse_error(f, p, err, NULL);
}
