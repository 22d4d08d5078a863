/* A person gets another name: what was kept under the old one is theirs in the store, too. */
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "chat/conversation.h"
#include "peer/roster.h"

#include <stdlib.h>

/* What was kept under an address on its way to under a name. */
struct renaming {
	struct store_rename rename;
	struct conversation *c;
	char *from, *to, *display; /* owned */
};

static void
renaming_free(struct renaming *r)
{
	free(r->from);
	free(r->to);
	free(r->display);
	free(r);
}

/* Only now can all of it be loaded. */
static void
on_renamed(void *ctx, struct store_job *job, int err)
{
	struct renaming *r = ctx;
	struct conversation *c = r->c;
	(void)job;
	if (err)
		log_error(r->to, "what was said to %s stays there: %s", r->from, err_str(err));
	renaming_free(r);
	c->renaming--;
	if (c->person && c->broken)
		conversation_restart(c);
	conversation_was_answered(c);
}

void
conversation_rename_kept(struct conversation *c, const char *from)
{
	struct renaming *r = calloc(1, sizeof(*r));
	if (!r || str_replace(&r->from, from) != 0 || str_replace(&r->to, c->person->name) != 0 ||
	    str_replace(&r->display, c->person->display) != 0) {
		if (r)
			renaming_free(r);
		log_error(c->person->name, "out of memory: what was said to %s stays there", from);
		return;
	}
	r->c = c;
	r->rename = (struct store_rename){.job = {.done = on_renamed, .ctx = r},
	    .from = r->from,
	    .to = r->to,
	    .display = r->display};
	c->renaming++;
	conversation_asks(c);
	conversation_store_failed(c); /* not at all, but it cannot be asked by that name yet */
	store_rename(c->chat->roster->store, &r->rename);
}
