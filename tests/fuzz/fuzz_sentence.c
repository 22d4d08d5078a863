/* Sentences with values, as an answer brings them: a format that somebody else has chosen, and
 * values that are text from anywhere. Lines: the format, then a value each.
 * What comes out is bounded, holds the values as they are, and for a format of printf() is what
 * printf() makes of it. A text in parts that nobody knows comes out as it went in. */
#include "base/limits.h"
#include "wire/words.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
expect(bool truth)
{
	if (!truth)
		abort();
}

/* The values after the format; a value that begins with \1 is one of our texts. */
static struct value *
take_values(const char *at, const char **first)
{
	struct value *args = value_array();
	for (*first = NULL; at && *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL) {
		char line[256];
		size_t n = strcspn(at, "\n");
		n = n < sizeof(line) - 1 ? n : sizeof(line) - 1;
		memcpy(line, at, n);
		line[n] = '\0';
		struct value *v = value_object();
		value_set_str(v, "id", line + 1);
		if (line[0] == '\1') {
			value_append(args, v);
		} else {
			value_append_str(args, line);
			value_free(v);
		}
		if (!*first && line[0] != '\1')
			*first = value_as_str(value_at(args, value_count(args) - 1));
	}
	return args;
}

static struct value *of(const char *fmt, ...) PRINTF_LIKE(1, 2);

static struct value *
of(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	struct value *words = words_of(fmt, ap);
	va_end(ap);
	return words;
}

static void
compare_with_printf(const char *value)
{
	char printed[2048];
	struct buf out = BUF_INIT(LIMIT_SENTENCE);
	struct value *words = of("%s: %s, %lld %% of %zu.", value, value, -7LL, (size_t)3);
	(void)snprintf(
	    printed, sizeof(printed), "%s: %s, %lld %% of %zu.", value, value, -7LL, (size_t)3);
	if (words) { /* else it was not UTF-8 */
		expect(words_fill(&out, value_str(words, "id"), value_get(words, "args")));
		expect(strcmp(buf_cstr(&out), printed) == 0);
	}
	value_free(words);
	buf_finish(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1);
	if (!text)
		return 0;
	memcpy(text, data, len);
	text[len] = '\0';
	char *rest = strchr(text, '\n');
	if (rest)
		*rest++ = '\0';
	const char *first = NULL;
	struct value *args = take_values(rest, &first);
	struct buf out = BUF_INIT((size_t)2 * LIMIT_SENTENCE);
	buf_str(&out, "x");
	bool good = words_fill(&out, text, args);
	expect(!buf_err(&out) && out.len <= LIMIT_SENTENCE + 1 && out.data[0] == 'x');
	expect(good == (out.len > 1));
	if (good && strcmp(text, "%1$s") == 0 && first && value_as_str(value_at(args, 0)) == first)
		expect(strcmp(buf_cstr(&out) + 1, first) == 0);
	buf_clear(&out);
	words_translate(&out, text);
	expect(buf_err(&out) || strcmp(buf_cstr(&out), text) == 0);
	if (first)
		compare_with_printf(first);
	buf_finish(&out);
	value_free(args);
	free(text);
	return 0;
}
