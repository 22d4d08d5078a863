/* What we are announced as, and whether somebody else had that name. */
#define _DEFAULT_SOURCE
#include "base/str.h"
#include "doctor/exam.h"
#include "doctor/system_files.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LOOP_FROM = 5, NAME = 256 };

static void
check_host(struct exam *e, const char *host)
{
	char wanted[NAME] = "";
	if (gethostname(wanted, sizeof(wanted) - 1) < 0)
		return;
	wanted[strcspn(wanted, ".")] = '\0';
	unsigned times = renamed(host, wanted);
	if (times < 2)
		return;
	if (times >= LOOP_FROM) {
		found(e, DOCTOR_PROBLEM, "host-name-loop",
		    tr("This machine is called %s but is announced as %s: it is renamed again and "
		       "again, because it takes itself for another machine of that name."),
		    wanted, host);
		remedy(e, tr("Is there a second program that answers mDNS here, or one network by "
			     "cable and Wi-Fi at once? End one of the two, then start avahi-daemon "
			     "anew."));
		command(e, "sudo systemctl restart avahi-daemon");
	} else {
		found(e, DOCTOR_WARNING, "host-name-conflict",
		    tr("Another machine on this network is called %s as well, so this one is "
		       "announced as %s."),
		    wanted, host);
		remedy(e, tr("Give one of the two another name."));
		command(e, "sudo hostnamectl set-hostname %s", "NAME");
	}
	earshot_value_set_str(evidence(e), "host", wanted);
	earshot_value_set_str(evidence(e), "announced", host);
}

/* "alice2" where "alice" was wanted. */
static void
check_user(struct exam *e, const char *user, const char *name)
{
	const char *wanted = earshot_value_str(earshot_value_get(e->state, "settings"), "user");
	size_t len = wanted ? strlen(wanted) : 0;
	if (!len || strncmp(user, wanted, len) != 0 || !user[len])
		return;
	for (const char *c = user + len + (user[len] == '-'); *c; c++)
		if (!isdigit((unsigned char)*c))
			return;
	found(e, DOCTOR_NOTE, "name-conflict",
	    tr("Somebody else is announced as you would be, so you are %s."), name);
	remedy(e, tr("Choose another name: \"user\" under [user] in the settings."));
	earshot_value_set_str(evidence(e), "wanted", wanted);
}

void
check_names(struct exam *e)
{
	const struct earshot_value *own = earshot_value_get(e->who, "own");
	const struct earshot_value *settings = earshot_value_get(e->state, "settings");
	const char *name = earshot_value_str(own, "name");
	if (str_empty(name) || !earshot_value_bool(settings, "mdns", true))
		return;
	const char *at = strrchr(name, '@');
	char user[NAME];
	if (!earshot_value_bool(own, "published", false)) {
		bool why = e->report->worst == DOCTOR_PROBLEM;
		found(e, why ? DOCTOR_WARNING : DOCTOR_PROBLEM, "not-announced",
		    tr("You are not announced, so nobody sees you."));
		remedy(e, tr("If nothing above says why, wait a moment and ask again."));
	} else
		seen(e, tr("announced as %s"), name);
	if (!at || (size_t)(at - name) >= sizeof(user))
		return;
	(void)snprintf(user, sizeof(user), "%.*s", (int)(at - name), name);
	check_host(e, at + 1);
	check_user(e, user, name);
}
