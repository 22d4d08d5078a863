/* What they say became of a message of ours. The outbox knows those on their way; of others, sent
 * long ago or before a restart, the store may know. */
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "chat/conversation.h"
#include "peer/roster.h"

#include <errno.h>
#include <stdlib.h>

/* A question to the store whether it knows the message. */
struct answering {
	struct store_answered answered;
	struct conversation *c;
	char *peer, *id, *reason; /* owned */
};

static void
answering_free(struct answering *a)
{
	free(a->peer);
	free(a->id);
	free(a->reason);
	free(a);
}

static void
on_answered(void *ctx, struct store_job *job, int err)
{
	struct answering *a = ctx;
	struct conversation *c = a->c;
	(void)job;
	if (err)
		log_warn(a->peer, "what became of a message was not kept: %s", err_str(err));
	answering_free(a);
	conversation_has(c, 0);
	conversation_was_answered(c);
}

void
conversation_displayed(struct conversation *c, const char *id)
{
	(void)outbox_displayed(&c->outbox, clock_now(), id);
}

int
conversation_answered(
    struct conversation *c, const char *id, enum store_state state, const char *reason)
{
	uint64_t now = clock_now();
	bool known = state == STORE_DELIVERED ? outbox_confirmed(&c->outbox, now, id)
					      : outbox_refused(&c->outbox, now, id, reason);
	if (known)
		return 0;
	struct answering *a = calloc(1, sizeof(*a));
	if (!a || str_replace(&a->peer, c->person->name) != 0 || str_replace(&a->id, id) != 0 ||
	    str_replace(&a->reason, reason) != 0) {
		if (a)
			answering_free(a);
		return -ENOMEM; /* what they said is shown late, or never; nothing is lost */
	}
	a->c = c;
	a->answered = (struct store_answered){
	    .job = {.done = on_answered, .ctx = a},
	    .peer = a->peer,
	    .id = a->id,
	    .state = state,
	    .reason = a->reason,
	};
	conversation_gets(c, 0);
	conversation_asks(c);
	store_answered(c->chat->roster->store, &a->answered);
	return 0;
}
