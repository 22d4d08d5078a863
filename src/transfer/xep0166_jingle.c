#include "transfer/xep0166_jingle.h"

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "peer/iq.h"
#include "peer/person.h"
#include "peer/roster.h"
#include "transfer/socks5.h"
#include "xml/elem.h"
#include "xml/ns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct jingle {
	struct list sessions;
	struct socks5_server *server; /* owned; NULL: not wanted yet */
};

/* ---- sessions ---- */

static void
free_when_idle(struct jingle_session *s)
{
	if (s->state == JINGLE_OVER && !s->asked)
		free(s);
}

static struct jingle_session *
find(const struct person *p, const char *sid)
{
	const struct jingle *j = p->roster->jingle;
	LIST_FOREACH (node, &j->sessions) {
		struct jingle_session *s = container_of(node, struct jingle_session, node);
		if (s->person == p && strcmp(s->sid, sid) == 0)
			return s;
	}
	return NULL;
}

struct jingle_session *
jingle_find(struct person *p, bool (*fits)(const struct jingle_session *s, const void *what),
    const void *what)
{
	const struct jingle *j = p->roster->jingle;
	LIST_FOREACH (node, &j->sessions) {
		struct jingle_session *s = container_of(node, struct jingle_session, node);
		if (s->person == p && fits(s, what))
			return s;
	}
	return NULL;
}

static size_t
count_of(const struct person *p)
{
	const struct jingle *j = p->roster->jingle;
	size_t count = 0;
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): what drop() freed is off the list */
	LIST_FOREACH (node, &j->sessions)
		count += container_of(node, struct jingle_session, node)->person == p;
	return count;
}

static int
create(struct person *p, const struct jingle_app *app, bool initiator, const char *sid,
    const char *content, struct jingle_session **out)
{
	struct jingle *j = p->roster->jingle;
	if (!j)
		return ERR_UNSUPPORTED;
	if (count_of(p) >= LIMIT_SESSIONS_OF)
		return ERR_TOO_BIG;
	struct jingle_session *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	*s = (struct jingle_session){.person = p, .app = app, .initiator = initiator};
	int err = str_copy(s->sid, sizeof(s->sid), sid);
	if (!err)
		err = str_copy(s->content, sizeof(s->content), content);
	if (err) {
		free(s);
		return err;
	}
	list_insert(&j->sessions, &s->node);
	*out = s;
	return 0;
}

int
jingle_begin(struct person *p, const struct jingle_app *app, const char *sid, const char *content,
    void *user, struct jingle_session **out)
{
	int err = create(p, app, true, sid, content, out);
	if (!err)
		(*out)->user = user;
	return err;
}

static void
drop(struct jingle_session *s)
{
	list_remove(&s->node);
	s->state = JINGLE_OVER;
	s->user = NULL;
	free_when_idle(s);
}

/* By them, or by what happens. */
static void
over(struct jingle_session *s, const struct jingle_reason *reason, int err)
{
	s->asked++; /* it stays until the call is over */
	list_remove(&s->node);
	s->app->on_end(s, reason, err);
	s->asked--;
	drop(s);
}

struct socks5_server *
jingle_server(struct roster *r)
{
	struct jingle *j = r->jingle;
	if (!j->server) {
		int err = socks5_server_create(r->loop, &j->server);
		if (err)
			log_warn(NULL, "nobody can connect for files: %s", err_str(err));
	}
	return j->server;
}

/* ---- what we say ---- */

struct saying {
	const struct person *person;
	const char *action, *sid;
	const char *initiator, *responder; /* NULL: not said */
	void (*write)(struct xml_writer *w, const void *from);
	const void *from;
};

static void
write_saying(struct xml_writer *w, const void *from)
{
	const struct saying *say = from;
	xml_attr(w, "action", say->action);
	xml_attr(w, "initiator", say->initiator);
	xml_attr(w, "responder", say->responder);
	xml_attr(w, "sid", say->sid);
	if (say->write)
		say->write(w, say->from);
}

static void
on_answer(void *ctx, struct person *p, int err, const struct xml_elem *payload)
{
	struct jingle_session *s = ctx;
	(void)payload;
	s->asked--;
	if (s->state == JINGLE_OVER) {
		free_when_idle(s);
	} else if (err) {
		log_info(p->name, "a session for a file is over: %s", err_str(err));
		over(s, NULL, err);
	}
}

int
jingle_say(struct jingle_session *s, const char *action,
    void (*write)(struct xml_writer *w, const void *from), const void *from)
{
	struct person *p = s->person;
	struct saying say = {
	    .person = p, .action = action, .sid = s->sid, .write = write, .from = from};
	if (s->initiator)
		say.initiator = p->roster->own_name;
	else if (strcmp(action, "session-accept") == 0)
		say.responder = p->roster->own_name;
	int err = iq_put(p, NS_JINGLE, "jingle", write_saying, &say, on_answer, s);
	if (!err)
		s->asked++;
	return err;
}

void
jingle_open_content(const struct jingle_session *s, struct xml_writer *w)
{
	xml_open(w, NULL, "content");
	xml_attr(w, "creator", "initiator");
	xml_attr(w, "name", s->content);
	xml_attr(w, "senders", "initiator");
}

static void
write_reason(struct xml_writer *w, const void *from)
{
	const struct jingle_reason *reason = from;
	xml_open(w, NULL, "reason");
	xml_empty(w, NULL, reason->condition);
	if (reason->text)
		xml_leaf(w, NULL, "text", reason->text);
	if (reason->detail)
		xml_empty(w, NS_TRANSFER, reason->detail);
	xml_close(w);
}

static void
on_farewell(void *ctx, struct person *p, int err, const struct xml_elem *payload)
{
	(void)ctx;
	(void)p;
	(void)err;
	(void)payload;
}

/* Whether they still know the session does not matter: it is over. */
static void
say_end(struct person *p, const char *sid, const struct jingle_reason *reason)
{
	const struct saying say = {.person = p,
	    .action = "session-terminate",
	    .sid = sid,
	    .write = write_reason,
	    .from = reason};
	int err = iq_put(p, NS_JINGLE, "jingle", write_saying, &say, on_farewell, NULL);
	if (err)
		log_debug(p->name, "not told that a session is over: %s", err_str(err));
}

void
jingle_end(struct jingle_session *s, const struct jingle_reason *reason)
{
	if (!s || s->state == JINGLE_OVER)
		return;
	if (reason)
		say_end(s->person, s->sid, reason);
	drop(s);
}

/* ---- what they say ---- */

/* An error with a condition of Jingle's own (§10 there); special NULL: none. */
static int
refuse(const struct inbound *in, const char *type, const char *condition, const char *special)
{
	struct buf stanza = BUF_INIT(LIMIT_STANZA);
	struct xml_writer w = xml_writer_to(&stanza);
	xml_open(&w, NULL, "iq");
	xml_attr(&w, "from", in->from->roster->own_name);
	xml_attr(&w, "to", in->from->instance);
	xml_attr(&w, "type", "error");
	xml_attr(&w, "id", xml_elem_attr(in->stanza, "id"));
	xml_open(&w, NULL, "error");
	xml_attr(&w, "type", type);
	xml_empty(&w, NS_STANZA_ERR, condition);
	if (special)
		xml_empty(&w, NS_JINGLE_ERRORS, special);
	xml_close(&w);
	xml_close(&w);
	int err = inbound_answer(in, &stanza);
	buf_finish(&stanza);
	return err;
}

static int
refuse_order(const struct inbound *in)
{
	return refuse(in, "wait", "unexpected-request", "out-of-order");
}

static int
refuse_shape(const struct inbound *in)
{
	return refuse(in, "modify", "bad-request", NULL);
}

/* The one content; NULL if there is none or more than one. */
static const struct xml_elem *
content_of(const struct inbound *in)
{
	const struct xml_elem *found = NULL;
	XML_FOREACH (child, in->payload) {
		if (!xml_elem_is(child, NS_JINGLE, "content"))
			continue;
		if (found)
			return NULL;
		found = child;
	}
	const char *name = found ? xml_elem_attr(found, "name") : NULL;
	return name && name[0] && strlen(name) <= LIMIT_SESSION_ID ? found : NULL;
}

static const struct xml_elem *
part_of(const struct xml_elem *content, const char *name)
{
	return xml_elem_child(content, NULL, name);
}

static int
hear_initiate(const struct inbound *in, struct jingle_session *known)
{
	const struct xml_elem *content = content_of(in);
	const char *sid = xml_elem_attr(in->payload, "sid");
	if (known && known->initiator)
		return refuse(in, "cancel", "conflict", "tie-break");
	if (!content || !part_of(content, "description") || !part_of(content, "transport"))
		return refuse_shape(in);
	const char *name = xml_elem_attr(content, "name");
	if (known && strcmp(known->content, name) == 0)
		return iq_reply_empty(in); /* heard twice: it went over two streams */
	if (known)
		over(known, NULL, ERR_CLOSED); /* they begin again */
	const struct jingle_app *app = jingle_app_of(part_of(content, "description")->ns);
	struct jingle_session *s;
	int err = create(in->from, app, false, sid, name, &s);
	if (err == ERR_TOO_BIG)
		return refuse(in, "wait", "resource-constraint", NULL);
	if (err)
		return err;
	err = iq_reply_empty(in);
	if (err || !app)
		jingle_end(s, &(struct jingle_reason){.condition = "unsupported-applications"});
	else
		app->on_initiate(s, content);
	return err;
}

static int
hear_accept(const struct inbound *in, struct jingle_session *s)
{
	const struct xml_elem *content = content_of(in);
	if (!content || !part_of(content, "description") || !part_of(content, "transport"))
		return refuse_shape(in);
	if (s->initiator && s->state == JINGLE_ACTIVE)
		return iq_reply_empty(in); /* twice */
	if (!s->initiator || strcmp(xml_elem_attr(content, "name"), s->content) != 0)
		return refuse_order(in);
	int err = iq_reply_empty(in);
	s->state = JINGLE_ACTIVE;
	s->app->on_accept(s, content);
	return err;
}

static int
hear_transport(const struct inbound *in, struct jingle_session *s)
{
	const struct xml_elem *content = content_of(in);
	const struct xml_elem *transport = content ? part_of(content, "transport") : NULL;
	if (!transport)
		return refuse_shape(in);
	if (strcmp(xml_elem_attr(content, "name"), s->content) != 0)
		return refuse_order(in);
	const char *action = xml_elem_attr(in->payload, "action");
	if (s->state != JINGLE_ACTIVE && strcmp(action, "transport-info") != 0)
		return refuse_order(in);
	int err = iq_reply_empty(in);
	if (!s->app->on_transport(s, action, transport))
		log_info(in->from->name, "a %s made no sense", action);
	return err;
}

static int
hear_info(const struct inbound *in, struct jingle_session *s)
{
	const struct xml_elem *info = xml_elem_child(in->payload, NULL, NULL);
	if (info && !s->app->on_info(s, info))
		return refuse(in, "modify", "feature-not-implemented", "unsupported-info");
	return iq_reply_empty(in); /* empty: are you there (§6.8)? */
}

static void
read_reason(const struct xml_elem *jingle, struct jingle_reason *out)
{
	const struct xml_elem *reason = xml_elem_child(jingle, NS_JINGLE, "reason");
	*out = (struct jingle_reason){0};
	if (!reason)
		return;
	XML_FOREACH (child, reason) {
		if (xml_elem_is(child, NS_JINGLE, "text"))
			out->text = child->text;
		else if (strcmp(child->ns, NS_JINGLE) == 0 && !out->condition)
			out->condition = child->name;
		else if (strcmp(child->ns, NS_TRANSFER) == 0 && !out->detail)
			out->detail = child->name;
	}
}

static int
hear_terminate(const struct inbound *in, struct jingle_session *s)
{
	struct jingle_reason reason;
	int err = iq_reply_empty(in);
	read_reason(in->payload, &reason);
	over(s, &reason, 0);
	return err;
}

/* Only what we have agreed upon: there is one content, and it stays. */
static int
hear_addition(const struct inbound *in, struct jingle_session *s)
{
	(void)s;
	return refuse(in, "cancel", "feature-not-implemented", NULL);
}

static int
hear_nothing(const struct inbound *in, struct jingle_session *s)
{
	(void)s;
	return iq_reply_empty(in);
}

static const struct {
	const char *name;
	int (*hear)(const struct inbound *in, struct jingle_session *s);
} actions[] = {
    {"session-accept", hear_accept},
    {"session-info", hear_info},
    {"session-terminate", hear_terminate},
    {"transport-info", hear_transport},
    {"transport-replace", hear_transport},
    {"transport-accept", hear_transport},
    {"transport-reject", hear_transport},
    {"content-remove", hear_terminate}, /* of the only one */
    {"content-add", hear_addition},
    {"content-modify", hear_addition},
    {"content-accept", hear_nothing},
    {"content-reject", hear_nothing},
    {"description-info", hear_nothing},
    {"security-info", hear_nothing},
};

static int
answer(const struct inbound *in)
{
	const char *action = xml_elem_attr(in->payload, "action");
	const char *sid = xml_elem_attr(in->payload, "sid");
	if (!action || str_empty(sid) || strlen(sid) > LIMIT_SESSION_ID)
		return refuse_shape(in);
	struct jingle_session *s = find(in->from, sid);
	if (strcmp(action, "session-initiate") == 0)
		return hear_initiate(in, s);
	for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
		if (strcmp(actions[i].name, action) != 0)
			continue;
		if (!s)
			return refuse(in, "cancel", "item-not-found", "unknown-session");
		return actions[i].hear(in, s);
	}
	return refuse_shape(in);
}

/* ---- people ---- */

static void
on_event(void *ctx, const struct bus_event *e)
{
	struct roster *r = ctx;
	struct jingle *j = r->jingle;
	bool freed = e->kind == BUS_PERSON_FREED;
	bool alone = e->kind == BUS_STREAM_DOWN && e->person->stream_count == 0;
	if (!freed && !alone && e->kind != BUS_PERSON_MERGED)
		return;
	const struct person *who = freed || alone ? e->person : e->other;
	LIST_FOREACH (node, &j->sessions) {
		struct jingle_session *s = container_of(node, struct jingle_session, node);
		if (s->person != who)
			continue;
		if (freed)
			over(s, NULL, ERR_ABSENT);
		else
			s->app->on_alone(s);
	}
	if (e->kind != BUS_PERSON_MERGED)
		return;
	LIST_FOREACH (left, &j->sessions) {
		struct jingle_session *s = container_of(left, struct jingle_session, node);
		if (s->person == who)
			s->person = e->person;
	}
}

static void
finish(void *ctx)
{
	struct roster *r = ctx;
	struct jingle *j = r->jingle;
	LIST_FOREACH (node, &j->sessions)
		over(container_of(node, struct jingle_session, node), NULL, -ECANCELED);
	socks5_server_close(j->server);
	free(j);
	r->jingle = NULL;
}

static int
start(struct roster *r)
{
	struct jingle *j = calloc(1, sizeof(*j));
	if (!j)
		return -ENOMEM;
	list_init(&j->sessions);
	r->jingle = j;
	int err = bus_listen(&r->bus, on_event, finish, r);
	if (err)
		finish(r);
	return err;
}

FEATURE_DEFINE(jingle) = {
    .name = "jingle",
    .disco = (const char *const[]){NS_JINGLE, NS_JINGLE_S5B, NS_JINGLE_IBB, NULL},
    .handlers =
	(const struct payload_handler[]){
	    {IQ_SET, NS_JINGLE, "jingle", answer},
	    {0},
	},
    .start = start,
};
