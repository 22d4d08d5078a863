/* One person or address, step by step: announced, on the way, connected, understood, and back. */
#define _DEFAULT_SOURCE
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "base/text.h"
#include "doctor/exam.h"
#include "doctor/meeting.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DIAL_MS = 2500, HEADER_MS = 2000, ADDRESSES = 8, HEADER_MAX = 4096 };

struct way {
	const char *display;                /* clean */
	const char *name;                   /* instance, NULL: not known */
	const struct earshot_value *person; /* NULL: an address alone */
	struct exam_dial dials[ADDRESSES];
	size_t count;
};

/* ---- reaching the machine ---- */

static void
tell_unreachable(struct exam *e, const struct way *w, const struct exam_dial *d)
{
	char address[128];
	exam_address(&d->to, true, address, sizeof(address));
	enum exam_neighbour near = exam_neighbour(&d->to);
	const struct exam_interface *by = exam_route(e, &d->to);
	if (!by) {
		found(e, DOCTOR_PROBLEM, "no-route", tr("There is no way to %s from here (%s)."),
		    w->display, address);
		remedy(e, tr("Are you on the same network? Look at your connection."));
	} else if (by->tunnel) {
		found(e, DOCTOR_PROBLEM, "vpn-takes-peer",
		    tr("What is meant for %s (%s) goes into the VPN by %s."), w->display, address,
		    by->name);
		remedy(e, tr("End the VPN, or let it leave the local network alone (\"allow LAN "
			     "access\", \"split tunnel\")."));
	} else if (d->err == -ECONNREFUSED) {
		found(e, DOCTOR_PROBLEM, "peer-refuses",
		    tr("The machine of %s answers, but nothing listens at %s: Earshot has ended "
		       "there, or a firewall refuses you."),
		    w->display, address);
		remedy(e, tr("Have it started there: earshot daemon start"));
	} else if (d->err == -EHOSTUNREACH || near == EXAM_NEIGHBOUR_MISSING) {
		found(e, DOCTOR_PROBLEM, "client-isolation",
		    tr("The machine of %s (%s) does not answer at all: it is off, or this network "
		       "keeps its devices apart (client isolation), as guest Wi-Fi does."),
		    w->display, address);
		remedy(
		    e, tr("Use a cable, another Wi-Fi or a phone's hotspot, or have the isolation "
			  "switched off."));
	} else {
		found(e, DOCTOR_PROBLEM, "peer-firewall",
		    tr("The machine of %s is there, but connecting to %s gets no answer: a "
		       "firewall "
		       "there keeps you out, or the network does."),
		    w->display, address);
		remedy(e, tr("Run `earshot doctor` there, too."));
	}
	earshot_value_set_str(evidence(e), "address", address);
	earshot_value_set_str(evidence(e), "error", err_str(d->err));
	earshot_value_set_str(evidence(e), "interface", by ? by->name : NULL);
	earshot_value_set_str(evidence(e), "neighbour",
	    near == EXAM_NEIGHBOUR_THERE     ? "there"
	    : near == EXAM_NEIGHBOUR_MISSING ? "missing"
					     : "unknown");
}

/* ---- what answers there ---- */

/* Sends a stream's header and reads what comes until features, the end or the time is over. */
static void
exchange(struct exam *e, int fd, struct buf *got)
{
	static const char header[] =
	    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' "
	    "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
	    "\r\n\r\n"; /* other servers wait for that, and then show what they are */
	uint64_t until = clock_now() + exam_left(e, HEADER_MS);
	if (send(fd, header, sizeof(header) - 1, MSG_NOSIGNAL) < 0)
		return;
	while (clock_now() < until && !strstr(buf_cstr(got), "</stream:features>") &&
	       !strstr(buf_cstr(got), "<stream:features/>")) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int n = poll(&p, 1, 200);
		exam_tick(e);
		if (n <= 0)
			continue;
		char *room = buf_reserve(got, 512);
		ssize_t len = room ? recv(fd, room, 512, 0) : 0;
		if (len <= 0)
			return;
		buf_grew(got, (size_t)len);
	}
	(void)!send(fd, "</stream:stream>", 16, MSG_NOSIGNAL);
}

static void
look_at_header(struct exam *e, const struct way *w, const struct exam_dial *d)
{
	char address[128];
	struct buf got = BUF_INIT(HEADER_MAX);
	exam_address(&d->to, true, address, sizeof(address));
	exchange(e, d->fd, &got);
	bool xmpp = strstr(buf_cstr(&got), "<stream:stream") != NULL;
	if (xmpp)
		seen(e, tr("speaks XMPP"));
	else if (got.len) {
		found(e, DOCTOR_PROBLEM, "not-xmpp",
		    tr("What answers at %s is not a program of this kind."), address);
		remedy(e, tr("Is the port right? The usual one is 5298."));
		earshot_value_set_str(evidence(e), "address", address);
	} else if (!w->person) {
		found(e, DOCTOR_WARNING, "silent-listener",
		    tr("Something takes connections at %s but says nothing; some old programs talk "
		       "only with those they have found themselves."),
		    address);
		earshot_value_set_str(evidence(e), "address", address);
	}
	buf_finish(&got);
}

/* ---- the steps ---- */

/* The first that answers; NULL: none does. */
static const struct exam_dial *
connect_to(struct exam *e, struct way *w)
{
	exam_dial(e, w->dials, w->count, DIAL_MS);
	for (size_t i = 0; i < w->count; i++)
		if (!w->dials[i].err)
			return &w->dials[i];
	tell_unreachable(e, w, &w->dials[0]);
	return NULL;
}

/* reached: a new connection came about; else there may be one from before. */
static void
talk(struct exam *e, const struct way *w, bool reached)
{
	struct earshot_value *params = earshot_value_object(), *answer = NULL;
	earshot_value_set_str(params, "peer", w->name);
	int err = exam_ask(e, "ping", params, EXAM_CALL_MS, &answer);
	if (err && reached) {
		found(e, DOCTOR_PROBLEM, "peer-silent",
		    tr("%s takes the connection but does not answer: %s"), w->display,
		    earshot_error_message(err, answer));
		remedy(
		    e, tr("Most likely they do not hear that you are announced, or their settings "
			  "keep you out: run `earshot doctor` there, too."));
		earshot_value_set_str(evidence(e), "peer", w->name);
	} else if (!err) {
		/* a whole number has no fraction in JSON */
		double ms = earshot_value_real(answer, "ms", -1);
		int64_t whole = earshot_value_int(answer, "ms", 0);
		seen(e,
		    str_empty(earshot_value_str(w->person, "id"))
			? tr("answers in %.1f ms, not encrypted")
			: tr("answers in %.1f ms, encrypted"),
		    ms < 0 ? (double)whole : ms);
	}
	earshot_value_free(answer);
}

static void
ask_back(struct exam *e, const struct way *w)
{
	const struct meeting m = {.people = {w->person}, .count = 1};
	meeting_ask(e, &m);
	if (!e->met_count)
		return;
	const struct exam_met *met = &e->met[0];
	const char *reason = met->probe_err ? earshot_error_reason(met->probe) : "";
	if (!met->probe_err && !meeting_tell_probe(e, met))
		seen(e, tr("can connect back"));
	else if (str_equal(reason, "trust"))
		seen(e, tr("does not try to connect back, as it does not know you"));
	else if (str_equal(reason, "unsupported"))
		seen(e, tr("cannot try to connect back"));
}

static void
tell_trust(struct exam *e, const struct way *w)
{
	if (str_equal(earshot_value_str(w->person, "trust"), "changed")) {
		found(e, DOCTOR_PROBLEM, "key-changed",
		    tr("%s has another key than the one you know, so nothing is said to it."),
		    w->display);
		remedy(e, tr("Ask them, face to face or by telephone, whether it is theirs; then "
			     "accept it."));
		command(e, "earshot trust accept-new-key NAME");
	} else if (earshot_value_bool(w->person, "blocked", false)) {
		found(e, DOCTOR_WARNING, "blocked", tr("You have blocked %s."), w->display);
		remedy(e, tr("To undo that:"));
		command(e, "earshot trust unblock NAME");
	}
}

static void
walk(struct exam *e, struct way *w)
{
	if (!w->count) {
		found(e, DOCTOR_PROBLEM, "person-absent",
		    tr("%s is not here: nobody announces that name now."), w->display);
		remedy(e, tr("Is Earshot running there? Run `earshot doctor` there, too."));
		return;
	}
	for (size_t i = 0; i < w->count; i++)
		w->dials[i].keep = true;
	const struct exam_dial *d = connect_to(e, w);
	if (d) {
		char address[128];
		exam_address(&d->to, true, address, sizeof(address));
		seen(e, tr("connects to %s in %u ms"), address, d->ms);
		look_at_header(e, w, d);
	}
	for (size_t i = 0; i < w->count; i++)
		if (w->dials[i].fd >= 0)
			(void)close(w->dials[i].fd);
	bool connected = earshot_value_bool(w->person, "connected", false);
	if (w->person && (d || connected)) {
		talk(e, w, d != NULL);
		if (d)
			ask_back(e, w);
	}
}

static void
tell_unknown(struct exam *e, int err, const struct earshot_value *answer)
{
	const char *reason = earshot_error_reason(answer);
	char *who = text_clean(TEXT_NAME, e->wish->who);
	if (err != EARSHOT_ERR_FAILED) {
		found(e, DOCTOR_UNKNOWN, "person-unasked",
		    tr("Earshot does not run, so it is not known who %s is."), who ? who : "?");
	} else if (str_equal(reason, "ambiguous")) {
		found(e, DOCTOR_PROBLEM, "person-ambiguous", "%s",
		    earshot_error_message(err, answer));
		remedy(e, tr("Say the whole name, as `earshot who` shows it."));
	} else {
		found(e, DOCTOR_PROBLEM, "person-unknown",
		    tr("Nobody of the name %s is or was announced here."), who ? who : "?");
		remedy(e, tr("If you know the address, look at that:"));
		command(e, "earshot doctor HOST:PORT");
	}
	free(who);
}

/* What was typed is an address, or a name that has one and is nobody's. */
static void
find_place(struct exam *e, struct way *w)
{
	struct sockaddr_storage list[ADDRESSES];
	size_t count = exam_parse(e->wish->who, &list[0]) ? 1 : 0;
	if (!count && !w->person && strpbrk(e->wish->who, ".:"))
		count = exam_resolve(e, e->wish->who, list, ADDRESSES);
	for (; w->count < count; w->count++)
		w->dials[w->count].to = list[w->count];
}

static void
find_person(struct way *w)
{
	w->name = earshot_value_str(w->person, "name");
	while (w->count < ADDRESSES && meeting_place(w->person, w->count, &w->dials[w->count].to))
		w->count++;
}

void
check_person(struct exam *e)
{
	struct way w = {0};
	struct sockaddr_storage address;
	struct earshot_value *answer = NULL;
	int err = EARSHOT_ERR_FAILED;
	if (!e->wish->who)
		return;
	if (!exam_parse(e->wish->who, &address)) {
		struct earshot_value *params = earshot_value_object();
		earshot_value_set_str(params, "peer", e->wish->who);
		err = exam_ask(e, "info", params, EXAM_CALL_MS, &answer);
	}
	if (!err) {
		w.person = answer;
		find_person(&w);
	} else
		find_place(e, &w);
	const char *shown = err ? NULL : earshot_value_str(answer, "display");
	char *display = text_clean(TEXT_NAME, str_empty(shown) ? e->wish->who : shown);
	w.display = display ? display : "?";
	if (err && !w.count)
		tell_unknown(e, err, answer);
	else {
		tell_trust(e, &w);
		walk(e, &w);
	}
	free(display);
	earshot_value_free(answer);
}
