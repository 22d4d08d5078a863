/* Notifications: what deserves one, when, and what its buttons do (threat L5).
 *
 * One person has one at a time, which the next message replaces; it goes when what it tells has
 * been seen anywhere. Nobody is told what they look at. Floods end in one summary
 * (notice_limit.h). Who does not want to be disturbed gets none, but that of somebody verified who
 * asks for attention. GTK's thread. */
#ifndef TRAY_NOTIFY_H
#define TRAY_NOTIFY_H

#include "base/compiler.h"
#include "tray/tray.h"

struct notify;

/* t is borrowed. bus: borrowed; NULL: there is none, and so no notifications. icon: name or path.
 */
int
notify_create(struct tray *t, GDBusConnection *bus, const char *icon, struct notify **out) MUST_USE;
void notify_destroy(struct notify *n); /* accepts NULL; takes what it shows off the screen */

void notify_message(struct notify *n, const struct front_person *p, const struct front_message *m);
void notify_attention(struct notify *n, const struct front_person *p);
/* p is another: perhaps what they said has been seen by now. */
void notify_person(struct notify *n, const struct front_person *p);
void notify_person_gone(struct notify *n, const struct front_person *p);
void notify_file(struct notify *n, const struct front_file *f);
void notify_file_gone(struct notify *n, const struct front_file *f);
/* An event of docs/ipc.md: verify, trust. */
void notify_event(struct notify *n, const char *topic, const struct earshot_value *event);
/* What was asked for without a window cannot be done. about: NULL, or the person. */
void notify_refusal(struct notify *n, const struct front_person *about, const char *sentence);
/* What is wrong with the daemon or the network, if it lasts; "": nothing. Told once. */
void notify_problem(struct notify *n, const char *sentence);

#endif
