/* The way into the terminal UI, and what takes its place where it cannot be shown. */
#include "base/tr.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/session.h"
#include "tui/tui.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef EARSHOT_TUI

/* Appends what can be typed after a slash. Returns how many there are; out NULL: only counts. */
static size_t
list(const struct command *table, const char *parent, struct tui_command *out)
{
	size_t n = 0;
	for (; table->name; table++) {
		bool ui = table->run == cmd_tui || table->run == cmd_session;
		if (table->run && !ui && !(table->flags & COMMAND_HIDDEN)) {
			if (out)
				out[n] = (struct tui_command){.parent = parent,
				    .name = table->name,
				    .args = table->args,
				    .help = table->help,
				    .asks = table->flags & COMMAND_ASKS};
			n++;
		}
		if (table->children)
			n += list(table->children, table->name, out ? out + n : NULL);
	}
	return n;
}

static bool
is_wanted(const struct cli *c)
{
	return !c->json && !c->plain && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) &&
	       tui_possible();
}

static int
run(struct cli *c, const char *peer)
{
	/* a passphrase, and what is wrong with the daemon, are asked for and told in lines */
	int code = cli_connect(c);
	if (code)
		return code;
	cli_disconnect(c);
	struct tui_command *commands =
	    calloc(list(command_table, NULL, NULL) + 1, sizeof(*commands));
	if (!commands)
		return cli_fail(c, CLI_ERROR, "%s", tr("Out of memory."));
	list(command_table, NULL, commands);
	struct tui_options o = {.socket_path = c->socket_path,
	    .peer = peer,
	    .program = "/proc/self/exe", /* also after an update has replaced it */
	    .commands = commands,
	    .theme = screen_env("EARSHOT_THEME"),
	    .no_colour = c->no_colour || screen_env("NO_COLOR")};
	code = tui_run(&o);
	free(commands);
	return code;
}

#else

static bool
is_wanted(const struct cli *c)
{
	(void)c;
	return false;
}

static int
run(struct cli *c, const char *peer)
{
	(void)peer;
	return cli_fail(c, CLI_ERROR, "%s", tr("This program was built without the terminal UI."));
}

#endif

int
cmd_tui(struct cli *c, int argc, char **argv)
{
	const char *peer = argc > 0 ? argv[0] : NULL;
	if (is_wanted(c))
		return run(c, peer);
	return peer ? session_chat(c, peer) : session_overview(c);
}

int
cmd_session(struct cli *c, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return session_overview(c);
}
