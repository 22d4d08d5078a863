#include "tui/split.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void
split_finish(struct split *s)
{
	for (size_t i = 0; s->words && i < s->count; i++)
		free(s->words[i]);
	free(s->words);
	*s = (struct split){0};
}

/* Copies one word to `to` and ends it. Returns what follows it; NULL: a quotation mark is open. */
static const char *
take_word(const char *from, char *to)
{
	char quote = '\0';
	for (; *from && (quote || (*from != ' ' && *from != '\t' && *from != '\n')); from++) {
		if (quote ? *from == quote : *from == '\'' || *from == '"') {
			if (quote)
				quote = '\0';
			else
				quote = *from;
			continue;
		}
		if (*from == '\\' && quote != '\'' && from[1] &&
		    (!quote || from[1] == '"' || from[1] == '\\'))
			from++;
		*to++ = *from;
	}
	*to = '\0';
	return quote ? NULL : from;
}

static const char blanks[] = " \t\n";

int
split_first(const char *line, char **word, const char **rest)
{
	*word = NULL;
	line += strspn(line, blanks);
	*rest = line;
	if (!*line)
		return 0;
	char *copy = malloc(strlen(line) + 1);
	if (!copy)
		return -ENOMEM;
	line = take_word(line, copy);
	if (!line) {
		free(copy);
		return -EINVAL;
	}
	*word = copy;
	*rest = line + strspn(line, blanks);
	return 0;
}

int
split_line(const char *line, struct split *out)
{
	size_t len = strlen(line);
	*out = (struct split){0};
	out->words = calloc(len / 2 + 2 + SPLIT_MORE, sizeof(*out->words));
	char *word = malloc(len + 1);
	int err = out->words && word ? 0 : -ENOMEM;
	while (!err) {
		line += strspn(line, blanks);
		if (!*line)
			break;
		line = take_word(line, word);
		if (!line)
			err = -EINVAL;
		else if (!(out->words[out->count] = strdup(word)))
			err = -ENOMEM;
		else
			out->count++;
	}
	free(word);
	if (err)
		split_finish(out);
	return err;
}

int
split_insert(struct split *s, size_t at, const char *word)
{
	char *copy = strdup(word);
	if (!copy)
		return -ENOMEM;
	memmove(s->words + at + 1, s->words + at, (s->count - at + 1) * sizeof(*s->words));
	s->words[at] = copy;
	s->count++;
	return 0;
}
