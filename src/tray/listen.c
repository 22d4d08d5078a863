#include "tray/listen.h"

#include "tray/app.h"
#include "tray/notify.h"
#include "tray/window.h"

/* NOLINTBEGIN(bugprone-macro-parentheses): call is the name of a member */
#define TELL_WINDOW(a, call, ...) \
	do { \
		if ((a)->tray.window && window_listener.call) \
			window_listener.call((a)->tray.window, __VA_ARGS__); \
	} while (0)
/* NOLINTEND(bugprone-macro-parentheses) */

static void
on_link(void *ctx, enum front_link link, const char *sentence)
{
	struct app *a = ctx;
	app_touch(&a->tray);
	TELL_WINDOW(a, on_link, link, sentence);
}

static void
on_people(void *ctx)
{
	struct app *a = ctx;
	app_touch(&a->tray);
	if (a->tray.window && window_listener.on_people)
		window_listener.on_people(a->tray.window);
}

static void
on_person(void *ctx, struct front_person *p)
{
	struct app *a = ctx;
	app_touch(&a->tray);
	TELL_WINDOW(a, on_person, p);
	notify_person(a->notify, p);
}

static void
on_person_gone(void *ctx, struct front_person *p)
{
	struct app *a = ctx;
	app_touch(&a->tray);
	notify_person_gone(a->notify, p);
	TELL_WINDOW(a, on_person_gone, p);
}

static void
on_message(void *ctx, struct front_person *p, size_t at)
{
	TELL_WINDOW((struct app *)ctx, on_message, p, at);
}

static void
on_message_changed(void *ctx, struct front_person *p, size_t at)
{
	TELL_WINDOW((struct app *)ctx, on_message_changed, p, at);
}

static void
on_history(void *ctx, struct front_person *p, size_t added)
{
	TELL_WINDOW((struct app *)ctx, on_history, p, added);
}

static void
on_notice(void *ctx, struct front_person *p, const struct front_message *m)
{
	struct app *a = ctx;
	TELL_WINDOW(a, on_notice, p, m);
	notify_message(a->notify, p, m);
}

static void
on_file(void *ctx, struct front_file *f, bool progress)
{
	struct app *a = ctx;
	app_touch(&a->tray);
	TELL_WINDOW(a, on_file, f, progress);
	if (!progress)
		notify_file(a->notify, f);
}

static void
on_file_gone(void *ctx, struct front_file *f)
{
	struct app *a = ctx;
	app_touch(&a->tray);
	notify_file_gone(a->notify, f);
	TELL_WINDOW(a, on_file_gone, f);
}

static void
on_own(void *ctx, const struct earshot_value *own)
{
	struct app *a = ctx;
	app_touch(&a->tray);
	TELL_WINDOW(a, on_own, own);
}

static void
on_attention(void *ctx, struct front_person *p)
{
	struct app *a = ctx;
	TELL_WINDOW(a, on_attention, p);
	notify_attention(a->notify, p);
}

static void
on_event(void *ctx, const char *topic, const struct earshot_value *event)
{
	struct app *a = ctx;
	app_touch(&a->tray); /* "state" is among them */
	TELL_WINDOW(a, on_event, topic, event);
	notify_event(a->notify, topic, event);
}

static void
on_refusal(void *ctx, struct front_person *about, const char *sentence)
{
	struct app *a = ctx;
	TELL_WINDOW(a, on_refusal, about, sentence);
	notify_refusal(a->notify, about, sentence);
}

const struct front_listener listen_front = {
    .on_link = on_link,
    .on_people = on_people,
    .on_person = on_person,
    .on_person_gone = on_person_gone,
    .on_message = on_message,
    .on_message_changed = on_message_changed,
    .on_history = on_history,
    .on_notice = on_notice,
    .on_file = on_file,
    .on_file_gone = on_file_gone,
    .on_own = on_own,
    .on_attention = on_attention,
    .on_event = on_event,
    .on_refusal = on_refusal,
};
