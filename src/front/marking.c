#include "front/marking.h"

#include "base/compiler.h"
#include "base/str.h"
#include "front/words.h"

#include <string.h>

struct known {
	const char *trust, *marking, *meaning;
};

/* The first one stands for whatever is not here. */
static const struct known all[] = {
    {"plain", "[PLAIN]", ""},
    {"new", "[?]", "encrypted, but nobody has looked yet whose key it is"},
    {"known", "[=]", "encrypted, the key it has always been"},
    {"introduced", "[i]", "encrypted, vouched for by somebody you have verified"},
    {"verified", "[v]", "encrypted, and you have compared the key"},
    {"changed", "[!]", "somebody with another key uses this name"},
};

static const struct known *
find(const char *trust)
{
	for (size_t i = 0; trust && i < ARRAY_LEN(all); i++)
		if (strcmp(all[i].trust, trust) == 0)
			return &all[i];
	return &all[0];
}

const char *
marking(const char *trust)
{
	return find(trust)->marking;
}

bool
marking_is_plain(const char *trust)
{
	return find(trust) == &all[0];
}

void
marking_in_full(struct buf *out, const struct earshot_value *person)
{
	const struct known *k = find(earshot_value_str(person, "trust"));
	if (k == &all[0]) {
		buf_str(out, "[PLAIN - anyone here can read, alter or fake this]");
		return;
	}
	buf_str(out, k->marking);
	if (str_equal(k->trust, "changed"))
		buf_str(out, " NOT THE SAME PERSON");
	if (str_equal(k->trust, "introduced") &&
	    !str_empty(earshot_value_str(person, "introduced_by"))) {
		buf_str(out, " via ");
		words_str(out, person, "introduced_by");
	}
	buf_fmt(out, ": %s", k->meaning);
}
