/* Settings that explain silence. */
#include "base/str.h"
#include "doctor/exam.h"

struct setting {
	const char *key, *value;  /* of doctor.state */
	const char *name, *usual; /* for `earshot settings` */
	enum doctor_severity severity;
	const char *id;
	const char *cause;
};

static const struct setting settings[] = {
    {"plain", "off", "privacy.plain", "on", DOCTOR_NOTE, "plain-off",
	TR("By your settings (plain = off) programs that do not encrypt, such as Pidgin, are not "
	   "talked to.")},
    {"plain", "receive", "privacy.plain", "on", DOCTOR_NOTE, "plain-receive",
	TR("By your settings (plain = receive) nothing is said to programs that do not encrypt, "
	   "such as Pidgin.")},
    {"strangers", "deny", "privacy.strangers", "allow", DOCTOR_WARNING, "strangers-deny",
	TR("By your settings (strangers = deny) nobody can write to you whom you have not written "
	   "to before.")},
    {"strangers", "quiet", "privacy.strangers", "allow", DOCTOR_NOTE, "strangers-quiet",
	TR("By your settings (strangers = quiet) you are not notified of people you do not "
	   "know.")},
};

/* How it was before. */
static void
undo(struct exam *e, const char *key, const char *value)
{
	remedy(e, tr("To change that:"));
	command(e, "earshot settings %s %s", key, value);
}

void
check_settings(struct exam *e)
{
	const struct earshot_value *s = earshot_value_get(e->state, "settings");
	if (!s)
		return;
	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		const struct setting *x = &settings[i];
		if (!str_equal(earshot_value_str(s, x->key), x->value))
			continue;
		found(e, x->severity, x->id, "%s", tr(x->cause));
		undo(e, x->name, x->usual);
		earshot_value_set_str(evidence(e), x->key, x->value);
	}
	if (!earshot_value_bool(s, "mdns", true)) {
		found(e, DOCTOR_PROBLEM, "mdns-off",
		    tr("By your settings (mdns = no) you are not announced, and nobody is looked "
		       "for."));
		undo(e, "network.mdns", "yes");
	}
	if (!earshot_value_bool(s, "tls", true)) {
		found(e, DOCTOR_WARNING, "tls-off",
		    tr("By your settings (tls = off) nothing is encrypted, and people you know by "
		       "their keys cannot talk with you."));
		undo(e, "privacy.tls", "on");
	}
	if (e->report->count == e->found)
		seen(e, tr("keep nobody out"));
}
