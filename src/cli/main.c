/* earshot: the command line of Earshot. */
#include "cli/cli.h"

#include <langinfo.h>
#include <locale.h>
#include <string.h>

/* A bare root shell has no locale, yet people's names are UTF-8 all the same. */
static void
set_locale(void)
{
	/* NOLINTBEGIN(concurrency-mt-unsafe): there is one thread, and it starts here */
	setlocale(LC_CTYPE, "");
	if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		setlocale(LC_CTYPE, "C.UTF-8");
	/* NOLINTEND(concurrency-mt-unsafe) */
}

int
main(int argc, char **argv)
{
	set_locale();
	return cli_run(argc, argv);
}
