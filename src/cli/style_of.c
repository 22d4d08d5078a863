#include "cli/style_of.h"

#include "base/compiler.h"
#include "base/str.h"
#include "front/marking.h"
#include "front/transfer_words.h"

#include <string.h>

enum style
style_of_trust(const char *trust)
{
	static const struct {
		const char *trust;
		enum style style;
	} all[] = {{"known", STYLE_DIM}, {"introduced", STYLE_DIM}, {"verified", STYLE_GOOD},
	    {"changed", STYLE_BAD}};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (str_equal(all[i].trust, trust))
			return all[i].style;
	return STYLE_WARN;
}

enum style
style_of_evidence(const struct earshot_value *person)
{
	const char *state = earshot_value_str(person, "state");
	if (str_equal(state, "answered"))
		return STYLE_GOOD;
	if (str_equal(state, "silent"))
		return STYLE_WARN;
	return str_equal(state, "gone") ? STYLE_DIM : STYLE_PLAIN;
}

enum style
style_of_transfer(const struct earshot_value *file)
{
	if (transfer_done(file))
		return STYLE_GOOD;
	if (transfer_over(file))
		return str_equal(earshot_value_str(file, "state"), "failed") ? STYLE_BAD
									     : STYLE_DIM;
	return transfer_asks(file) ? STYLE_WARN : STYLE_PLAIN;
}

size_t
style_marking(const struct screen *s, struct buf *out, const struct earshot_value *v)
{
	const char *trust = earshot_value_str(v, "trust");
	screen_style(s, out, style_of_trust(trust), marking(trust));
	buf_char(out, ' ');
	return strlen(marking(trust)) + 1;
}
