#include "daemon/settings.h"

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "base/utf8.h"
#include "daemon/config.h"
#include "peer/own.h"
#include "peer/roster.h"
#include "transfer/porter.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { VALUE_LIMIT = 64 * 1024 };

static bool
is_policy(const struct config *c, const char *name)
{
	return config_origin(c, setting_named(name)) == CONFIG_POLICY;
}

/* ---- what holds ---- */

int
settings_take_own(const struct config *c, struct roster *r)
{
	r->own.publish_name = c->publish_name;
	r->own.name_fixed = is_policy(c, "user.name");
	return c->full_name ? str_replace(&r->own.full_name, c->full_name) : 0;
}

void
settings_fix(struct config *c)
{
	c->files.accept_fixed = is_policy(c, "files.accept") || is_policy(c, "files.accept_size") ||
				is_policy(c, "files.accept_daily");
	c->files.rate_fixed = is_policy(c, "files.limit");
}

/* After a change: where it counts at once. */
static int
apply(const struct settings *x, const struct setting *s)
{
	const struct config *c = x->config;
	struct roster *r = x->roster;
	bool own =
	    strcmp(s->name, "user.name") == 0 || strcmp(s->name, "privacy.publish_name") == 0;
	int err = 0;
	log_set_level(c->log_level);
	roster_apply(r, &c->policy, &c->files, c->lifetime);
	if (own)
		err = settings_take_own(c, r);
	if (!err && own)
		err = own_save(&r->own);
	return !err && own ? own_publish(r) : err;
}

/* ---- telling ---- */

static const char *
origin_word(enum config_origin origin)
{
	static const char *const words[CONFIG_ORIGINS] = {[CONFIG_DEFAULT] = "default",
	    [CONFIG_SITE] = "site",
	    [CONFIG_USER] = "user",
	    [CONFIG_OPTION] = "option",
	    [CONFIG_POLICY] = "policy"};
	return words[origin];
}

/* Paths are bytes, JSON is text: what cannot be shown is left out. */
static void
set_text(struct value *v, const char *key, const char *text)
{
	if (text && utf8_valid(text, strlen(text)))
		value_set_str(v, key, text);
}

static void
describe_kind(struct value *v, const struct setting *s)
{
	value_set_str(v, "type", setting_type_word(s->type));
	if (s->choices[0]) {
		struct value *choices = value_array(), *labels = value_array();
		size_t count = 0;
		while (count < ARRAY_LEN(s->choices) && s->choices[count])
			count++;
		for (size_t i = 0; i + s->hidden < count; i++)
			value_append_str(choices, s->choices[i]);
		for (size_t i = 0; i + s->hidden < count; i++)
			value_append_str(labels, s->labels[i]);
		value_set(v, "choices", choices);
		value_set(v, "labels", labels);
	}
	if (s->type == SETTING_NUMBER) {
		value_set_int(v, "least", s->least);
		value_set_int(v, "most", s->most);
	}
}

/* Who has locked it. */
static const char *
lock_word(const struct config *c, const struct setting *s)
{
	enum config_origin origin = config_origin(c, s);
	return origin >= CONFIG_OPTION ? origin_word(origin) : "hand";
}

static struct value *
describe(const struct settings *x, const struct setting *s)
{
	const struct config *c = x->config;
	enum config_origin origin = config_origin(c, s);
	const struct config_word *words = c->words[setting_index(s)];
	const char *value = config_value(c, s), *running = c->running[setting_index(s)];
	const char *fallback = words[CONFIG_DEFAULT].text;
	struct value *v = value_object();
	value_set_str(v, "key", s->name);
	value_set_str(v, "title", s->title);
	if (!value && strcmp(s->name, "user.name") == 0)
		value = x->roster->own.full_name;
	set_text(v, "value", value ? value : "");
	set_text(v, "default", fallback ? fallback : s->fallback);
	describe_kind(v, s);
	value_set_str(v, "origin", origin_word(origin));
	set_text(v, "file", words[origin].file);
	if (words[origin].line)
		value_set_int(v, "line", words[origin].line);
	value_set_bool(v, "locked", config_is_locked(c, s));
	if (config_is_locked(c, s))
		value_set_str(v, "locked_by", lock_word(c, s));
	set_text(v, "reason", config_reason(c, s));
	value_set_str(v, "applies", s->now ? "now" : "restart");
	if (!s->now && !str_equal(value, running))
		set_text(v, "running", running ? running : "");
	value_set_str(v, "help", s->help);
	value_set_str(v, "others", s->others);
	return v;
}

static int
call_settings(struct ipc_call *call)
{
	const struct settings *x = ipc_ctx(call);
	struct value *v = value_object(), *list = value_array();
	for (size_t i = 0; i < SETTING_COUNT; i++)
		value_append(list, describe(x, &setting_table[i]));
	value_set(v, "settings", list);
	set_text(v, "file", x->config->path);
	ipc_reply(call, v);
	return 0;
}

/* ---- changing ---- */

static void
refuse_locked(struct ipc_call *call, const struct config *c, const struct setting *s)
{
	const char *reason = config_reason(c, s), *value = config_value(c, s);
	enum config_origin origin = config_origin(c, s);
	if (origin == CONFIG_POLICY && reason)
		ipc_fail(call, IPC_POLICY,
		    "The administrator of this computer has set %s to \"%s\", so it cannot be "
		    "changed: %s",
		    s->name, value, reason);
	else if (origin == CONFIG_POLICY)
		ipc_fail(call, IPC_POLICY,
		    "The administrator of this computer has set %s to \"%s\", so it cannot be "
		    "changed.",
		    s->name, value);
	else if (origin == CONFIG_OPTION)
		ipc_fail(call, IPC_POLICY,
		    "The daemon was started with an option that sets %s to \"%s\". Start it "
		    "without "
		    "that option to change it.",
		    s->name, value);
	else
		ipc_fail(call, IPC_POLICY,
		    "%s is changed in the file alone, and not by a program: see earshot.conf(5).",
		    s->name);
}

/* What it can be, for who gave something else. */
static void
refuse_value(struct ipc_call *call, const struct setting *s, const char *value)
{
	struct buf words = BUF_INIT(256);
	for (size_t i = 0; i + s->hidden < ARRAY_LEN(s->choices) && s->choices[i + s->hidden]; i++)
		buf_fmt(&words, "%s%s", i ? ", " : "", s->choices[i]);
	switch (s->type) {
	case SETTING_CHOICE:
	case SETTING_SWITCH:
		ipc_fail(call, IPC_INVALID, "%s cannot be \"%s\". It can be: %s.", s->name, value,
		    buf_cstr(&words));
		break;
	case SETTING_NUMBER:
		ipc_fail(call, IPC_INVALID,
		    "%s cannot be \"%s\". It is a whole number from %lld to %lld.", s->name, value,
		    (long long)s->least, (long long)s->most);
		break;
	case SETTING_SIZE:
		ipc_fail(call, IPC_INVALID,
		    "%s cannot be \"%s\". It is a number of bytes, or of K, M, G or T: 500M.",
		    s->name, value);
		break;
	case SETTING_FOLDER:
		ipc_fail(call, IPC_INVALID,
		    "%s is a folder that is handed over open, as a descriptor.", s->name);
		break;
	case SETTING_TEXT:
	case SETTING_LIST:
		ipc_fail(call, IPC_INVALID,
		    "%s cannot be \"%s\": it is empty, too long, or has characters that the file "
		    "cannot hold.",
		    s->name, value);
		break;
	}
	buf_finish(&words);
}

static bool
is_unfit(int err)
{
	return err == -EINVAL || err == -EACCES || err == -EBADF || err == -ENOENT;
}

static void
refuse_written(struct ipc_call *call, const struct config *c, const struct setting *s,
    const char *value, int err)
{
	const char *path = utf8_valid(c->path, strlen(c->path)) ? c->path : "the file";
	if (err == -EINVAL && s->type != SETTING_FOLDER)
		refuse_value(call, s, value ? value : "");
	else if (s->type == SETTING_FOLDER && value && is_unfit(err))
		ipc_fail(call, IPC_INVALID,
		    "Nothing can be received there: it is no folder, not yours to write, one of "
		    "the "
		    "system's or of Earshot's own, or its path is too long.");
	else if (err == ERR_PORTER || err == ERR_UNSUPPORTED)
		ipc_fail(call, IPC_INTERNAL,
		    "%s cannot be written, as the daemon's porter has ended. Start the daemon "
		    "again: "
		    "earshot daemon stop; earshot daemon start",
		    path);
	else
		ipc_fail(call, err == -ENOSPC || err == -EDQUOT ? IPC_DISK : IPC_INTERNAL,
		    "%s cannot be written: %-s. Nothing was changed.", path, err_str(err));
}

/* What is on disk counts from now on. */
static int
take(struct settings *x, const struct setting *s, const char *value, unsigned line)
{
	struct buf clean = BUF_INIT(VALUE_LIMIT);
	int err = value ? setting_clean(s, value, &clean) : 0;
	if (!err)
		err = config_change(x->config, s, value ? buf_cstr(&clean) : NULL, line);
	buf_finish(&clean);
	return err ? err : apply(x, s);
}

/* fd moves. */
static int
change(struct ipc_call *call, const struct setting *s, const char *value, int fd)
{
	struct settings *x = ipc_ctx(call);
	struct buf kept = BUF_INIT(VALUE_LIMIT);
	unsigned line = 0;
	bool folder = fd >= 0;
	int err = porter_keep_setting(x->porter, s->name, value, fd, &kept, &line);
	if (err) {
		refuse_written(call, x->config, s, folder ? "" : value, err);
		buf_finish(&kept);
		return 0;
	}
	err = take(x, s, folder ? buf_cstr(&kept) : value, line);
	buf_finish(&kept);
	if (err)
		return err;
	ipc_publish(x->roster->ipc, "setting", describe(x, s));
	ipc_reply(call, describe(x, s));
	return 0;
}

static int
call_set(struct ipc_call *call)
{
	const struct settings *x = ipc_ctx(call);
	const struct value *params = ipc_params(call);
	const char *name = value_str(params, "key"), *value = value_str(params, "value");
	const struct setting *s = setting_named(name);
	bool none =
	    value_kind(value_get(params, "value")) == VALUE_NULL || !value_has(params, "value");
	int fd = ipc_take_fd(call);
	bool folder = s && s->type == SETTING_FOLDER;
	bool fits = folder ? fd >= 0 || none : fd < 0 && (value || none);
	if (s && !config_is_locked(x->config, s) && fits)
		return change(call, s, folder ? NULL : value, fd);
	if (!s)
		ipc_fail(call, IPC_UNKNOWN, "There is no setting \"%s\".", name ? name : "");
	else if (config_is_locked(x->config, s))
		refuse_locked(call, x->config, s);
	else
		refuse_value(call, s, value ? value : "");
	if (fd >= 0)
		(void)close(fd);
	return 0;
}

const struct ipc_method settings_methods[] = {
    {"settings", "", "Show the settings, and where they come from", call_settings},
    {"settings.set", "key [value]", "Change a setting; a folder comes as a descriptor", call_set},
    {0},
};
