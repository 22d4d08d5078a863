/* Files as front ends see them: docs/ipc.md. */
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "base/tr.h"
#include "base/utf8.h"
#include "peer/person.h"
#include "peer/roster.h"
#include "transfer/source.h"
#include "transfer/transfers-parts.h"

#include <stdio.h>
#include <string.h>

enum { PROGRESS_MS = 250 }; /* between two events of one transfer */

const char *
file_state_name(enum job_state state)
{
	static const char *const names[] = {
	    [JOB_PREPARING] = TR("preparing"),
	    [JOB_OFFERED] = TR("offered"),
	    [JOB_WAITING] = TR("waiting"),
	    [JOB_ACTIVE] = TR("active"),
	    [JOB_PAUSED] = TR("paused"),
	    [JOB_VERIFYING] = TR("verifying"),
	    [JOB_DONE] = TR("done"),
	    [JOB_DECLINED] = TR("declined"),
	    [JOB_CANCELLED] = TR("cancelled"),
	    [JOB_FAILED] = TR("failed"),
	    [JOB_EXPIRED] = TR("expired"),
	};
	return names[state];
}

static unsigned
pauses(const struct transfer *t)
{
	return (unsigned)t->job.is.paused_us | (unsigned)t->job.is.paused_them << 1;
}

static const char *
paused_by(const struct transfer *t)
{
	static const char *const names[] = {NULL, "us", "them", "both"};
	return names[pauses(t)];
}

static void
set_id(struct value *v, const struct transfer *t)
{
	char id[32];
	(void)snprintf(id, sizeof(id), "f%lld", (long long)t->number);
	value_set_str(v, "id", id);
}

static void
set_number(struct value *v, const char *key, uint64_t number)
{
	if (number)
		value_set_int(v, key, number > INT64_MAX ? INT64_MAX : (int64_t)number);
}

static void
set_progress(struct value *v, const struct transfer *t)
{
	bool known = t->size != TRANSFER_SIZE_UNKNOWN;
	value_set_int(v, "done", (int64_t)t->done);
	if (known)
		value_set_int(v, "size", (int64_t)t->size);
	set_number(v, "rate", t->rate);
	if (known && t->rate && t->size >= t->done)
		value_set_int(v, "left", (int64_t)((t->size - t->done + t->rate - 1) / t->rate));
}

/* ms, wall clock, as far as one can tell. */
static int64_t
expires_at(const struct transfer *t)
{
	uint64_t now = clock_now();
	uint64_t left = t->job.expires_at > now ? t->job.expires_at - now : 0;
	return clock_wall() + (int64_t)left;
}

/* The latest link was; before there is one, whether it will be: nothing goes in plain to or from
 * who has a key, or says so. */
static bool
is_encrypted(const struct transfer *t)
{
	if (t->linked || job_is_final(&t->job))
		return t->encrypted;
	return t->transfers->roster->tls && person_trust(t->person) != STORE_TRUST_PLAIN;
}

/* Known until the daemon ends: who sent it has been told by then. Paths are bytes, and what cannot
 * be told as text counts without its name. */
void
file_set_left_out(struct transfer *t, const struct source_summary *s)
{
	if (!s->left_out)
		return;
	t->left_out = s->left_out;
	value_free(t->left);
	log_info(t->person->name,
	    "f%lld: %u things that are neither files nor folders are left out",
	    (long long)t->number, s->left_out);
	t->left = value_array();
	for (const char *p = s->left; *p; p += strlen(p) + 1)
		if (utf8_valid(p, strlen(p)))
			value_append_str(t->left, p);
}

struct value *
file_describe(const struct transfer *t)
{
	const struct person *p = t->person;
	const struct job_kept *is = &t->job.is;
	struct value *v = value_object();
	set_id(v, t);
	value_set_str(v, "peer", p->name);
	value_set_str(v, "display", p->display);
	value_set_str(v, "trust", store_trust_word(person_trust(p)));
	value_set_str(v, "direction", t->outgoing ? "out" : "in");
	value_set_str(v, "transfer", t->id);
	value_set_str(v, "name", t->name);
	value_set_str(v, "media", t->media);
	value_set_str(v, "description", t->description);
	value_set_bool(v, "folder", t->folder);
	set_number(v, "files", t->files);
	set_number(v, "left_out", t->left_out);
	if (t->left)
		value_set(v, "left_out_names", value_ref(t->left));
	value_set_str(v, "state", file_state_name(is->state));
	if (is->state == JOB_PAUSED)
		value_set_str(v, "paused_by", paused_by(t));
	set_progress(v, t);
	if (!str_empty(is->reason))
		value_set_str(v, "reason", is->reason);
	value_set_str(v, "where", t->where);
	value_set_int(v, "at", t->at);
	if (!job_is_final(&t->job))
		value_set_int(v, "expires", expires_at(t));
	value_set_str(v, "method", t->method ? t->method->name : NULL);
	value_set_bool(v, "encrypted", is_encrypted(t));
	value_set_bool(v, "automatic", t->automatic);
	set_number(v, "width", t->width);
	set_number(v, "height", t->height);
	set_number(v, "duration", t->duration);
	value_set_bool(v, "thumbnail", t->thumbnail != NULL);
	return v;
}

void
file_publish(struct transfer *t)
{
	struct ipc_server *ipc = t->transfers->roster->ipc;
	if (!t->added || t->gone)
		return;
	if (t->shown == t->job.is.state && t->shown_pauses == pauses(t))
		return;
	t->shown = t->job.is.state;
	t->shown_pauses = pauses(t);
	t->shown_at = 0;
	if (!ipc_has_subscribers(ipc, "file"))
		return;
	struct value *event = file_describe(t);
	/* what a stranger wants is told, and counted, as a message */
	if (!t->outgoing && person_is_stranger(t->person))
		value_set_bool(event, "quiet", true);
	ipc_publish(ipc, "file", event);
}

void
file_publish_progress(struct transfer *t)
{
	struct ipc_server *ipc = t->transfers->roster->ipc;
	uint64_t now = clock_now();
	if (now < t->shown_at + PROGRESS_MS || !ipc_has_subscribers(ipc, "file-progress"))
		return;
	t->shown_at = now;
	struct value *event = value_object();
	set_id(event, t);
	set_progress(event, t);
	ipc_publish(ipc, "file-progress", event);
}
