/* Completion of the word before the cursor. */
#include "base/utf8.h"
#include "tui/border.h"
#include "tui/input-parts.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void
input_end_completion(struct input *in)
{
	struct completion *c = &in->completion;
	for (size_t i = 0; i < c->count; i++)
		free(c->words[i]);
	c->count = 0;
	c->chosen = SIZE_MAX;
}

/* Each only once; without memory one less is offered. */
static void
on_candidate(void *list, const char *candidate)
{
	struct completion *c = list;
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->words[i], candidate) == 0)
			return;
	if (c->count == INPUT_CANDIDATES)
		return;
	if (c->count == c->capacity) {
		size_t capacity = c->capacity ? 2 * c->capacity : 16;
		char **words = realloc(c->words, capacity * sizeof(*words));
		if (!words)
			return;
		c->words = words;
		c->capacity = capacity;
	}
	char *copy = strdup(candidate);
	if (copy)
		c->words[c->count++] = copy;
}

/* How all of them begin, in whole characters. */
static size_t
common_length(const struct completion *c)
{
	const char *first = c->words[0];
	size_t common = strlen(first);
	for (size_t i = 1; i < c->count; i++) {
		size_t n = 0;
		while (n < common && c->words[i][n] == first[n])
			n++;
		common = n;
	}
	size_t len = strlen(first);
	size_t border = 0;
	for (size_t next = 0; next <= common && border < len;
	     next = border_next(first, len, next)) {
		border = next;
		if (next == len)
			break;
	}
	return border;
}

static enum input_result
put(struct input *in, const char *word, size_t len)
{
	return input_replace(in, in->completion.from, in->cursor, word, len, CHANGE_OTHER);
}

static enum input_result
begin(struct input *in)
{
	struct completion *c = &in->completion;
	const char *text = buf_cstr(&in->text);
	c->from = in->cursor;
	while (c->from > 0 && text[c->from - 1] != ' ' && text[c->from - 1] != '\n')
		c->from--;
	if (in->complete)
		in->complete(in->ctx, text, in->cursor, &c->from, on_candidate, c);
	if (c->count == 0)
		return INPUT_IGNORED;
	size_t typed = in->cursor - c->from;
	size_t common = common_length(c);
	if (common < typed ||
	    (common == typed && c->count > 1 && strncmp(c->words[0], text + c->from, typed) == 0))
		return INPUT_MOVED; /* only the choice is new */
	enum input_result result = put(in, c->words[0], common);
	if (c->count == 1)
		input_end_completion(in);
	return result;
}

enum input_result
input_complete(struct input *in, bool back)
{
	struct completion *c = &in->completion;
	if (c->count == 0)
		return back ? INPUT_IGNORED : begin(in);
	if (back)
		c->chosen = c->chosen == SIZE_MAX || c->chosen == 0 ? c->count - 1 : c->chosen - 1;
	else
		c->chosen = c->chosen == SIZE_MAX ? 0 : (c->chosen + 1) % c->count;
	return put(in, c->words[c->chosen], strlen(c->words[c->chosen]));
}

const char *const *
input_candidates(const struct input *in, size_t *count, size_t *chosen)
{
	const struct completion *c = &in->completion;
	*count = c->count;
	*chosen = c->chosen;
	return c->count > 0 ? (const char *const *)c->words : NULL;
}
