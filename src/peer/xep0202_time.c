/* Entity time (XEP-0202): our wall clock and its offset from UTC. For people; nothing here
 * depends on what a clock says. */
#define _DEFAULT_SOURCE /* tm_gmtoff */
#include "base/clock.h"
#include "base/stamp.h"
#include "peer/iq.h"
#include "xml/ns.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void
write_offset(char *out, size_t size)
{
	time_t now = (time_t)(clock_wall() / 1000);
	struct tm tm = {0};
	(void)localtime_r(&now, &tm);
	long minutes = tm.tm_gmtoff / 60;
	(void)snprintf(out, size, "%c%02ld:%02ld", minutes < 0 ? '-' : '+', labs(minutes) / 60,
	    labs(minutes) % 60);
}

static int
answer(const struct inbound *in)
{
	char stamp[STAMP_SIZE], offset[32];
	stamp_write(stamp, clock_wall());
	write_offset(offset, sizeof(offset));
	struct iq_reply reply;
	iq_reply_begin(&reply, in);
	xml_open(&reply.w, NS_TIME, "time");
	xml_leaf(&reply.w, NULL, "tzo", offset);
	xml_leaf(&reply.w, NULL, "utc", stamp);
	xml_close(&reply.w);
	return iq_reply_send(&reply, in);
}

FEATURE_DEFINE(time) = {
    .name = "time",
    .disco = (const char *const[]){NS_TIME, NULL},
    .handlers =
	(const struct payload_handler[]){
	    {IQ_GET, NS_TIME, "time", answer},
	    {0},
	},
};
