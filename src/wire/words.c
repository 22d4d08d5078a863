#include "wire/words.h"

#include "base/limits.h"
#include "base/tr.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	ARGS_MAX = 9,  /* one digit before $ */
	PARTS_MAX = 3, /* of a text with colons */
	PART_SIZE = 256,
};

enum size { SIZE_INT, SIZE_LONG, SIZE_LONG_LONG, SIZE_SIZE };

struct spec {
	size_t position; /* before $, from 1; 0: the next one */
	bool ours;       /* %-s */
	enum size size;
	char conversion;
};

static bool
starts(const char **at, const char *with)
{
	size_t len = strlen(with);
	bool does = strncmp(*at, with, len) == 0;
	*at += does ? len : 0;
	return does;
}

/* *at is behind a '%', and afterwards behind the specifier. */
static bool
read_spec(const char **at, struct spec *out)
{
	*out = (struct spec){0};
	if ((*at)[0] >= '1' && (*at)[0] <= '9' && (*at)[1] == '$') {
		out->position = (size_t)((*at)[0] - '0');
		*at += 2;
	}
	out->ours = starts(at, "-");
	if (starts(at, "ll"))
		out->size = SIZE_LONG_LONG;
	else if (starts(at, "l"))
		out->size = SIZE_LONG;
	else if (starts(at, "z"))
		out->size = SIZE_SIZE;
	out->conversion = **at;
	if (out->conversion == '\0')
		return false;
	(*at)++;
	bool number = out->conversion == 'd' || out->conversion == 'u';
	bool text = out->conversion == 's' || out->conversion == 'c';
	return (number || (text && out->size == SIZE_INT)) &&
	       (!out->ours || out->conversion == 's');
}

/* ---- taking apart ---- */

static struct value *
our_text(const char *text)
{
	struct value *v = value_object();
	value_set_str(v, "id", text);
	return v;
}

static void
append_char(struct value *args, char c)
{
	char text[] = {c, '\0'};
	value_append_str(args, text);
}

static void
append_signed(struct value *args, int64_t number)
{
	char text[24];
	(void)snprintf(text, sizeof(text), "%" PRId64, number);
	value_append_str(args, text);
}

static void
append_unsigned(struct value *args, uint64_t number)
{
	char text[24];
	(void)snprintf(text, sizeof(text), "%" PRIu64, number);
	value_append_str(args, text);
}

struct arguments {
	va_list ap;
};

static int64_t
next_signed(struct arguments *from, enum size size)
{
	switch (size) {
	case SIZE_LONG:
		return va_arg(from->ap, long);
	case SIZE_LONG_LONG:
		return va_arg(from->ap, long long);
	case SIZE_SIZE:
		return (int64_t)va_arg(from->ap, size_t);
	case SIZE_INT:
	default:
		return va_arg(from->ap, int);
	}
}

static uint64_t
next_unsigned(struct arguments *from, enum size size)
{
	switch (size) {
	case SIZE_LONG:
		return va_arg(from->ap, unsigned long);
	case SIZE_LONG_LONG:
		return va_arg(from->ap, unsigned long long);
	case SIZE_SIZE:
		return va_arg(from->ap, size_t);
	case SIZE_INT:
	default:
		return va_arg(from->ap, unsigned);
	}
}

static void
append_next(struct value *args, const struct spec *spec, struct arguments *from)
{
	const char *text = NULL;
	switch (spec->conversion) {
	case 'c':
		append_char(args, (char)va_arg(from->ap, int));
		break;
	case 'd':
		append_signed(args, next_signed(from, spec->size));
		break;
	case 'u':
		append_unsigned(args, next_unsigned(from, spec->size));
		break;
	default:
		text = va_arg(from->ap, const char *);
		if (spec->ours)
			value_append(args, our_text(text ? text : ""));
		else
			value_append_str(args, text ? text : "");
		break;
	}
}

static bool
take_apart(struct value *args, const char *fmt, struct arguments *from)
{
	struct spec spec;
	size_t count = 0;
	for (const char *at = fmt; *at;) {
		if (*at++ != '%' || starts(&at, "%"))
			continue;
		if (!read_spec(&at, &spec) || spec.position || count++ == ARGS_MAX)
			return false;
		append_next(args, &spec, from);
	}
	return count > 0;
}

struct value *
words_of(const char *fmt, va_list ap)
{
	if (strcmp(fmt, "%s") == 0 || strlen(fmt) > LIMIT_SENTENCE)
		return NULL; /* the sentence is all there is */
	struct arguments from;
	va_copy(from.ap, ap);
	struct value *args = value_array();
	bool known = take_apart(args, fmt, &from);
	va_end(from.ap);
	struct buf probe = BUF_INIT((size_t)4 * LIMIT_SENTENCE);
	if (!known || value_write(args, &probe) != 0) {
		/* text that is not UTF-8 or too long, say: the answer must not fail over it */
		buf_finish(&probe);
		value_free(args);
		return NULL;
	}
	buf_finish(&probe);
	struct value *words = value_object();
	value_set_str(words, "id", fmt);
	value_set(words, "args", args);
	return words;
}

/* ---- putting together ---- */

/* A part, which is perhaps the end of a sentence. */
static void
add_part(struct buf *out, const char *text, size_t len)
{
	char part[PART_SIZE];
	bool dot = len > 0 && text[len - 1] == '.';
	for (size_t cut = 0; cut <= (dot ? 1 : 0) && len < sizeof(part); cut++) {
		memcpy(part, text, len);
		part[len - cut] = '\0';
		const char *own = tr_error(part);
		if (own == part)
			continue;
		buf_str(out, own);
		buf_str(out, cut ? "." : "");
		return;
	}
	buf_add(out, text, len);
}

void
words_translate(struct buf *out, const char *text)
{
	for (int parts = 0; parts < PARTS_MAX && tr_error(text) == text; parts++) {
		const char *colon = strstr(text, ": ");
		if (!colon)
			break;
		add_part(out, text, (size_t)(colon - text));
		buf_str(out, ": ");
		text = colon + 2;
	}
	const char *own = tr_error(text);
	if (own != text)
		buf_str(out, own);
	else
		add_part(out, text, strlen(text));
}

static bool
fill_one(struct buf *out, const struct value *arg)
{
	bool ours = value_kind(arg) == VALUE_OBJECT;
	const char *text = ours ? value_str(arg, "id") : value_as_str(arg);
	if (text && ours)
		words_translate(out, text);
	else if (text)
		buf_str(out, text);
	return text != NULL;
}

static bool
fill(struct buf *out, const char *format, const struct value *args)
{
	struct spec spec;
	size_t next = 1;
	for (const char *at = format; *at;) {
		size_t plain = strcspn(at, "%");
		buf_add(out, at, plain);
		at += plain;
		if (*at == '\0')
			break;
		at++;
		if (starts(&at, "%")) {
			buf_char(out, '%');
			continue;
		}
		if (!read_spec(&at, &spec))
			return false;
		size_t position = spec.position ? spec.position : next++;
		if (!fill_one(out, value_at(args, position - 1)))
			return false;
	}
	return true;
}

bool
words_fill(struct buf *out, const char *format, const struct value *args)
{
	struct buf text = BUF_INIT(LIMIT_SENTENCE);
	bool good = fill(&text, format, args) && !buf_err(&text) && text.len > 0;
	if (good)
		buf_add(out, text.data, text.len);
	buf_finish(&text);
	return good;
}

bool
words_say(struct buf *out, const struct value *words)
{
	const char *id = value_str(words, "id");
	if (!id || !*id)
		return false;
	const char *format = tr(id);
	return format != id && words_fill(out, format, value_get(words, "args"));
}
