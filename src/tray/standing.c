#include "tray/standing.h"

#include "base/compiler.h"
#include "base/str.h"
#include "base/text.h"
#include "base/tr.h"

#include <string.h>

static bool
is_own_status(const struct standing_source *s, const char *status)
{
	return str_equal(earshot_value_str(s->own, "status"), status);
}

static const char *
no_discovery(const struct standing_source *s)
{
	const char *discovery = earshot_value_str(s->state, "discovery");
	if (str_equal(discovery, "failed"))
		return tr("Others cannot be found: the search on the network does not run.");
	if (str_equal(discovery, "off"))
		return tr("Others are not searched for: discovery is switched off.");
	return NULL;
}

void
standing_problem(struct buf *out, const struct standing_source *s)
{
	const char *problem = earshot_value_str(s->state, "problem");
	if (s->link != FRONT_UP)
		buf_str(out,
		    s->link_sentence ? s->link_sentence : tr("Connecting to Earshot\xe2\x80\xa6"));
	else if (!s->state)
		buf_str(out, "");
	else if (!earshot_value_bool(s->state, "network", true))
		buf_str(out, tr("No network: this computer is not connected to any."));
	else if (!str_empty(problem))
		text_add(out, TEXT_NAME, problem, strlen(problem));
	else if (no_discovery(s))
		buf_str(out, no_discovery(s));
}

enum standing
standing_of(const struct standing_source *s)
{
	const char *discovery = earshot_value_str(s->state, "discovery");
	if (s->unread > 0 || s->asks > 0)
		return STANDING_UNREAD;
	if (s->link != FRONT_UP || !s->state || !earshot_value_bool(s->state, "network", true) ||
	    str_equal(discovery, "failed"))
		return STANDING_OFFLINE;
	if (is_own_status(s, "dnd"))
		return STANDING_DND;
	return is_own_status(s, "away") ? STANDING_AWAY : STANDING_AVAILABLE;
}

const char *
standing_icon(enum standing standing)
{
	static const char *const names[] = {
	    [STANDING_OFFLINE] = "earshot-tray-offline",
	    [STANDING_AVAILABLE] = "earshot-tray-available",
	    [STANDING_AWAY] = "earshot-tray-away",
	    [STANDING_DND] = "earshot-tray-dnd",
	    [STANDING_UNREAD] = "earshot-tray-unread",
	};
	return names[standing];
}

void
standing_sentence(struct buf *out, const struct standing_source *s)
{
	switch (standing_of(s)) {
	case STANDING_UNREAD:
		if (s->unread > 0)
			buf_fmt(out,
			    tr_n("Earshot: %u unread message", "Earshot: %u unread messages",
				s->unread),
			    s->unread);
		else
			buf_fmt(out,
			    tr_n("Earshot: %u file waits for your answer",
				"Earshot: %u files wait for your answer", s->asks),
			    s->asks);
		break;
	case STANDING_OFFLINE:
		buf_str(out, tr("Earshot: not connected"));
		break;
	case STANDING_AWAY:
		buf_str(out, tr("Earshot: away"));
		break;
	case STANDING_DND:
		buf_str(out, tr("Earshot: do not disturb"));
		break;
	case STANDING_AVAILABLE:
		buf_str(out, tr("Earshot: available"));
		break;
	}
}
