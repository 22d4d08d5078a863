/* What was kept: read at the start, before front ends are answered. Then what nobody knows any
 * more is removed, by a thread, before anything new is opened: parts, grants, manifests, spools. */
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/str.h"
#include "peer/person.h"
#include "peer/roster.h"
#include "transfer/porter.h"
#include "transfer/transfers-parts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *
state_path(const char *folder, const char *name, const char *ending)
{
	char file[96], *path = NULL;
	int len = snprintf(file, sizeof(file), "%s/%s%s", folder, name, ending);
	if (len < 0 || (size_t)len >= sizeof(file) || paths_get(PATHS_STATE, file, &path) != 0)
		return NULL;
	return path;
}

char *
transfer_tree_path(const struct transfer *t)
{
	return state_path("transfers", t->id, ".tree");
}

char *
transfer_spool_path(const char *name)
{
	return state_path("spool", name, "");
}

/* ---- what nobody knows any more ---- */

struct sweep {
	struct transfers *all;
	struct carrier *carrier;
	char **ids, **tokens; /* owned, the text too; of what is not over */
	size_t id_count, token_count;
	char **folders; /* owned, the text too: tokens of folders to receive in */
	size_t folder_count;
};

static void
list_free(char **list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(list[i]);
	free(list);
}

static void
sweep_free(struct sweep *s)
{
	list_free(s->ids, s->id_count);
	list_free(s->tokens, s->token_count);
	list_free(s->folders, s->folder_count);
	free(s);
}

static bool
has(char *const *list, size_t count, const char *name, size_t len)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(list[i]) == len && memcmp(list[i], name, len) == 0)
			return true;
	return false;
}

enum { SPOOL_AGE = 24 * 60 * 60 }; /* s: until then a client may still be about to send it */

/* Files of a folder of ours, older than `age` s, whose name, up to a dot, is none of the list. */
static void
sweep_folder(const char *name, int64_t age, char *const *keep, size_t count)
{
	char *path = NULL;
	if (paths_get(PATHS_STATE, name, &path) != 0)
		return;
	DIR *dir = opendir(path);
	free(path);
	if (!dir)
		return;
	struct dirent *e;
	// NOLINTNEXTLINE(concurrency-mt-unsafe): of a folder that nobody else has open
	while ((e = readdir(dir)) != NULL) {
		struct stat st;
		if (e->d_name[0] != '.' && !has(keep, count, e->d_name, strcspn(e->d_name, ".")) &&
		    fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    clock_wall() / 1000 - st.st_mtime >= age)
			(void)unlinkat(dirfd(dir), e->d_name, 0);
	}
	(void)closedir(dir);
}

/* In a thread. */
static int
run_sweep(struct carrier *c, void *arg)
{
	struct sweep *s = arg;
	struct porter *p = s->all->porter;
	int err = porter_keep_grants(p, (const char *const *)s->tokens, s->token_count);
	for (size_t i = 0; i < s->folder_count && !carrier_stopped(c); i++) {
		int failed =
		    porter_sweep(p, s->folders[i], (const char *const *)s->ids, s->id_count);
		err = err ? err : failed == -ENOENT ? 0 : failed;
	}
	sweep_folder("transfers", 0, s->ids, s->id_count);
	sweep_folder("spool", SPOOL_AGE, s->ids, s->id_count);
	return err;
}

static void
on_swept(void *ctx, int err)
{
	struct sweep *s = ctx;
	struct transfers *all = s->all;
	if (err && err != -ECANCELED)
		log_warn(NULL, "what is left of former files cannot be removed: %s", err_str(err));
	all->sweeping = NULL;
	all->swept = true;
	sweep_free(s);
	if (!all->closing)
		transfers_turn_freed(all);
	transfers_thread_ended(all);
}

static int
add(char ***list, size_t *count, const char *text)
{
	char **grown = realloc(*list, (*count + 1) * sizeof(**list));
	if (!grown)
		return -ENOMEM;
	*list = grown;
	grown[*count] = strdup(text);
	return grown[(*count)++] ? 0 : -ENOMEM;
}

static int
fill_sweep(struct sweep *s)
{
	int err = add(&s->folders, &s->folder_count, PORTER_DOWNLOADS);
	LIST_FOREACH (node, &s->all->all) {
		const struct transfer *t = container_of(node, struct transfer, node);
		bool target = !t->outgoing && strcmp(t->token, PORTER_DOWNLOADS) != 0;
		if (!err && target) /* also of what is over: its parts may be there */
			err = add(&s->folders, &s->folder_count, t->token);
		if (err || job_is_final(&t->job))
			continue;
		err = add(&s->ids, &s->id_count, t->id);
		if (!err && t->spool)
			err = add(&s->ids, &s->id_count, t->spool);
		if (!err && (target || t->outgoing))
			err = add(&s->tokens, &s->token_count, t->token);
	}
	return err;
}

static void
sweep(struct transfers *all)
{
	static const struct carrier_listener listener = {.on_end = on_swept};
	struct sweep *s = calloc(1, sizeof(*s));
	int err = s ? 0 : -ENOMEM;
	if (s) {
		s->all = all;
		err = fill_sweep(s);
	}
	if (!err)
		err = carrier_start(all->roster->loop, run_sweep, s, &listener, s, &all->sweeping);
	if (!err) {
		all->threads++;
		return;
	}
	log_warn(NULL, "what is left of former files cannot be removed: %s", err_str(err));
	if (s)
		sweep_free(s);
	all->swept = true;
}

/* ---- reading ---- */

/* They become paths: what another program wrote into the store leads nowhere else. */
static bool
are_ids(const struct store_transfer *from)
{
	static const char digits[] = "0123456789abcdef";
	return strspn(from->sid, digits) == TRANSFER_ID_SIZE - 1 &&
	       (!from->spool || (from->spool[0] && !from->spool[strspn(from->spool, digits)]));
}

static int
copy_text(struct transfer *t, const struct store_transfer *from)
{
	int err = are_ids(from) ? str_replace(&t->name, from->name) : -EINVAL;
	if (!err)
		err = str_replace(&t->media, from->media);
	if (!err)
		err = str_replace(&t->description, from->description);
	if (!err)
		err = str_replace(&t->thumbnail_media, from->thumbnail_media);
	if (!err)
		err = str_replace(&t->spool, from->spool);
	if (!err)
		err = str_replace(&t->where, from->place);
	if (!err && from->thumbnail) {
		t->thumbnail = malloc(from->thumbnail_len);
		err = t->thumbnail ? 0 : -ENOMEM;
		if (!err)
			memcpy(t->thumbnail, from->thumbnail, from->thumbnail_len);
		t->thumbnail_len = from->thumbnail_len;
	}
	if (!err && (str_copy(t->id, sizeof(t->id), from->sid) ||
			(from->token && str_copy(t->token, sizeof(t->token), from->token))))
		err = -EINVAL; /* another program wrote that */
	return err;
}

static void
copy_numbers(struct transfer *t, const struct store_transfer *from)
{
	struct job_kept *is = &t->job.is;
	bool known = from->state >= JOB_PREPARING && from->state <= JOB_EXPIRED;
	t->number = from->id;
	t->size = from->size == INT64_MAX ? TRANSFER_SIZE_UNKNOWN : from->size;
	t->folder = from->folder;
	t->files = from->files;
	t->mtime = from->mtime;
	t->width = from->width;
	t->height = from->height;
	t->duration = from->duration;
	t->trust = from->trust;
	t->at = from->at;
	t->automatic = from->automatic;
	t->expires = from->expires;
	t->offset = !t->outgoing && from->has_prefix ? from->offset : 0;
	memcpy(t->prefix, from->prefix, sizeof(t->prefix));
	t->has_hash = from->has_hash;
	memcpy(t->hash, from->hash, sizeof(t->hash));
	*is = (struct job_kept){
	    .state = known ? (enum job_state)from->state : JOB_FAILED,
	    .prepared = from->prepared,
	    .accepted = from->accepted,
	    .told = from->told,
	    .paused_us = from->paused_us,
	    .paused_them = from->paused_them,
	    .from_start = from->from_start,
	};
	t->done = is->state == JOB_DONE ? t->size : t->offset;
	/* the store's age goes on as our clock does */
	int64_t left = from->expires - store_age(t->transfers->roster->store);
	t->job.expires_at = clock_now() + (left > 0 ? (uint64_t)left : 0);
}

static int
load_one(struct transfers *all, const struct store_transfer *from)
{
	struct person *p;
	int err = roster_recall(all->roster, from->peer, from->display, &p);
	if (err)
		return err;
	struct transfer *t = transfer_create(all, p, from->direction == STORE_OUT);
	if (!t)
		return -ENOMEM;
	copy_numbers(t, from);
	err = copy_text(t, from);
	if (!err && from->reason)
		err = str_copy(t->job.is.reason, sizeof(t->job.is.reason), from->reason);
	if (err) {
		t->gone = true;
		transfer_let_go(t);
		return err;
	}
	for (const struct transfer_method *const *m = all->methods; *m; m++)
		if (str_equal((*m)->name, from->method))
			t->method = *m;
	t->job.once = t->method && t->method->once;
	transfer_link_in(t);
	transfer_begin(t);
	t->shown = t->job.is.state; /* front ends ask */
	t->shown_pauses = 0;
	return 0;
}

/* ---- the start ---- */

struct loading {
	struct transfers *all;
	struct store_transfers transfers;
	struct store_transfer_rules rules;
	bool whole; /* all of them are known */
};

static void
load_ends(struct loading *l)
{
	struct roster *r = l->all->roster;
	store_transfers_finish(&l->transfers);
	store_transfer_rules_finish(&l->rules);
	if (!r->closing) {
		/* what belongs to one that could not be read is not litter */
		if (l->all->porter && l->whole)
			sweep(l->all);
		else
			l->all->swept = true;
		roster_release_start(r);
	}
	free(l);
}

static void
on_rules(void *ctx, struct store_job *job, int err)
{
	struct loading *l = ctx;
	(void)job;
	for (size_t i = 0; !err && i < l->rules.count; i++) {
		const struct store_transfer_rule *rule = &l->rules.at[i];
		struct person *p = roster_get(l->all->roster, rule->peer);
		if (p)
			err = transfers_set_rule(l->all, p, rule->size, rule->daily);
	}
	if (err)
		log_error(NULL, "whose files are accepted could not be read: %s", err_str(err));
	load_ends(l);
}

static void
on_transfers(void *ctx, struct store_job *job, int err)
{
	struct loading *l = ctx;
	(void)job;
	l->whole = !err;
	if (err)
		log_error(NULL, "files on their way could not be read: %s", err_str(err));
	for (size_t i = 0; !err && !l->all->closing && i < l->transfers.count; i++) {
		int failed = load_one(l->all, &l->transfers.at[i]);
		if (!failed)
			continue;
		l->whole = false;
		log_error(
		    l->transfers.at[i].peer, "a file on its way was left out: %s", err_str(failed));
	}
}

int
transfers_load(struct transfers *all)
{
	static const char *const folders[] = {"transfers", "spool"};
	struct loading *l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		char *path = NULL;
		if (paths_get(PATHS_STATE, folders[i], &path) == 0 && mkdir(path, 0700) < 0 &&
		    errno != EEXIST)
			log_warn(NULL, "the folder %s cannot be made: %s", path, err_str(-errno));
		free(path);
	}
	l->all = all;
	l->transfers.job = (struct store_job){.done = on_transfers, .ctx = l};
	l->transfers.limit = LIMIT_TRANSFERS;
	l->rules.job = (struct store_job){.done = on_rules, .ctx = l};
	roster_hold_start(all->roster);
	store_transfers(all->roster->store, &l->transfers);
	store_transfer_rules(all->roster->store, &l->rules); /* answered after the other */
	return 0;
}
