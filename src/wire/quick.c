#include "wire/quick.h"

#include "base/limits.h"
#include "base/utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
	KEY_MAX = 64, /* with its NUL; ours are shorter */
	DIGITS_MAX = 18,
};

/* What is still to be read. */
struct quick {
	const char *at, *end;
	unsigned depth;
};

/* Some byte of the word is below ' ', a quote or a backslash; or it is beyond ASCII, in which case
 * this may be wrong, and the bytes are looked at one by one. */
static bool
is_special(uint64_t word)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), high = ones << 7;
	uint64_t quote = word ^ ones * '"', slash = word ^ ones * '\\';
	return ((word - ones * ' ') | (quote - ones) | (slash - ones) | word) & high;
}

size_t
quick_run(const char *text, size_t len)
{
	size_t n = 0;
	uint64_t word;
	while (n < len) {
		if (len - n >= sizeof(word)) {
			memcpy(&word, text + n, sizeof(word));
			if (!is_special(word)) {
				n += sizeof(word);
				continue;
			}
		}
		/* to behind the byte that stopped the word, or to the one that ends the run */
		for (size_t i = 0; i < sizeof(word) && n < len; i++, n++) {
			unsigned char c = (unsigned char)text[n];
			if (c < ' ' || c == '"' || c == '\\')
				return n;
		}
	}
	return n;
}

static void
skip_space(struct quick *q)
{
	while (
	    q->at < q->end && (*q->at == ' ' || *q->at == '\n' || *q->at == '\r' || *q->at == '\t'))
		q->at++;
}

/* The next character that is no space, passed over; NUL at the end. */
static char
next(struct quick *q)
{
	skip_space(q);
	if (q->at == q->end)
		return '\0';
	return *q->at++;
}

/* Behind the opening quote. NULL: it has an escape, or no end. */
static const char *
read_string(struct quick *q, size_t *len)
{
	const char *from = q->at;
	*len = quick_run(from, (size_t)(q->end - from));
	q->at += *len;
	if (q->at == q->end || *q->at != '"')
		return NULL;
	q->at++;
	return from;
}

static json_t *
read_integer(struct quick *q)
{
	bool negative = *q->at == '-';
	const char *from = q->at + negative;
	json_int_t number = 0;
	for (q->at = from; q->at < q->end && *q->at >= '0' && *q->at <= '9'; q->at++) {
		if (q->at - from == DIGITS_MAX)
			return NULL;
		number = number * 10 + (*q->at - '0');
	}
	bool padded = q->at - from > 1 && *from == '0';
	bool real = q->at < q->end && (*q->at == '.' || *q->at == 'e' || *q->at == 'E');
	return q->at == from || padded || real ? NULL : json_integer(negative ? -number : number);
}

static bool
take_word(struct quick *q, const char *word)
{
	size_t len = strlen(word);
	if ((size_t)(q->end - q->at) < len || memcmp(q->at, word, len) != 0)
		return false;
	q->at += len;
	return true;
}

static json_t *read_value(struct quick *q);

/* "key": value; the same key twice is left to jansson. */
static bool
read_pair(struct quick *q, json_t *object)
{
	char key[KEY_MAX];
	size_t len = 0, before = json_object_size(object);
	const char *text = next(q) == '"' ? read_string(q, &len) : NULL;
	if (!text || len >= sizeof(key) || next(q) != ':')
		return false;
	memcpy(key, text, len);
	key[len] = '\0';
	json_t *value = read_value(q);
	return value && json_object_set_new_nocheck(object, key, value) == 0 &&
	       json_object_size(object) > before;
}

static bool
read_item(struct quick *q, json_t *array)
{
	json_t *value = read_value(q);
	return value && json_array_append_new(array, value) == 0;
}

/* Behind the opening bracket. Moves the container. */
static json_t *
read_items(struct quick *q, json_t *container, bool (*read)(struct quick *, json_t *), char end)
{
	char c = '\0';
	if (!container || ++q->depth > LIMIT_JSON_DEPTH)
		goto fail;
	skip_space(q);
	if (q->at < q->end && *q->at == end) {
		c = *q->at++;
	} else {
		do
			c = '\0';
		while (read(q, container) && (c = next(q)) == ',');
	}
	if (c != end)
		goto fail;
	q->depth--;
	return container;
fail:
	json_decref(container);
	return NULL;
}

static json_t *
read_value(struct quick *q)
{
	size_t len;
	const char *text;
	switch (next(q)) {
	case '"':
		text = read_string(q, &len);
		return text ? json_stringn_nocheck(text, len) : NULL;
	case '{':
		return read_items(q, json_object(), read_pair, '}');
	case '[':
		return read_items(q, json_array(), read_item, ']');
	case 't':
		return take_word(q, "rue") ? json_true() : NULL;
	case 'f':
		return take_word(q, "alse") ? json_false() : NULL;
	case 'n':
		return take_word(q, "ull") ? json_null() : NULL;
	case '\0':
		return NULL;
	default:
		q->at--;
		return read_integer(q);
	}
}

json_t *
quick_read(const char *text, size_t len)
{
	struct quick q = {.at = text, .end = text + len};
	skip_space(&q);
	if (q.at == q.end || (*q.at != '{' && *q.at != '[') || !utf8_valid(text, len))
		return NULL;
	json_t *json = read_value(&q);
	skip_space(&q);
	if (q.at == q.end)
		return json;
	json_decref(json);
	return NULL;
}
