/* A line as a shell would take it apart into words. Knows nothing of the terminal. Any thread. */
#ifndef TUI_SPLIT_H
#define TUI_SPLIT_H

#include "base/compiler.h"

#include <stddef.h>

struct split {
	char **words; /* owned, ends with NULL; room for SPLIT_MORE others behind `count` */
	size_t count;
};

enum { SPLIT_MORE = 8 };

/* 'as it is', "with \" in it", back\ slash. What a shell would replace ($, *, ~) stays as it is. 0;
 * -EINVAL if a quotation mark is never closed, -ENOMEM. */
int split_line(const char *line, struct split *out) MUST_USE;
/* The first word alone, whatever follows it: a text of somebody's may have apostrophes. *word is
 * owned by the caller, NULL if there is none; *rest begins behind it and the blanks that follow. As
 * split_line(). */
int split_first(const char *line, char **word, const char **rest) MUST_USE;
void split_finish(struct split *s);
/* Puts a copy of word before the at-th. 0 or -ENOMEM. */
int split_insert(struct split *s, size_t at, const char *word) MUST_USE;

#endif
