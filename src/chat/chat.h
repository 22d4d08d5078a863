/* Conversation with one person: sends what the user says, hands what comes to the front ends.
 * Loop thread only.
 *
 * What was sent is remembered for a few seconds: of two streams that cross, old clients drop one
 * with what is on it, and it is sent again, with the same id, on the one that lives (R10). */
#ifndef CHAT_CHAT_H
#define CHAT_CHAT_H

#include "base/compiler.h"
#include "peer/feature.h"
#include "peer/person.h"

#include <stdbool.h>

enum chat_state { CHAT_ACTIVE, CHAT_COMPOSING, CHAT_PAUSED, CHAT_INACTIVE, CHAT_GONE };

/* xep0085: they type, or stopped. */
void chat_typing(struct person *from, enum chat_state state);
const char *chat_state_name(enum chat_state state);

/* xep0184: the message with this id arrived there. */
void chat_delivered(struct person *from, const char *id);
/* Confirm one of theirs. */
int receipt_send(const struct inbound *in, const char *id) MUST_USE;
bool receipt_wanted(const struct inbound *in);
/* Ask for one? Not those who are known to ignore it. */
bool receipt_worth_asking(const struct person *p);

/* The old typing notice of iChat and Adium (jabber:x:event, XEP-0022): true if the message is
 * one, which then must not be shown even if it has a body (iChat sends the text so far). */
bool x_event_is_typing(const struct xml_elem *message);
/* Those who would understand nothing else. */
bool x_event_is_spoken_by(const struct person *p);

#endif
