#include "base/tr.h"

#include <langinfo.h>
#include <locale.h>
#include <string.h>

void
tr_init(void)
{
	/* NOLINTBEGIN(concurrency-mt-unsafe): there is one thread, and it starts here */
	setlocale(LC_ALL, "");
	setlocale(LC_NUMERIC, "C"); /* JSON and sizes are written with a point */
	/* a bare root shell has no locale, yet people's names are UTF-8 all the same */
	if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		setlocale(LC_CTYPE, "C.UTF-8");
	bind_textdomain_codeset(TR_DOMAIN, "UTF-8");
	/* NOLINTEND(concurrency-mt-unsafe) */
}
