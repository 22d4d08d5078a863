/* The machine's own avahi-daemon, over D-Bus. libavahi-client waits for each answer: a daemon
 * that hangs makes this whole program hang (25 s and more), which is why it is a program of its
 * own, watched by ping. */
#include "mdns/back-end.h"

#include "base/limits.h"

#include <avahi-client/client.h>
#include <avahi-client/lookup.h>
#include <avahi-client/publish.h>
#include <avahi-common/domain.h>
#include <avahi-common/error.h>
#include <errno.h>
#include <stdlib.h>

enum {
	/* avahi-daemon's objects-per-client-max is 1024; the rest is for browsing, our groups and
	 * passing questions */
	RECORDS_MAX = 800,
	TTL_PICTURE = 120, /* s */
};

struct client {
	struct back_end base;
	struct uv_poll *poll; /* owned */
	AvahiClient *avahi;   /* owned */
	AvahiEntryGroup *service, *picture;
	bool creating; /* Avahi calls back before avahi_client_new() has returned */
};

static struct client *
client_of(struct back_end *b)
{
	return container_of(b, struct client, base);
}

static void
on_client(AvahiClient *avahi, AvahiClientState state, void *ctx)
{
	struct client *c = ctx;
	c->avahi = avahi;
	switch (state) {
	case AVAHI_CLIENT_CONNECTING:
		c->base.state = BACK_END_WAITING;
		break;
	case AVAHI_CLIENT_S_REGISTERING:
	case AVAHI_CLIENT_S_COLLISION: /* avahi-daemon takes another name itself */
		c->base.state = BACK_END_STARTING;
		break;
	case AVAHI_CLIENT_S_RUNNING:
		c->base.state = BACK_END_RUNNING;
		break;
	case AVAHI_CLIENT_FAILURE:
		c->base.state = BACK_END_FAILED;
		c->base.reason = avahi_strerror(avahi_client_errno(avahi));
		break;
	}
	if (!c->creating)
		c->base.listener->on_state(c->base.ctx);
}

static void
destroy(struct back_end *b)
{
	struct client *c = client_of(b);
	if (c->avahi)
		avahi_client_free(c->avahi); /* frees its objects too */
	uv_poll_destroy(c->poll);
	free(c);
}

static void
hush(struct back_end *b)
{
	(void)b; /* if it is gone, so is its voice */
}

static const char *
host_name(struct back_end *b)
{
	const char *name = avahi_client_get_host_name(client_of(b)->avahi);
	return name ? name : "";
}

static bool
stale(struct back_end *b)
{
	(void)b; /* the timers that matter are avahi-daemon's */
	return false;
}

static int
last_error(struct client *c, const char *what)
{
	return back_end_err(&c->base, what, avahi_client_errno(c->avahi));
}

/* ---- looking -------------------------------------------------------------------------- */

static void
on_browse(AvahiServiceBrowser *browser, AvahiIfIndex ifindex, AvahiProtocol proto,
    AvahiBrowserEvent event, const char *name, const char *type, const char *domain,
    AvahiLookupResultFlags flags, void *ctx)
{
	(void)browser, (void)type, (void)domain, (void)flags;
	struct client *c = ctx;
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
		c->base.state = BACK_END_FAILED;
		c->base.reason = "browsing failed";
		c->base.listener->on_state(c->base.ctx);
		break;
	case AVAHI_BROWSER_CACHE_EXHAUSTED:
		break;
	}
}

static int
browse(struct back_end *b)
{
	struct client *c = client_of(b);
	return avahi_service_browser_new(c->avahi, AVAHI_IF_UNSPEC, AVAHI_PROTO_UNSPEC,
		   SERVICE_TYPE, DOMAIN, AVAHI_LOOKUP_USE_MULTICAST, on_browse, c)
		   ? 0
		   : last_error(c, "browsing");
}

static void
on_resolved(AvahiServiceResolver *resolver, AvahiIfIndex ifindex, AvahiProtocol proto,
    AvahiResolverEvent event, const char *name, const char *type, const char *domain,
    const char *host, const AvahiAddress *address, uint16_t port, AvahiStringList *txt,
    AvahiLookupResultFlags flags, void *ctx)
{
	(void)resolver, (void)name, (void)type, (void)domain, (void)flags;
	struct query *q = ctx;
	/* unlike core, the client library hands the list over last string first */
	AvahiStringList *copy = avahi_string_list_copy(txt);
	txt = avahi_string_list_reverse(copy);
	const struct query_result r = {
	    .event = event == AVAHI_RESOLVER_FOUND ? QUERY_FOUND : QUERY_FAILED,
	    .place = {.ifindex = ifindex, .family = back_end_family(proto)},
	    .host = host,
	    .address = address,
	    .port = port,
	    .txt = txt,
	};
	q->on_result(q, &r);
	avahi_string_list_free(txt);
}

static int
resolve(struct back_end *b, const struct place *p, const char *name, struct query *q)
{
	struct client *c = client_of(b);
	if (!avahi_is_valid_service_name(name))
		return -EINVAL;
	AvahiIfIndex ifindex = p->ifindex ? p->ifindex : AVAHI_IF_UNSPEC;
	AvahiProtocol proto = back_end_proto(p->family);
	q->records = false;
	q->handle = avahi_service_resolver_new(c->avahi, ifindex, proto, name, SERVICE_TYPE, DOMAIN,
	    proto, AVAHI_LOOKUP_USE_MULTICAST, on_resolved, q);
	return q->handle ? 0 : last_error(c, "resolving");
}

static void
on_record(AvahiRecordBrowser *browser, AvahiIfIndex ifindex, AvahiProtocol proto,
    AvahiBrowserEvent event, const char *name, uint16_t clazz, uint16_t type, const void *rdata,
    size_t size, AvahiLookupResultFlags flags, void *ctx)
{
	(void)browser, (void)name, (void)clazz, (void)type, (void)flags;
	struct query *q = ctx;
	struct query_result r = {
	    .place = {.ifindex = ifindex, .family = back_end_family(proto)},
	    .rdata = rdata,
	    .size = size,
	};
	if (event == AVAHI_BROWSER_NEW)
		r.event = QUERY_FOUND;
	else if (event == AVAHI_BROWSER_REMOVE)
		r.event = QUERY_GONE;
	else if (event == AVAHI_BROWSER_FAILURE)
		r.event = QUERY_FAILED;
	else
		return;
	q->on_result(q, &r);
}

static int
records(struct back_end *b, const char *owner, uint16_t type, struct query *q)
{
	struct client *c = client_of(b);
	if (!avahi_is_valid_domain_name(owner))
		return -EINVAL;
	q->records = true;
	q->handle = avahi_record_browser_new(c->avahi, AVAHI_IF_UNSPEC, AVAHI_PROTO_UNSPEC, owner,
	    AVAHI_DNS_CLASS_IN, type, AVAHI_LOOKUP_USE_MULTICAST, on_record, q);
	return q->handle ? 0 : last_error(c, "watching a record");
}

static void
cancel(struct back_end *b, struct query *q)
{
	(void)b;
	if (q->handle && q->records)
		(void)avahi_record_browser_free(q->handle);
	else if (q->handle)
		(void)avahi_service_resolver_free(q->handle);
	q->handle = NULL;
}

/* ---- announcing ------------------------------------------------------------------------- */

static void
on_service(AvahiEntryGroup *group, AvahiEntryGroupState state, void *ctx)
{
	(void)group;
	struct client *c = ctx;
	if (state == AVAHI_ENTRY_GROUP_ESTABLISHED)
		c->base.listener->on_service(c->base.ctx, SERVICE_ESTABLISHED);
	else if (state == AVAHI_ENTRY_GROUP_COLLISION)
		c->base.listener->on_service(c->base.ctx, SERVICE_COLLISION);
	else if (state == AVAHI_ENTRY_GROUP_FAILURE)
		c->base.listener->on_service(c->base.ctx, SERVICE_FAILED);
}

static void
on_picture(AvahiEntryGroup *group, AvahiEntryGroupState state, void *ctx)
{
	(void)group;
	struct client *c = ctx;
	if (state == AVAHI_ENTRY_GROUP_COLLISION || state == AVAHI_ENTRY_GROUP_FAILURE)
		channel_note(c->base.channel, "warn", "the avatar could not be published");
}

static int
ready(struct client *c, AvahiEntryGroup **group, AvahiEntryGroupCallback fn)
{
	if (*group)
		return avahi_entry_group_reset(*group) < 0 ? last_error(c, "entry group") : 0;
	*group = avahi_entry_group_new(c->avahi, fn, c);
	return *group ? 0 : last_error(c, "entry group");
}

static int
announce(struct back_end *b, const struct announcement *a)
{
	struct client *c = client_of(b);
	int err = ready(c, &c->service, on_service);
	if (err)
		return err;
	int rc = avahi_entry_group_add_service_strlst(c->service, AVAHI_IF_UNSPEC,
	    AVAHI_PROTO_UNSPEC, NO_FLAGS, a->name, SERVICE_TYPE, DOMAIN, NULL, a->port, a->txt);
	if (rc >= 0)
		rc = avahi_entry_group_commit(c->service);
	return rc < 0 ? back_end_err(b, "announcing", rc) : 0;
}

static int
update(struct back_end *b, const struct announcement *a)
{
	int rc = avahi_entry_group_update_service_txt_strlst(client_of(b)->service, AVAHI_IF_UNSPEC,
	    AVAHI_PROTO_UNSPEC, NO_FLAGS, a->name, SERVICE_TYPE, DOMAIN, a->txt);
	return rc < 0 && rc != AVAHI_ERR_NO_CHANGE ? back_end_err(b, "updating TXT", rc) : 0;
}

static int
picture(struct back_end *b, const char *name, const void *data, size_t len)
{
	struct client *c = client_of(b);
	if (!c->picture && !len)
		return 0;
	int err = ready(c, &c->picture, on_picture);
	if (err || !len) /* an empty NULL record once crashed avahi-daemon (CVE-2023-38472) */
		return err;
	char owner[AVAHI_DOMAIN_NAME_MAX];
	int rc = avahi_service_name_join(owner, sizeof(owner), name, SERVICE_TYPE, DOMAIN);
	if (rc >= 0)
		rc = avahi_entry_group_add_record(c->picture, AVAHI_IF_UNSPEC, AVAHI_PROTO_UNSPEC,
		    AVAHI_PUBLISH_UNIQUE, owner, AVAHI_DNS_CLASS_IN, RECORD_NULL, TTL_PICTURE, data,
		    len);
	if (rc >= 0)
		rc = avahi_entry_group_commit(c->picture);
	return rc < 0 ? back_end_err(b, "publishing the avatar", rc) : 0;
}

static void
withdraw(struct back_end *b)
{
	struct client *c = client_of(b);
	if (c->service)
		(void)avahi_entry_group_reset(c->service); /* fails when avahi-daemon is gone, */
	if (c->picture)
		(void)avahi_entry_group_reset(c->picture); /* and then so are the groups */
}

static const struct back_end_ops ops = {
    .kind = "avahi-daemon",
    .records_max = RECORDS_MAX,
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

int
back_end_create_client(uv_loop_t *loop, struct channel *channel, const struct back_end_listener *l,
    void *ctx, struct back_end **out)
{
	struct client *c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->base = (struct back_end){
	    .ops = &ops, .listener = l, .ctx = ctx, .channel = channel, .state = BACK_END_WAITING};
	int rc, err = uv_poll_create(loop, false, &c->poll);
	if (err) {
		destroy(&c->base);
		return err;
	}
	c->creating = true;
	AvahiClient *avahi =
	    avahi_client_new(uv_poll_api(c->poll), AVAHI_CLIENT_NO_FAIL, on_client, c, &rc);
	c->creating = false;
	c->avahi = avahi; /* on_client() may have seen one that did not last */
	if (!avahi) {
		/* no bus is the usual reason, and looking again the remedy: not worth a note */
		destroy(&c->base);
		return rc == AVAHI_ERR_NO_MEMORY ? -ENOMEM : -ENOENT;
	}
	*out = &c->base;
	return 0;
}
