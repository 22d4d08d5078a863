/* make_history PATH COUNT [SEED]: a file (PATH is absolute) of that many messages for tests by hand
 * and for bench_history, which also makes its own. */
#include "make_history.h"

#include "base/str.h"

int
main(int argc, char **argv)
{
	int64_t count, seed = 1;
	if (argc < 3 || argc > 4 || str_to_int(argv[2], 1, 100000000, &count) ||
	    (argc == 4 && str_to_int(argv[3], 0, INT32_MAX, &seed))) {
		(void)fprintf(stderr, "usage: make_history PATH COUNT [SEED]\n");
		return 2;
	}
	int err = history_make(argv[1], (long)count, (uint64_t)seed, true);
	if (err)
		(void)fprintf(stderr, "%s: %s\n", argv[1], err_str(err));
	return err ? 1 : 0;
}
