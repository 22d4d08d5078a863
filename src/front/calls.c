/* What is asked of the daemon. */
#include "base/clock.h"
#include "base/limits.h"
#include "base/str.h"
#include "base/text.h"
#include "base/tr.h"
#include "front/model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	KEPT_CALLS = 1000,
	PATIENCE_MS = 15000, /* with a daemon that has yet to find the people who were here */
	AGAIN_MS = 500,
};

struct earshot_value *
params_of(const struct person *p)
{
	struct earshot_value *params = earshot_value_object();
	earshot_value_set_str(params, "peer", p->p.name);
	return params;
}

/* ---- questions of our own ---- */

struct question {
	struct front *f; /* borrowed */
	char *name;      /* owned; NULL: about nobody */
	ask_fn *fn;
	uint64_t number;
};

static void
question_free(struct question *q)
{
	free(q->name);
	free(q);
}

static void
on_answer(void *ctx, int err, const struct earshot_value *answer)
{
	struct question *q = ctx;
	if (!q->f->closing)
		q->fn(q->f, person_find(q->f, q->name), q->number, err, answer);
	question_free(q);
}

int
ask(struct front *f, const char *method, struct earshot_value *params, ask_fn *fn,
    const struct person *about, uint64_t number)
{
	struct question *q = calloc(1, sizeof(*q));
	char *name = about ? strdup(about->p.name) : NULL;
	if (!q || (about && !name)) {
		earshot_value_free(params);
		free(name);
		free(q);
		return EARSHOT_ERR_MEMORY;
	}
	*q = (struct question){f, name, fn, number};
	int err = earshot_keeper_call(f->keeper, method, params, on_answer, q);
	if (err)
		question_free(q);
	return err;
}

/* ---- what is told when the caller's call is over ---- */

struct later {
	struct list node;
	char *about;    /* owned; whom it is about, or NULL */
	char *sentence; /* owned; a refusal, or NULL */
	front_answer_fn *answer;
	void *ctx;
	int err;
	later_fn *fn;
	void *arg; /* owned */
	void (*arg_free)(void *arg);
};

static void
later_free(struct later *l)
{
	list_remove(&l->node);
	if (l->arg)
		l->arg_free(l->arg);
	free(l->about);
	free(l->sentence);
	free(l);
}

static void
later_add(struct front *f, struct later **out)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return;
	list_insert(&f->later, &(*out)->node);
	wake_at(f, clock_now());
}

int
later(struct person *p, later_fn *fn, void *arg, void (*arg_free)(void *arg))
{
	struct later *l;
	later_add(p->f, &l);
	char *about = l ? strdup(p->p.name) : NULL;
	if (!about) {
		if (l)
			later_free(l);
		if (arg)
			arg_free(arg);
		return -ENOMEM;
	}
	l->about = about;
	l->fn = fn;
	l->arg = arg;
	l->arg_free = arg_free;
	return 0;
}

void
refuse(struct front *f, const struct person *about, const char *sentence)
{
	struct later *l;
	later_add(f, &l);
	if (!l)
		return;
	l->about = about ? strdup(about->p.name) : NULL;
	l->sentence = text_clean(TEXT_NAME, sentence);
}

void
refuse_error(
    struct front *f, const struct person *about, int err, const struct earshot_value *answer)
{
	if (err == EARSHOT_ERR_NOT_RUNNING || err == EARSHOT_ERR_CUT_OFF)
		refuse(f, about, tr("Earshot is not running: this could not be done."));
	else
		refuse(f, about, earshot_error_message(err, answer));
}

void
later_due(struct front *f)
{
	/* what is added meanwhile waits for the next time */
	struct list now;
	list_init(&now);
	while (!list_empty(&f->later)) {
		struct list *node = f->later.next;
		list_remove(node);
		list_insert(&now, node);
	}
	while (!list_empty(&now)) {
		struct later *l = container_of(now.next, struct later, node);
		struct person *p = person_find(f, l->about);
		void *arg = l->arg;
		if (l->answer)
			l->answer(l->ctx, l->err, NULL);
		else if (l->fn && p) {
			l->arg = NULL;
			l->fn(p, arg);
		} else if (l->sentence)
			TELL(f, on_refusal, p ? &p->p : NULL, l->sentence);
		later_free(l);
	}
}

/* ---- what must be done once ---- */

struct kept {
	struct list node;
	struct front *f;              /* borrowed */
	char *name;                   /* owned */
	char *method;                 /* owned */
	struct earshot_value *params; /* owned */
	char token[RANDOM_ID_SIZE];
	kept_fn *fn;
	bool out;       /* on its way */
	bool waited;    /* there was no connection when it was asked, or it was lost */
	uint64_t after; /* ms; not to be asked before */
};

static void
kept_free(struct kept *k)
{
	if (k->node.next)
		k->f->kept_count--;
	list_remove(&k->node);
	earshot_value_free(k->params);
	free(k->name);
	free(k->method);
	free(k);
}

/* A daemon that has just begun anew does not know yet who is here. */
static bool
is_early(const struct kept *k, const struct earshot_value *answer)
{
	return k->waited && str_equal(earshot_error_reason(answer), "unknown") &&
	       clock_now() < k->f->up_at + PATIENCE_MS;
}

static void
on_kept(void *ctx, int err, const struct earshot_value *answer)
{
	struct kept *k = ctx;
	k->out = false;
	if (k->f->closing)
		return;
	if (err == EARSHOT_ERR_CUT_OFF) {
		k->f->kept_unsent = true; /* done or not: the token tells, next time */
		k->waited = true;
		return;
	}
	if (err && is_early(k, answer)) {
		k->f->kept_unsent = true;
		k->after = clock_now() + AGAIN_MS;
		wake_at(k->f, k->after);
		return;
	}
	list_remove(&k->node); /* what fn asks for sends all that is not on its way */
	k->f->kept_count--;
	struct person *p = person_find(k->f, k->name);
	if (p)
		k->fn(p, k->token, err, answer);
	kept_free(k);
}

/* The order is kept: what cannot go now holds up what is behind it. What waited for the connection
 * goes one by one: the first may be refused and the second not, when somebody is met in between. */
void
kept_send(struct front *f)
{
	if (!f->up || !f->kept_unsent)
		return;
	f->kept_unsent = false;
	LIST_FOREACH (node, &f->kept) {
		struct kept *k = container_of(node, struct kept, node);
		if (k->out && !k->waited)
			continue;
		if (k->out || k->after > clock_now()) {
			f->kept_unsent = true;
			if (!k->out)
				wake_at(f, k->after);
			return;
		}
		if (earshot_keeper_call(
			f->keeper, k->method, earshot_value_ref(k->params), on_kept, k)) {
			f->kept_unsent = true; /* too much is unsent: after the next answer */
			return;
		}
		k->out = true;
		if (k->waited) {
			f->kept_unsent = true;
			return;
		}
	}
}

int
keep_asking(struct person *p, const char *method, struct earshot_value *params, const char *token,
    kept_fn *fn)
{
	struct front *f = p->f;
	struct kept *k = f->kept_count < KEPT_CALLS ? calloc(1, sizeof(*k)) : NULL;
	if (k)
		*k = (struct kept){.f = f,
		    .name = strdup(p->p.name),
		    .method = strdup(method),
		    .params = params,
		    .waited = !f->up,
		    .fn = fn};
	if (!k || !k->name || !k->method || !params) {
		if (k)
			kept_free(k);
		else
			earshot_value_free(params);
		refuse(f, p, tr("Too much waits for Earshot already: this was not taken."));
		return -ENOMEM;
	}
	(void)!str_copy(k->token, sizeof(k->token), token); /* of the same size */
	earshot_value_set_str(params, "token", token);
	list_insert(&f->kept, &k->node);
	f->kept_count++;
	f->kept_unsent = true;
	kept_send(f);
	return 0;
}

bool
kept_drop(struct front *f, const char *token)
{
	LIST_FOREACH (node, &f->kept) {
		struct kept *k = container_of(node, struct kept, node);
		if (strcmp(k->token, token) != 0)
			continue;
		if (k->out)
			return false;
		kept_free(k);
		return true;
	}
	return false;
}

/* ---- the listener's own ---- */

struct question_of_theirs {
	struct front *f;
	front_answer_fn *fn;
	void *ctx;
};

static void
on_their_answer(void *ctx, int err, const struct earshot_value *answer)
{
	struct question_of_theirs *q = ctx;
	if (q->f->closing) {
		/* nobody wants to know any more */
	} else if (q->fn)
		q->fn(q->ctx, err, answer);
	else if (err)
		refuse_error(q->f, NULL, err, answer);
	free(q);
}

static void
fail_later(struct front *f, front_answer_fn *fn, void *ctx, int err)
{
	struct later *l;
	if (!fn) {
		refuse_error(f, NULL, err, NULL);
		return;
	}
	later_add(f, &l);
	if (!l)
		return;
	l->answer = fn;
	l->ctx = ctx;
	l->err = err;
}

void
front_call(struct front *f, const char *method, struct earshot_value *params, front_answer_fn *fn,
    void *ctx)
{
	struct question_of_theirs *q = calloc(1, sizeof(*q));
	int err = EARSHOT_ERR_MEMORY;
	if (q) {
		*q = (struct question_of_theirs){f, fn, ctx};
		err = earshot_keeper_call(f->keeper, method, params, on_their_answer, q);
	} else
		earshot_value_free(params);
	if (!err)
		return;
	free(q);
	fail_later(f, fn, ctx, err);
}

void
front_call_fd(struct front *f, const char *method, struct earshot_value *params, int fd,
    front_answer_fn *fn, void *ctx)
{
	int err = earshot_keeper_attach_fd(f->keeper, fd);
	if (!err) {
		front_call(f, method, params, fn, ctx);
		return;
	}
	earshot_value_free(params);
	fail_later(f, fn, ctx, err);
}

void
calls_finish(struct front *f)
{
	LIST_FOREACH (node, &f->later)
		later_free(container_of(node, struct later, node));
	LIST_FOREACH (node, &f->kept)
		kept_free(container_of(node, struct kept, node));
}
