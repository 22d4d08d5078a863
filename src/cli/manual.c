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
    "Alone on a terminal it shows people and conversations on one screen, see THE SCREEN. The\n"
    "work is done by a program in the background, *earshotd*, which is started when needed.\n"
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

/* The terminal UI (src/tui): keys.c and help.c say the same. */
static const char ui[] =
    "\n"
    "# THE SCREEN\n"
    "\n"
    "*earshot*, *earshot tui* and *earshot chat* NAME show the people at the left, with what is\n"
    "known of them: a full dot for who has answered, a ring for who was only announced, ? for who\n"
    "does not answer; at the right what was said, below it what you type. Commands are typed\n"
    "after a slash, all those of this page and a few more (_/help_ shows them): _/info_ without a\n"
    "NAME is about whom you talk with. Where there is no room for both, Alt+L shows the list.\n"
    "\n"
    "*Enter*\n"
    "\tSends. *Alt+Enter* and *Ctrl+J* begin a new line.\n"
    "\n"
    "*Tab*\n"
    "\tCompletes commands, names and files. If nothing is typed it chooses a message.\n"
    "\n"
    "*Up*, *Down*\n"
    "\tLines of what is typed, then what was typed before.\n"
    "\n"
    "*Page Up*, *Page Down*\n"
    "\tScroll; older messages are loaded. *Esc* goes back to the newest.\n"
    "\n"
    "*Alt+Up*, *Alt+Down*, *Ctrl+P*, *Ctrl+N*, *Alt+1* to *Alt+9*\n"
    "\tAnother person of the list. *Alt+A*: the next with something unread.\n"
    "\n"
    "*Ctrl+F*\n"
    "\tSearches all that was said; Enter on what was found goes there.\n"
    "\n"
    "*Shift+Up*, *Alt+K*\n"
    "\tChoose a message: then *r* replies, *t* reacts, *e* edits, *d* takes back, and of a file\n"
    "\t*a* accepts, *x* declines, *p* pauses, *g* goes on.\n"
    "\n"
    "*F1*\n"
    "\tAll keys and commands.\n"
    "\n"
    "*Ctrl+L*, *Ctrl+Z*\n"
    "\tDraw the screen anew; suspend.\n"
    "\n"
    "*Ctrl+C*, *Ctrl+D*\n"
    "\tLeave, if nothing is typed.\n"
    "\n"
    "A mouse chooses people and messages, and scrolls. Colors are those of the terminal;\n"
    "*EARSHOT_THEME* names another theme, and so does _/theme_.\n";

/* The line mode (say.c, session_show.c): what it says is promised here. */
static const char plain[] =
    "\n"
    "# PLAIN LINES\n"
    "\n"
    "With *--plain*, or EARSHOT_PLAIN set, and on terminals that cannot show the screen, "
    "*earshot*\n"
    "and *earshot chat* NAME talk in lines. They are made for screen readers: what happens is one\n"
    "line at the end, who before what; the lines of a message have / between them. Nothing that "
    "was\n"
    "written changes, there is no prompt, and nothing is told by a color or a mark alone. If\n"
    "something happens while you type, what you have typed is repeated below it. That somebody\n"
    "types is not told. These lines stay as they are in later versions (TEXT is how a message\n"
    "begins):\n"
    "\n"
    "*Verified, Romeo: words*\n"
    "\tRomeo says something. The line begins with the trust in whose words they are: _Not\n"
    "\tencrypted_, _New key_, _Known key_, _Introduced_, _Verified_ or _NOT THE SAME PERSON_. "
    "Also\n"
    "\t_Verified, Romeo, answering \"TEXT\": words_; of /me, _Verified, Romeo, action: words_; of\n"
    "\twhat you said elsewhere, _Verified, You to Romeo: words_.\n"
    "\n"
    "*Verified, Romeo corrected: words*\n"
    "\tAlso _took back: TEXT_, _reacted with ... to: TEXT_, _took the reactions back from: TEXT_.\n"
    "\n"
    "*Delivered to Romeo: TEXT*\n"
    "\tYour message has arrived. Also _Read by Romeo: TEXT_; _Handed over to Romeo, whose program\n"
    "\tconfirms nothing: TEXT_; _Waits for Romeo: TEXT_, when that takes longer than three "
    "seconds;\n"
    "\t_Not delivered to Romeo: TEXT (REASON)_; _Will not be sent to Romeo: TEXT_, cancelled.\n"
    "\n"
    "*2 unread messages from Romeo.*\n"
    "\tAt the beginning, of everybody who said something that you have not seen. What was said\n"
    "\tbefore has its time in front and what became of it behind: _18:04 Verified, Romeo: words\n"
    "\t(unread)_.\n"
    "\n"
    "*1: Romeo, available, answered 3 s ago. Verified.*\n"
    "\tSomebody in the list of _/who_; the number chooses.\n"
    "\n"
    "*Trust in Romeo: encrypted, and you have compared the key*\n"
    "\tWhat the trust means, when you begin to talk and when it changes.\n"
    "\n"
    "*Romeo is here.* *Romeo is away: at lunch.* *Romeo is not answering.* *Romeo has left.*\n"
    "\tOf whom you talk with; while you talk with nobody, of everybody who comes and leaves.\n"
    "\n"
    "Files are told of in whole sentences, with what to type: _/accept f3_.\n";

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
    "*EARSHOT_PLAIN*\n"
    "\tIf set and not empty, as *--plain*.\n"
    "\n"
    "*EARSHOT_THEME*\n"
    "\tHow the screen looks: default, mono (no colors) or contrast.\n"
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
	buf_str(out, ui);
	buf_str(out, plain);
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
