/* JSON values, as the daemon and the client library pass them about (jansson inside; its
 * header is included only in wire/). Builders latch: a failed allocation makes the whole value
 * fail when it is written, so nobody checks in between. Any thread, one owner. */
#ifndef WIRE_VALUE_H
#define WIRE_VALUE_H

#include "base/buf.h"
#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct value;

struct value *value_object(void); /* NULL when out of memory: all below accept NULL */
struct value *value_array(void);
void value_free(struct value *v);
struct value *value_ref(const struct value *v); /* an equal value to keep; value_free() it */

/* Text must be UTF-8, numbers finite; NULL text sets nothing. Children are moved, also on failure;
 * a NULL child is one that could not be made. */
void value_set_str(struct value *object, const char *key, const char *text);
void value_set_int(struct value *object, const char *key, int64_t number);
void value_set_real(struct value *object, const char *key, double number);
void value_set_bool(struct value *object, const char *key, bool on);
void value_set(struct value *object, const char *key, struct value *child);
void value_append(struct value *array, struct value *child);
void value_append_str(struct value *array, const char *text);

/* Reading: absent, or of another kind, gives the fallback. Results live as long as v. */
const char *value_str(const struct value *v, const char *key); /* NULL */
int64_t value_int(const struct value *v, const char *key, int64_t fallback);
double value_real(const struct value *v, const char *key, double fallback);
bool value_bool(const struct value *v, const char *key, bool fallback);
const struct value *value_get(const struct value *v, const char *key); /* NULL */
struct value *value_member(struct value *v, const char *key); /* value_get(), to add to it */
bool value_has(const struct value *v, const char *key);
size_t value_count(const struct value *array);
const struct value *value_at(const struct value *array, size_t i); /* NULL */
const char *value_as_str(const struct value *v);                   /* NULL */
int64_t value_as_int(const struct value *v, int64_t fallback);

enum value_kind {
	VALUE_NONE, /* no value at all */
	VALUE_OBJECT,
	VALUE_ARRAY,
	VALUE_STRING,
	VALUE_INTEGER,
	VALUE_REAL,
	VALUE_BOOL,
	VALUE_NULL,
};
enum value_kind value_kind(const struct value *v);

/* One line of JSON, no line break, appended. 0, -ENOMEM, -EINVAL (text that was not UTF-8) or
 * ERR_TOO_BIG; out then ends in the middle of a value. */
int value_write(const struct value *v, struct buf *out) MUST_USE;
/* One JSON text: object or array, no duplicate keys, at most LIMIT_JSON_DEPTH deep and
 * LIMIT_ANSWER long, UTF-8, no NUL in strings. 0, ERR_PROTO, ERR_TOO_BIG or -ENOMEM. */
int value_parse(const char *text, size_t len, struct value **out) MUST_USE;

#endif
