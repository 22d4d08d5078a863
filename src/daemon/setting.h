/* The settings there are. One table says everything about each: where it stands in the file, what
 * it can be, what it is without a word, and what people are told of it. Reading, checking, the
 * methods, the command line and the preferences derive from it. Any thread. */
#ifndef DAEMON_SETTING_H
#define DAEMON_SETTING_H

#include "base/buf.h"
#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config;

enum setting_type {
	SETTING_TEXT,
	SETTING_CHOICE, /* one of the choices */
	SETTING_SWITCH, /* one of two choices; the second is on */
	SETTING_NUMBER, /* whole, between least and most */
	SETTING_SIZE,   /* bytes; may end in K, M, G or T */
	SETTING_FOLDER, /* an absolute path */
	SETTING_LIST,   /* words with blanks between; in the file once for each, too */
};

enum { SETTING_COUNT = 19, SETTING_VALUE_MAX = 160 /* bytes of a value that is to be kept */ };

struct setting {
	const char *name; /* "section.key" */
	enum setting_type type;
	const char *choices[5]; /* ends with NULL; words of the file, never translated */
	unsigned hidden;        /* so many of the last choices are for tests */
	int64_t least, most;    /* NUMBER; TEXT: most bytes, 0: any */
	int64_t scale;          /* NUMBER: what one is in the config's unit */
	const char *fallback;   /* as it would stand in the file; NULL: none */
	const char *strictest;  /* what a slip of the pen is taken for; NULL: it is left out */
	bool now;               /* a change holds at once, not only from the next start on */
	bool by_hand;           /* changed in the file alone: nothing that runs may */
	const char *title;      /* TR(): a few words */
	const char *labels[5];  /* TR(): of each choice */
	const char *help;       /* TR(): what it means */
	const char *others;     /* TR(): what others see of it; NULL: nothing */
	size_t offset;          /* of its place in struct config */
};

extern const struct setting setting_table[SETTING_COUNT];
const struct setting *setting_find(const char *section, const char *key);
const struct setting *setting_named(const char *name);
size_t setting_index(const struct setting *s);
/* Appends the section; the rest of the name, borrowed, is the key. */
const char *setting_split(const struct setting *s, struct buf *section);

/* How the value would be written: "on" for "yes" where the choices are on and off. 0 or -EINVAL
 * (out is untouched then). */
int setting_clean(const struct setting *s, const char *value, struct buf *out) MUST_USE;
/* Puts a clean value (NULL: none) to its place in the config, all else but a list by replacing.
 * 0 or -ENOMEM, ERR_TOO_BIG. */
int setting_take(const struct setting *s, const char *value, struct config *c) MUST_USE;
/* Whether a clean value can be written into the file so that it is read as it is. */
bool setting_is_writable(const struct setting *s, const char *value);

const char *setting_type_word(enum setting_type type);

#endif
