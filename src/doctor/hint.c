#include "base/str.h"
#include "base/tr.h"
#include "doctor/doctor.h"

const char *
doctor_hint(const struct earshot_value *state, size_t people)
{
	const char *discovery = earshot_value_str(state, "discovery");
	if (people)
		return "";
	if (!earshot_value_bool(state, "network", true))
		return tr("No network is connected.");
	if (str_equal(discovery, "off"))
		return tr("By your settings nobody is looked for (mdns = no).");
	if (str_equal(discovery, "failed"))
		return tr("People cannot be looked for; `earshot doctor` says why.");
	if (str_equal(discovery, "starting"))
		return tr("Looking for people ...");
	return tr("Nobody is here yet. If somebody should be, `earshot doctor` finds out why.");
}
