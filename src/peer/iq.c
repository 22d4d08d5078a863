#include "peer/iq.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/random.h"
#include "base/str.h"
#include "peer/roster.h"
#include "xml/elem.h"
#include "xml/ns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct iq_pending {
	struct list of_person, of_roster;
	struct person *person;
	char id[RANDOM_ID_SIZE]; /* of old clients' sessions too, which are ours to name */
	uint64_t deadline;
	iq_answer *answer;
	void *ctx;
};

static void
take_out(struct iq_pending *q)
{
	list_remove(&q->of_person);
	list_remove(&q->of_roster);
	q->person->iq_count--;
}

static void
finish(struct iq_pending *q, int err, const struct xml_elem *payload)
{
	take_out(q);
	q->answer(q->ctx, q->person, err, payload);
	free(q);
}

/* The roster's list is ordered by deadline; most requests have the same timeout, so the place
 * is nearly always the end. */
static void
insert_by_deadline(struct roster *r, struct iq_pending *q)
{
	struct list *at = &r->waiting;
	while (at->prev != &r->waiting &&
	       container_of(at->prev, struct iq_pending, of_roster)->deadline > q->deadline)
		at = at->prev;
	list_insert(at, &q->of_roster);
}

struct question {
	const char *id; /* NULL: any */
	const char *type, *ns, *name;
	const char *attr, *value; /* of the payload; value NULL: it has none */
	const char *text;         /* inside of it, or NULL */
	void (*write)(struct xml_writer *w, const void *from); /* or this, or NULL */
	const void *from;
};

static int
ask(struct person *p, const struct question *question, unsigned timeout, iq_answer *answer,
    void *ctx)
{
	if (p->iq_count >= LIMIT_IQ_PENDING ||
	    (question->id && strlen(question->id) >= RANDOM_ID_SIZE))
		return ERR_TOO_BIG;
	struct iq_pending *q = calloc(1, sizeof(*q));
	if (!q)
		return -ENOMEM;
	if (question->id)
		(void)!str_copy(q->id, sizeof(q->id), question->id);
	else
		random_id(q->id);
	q->person = p;
	q->answer = answer;
	q->ctx = ctx;
	q->deadline = clock_now() + timeout;

	struct buf stanza = BUF_INIT(LIMIT_STANZA);
	struct xml_writer w = xml_writer_to(&stanza);
	xml_open(&w, NULL, "iq");
	xml_attr(&w, "from", p->roster->own_name);
	xml_attr(&w, "to", p->instance);
	xml_attr(&w, "type", question->type);
	xml_attr(&w, "id", q->id);
	xml_open(&w, question->ns, question->name);
	xml_attr(&w, question->attr, question->value);
	if (question->text)
		xml_text(&w, question->text);
	if (question->write)
		question->write(&w, question->from);
	xml_close(&w);
	xml_close(&w);
	int err = person_send(p, &stanza, NULL, NULL);
	buf_finish(&stanza);
	if (err) {
		free(q);
		return err;
	}
	list_insert(&p->iqs, &q->of_person);
	p->iq_count++;
	insert_by_deadline(p->roster, q);
	roster_need_tick(p->roster);
	return 0;
}

int
iq_request(struct person *p, const char *ns, const char *name, const char *node, unsigned timeout,
    iq_answer *answer, void *ctx)
{
	const struct question q = {
	    .type = "get", .ns = ns, .name = name, .attr = "node", .value = node};
	return ask(p, &q, timeout, answer, ctx);
}

int
iq_tell(struct person *p, const char *ns, const char *name, const char *stage, const char *text,
    iq_answer *answer, void *ctx)
{
	const struct question q = {
	    .type = "set", .ns = ns, .name = name, .attr = "stage", .value = stage, .text = text};
	return ask(p, &q, IQ_TIMEOUT, answer, ctx);
}

int
iq_put(struct person *p, const char *ns, const char *name,
    void (*write)(struct xml_writer *w, const void *from), const void *from, iq_answer *answer,
    void *ctx)
{
	const struct question q = {
	    .type = "set", .ns = ns, .name = name, .write = write, .from = from};
	return ask(p, &q, IQ_TIMEOUT, answer, ctx);
}

int
iq_put_as(struct person *p, const char *id, const char *ns, const char *name,
    void (*write)(struct xml_writer *w, const void *from), const void *from, unsigned timeout,
    iq_answer *answer, void *ctx)
{
	const struct question q = {
	    .id = id, .type = "set", .ns = ns, .name = name, .write = write, .from = from};
	return ask(p, &q, timeout, answer, ctx);
}

void
iq_forget(struct person *p, const char *id)
{
	LIST_FOREACH (node, &p->iqs) {
		struct iq_pending *q = container_of(node, struct iq_pending, of_person);
		if (!str_equal(q->id, id))
			continue;
		take_out(q);
		free(q);
		return;
	}
}

static void
begin(struct iq_reply *r, const struct inbound *in, const char *type)
{
	r->stanza = BUF_INIT(LIMIT_STANZA);
	r->w = xml_writer_to(&r->stanza);
	xml_open(&r->w, NULL, "iq");
	xml_attr(&r->w, "from", in->from->roster->own_name);
	xml_attr(&r->w, "to", in->from->instance);
	xml_attr(&r->w, "type", type);
	xml_attr(&r->w, "id", xml_elem_attr(in->stanza, "id"));
}

void
iq_reply_begin(struct iq_reply *r, const struct inbound *in)
{
	begin(r, in, "result");
}

void
iq_reply_begin_error(struct iq_reply *r, const struct inbound *in)
{
	begin(r, in, "error");
}

int
iq_reply_send(struct iq_reply *r, const struct inbound *in)
{
	xml_close(&r->w);
	int err = inbound_answer(in, &r->stanza);
	buf_finish(&r->stanza);
	return err;
}

int
iq_reply_empty(const struct inbound *in)
{
	struct iq_reply r;
	iq_reply_begin(&r, in);
	return iq_reply_send(&r, in);
}

int
iq_reply_error(const struct inbound *in, const char *type, const char *condition)
{
	struct iq_reply r;
	iq_reply_begin_error(&r, in);
	xml_open(&r.w, NULL, "error");
	xml_attr(&r.w, "type", type);
	xml_empty(&r.w, NS_STANZA_ERR, condition);
	xml_close(&r.w);
	return iq_reply_send(&r, in);
}

int
iq_get(struct person *p, const char *ns, const char *name,
    void (*write)(struct xml_writer *w, const void *from), const void *from, iq_answer *answer,
    void *ctx)
{
	const struct question q = {
	    .type = "get", .ns = ns, .name = name, .write = write, .from = from};
	return ask(p, &q, IQ_TIMEOUT, answer, ctx);
}

static int
error_of(const struct xml_elem *stanza)
{
	const struct xml_elem *error = xml_elem_child(stanza, NS_CLIENT, "error");
	if (error && (xml_elem_child(error, NS_STANZA_ERR, "service-unavailable") ||
			 xml_elem_child(error, NS_STANZA_ERR, "feature-not-implemented") ||
			 xml_elem_child(error, NS_STANZA_ERR, "item-not-found")))
		return ERR_UNSUPPORTED;
	if (error && xml_elem_child(error, NS_STANZA_ERR, "not-authorized"))
		return ERR_TRUST;
	return ERR_PROTO;
}

void
iq_settle(const struct inbound *in)
{
	const char *id = xml_elem_attr(in->stanza, "id");
	bool failed = str_equal(xml_elem_attr(in->stanza, "type"), "error");
	LIST_FOREACH (node, &in->from->iqs) {
		struct iq_pending *q = container_of(node, struct iq_pending, of_person);
		if (!str_equal(q->id, id))
			continue;
		if (failed)
			finish(q, error_of(in->stanza), NULL);
		else
			finish(q, 0, xml_elem_child(in->stanza, NULL, NULL));
		return;
	}
}

void
iq_move(struct person *from, struct person *to)
{
	LIST_FOREACH (node, &from->iqs) {
		container_of(node, struct iq_pending, of_person)->person = to;
		list_remove(node);
		list_insert(&to->iqs, node);
	}
	to->iq_count += from->iq_count;
	from->iq_count = 0;
}

void
iq_fail_all(struct person *p, int err)
{
	LIST_FOREACH (node, &p->iqs)
		finish(container_of(node, struct iq_pending, of_person), err, NULL);
}

bool
iq_tick(struct roster *r, uint64_t now)
{
	LIST_FOREACH (node, &r->waiting) {
		struct iq_pending *q = container_of(node, struct iq_pending, of_roster);
		if (q->deadline > now)
			return true;
		finish(q, -ETIMEDOUT, NULL);
	}
	return false;
}
