#include "base/lookalike.h"

#include "base/log.h"
#include "base/text.h"
#include "base/utf8.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

enum { KEY_MAX = 4096, ROUNDS = 2 };

/* ---- ICU ---- */

/* ICU's names carry its version, and its libraries' names too. The build says which it was
 * compiled beside; without one, nothing is looked for. */
#ifdef EARSHOT_ICU
#define ICU_LIBRARY        "libicui18n.so." EARSHOT_ICU
#define ICU_FUNCTION(name) name "_" EARSHOT_ICU
#else
#define ICU_LIBRARY        ""
#define ICU_FUNCTION(name) name
#endif

typedef void *open_fn(int *err);
typedef int32_t skeleton_fn(const void *checker, uint32_t type, const char *name, int32_t len,
    char *out, int32_t size, int *err);

/* Loaded once and kept: what is left open at the end of the program is this. */
static struct {
	enum { ICU_UNTRIED, ICU_THERE, ICU_MISSING } state;
	void *checker;
	skeleton_fn *skeleton;
} icu;

/* ISO C has no cast from dlsym()'s pointer to a function's; POSIX says they are alike. */
static int
find_function(void *library, const char *name, void *slot)
{
	void *found = dlsym(library, name);
	memcpy(slot, &found, sizeof(found));
	return found ? 0 : -1;
}

static bool
load(void)
{
	open_fn *open_checker = NULL;
	int err = 0;
	void *library = *ICU_LIBRARY ? dlopen(ICU_LIBRARY, RTLD_LAZY | RTLD_LOCAL) : NULL;
	if (!library || find_function(library, ICU_FUNCTION("uspoof_open"), &open_checker) ||
	    find_function(library, ICU_FUNCTION("uspoof_getSkeletonUTF8"), &icu.skeleton))
		return false;
	// cppcheck-suppress danglingLifetime ; ICU keeps no pointer to it
	icu.checker = open_checker(&err);
	return err <= 0 && icu.checker; /* negative: a warning */
}

static bool
have_icu(void)
{
	if (icu.state == ICU_UNTRIED) {
		icu.state = load() ? ICU_THERE : ICU_MISSING;
		if (icu.state == ICU_MISSING)
			log_debug(NULL,
			    "names of other scripts that look like known ones are not recognised: "
			    "%s cannot be used. Install ICU.",
			    *ICU_LIBRARY ? ICU_LIBRARY : "ICU");
	}
	return icu.state == ICU_THERE;
}

/* ---- skeletons ---- */

static bool
is_ascii(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s > 0x7f)
			return false;
	return true;
}

/* What ICU says of ASCII. */
static void
add_ascii_skeleton(struct buf *out, const char *s)
{
	for (; *s; s++) {
		switch (*s) {
		case '0':
			buf_char(out, 'O');
			break;
		case '1':
		case 'I':
		case '|':
			buf_char(out, 'l');
			break;
		case 'm':
			buf_str(out, "rn");
			break;
		case '"':
			buf_str(out, "''");
			break;
		case '`':
			buf_char(out, '\'');
			break;
		case '%':
			buf_str(out, "\xc2\xba/\xe2\x82\x80");
			break;
		default:
			buf_char(out, *s);
			break;
		}
	}
}

static void
add_skeleton(struct buf *out, const char *s)
{
	if (is_ascii(s)) {
		add_ascii_skeleton(out, s);
		return;
	}
	if (have_icu()) {
		char skeleton[KEY_MAX];
		int err = 0;
		int32_t n =
		    icu.skeleton(icu.checker, 0, s, -1, skeleton, (int32_t)sizeof(skeleton), &err);
		if (err <= 0 && n >= 0 && (size_t)n < sizeof(skeleton)) {
			buf_add(out, skeleton, (size_t)n);
			return;
		}
	}
	buf_str(out, s);
}

/* Who remembers a name may not remember its accents, nor the vowel points of scripts that mostly
 * go without. Marks that are vowels of their script have a class below. */
static bool
is_accent(uint32_t c)
{
	enum { LAST_OF_SCRIPTS = 9 };
	const utf8proc_property_t *about = utf8proc_get_property((utf8proc_int32_t)c);
	return about->combining_class > LAST_OF_SCRIPTS || about->category == UTF8PROC_CATEGORY_ME;
}

/* What can pass for an accent of the letter before it. */
static bool
is_near_accent(uint32_t c)
{
	enum { HIGH_HAMZA = 0x0674 };
	return c == '\'' || c == HIGH_HAMZA;
}

/* Characters that look like a letter with an accent: ICU takes these apart before it looks. */
static const char *
look_of(uint32_t c)
{
	static const struct {
		uint32_t c;
		const char *look;
	} table[] = {
	    {'i', "l"}, /* I looks like the one and is the capital of the other */
	    {0x0272, "n"},
	    {0x01ab, "t"},
	    {0xab51, "rn"},
	    {0x0629, "o"},
	    {0x2365, "o"},
	    {0x13df, "\xcf\x89"},
	    {0x13ef, "\xcf\x89"},
	};
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (table[i].c == c)
			return table[i].look;
	return NULL;
}

/* What stays of s: all, or all but the accents. */
static void
add_level(struct buf *out, const char *s, bool accents)
{
	size_t before = out->len;
	for (size_t left = strlen(s), n; left > 0; s += n, left -= n) {
		uint32_t c = 0;
		n = utf8_decode(s, left, &c);
		n = n > 0 ? n : 1;
		const char *look = look_of(c);
		bool gone = is_accent(c) || (is_near_accent(c) && out->len > before);
		if (utf8proc_category((utf8proc_int32_t)c) == UTF8PROC_CATEGORY_ZS)
			continue;
		if (look)
			buf_str(out, look);
		else if (accents || !gone)
			buf_add(out, s, n);
	}
}

static void
add_levelled(struct buf *out, const char *s)
{
	utf8proc_uint8_t *apart = utf8proc_NFD((const utf8proc_uint8_t *)s);
	size_t before = out->len;
	add_level(out, apart ? (const char *)apart : s, false);
	if (out->len == before) /* there is nothing else */
		add_level(out, apart ? (const char *)apart : s, true);
	free(apart);
}

void
lookalike_key(struct buf *out, const char *name)
{
	struct buf skeleton = BUF_INIT(KEY_MAX);
	char *s = strdup(name);
	/* capitals look like other letters than their small ones do, so both are gone through */
	for (int i = 0; i < ROUNDS && s; i++) {
		buf_clear(&skeleton);
		add_skeleton(&skeleton, s);
		free(s);
		s = buf_err(&skeleton) ? NULL : text_fold(buf_cstr(&skeleton));
	}
	if (s)
		add_levelled(out, s);
	else if (!out->err)
		out->err = -ENOMEM;
	free(s);
	buf_finish(&skeleton);
}

bool
lookalike_same(const char *a, const char *b)
{
	struct buf x = BUF_INIT(KEY_MAX), y = BUF_INIT(KEY_MAX);
	lookalike_key(&x, a);
	lookalike_key(&y, b);
	bool same = !buf_err(&x) && !buf_err(&y) && x.len > 0 && x.len == y.len &&
		    memcmp(buf_cstr(&x), buf_cstr(&y), x.len) == 0;
	buf_finish(&x);
	buf_finish(&y);
	return same;
}
