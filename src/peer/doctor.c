/* Connecting back (urn:earshot:doctor:1): `earshot doctor` asks somebody's daemon whether it can
 * reach ours, which nobody can find out alone: firewalls let out what they do not let in.
 *
 * Who is asked connects to the address the question came from and to the port under which the asker
 * is announced, or was added as a fixed peer: the question itself names neither, so that nobody can
 * be made to knock anywhere else. Only who has proven a key is answered, and not often. */
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "peer/iq.h"
#include "peer/person.h"
#include "peer/roster.h"
#include "xml/elem.h"
#include "xml/ns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROBE_MS = 4000, PORT_LEAST = 1024, ANSWER_ID_MAX = LIMIT_STANZA_ID };

static const struct bucket_rate probe_rate = {LIMIT_PROBES_BURST, 1};

struct probe {
	struct list node; /* in roster.probes until answered */
	struct roster *roster;
	uv_tcp_t tcp;
	uv_timer_t timer;
	uv_connect_t request;
	unsigned handles;
	bool over;
	uint64_t started; /* clock_now() */
	uint64_t serial;  /* of the stream the question came on */
	uint16_t port;
	char name[LIMIT_HOST_NAME + 8]; /* who asked */
	char address[INET6_ADDRSTRLEN]; /* as seen from here, and gone to */
	char id[ANSWER_ID_MAX + 1];     /* of the question */
};

/* ---- the one who is asked ---- */

static int
say(const struct inbound *in, const char *id, const struct probe *probe, const char *result)
{
	struct buf stanza = BUF_INIT(LIMIT_STANZA);
	struct xml_writer w = xml_writer_to(&stanza);
	xml_open(&w, NULL, "iq");
	xml_attr(&w, "from", in->from->roster->own_name);
	xml_attr(&w, "to", in->from->instance);
	xml_attr(&w, "type", "result");
	xml_attr(&w, "id", id);
	xml_open(&w, NS_DOCTOR, "probe");
	xml_attr(&w, "result", result);
	if (probe) {
		char number[24];
		xml_attr(&w, "address", probe->address);
		(void)snprintf(number, sizeof(number), "%u", probe->port);
		xml_attr(&w, "port", number);
		(void)snprintf(number, sizeof(number), "%" PRIu64, clock_now() - probe->started);
		xml_attr(&w, "ms", number);
	}
	xml_close(&w);
	xml_close(&w);
	int err = inbound_answer(in, &stanza);
	buf_finish(&stanza);
	return err;
}

static const char *
result_of(int err)
{
	switch (err) {
	case 0:
		return "ok";
	case -ECONNREFUSED:
		return "refused";
	case -ETIMEDOUT:
		return "timeout";
	default:
		return "unreachable";
	}
}

static void
on_closed(uv_handle_t *h)
{
	struct probe *probe = h->data;
	if (--probe->handles == 0)
		free(probe);
}

static void
end(struct probe *probe, int err)
{
	if (probe->over)
		return;
	probe->over = true;
	list_remove(&probe->node);
	/* who asked may have left, and another may have come */
	struct person *p = roster_get(probe->roster, probe->name);
	struct stream *s = p ? person_stream(p, probe->serial) : NULL;
	if (s && err != -ECANCELED) {
		const struct inbound in = {.from = p, .stream = s};
		(void)!say(&in, probe->id, probe, result_of(err));
	}
	uv_close((uv_handle_t *)&probe->tcp, on_closed);
	uv_close((uv_handle_t *)&probe->timer, on_closed);
}

static void
on_connected(uv_connect_t *request, int status)
{
	end(container_of(request, struct probe, request), status);
}

static void
on_timeout(uv_timer_t *t)
{
	end(container_of(t, struct probe, timer), -ETIMEDOUT);
}

/* The stream's address with the announced port, and its words. */
static void
aim(struct probe *probe, const struct stream *s, struct sockaddr_storage *to)
{
	*to = *stream_remote(s);
	struct sockaddr_in four;
	struct sockaddr_in6 six;
	if (to->ss_family == AF_INET6) {
		memcpy(&six, to, sizeof(six));
		six.sin6_port = htons(probe->port);
		memcpy(to, &six, sizeof(six));
		(void)inet_ntop(AF_INET6, &six.sin6_addr, probe->address, sizeof(probe->address));
	} else {
		memcpy(&four, to, sizeof(four));
		four.sin_port = htons(probe->port);
		memcpy(to, &four, sizeof(four));
		(void)inet_ntop(AF_INET, &four.sin_addr, probe->address, sizeof(probe->address));
	}
}

static int
connect_back(const struct inbound *in, const char *id, uint16_t port)
{
	struct roster *r = in->from->roster;
	struct probe *probe = calloc(1, sizeof(*probe));
	struct sockaddr_storage to;
	if (!probe)
		return -ENOMEM;
	probe->roster = r;
	probe->handles = 2;
	probe->started = clock_now();
	probe->serial = stream_serial(in->stream);
	probe->port = port;
	(void)!str_copy(probe->name, sizeof(probe->name), in->from->name);
	(void)!str_copy(probe->id, sizeof(probe->id), id);
	aim(probe, in->stream, &to);
	probe->tcp.data = probe->timer.data = probe;
	list_insert(&r->probes, &probe->node);
	(void)uv_tcp_init(r->loop, &probe->tcp);
	(void)uv_timer_init(r->loop, &probe->timer);
	int err = uv_tcp_connect(
	    &probe->request, &probe->tcp, (const struct sockaddr *)&to, on_connected);
	if (!err)
		err = uv_timer_start(&probe->timer, on_timeout, PROBE_MS, 0);
	if (err)
		end(probe, err);
	return 0;
}

/* For one person one at a time. */
static bool
is_free(const struct roster *r, const struct person *p)
{
	size_t count = 0;
	LIST_FOREACH (node, &r->probes) {
		const struct probe *probe = container_of(node, struct probe, node);
		if (str_casecmp(probe->name, p->name) == 0)
			return false;
		count++;
	}
	return count < LIMIT_PROBES;
}

static int
answer(const struct inbound *in)
{
	struct person *p = in->from;
	const char *id = xml_elem_attr(in->stanza, "id");
	if (!p->has_key || p->blocked || !stream_peer_key(in->stream))
		return iq_reply_error(in, "auth", "not-authorized");
	if (str_empty(id) || strlen(id) > ANSWER_ID_MAX)
		return iq_reply_error(in, "modify", "bad-request");
	if (!is_free(p->roster, p) || !bucket_take(&p->asked_back, probe_rate, 1, clock_now()))
		return iq_reply_error(in, "wait", "resource-constraint");
	if (!p->entry || p->entry->port < PORT_LEAST)
		return say(in, id, NULL, "unannounced");
	return connect_back(in, id, p->entry->port);
}

/* ---- the one who asks ---- */

static void
on_answer(void *ctx, struct person *p, int err, const struct xml_elem *payload)
{
	static const char *const known[] = {
	    "ok", "refused", "timeout", "unreachable", "unannounced"};
	struct ipc_call *call = ctx;
	bool fits = !err && payload && xml_elem_is(payload, NS_DOCTOR, "probe");
	const char *said = fits ? xml_elem_attr(payload, "result") : NULL, *result = NULL;
	for (size_t i = 0; said && i < ARRAY_LEN(known); i++)
		if (str_equal(said, known[i]))
			result = known[i];
	if (err == ERR_UNSUPPORTED || (!err && !result))
		ipc_fail(call, IPC_UNSUPPORTED, "%s's program cannot connect back.", p->display);
	else if (err == ERR_TRUST)
		ipc_fail(call, IPC_TRUST, "%s does not connect back to you.", p->display);
	else if (err == ERR_PROTO)
		ipc_fail(call, IPC_BUSY, "%s was asked too often; try again in some seconds.",
		    p->display);
	else if (err)
		ipc_fail(call, err == -ETIMEDOUT ? IPC_TIMEOUT : IPC_UNREACHABLE,
		    "%s does not answer: %-s.", p->display, err_str(err));
	if (err || !result)
		return;
	struct value *v = value_object();
	int64_t number;
	value_set_str(v, "peer", p->name);
	value_set_str(v, "result", result);
	value_set_str(v, "address", xml_elem_attr(payload, "address"));
	const char *text = xml_elem_attr(payload, "port");
	if (text && str_to_int(text, 1, UINT16_MAX, &number) == 0)
		value_set_int(v, "port", number);
	text = xml_elem_attr(payload, "ms");
	if (text && str_to_int(text, 0, INT32_MAX, &number) == 0)
		value_set_int(v, "ms", number);
	ipc_reply(call, v);
}

static int
call_probe(struct ipc_call *call)
{
	struct person *p = roster_wanted(ipc_ctx(call), call);
	if (!p)
		return 0;
	if (!p->entry && !p->current) {
		ipc_fail(call, IPC_ABSENT, "%s is not here.", p->display);
		return 0;
	}
	if (person_client(p) != TXT_CLIENT_EARSHOT && !person_supports(p, NS_DOCTOR)) {
		ipc_fail(call, IPC_UNSUPPORTED, "%s's program cannot connect back.", p->display);
		return 0;
	}
	int err = iq_request(p, NS_DOCTOR, "probe", NULL, IQ_TIMEOUT, on_answer, call);
	if (err)
		ipc_fail(call, err == ERR_ABSENT ? IPC_ABSENT : IPC_UNREACHABLE,
		    "%s cannot be asked: %-s.", p->display, err_str(err));
	return 0;
}

/* ---- the feature ---- */

static void
on_event(void *ctx, const struct bus_event *e)
{
	(void)ctx;
	(void)e;
}

/* The daemon stops: it waits for no connection. */
static void
break_off(void *ctx)
{
	struct roster *r = ctx;
	LIST_FOREACH (node, &r->probes)
		end(container_of(node, struct probe, node), -ECANCELED);
}

static int
start(struct roster *r)
{
	return bus_listen(&r->bus, on_event, break_off, r);
}

FEATURE_DEFINE(doctor) = {
    .name = "doctor",
    .disco = (const char *const[]){NS_DOCTOR, NULL},
    .handlers =
	(const struct payload_handler[]){
	    {IQ_GET, NS_DOCTOR, "probe", answer},
	    {0},
	},
    .methods =
	(const struct ipc_method[]){
	    {"doctor.probe", "peer", "Ask somebody to connect back to us", call_probe},
	    {0},
	},
    .start = start,
};
