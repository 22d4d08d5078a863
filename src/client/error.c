#include "base/limits.h"
#include "base/str.h"
#include "base/tr.h"
#include "client/internal.h"
#include "wire/words.h"

/* where error_translate() puts it; not beside "reason", where programs look */
static const char SENTENCE[] = "sentence";

const char *
earshot_strerror(int err)
{
	switch (err) {
	case EARSHOT_OK:
		return tr("Success.");
	case EARSHOT_ERR_MEMORY:
		return tr("Out of memory.");
	case EARSHOT_ERR_INVALID:
		return tr("This makes no sense, or is not UTF-8.");
	case EARSHOT_ERR_NOT_RUNNING:
		return tr("The Earshot daemon is not running.");
	case EARSHOT_ERR_START:
		return tr("The Earshot daemon did not start; earshotd.log in the state folder says "
			  "why.");
	case EARSHOT_ERR_REFUSED:
		return tr("The Earshot daemon there belongs to another user.");
	case EARSHOT_ERR_PROTOCOL:
		return tr("The Earshot daemon is of another version; restart it.");
	case EARSHOT_ERR_CUT_OFF:
		return tr("The Earshot daemon closed the connection.");
	case EARSHOT_ERR_TIMEOUT:
		return tr("The Earshot daemon did not answer in time.");
	case EARSHOT_ERR_TOO_BIG:
		return tr("This is too long for one call, or too much is still unsent.");
	case EARSHOT_ERR_FAILED:
		return tr("The Earshot daemon could not do it.");
	case EARSHOT_ERR_BUSY:
		return tr("A callback may not wait.");
	case EARSHOT_ERR_SYSTEM:
		return tr("The operating system reported an error.");
	case EARSHOT_ERR_CROWDED:
		return tr("The Earshot daemon serves too many programs already.");
	case EARSHOT_ERR_LOCKED:
		return tr(
		    "The Earshot daemon cannot start: the passphrase of its key is missing or "
		    "wrong.");
	default:
		return tr("Unknown error.");
	}
}

const char *
earshot_error_message(int err, const struct earshot_value *answer)
{
	if (err != EARSHOT_ERR_FAILED)
		return earshot_strerror(err);
	const char *text = earshot_value_str(answer, SENTENCE);
	if (!text)
		text = earshot_value_str(answer, "message");
	return text ? text : earshot_strerror(err);
}

void
error_translate(struct value *error)
{
	struct buf text = BUF_INIT(LIMIT_SENTENCE);
	const char *message = value_str(error, "message");
	if (!words_say(&text, value_get(value_get(error, "data"), "words")) && message)
		words_translate(&text, message);
	if (text.len > 0 && !buf_err(&text) && !str_equal(buf_cstr(&text), message))
		value_set_str(error, SENTENCE, buf_cstr(&text));
	buf_finish(&text);
}

char *
earshot_translate(const char *text)
{
	if (!text)
		return NULL;
	struct buf out = BUF_INIT(LIMIT_ANSWER);
	words_translate(&out, text);
	return buf_take(&out);
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
