#include "daemon/health.h"

#include "base/limits.h"
#include "base/paths.h"
#include "base/utf8.h"
#include "peer/roster.h"
#include "store/health.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

struct asked {
	struct store_health store;
	struct health *health;
	struct ipc_call *call; /* owed an answer */
};

/* Paths are bytes, JSON is text: what cannot be shown is left out. */
static void
set_path(struct value *v, const char *key, const char *path)
{
	if (path && utf8_valid(path, strlen(path)))
		value_set_str(v, key, path);
}

static void
add_files(struct value *v)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	int max = limit.rlim_cur < LIMIT_FILES ? (int)limit.rlim_cur : LIMIT_FILES, used = 0;
	for (int fd = 0; fd < max; fd++) /* /proc is closed to a confined daemon */
		used += fcntl(fd, F_GETFD) >= 0;
	value_set_int(v, "files", used);
	value_set_int(v, "files_limit", max);
}

static struct value *
describe_settings(const struct config *c)
{
	static const char *const plain[] = {"on", "receive", "off"};
	static const char *const strangers[] = {"allow", "quiet", "deny"};
	struct value *v = value_object();
	value_set_bool(v, "mdns", c->mdns);
	value_set_bool(v, "tls", c->tls);
	value_set_int(v, "port", c->port);
	value_set_str(v, "user", c->user);
	value_set_str(v, "plain", plain[c->policy.plain]);
	value_set_str(v, "strangers", strangers[c->policy.strangers]);
	return v;
}

static void
on_looked(void *ctx, struct store_job *job, int err)
{
	static const char *const verdicts[] = {"unfinished", "whole", "damaged"};
	struct asked *a = ctx;
	char *path = NULL;
	struct value *v = value_object(), *store = value_object();
	(void)job;
	if (paths_get(PATHS_STATE, "earshot.db", &path) == 0)
		set_path(store, "path", path);
	free(path);
	if (!err) {
		value_set_int(store, "size", a->store.size);
		value_set_int(store, "unused", a->store.unused);
		if (a->store.messages >= 0)
			value_set_int(store, "messages", a->store.messages);
		value_set_str(store, "check", verdicts[a->store.verdict]);
		if (a->store.damage[0])
			value_set_str(store, "damage", a->store.damage);
	}
	value_set(v, "store", store);
	set_path(v, "downloads", a->health->config->downloads);
	value_set(v, "settings", describe_settings(a->health->config));
	add_files(v);
	ipc_reply(a->call, v);
	free(a);
}

static int
call_state(struct ipc_call *call)
{
	struct asked *a = calloc(1, sizeof(*a));
	if (!a)
		return -ENOMEM;
	a->health = ipc_ctx(call);
	a->call = call;
	a->store.job.done = on_looked;
	a->store.job.ctx = a;
	store_health(a->health->roster->store, &a->store);
	return 0;
}

const struct ipc_method health_methods[] = {
    {"doctor.state", "", "Look at the store, the settings and what the system grants", call_state},
    {0},
};
