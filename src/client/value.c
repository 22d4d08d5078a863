/* The public names of wire/value.h. */
#include "base/err.h"
#include "base/limits.h"
#include "client/internal.h"

#include <stdlib.h>

static struct earshot_value *
outer(struct value *v)
{
	return (struct earshot_value *)v;
}

static const struct earshot_value *
outer_const(const struct value *v)
{
	return (const struct earshot_value *)v;
}

struct earshot_value *
earshot_value_object(void)
{
	return outer(value_object());
}

struct earshot_value *
earshot_value_array(void)
{
	return outer(value_array());
}

void
earshot_value_free(struct earshot_value *v)
{
	value_free(inner(v));
}

struct earshot_value *
earshot_value_ref(const struct earshot_value *v)
{
	return outer(value_ref(inner_const(v)));
}

void
earshot_value_set_str(struct earshot_value *o, const char *key, const char *text)
{
	value_set_str(inner(o), key, text);
}

void
earshot_value_set_int(struct earshot_value *o, const char *key, int64_t number)
{
	value_set_int(inner(o), key, number);
}

void
earshot_value_set_real(struct earshot_value *o, const char *key, double number)
{
	value_set_real(inner(o), key, number);
}

void
earshot_value_set_bool(struct earshot_value *o, const char *key, bool on)
{
	value_set_bool(inner(o), key, on);
}

void
earshot_value_set(struct earshot_value *o, const char *key, struct earshot_value *child)
{
	value_set(inner(o), key, inner(child));
}

void
earshot_value_append(struct earshot_value *array, struct earshot_value *child)
{
	value_append(inner(array), inner(child));
}

void
earshot_value_append_str(struct earshot_value *array, const char *text)
{
	value_append_str(inner(array), text);
}

const char *
earshot_value_str(const struct earshot_value *v, const char *key)
{
	return value_str(inner_const(v), key);
}

int64_t
earshot_value_int(const struct earshot_value *v, const char *key, int64_t fallback)
{
	return value_int(inner_const(v), key, fallback);
}

double
earshot_value_real(const struct earshot_value *v, const char *key, double fallback)
{
	return value_real(inner_const(v), key, fallback);
}

bool
earshot_value_bool(const struct earshot_value *v, const char *key, bool fallback)
{
	return value_bool(inner_const(v), key, fallback);
}

const struct earshot_value *
earshot_value_get(const struct earshot_value *v, const char *key)
{
	return outer_const(value_get(inner_const(v), key));
}

bool
earshot_value_has(const struct earshot_value *v, const char *key)
{
	return value_has(inner_const(v), key);
}

size_t
earshot_value_count(const struct earshot_value *array)
{
	return value_count(inner_const(array));
}

const struct earshot_value *
earshot_value_at(const struct earshot_value *array, size_t i)
{
	return outer_const(value_at(inner_const(array), i));
}

const char *
earshot_value_as_str(const struct earshot_value *v)
{
	return value_as_str(inner_const(v));
}

int64_t
earshot_value_as_int(const struct earshot_value *v, int64_t fallback)
{
	return value_as_int(inner_const(v), fallback);
}

char *
earshot_value_write(const struct earshot_value *v)
{
	struct buf text = BUF_INIT(LIMIT_ANSWER);
	int err = value_write(inner_const(v), &text);
	if (!err)
		return buf_take(&text);
	buf_finish(&text);
	return NULL;
}

int
earshot_value_parse(const char *text, size_t len, struct earshot_value **out)
{
	struct value *v = NULL;
	int err = value_parse(text, len, &v);
	*out = outer(v);
	return err == ERR_PROTO ? EARSHOT_ERR_INVALID : public_error(err);
}
