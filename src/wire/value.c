#include "wire/value.h"

#include "base/err.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "wire/quick.h"

#include <errno.h>
#include <jansson.h>
#include <stdint.h>
#include <string.h>

/* A struct value is a json_t under another name, so that nothing is wrapped or copied.
 *
 * The latch of a failed builder is kept in the two highest bits of the reference count, the one
 * place in a json_t that has room: no container jansson knows of can be poisoned without the
 * memory that just ran out. Only a root carries them: a failed child is not attached, its mark
 * moves to the parent. value_free() takes them off before jansson counts. */
enum { REFCOUNT_BITS = sizeof(size_t) * 8 };
static const size_t NO_MEMORY = (size_t)1 << (REFCOUNT_BITS - 1);
static const size_t BAD_TEXT = (size_t)1 << (REFCOUNT_BITS - 2);

static json_t *
json_of(const struct value *v)
{
	union {
		const struct value *v;
		json_t *json;
	} same = {.v = v}; /* jansson's readers do not take const everywhere */
	return same.json;
}

static struct value *
value_of(json_t *json)
{
	return (struct value *)json;
}

static size_t
failure(const json_t *json)
{
	if (!json)
		return NO_MEMORY;
	/* true, false and null are static, with all bits of the count set */
	bool container = json_is_object(json) || json_is_array(json);
	return container ? json->refcount & (NO_MEMORY | BAD_TEXT) : 0;
}

static void
fail(json_t *container, size_t why)
{
	if (container)
		container->refcount |= why;
}

struct value *
value_object(void)
{
	return value_of(json_object());
}

struct value *
value_array(void)
{
	return value_of(json_array());
}

void
value_free(struct value *v)
{
	json_t *json = json_of(v);
	if (!json)
		return;
	if (failure(json))
		json->refcount &= ~(NO_MEMORY | BAD_TEXT);
	json_decref(json);
}

struct value *
value_ref(const struct value *v)
{
	return value_of(json_incref(json_of(v)));
}

/* Moves child, NULL if it could not be made. Keys are ours and known to be UTF-8. */
static void
put(json_t *object, const char *key, json_t *child, size_t why)
{
	if (!child)
		fail(object, why);
	else if (object && json_object_set_new_nocheck(object, key, child) < 0)
		fail(object, NO_MEMORY);
	else if (!object)
		json_decref(child);
}

/* Checked here, with base's fast path for ASCII, and so not by jansson character by character. */
static json_t *
string_of(const char *text, size_t *why)
{
	size_t len = strlen(text);
	bool good = utf8_valid(text, len);
	*why = good ? NO_MEMORY : BAD_TEXT;
	return good ? json_stringn_nocheck(text, len) : NULL;
}

void
value_set_str(struct value *object, const char *key, const char *text)
{
	if (!text)
		return;
	size_t why = 0;
	json_t *json = string_of(text, &why);
	put(json_of(object), key, json, why);
}

void
value_set_int(struct value *object, const char *key, int64_t number)
{
	put(json_of(object), key, json_integer(number), NO_MEMORY);
}

void
value_set_real(struct value *object, const char *key, double number)
{
	/* JSON knows no infinity and no NaN */
	put(json_of(object), key, json_real(number), number - number == 0 ? NO_MEMORY : BAD_TEXT);
}

void
value_set_bool(struct value *object, const char *key, bool on)
{
	put(json_of(object), key, json_boolean(on), NO_MEMORY);
}

void
value_set(struct value *object, const char *key, struct value *child)
{
	json_t *json = json_of(child);
	size_t why = failure(json);
	if (why) {
		fail(json_of(object), why);
		value_free(child);
		return;
	}
	put(json_of(object), key, json, 0);
}

static void
push(json_t *array, json_t *child, size_t why)
{
	if (!child)
		fail(array, why);
	else if (array && json_array_append_new(array, child) < 0)
		fail(array, NO_MEMORY);
	else if (!array)
		json_decref(child);
}

void
value_append(struct value *array, struct value *child)
{
	json_t *json = json_of(child);
	size_t why = failure(json);
	if (why) {
		fail(json_of(array), why);
		value_free(child);
		return;
	}
	push(json_of(array), json, 0);
}

void
value_append_str(struct value *array, const char *text)
{
	if (!text)
		return;
	size_t why = 0;
	json_t *json = string_of(text, &why);
	push(json_of(array), json, why);
}

const char *
value_as_str(const struct value *v)
{
	return json_string_value(json_of(v));
}

int64_t
value_as_int(const struct value *v, int64_t fallback)
{
	const json_t *json = json_of(v);
	return json_is_integer(json) ? json_integer_value(json) : fallback;
}

enum value_kind
value_kind(const struct value *v)
{
	static const enum value_kind kinds[] = {
	    [JSON_OBJECT] = VALUE_OBJECT,
	    [JSON_ARRAY] = VALUE_ARRAY,
	    [JSON_STRING] = VALUE_STRING,
	    [JSON_INTEGER] = VALUE_INTEGER,
	    [JSON_REAL] = VALUE_REAL,
	    [JSON_TRUE] = VALUE_BOOL,
	    [JSON_FALSE] = VALUE_BOOL,
	    [JSON_NULL] = VALUE_NULL,
	};
	return v ? kinds[json_typeof(json_of(v))] : VALUE_NONE;
}

const struct value *
value_get(const struct value *v, const char *key)
{
	return value_of(json_object_get(json_of(v), key));
}

const char *
value_str(const struct value *v, const char *key)
{
	return value_as_str(value_get(v, key));
}

int64_t
value_int(const struct value *v, const char *key, int64_t fallback)
{
	return value_as_int(value_get(v, key), fallback);
}

double
value_real(const struct value *v, const char *key, double fallback)
{
	const json_t *json = json_object_get(json_of(v), key);
	return json_is_number(json) ? json_number_value(json) : fallback;
}

bool
value_bool(const struct value *v, const char *key, bool fallback)
{
	const json_t *json = json_object_get(json_of(v), key);
	return json_is_boolean(json) ? json_is_true(json) : fallback;
}

struct value *
value_member(struct value *v, const char *key)
{
	return value_of(json_object_get(json_of(v), key));
}

bool
value_has(const struct value *v, const char *key)
{
	return value_get(v, key) != NULL;
}

size_t
value_count(const struct value *array)
{
	return json_array_size(json_of(array));
}

const struct value *
value_at(const struct value *array, size_t i)
{
	return value_of(json_array_get(json_of(array), i));
}

static int
write_some(const char *text, size_t len, void *ctx)
{
	struct buf *out = ctx;
	buf_add(out, text, len);
	return buf_err(out) ? -1 : 0;
}

/* An escape takes the place of each character JSON does not allow in a string. */
static void
write_escape(unsigned char c, struct buf *out)
{
	static const char codes[] = "\"\\\b\f\n\r\t";
	static const char letters[] = "\"\\bfnrt";
	static const char hex[] = "0123456789abcdef";
	const char *at = memchr(codes, c, sizeof(codes) - 1);
	if (at) {
		buf_add(out, (char[]){'\\', letters[at - codes]}, 2);
		return;
	}
	buf_add(out, (char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 0xf]}, 6);
}

/* Known to be UTF-8: built and parsed strings were checked when they came in. */
static void
write_string(const char *text, size_t len, struct buf *out)
{
	buf_add(out, "\"", 1);
	while (len > 0) {
		size_t n = quick_run(text, len);
		buf_add(out, text, n);
		if (n < len)
			write_escape((unsigned char)text[n++], out);
		text += n;
		len -= n;
	}
	buf_add(out, "\"", 1);
}

static int write_json(json_t *json, struct buf *out);

static int
write_object(json_t *json, struct buf *out)
{
	const char *key, *before = "{";
	json_t *child;
	int rc = 0;
	if (json_object_size(json) == 0)
		buf_add(out, before, 1);
	json_object_foreach(json, key, child)
	{
		buf_add(out, before, 1);
		write_string(key, strlen(key), out);
		buf_add(out, ":", 1);
		rc |= write_json(child, out);
		before = ",";
	}
	buf_add(out, "}", 1);
	return rc;
}

static int
write_array(json_t *json, struct buf *out)
{
	size_t i;
	json_t *child;
	int rc = 0;
	buf_add(out, "[", 1);
	json_array_foreach(json, i, child)
	{
		if (i > 0)
			buf_add(out, ",", 1);
		rc |= write_json(child, out);
	}
	buf_add(out, "]", 1);
	return rc;
}

/* Every message passes here several times: json_dump_callback() decodes and hands over each
 * character of a string by itself, which costs more than all else done to the message. What is
 * rare is left to it, as quick.h leaves it what is rare to read. */
static int
write_json(json_t *json, struct buf *out)
{
	switch (json_typeof(json)) {
	case JSON_OBJECT:
		return write_object(json, out);
	case JSON_ARRAY:
		return write_array(json, out);
	case JSON_STRING:
		write_string(json_string_value(json), json_string_length(json), out);
		return 0;
	case JSON_INTEGER:
		buf_int(out, json_integer_value(json));
		return 0;
	case JSON_TRUE:
		buf_add(out, "true", 4);
		return 0;
	case JSON_FALSE:
		buf_add(out, "false", 5);
		return 0;
	case JSON_NULL:
	case JSON_REAL:
		break;
	}
	return json_dump_callback(json, write_some, out, JSON_ENCODE_ANY);
}

int
value_write(const struct value *v, struct buf *out)
{
	json_t *json = json_of(v);
	size_t why = failure(json);
	if (why)
		return (why & NO_MEMORY) ? -ENOMEM : -EINVAL;
	int rc = write_json(json, out);
	if (buf_err(out))
		return buf_err(out);
	return rc < 0 ? -ENOMEM : 0; /* text was checked when it came in: only memory is left */
}

/* jansson recurses up to 2048 levels: what is deeper than we allow never gets there. Brackets
 * in strings do not count; whether the text is JSON at all is not decided here. */
static bool
too_deep(const char *text, size_t len)
{
	unsigned depth = 0;
	bool quoted = false;
	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		if (quoted) {
			if (c == '\\')
				i++;
			else if (c == '"')
				quoted = false;
		} else if (c == '"') {
			quoted = true;
		} else if (c == '{' || c == '[') {
			if (++depth > LIMIT_JSON_DEPTH)
				return true;
		} else if ((c == '}' || c == ']') && depth > 0) {
			depth--;
		}
	}
	return false;
}

int
value_parse(const char *text, size_t len, struct value **out)
{
	json_t *json = len > LIMIT_ANSWER ? NULL : quick_read(text, len);
	if (!json && (len > LIMIT_ANSWER || too_deep(text, len)))
		return ERR_TOO_BIG;
	json_error_t error;
	if (!json)
		json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	if (!json)
		return json_error_code(&error) == json_error_out_of_memory ? -ENOMEM : ERR_PROTO;
	*out = value_of(json);
	return 0;
}
