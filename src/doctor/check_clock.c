/* Clocks that differ put messages in odd places; nothing else depends on them. */
#include "base/stamp.h"
#include "base/str.h"
#include "doctor/exam.h"

#include <stdlib.h>

enum { FAR_MS = 120 * 1000, MINUTE = 60 * 1000 };

void
check_clock(struct exam *e)
{
	size_t compared = 0, far = 0;
	int64_t worst = 0;
	const char *whose = NULL;
	for (size_t i = 0; i < e->met_count; i++) {
		const char *time =
		    earshot_value_str(earshot_value_get(e->met[i].info, "live"), "time");
		int64_t theirs;
		if (!time || stamp_parse(time, &theirs) != 0)
			continue;
		int64_t off = theirs - e->met[i].asked;
		compared++;
		far += llabs(off) > FAR_MS;
		if (llabs(off) > llabs(worst)) {
			worst = off;
			whose = e->met[i].display;
		}
	}
	if (!compared)
		return;
	if (!far) {
		seen(e, tr("agree"));
		return;
	}
	long long minutes = (llabs(worst) + MINUTE / 2) / MINUTE;
	found(e, DOCTOR_WARNING, "clock-differs",
	    worst > 0 ? tr("The clock of %s is %lld min ahead of yours.")
		      : tr("The clock of %s is %lld min behind yours."),
	    whose, minutes);
	remedy(e, far > 1 && far == compared
		      ? tr("All others differ from you: set the clock of this machine. Messages "
			   "arrive all the same, with odd times.")
		      : tr("Set the clock that is wrong. Messages arrive all the same, with odd "
			   "times."));
	command(e, "timedatectl");
	earshot_value_set_int(evidence(e), "ms", worst);
	earshot_value_set_str(evidence(e), "peer", whose);
}
