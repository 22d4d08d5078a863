/* The embedded responder: libavahi-core in this process. Needs no daemon, bus or privilege. It
 * asserts on bad arguments, so all that comes from outside is checked before it gets there. */
#include "mdns/back-end.h"

#include "base/clock.h"
#include "base/limits.h"
#include "mdns/clash.h"

#include <avahi-common/alternative.h>
#include <avahi-common/domain.h>
#include <avahi-common/error.h>
#include <avahi-common/malloc.h>
#include <avahi-core/core.h>
#include <avahi-core/log.h>
#include <avahi-core/lookup.h>
#include <avahi-core/publish.h>
#include <errno.h>
#include <stdlib.h>

enum {
	RATE_BURST = 1000,    /* packets a second and interface, as avahi-daemon's default */
	HOST_RENAMES = 10,    /* two responders of different host names on one address rename
				 each other for ever; see on_server() */
	LOG_EVERY_MS = 10000, /* some of Avahi's complaints come with every packet */
	TTL_PICTURE = 120,    /* s */
	RDATA_MAX = LIMIT_AVATAR_IN,
};

struct core {
	struct back_end base;
	struct uv_poll *poll; /* owned */
	AvahiServer *server;  /* owned */
	AvahiSServiceBrowser *browser;
	AvahiSEntryGroup *service, *picture; /* owned */
	unsigned renames;
	bool creating; /* Avahi calls back before avahi_server_new() has returned */
};

/* Avahi's log function knows no context; there is one embedded responder in the process. */
static struct core *logger;
static uint64_t logged_at;
static bool muted;

static void
on_log(AvahiLogLevel level, const char *text)
{
	uint64_t now = clock_now();
	if (!logger || muted || level > AVAHI_LOG_WARN ||
	    (logged_at && now - logged_at < LOG_EVERY_MS))
		return;
	logged_at = now;
	channel_note(logger->base.channel, "info", "avahi: %s", text);
}

static struct core *
core_of(struct back_end *b)
{
	return container_of(b, struct core, base);
}

static void
set_state(struct core *c, enum back_end_state state, const char *reason)
{
	c->base.state = state;
	c->base.reason = reason;
	if (!c->creating)
		c->base.listener->on_state(c->base.ctx);
}

static void
rename_host(struct core *c, AvahiServer *server)
{
	char *other = avahi_alternative_host_name(avahi_server_get_host_name(server));
	if (!other || avahi_server_set_host_name(server, other) < 0)
		set_state(c, BACK_END_FAILED, "cannot take another host name");
	else
		channel_note(c->base.channel, "info", "host name is in use, trying %s", other);
	avahi_free(other);
}

static void
on_server(AvahiServer *server, AvahiServerState state, void *ctx)
{
	struct core *c = ctx;
	clash_set_server(server);
	switch (state) {
	case AVAHI_SERVER_REGISTERING:
		/* Probing for the host name and for the service may go on side by side: it saves
		 * a second, and if the host name turns out to be taken we announce anew anyway,
		 * for our name has it in it. */
	case AVAHI_SERVER_RUNNING:
		set_state(c, BACK_END_RUNNING, NULL);
		break;
	case AVAHI_SERVER_COLLISION:
		set_state(c, BACK_END_STARTING, NULL);
		if (c->renames++ < HOST_RENAMES)
			rename_host(c, server);
		else
			channel_note(c->base.channel, "warn",
			    "no free host name: only looking, not announcing");
		break;
	case AVAHI_SERVER_FAILURE:
		set_state(c, BACK_END_FAILED, avahi_strerror(avahi_server_errno(server)));
		break;
	case AVAHI_SERVER_INVALID:
		set_state(c, BACK_END_STARTING, NULL);
		break;
	}
}

static void
destroy(struct back_end *b)
{
	struct core *c = core_of(b);
	if (c->server)
		avahi_server_free(c->server); /* says goodbye; frees its objects too */
	clash_set_server(NULL);
	avahi_set_log_function(NULL);
	logger = NULL;
	uv_poll_destroy(c->poll);
	free(c);
}

static void
hush(struct back_end *b)
{
	uv_poll_silence(core_of(b)->poll);
	muted = true; /* it would complain of each packet */
}

static const char *
host_name(struct back_end *b)
{
	const char *name = avahi_server_get_host_name(core_of(b)->server);
	return name ? name : "";
}

static bool
stale(struct back_end *b)
{
	return uv_poll_clock_stepped(core_of(b)->poll);
}

static int
last_error(struct core *c, const char *what)
{
	return back_end_err(&c->base, what, avahi_server_errno(c->server));
}

/* ---- looking -------------------------------------------------------------------------- */

static void
on_browse(AvahiSServiceBrowser *browser, AvahiIfIndex ifindex, AvahiProtocol proto,
    AvahiBrowserEvent event, const char *name, const char *type, const char *domain,
    AvahiLookupResultFlags flags, void *ctx)
{
	(void)browser, (void)type, (void)domain, (void)flags;
	struct core *c = ctx;
	const struct place p = {.ifindex = ifindex, .family = back_end_family(proto)};
	switch (event) {
	case AVAHI_BROWSER_NEW:
	case AVAHI_BROWSER_REMOVE:
		c->base.listener->on_instance(c->base.ctx, name, &p, event == AVAHI_BROWSER_NEW);
		break;
	case AVAHI_BROWSER_ALL_FOR_NOW:
		c->base.listener->on_settled(c->base.ctx);
		break;
	case AVAHI_BROWSER_FAILURE:
		set_state(c, BACK_END_FAILED, "browsing failed");
		break;
	case AVAHI_BROWSER_CACHE_EXHAUSTED:
		break;
	}
}

static int
browse(struct back_end *b)
{
	struct core *c = core_of(b);
	c->browser = avahi_s_service_browser_new(c->server, AVAHI_IF_UNSPEC, AVAHI_PROTO_UNSPEC,
	    SERVICE_TYPE, DOMAIN, AVAHI_LOOKUP_USE_MULTICAST, on_browse, c);
	return c->browser ? 0 : last_error(c, "browsing");
}

static void
on_resolved(AvahiSServiceResolver *resolver, AvahiIfIndex ifindex, AvahiProtocol proto,
    AvahiResolverEvent event, const char *name, const char *type, const char *domain,
    const char *host, const AvahiAddress *address, uint16_t port, AvahiStringList *txt,
    AvahiLookupResultFlags flags, void *ctx)
{
	(void)resolver, (void)name, (void)type, (void)domain, (void)flags;
	struct query *q = ctx;
	const struct query_result r = {
	    .event = event == AVAHI_RESOLVER_FOUND ? QUERY_FOUND : QUERY_FAILED,
	    .place = {.ifindex = ifindex, .family = back_end_family(proto)},
	    .host = host,
	    .address = address,
	    .port = port,
	    .txt = txt,
	};
	q->on_result(q, &r);
}

static int
resolve(struct back_end *b, const struct place *p, const char *name, struct query *q)
{
	struct core *c = core_of(b);
	if (!avahi_is_valid_service_name(name))
		return -EINVAL;
	AvahiIfIndex ifindex = p->ifindex ? p->ifindex : AVAHI_IF_UNSPEC;
	AvahiProtocol proto = back_end_proto(p->family);
	q->records = false;
	q->handle = avahi_s_service_resolver_new(c->server, ifindex, proto, name, SERVICE_TYPE,
	    DOMAIN, proto, AVAHI_LOOKUP_USE_MULTICAST, on_resolved, q);
	return q->handle ? 0 : last_error(c, "resolving");
}

static void
on_record(AvahiSRecordBrowser *browser, AvahiIfIndex ifindex, AvahiProtocol proto,
    AvahiBrowserEvent event, AvahiRecord *record, AvahiLookupResultFlags flags, void *ctx)
{
	(void)browser, (void)flags;
	struct query *q = ctx;
	struct query_result r = {
	    .place = {.ifindex = ifindex, .family = back_end_family(proto)},
	};
	if (event == AVAHI_BROWSER_FAILURE) {
		r.event = QUERY_FAILED;
		q->on_result(q, &r);
	} else if (event == AVAHI_BROWSER_NEW || event == AVAHI_BROWSER_REMOVE) {
		static unsigned char rdata[RDATA_MAX];
		r.event = event == AVAHI_BROWSER_NEW ? QUERY_FOUND : QUERY_GONE;
		r.rdata = rdata;
		r.size = avahi_rdata_serialize(record, rdata, sizeof(rdata));
		if (r.size != (size_t)-1)
			q->on_result(q, &r);
	}
}

static int
records(struct back_end *b, const char *owner, uint16_t type, struct query *q)
{
	struct core *c = core_of(b);
	if (!avahi_is_valid_domain_name(owner))
		return -EINVAL;
	AvahiKey *key = avahi_key_new(owner, AVAHI_DNS_CLASS_IN, type);
	if (!key)
		return -ENOMEM;
	q->records = true;
	q->handle = avahi_s_record_browser_new(c->server, AVAHI_IF_UNSPEC, AVAHI_PROTO_UNSPEC, key,
	    AVAHI_LOOKUP_USE_MULTICAST, on_record, q);
	avahi_key_unref(key);
	return q->handle ? 0 : last_error(c, "watching a record");
}

static void
cancel(struct back_end *b, struct query *q)
{
	(void)b;
	if (q->handle && q->records)
		avahi_s_record_browser_free(q->handle);
	else if (q->handle)
		avahi_s_service_resolver_free(q->handle);
	q->handle = NULL;
}

/* ---- announcing ------------------------------------------------------------------------- */

static void
on_service(AvahiServer *server, AvahiSEntryGroup *group, AvahiEntryGroupState state, void *ctx)
{
	(void)server, (void)group;
	struct core *c = ctx;
	if (state == AVAHI_ENTRY_GROUP_ESTABLISHED)
		c->base.listener->on_service(c->base.ctx, SERVICE_ESTABLISHED);
	else if (state == AVAHI_ENTRY_GROUP_COLLISION)
		c->base.listener->on_service(c->base.ctx, SERVICE_COLLISION);
	else if (state == AVAHI_ENTRY_GROUP_FAILURE)
		c->base.listener->on_service(c->base.ctx, SERVICE_FAILED);
}

static void
on_picture(AvahiServer *server, AvahiSEntryGroup *group, AvahiEntryGroupState state, void *ctx)
{
	(void)server, (void)group;
	struct core *c = ctx;
	if (state == AVAHI_ENTRY_GROUP_COLLISION || state == AVAHI_ENTRY_GROUP_FAILURE)
		channel_note(c->base.channel, "warn", "the avatar could not be published");
}

/* Groups are made once and reset, never freed inside a callback. */
static int
ready(struct core *c, AvahiSEntryGroup **group, AvahiSEntryGroupCallback fn)
{
	if (*group)
		avahi_s_entry_group_reset(*group);
	else
		*group = avahi_s_entry_group_new(c->server, fn, c);
	return *group ? 0 : last_error(c, "entry group");
}

static int
announce(struct back_end *b, const struct announcement *a)
{
	struct core *c = core_of(b);
	if (!avahi_is_valid_service_name(a->name))
		return -EINVAL;
	int err = ready(c, &c->service, on_service);
	if (err)
		return err;
	int rc = avahi_server_add_service_strlst(c->server, c->service, AVAHI_IF_UNSPEC,
	    AVAHI_PROTO_UNSPEC, NO_FLAGS, a->name, SERVICE_TYPE, DOMAIN, NULL, a->port, a->txt);
	if (rc >= 0)
		rc = avahi_s_entry_group_commit(c->service);
	return rc < 0 ? back_end_err(b, "announcing", rc) : 0;
}

static int
update(struct back_end *b, const struct announcement *a)
{
	struct core *c = core_of(b);
	int rc = avahi_server_update_service_txt_strlst(c->server, c->service, AVAHI_IF_UNSPEC,
	    AVAHI_PROTO_UNSPEC, NO_FLAGS, a->name, SERVICE_TYPE, DOMAIN, a->txt);
	return rc < 0 && rc != AVAHI_ERR_NO_CHANGE ? back_end_err(b, "updating TXT", rc) : 0;
}

static int
add_picture(struct core *c, const char *name, const void *data, size_t len)
{
	char owner[AVAHI_DOMAIN_NAME_MAX];
	int rc = avahi_service_name_join(owner, sizeof(owner), name, SERVICE_TYPE, DOMAIN);
	if (rc < 0)
		return rc;
	AvahiRecord *record =
	    avahi_record_new_full(owner, AVAHI_DNS_CLASS_IN, RECORD_NULL, TTL_PICTURE);
	if (!record)
		return AVAHI_ERR_NO_MEMORY;
	rc = AVAHI_ERR_INVALID_RDATA;
	if (avahi_rdata_parse(record, data, len) >= 0)
		rc = avahi_server_add(c->server, c->picture, AVAHI_IF_UNSPEC, AVAHI_PROTO_UNSPEC,
		    AVAHI_PUBLISH_UNIQUE, record);
	avahi_record_unref(record);
	return rc;
}

static int
picture(struct back_end *b, const char *name, const void *data, size_t len)
{
	struct core *c = core_of(b);
	if (!c->picture && !len)
		return 0;
	int err = ready(c, &c->picture, on_picture);
	if (err || !len)
		return err;
	int rc = add_picture(c, name, data, len);
	if (rc >= 0)
		rc = avahi_s_entry_group_commit(c->picture);
	return rc < 0 ? back_end_err(b, "publishing the avatar", rc) : 0;
}

static void
withdraw(struct back_end *b)
{
	struct core *c = core_of(b);
	if (c->service)
		avahi_s_entry_group_reset(c->service);
	if (c->picture)
		avahi_s_entry_group_reset(c->picture);
}

static const struct back_end_ops ops = {
    .kind = "embedded",
    .records_max = LIMIT_RECORD_WATCHES,
    .destroy = destroy,
    .hush = hush,
    .host_name = host_name,
    .stale = stale,
    .browse = browse,
    .resolve = resolve,
    .records = records,
    .cancel = cancel,
    .announce = announce,
    .update = update,
    .picture = picture,
    .withdraw = withdraw,
};

static int
start(struct core *c)
{
	AvahiServerConfig config;
	avahi_server_config_init(&config);
	config.publish_hinfo = 0;
	config.publish_workstation = 0;
	config.publish_domain = 0;
	config.enable_wide_area = 0;
	config.disallow_other_stacks = 0;
	config.n_cache_entries_max = LIMIT_MDNS_CACHE;
	config.ratelimit_interval = 1000000; /* µs */
	config.ratelimit_burst = RATE_BURST;
	/* host_name stays NULL: then it is the machine's, as other responders on it say, with
	 * whom a different one would collide for ever in the reverse record */
	int rc;
	c->server = avahi_server_new(uv_poll_api(c->poll), &config, on_server, c, &rc);
	avahi_server_config_free(&config);
	return c->server ? 0 : back_end_err(&c->base, "embedded responder", rc);
}

int
back_end_create_core(uv_loop_t *loop, struct channel *channel, const struct back_end_listener *l,
    void *ctx, struct back_end **out)
{
	struct core *c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->base = (struct back_end){
	    .ops = &ops, .listener = l, .ctx = ctx, .channel = channel, .state = BACK_END_STARTING};
	logger = c;
	muted = false;
	avahi_set_log_function(on_log);
	int err = uv_poll_create(loop, true, &c->poll);
	if (!err) {
		c->creating = true;
		err = start(c);
		c->creating = false;
	}
	if (err) {
		destroy(&c->base);
		return err;
	}
	*out = &c->base;
	return 0;
}
