#include "client/internal.h"

const char *
earshot_strerror(int err)
{
	switch (err) {
	case EARSHOT_OK:
		return "Success.";
	case EARSHOT_ERR_MEMORY:
		return "Out of memory.";
	case EARSHOT_ERR_INVALID:
		return "This makes no sense, or is not UTF-8.";
	case EARSHOT_ERR_NOT_RUNNING:
		return "The Earshot daemon is not running.";
	case EARSHOT_ERR_START:
		return "The Earshot daemon did not start; earshotd.log in the state folder says "
		       "why.";
	case EARSHOT_ERR_REFUSED:
		return "The Earshot daemon there belongs to another user.";
	case EARSHOT_ERR_PROTOCOL:
		return "The Earshot daemon is of another version; restart it.";
	case EARSHOT_ERR_CUT_OFF:
		return "The Earshot daemon closed the connection.";
	case EARSHOT_ERR_TIMEOUT:
		return "The Earshot daemon did not answer in time.";
	case EARSHOT_ERR_TOO_BIG:
		return "This is too long for one call, or too much is still unsent.";
	case EARSHOT_ERR_FAILED:
		return "The Earshot daemon could not do it.";
	case EARSHOT_ERR_BUSY:
		return "A callback may not wait.";
	case EARSHOT_ERR_SYSTEM:
		return "The operating system reported an error.";
	case EARSHOT_ERR_CROWDED:
		return "The Earshot daemon serves too many programs already.";
	case EARSHOT_ERR_LOCKED:
		return "The Earshot daemon cannot start: the passphrase of its key is missing or "
		       "wrong.";
	default:
		return "Unknown error.";
	}
}

const char *
earshot_error_message(int err, const struct earshot_value *answer)
{
	const char *text = err == EARSHOT_ERR_FAILED ? earshot_value_str(answer, "message") : NULL;
	return text ? text : earshot_strerror(err);
}

const struct earshot_value *
earshot_error_data(const struct earshot_value *answer)
{
	return earshot_value_get(answer, "data");
}

const char *
earshot_error_reason(const struct earshot_value *answer)
{
	const char *reason = earshot_value_str(earshot_error_data(answer), "reason");
	return reason ? reason : "";
}
