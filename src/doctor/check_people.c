/* Who is announced, and can they be reached, and reach us? */
#include "base/clock.h"
#include "base/str.h"
#include "base/text.h"
#include "doctor/exam.h"
#include "doctor/meeting.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIALS = 32, DIAL_MS = 2000, NAMES_SHOWN = 3, FEW = 2 };

struct group {
	struct exam_dial dials[DIALS];
	const struct earshot_value *people[DIALS]; /* borrowed from who */
	size_t count;
	size_t answer, refuse, silent; /* silent: neither */
};

static void
add_display(struct buf *out, const struct earshot_value *person)
{
	const char *display = earshot_value_str(person, "display");
	display = str_empty(display) ? earshot_value_str(person, "name") : display;
	if (display)
		text_add(out, TEXT_NAME, display, strlen(display));
}

static void
add_names(const struct group *g, struct buf *out)
{
	size_t shown = 0;
	for (size_t i = 0; i < g->count; i++) {
		if (!g->dials[i].err || g->dials[i].err == -ECONNREFUSED)
			continue;
		if (shown == NAMES_SHOWN) {
			buf_str(out, " ...");
			return;
		}
		buf_str(out, shown++ ? ", " : "");
		add_display(out, g->people[i]);
	}
}

/* Everybody who is announced, by the address that would be tried first. */
static void
gather(const struct exam *e, struct group *g)
{
	const struct earshot_value *people = earshot_value_get(e->who, "people");
	for (size_t i = 0; i < earshot_value_count(people) && g->count < DIALS; i++) {
		const struct earshot_value *p = earshot_value_at(people, i);
		if (str_equal(earshot_value_str(p, "state"), "gone") ||
		    !meeting_place(p, 0, &g->dials[g->count].to))
			continue;
		g->people[g->count++] = p;
	}
}

static void
tally(struct group *g)
{
	for (size_t i = 0; i < g->count; i++) {
		g->answer += g->dials[i].err == 0;
		g->refuse += g->dials[i].err == -ECONNREFUSED;
	}
	g->silent = g->count - g->answer - g->refuse;
}

static void
tell_silent(struct exam *e, const struct group *g)
{
	struct buf names = BUF_INIT(EXAM_TEXT);
	bool no_way = true; /* not even the hardware answers */
	for (size_t i = 0; i < g->count; i++)
		no_way &= g->dials[i].err == -EHOSTUNREACH ||
			  exam_neighbour(&g->dials[i].to) == EXAM_NEIGHBOUR_MISSING;
	add_names(g, &names);
	bool all = !g->answer && !g->refuse;
	if (all && (no_way || g->count >= FEW)) {
		found(e, DOCTOR_PROBLEM, "client-isolation",
		    tr("People are announced (%s), but not one can be reached: this network keeps "
		       "its devices apart (client isolation), as guest Wi-Fi does, or they have "
		       "all "
		       "left without a word."),
		    buf_cstr(&names));
		remedy(
		    e, tr("Use a cable, another Wi-Fi or a phone's hotspot, or have the isolation "
			  "switched off."));
	} else if (all) {
		found(e, DOCTOR_PROBLEM, "peers-unreachable",
		    tr("%s is announced but cannot be reached: a firewall there, or a network that "
		       "keeps its devices apart (client isolation)."),
		    buf_cstr(&names));
		remedy(e, tr("Run `earshot doctor` there, too; or try another network."));
	} else {
		found(e, DOCTOR_WARNING, "peers-unreachable",
		    tr("Some people are announced but cannot be reached: %s."), buf_cstr(&names));
		remedy(e, tr("They may have left without a word, or a firewall of theirs keeps you "
			     "out: run `earshot doctor` there, too."));
	}
	earshot_value_set_int(evidence(e), "tried", (int64_t)g->count);
	earshot_value_set_int(evidence(e), "silent", (int64_t)g->silent);
	buf_finish(&names);
}

static void
judge_way(struct exam *e, const struct group *g)
{
	if (g->answer)
		seen(e, tr_n("%zu can be reached", "%zu can be reached", g->answer), g->answer);
	if (g->silent)
		tell_silent(e, g);
	if (g->refuse) {
		found(e, DOCTOR_NOTE, "peers-refuse",
		    tr_n("%zu person is announced whose program has ended without a word.",
			"%zu people are announced whose programs have ended without a word.",
			g->refuse),
		    g->refuse);
		earshot_value_set_int(evidence(e), "count", (int64_t)g->refuse);
	}
}

static void
tell_nobody(struct exam *e)
{
	if (!e->link || e->report->worst == DOCTOR_PROBLEM)
		return; /* no wonder */
	if (e->heard)
		found(e, DOCTOR_NOTE, "nobody",
		    tr_n(
			"%zu other machine answers mDNS, but nobody else is announced: no Earshot, "
			"Pidgin or the like runs there.",
			"%zu other machines answer mDNS, but nobody else is announced: no Earshot, "
			"Pidgin or the like runs there.",
			e->heard),
		    e->heard);
	else
		found(e, DOCTOR_NOTE, "nobody",
		    tr("Nobody else is on this network, as far as can be heard. If somebody should "
		       "be: the network may keep its devices apart (client isolation, guest "
		       "Wi-Fi), "
		       "or you are on different networks."));
	remedy(e, tr("People elsewhere are reached by address:"));
	command(e, "earshot peers add HOST:PORT");
}

/* ---- the way back ---- */

static void
choose(const struct exam *e, struct meeting *m)
{
	const struct earshot_value *people = earshot_value_get(e->who, "people");
	for (size_t i = 0; i < earshot_value_count(people) && m->count < EXAM_MET; i++) {
		const struct earshot_value *p = earshot_value_at(people, i);
		/* of those we talk with anyway: nobody is bothered for it */
		if (earshot_value_bool(p, "connected", false) &&
		    earshot_value_bool(p, "encrypted", false))
			m->people[m->count++] = p;
	}
}

static void
judge_back(struct exam *e)
{
	size_t tried = 0, good = 0, deaf = 0;
	for (size_t i = 0; i < e->met_count; i++) {
		const char *result =
		    e->met[i].probe_err ? NULL : earshot_value_str(e->met[i].probe, "result");
		tried += result != NULL;
		good += str_equal(result, "ok");
		deaf += str_equal(result, "unannounced");
	}
	if (good)
		seen(e, tr_n("%zu can connect back", "%zu can connect back", good), good);
	else if (tried)
		for (size_t i = 0; i < e->met_count; i++)
			if (meeting_tell_probe(e, &e->met[i]))
				return; /* one tells enough */
	if (good && deaf)
		for (size_t i = 0; i < e->met_count; i++)
			if (str_equal(earshot_value_str(e->met[i].probe, "result"), "unannounced"))
				(void)meeting_tell_probe(e, &e->met[i]);
}

void
check_people(struct exam *e)
{
	struct group *g = calloc(1, sizeof(*g));
	struct meeting m = {0};
	if (!g) {
		e->err = -ENOMEM;
		return;
	}
	gather(e, g);
	if (!g->count)
		tell_nobody(e);
	else
		seen(e, tr_n("%zu announced", "%zu announced", g->count), g->count);
	/* with somebody in particular the next check goes the same way more thoroughly */
	if (!e->wish->who) {
		exam_dial(e, g->dials, g->count, DIAL_MS);
		tally(g);
		judge_way(e, g);
		choose(e, &m);
		meeting_ask(e, &m);
		judge_back(e);
	}
	free(g);
}
