#include "peer/own.h"

#include "base/err.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/str.h"
#include "base/utf8.h"
#include "peer/avatar.h"
#include "peer/person.h"
#include "peer/presence.h"
#include "peer/roster.h"
#include "peer/trust.h"
#include "tls/digest.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PROFILE_LIMIT = 256 * 1024 };

/* ---- kept on disk ---- */

/* The first field of the account's comment is the full name, "&" in it the login name. */
static int
account_name(char **out)
{
	struct passwd pw, *found = NULL;
	char space[4096];
	struct buf b = BUF_INIT(LIMIT_TXT_STRING);
	if (getpwuid_r(getuid(), &pw, space, sizeof(space), &found) != 0)
		found = NULL;
	for (const char *c = found && found->pw_gecos ? found->pw_gecos : ""; *c && *c != ',';
	     c++) {
		if (*c == '&')
			buf_str(&b, found->pw_name);
		else
			buf_char(&b, *c);
	}
	bool fit = !buf_err(&b) && b.len && utf8_valid(buf_cstr(&b), b.len);
	*out = strdup(fit ? buf_cstr(&b) : found ? found->pw_name : "");
	buf_finish(&b);
	return *out ? 0 : -ENOMEM;
}

static const char *
usable(const struct value *v, const char *key)
{
	const char *s = value_str(v, key);
	return s && strlen(s) <= LIMIT_TXT_STRING ? s : "";
}

/* "" is none. 0, -EINVAL (no hexadecimal digits), ERR_TOO_BIG, ERR_UNSUPPORTED (none of the kinds
 * of picture that others show), -ENOMEM. */
static int
picture_read(struct picture *out, const char *digits)
{
	size_t len = strlen(digits) / 2;
	*out = (struct picture){0};
	if (!*digits)
		return 0;
	if (len > LIMIT_AVATAR)
		return ERR_TOO_BIG;
	unsigned char *data = malloc(len + 1);
	if (!data)
		return -ENOMEM;
	int err = hex_decode(data, digits, strlen(digits));
	if (!err && !avatar_media_type(data, len))
		err = ERR_UNSUPPORTED;
	if (!err)
		err = digest_sha1_hex(data, len, out->hash);
	if (err) {
		free(data);
		*out = (struct picture){0};
		return err;
	}
	out->data = data;
	out->len = len;
	return 0;
}

static enum txt_status
status_of(const char *name, enum txt_status fallback)
{
	if (str_equal(name, "available"))
		return TXT_AVAILABLE;
	if (str_equal(name, "away"))
		return TXT_AWAY;
	return str_equal(name, "dnd") ? TXT_DND : fallback;
}

static const char *
status_name(enum txt_status status)
{
	return status == TXT_AVAILABLE ? "available" : txt_status_name(status);
}

static int
take_profile(struct own *own, const struct value *v)
{
	if (value_has(v, "full_name") && str_replace(&own->full_name, usable(v, "full_name")) != 0)
		return -ENOMEM;
	if (str_replace(&own->nick, usable(v, "nick")) != 0 ||
	    str_replace(&own->text, usable(v, "text")) != 0)
		return -ENOMEM;
	own->status = status_of(value_str(v, "status"), TXT_AVAILABLE);
	const char *avatar = value_str(v, "avatar");
	if (avatar && picture_read(&own->picture, avatar) != 0)
		log_warn(NULL, "the kept picture makes no sense and is left out");
	const struct value *fixed = value_get(v, "fixed");
	for (size_t i = 0; fixed && i < value_count(fixed) && i < LIMIT_FIXED_PEERS; i++)
		value_append_str(own->fixed, value_as_str(value_at(fixed, i)));
	return 0;
}

/* Nothing a person wrote is thrown away: the file stays, under another name. */
static void
set_aside(const char *path)
{
	struct buf to = BUF_INIT(PROFILE_LIMIT);
	buf_fmt(&to, "%s.damaged", path);
	if (!buf_err(&to) && rename(path, buf_cstr(&to)) == 0)
		log_error(NULL, "the kept settings are damaged; they are now %s, and defaults hold",
		    buf_cstr(&to));
	buf_finish(&to);
}

int
own_load(struct own *own)
{
	*own = (struct own){.publish_name = true};
	own->nick = strdup("");
	own->text = strdup("");
	own->fixed = value_array();
	char *path = NULL;
	struct buf text = BUF_INIT(PROFILE_LIMIT);
	struct value *v = NULL;
	int err = own->nick && own->text && own->fixed ? account_name(&own->full_name) : -ENOMEM;
	if (!err)
		err = paths_get(PATHS_STATE, "profile", &path);
	int found = err ? err : file_read(path, &text);
	if (!found)
		found = value_parse(buf_cstr(&text), text.len, &v);
	if (!found && value_kind(v) == VALUE_OBJECT)
		err = take_profile(own, v);
	else if (!err && found == -ENOMEM)
		err = found;
	else if (!err && found != -ENOENT)
		set_aside(path); /* unreadable is damaged, too: the next change would replace it */
	value_free(v);
	buf_finish(&text);
	free(path);
	return err;
}

void
own_finish(struct own *own)
{
	free(own->full_name);
	free(own->nick);
	free(own->text);
	free(own->picture.data);
	value_free(own->fixed);
	*own = (struct own){0};
}

int
own_save(const struct own *own)
{
	char *path = NULL;
	struct buf text = BUF_INIT(PROFILE_LIMIT);
	struct value *v = value_object();
	value_set_str(v, "full_name", own->full_name);
	value_set_str(v, "nick", own->nick);
	value_set_str(v, "text", own->text);
	value_set_str(v, "status", status_name(own->status));
	char *digits = own->picture.data ? malloc(2 * own->picture.len + 1) : NULL;
	int err = own->picture.data && !digits ? -ENOMEM : 0;
	if (digits) {
		hex_encode(digits, own->picture.data, own->picture.len);
		value_set_str(v, "avatar", digits);
		free(digits);
	}
	value_set(v, "fixed", value_ref(own->fixed));
	if (!err)
		err = value_write(v, &text);
	if (!err)
		err = paths_get(PATHS_STATE, "profile", &path);
	if (!err)
		err = file_write(path, buf_cstr(&text), text.len);
	value_free(v);
	buf_finish(&text);
	free(path);
	return err;
}

/* ---- told to others ---- */

/* "Juliet Maria Capulet": the last word is the last name, as old clients show both. */
static void
split_name(const char *full, struct txt *t)
{
	const char *space = strrchr(full, ' ');
	size_t first = space ? (size_t)(space - full) : strlen(full);
	if (first > LIMIT_TXT_STRING)
		return;
	memcpy(t->first, full, first);
	t->first[first] = '\0';
	(void)!str_copy(t->last, sizeof(t->last), space ? space + 1 : "");
}

void
own_txt(const struct roster *r, struct txt *out)
{
	const struct own *own = &r->own;
	*out = (struct txt){.status = own->status, .client = TXT_CLIENT_EARSHOT};
	if (own->publish_name) {
		split_name(own->full_name, out);
		(void)!str_copy(out->nick, sizeof(out->nick), own->nick);
	}
	(void)!str_copy(out->msg, sizeof(out->msg), own->text);
	(void)!str_copy(out->phsh, sizeof(out->phsh), own->picture.hash);
	if (own->ver[0]) {
		(void)!str_copy(out->node, sizeof(out->node), TXT_NODE);
		(void)!str_copy(out->hash, sizeof(out->hash), "sha-1");
		(void)!str_copy(out->ver, sizeof(out->ver), own->ver);
	}
	if (r->tls)
		trust_hint(&r->own_id, out->id);
	out->port = stream_hub_port(r->hub);
}

int
own_publish(struct roster *r)
{
	struct txt txt;
	own_txt(r, &txt);
	int err = discovery_publish_avatar(r->discovery, r->own.picture.data, r->own.picture.len);
	if (!err)
		err = discovery_publish(r->discovery, &txt, txt.port);
	presence_tell(r);
	ipc_publish(r->ipc, "own", own_describe(r));
	return err;
}

struct value *
own_describe(const struct roster *r)
{
	const struct own *own = &r->own;
	struct value *v = value_object();
	struct txt txt;
	char display[LIMIT_DISPLAY + 1];
	own_txt(r, &txt);
	if (txt_display_name(&txt, display, sizeof(display)) != 0 || !display[0])
		(void)!str_copy(display, sizeof(display), r->own_name);
	value_set_str(v, "name", r->own_name);
	value_set_bool(v, "published", own->published);
	value_set_str(v, "display", display);
	value_set_str(v, "full_name", own->full_name);
	value_set_str(v, "nick", own->nick);
	value_set_str(v, "status", status_name(own->status));
	value_set_str(v, "text", own->text);
	if (own->picture.hash[0])
		value_set_str(v, "avatar", own->picture.hash);
	return v;
}

/* ---- methods ---- */

/* The change is told only once it is kept. */
static int
keep_and_tell(struct ipc_call *call, struct roster *r)
{
	int err = own_save(&r->own);
	if (err) {
		ipc_fail(call, IPC_INTERNAL, "This could not be kept on disk: %-s.", err_str(err));
		return err;
	}
	err = own_publish(r);
	if (err)
		ipc_fail(call, IPC_INTERNAL, "This could not be announced: %-s.", err_str(err));
	else
		ipc_reply(call, own_describe(r));
	return 0;
}

static bool
fits(struct ipc_call *call, const char *text, size_t limit)
{
	if (strlen(text) <= limit)
		return true;
	ipc_fail(
	    call, IPC_INVALID, "This is too long: others can show at most %zu bytes of it.", limit);
	return false;
}

/* Both or neither: what could not be kept on disk does not hold in memory either. */
static int
change_text(struct ipc_call *call, char **slot, const char *text, enum txt_status status)
{
	struct roster *r = ipc_ctx(call);
	char *before = *slot;
	enum txt_status status_before = r->own.status;
	*slot = strdup(text);
	if (!*slot) {
		*slot = before;
		return -ENOMEM;
	}
	r->own.status = status;
	if (keep_and_tell(call, r) == 0) {
		free(before);
		return 0;
	}
	free(*slot);
	*slot = before;
	r->own.status = status_before;
	return 0;
}

static int
call_status(struct ipc_call *call)
{
	struct roster *r = ipc_ctx(call);
	const struct value *params = ipc_params(call);
	const char *status = value_str(params, "status"), *text = value_str(params, "text");
	if (!status && !text) {
		ipc_reply(call, own_describe(r));
		return 0;
	}
	if (status && !str_equal(status, status_name(status_of(status, TXT_AVAILABLE)))) {
		ipc_fail(call, IPC_INVALID, "The status can be available, away or dnd, not \"%s\".",
		    status);
		return 0;
	}
	if (text && !fits(call, text, LIMIT_STATUS_TEXT))
		return 0;
	/* A new status without a text ends the old text: it explained the old status. */
	return change_text(call, &r->own.text, text ? text : "", status_of(status, r->own.status));
}

static int
set_text(struct ipc_call *call, char **slot, size_t limit)
{
	const struct roster *r = ipc_ctx(call);
	const char *text = value_str(ipc_params(call), "text");
	if (!text) {
		ipc_fail(call, IPC_INVALID, "The parameter \"text\" is missing.");
		return 0;
	}
	return fits(call, text, limit) ? change_text(call, slot, text, r->own.status) : 0;
}

static int
call_set_name(struct ipc_call *call)
{
	struct roster *r = ipc_ctx(call);
	if (r->own.name_fixed) {
		ipc_fail(call, IPC_POLICY,
		    "The administrator of this computer has set your name. It cannot be changed.");
		return 0;
	}
	return set_text(call, &r->own.full_name, LIMIT_NICK);
}

static int
call_set_nick(struct ipc_call *call)
{
	struct roster *r = ipc_ctx(call);
	return set_text(call, &r->own.nick, LIMIT_NICK);
}

static int
change_picture(struct ipc_call *call, const struct picture *picture)
{
	struct roster *r = ipc_ctx(call);
	struct picture before = r->own.picture;
	r->own.picture = *picture;
	if (keep_and_tell(call, r) != 0) {
		r->own.picture = before;
		before = *picture;
	}
	free(before.data);
	return 0;
}

static int
call_set_avatar(struct ipc_call *call)
{
	const char *digits = value_str(ipc_params(call), "data");
	struct picture picture;
	if (!digits) {
		ipc_fail(call, IPC_INVALID, "The parameter \"data\" is missing.");
		return 0;
	}
	int err = picture_read(&picture, digits);
	if (!err)
		return change_picture(call, &picture);
	if (err == ERR_TOO_BIG)
		ipc_fail(call, IPC_INVALID,
		    "The picture is too big: at most %d bytes fit into one announcement.",
		    LIMIT_AVATAR);
	else if (err == ERR_UNSUPPORTED)
		ipc_fail(call, IPC_INVALID, "The picture is no PNG, JPEG or GIF.");
	else if (err == -EINVAL)
		ipc_fail(call, IPC_INVALID, "The picture's data is not hexadecimal.");
	else
		return err;
	return 0;
}

const struct ipc_method own_methods[] = {
    {"status", "[status] [text]", "Show or change how others see you", call_status},
    {"set.name", "text", "Change your full name", call_set_name},
    {"set.nick", "text", "Change your nickname", call_set_nick},
    {"set.avatar", "data", "Change your picture", call_set_avatar},
    {0},
};
