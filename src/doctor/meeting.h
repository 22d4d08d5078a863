/* Asking people: what time they have, and whether they can connect back. Inside src/doctor only. */
#ifndef DOCTOR_MEETING_H
#define DOCTOR_MEETING_H

#include "doctor/exam.h"

struct meeting {
	const struct earshot_value *people[EXAM_MET]; /* borrowed; docs/ipc.md: person */
	size_t count;
};

/* All of them at once; the answers go into e->met. */
void meeting_ask(struct exam *e, const struct meeting *m);

/* Whether connecting back went wrong, and a finding if so. */
bool meeting_tell_probe(struct exam *e, const struct exam_met *met);

/* The n-th address of a person, with the port. false: there is none. */
bool meeting_place(const struct earshot_value *person, size_t n, struct sockaddr_storage *out);

#endif
