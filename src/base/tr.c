#include "base/tr.h"

#include "base/buf.h"
#include "base/paths.h"

#include <langinfo.h>
#include <libintl.h>
#include <limits.h>
#include <locale.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* where gettext looks as long as nobody has said anything else */
static const char UNBOUND[] = "/usr/share/locale";

/* Who may put a folder beside the program may replace the program. */
static bool
is_beside(struct buf *out)
{
	char *folder = NULL;
	if (paths_program_dir(&folder) != 0)
		return false;
	buf_fmt(out, "%s/locale", folder);
	free(folder);
	struct stat st;
	return !buf_err(out) && stat(buf_cstr(out), &st) == 0 && S_ISDIR(st.st_mode);
}

void
tr_bind(void)
{
	const char *now = bindtextdomain(TR_DOMAIN, NULL);
	if (now && strcmp(now, UNBOUND) != 0)
		return;
	struct buf path = BUF_INIT(PATH_MAX);
	bindtextdomain(TR_DOMAIN, is_beside(&path) ? buf_cstr(&path) : EARSHOT_LOCALEDIR);
	buf_finish(&path);
}

static bool english;

const char *
tr(const char *text)
{
	/* "" stands for the catalogue's own header */
	return english || !*text ? text : dgettext(TR_DOMAIN, text);
}

const char *
tr_n(const char *one, const char *many, unsigned long n)
{
	if (english)
		return n == 1 ? one : many;
	return dngettext(TR_DOMAIN, one, many, n);
}

const char *
tr_error(const char *text)
{
	const char *own = tr(text);
	return english || own != text || !*text ? own : dgettext("libc", text);
}

bool
tr_english(bool on)
{
	bool was = english;
	english = on;
	return was;
}

void
tr_init(void)
{
	/* NOLINTBEGIN(concurrency-mt-unsafe): there is one thread, and it starts here */
	setlocale(LC_ALL, "");
	setlocale(LC_NUMERIC, "C"); /* JSON and sizes are written with a point */
	/* a bare root shell has no locale, yet people's names are UTF-8 all the same */
	if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		setlocale(LC_CTYPE, "C.UTF-8");
	tr_bind();
	bind_textdomain_codeset(TR_DOMAIN, "UTF-8");
	/* NOLINTEND(concurrency-mt-unsafe) */
}
