/* The notices that are on the screen or on their way there, by what they are about: at most one of
 * each, at most NOTICES_MAX. Keeps to the budgets, and puts the latest in place of what was there
 * before. Knows neither people nor files. GTK's thread. */
#ifndef TRAY_NOTICE_LIST_H
#define TRAY_NOTICE_LIST_H

#include "base/compiler.h"
#include "tray/notice_server.h"

#include <stdbool.h>

enum { NOTICES_MAX = 64 };

struct notice_list;

struct notice_list_listener {
	/* A button of the notice about key; "default": the notice itself. */
	void (*on_action)(void *ctx, const char *key, const char *action);
	void (*on_reply)(void *ctx, const char *key, const char *text); /* not clean */
	/* There was too much: that many in all have no notice of their own now. */
	void (*on_summary)(void *ctx, unsigned count);
};

/* What decides about the budget. */
enum notice_weight {
	NOTICE_STRANGER, /* of somebody nobody knows */
	NOTICE_KNOWN,
	NOTICE_OURS, /* not of a person: no budget but its own pace */
};

int notice_list_create(GDBusConnection *bus, const char *icon, const struct notice_list_listener *l,
    void *ctx, struct notice_list **out) MUST_USE;
void notice_list_destroy(struct notice_list *n); /* accepts NULL; closes all of them */

/* Shows it as soon as it may be. All text is copied. inline_reply: the first action becomes a field
 * to write in where the server has that. */
void notice_list_put(struct notice_list *n, const char *key, enum notice_weight weight,
    const struct notice *notice, bool inline_reply);
void notice_list_remove(struct notice_list *n, const char *key);
bool notice_list_has(const struct notice_list *n, const char *key);

#endif
