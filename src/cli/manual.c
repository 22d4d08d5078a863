/* The manual page in scdoc's markup, made from the table of commands; what the table does not
 * say stands here. */
#include "cli/command.h"

#include <string.h>

static const char head[] =
    "earshot(1)\n"
    "\n"
    "# NAME\n"
    "\n"
    "earshot - talk with everyone on the local network\n"
    "\n"
    "# SYNOPSIS\n"
    "\n"
    "*earshot* [OPTION...] [COMMAND [ARGUMENT...]]\n"
    "\n"
    "# DESCRIPTION\n"
    "\n"
    "*earshot* finds the people on your local network and lets you talk with them, with no\n"
    "server, no internet and no account. It speaks XMPP's link-local messaging (XEP-0174), so it\n"
    "also talks with Pidgin and other programs that do.\n"
    "\n"
    "Alone on a terminal it shows who is here and lets you choose whom to talk with. The work\n"
    "is done by a program in the background, *earshotd*, which is started when needed.\n"
    "\n"
    "A NAME is a nickname, a full name or an address as *earshot who* shows it, or a part of one\n"
    "that fits nobody else; capital or small letters make no difference.\n"
    "\n"
    "# WHO IT IS\n"
    "\n"
    "Before everybody's words, and yours, stands what was known of the other side when they were\n"
    "said. It never changes later.\n"
    "\n"
    "\\[PLAIN\\]\n"
    "\tNo key: anyone on the network can read, alter or fake it. The prompt says so, too.\n"
    "\n"
    "\\[?\\]\n"
    "\tEncrypted to a key that nobody has looked at yet.\n"
    "\n"
    "\\[=\\]\n"
    "\tEncrypted to the key it has always been.\n"
    "\n"
    "\\[i\\]\n"
    "\tEncrypted to a key that somebody you have verified vouches for.\n"
    "\n"
    "\\[v\\]\n"
    "\tEncrypted to a key that you have compared.\n"
    "\n"
    "\\[!\\]\n"
    "\tNot the same person: another key than the one of this name.\n";

static const char tail[] =
    "\n"
    "# ENVIRONMENT\n"
    "\n"
    "*EARSHOT_SOCKET*\n"
    "\tThe daemon's socket, if *--socket* does not name one.\n"
    "\n"
    "*EARSHOTD*\n"
    "\tThe daemon's program, if it is neither beside *earshot* nor in PATH.\n"
    "\n"
    "*NO_COLOR*\n"
    "\tIf set and not empty, no colors are used; nor are they with TERM=dumb.\n"
    "\n"
    "# EXAMPLES\n"
    "\n"
    "Who is here, for a program:\n"
    "\n"
    "\tearshot --json who\n"
    "\n"
    "Tell somebody that a long job is done:\n"
    "\n"
    "\tmake && earshot send alice the build is ready\n"
    "\n"
    "Send what a program prints:\n"
    "\n"
    "\tdf -h | earshot send alice -\n"
    "\n"
    "# SEE ALSO\n"
    "\n"
    "*earshot.conf*(5)\n";

/* scdoc reads _, * and \ in text as markup. */
static void
add_text(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("\\*_<>#[]", *text))
			buf_char(out, '\\');
		buf_char(out, *text);
	}
}

static void
add_options(struct buf *out, const struct option *o, const char *indent)
{
	for (; o && o->name; o++) {
		buf_str(out, "\n");
		buf_str(out, indent);
		if (o->letter)
			buf_fmt(out, "*-%c*, ", o->letter);
		buf_fmt(out, "*--%s*", o->name);
		if (o->value)
			buf_fmt(out, " %s", o->value);
		buf_fmt(out, "\n%s\t", indent);
		add_text(out, o->help);
		buf_str(out, "\n");
	}
}

static void
add_command(struct buf *out, const struct command *cmd)
{
	const struct command *parent = command_parent(cmd);
	buf_str(out, "\n*");
	if (parent)
		buf_fmt(out, "%s ", parent->name);
	buf_fmt(out, "%s*", cmd->name);
	for (const struct option *o = cmd->options; o && o->name; o++)
		buf_fmt(
		    out, " \\[--%s%s%s\\]", o->name, o->value ? " " : "", o->value ? o->value : "");
	if (*cmd->args) {
		buf_char(out, ' ');
		add_text(out, cmd->args);
	}
	buf_str(out, "\n\t");
	add_text(out, cmd->help);
	buf_str(out, ".\n");
	if (cmd->more) {
		buf_str(out, "\n\t");
		add_text(out, cmd->more);
		buf_str(out, "\n");
	}
	add_options(out, cmd->options, "\t");
}

void
manual_write(struct buf *out)
{
	buf_str(out, head);
	buf_str(out, "\n# COMMANDS\n");
	for (const struct command *cmd = command_table; cmd->name; cmd++) {
		if (cmd->flags & COMMAND_HIDDEN)
			continue;
		if (cmd->run)
			add_command(out, cmd);
		for (const struct command *sub = cmd->children; sub && sub->name; sub++)
			add_command(out, sub);
	}
	buf_str(out, "\n# OPTIONS\n");
	add_options(out, command_globals, "");
	buf_str(out, "\n# EXIT STATUS\n");
	for (const struct exit_text *e = command_exits; e->text; e++) {
		buf_fmt(out, "\n*%d*\n\t", e->code);
		add_text(out, e->text);
		buf_str(out, "\n");
	}
	buf_str(out, tail);
}
