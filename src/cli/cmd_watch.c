/* watch: everything that happens, one line an event; also what happened since the last time, and
 * over the daemon's restarts.
 *
 * What is written out is never written again, except after a crash: the cursor that the daemon
 * remembers follows what was written, a second behind at most. */
#define _GNU_SOURCE /* pipe2 */
#include "base/clock.h"
#include "base/str.h"
#include "base/tr.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/style_of.h"
#include "cli/watch.h"
#include "front/marking.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum {
	MOVE_EVERY = 1000, /* ms between two moves of the cursor */
	LAST_MOVE = 2000,  /* ms for the one at the end */
	PAUSE_FIRST = 100,
	PAUSE_LONGEST = 1000, /* ms between attempts to connect again */
};

struct watch {
	struct cli *c;
	const char *name; /* of the cursor; NULL: nothing is to be remembered */
	int64_t place;    /* up to this number all is written; -1: there is no log to go on in */
	int64_t newest;   /* number when we began: up to it events are old */
	int64_t moved;    /* where the cursor is */
	int64_t moving;   /* where it is to be, 0: no call is on its way */
	uint64_t move_at; /* not before */
	bool warned;      /* that it cannot be moved */
	bool unread;      /* nobody reads our output any more */
	int code;         /* what went wrong */
};

/* ---- signals: they end the program after the last move of the cursor ---- */

static volatile sig_atomic_t stopped; /* by which signal */
static int alarm_bell[2] = {-1, -1};  /* written to by the handler, so that poll() wakes up */

static void
on_signal(int number)
{
	int saved = errno;
	stopped = number;
	(void)!write(alarm_bell[1], "", 1);
	errno = saved;
}

/* A second signal ends it at once, whatever it is waiting for. */
static int
catch_signals(void)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
	if (pipe2(alarm_bell, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		struct sigaction old;
		struct sigaction new = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
		(void)sigemptyset(&new.sa_mask);
		if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			(void)sigaction(numbers[i], &new, NULL);
	}
	return 0;
}

static bool
is_over(const struct watch *w)
{
	return w->code || w->unread || stopped;
}

/* Ends as a program that does not catch the signal would. */
static void
end_by_signal(int number)
{
	(void)signal(number, SIG_DFL);
	(void)raise(number);
}

/* Waits for what `p` wants, for a signal, for the reader of our output to go away. */
static void
await(struct watch *w, struct pollfd *p, int timeout_ms)
{
	bool writes = p->fd == w->c->out.fd;
	struct pollfd all[3] = {
	    *p, {.fd = alarm_bell[0], .events = POLLIN}, {.fd = writes ? -1 : w->c->out.fd}};
	int n = poll(all, 3, timeout_ms);
	*p = all[0];
	if (n < 0)
		p->revents = 0; /* a signal mostly; the caller comes back */
	else if ((writes ? all[0] : all[2]).revents & POLLERR)
		w->unread = true;
}

/* ---- the cursor ---- */

static void
on_moved(void *ctx, int err, const struct earshot_value *answer)
{
	struct watch *w = ctx;
	if (!err)
		w->moved = w->moving;
	else if (err == EARSHOT_ERR_FAILED && !w->warned) {
		w->warned = true;
		cli_warn(w->c, earshot_error_message(err, answer));
	}
	w->moving = 0;
}

static struct earshot_value *
cursor_params(const char *name, int64_t number)
{
	struct earshot_value *params = earshot_value_object();
	earshot_value_set_str(params, "name", name);
	if (number > 0)
		earshot_value_set_int(params, "number", number);
	return params;
}

/* ms until the cursor is to be moved, -1: it is not. */
static int
next_move(const struct watch *w)
{
	if (!w->name || w->moving || w->place <= w->moved)
		return -1;
	uint64_t now = clock_now();
	return w->move_at > now ? (int)(w->move_at - now) : 0;
}

static void
move_cursor(struct watch *w)
{
	if (next_move(w) != 0)
		return;
	w->move_at = clock_now() + MOVE_EVERY;
	w->moving = w->place;
	if (earshot_call_async(w->c->link, "cursor", cursor_params(w->name, w->place), on_moved, w))
		w->moving = 0; /* the connection has ended: tried again on the next */
}

/* When nobody reads any more it stays: what was written last may have been read by nobody. (So
 * SIGPIPE, too, is left to end us at once.) */
static void
move_at_the_end(struct watch *w)
{
	if (w->c->link && w->name && !w->unread && w->place > w->moved)
		(void)earshot_call(w->c->link, "cursor", cursor_params(w->name, w->place),
		    LAST_MOVE, NULL); /* else it is repeated the next time, which is no harm */
}

/* ---- events ---- */

static int
print_event(struct watch *w, const char *topic, const struct earshot_value *event, bool old)
{
	const struct screen *s = &w->c->out;
	struct buf when = BUF_INIT(64), line = BUF_INIT(SCREEN_MAX), b = BUF_INIT(SCREEN_MAX);
	const struct earshot_value *whose = NULL;
	int code = CLI_OK;
	bool was = screen_english(s);
	watch_stamp(&when, event, old);
	if (watch_words(s, &line, &whose, topic, event)) {
		screen_style(s, &b, STYLE_DIM, buf_cstr(&when));
		size_t marked = whose ? style_marking(s, &b, whose) : 0;
		screen_wrap(s, &b, buf_cstr(&line), when.len + marked, when.len);
		code = cli_print(w->c, &b);
	}
	(void)tr_english(was);
	buf_finish(&when);
	buf_finish(&line);
	buf_finish(&b);
	return code;
}

static void
on_event(void *ctx, const char *topic, const struct earshot_value *event)
{
	struct watch *w = ctx;
	struct pollfd p = {.fd = w->c->out.fd, .events = POLLOUT};
	int64_t number = earshot_value_int(event, "number", 0);
	bool old = number > 0 && number <= w->newest;
	/* not left to write(): who reads us may have stopped, and a signal must still end us */
	while (!is_over(w) && !p.revents)
		await(w, &p, -1);
	if (is_over(w))
		return;
	w->code = w->c->json ? cli_print_json(w->c, event) : print_event(w, topic, event, old);
	if (w->code)
		await(w, &p, 0); /* was it that nobody reads any more? */
	else if (number > 0 && w->place >= 0)
		w->place = number;
}

/* ---- the connection ---- */

/* Where to begin: `since` as it was typed, NULL: now. */
static int
find_place(struct watch *w, const char *since)
{
	struct earshot_value *answer = NULL;
	int code = CLI_OK;
	int err = earshot_call(w->c->link, "cursor", cursor_params(w->name ? w->name : "watch", 0),
	    CLI_CALL_MS, &answer);
	if (err == EARSHOT_ERR_FAILED && !since) {
		w->place = -1;
	} else if (err) {
		code = cli_fail_call(w->c, err, answer);
	} else {
		w->newest = earshot_value_int(answer, "last", 0);
		int64_t number = earshot_value_int(answer, "number", 0);
		w->moved = number;
		if (!since || (str_equal(since, "last") && number == 0))
			w->place = w->newest;
		else if (str_equal(since, "last"))
			w->place = number;
	}
	earshot_value_free(answer);
	return code;
}

static int
subscribe(struct watch *w, struct earshot_value **answer)
{
	*answer = NULL;
	if (w->place < 0)
		return earshot_subscribe(w->c->link, NULL, on_event, w, CLI_CALL_MS);
	return earshot_subscribe_since(
	    w->c->link, NULL, w->place, NULL, on_event, w, CLI_CALL_MS, answer);
}

static int
begin(struct watch *w, const char *since)
{
	struct earshot_value *answer = NULL;
	int code = cli_connect(w->c);
	if (!code)
		code = find_place(w, since);
	if (code)
		return code;
	int err = subscribe(w, &answer);
	if (err == EARSHOT_ERR_FAILED && !since && w->place >= 0) {
		w->place = -1;
		earshot_value_free(answer);
		err = subscribe(w, &answer);
	}
	if (err && err != EARSHOT_ERR_CUT_OFF) /* that one comes again, and then we reconnect */
		code = cli_fail_call(w->c, err, answer);
	earshot_value_free(answer);
	return code;
}

/* Until the connection ends or we do. */
static int
follow(struct watch *w)
{
	int err = 0;
	while (!err && !is_over(w)) {
		struct pollfd p = {
		    .fd = earshot_fd(w->c->link), .events = earshot_events(w->c->link)};
		await(w, &p, next_move(w));
		if (p.revents)
			err = earshot_dispatch(w->c->link);
		if (!err)
			move_cursor(w);
	}
	return err;
}

/* The log that is there now is not the one we had: all of it is new to us. */
static bool
begins_anew(struct watch *w, const struct earshot_value *answer)
{
	if (w->place < 0 || !earshot_value_has(earshot_error_data(answer), "last"))
		return false;
	w->place = w->moved = w->newest = 0;
	cli_warn(w->c, "The daemon's log was begun anew and is shown from its beginning.");
	return true;
}

/* 0; or an error that another attempt may mend (may_mend()), or not. */
static int
try_again(struct watch *w, bool *told)
{
	struct earshot_value *answer = NULL;
	int err = earshot_connect(w->c->socket_path, "earshot", 0, &w->c->link);
	if (!err)
		err = subscribe(w, &answer);
	if (err == EARSHOT_ERR_FAILED && !begins_anew(w, answer) && !*told) {
		*told = true;
		cli_warn(w->c, earshot_error_message(err, answer));
	}
	earshot_value_free(answer);
	if (err)
		cli_disconnect(w->c);
	return err;
}

static bool
may_mend(int err)
{
	return err == EARSHOT_ERR_NOT_RUNNING || err == EARSHOT_ERR_CUT_OFF ||
	       err == EARSHOT_ERR_TIMEOUT || err == EARSHOT_ERR_CROWDED ||
	       err == EARSHOT_ERR_FAILED;
}

/* The connection has ended. Nobody is started: who stopped the daemon wanted it to be stopped. */
static void
come_back(struct watch *w)
{
	const char *why = earshot_cut_off_message(w->c->link);
	int pause = PAUSE_FIRST;
	bool told = false;
	cli_warn(w->c, str_empty(why) ? tr("The daemon ended. Waiting for it to come back.") : why);
	cli_disconnect(w->c);
	int err = try_again(w, &told);
	while (err && !is_over(w) && may_mend(err)) {
		struct pollfd none = {.fd = -1};
		await(w, &none, pause);
		pause = 2 * pause < PAUSE_LONGEST ? 2 * pause : PAUSE_LONGEST;
		if (!is_over(w))
			err = try_again(w, &told);
	}
	if (err && !is_over(w))
		w->code = cli_fail_call(w->c, err, NULL);
	else if (!err && w->place < 0)
		cli_warn(w->c, "Connected again. What happened meanwhile is missing.");
	else if (!err)
		cli_warn(w->c, "Connected again. Going on where it was.");
}

static int
read_options(struct watch *w, const char **since)
{
	const char *name = cli_option(w->c, "cursor");
	*since = cli_option(w->c, "since");
	if (name && !*since)
		return cli_usage(w->c, "--cursor goes with --since.");
	if (name && !*name)
		return cli_usage(w->c, "The name of the cursor is empty.");
	if (!*since)
		return CLI_OK;
	w->name = name ? name : "watch";
	if (!str_equal(*since, "last") && str_to_int(*since, 0, INT64_MAX, &w->place))
		return cli_usage(
		    w->c, "%s is neither the number of an event nor \"last\".", *since);
	return CLI_OK;
}

int
cmd_watch(struct cli *c, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	struct watch w = {.c = c};
	const char *since = NULL;
	int code = read_options(&w, &since);
	if (code)
		return code;
	if (catch_signals())
		return cli_fail(c, CLI_ERROR, "No more files can be opened.");
	code = begin(&w, since);
	if (code) /* else it may be set by now: the first events come inside */
		w.code = code;
	while (!is_over(&w)) {
		int err = follow(&w);
		if (err == EARSHOT_ERR_CUT_OFF)
			come_back(&w);
		else if (err)
			w.code = cli_fail_call(c, err, NULL);
	}
	move_at_the_end(&w);
	cli_disconnect(c);
	if (!w.code)
		end_by_signal(w.unread ? SIGPIPE : (int)stopped);
	return w.code;
}
