/* The system's responder: its version, settings that keep people apart, and its silent limits. */
#include "base/str.h"
#include "doctor/exam.h"
#include "doctor/system_files.h"

#include <stdio.h>
#include <string.h>

#define AVAHI_CONF "/etc/avahi/avahi-daemon.conf"

enum {
	CACHE_DEFAULT = 4096,
	OBJECTS_DEFAULT = 1024,
	RECORDS = 4, /* that the cache holds of one person: PTR, SRV, TXT, an address */
	OBJECTS_OWN = 16,
	GOOD_MAJOR = 0,
	GOOD_MINOR = 8,
	PROGRAM_MS = 1000,
};

/* ---- settings ---- */

static const struct rule {
	const char *section, *key;
	bool bad; /* the value that hurts */
	const char *id;
	const char *cause;
} rules[] = {
    {"server", "enable-dbus", false, "avahi-no-dbus",
	TR("avahi-daemon does not listen to programs (enable-dbus=no).")},
    {"publish", "disable-publishing", true, "avahi-no-publishing",
	TR("avahi-daemon announces nothing (disable-publishing=yes), so nobody sees you.")},
    {"publish", "disable-user-service-publishing", true, "avahi-no-user-services",
	TR("avahi-daemon announces nothing for programs (disable-user-service-publishing=yes), so "
	   "nobody sees you.")},
    {"publish", "publish-addresses", false, "avahi-no-addresses",
	TR("avahi-daemon does not tell the addresses of this machine (publish-addresses=no), so "
	   "nobody can connect to you.")},
};

static void
advise(struct exam *e, const char *section, const char *line)
{
	remedy(e, tr("Set %s under [%s] in %s, then start avahi-daemon anew."), line, section,
	    AVAHI_CONF);
	command(e, "sudo systemctl restart avahi-daemon");
	earshot_value_set_str(evidence(e), "file", AVAHI_CONF);
}

static void
check_rules(struct exam *e, const char *conf)
{
	char value[256], line[128];
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		const struct rule *r = &rules[i];
		if (!ini_value(conf, r->section, r->key, value, sizeof(value)) ||
		    ini_yes(value) != r->bad)
			continue;
		found(e, DOCTOR_PROBLEM, r->id, "%s", tr(r->cause));
		(void)snprintf(line, sizeof(line), "%s=%s", r->key, r->bad ? "no" : "yes");
		advise(e, r->section, line);
	}
	if (ini_value(conf, "server", "disallow-other-stacks", value, sizeof(value)) &&
	    ini_yes(value)) {
		found(e, DOCTOR_NOTE, "avahi-alone",
		    tr("avahi-daemon lets no other program speak mDNS (disallow-other-stacks=yes): "
		       "if it ends, Earshot cannot take over."));
		advise(e, "server", "disallow-other-stacks=no");
	}
}

static void
check_lists(struct exam *e, const char *conf)
{
	char allowed[512] = "", denied[512] = "";
	bool allows =
	    ini_value(conf, "server", "allow-interfaces", allowed, sizeof(allowed)) && *allowed;
	bool denies = ini_value(conf, "server", "deny-interfaces", denied, sizeof(denied));
	size_t usable = 0, kept_out = 0;
	for (size_t n = 0; n < e->interface_count; n++)
		usable += e->interfaces[n].usable;
	for (size_t n = 0; n < e->interface_count; n++) {
		const struct exam_interface *i = &e->interfaces[n];
		bool out = (allows && !ini_list_has(allowed, i->name)) ||
			   (denies && ini_list_has(denied, i->name));
		if (!i->usable || !out)
			continue;
		kept_out++;
		found(e, kept_out == usable ? DOCTOR_PROBLEM : DOCTOR_WARNING,
		    "avahi-interface-excluded",
		    tr("avahi-daemon is told to leave %s alone, so nobody is seen there."),
		    i->name);
		remedy(e, tr("Look at allow-interfaces and deny-interfaces in %s."), AVAHI_CONF);
		earshot_value_set_str(evidence(e), "interface", i->name);
	}
}

/* ---- limits ---- */

static int64_t
number(const char *conf, const char *section, const char *key, int64_t fallback)
{
	char value[64];
	int64_t n;
	if (ini_value(conf, section, key, value, sizeof(value)) &&
	    str_to_int(value, 0, INT32_MAX, &n) == 0)
		return n;
	return fallback;
}

static size_t
listed_people(const struct exam *e)
{
	const struct earshot_value *people = earshot_value_get(e->who, "people");
	size_t count = 0;
	for (size_t i = 0; i < earshot_value_count(people); i++) {
		const struct earshot_value *via =
		    earshot_value_get(earshot_value_at(people, i), "via");
		for (size_t k = 0; k < earshot_value_count(via); k++)
			count += str_equal(earshot_value_as_str(earshot_value_at(via, k)), "mdns");
	}
	return count + (size_t)earshot_value_int(e->who, "more", 0);
}

static void
check_limits(struct exam *e, const char *conf)
{
	int64_t cache = number(conf, "server", "cache-entries-max", CACHE_DEFAULT);
	int64_t objects = number(conf, "server", "objects-per-client-max", OBJECTS_DEFAULT);
	int64_t listed = (int64_t)listed_people(e), heard = (int64_t)e->heard_names;
	int64_t most = listed > heard ? listed : heard;
	bool missing = heard > listed + listed / 20;
	if (cache && most * RECORDS >= cache * 9 / 10) {
		found(e, missing ? DOCTOR_PROBLEM : DOCTOR_WARNING, "avahi-cache-full",
		    missing ? tr("avahi-daemon remembers %lld records at most, which is too few "
				 "here: %lld people are announced, and it tells of %lld.")
			    : tr("avahi-daemon remembers %lld records at most, which is hardly "
				 "enough: %lld people are announced, and it tells of %lld."),
		    (long long)cache, (long long)most, (long long)listed);
		advise(e, "server", "cache-entries-max=16384");
		earshot_value_set_int(evidence(e), "limit", cache);
		earshot_value_set_int(evidence(e), "announced", heard);
		earshot_value_set_int(evidence(e), "listed", listed);
	}
	if (objects && (listed + OBJECTS_OWN) >= objects * 9 / 10) {
		found(e, DOCTOR_WARNING, "avahi-objects-full",
		    tr("avahi-daemon lets a program ask for %lld things at once, which is hardly "
		       "enough for %lld people."),
		    (long long)objects, (long long)listed);
		advise(e, "server", "objects-per-client-max=8192");
		earshot_value_set_int(evidence(e), "limit", objects);
	}
}

/* ---- the program ---- */

static void
check_version(struct exam *e)
{
	const char *argv[] = {NULL, "--version", NULL};
	struct buf text = BUF_INIT(0);
	int major, minor;
	int err = exam_program(e, "avahi-daemon", argv, PROGRAM_MS, &text);
	/* NOLINTNEXTLINE(cert-err34-c): other words do not fit */
	if (!err && sscanf(buf_cstr(&text), "avahi-daemon %d.%d", &major, &minor) == 2) {
		seen(e, "%d.%d", major, minor);
		if (major == GOOD_MAJOR && minor < GOOD_MINOR) {
			found(e, DOCTOR_WARNING, "avahi-old",
			    tr("avahi-daemon is of the old version %d.%d, which crashes on "
			       "malformed packets and loses people."),
			    major, minor);
			remedy(e, tr("Install version 0.8 or newer."));
		}
	}
	buf_finish(&text);
}

void
check_avahi(struct exam *e)
{
	const char *backend = earshot_value_str(e->status, "backend");
	struct buf conf;
	int err = exam_file(AVAHI_CONF, &conf);
	if (str_equal(backend, "avahi-daemon")) {
		check_version(e);
		if (!err) {
			check_rules(e, buf_cstr(&conf));
			check_lists(e, buf_cstr(&conf));
		}
		check_limits(e, err ? "" : buf_cstr(&conf));
		if (e->found == e->report->count)
			seen(e, tr("has room, and lets Earshot announce you"));
	} else if (str_equal(backend, "embedded") && !found_id(e, "avahi-unused")) {
		if (exam_has_program("avahi-daemon")) {
			found(e, DOCTOR_NOTE, "avahi-stopped",
			    tr("avahi-daemon is installed but does not run; Earshot announces you "
			       "by itself."));
		} else
			seen(e, tr("not installed, and not needed"));
	}
	buf_finish(&conf);
}
