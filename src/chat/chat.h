/* What the files of chat/ share: conversations are held in conversation.h, arriving messages in
 * inbox.c, what was said before in history.c. Loop thread only. */
#ifndef CHAT_CHAT_H
#define CHAT_CHAT_H

#include "base/compiler.h"
#include "peer/feature.h"
#include "peer/person.h"
#include "store/log.h"

#include <stdbool.h>

enum chat_state { CHAT_ACTIVE, CHAT_COMPOSING, CHAT_PAUSED, CHAT_INACTIVE, CHAT_GONE };

/* xep0085: they type, or stopped. */
void chat_typing(struct person *from, enum chat_state state);
const char *chat_state_name(enum chat_state state);

/* xep0184: confirm one of theirs. */
int receipt_send(const struct inbound *in, const char *id) MUST_USE;
bool receipt_wanted(const struct inbound *in);
/* Ask for one? Not those who are known to ignore it. */
bool receipt_worth_asking(const struct person *p);

/* The old typing notice of iChat and Adium (jabber:x:event, XEP-0022): true if the message is
 * one, which then must not be shown even if it has a body (iChat sends the text so far). */
bool x_event_is_typing(const struct xml_elem *message);
/* Those who would understand nothing else. */
bool x_event_is_spoken_by(const struct person *p);

/* message.c: docs/ipc.md "message". */
struct value *message_describe(const struct store_message *m);
const char *message_state_name(enum store_state state);
struct value *message_reactions(const char *reactions); /* an array of what blanks separate */

/* The store did not do it: "WHAT: the disk is full". */
void chat_fail_store(struct ipc_call *call, int err, const char *what);

/* log.c: docs/ipc.md "Events", for each of the log. */
struct value *log_describe(const struct store_event *e);
extern const struct ipc_log_source chat_log_source; /* ctx: the roster */
/* store_listener.on_events; ctx is the roster. */
void chat_publish_events(void *ctx, const struct store_event *events, size_t count);

#endif
