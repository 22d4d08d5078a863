/* A message of ours in memory, on its way: what the outbox moves about, with the words that belong
 * to it. In one piece of memory. Loop thread only. */
#ifndef CHAT_QUEUED_H
#define CHAT_QUEUED_H

#include "chat/outbox.h"
#include "chat/said.h"

struct queued;

/* NULL: out of memory. Text is copied. row and expiry are told later, or are in the second. */
struct queued *queued_create(const struct saying *m);
struct queued *queued_create_loaded(const struct store_queued *m, int64_t age);
void queued_free(struct queued *q); /* accepts NULL */

/* The store has it: expires is on the store's age, which is `age` now. */
struct outbox_item *
queued_stored(struct queued *q, int64_t row, int64_t expires, int64_t age, const char *quote);
struct outbox_item *queued_item(struct queued *q);
struct queued *queued_of(struct outbox_item *item);
struct saying queued_saying(const struct queued *q); /* borrowed from q */

#endif
