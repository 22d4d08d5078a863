/* Settings that explain silence. */
#include "base/str.h"
#include "doctor/exam.h"

struct setting {
	const char *key, *value; /* of doctor.state */
	const char *section;
	enum doctor_severity severity;
	const char *id;
	const char *cause;
};

static const struct setting settings[] = {
    {"plain", "off", "privacy", DOCTOR_NOTE, "plain-off",
	TR("By your settings (plain = off) programs that do not encrypt, such as Pidgin, are not "
	   "talked to.")},
    {"plain", "receive", "privacy", DOCTOR_NOTE, "plain-receive",
	TR("By your settings (plain = receive) nothing is said to programs that do not encrypt, "
	   "such as Pidgin.")},
    {"strangers", "deny", "privacy", DOCTOR_WARNING, "strangers-deny",
	TR("By your settings (strangers = deny) nobody can write to you whom you have not written "
	   "to before.")},
    {"strangers", "quiet", "privacy", DOCTOR_NOTE, "strangers-quiet",
	TR("By your settings (strangers = quiet) you are not notified of people you do not "
	   "know.")},
};

void
check_settings(struct exam *e)
{
	const struct earshot_value *s = earshot_value_get(e->state, "settings");
	const char *path = earshot_value_str(e->status, "config");
	if (!s)
		return;
	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		const struct setting *x = &settings[i];
		if (!str_equal(earshot_value_str(s, x->key), x->value))
			continue;
		found(e, x->severity, x->id, "%s", tr(x->cause));
		remedy(e, tr("To change that, edit \"%s\" under [%s] in %s."), x->key, x->section,
		    path ? path : "earshot.conf");
		earshot_value_set_str(evidence(e), x->key, x->value);
	}
	if (!earshot_value_bool(s, "mdns", true)) {
		found(e, DOCTOR_PROBLEM, "mdns-off",
		    tr("By your settings (mdns = no) you are not announced, and nobody is looked "
		       "for."));
		remedy(e, tr("To change that, edit \"%s\" under [%s] in %s."), "mdns", "network",
		    path ? path : "earshot.conf");
	}
	if (!earshot_value_bool(s, "tls", true)) {
		found(e, DOCTOR_WARNING, "tls-off",
		    tr("By your settings (tls = off) nothing is encrypted, and people you know by "
		       "their keys cannot talk with you."));
		remedy(e, tr("To change that, edit \"%s\" under [%s] in %s."), "tls", "privacy",
		    path ? path : "earshot.conf");
	}
	if (e->report->count == e->found)
		seen(e, tr("keep nobody out"));
}
