/* A transfer on its way as one row of the screen. */
#ifndef CLI_TRANSFER_BAR_H
#define CLI_TRANSFER_BAR_H

#include "base/buf.h"
#include "cli/screen.h"

#include <stdint.h>

/* One row with a bar, as wide as the screen. `done` of `total` bytes; rate in bytes a second, left
 * in seconds, both negative if unknown. */
struct transfer_progress {
	const char *what; /* clean */
	int64_t done, total, rate, left;
};
void transfer_bar(const struct screen *s, struct buf *out, const struct transfer_progress *p);

#endif
