/* Who else speaks mDNS on this machine? Two that answer for one host name fight over it. */
#define _DEFAULT_SOURCE
#include "base/str.h"
#include "doctor/exam.h"
#include "doctor/system_files.h"

#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MDNS_PORT = 5353, SOCKETS = 64, OWNERS = 16, WORD = 48 };

struct owner {
	char program[WORD]; /* "": not known */
	char user[WORD];
	uint32_t uid;
};

struct owners {
	struct udp_socket sockets[SOCKETS];
	bool named[SOCKETS];
	size_t socket_count;
	struct owner list[OWNERS];
	size_t count;
};

/* ---- whose sockets they are ---- */

static void
add_owner(struct owners *o, const char *program, uint32_t uid)
{
	for (size_t i = 0; i < o->count; i++)
		if (str_equal(o->list[i].program, program) && (*program || o->list[i].uid == uid))
			return;
	if (o->count == OWNERS)
		return;
	struct owner *new = &o->list[o->count++];
	*new = (struct owner){.uid = uid};
	(void)!str_copy(new->program, sizeof(new->program), program);
	// NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread
	const struct passwd *p = getpwuid(uid);
	if (p)
		(void)!str_copy(new->user, sizeof(new->user), p->pw_name);
}

static void
read_name(const char *pid, char *out, size_t size)
{
	char path[64];
	struct buf text;
	(void)snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
	*out = '\0';
	if (exam_file(path, &text) == 0 && text.len > 0) {
		text.data[strcspn(buf_cstr(&text), "\n")] = '\0';
		(void)!str_copy(out, size, buf_cstr(&text));
	}
	buf_finish(&text);
}

static void
look_at(struct owners *o, const char *pid, const char *link, uint32_t uid)
{
	char *end, name[WORD];
	if (strncmp(link, "socket:[", 8) != 0)
		return;
	uint64_t inode = strtoull(link + 8, &end, 10);
	for (size_t i = 0; i < o->socket_count; i++) {
		if (o->sockets[i].inode != inode)
			continue;
		read_name(pid, name, sizeof(name));
		o->named[i] = true;
		add_owner(o, name, uid);
	}
}

/* A process's descriptors; those of other users are closed to us unless we are root. */
static void
look_through(struct owners *o, const char *pid)
{
	char path[300], link[64];
	(void)snprintf(path, sizeof(path), "/proc/%.20s/fd", pid);
	DIR *dir = opendir(path);
	if (!dir)
		return;
	const struct dirent *d;
	// NOLINTNEXTLINE(concurrency-mt-unsafe): likewise
	while ((d = readdir(dir))) {
		(void)snprintf(path, sizeof(path), "/proc/%.20s/fd/%.20s", pid, d->d_name);
		ssize_t n = readlink(path, link, sizeof(link) - 1);
		if (n <= 0)
			continue;
		link[n] = '\0';
		look_at(o, pid, link, 0);
	}
	(void)closedir(dir);
}

/* Whose descriptors are closed to us, as those of confined programs are even to their own user: a
 * responder we know that runs as the socket's user is taken for its owner. */
static void
guess(struct owners *o, const char *pid)
{
	static const char *const known[] = {"earshot-mdns", "avahi-daemon", "systemd-resolve"};
	char name[WORD], path[64];
	struct buf text;
	bool is_known = false;
	read_name(pid, name, sizeof(name));
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		is_known |= str_equal(name, known[i]);
	(void)snprintf(path, sizeof(path), "/proc/%.20s/status", pid);
	if (is_known && exam_file(path, &text) == 0) {
		int64_t uid = status_uid(buf_cstr(&text));
		for (size_t i = 0; i < o->socket_count; i++) {
			if (o->named[i] || (int64_t)o->sockets[i].uid != uid)
				continue;
			o->named[i] = true;
			add_owner(o, name, o->sockets[i].uid);
		}
		buf_finish(&text);
	}
}

static void
each_process(struct owners *o, void (*fn)(struct owners *o, const char *pid))
{
	DIR *proc = opendir("/proc");
	const struct dirent *d;
	// NOLINTNEXTLINE(concurrency-mt-unsafe): likewise
	while (proc && (d = readdir(proc)))
		if (isdigit((unsigned char)d->d_name[0]))
			fn(o, d->d_name);
	if (proc)
		(void)closedir(proc);
}

static void
find_owners(struct owners *o)
{
	static const char *const tables[] = {"/proc/net/udp", "/proc/net/udp6"};
	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		struct buf text;
		if (exam_file(tables[i], &text) == 0)
			o->socket_count += udp_sockets(buf_cstr(&text), MDNS_PORT,
			    o->sockets + o->socket_count, SOCKETS - o->socket_count);
		buf_finish(&text);
	}
	if (!o->socket_count)
		return;
	each_process(o, look_through);
	each_process(o, guess);
	for (size_t i = 0; i < o->socket_count; i++)
		if (!o->named[i])
			add_owner(o, "", o->sockets[i].uid);
}

/* ---- what they are ---- */

enum kind { KIND_OURS, KIND_AVAHI, KIND_RESOLVED, KIND_RESPONDER, KIND_LISTENER, KIND_OTHER };

static enum kind
kind_of(const struct owner *o)
{
	static const struct {
		const char *program;
		enum kind kind;
	} known[] = {{"earshot-mdns", KIND_OURS}, {"avahi-daemon", KIND_AVAHI},
	    {"systemd-resolve", KIND_RESOLVED}, {"mdnsd", KIND_RESPONDER},
	    {"mDNSResponder", KIND_RESPONDER}, {"mDNSResponderPo", KIND_RESPONDER},
	    {"mdns-repeater", KIND_RESPONDER}, {"chrome", KIND_LISTENER},
	    {"chromium", KIND_LISTENER}, {"brave", KIND_LISTENER}, {"msedge", KIND_LISTENER},
	    {"opera", KIND_LISTENER}, {"vivaldi-bin", KIND_LISTENER}, {"spotify", KIND_LISTENER},
	    {"steam", KIND_LISTENER}, {"adb", KIND_LISTENER}, {"kdeconnectd", KIND_LISTENER},
	    {"vlc", KIND_LISTENER}};
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (str_equal(o->program, known[i].program))
			return known[i].kind;
	return KIND_OTHER;
}

static void
tell(struct exam *e, const struct owner *o, enum kind kind)
{
	if (kind == KIND_RESOLVED) {
		found(e, DOCTOR_WARNING, "resolved-on-5353",
		    tr("systemd-resolved answers mDNS too (UDP 5353) and fights with %s over the "
		       "name of this machine."),
		    "avahi-daemon");
		remedy(e, tr("Set MulticastDNS=no in /etc/systemd/resolved.conf."));
		command(e, "sudo mkdir -p /etc/systemd/resolved.conf.d && printf "
			   "'[Resolve]\\nMulticastDNS=no\\n' | sudo tee "
			   "/etc/systemd/resolved.conf.d/mdns.conf && sudo systemctl restart "
			   "systemd-resolved");
	} else if (kind == KIND_LISTENER) {
		found(e, DOCTOR_NOTE, "also-listening",
		    tr("%s listens to mDNS, too; that does no harm."), o->program);
	} else if (*o->program) {
		found(e, DOCTOR_WARNING, "second-responder",
		    tr("%s has UDP port 5353, too; if it answers mDNS, it fights over the name of "
		       "this machine and takes answers away."),
		    o->program);
		remedy(e, tr("End it, or switch off its mDNS, if people are missing."));
	} else {
		found(e, DOCTOR_UNKNOWN, "unknown-responder",
		    tr("A program of the user %s has UDP port 5353; which one, only root can see."),
		    *o->user ? o->user : "?");
		remedy(e, tr("To find out:"));
		command(e, "sudo ss -lunp 'sport = :5353'");
	}
	earshot_value_set_str(evidence(e), "program", *o->program ? o->program : NULL);
	earshot_value_set_str(evidence(e), "user", *o->user ? o->user : NULL);
}

void
check_responders(struct exam *e)
{
	struct owners *o = calloc(1, sizeof(*o));
	if (!o) {
		e->err = -1;
		return;
	}
	find_owners(o);
	bool avahi = false, ours = false;
	for (size_t i = 0; i < o->count; i++) {
		enum kind kind = kind_of(&o->list[i]);
		avahi |= kind == KIND_AVAHI;
		ours |= kind == KIND_OURS;
		if (kind != KIND_AVAHI && kind != KIND_OURS)
			tell(e, &o->list[i], kind);
	}
	if (avahi && ours && str_equal(earshot_value_str(e->status, "backend"), "embedded")) {
		found(e, DOCTOR_WARNING, "avahi-unused",
		    tr("avahi-daemon runs, but Earshot cannot reach it and answers mDNS beside "
		       "it."));
		remedy(e, tr("Does the system bus (D-Bus) run, and is enable-dbus=yes in "
			     "/etc/avahi/avahi-daemon.conf?"));
	}
	if (avahi || ours)
		seen(e, "%s", avahi ? "avahi-daemon" : "earshot-mdns");
	free(o);
}
