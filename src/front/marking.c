#include "front/marking.h"

#include "base/compiler.h"
#include "base/str.h"
#include "base/tr.h"
#include "front/words.h"

#include <string.h>

struct known {
	const char *trust, *marking, *meaning;
};

/* The first one stands for whatever is not here. */
static const struct known all[] = {
    {"plain", "[PLAIN]", TR("not encrypted, anyone here can read, alter or fake this")},
    {"new", "[?]", TR("encrypted, but nobody has looked yet whose key it is")},
    {"known", "[=]", TR("encrypted, the key it has always been")},
    {"introduced", "[i]", TR("encrypted, vouched for by somebody you have verified")},
    {"verified", "[v]", TR("encrypted, and you have compared the key")},
    {"changed", "[!]", TR("NOT THE SAME PERSON: somebody with another key uses this name")},
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

const char *
marking_meaning(const char *trust)
{
	return tr(find(trust)->meaning);
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
	struct buf by = words_member(person, "introduced_by");
	if (k == &all[0])
		buf_str(out, tr("[PLAIN - anyone here can read, alter or fake this]"));
	else if (str_equal(k->trust, "changed"))
		buf_fmt(out, "%s %s", k->marking, tr(k->meaning));
	else if (str_equal(k->trust, "introduced") && by.len > 0)
		buf_fmt(out, tr("%s via %s: encrypted, vouched for by somebody you have verified"),
		    k->marking, buf_cstr(&by));
	else
		buf_fmt(out, "%s: %s", k->marking, tr(k->meaning));
	buf_finish(&by);
}
