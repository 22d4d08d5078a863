/* Finds out why people do not see each other: looks at this machine, its network and the daemon,
 * and says cause and remedy. It changes nothing and needs no root; what only root may see it says
 * that it could not see. Takes at most some ten seconds. Reaches the daemon through libearshot
 * alone. One thread; blocks, but for doctor_hint(). A new check is a file check_X.c and a line in
 * checks.c.
 *
 * Words are in the user's language; ids are for scripts and never change. What came from others in
 * words and commands is clean (base/text.h). */
#ifndef DOCTOR_DOCTOR_H
#define DOCTOR_DOCTOR_H

#include "base/compiler.h"

#include <earshot.h>
#include <stddef.h>

/* In the order of how bad it is. */
enum doctor_severity {
	DOCTOR_OK,
	DOCTOR_NOTE,    /* worth knowing */
	DOCTOR_UNKNOWN, /* it could not be looked at */
	DOCTOR_WARNING, /* it may get in the way */
	DOCTOR_PROBLEM, /* it does */
};

struct doctor_finding {
	const char *id;    /* static: "mdns-blocked" */
	const char *check; /* static: id of the check */
	enum doctor_severity severity;
	char *cause;                    /* one sentence; all below owned by the report */
	char *remedy;                   /* one sentence, NULL: there is none */
	char *command;                  /* to copy into a shell, NULL: there is none */
	struct earshot_value *evidence; /* object */
};

/* One check that was done. */
struct doctor_look {
	const char *id;
	const char *title;             /* translated */
	char *seen;                    /* what was found to be well, a few words; NULL: nothing */
	enum doctor_severity severity; /* of its worst finding */
};

struct doctor_report {
	struct doctor_finding *findings; /* the worst first */
	size_t count;
	struct doctor_look *looks; /* in the order in which they were done */
	size_t look_count;
	enum doctor_severity worst;
};

struct doctor_wish {
	const char *socket; /* the daemon's; NULL: where it listens */
	const char *who;    /* NULL, or a person or an address to look at in particular */
	/* Before each check, and while it waits: title, and ms since the start. May be NULL. */
	void (*on_progress)(void *ctx, const char *title, unsigned ms);
	void *ctx;
};

/* 0 or -ENOMEM. */
int doctor_run(const struct doctor_wish *wish, struct doctor_report *out) MUST_USE;
void doctor_finish(struct doctor_report *r); /* accepts zeroed */

/* {"worst", "findings": [...], "checks": [...]}; see docs/earshot.1.scd. */
struct earshot_value *doctor_json(const struct doctor_report *r);
const char *doctor_severity_word(enum doctor_severity severity); /* "problem"; not translated */

/* For whoever shows an empty list of people: one sentence, static and translated ("" if there are
 * people), of what is likely the matter, by the answer to "who" or by docs/ipc.md "state" alone.
 * Asks nobody. */
const char *doctor_hint(const struct earshot_value *state, size_t people);

#endif
