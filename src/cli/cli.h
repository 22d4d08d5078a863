/* The command line: what its commands share. A thin client of libearshot: it knows words,
 * tables and terminals, and nothing of XMPP, discovery or storage. One thread. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/compiler.h"
#include "cli/screen.h"

#include <earshot.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the program returns; every command's function returns one of these. Scripts rely on the
 * numbers: they never change. commands.c says them to people. */
enum exit_code {
	CLI_OK = 0,
	CLI_ERROR = 1,     /* anything that has no number of its own */
	CLI_USAGE = 2,     /* the command line makes no sense, or the daemon said "invalid" */
	CLI_UNKNOWN = 3,   /* nobody of that name */
	CLI_AMBIGUOUS = 4, /* the name fits several people */
	CLI_ABSENT = 5,    /* the person is not here */
	CLI_NO_ANSWER = 6, /* the person, or the daemon, does not answer */
	CLI_NO_DAEMON = 7, /* the daemon is not running, or of another version */
	CLI_REFUSED = 8,   /* the socket is another user's */
	CLI_LATE = 9,      /* it can no longer be undone */
	CLI_DISK = 10,     /* the daemon cannot keep it */
	CLI_FAILED = 11,   /* the message was given up */
	CLI_PROBLEM = 12,  /* doctor: found one */
	CLI_DOUBT = 13,    /* doctor: nothing worse than warnings */
};

enum { CLI_OPTIONS_MAX = 8, CLI_CALL_MS = 30000 };

struct command;

struct cli {
	struct screen out;             /* standard output */
	struct screen err;             /* standard error */
	struct earshot *link;          /* owned; NULL until a command needs the daemon */
	const char *socket_path;       /* borrowed from argv; NULL: where the daemon listens */
	const struct command *command; /* borrowed; the one that runs, NULL before it is known */
	const char *values[CLI_OPTIONS_MAX]; /* of its options, "" for flags; NULL: not given */
	bool json;
	bool no_colour;
	bool plain;        /* lines, one after the other, also where the terminal could do more */
	uint64_t progress; /* with it: `since` of the sign of life that was given last */
	bool help;
	bool version;
};

/* The whole program, for main() and for tests. Returns the exit code. */
int cli_run(int argc, char **argv);

/* The value of an option of the running command ("" for a flag), NULL if not given. */
const char *cli_option(const struct cli *c, const char *name);

/* Sentences given to the functions below as they stand in the source are translated inside: fmt,
 * `what`, cli_usage(), cli_warn(), cli_note(), cli_confirm(), and the prompt of secret_ask(). With
 * --json everything is English. */

/* One sentence on standard error, made harmless for the terminal; with --json the same as
 * {"error":{...}} on standard output. Returns `code`. */
int cli_fail(struct cli *c, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* The same with what the daemon said besides, which goes into the JSON; data may be NULL. */
int cli_fail_data(struct cli *c, int code, const struct earshot_value *data, const char *sentence);
/* A command line that makes no sense: the sentence, and how the command is used. */
int cli_usage(struct cli *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Tells of a failed libearshot function; answer as with earshot_error_message(). */
int cli_fail_call(struct cli *c, int err, const struct earshot_value *answer);
/* The exit code for what a libearshot function returned. */
int cli_exit_code(int err, const struct earshot_value *answer);

/* Connects if not connected; starts the daemon if the command's flags say so. */
int cli_connect(struct cli *c) MUST_USE;
void cli_disconnect(struct cli *c);

/* Calls the daemon and waits, with signs of life on a terminal after a second. `what` is said
 * then ("Asking bob"); NULL: "Waiting". params are moved. Errors are told here. *answer is the
 * caller's to free; answer may be NULL. */
int cli_call(struct cli *c, const char *what, const char *method, struct earshot_value *params,
    struct earshot_value **answer) MUST_USE;

/* The same, but telling of errors is the caller's part: returns what libearshot did. *answer is
 * set with EARSHOT_ERR_FAILED too. */
int cli_try(struct cli *c, const char *what, const char *method, struct earshot_value *params,
    struct earshot_value **answer) MUST_USE;
/* A call that says something, which must not be said twice: params get a token of their own
 * unless they have one, and when the daemon goes away the call is repeated with it, once.
 * ready (may be NULL) runs after each connecting and returns what libearshot did. */
typedef int cli_ready_fn(struct cli *c, void *ctx);
int cli_say(struct cli *c, const char *what, const char *method, struct earshot_value *params,
    cli_ready_fn *ready, void *ctx, struct earshot_value **answer) MUST_USE;

/* Serves the connection until done() or until ms have passed, with signs of life. Returns what
 * libearshot did: 0, EARSHOT_ERR_TIMEOUT, or that the connection is gone. */
typedef bool cli_done_fn(const void *ctx);
int
cli_await(struct cli *c, const char *what, int64_t ms, cli_done_fn *done, const void *ctx) MUST_USE;
/* One line on a terminal's standard error that goes away again; since: of clock_now(). */
void cli_progress(struct cli *c, const char *what, uint64_t since);

/* Lets time pass while the connection stays served; `what` as above, NULL: silently. */
int cli_pause(struct cli *c, const char *what, int ms) MUST_USE;
/* Waits until a daemon that stops is gone, which is when the connection ends. False: it takes too
 * long. */
bool cli_await_end(struct cli *c) MUST_USE;
/* Takes the sign of life of cli_pause() and cli_progress() away again. */
void cli_quiet(struct cli *c);

/* {"peer": name}, the parameters of most methods. */
struct earshot_value *cli_peer(const char *name);

/* Writes b to standard output and frees it. Returns an exit code. */
int cli_print(struct cli *c, struct buf *b) MUST_USE;
/* Appends a label of a row, with blanks up to where the words begin. */
void cli_label(struct buf *b, const char *label);
/* Appends text from outside, made harmless, as one line. NULL appends nothing. */
void cli_add(struct buf *b, const char *text);

/* A sentence on standard error that is no error: the daemon's problem. */
void cli_warn(struct cli *c, const char *sentence);
/* The same without the program's name before it: something is empty, say. */
void cli_note(struct cli *c, const char *sentence);
/* Asks on a terminal; true only for "yes". */
bool cli_confirm(struct cli *c, const char *question);
/* The text of a message: arguments, or standard input where there are none or "-". */
int cli_text(struct cli *c, int argc, char **argv, struct buf *text) MUST_USE;
/* Appends the arguments with a blank between. */
void cli_join(struct buf *out, int argc, char **argv);

/* `send NAME --file PATH...` is send-file. */
int send_files(struct cli *c, const char *peer, int count, char **paths);
/* What `cancel` may be given instead of a person: the id of a file, "f3". */
bool files_is_id(const char *word);
int files_cancel(struct cli *c, const char *id);

/* The answer to "who". A daemon that has just started is given time to hear from people. */
int who_ask(struct cli *c, bool all, struct earshot_value **answer) MUST_USE;
/* The table of people and what is wrong, if anything is. */
void who_add(const struct screen *s, struct buf *b, const struct earshot_value *who, bool numbered);

/* A line of words, under a label; without words none. Clears them. */
void info_line(const struct screen *s, struct buf *out, const char *label, struct buf *words);
/* All about a person, a line each. */
void info_add(const struct screen *s, struct buf *b, const struct earshot_value *person);
/* "bob@host answered in 1.2 ms" */
void ping_words(struct buf *out, const struct earshot_value *answer);

/* Appends JSON of one line for a terminal: what text_add() would not let through becomes an escape,
 * which JSON allows in strings; elsewhere in it there is only ASCII. */
void cli_add_json(struct buf *out, const char *json);
/* One JSON value and a line break, exactly as it came; on a terminal with what could act on the
 * terminal as \u escapes. Returns an exit code. */
int cli_print_json(struct cli *c, const struct earshot_value *v);

#endif
