/* Who may offer what, and what is accepted without asking. Everything in an offer is theirs, and
 * costs them nothing: so all of it is counted before it is kept. */
#include "base/clock.h"
#include "base/err.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/str.h"
#include "base/text.h"
#include "base/tr.h"
#include "base/utf8.h"
#include "peer/person.h"
#include "peer/roster.h"
#include "transfer/name.h"
#include "transfer/porter.h"
#include "transfer/transfers-parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const int64_t DAY_MS = INT64_C(24) * 60 * 60 * 1000;

/* ---- rules ---- */

struct rule *
transfers_rule(const struct transfers *all, const struct person *p)
{
	LIST_FOREACH (node, &all->rules) {
		struct rule *rule = container_of(node, struct rule, node);
		if (rule->person == p)
			return rule;
	}
	return NULL;
}

int
transfers_set_rule(struct transfers *all, struct person *p, uint64_t size, uint64_t daily)
{
	struct rule *rule = transfers_rule(all, p);
	if (!rule) {
		rule = calloc(1, sizeof(*rule));
		if (!rule)
			return -ENOMEM;
		rule->person = p;
		list_insert(&all->rules, &rule->node);
	}
	rule->key = p->key;
	rule->size = size;
	rule->daily = daily;
	return 0;
}

void
transfers_rules_moved(struct transfers *all, const struct person *from, struct person *to)
{
	LIST_FOREACH (node, &all->rules) {
		struct rule *rule = container_of(node, struct rule, node);
		if (from && rule->person != from)
			continue;
		if (to && !transfers_rule(all, to)) {
			rule->person = to;
			continue;
		}
		list_remove(node);
		free(rule);
	}
}

/* Bytes of theirs that were accepted without asking within a day. */
static uint64_t
accepted_today(const struct transfers *all, const struct person *p)
{
	uint64_t sum = 0;
	int64_t now = clock_wall();
	LIST_FOREACH (node, &all->all) {
		const struct transfer *t = container_of(node, struct transfer, node);
		bool today = t->at > now - DAY_MS && t->at < now + DAY_MS;
		if (t->person == p && !t->outgoing && t->automatic && today)
			sum = sum + t->size < sum ? UINT64_MAX : sum + t->size;
	}
	return sum;
}

bool
transfer_is_welcome(const struct transfer *t)
{
	const struct transfers *all = t->transfers;
	const struct person *p = t->person;
	const struct rule *rule = transfers_rule(all, p);
	if (rule && !tls_id_equal(&rule->key, &p->key))
		rule = NULL; /* it was for the key before this one */
	if (all->policy.accept_fixed)
		rule = NULL;
	uint64_t size = rule ? rule->size : all->policy.accept_size;
	uint64_t daily = rule ? rule->daily : all->policy.accept_daily;
	if (person_trust(p) != STORE_TRUST_VERIFIED || !person_is_encrypted(p))
		return false;
	if (!rule && !all->policy.accept_verified)
		return false;
	uint64_t today = accepted_today(all, p);
	return t->size <= size && today <= daily && t->size <= daily - today;
}

/* ---- offers ---- */

int
transfers_may_offer(const struct transfers *all, struct person *p)
{
	enum policy_strangers strangers = all->roster->policy.strangers;
	size_t waiting = 0, of = 0, unfinished = 0, of_strangers = 0;
	bool stranger = person_is_stranger(p);
	if (p->blocked || person_trust(p) == STORE_TRUST_CHANGED ||
	    (stranger && strangers == POLICY_STRANGERS_DENY))
		return ERR_TRUST;
	LIST_FOREACH (node, &all->all) {
		const struct transfer *t = container_of(node, struct transfer, node);
		if (job_is_final(&t->job))
			continue;
		unfinished++;
		of_strangers += !t->outgoing && person_is_stranger(t->person);
		if (t->person != p || t->outgoing)
			continue;
		of++;
		waiting += !t->job.is.accepted;
	}
	/* who is to be quiet may say one thing */
	size_t most = stranger && strangers == POLICY_STRANGERS_QUIET ? 1 : LIMIT_OFFERS_OF;
	if (waiting >= most || of >= LIMIT_TRANSFERS_OF || unfinished >= LIMIT_TRANSFERS ||
	    (stranger && of_strangers >= LIMIT_OFFERS_STRANGERS))
		return ERR_TOO_BIG;
	return 0;
}

const char *
transfers_refusal(int err)
{
	switch (err) {
	case ERR_TRUST:
		return TR("files are not taken from you");
	case ERR_TOO_BIG:
		return TR("too many files wait for an answer already; try again later");
	case ERR_FULL:
		return TR("there is too little space left on the receiver's disk");
	case ERR_UNSUPPORTED:
		return TR("files cannot be taken here");
	case ERR_PROTO:
		return TR("the offer makes no sense");
	default:
		return TR("it cannot be taken at present; try again later");
	}
}

static bool
is_id(const char *id)
{
	uint8_t bytes[TRANSFER_ID_SIZE / 2];
	return id && strlen(id) == TRANSFER_ID_SIZE - 1 &&
	       hex_decode(bytes, id, TRANSFER_ID_SIZE - 1) == 0;
}

/* Text of theirs, cut; what is not set stays NULL. */
static int
take_text(char **slot, const char *text, size_t most)
{
	if (str_empty(text))
		return 0;
	size_t len = utf8_cut(text, strlen(text), most);
	*slot = strndup(text, len);
	return *slot ? 0 : -ENOMEM;
}

static int
take_name(struct transfer *t, const char *name)
{
	struct buf clean = BUF_INIT(LIMIT_FILE_NAME + 1);
	transfer_name_clean(name ? name : "", &clean);
	int err = buf_err(&clean) ? buf_err(&clean) : str_replace(&t->name, buf_cstr(&clean));
	buf_finish(&clean);
	return err;
}

static int
take_thumbnail(struct transfer *t, const struct transfer_thumbnail *thumb)
{
	if (!thumb)
		return 0;
	int err = take_text(&t->thumbnail_media, thumb->media, LIMIT_FILE_TEXT);
	if (!err && thumb->data)
		transfer_got_thumbnail(t, thumb->data, thumb->len);
	return err;
}

static void
take_hash(struct transfer *t, const struct transfer_offer *o)
{
	t->has_hash = o->hash != NULL;
	if (o->hash)
		memcpy(t->hash, o->hash, sizeof(t->hash));
}

static int
make(struct transfers *all, struct person *from, const struct transfer_offer *o,
    struct transfer **out)
{
	struct transfer *t = transfer_create(all, from, false);
	if (!t)
		return -ENOMEM;
	memcpy(t->id, o->id, sizeof(t->id));
	memcpy(t->token, PORTER_DOWNLOADS, sizeof(PORTER_DOWNLOADS));
	t->size = o->size_known ? o->size : TRANSFER_SIZE_UNKNOWN;
	t->folder = o->folder;
	t->files = o->files;
	t->mtime = o->mtime;
	t->width = o->width;
	t->height = o->height;
	t->duration = o->duration_ms;
	take_hash(t, o);
	int err = take_name(t, o->name);
	if (!err)
		err = take_text(&t->media, o->media, LIMIT_FILE_TEXT);
	if (!err)
		err = take_text(&t->description, o->description, LIMIT_FILE_TEXT);
	if (!err)
		err = take_thumbnail(t, o->thumbnail);
	if (err) {
		t->gone = true; /* it never was anywhere */
		transfer_let_go(t);
		return err;
	}
	transfer_renew(t);
	*out = t;
	return 0;
}

/* It was accepted for what it was: no other comes in its place. */
static bool
is_same(const struct transfer *t, const struct transfer_offer *o)
{
	uint64_t size = o->size_known ? o->size : TRANSFER_SIZE_UNKNOWN;
	return t->folder == o->folder && (t->size == size || job_is_final(&t->job));
}

static int
offered_again(struct transfer *t, const struct transfer_method *m, const struct transfer_offer *o)
{
	if (!is_same(t, o))
		return ERR_PROTO;
	if (t->person->blocked || person_trust(t->person) == STORE_TRUST_CHANGED)
		return ERR_TRUST;
	if (t->method && t->method != m)
		t->method->detach(t);
	t->method = m;
	t->job.once = m->once;
	if (!job_is_final(&t->job) && o->hash)
		take_hash(t, o);
	job_offered(&t->job, clock_now());
	return 0;
}

/* What is received is written beneath its id: two of them would have one place. */
static bool
is_taken(const struct transfers *all, const char *id)
{
	LIST_FOREACH (node, &all->all) {
		const struct transfer *t = container_of(node, struct transfer, node);
		if (!t->outgoing && strcmp(t->id, id) == 0)
			return true;
	}
	return false;
}

int
transfers_offered(struct person *from, const struct transfer_method *m,
    const struct transfer_offer *o, struct transfer **out)
{
	struct transfers *all = from->roster->transfers;
	struct transfer *t;
	if (!all || !all->porter || all->closing)
		return ERR_UNSUPPORTED;
	if (!is_id(o->id) || (o->size_known && o->size > INT64_MAX - 1))
		return ERR_PROTO;
	t = transfers_find(from, o->id, false);
	if (t) {
		*out = t;
		return offered_again(t, m, o);
	}
	int err = is_taken(all, o->id) ? ERR_PROTO : transfers_may_offer(all, from);
	if (!err)
		err = make(all, from, o, &t);
	if (err)
		return err;
	t->method = m;
	t->job.is.accepted = t->automatic = transfer_is_welcome(t);
	t->job.is.state = t->automatic ? JOB_WAITING : JOB_OFFERED;
	transfer_link_in(t);
	t->job.once = m->once; /* not before: its only chance begins now, and is not over */
	job_offered(&t->job, clock_now());
	err = transfer_add(t, NULL);
	if (err) {
		t->method = NULL; /* it declines by itself */
		transfer_drop(t);
		return err;
	}
	*out = t;
	return 0;
}
