/* A libpurple Bonjour client without a screen, so that tests can talk to the real thing:
 *
 *   purple-peer NAME STATEDIR [PORT]
 *
 * NAME is the whole instance name (alice@h1). Commands come on standard input, events leave as
 * one JSON object a line on standard output, each with "t" (CLOCK_MONOTONIC, ns):
 *
 *   send WHO TEXT                   plain text, one message
 *   send-file WHO PATH              as it is; no answer but what becomes of it
 *   accept FOLDER                   the oldest offer that waits, to be put there under its name
 *   decline                         the oldest offer that waits
 *   cancel                          every transfer there is
 *   status available|away [TEXT]
 *   stat                            stat{n}: messages received so far
 *   quit                            or the end of the input: goodbye on the network
 *
 *   start online offline error{text} exit
 *   buddy-on buddy-status buddy-off {who, alias, status, text}
 *   msg{who, text, raw}             raw: the HTML libpurple would show; text: without markup
 *   sent{who, ok}
 *   file-offer file-start file-done file-cancelled-here file-cancelled-there
 *       {who, name, size, done, out}
 *
 * libpurple needs avahi-daemon on the system bus before it starts. One thread, GLib's loop. */
#include <glib-unix.h>
#include <glib.h>
#include <jansson.h>
#include <purple.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DEFAULT_PORT = 5298 };

struct client {
	GMainLoop *loop;
	PurpleAccount *account; /* borrowed: libpurple owns its accounts */
	json_int_t received;
	GList *offers;    /* PurpleXfer, referenced; the oldest first */
	gboolean leaving; /* buddies that vanish now vanish because we do */
};

/* libpurple's callbacks for the list of buddies carry an event's name, not a context */
static struct client client;

/* ---- events ---- */
static void
emit(json_t *event)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	json_object_set_new(
	    event, "t", json_integer((json_int_t)now.tv_sec * 1000000000 + now.tv_nsec));
	if (json_dumpf(event, stdout, JSON_COMPACT) < 0)
		abort(); /* a test that misses an event must not look like a quiet peer */
	putchar('\n');
	fflush(stdout);
	json_decref(event);
}

static void
emit_name(const char *name)
{
	emit(json_pack("{s:s}", "ev", name));
}

/* Peers may send what is no UTF-8; libpurple hands on what it got */
static json_t *
text_value(const char *text)
{
	if (!text)
		return json_null();
	char *valid = g_utf8_make_valid(text, -1);
	json_t *value = json_string(valid);
	g_free(valid);
	return value;
}

static void
on_signed(PurpleConnection *gc, gpointer name)
{
	(void)gc;
	emit_name(name);
}

static void
on_error(PurpleConnection *gc, PurpleConnectionError code, const char *text, gpointer unused)
{
	(void)gc, (void)code, (void)unused;
	emit(json_pack("{s:s, s:o}", "ev", "error", "text", text_value(text)));
}

static void
on_buddy(PurpleBuddy *buddy, gpointer name)
{
	const PurpleStatus *status =
	    purple_presence_get_active_status(purple_buddy_get_presence(buddy));
	emit(json_pack("{s:s, s:o, s:o, s:s, s:o}", "ev", (const char *)name, "who",
	    text_value(purple_buddy_get_name(buddy)), "alias",
	    text_value(purple_buddy_get_alias(buddy)), "status", purple_status_get_id(status),
	    "text", text_value(purple_status_get_attr_string(status, "message"))));
}

/* The Bonjour plug-in takes who left off the list, without a "signed-off" */
static void
on_buddy_removed(PurpleBuddy *buddy, gpointer name)
{
	if (!client.leaving)
		on_buddy(buddy, name);
}

static void
on_buddy_status(PurpleBuddy *buddy, PurpleStatus *old, PurpleStatus *now, gpointer name)
{
	(void)old, (void)now;
	on_buddy(buddy, name);
}

/* NOLINTBEGIN(readability-non-const-parameter): the signature is libpurple's */
static gboolean
on_message(PurpleAccount *account, char **sender, char **html, PurpleConversation *conversation,
    PurpleMessageFlags *flags, gpointer unused)
{
	(void)account, (void)conversation, (void)flags, (void)unused;
	char *text = purple_markup_strip_html(*html);
	client.received++;
	emit(json_pack("{s:s, s:o, s:o, s:o}", "ev", "msg", "who", text_value(*sender), "text",
	    text_value(text), "raw", text_value(*html)));
	g_free(text);
	return TRUE; /* handled: no conversation window has to be made up */
}
/* NOLINTEND(readability-non-const-parameter) */

/* ---- files ---- */
static void
emit_file(PurpleXfer *x, const char *name)
{
	emit(json_pack("{s:s, s:o, s:o, s:I, s:I, s:b}", "ev", name, "who",
	    text_value(purple_xfer_get_remote_user(x)), "name",
	    text_value(purple_xfer_get_filename(x)), "size", (json_int_t)purple_xfer_get_size(x),
	    "done", (json_int_t)purple_xfer_get_bytes_sent(x), "out",
	    purple_xfer_get_type(x) == PURPLE_XFER_SEND));
}

static void
on_file(PurpleXfer *xfer, gpointer name)
{
	emit_file(xfer, name);
}

static void
on_offer(PurpleXfer *xfer, gpointer name)
{
	purple_xfer_ref(xfer);
	client.offers = g_list_append(client.offers, xfer);
	emit_file(xfer, name);
}

static PurpleXfer *
oldest_offer(void)
{
	if (!client.offers)
		return NULL;
	PurpleXfer *xfer = client.offers->data;
	client.offers = g_list_delete_link(client.offers, client.offers);
	return xfer;
}

static void
answer_offer(const char *folder)
{
	PurpleXfer *xfer = oldest_offer();
	if (!xfer) {
		emit_name("no-offer");
		return;
	}
	if (folder) {
		char *base = g_path_get_basename(purple_xfer_get_filename(xfer));
		char *path = g_build_filename(folder, base, NULL);
		purple_xfer_request_accepted(xfer, path);
		g_free(path);
		g_free(base);
	} else {
		purple_xfer_request_denied(xfer);
	}
	purple_xfer_unref(xfer);
}

static void
cancel_all(void)
{
	GList *all = g_list_copy(purple_xfers_get_all());
	for (GList *at = all; at; at = at->next)
		purple_xfer_cancel_local(at->data);
	g_list_free(all);
}

/* libpurple tells of both by its screen alone */
static void
on_cancelled_here(PurpleXfer *xfer)
{
	emit_file(xfer, "file-cancelled-here");
}

static void
on_cancelled_there(PurpleXfer *xfer)
{
	emit_file(xfer, "file-cancelled-there");
}

static void
ignore_xfer(PurpleXfer *xfer)
{
	(void)xfer;
}

static PurpleXferUiOps xfer_ops = {
    .new_xfer = ignore_xfer,
    .destroy = ignore_xfer,
    .cancel_local = on_cancelled_here,
    .cancel_remote = on_cancelled_there,
};

/* ---- commands ---- */
static void
send_file(const char *who, const char *path)
{
	PurpleConnection *gc = purple_account_get_connection(client.account);
	if (gc)
		serv_send_file(gc, who, path);
}

static void
send_text(const char *who, const char *text)
{
	PurpleConnection *gc = purple_account_get_connection(client.account);
	/* what libpurple calls a message is HTML */
	char *html = g_markup_escape_text(text, -1);
	int err = gc ? serv_send_im(gc, who, html, PURPLE_MESSAGE_SEND) : -1;
	g_free(html);
	emit(json_pack("{s:s, s:o, s:b}", "ev", "sent", "who", text_value(who), "ok", err >= 0));
}

static void
set_status(const char *id, const char *text)
{
	if (text)
		purple_account_set_status(client.account, id, TRUE, "message", text, NULL);
	else
		purple_account_set_status(client.account, id, TRUE, NULL);
}

static void
obey(const char *line)
{
	char **word = g_strsplit(line, " ", 3);
	guint count = g_strv_length(word);
	if (count == 3 && strcmp(word[0], "send") == 0)
		send_text(word[1], word[2]);
	else if (count == 3 && strcmp(word[0], "send-file") == 0)
		send_file(word[1], word[2]);
	else if (count == 2 && strcmp(word[0], "accept") == 0)
		answer_offer(word[1]);
	else if (count == 1 && strcmp(word[0], "decline") == 0)
		answer_offer(NULL);
	else if (count == 1 && strcmp(word[0], "cancel") == 0)
		cancel_all();
	else if (count >= 2 && strcmp(word[0], "status") == 0)
		set_status(word[1], word[2]);
	else if (count == 1 && strcmp(word[0], "stat") == 0)
		emit(json_pack("{s:s, s:I}", "ev", "stat", "n", client.received));
	else if (count == 1 && strcmp(word[0], "quit") == 0)
		g_main_loop_quit(client.loop);
	else
		emit(json_pack("{s:s, s:o}", "ev", "bad-command", "text", text_value(line)));
	g_strfreev(word);
}

static gboolean
on_input(GIOChannel *input, GIOCondition condition, gpointer unused)
{
	(void)condition, (void)unused;
	char *line = NULL;
	gsize end = 0;
	GIOStatus status = g_io_channel_read_line(input, &line, NULL, &end, NULL);
	if (status != G_IO_STATUS_NORMAL) {
		g_main_loop_quit(client.loop);
		return FALSE;
	}
	line[end] = '\0';
	obey(line);
	g_free(line);
	return TRUE;
}

static gboolean
on_signal(gpointer unused)
{
	(void)unused;
	g_main_loop_quit(client.loop);
	return TRUE;
}

/* ---- libpurple's event loop on GLib's ---- */
struct watch {
	PurpleInputFunction fn;
	gpointer data;
};

static gboolean
on_ready(GIOChannel *channel, GIOCondition condition, gpointer data)
{
	const struct watch *w = data;
	PurpleInputCondition ready = 0;
	if (condition & (G_IO_IN | G_IO_HUP | G_IO_ERR))
		ready |= PURPLE_INPUT_READ;
	if (condition & (G_IO_OUT | G_IO_HUP | G_IO_ERR | G_IO_NVAL))
		ready |= PURPLE_INPUT_WRITE;
	w->fn(w->data, g_io_channel_unix_get_fd(channel), ready);
	return TRUE;
}

static guint
add_watch(int fd, PurpleInputCondition condition, PurpleInputFunction fn, gpointer data)
{
	GIOCondition wanted = G_IO_HUP | G_IO_ERR;
	if (condition & PURPLE_INPUT_READ)
		wanted |= G_IO_IN;
	if (condition & PURPLE_INPUT_WRITE)
		wanted |= G_IO_OUT | G_IO_NVAL;
	struct watch *w = g_new(struct watch, 1);
	*w = (struct watch){fn, data};
	GIOChannel *channel = g_io_channel_unix_new(fd);
	guint id = g_io_add_watch_full(channel, G_PRIORITY_DEFAULT, wanted, on_ready, w, g_free);
	g_io_channel_unref(channel);
	return id;
}

static PurpleEventLoopUiOps loop_ops = {
    .timeout_add = g_timeout_add,
    .timeout_remove = g_source_remove,
    .input_add = add_watch,
    .input_remove = g_source_remove,
    .timeout_add_seconds = g_timeout_add_seconds,
};

/* ---- set-up ---- */
static void
listen_to_libpurple(void)
{
	static int handle; /* libpurple's name for us: any address of our own */
	void *connections = purple_connections_get_handle();
	void *buddies = purple_blist_get_handle();
	void *files = purple_xfers_get_handle();
	const struct {
		void *from;
		const char *signal;
		PurpleCallback fn;
		const char *event;
	} wanted[] = {
	    {connections, "signed-on", PURPLE_CALLBACK(on_signed), "online"},
	    {connections, "signed-off", PURPLE_CALLBACK(on_signed), "offline"},
	    {connections, "connection-error", PURPLE_CALLBACK(on_error), NULL},
	    {buddies, "buddy-signed-on", PURPLE_CALLBACK(on_buddy), "buddy-on"},
	    {buddies, "buddy-removed", PURPLE_CALLBACK(on_buddy_removed), "buddy-off"},
	    {buddies, "buddy-status-changed", PURPLE_CALLBACK(on_buddy_status), "buddy-status"},
	    {files, "file-recv-request", PURPLE_CALLBACK(on_offer), "file-offer"},
	    {files, "file-recv-start", PURPLE_CALLBACK(on_file), "file-start"},
	    {files, "file-send-start", PURPLE_CALLBACK(on_file), "file-start"},
	    {files, "file-recv-complete", PURPLE_CALLBACK(on_file), "file-done"},
	    {files, "file-send-complete", PURPLE_CALLBACK(on_file), "file-done"},
	    {purple_conversations_get_handle(), "receiving-im-msg", PURPLE_CALLBACK(on_message),
		NULL},
	};
	for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++)
		purple_signal_connect(wanted[i].from, wanted[i].signal, &handle, wanted[i].fn,
		    g_strdup(wanted[i].event)); /* as long as the program lives */
}

static int
start_libpurple(const char *statedir)
{
	purple_util_set_user_dir(statedir);
	purple_debug_set_enabled(FALSE);
	purple_eventloop_set_ui_ops(&loop_ops);
	purple_xfers_set_ui_ops(&xfer_ops);
	if (!purple_core_init("purple-peer") || !purple_find_prpl("prpl-bonjour")) {
		fprintf(stderr, "libpurple, or its Bonjour plug-in, does not start\n");
		return -1;
	}
	purple_set_blist(purple_blist_new());
	purple_prefs_set_bool("/purple/logging/log_ims", FALSE);
	purple_prefs_set_string("/purple/away/idle_reporting", "none");
	return 0;
}

static void
sign_on(const char *name, int port)
{
	client.account = purple_account_new(name, "prpl-bonjour");
	purple_account_set_int(client.account, "port", port);
	purple_accounts_add(client.account);
	purple_account_set_enabled(client.account, "purple-peer", TRUE);
	purple_savedstatus_activate(purple_savedstatus_new(NULL, PURPLE_STATUS_AVAILABLE));
}

int
main(int argc, char **argv)
{
	if (argc < 3 || argc > 4) {
		fprintf(stderr, "usage: %s NAME STATEDIR [PORT]\n", argv[0]);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	client.loop = g_main_loop_new(NULL, FALSE);
	emit_name("start");
	if (start_libpurple(argv[2]) < 0)
		return 1;
	listen_to_libpurple();
	sign_on(argv[1], argc > 3 ? (int)strtol(argv[3], NULL, 10) : DEFAULT_PORT);

	GIOChannel *input = g_io_channel_unix_new(0);
	g_io_channel_set_encoding(input, NULL, NULL);
	g_io_add_watch(input, G_IO_IN | G_IO_HUP | G_IO_ERR, on_input, NULL);
	g_unix_signal_add(SIGTERM, on_signal, NULL);
	g_unix_signal_add(SIGINT, on_signal, NULL);
	g_main_loop_run(client.loop);

	client.leaving = TRUE;
	purple_core_quit();
	g_io_channel_unref(input);
	g_main_loop_unref(client.loop);
	emit_name("exit");
	return 0;
}
