/* What the outbox of a conversation wants done: of the store, of streams, of the clock. The other
 * half of conversation.c. Loop thread only. */
#ifndef CHAT_WANTS_H
#define CHAT_WANTS_H

#include "chat/conversation.h"

extern const struct outbox_ops wants_ops; /* ctx: struct conversation */

/* The answer to who wanted a message cancelled. err: of the store. */
void wants_answer_cancel(struct ipc_call *call, int err, bool cancelled);

#endif
