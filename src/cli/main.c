/* earshot: the command line of Earshot. */
#include "base/tr.h"
#include "cli/cli.h"

int
main(int argc, char **argv)
{
	tr_init();
	return cli_run(argc, argv);
}
