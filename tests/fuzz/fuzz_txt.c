/* The TXT record: whatever came in, what we publish of it keeps our limits, is UTF-8, and reads
 * and writes again as itself. The first byte of each string is its length, as in DNS. */
#include "base/utf8.h"
#include "discovery/txt.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { STRINGS_MAX = 64 };

static size_t
write_and_view(const struct txt *t, struct buf strings[TXT_STRINGS], struct txt_string *view)
{
	size_t count = txt_write(t, strings), total = 0;
	for (size_t i = 0; i < count; i++) {
		if (buf_err(&strings[i]) || strings[i].len > LIMIT_TXT_STRING ||
		    !utf8_valid(strings[i].data, strings[i].len))
			abort();
		total += strings[i].len + 1;
		view[i] = (struct txt_string){strings[i].data, strings[i].len};
	}
	if (count == 0 || count > TXT_STRINGS || total > LIMIT_TXT_OWN ||
	    strcmp(view[0].data, "txtvers=1") != 0)
		abort();
	return count;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct txt_string in[STRINGS_MAX], out[TXT_STRINGS], again_out[TXT_STRINGS];
	struct buf strings[TXT_STRINGS], again_strings[TXT_STRINGS];
	struct txt t, again;
	char name[32];
	size_t count = 0;
	for (size_t at = 0; at < len && count < STRINGS_MAX; count++) {
		size_t n = data[at++];
		if (n > len - at)
			n = len - at;
		in[count] = (struct txt_string){(const char *)data + at, n};
		at += n;
	}
	txt_parse(&t, in, count);
	size_t n = write_and_view(&t, strings, out);
	txt_parse(&again, out, n);
	if (write_and_view(&again, again_strings, again_out) != n)
		abort();
	for (size_t i = 0; i < n; i++)
		if (out[i].len != again_out[i].len ||
		    memcmp(out[i].data, again_out[i].data, out[i].len) != 0)
			abort();
	if (t.port != again.port || t.status != again.status)
		abort();
	int err = txt_display_name(&t, name, sizeof(name));
	if (!utf8_valid(name, strlen(name)) || !err != !!name[0])
		abort();
	for (size_t i = 0; i < TXT_STRINGS; i++) {
		buf_finish(&strings[i]);
		buf_finish(&again_strings[i]);
	}
	return 0;
}
