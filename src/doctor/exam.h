/* What the checks share: facts about daemon and network that were gathered once, the way findings
 * are written down, programs that may be asked. Inside src/doctor only; one thread. */
#ifndef DOCTOR_EXAM_H
#define DOCTOR_EXAM_H

#include "base/buf.h"
#include "base/compiler.h"
#include "base/tr.h"
#include "doctor/doctor.h"

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum {
	EXAM_INTERFACES = 64,
	EXAM_ADDRESSES = 8, /* kept of one interface */
	EXAM_MS = 10000,    /* for everything */
	EXAM_CALL_MS = 3000,
	EXAM_TEXT = 1024,       /* one sentence; the rest of a longer one is cut off */
	EXAM_WHOLE = 64 * 1024, /* the longest that is looked at to be cut */
};

struct exam_interface {
	char name[IF_NAMESIZE];
	unsigned index;
	unsigned flags; /* IFF_... */
	struct in_addr v4[EXAM_ADDRESSES], mask[EXAM_ADDRESSES];
	size_t v4_count;
	struct in6_addr v6[EXAM_ADDRESSES];
	size_t v6_count;
	bool tunnel; /* a VPN, as it seems */
	bool usable; /* up, with a cable, multicast and an address, and neither loopback nor VPN */
};

/* Somebody who was asked just now. */
enum { EXAM_MET = 4 };
struct exam_met {
	char *name;                  /* what the daemon calls them; owned, as all here */
	char *display;               /* clean */
	struct earshot_value *info;  /* NULL: no answer */
	struct earshot_value *probe; /* what became of connecting back, or an error, or NULL */
	int info_err, probe_err;
	int64_t asked; /* wall clock, ms: when info was */
};

struct exam {
	const struct doctor_wish *wish; /* borrowed */
	struct doctor_report *report;   /* borrowed */
	const char *check;              /* id of the one that runs */
	const char *title;
	size_t found; /* findings before the check that runs */
	uint64_t started;
	int err; /* out of memory */

	/* of the daemon; NULL: it does not run, or does not say */
	struct earshot *link;          /* owned, as all below */
	struct earshot_value *status;  /* daemon.status */
	struct earshot_value *who;     /* who */
	struct earshot_value *state;   /* doctor.state */
	struct exam_met met[EXAM_MET]; /* people who were asked */
	size_t met_count;

	struct exam_interface interfaces[EXAM_INTERFACES];
	size_t interface_count;
	size_t heard;       /* other machines whose mDNS was heard just now ... */
	size_t heard_names; /* ... and how many people they announced */
	bool root;
	/* what rules are changed with here; FRONT_UNASKED at first */
	enum exam_firewall { FRONT_UNASKED, FRONT_NONE, FRONT_UFW, FRONT_FIREWALLD } firewall;
};

/* ---- writing down ---- */

/* A finding of the check that runs; cause is a translated format. What follows refers to the
 * last one. */
void found(struct exam *e, enum doctor_severity severity, const char *id, const char *cause, ...)
    PRINTF_LIKE(4, 5);
void remedy(struct exam *e, const char *text, ...) PRINTF_LIKE(2, 3);
void command(struct exam *e, const char *text, ...) PRINTF_LIKE(2, 3);
struct earshot_value *evidence(struct exam *e); /* NULL out of memory, which setters accept */
/* What the check that runs has seen, in a few words; what was said before stays in front. */
void seen(struct exam *e, const char *words, ...) PRINTF_LIKE(2, 3);
/* It is as bad as can be, but the cause was found before. */
void told_before(struct exam *e);
/* Whether any check has found this. */
bool found_id(const struct exam *e, const char *id);

/* Progress is shown; call it at least twice a second. */
void exam_tick(struct exam *e);
unsigned exam_left(const struct exam *e, unsigned most); /* ms */

/* ---- asking ---- */

/* Waits for all of them at once, ms at most. */
enum { EXAM_CALLS = 64 };
struct exam_call {
	const char *method;
	struct earshot_value *params; /* moved */
	int err;                      /* EARSHOT_... */
	struct earshot_value *answer; /* the caller's */
	bool over;
};
void exam_calls(struct exam *e, struct exam_call *calls, size_t count, unsigned ms);
/* One of them. */
int exam_ask(struct exam *e, const char *method, struct earshot_value *params, unsigned ms,
    struct earshot_value **answer);

/* Runs a program of the system: `name` is searched in fixed folders only, without a shell, with an
 * empty environment; output beyond 4 MiB and time beyond ms end it. 0 and its output; -ENOENT: it
 * is not installed; -EPERM or another error: it failed. argv[0] is set here. */
int exam_program(
    struct exam *e, const char *name, const char *argv[], unsigned ms, struct buf *out) MUST_USE;
bool exam_has_program(const char *name);
enum exam_firewall exam_firewall(struct exam *e);

/* Does what may hang (a look-up, a disk elsewhere) in a process of its own: fn() fills out, of that
 * size. False: it took longer than ms, or could not be done. */
bool exam_apart(struct exam *e, void (*fn)(const void *in, void *out), const void *in, void *out,
    size_t size, unsigned ms) MUST_USE;

/* Files of the system: at most 4 MiB. */
int exam_file(const char *path, struct buf *out) MUST_USE;

/* ---- network ---- */

void exam_interfaces(struct exam *e);
const struct exam_interface *exam_by_index(const struct exam *e, unsigned index);
/* The interface that packets to there leave by; NULL: none. */
const struct exam_interface *exam_route(const struct exam *e, const struct sockaddr_storage *to);
/* Whether the machine at an address of this network answers at all, as the kernel knows since the
 * last try. */
enum exam_neighbour { EXAM_NEIGHBOUR_UNKNOWN, EXAM_NEIGHBOUR_MISSING, EXAM_NEIGHBOUR_THERE };
enum exam_neighbour exam_neighbour(const struct sockaddr_storage *a);
/* "192.0.2.7:5298", "[fe80::1%eth0]:5298"; port 0: without. false: it is no address. */
bool exam_parse(const char *text, struct sockaddr_storage *out);
/* The same of "host:port", whose name is looked up. Returns how many addresses it has. */
size_t exam_resolve(struct exam *e, const char *text, struct sockaddr_storage *out, size_t max);
void exam_address(const struct sockaddr_storage *a, bool port, char *out, size_t size);

/* Connects to all of them at once. err of each: 0, -ECONNREFUSED, -ETIMEDOUT, ... fd: -1, or with
 * `keep` an open connection, the caller's. */
struct exam_dial {
	struct sockaddr_storage to;
	bool keep;
	int fd, err;
	bool over;
	unsigned ms; /* it took */
};
void exam_dial(struct exam *e, struct exam_dial *dials, size_t count, unsigned ms);

/* ---- the checks ---- */

struct check {
	const char *id;
	const char *title;
	void (*run)(struct exam *e);
};
extern const struct check checks[]; /* ends with a zeroed one */

void check_daemon(struct exam *e);
void check_settings(struct exam *e);
void check_interfaces(struct exam *e);
void check_route(struct exam *e);
void check_multicast(struct exam *e);
void check_firewall(struct exam *e);
void check_responders(struct exam *e);
void check_avahi(struct exam *e);
void check_names(struct exam *e);
void check_store(struct exam *e);
void check_people(struct exam *e);
void check_clock(struct exam *e);
void check_person(struct exam *e);

#endif
