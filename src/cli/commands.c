#include "base/str.h"
#include "cli/cli.h"
#include "cli/command.h"

#include <string.h>

const struct option command_globals[] = {
    {"json", 0, NULL, "Print JSON, exactly as the daemon gave it"},
    {"no-color", 0, NULL, "Print without colors, as with NO_COLOR set"},
    {"socket", 0, "PATH", "Talk to the daemon at this socket"},
    {"help", 'h', NULL, "Show help, also for one command"},
    {"version", 0, NULL, "Show the version"},
    {0},
};

const struct exit_text command_exits[] = {
    {CLI_OK, "All went well"},
    {CLI_ERROR, "Something else went wrong"},
    {CLI_USAGE, "The command line makes no sense"},
    {CLI_UNKNOWN, "Nobody of that name is known"},
    {CLI_AMBIGUOUS, "The name fits several people"},
    {CLI_ABSENT, "The person is not here"},
    {CLI_NO_ANSWER, "No answer, from the person or from the daemon"},
    {CLI_NO_DAEMON, "The daemon is not running, or is of another version"},
    {CLI_REFUSED, "The daemon's socket belongs to another user"},
    {0, NULL},
};

static const struct option who_options[] = {
    {"all", 'a', NULL, "Also those who left"},
    {0},
};

static const struct option watch_options[] = {
    {"since", 0, "N|last", "First what happened since event N, or since the last time"},
    {"cursor", 0, "NAME", "Remember under this name how far it came (watch)"},
    {0},
};

static const struct option ping_options[] = {
    {"count", 'c', "N", "How often to ask (3)"},
    {0},
};

static const struct option nick_options[] = {
    {"clear", 0, NULL, "Have no nickname"},
    {0},
};

static const struct option avatar_options[] = {
    {"clear", 0, NULL, "Have no picture"},
    {0},
};

static const struct option status_options[] = {
    {"clear", 0, NULL, "Be available, without a text"},
    {0},
};

static const struct option help_options[] = {
    {"scdoc", 0, NULL, "Print the source of the manual page"},
    {0},
};

static const struct command peers_children[] = {
    {"add", "HOST:PORT", "Look for somebody at a fixed address too",
	"For networks where people do not find each other by themselves. The address is kept "
	"until it is removed.",
	ARG_NONE, COMMAND_START, 1, 1, NULL, NULL, cmd_peers_add},
    {"remove", "HOST:PORT", "Forget a fixed address", NULL, ARG_ADDRESS, COMMAND_START, 1, 1, NULL,
	NULL, cmd_peers_remove},
    {"list", "", "Show the fixed addresses", NULL, ARG_NONE, COMMAND_START, 0, 0, NULL, NULL,
	cmd_peers_list},
    {0},
};

static const struct command set_children[] = {
    {"name", "TEXT...", "Change your full name", NULL, ARG_NONE, COMMAND_START | COMMAND_TEXT, 1,
	-1, NULL, NULL, cmd_set_name},
    {"nick", "TEXT...", "Change your nickname", NULL, ARG_NONE, COMMAND_START | COMMAND_TEXT, 0, -1,
	nick_options, NULL, cmd_set_nick},
    {"avatar", "FILE", "Change your picture",
	"A PNG, JPEG or GIF file of at most 8 KiB, as everybody's picture travels through the "
	"whole network.",
	ARG_FILE, COMMAND_START, 0, 1, avatar_options, NULL, cmd_set_avatar},
    {0},
};

static const struct command daemon_children[] = {
    {"start", "", "Start the daemon if it is not running",
	"There is seldom a need for it: the commands that talk to people do it by themselves.",
	ARG_NONE, COMMAND_START, 0, 0, NULL, NULL, cmd_daemon_start},
    {"stop", "", "Stop the daemon; others see you leave", NULL, ARG_NONE, 0, 0, 0, NULL, NULL,
	cmd_daemon_stop},
    {"status", "", "Show how the daemon is doing", NULL, ARG_NONE, 0, 0, 0, NULL, NULL,
	cmd_daemon_status},
    {"run", "[ARGUMENT...]", "Run the daemon in the foreground",
	"Its log goes to this terminal. Arguments are the daemon's, see earshotd(1); those with "
	"dashes follow --.",
	ARG_NONE, COMMAND_TEXT, 0, -1, NULL, NULL, cmd_daemon_run},
    {0},
};

const struct command command_table[] = {
    {"who", "", "Show who is here",
	"Says of everybody what is known and since when: \"answered\" (just now or a while ago), "
	"\"announced\" (the network says so, nobody has asked), \"not answering\", and with --all "
	"\"gone\". Into a file or a pipe goes one line a person: name, evidence, status, program "
	"and address, with tabs between.",
	ARG_NONE, COMMAND_START, 0, 0, who_options, NULL, cmd_who},
    {"send", "NAME [TEXT...]", "Send a message",
	"NAME is a name, a nickname, an address or a part of one that fits nobody else. All after "
	"it "
	"is the message, dashes too. Without a text, or with - in its place, the message is "
	"read from standard input. \"/me waves\" says what you do.",
	ARG_PERSON, COMMAND_START | COMMAND_TEXT, 1, -1, NULL, NULL, cmd_send},
    {"chat", "NAME", "Talk with somebody",
	"What you type is sent with Enter; what the other says appears above. A check mark "
	"tells that a message arrived. /help shows what else can be typed. When input is not a "
	"terminal every line of it is sent as a message.",
	ARG_PERSON, COMMAND_START, 1, 1, NULL, NULL, cmd_chat},
    {"session", "", "Choose a person and talk (plain \"earshot\" does this)",
	"Shows who is here; a number or a name chooses whom to talk with. When input or output is "
	"not a terminal it shows your status and who is here, and ends.",
	ARG_NONE, COMMAND_START, 0, 0, NULL, NULL, cmd_session},
    {"watch", "", "Show all that happens, one line an event",
	"Messages, people who come and go, receipts. With --json one object a line, for programs. "
	"When the daemon ends it waits for it to come back and goes on where it was. With --since "
	"it first shows what happened since the event of that number, or since it was "
	"last used, with --since last. The daemon remembers that, as often as there is somebody "
	"to read: an event may be shown again after a crash, none is left out.",
	ARG_NONE, COMMAND_START, 0, 0, watch_options, NULL, cmd_watch},
    {"status", "[available|away|dnd [TEXT...]]", "Show or change how you are seen",
	"A TEXT says more, at most 128 bytes of it: earshot status away at lunch", ARG_STATUS,
	COMMAND_START | COMMAND_TEXT, 0, -1, status_options, NULL, cmd_status},
    {"info", "NAME", "Show all that is known about somebody", NULL, ARG_PERSON, COMMAND_START, 1, 1,
	NULL, NULL, cmd_info},
    {"ping", "NAME", "Measure how fast somebody's program answers",
	"Succeeds if at least one answer came.", ARG_PERSON, COMMAND_START, 1, 1, ping_options,
	NULL, cmd_ping},
    {"set", "", "Change your name, nickname or picture", NULL, ARG_NONE, 0, 0, 0, NULL,
	set_children, NULL},
    {"peers", "", "People at fixed addresses", NULL, ARG_NONE, 0, 0, 0, NULL, peers_children, NULL},
    {"daemon", "", "The program in the background", NULL, ARG_NONE, 0, 0, 0, NULL, daemon_children,
	NULL},
    {"completion", "SHELL", "Print the completion for a shell: bash, zsh or fish",
	"Add to ~/.bashrc: source <(earshot completion bash)", ARG_SHELL, 0, 1, 1, NULL, NULL,
	cmd_completion},
    {"help", "[COMMAND...]", "Show help", NULL, ARG_COMMAND, 0, 0, 2, help_options, NULL, cmd_help},
    {"version", "", "Show the versions of this program and of the daemon", NULL, ARG_NONE, 0, 0, 0,
	NULL, NULL, cmd_version},
    {"__complete", "WHAT", "Names for the completion", NULL, ARG_NONE, COMMAND_HIDDEN, 1, 1, NULL,
	NULL, cmd_complete},
    {0},
};

const struct command *
command_find(const struct command *table, const char *name)
{
	for (; table->name; table++)
		if (strcmp(table->name, name) == 0)
			return table;
	return NULL;
}

/* Edits (insert, drop, replace) that turn a into b: Levenshtein's distance, for short words. */
static size_t
distance(const char *a, const char *b)
{
	enum { WORD_MAX = 32 };
	size_t row[WORD_MAX + 1];
	size_t len = strlen(b);
	if (strlen(a) > WORD_MAX || len > WORD_MAX)
		return WORD_MAX;
	for (size_t j = 0; j <= len; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= len; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[len];
}

const struct command *
command_guess(const struct command *table, const char *name)
{
	const struct command *best = NULL;
	size_t nearest = 3; /* more than two slips is another word */
	for (; table->name; table++) {
		size_t d = distance(name, table->name);
		if (d < nearest && d < strlen(table->name) && !(table->flags & COMMAND_HIDDEN)) {
			nearest = d;
			best = table;
		}
	}
	return best;
}

const struct command *
command_parent(const struct command *child)
{
	for (const struct command *c = command_table; c->name; c++)
		for (const struct command *s = c->children; s && s->name; s++)
			if (s == child)
				return c;
	return NULL;
}

void
command_usage(const struct command *cmd, struct buf *out)
{
	const struct command *parent = command_parent(cmd);
	buf_str(out, "earshot");
	if (parent)
		buf_fmt(out, " %s", parent->name);
	buf_fmt(out, " %s", cmd->name);
	for (const struct option *o = cmd->options; o && o->name; o++)
		buf_fmt(out, " [--%s%s%s]", o->name, o->value ? " " : "", o->value ? o->value : "");
	for (const struct command *c = cmd->children; c && c->name; c++)
		buf_fmt(out, "%s%s", c == cmd->children ? " " : "|", c->name);
	if (!str_empty(cmd->args))
		buf_fmt(out, " %s", cmd->args);
	if (cmd->children)
		buf_str(out, " ...");
}
