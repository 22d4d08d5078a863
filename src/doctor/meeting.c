#include "doctor/meeting.h"

#include "base/clock.h"
#include "base/str.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ASK_MS = 5000 };

bool
meeting_place(const struct earshot_value *person, size_t n, struct sockaddr_storage *out)
{
	const char *host =
	    earshot_value_as_str(earshot_value_at(earshot_value_get(person, "addresses"), n));
	int64_t port = earshot_value_int(person, "port", 0);
	char text[128];
	if (!host || port < 1 || port > UINT16_MAX)
		return false;
	(void)snprintf(text, sizeof(text), "[%s]:%" PRId64, host, port);
	return exam_parse(text, out);
}

static struct earshot_value *
peer(const char *name)
{
	struct earshot_value *v = earshot_value_object();
	earshot_value_set_str(v, "peer", name);
	return v;
}

void
meeting_ask(struct exam *e, const struct meeting *m)
{
	struct exam_call calls[2 * EXAM_MET];
	memset(calls, 0, sizeof(calls));
	e->met_count = 0;
	for (size_t i = 0; i < m->count; i++) {
		const char *name = earshot_value_str(m->people[i], "name");
		const char *display = earshot_value_str(m->people[i], "display");
		if (!name)
			continue;
		struct exam_met *met = &e->met[e->met_count];
		*met = (struct exam_met){.name = strdup(name),
		    .display = text_clean(TEXT_NAME, str_empty(display) ? name : display),
		    .asked = clock_wall()};
		if (!met->name || !met->display) {
			e->err = -1;
			return;
		}
		calls[2 * e->met_count] =
		    (struct exam_call){.method = "info", .params = peer(name)};
		calls[2 * e->met_count + 1] =
		    (struct exam_call){.method = "doctor.probe", .params = peer(name)};
		e->met_count++;
	}
	if (!e->met_count)
		return;
	exam_calls(e, calls, 2 * e->met_count, ASK_MS);
	for (size_t i = 0; i < e->met_count; i++) {
		e->met[i].info_err = calls[2 * i].err;
		e->met[i].info = calls[2 * i].answer;
		e->met[i].probe_err = calls[2 * i + 1].err;
		e->met[i].probe = calls[2 * i + 1].answer;
	}
}

/* Whether they saw us under an address that is ours. */
static bool
is_own(const struct exam *e, const char *address)
{
	struct sockaddr_storage a;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
	if (!address || !exam_parse(address, &a))
		return true; /* nothing was said of it */
	memcpy(&four, &a, sizeof(four));
	memcpy(&six, &a, sizeof(six));
	for (size_t n = 0; n < e->interface_count; n++) {
		const struct exam_interface *i = &e->interfaces[n];
		for (size_t k = 0; a.ss_family == AF_INET && k < i->v4_count; k++)
			if (i->v4[k].s_addr == four.sin_addr.s_addr)
				return true;
		for (size_t k = 0; a.ss_family == AF_INET6 && k < i->v6_count; k++)
			if (memcmp(&i->v6[k], &six.sin6_addr, 16) == 0)
				return true;
	}
	return false;
}

static void
add_evidence(struct exam *e, const struct exam_met *met, const char *result)
{
	earshot_value_set_str(evidence(e), "peer", met->name);
	earshot_value_set_str(evidence(e), "result", result);
	earshot_value_set_str(evidence(e), "address", earshot_value_str(met->probe, "address"));
	earshot_value_set_int(evidence(e), "port", earshot_value_int(met->probe, "port", 0));
}

bool
meeting_tell_probe(struct exam *e, const struct exam_met *met)
{
	const char *result = met->probe_err ? NULL : earshot_value_str(met->probe, "result");
	const char *address = earshot_value_str(met->probe, "address");
	long long port = earshot_value_int(met->probe, "port", 0);
	if (!result || str_equal(result, "ok"))
		return false;
	if (str_equal(result, "unannounced")) {
		found(e, DOCTOR_WARNING, "not-heard",
		    tr("%s does not hear that you are announced, so you may be missing there."),
		    met->display);
		remedy(e, tr("Run `earshot doctor` there, too; or have them add your address:"));
		command(e, "earshot peers add HOST:%lld",
		    (long long)earshot_value_int(e->status, "port", 5298));
	} else if (!is_own(e, address)) {
		found(e, DOCTOR_WARNING, "behind-nat",
		    tr("%s sees you as %s, which is no address of this machine: something between "
		       "you translates addresses, so they cannot connect to you."),
		    met->display, address);
		remedy(e, tr("Say something first: on your connection they can answer. For the "
			     "rest, put both on one network."));
	} else if (found_id(e, "firewall-drops-streams")) {
		told_before(e); /* and by which rule */
		return true;
	} else if (str_equal(result, "refused")) {
		found(e, DOCTOR_PROBLEM, "inbound-refused",
		    tr("%s tried to connect to you (%s, TCP %lld) and was refused: a firewall of "
		       "this machine, or another machine has this "
		       "address."),
		    met->display, address ? address : "?", port);
		remedy(e, tr("Have the firewall looked at:"));
		command(e, "sudo earshot doctor");
	} else {
		found(e, DOCTOR_PROBLEM, "inbound-blocked",
		    tr("%s tried to connect to you (%s, TCP %lld) and got no answer: a firewall of "
		       "this machine keeps others out."),
		    met->display, address ? address : "?", port);
		remedy(e, tr("Let connections to that port in. To see which rule it is:"));
		command(e, "sudo earshot doctor");
	}
	add_evidence(e, met, result);
	return true;
}
