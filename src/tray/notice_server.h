/* The notification server of the session (org.freedesktop.Notifications), as it comes and goes.
 * Knows how to show a notice, not what is in it or when it is due. GTK's thread. */
#ifndef TRAY_NOTICE_SERVER_H
#define TRAY_NOTICE_SERVER_H

#include "base/compiler.h"
#include "tray/notice_text.h"

#include <gio/gio.h>
#include <stdbool.h>
#include <stdint.h>

struct notice_server;

/* Its capabilities: another server has others. */
struct notice_can {
	struct notice_server_text text;
	bool actions, inline_reply;
};

/* One button; at most NOTICE_ACTIONS of a notice. */
struct notice_action {
	const char *key, *label;
};

enum { NOTICE_ACTIONS = 4 };

/* All borrowed. Texts are clean and plain; what this server needs is made of them here. */
struct notice {
	const char *summary, *body, *category;
	struct notice_action actions[NOTICE_ACTIONS]; /* up to the first NULL key */
	bool urgent;
};

struct notice_server_listener {
	/* It can be asked to show things now. */
	void (*on_ready)(void *ctx);
	/* There is none, or it is another one: what was shown is gone, ids mean nothing any more.
	 */
	void (*on_gone)(void *ctx);
	/* What was asked to be shown under this ticket has that id; 0: it is not shown. */
	void (*on_shown)(void *ctx, uint64_t ticket, uint32_t id);
	void (*on_action)(void *ctx, uint32_t id, const char *key);
	void (*on_reply)(void *ctx, uint32_t id, const char *text); /* not clean */
	void (*on_closed)(void *ctx, uint32_t id);
};

/* bus is borrowed; NULL: there is none, and no server either. icon: name or path. */
int notice_server_create(GDBusConnection *bus, const char *icon,
    const struct notice_server_listener *l, void *ctx, struct notice_server **out) MUST_USE;
void notice_server_destroy(struct notice_server *s); /* accepts NULL */

/* NULL: not known. Then the server is asked, and started if it can be: on_ready or on_gone comes;
 * on_gone at once if there is no bus. */
const struct notice_can *notice_server_can(struct notice_server *s);
/* Only if notice_server_can(). replaces: id, or 0. on_shown comes, unless on_gone did before. */
void notice_server_show(
    struct notice_server *s, const struct notice *n, uint32_t replaces, uint64_t ticket);
void notice_server_close(struct notice_server *s, uint32_t id);

#endif
