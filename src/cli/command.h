/* The table of commands. Parsing, help, usage errors, shell completion and the man page all
 * derive from it: a command is added in commands.c and nowhere else. Its sentences are marked
 * with TR() and translated where they are shown; the man page is English. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

struct cli;

/* What stands at an argument's place, for completion. */
enum argument {
	ARG_NONE,
	ARG_PERSON,
	ARG_TWO_PEOPLE,
	ARG_STATUS,
	ARG_FILE,
	ARG_COMMAND,
	ARG_SHELL,
	ARG_ADDRESS,
	ARG_TRANSFER,
	ARG_PERSON_FILES,
	ARG_SETTING,
};

struct option {
	const char *name;  /* without the dashes */
	char letter;       /* short form, 0 if none */
	const char *value; /* name of its value, NULL for a flag */
	const char *help;
};

enum command_flags {
	COMMAND_START = 1,  /* starts the daemon if none is running */
	COMMAND_TEXT = 2,   /* after the first argument all is text, dashes too */
	COMMAND_HIDDEN = 4, /* for scripts of ours, not for people */
	COMMAND_ASKS = 8,   /* it asks, or stays until it is ended: it needs a terminal to itself */
};

struct command {
	const char *name;
	const char *args; /* as shown to people: "NAME TEXT..." */
	const char *help; /* one line, a sentence without full stop */
	const char *more; /* paragraphs for `help COMMAND` and the man page; NULL if none */
	enum argument first;
	unsigned flags;
	int min, max;                   /* number of arguments; max -1: any */
	const struct option *options;   /* ends with a zeroed one; NULL if none */
	const struct command *children; /* commands below this one; ends with a zeroed one */
	int (*run)(struct cli *c, int argc, char **argv); /* NULL: its children only can be run */
};

extern const struct command command_table[];
extern const struct option command_globals[];

struct exit_text {
	int code;
	const char *text;
};
extern const struct exit_text command_exits[]; /* ends with a NULL text */

/* The commands offer each other nothing but their place in the table. */
int cmd_who(struct cli *c, int argc, char **argv);
int cmd_info(struct cli *c, int argc, char **argv);
int cmd_ping(struct cli *c, int argc, char **argv);
int cmd_send(struct cli *c, int argc, char **argv);
int cmd_edit(struct cli *c, int argc, char **argv);
int cmd_retract(struct cli *c, int argc, char **argv);
int cmd_react(struct cli *c, int argc, char **argv);
int cmd_cancel(struct cli *c, int argc, char **argv);
int cmd_history(struct cli *c, int argc, char **argv);
int cmd_search(struct cli *c, int argc, char **argv);
int cmd_conversations(struct cli *c, int argc, char **argv);
int cmd_outbox(struct cli *c, int argc, char **argv);
int cmd_export(struct cli *c, int argc, char **argv);
int cmd_forget(struct cli *c, int argc, char **argv);
int cmd_tui(struct cli *c, int argc, char **argv);
int cmd_session(struct cli *c, int argc, char **argv);
int cmd_watch(struct cli *c, int argc, char **argv);
int cmd_status(struct cli *c, int argc, char **argv);
int cmd_set_name(struct cli *c, int argc, char **argv);
int cmd_set_nick(struct cli *c, int argc, char **argv);
int cmd_set_avatar(struct cli *c, int argc, char **argv);
int cmd_doctor(struct cli *c, int argc, char **argv);
int cmd_verify(struct cli *c, int argc, char **argv);
int cmd_trust_list(struct cli *c, int argc, char **argv);
int cmd_trust_show(struct cli *c, int argc, char **argv);
int cmd_trust_accept(struct cli *c, int argc, char **argv);
int cmd_trust_introduce(struct cli *c, int argc, char **argv);
int cmd_trust_block(struct cli *c, int argc, char **argv);
int cmd_trust_unblock(struct cli *c, int argc, char **argv);
int cmd_trust_forget(struct cli *c, int argc, char **argv);
int cmd_trust_accept_new_key(struct cli *c, int argc, char **argv);
int cmd_send_file(struct cli *c, int argc, char **argv);
int cmd_record(struct cli *c, int argc, char **argv);
int cmd_files(struct cli *c, int argc, char **argv);
int cmd_files_limit(struct cli *c, int argc, char **argv);
int cmd_files_auto(struct cli *c, int argc, char **argv);
int cmd_files_forget(struct cli *c, int argc, char **argv);
int cmd_accept(struct cli *c, int argc, char **argv);
int cmd_decline(struct cli *c, int argc, char **argv);
int cmd_pause(struct cli *c, int argc, char **argv);
int cmd_resume(struct cli *c, int argc, char **argv);
int cmd_settings(struct cli *c, int argc, char **argv);
int cmd_peers_add(struct cli *c, int argc, char **argv);
int cmd_peers_remove(struct cli *c, int argc, char **argv);
int cmd_peers_list(struct cli *c, int argc, char **argv);
int cmd_id(struct cli *c, int argc, char **argv);
int cmd_id_export(struct cli *c, int argc, char **argv);
int cmd_id_import(struct cli *c, int argc, char **argv);
int cmd_id_passphrase(struct cli *c, int argc, char **argv);
int cmd_id_hand_over(struct cli *c, int argc, char **argv);
int cmd_id_unlock(struct cli *c, int argc, char **argv);
int cmd_daemon_start(struct cli *c, int argc, char **argv);
int cmd_daemon_stop(struct cli *c, int argc, char **argv);
int cmd_daemon_status(struct cli *c, int argc, char **argv);
int cmd_daemon_run(struct cli *c, int argc, char **argv);
int cmd_version(struct cli *c, int argc, char **argv);
int cmd_help(struct cli *c, int argc, char **argv);
int cmd_completion(struct cli *c, int argc, char **argv);
int cmd_complete(struct cli *c, int argc, char **argv);

const struct command *command_find(const struct command *table, const char *name);
/* The command somebody may have meant, NULL if none is near. */
const struct command *command_guess(const struct command *table, const char *name);
/* The command that stands above a child in the table, NULL for one of the table itself. */
const struct command *command_parent(const struct command *child);
/* "earshot peers add HOST:PORT" */
void command_usage(const struct command *cmd, struct buf *out);

/* What a command does and how it is used; NULL: all commands. Returns an exit code. */
int help_show(struct cli *c, const struct command *cmd);

/* Appends the man page's source (scdoc). */
void manual_write(struct buf *out);

#endif
