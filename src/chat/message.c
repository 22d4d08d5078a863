/* Messages and errors of the store as front ends see them. */
#include "base/err.h"
#include "base/str.h"
#include "base/tr.h"
#include "chat/chat.h"

#include <errno.h>
#include <string.h>

const char *
message_state_name(enum store_state state)
{
	static const char *const names[] = {
	    [STORE_QUEUED] = "queued",
	    [STORE_HANDED_OVER] = "handed over",
	    [STORE_DELIVERED] = "delivered",
	    [STORE_READ] = "read",
	    [STORE_FAILED] = "failed",
	    [STORE_CANCELLED] = "cancelled",
	    [STORE_UNREAD] = "unread",
	    [STORE_SEEN] = "seen",
	};
	return names[state];
}

static void
set_time(struct value *v, const char *key, int64_t ms)
{
	if (ms)
		value_set_int(v, key, ms);
}

struct value *
message_reactions(const char *reactions)
{
	struct value *array = value_array();
	while (reactions && *reactions) {
		size_t len = strcspn(reactions, " ");
		struct buf one = BUF_INIT(LIMIT_REACTION);
		buf_add(&one, reactions, len);
		value_append_str(array, buf_cstr(&one));
		buf_finish(&one);
		reactions += len + (reactions[len] == ' ');
	}
	return array;
}

static void
describe_reactions(struct value *v, const struct store_message *m)
{
	if (str_empty(m->reactions_in) && str_empty(m->reactions_out))
		return;
	struct value *reactions = value_object();
	value_set(reactions, "theirs", message_reactions(m->reactions_in));
	value_set(reactions, "ours", message_reactions(m->reactions_out));
	value_set(v, "reactions", reactions);
}

/* "/me waves" (XEP-0245) is shown as "Juliet waves". */
static const char *
without_me(const char *text)
{
	return text && strncmp(text, "/me ", 4) == 0 ? text + 4 : text;
}

struct value *
message_describe(const struct store_message *m)
{
	const char *text = without_me(m->body);
	struct value *v = value_object();
	value_set_int(v, "number", m->n);
	value_set_str(v, "direction", m->direction == STORE_IN ? "in" : "out");
	value_set_str(v, "peer", m->peer);
	value_set_str(v, "display", m->display);
	value_set_str(v, "id", m->id);
	value_set_str(v, "text", text);
	value_set_bool(v, "action", text != m->body);
	value_set_int(v, "time", m->said_at);
	value_set_int(v, "stored", m->stored_at);
	value_set_str(v, "state", message_state_name(m->state));
	value_set_str(v, "reason", m->reason);
	value_set_str(v, "reply", m->reply_to);
	value_set_str(v, "reply_text", without_me(m->reply_text));
	set_time(v, "edited", m->edited_at);
	value_set_bool(v, "retracted", m->retracted);
	if (m->file)
		value_set_bool(v, "file", true);
	describe_reactions(v, m);
	value_set_str(v, "trust", store_trust_word(m->trust));
	value_set_bool(v, "encrypted", m->trust != STORE_TRUST_PLAIN);
	value_set_str(v, "snippet", m->snippet);
	return v;
}

void
chat_fail_store(struct ipc_call *call, int err, const char *what)
{
	static const struct {
		int err;
		const char *reason, *why; /* why NULL: as err_str() has it */
	} known[] = {
	    {-ENOSPC, IPC_DISK, TR("the disk is full")},
	    {-EDQUOT, IPC_DISK, TR("the disk is full")},
	    {-EROFS, IPC_DISK, TR("the disk cannot be written to")},
	    {-EACCES, IPC_DISK, TR("the disk cannot be written to")},
	    {-EIO, IPC_DISK, TR("the disk reports an error")},
	    /* of the index of words only; damage to anything else ends the daemon */
	    {ERR_DAMAGED, IPC_BUSY, TR("the history is being repaired; try again in a moment")},
	    {-ETIMEDOUT, IPC_TIMEOUT, TR("it took too long; say more of what is meant")},
	    {ERR_TOO_BIG, IPC_INVALID, NULL},
	    {-EINVAL, IPC_INVALID, NULL},
	    {-ENOENT, IPC_UNKNOWN, TR("there is no such message")},
	    {-ENOMEM, IPC_INTERNAL, NULL},
	};
	const char *reason = IPC_DISK, *why = NULL;
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (known[i].err != err)
			continue;
		reason = known[i].reason;
		why = known[i].why;
	}
	ipc_fail(call, reason, "%-s: %-s.", what, why ? why : err_str(err));
}
