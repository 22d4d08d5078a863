/* XMPP ping (XEP-0199). Clients that answer no requests are measured by how long a connection
 * takes: libpurple and others would leave a ping unanswered for ever. */
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "peer/iq.h"
#include "peer/person.h"
#include "peer/roster.h"
#include "xml/ns.h"

#include <errno.h>
#include <stdlib.h>

enum { PING_TIMEOUT = 5000 }; /* ms */

struct ping {
	struct ipc_call *call; /* owed an answer */
	uint64_t started;      /* ns, uv_hrtime() */
};

static int
answer(const struct inbound *in)
{
	return iq_reply_empty(in);
}

static void
report(struct ping *ping, const struct person *p, const char *how)
{
	struct value *v = value_object();
	value_set_real(v, "ms", (double)(uv_hrtime() - ping->started) / 1e6);
	value_set_str(v, "peer", p->name);
	value_set_str(v, "how", how);
	ipc_reply(ping->call, v);
	free(ping);
}

static void
report_failure(struct ping *ping, const struct person *p, int err)
{
	struct buf label = BUF_INIT(LIMIT_LABEL);
	person_label(p, &label);
	ipc_fail(ping->call, err == -ETIMEDOUT ? IPC_TIMEOUT : IPC_UNREACHABLE,
	    "%s does not answer: %-s.", buf_cstr(&label), err_str(err));
	buf_finish(&label);
	free(ping);
}

/* Any answer is an answer, "I do not know this" too. */
static void
on_pong(void *ctx, struct person *p, int err, const struct xml_elem *payload)
{
	(void)payload;
	if (err && err != ERR_UNSUPPORTED && err != ERR_PROTO)
		report_failure(ctx, p, err);
	else
		report(ctx, p, "ping");
}

/* ---- by connecting ---- */

struct probe {
	struct list node; /* in roster.pings until reported */
	uv_tcp_t tcp;
	uv_timer_t timer;
	uv_connect_t request;
	unsigned handles;
	struct ping *ping; /* owned until reported */
	struct roster *roster;
	char name[LIMIT_HOST_NAME + 8];
};

static void
on_probe_closed(uv_handle_t *h)
{
	struct probe *probe = h->data;
	if (--probe->handles == 0)
		free(probe);
}

static void
probe_end(struct probe *probe, int err)
{
	struct ping *ping = probe->ping;
	if (!ping)
		return;
	probe->ping = NULL;
	list_remove(&probe->node);
	struct person *p = roster_get(probe->roster, probe->name);
	if (!p) {
		ipc_fail(ping->call, IPC_ABSENT, "%s has left meanwhile.", probe->name);
		free(ping);
	} else if (err) {
		report_failure(ping, p, err);
	} else {
		report(ping, p, "connect");
	}
	uv_close((uv_handle_t *)&probe->tcp, on_probe_closed);
	uv_close((uv_handle_t *)&probe->timer, on_probe_closed);
}

static void
on_connected(uv_connect_t *request, int status)
{
	struct probe *probe = container_of(request, struct probe, request);
	probe_end(probe, status);
}

static void
on_probe_timeout(uv_timer_t *t)
{
	probe_end(container_of(t, struct probe, timer), -ETIMEDOUT);
}

static int
probe_start(struct person *p, struct ping *ping)
{
	struct probe *probe = calloc(1, sizeof(*probe));
	if (!probe)
		return -ENOMEM;
	probe->ping = ping;
	probe->roster = p->roster;
	probe->handles = 2;
	list_insert(&p->roster->pings, &probe->node);
	probe->tcp.data = probe->timer.data = probe;
	(void)!str_copy(probe->name, sizeof(probe->name), p->name);
	(void)uv_tcp_init(p->roster->loop, &probe->tcp);
	(void)uv_timer_init(p->roster->loop, &probe->timer);
	int err = uv_tcp_connect(&probe->request, &probe->tcp,
	    (const struct sockaddr *)&p->entry->addr[0], on_connected);
	if (!err)
		err = uv_timer_start(&probe->timer, on_probe_timeout, PING_TIMEOUT, 0);
	if (err)
		probe_end(probe, err);
	return 0;
}

static int
call_ping(struct ipc_call *call)
{
	struct roster *r = ipc_ctx(call);
	struct person *p = roster_wanted(r, call);
	if (!p)
		return 0;
	if (!p->entry && !p->current) {
		ipc_fail(call, IPC_ABSENT, "%s is not here.", p->display);
		return 0;
	}
	struct ping *ping = calloc(1, sizeof(*ping));
	if (!ping)
		return -ENOMEM;
	ping->call = call;
	ping->started = uv_hrtime();
	bool answers = person_supports(p, NS_PING) || person_client(p) == TXT_CLIENT_EARSHOT;
	int err;
	if (answers || !p->entry || !p->entry->addr_count)
		err = iq_request(p, NS_PING, "ping", NULL, PING_TIMEOUT, on_pong, ping);
	else
		err = probe_start(p, ping);
	if (err)
		report_failure(ping, p, err);
	return 0;
}

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
	LIST_FOREACH (node, &r->pings)
		probe_end(container_of(node, struct probe, node), -ECANCELED);
}

static int
start(struct roster *r)
{
	return bus_listen(&r->bus, on_event, break_off, r);
}

FEATURE_DEFINE(ping) = {
    .name = "ping",
    .disco = (const char *const[]){NS_PING, NULL},
    .handlers =
	(const struct payload_handler[]){
	    {IQ_GET, NS_PING, "ping", answer},
	    {0},
	},
    .methods =
	(const struct ipc_method[]){
	    {"ping", "peer", "Measure how long an answer takes", call_ping},
	    {0},
	},
    .start = start,
};
