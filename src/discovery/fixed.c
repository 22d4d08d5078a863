#include "discovery/fixed.h"

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "discovery/address.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fixed;

struct peer {
	struct list link;
	struct fixed *fixed;
	char address[DISCOVERY_ADDRESS_SIZE]; /* host:port, as the entry is called */
	char host[LIMIT_HOST_NAME + 1];
	uint16_t port;
	unsigned id;           /* of its place */
	struct lookup *lookup; /* on its way; NULL: none */
	bool failed;           /* to be tried again */
};

/* Lives on without its peer: libuv cannot call back a getaddrinfo() that has begun. */
struct lookup {
	uv_getaddrinfo_t req;
	struct peer *peer; /* NULL: nobody wants to know any more */
};

struct fixed {
	struct source source;
	uv_timer_t retry; /* runs while a look-up has failed */
	uint64_t retry_ms;
	struct list peers;
	size_t count;
	unsigned last_id;
	void (*done)(void *ctx);
	void *done_ctx;
};

static struct fixed *
fixed_of(struct source *s)
{
	return container_of(s, struct fixed, source);
}

static struct place
place_of(const struct peer *p)
{
	return (struct place){.source = DISCOVERY_FIXED, .id = p->id};
}

static int
parse_port(const char *s, uint16_t *out)
{
	int64_t port;
	if (str_to_int(s, 1, UINT16_MAX, &port))
		return -EINVAL;
	*out = (uint16_t)port;
	return 0;
}

static bool
is_host_char(char c)
{
	return (unsigned char)c > ' ' && c != 0x7f && !strchr("@/[]\"'<>&\\", c);
}

int
fixed_parse(const char *address, char *host, size_t size, uint16_t *port)
{
	const char *start = address, *colon = strrchr(address, ':'), *end;
	*port = FIXED_PORT;
	if (*address == '[') {
		start = address + 1;
		end = strchr(start, ']');
		if (!end || (end[1] && end[1] != ':') || !memchr(start, ':', (size_t)(end - start)))
			return -EINVAL;
		colon = end[1] ? end + 1 : NULL;
	} else if (colon && strchr(address, ':') != colon) {
		end = address + strlen(address); /* IPv6 without brackets, so without port */
		colon = NULL;
	} else {
		end = colon ? colon : address + strlen(address);
	}
	size_t len = (size_t)(end - start);
	if (len == 0 || len >= size || (colon && parse_port(colon + 1, port)))
		return -EINVAL;
	for (size_t i = 0; i < len; i++)
		if (!is_host_char(start[i]))
			return -EINVAL;
	memcpy(host, start, len);
	host[len] = '\0';
	return 0;
}

static int
spell(const char *address, struct peer *out)
{
	if (fixed_parse(address, out->host, sizeof(out->host), &out->port))
		return -EINVAL;
	bool v6 = strchr(out->host, ':');
	int n = snprintf(out->address, sizeof(out->address), "%s%s%s:%u", v6 ? "[" : "", out->host,
	    v6 ? "]" : "", (unsigned)out->port);
	return n < 0 || n > LIMIT_HOST_NAME + 7 ? -EINVAL : 0;
}

int
fixed_spell(const char *address, char out[DISCOVERY_ADDRESS_SIZE])
{
	struct peer p;
	int err = spell(address, &p);
	return err ? err : str_copy(out, DISCOVERY_ADDRESS_SIZE, p.address);
}

static void
take_addresses(struct peer *p, struct entry *ent, const struct addrinfo *list)
{
	struct entries *all = p->fixed->source.entries;
	if (!ent->e.port)
		ent->e.port = p->port; /* mDNS knows better, if it knows */
	for (const struct addrinfo *ai = list; ai; ai = ai->ai_next) {
		struct sockaddr_storage a = {0};
		if (ai->ai_family != AF_INET && ai->ai_family != AF_INET6)
			continue;
		memcpy(&a, ai->ai_addr, ai->ai_addrlen);
		address_unmap(&a);
		entries_add_address(all, ent, place_of(p), &a);
	}
}

static void on_retry(uv_timer_t *t);

static void
on_looked_up(uv_getaddrinfo_t *req, int status, struct addrinfo *list)
{
	struct lookup *look = container_of(req, struct lookup, req);
	struct peer *p = look->peer;
	free(look);
	if (!p) {
		uv_freeaddrinfo(list);
		return;
	}
	struct fixed *f = p->fixed;
	struct entry *ent = entries_at(f->source.entries, place_of(p));
	p->lookup = NULL;
	p->failed = status != 0;
	if (!ent)
		ent = entries_found_fixed(f->source.entries, p->address, place_of(p));
	if (ent && !status) {
		entries_doubt_addresses(ent, DISCOVERY_FIXED, p->id);
		take_addresses(p, ent, list);
		entries_drop_doubted(f->source.entries, ent, DISCOVERY_FIXED);
	} else if (status) {
		log_info(p->address, "the fixed peer was not found: %s", err_str(status));
	}
	uv_freeaddrinfo(list);
	if (p->failed && !uv_is_active((uv_handle_t *)&f->retry))
		(void)uv_timer_start(&f->retry, on_retry, f->retry_ms, 0);
	if (ent)
		f->source.l->on_resolved(f->source.ctx, &f->source, ent, status);
}

static int
look_up(struct peer *p)
{
	char port[8];
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	if (p->lookup)
		return 0;
	struct lookup *look = calloc(1, sizeof(*look));
	if (!look)
		return -ENOMEM;
	if (strchr(p->host, ':'))
		hints.ai_flags |= AI_NUMERICHOST; /* a scope we lack is no question for DNS */
	(void)snprintf(port, sizeof(port), "%u", (unsigned)p->port);
	int err =
	    uv_getaddrinfo(p->fixed->retry.loop, &look->req, on_looked_up, p->host, port, &hints);
	if (err) {
		free(look);
		return err;
	}
	look->peer = p;
	p->lookup = look;
	return 0;
}

static void
on_retry(uv_timer_t *t)
{
	struct fixed *f = container_of(t, struct fixed, retry);
	bool again = false;
	LIST_FOREACH (node, &f->peers) {
		struct peer *p = container_of(node, struct peer, link);
		if (p->failed && look_up(p))
			again = true; /* no memory */
	}
	if (again)
		(void)uv_timer_start(t, on_retry, f->retry_ms, 0);
}

static struct peer *
find_peer(struct fixed *f, const char *address)
{
	LIST_FOREACH (node, &f->peers) {
		struct peer *p = container_of(node, struct peer, link);
		if (str_casecmp(p->address, address) == 0)
			return p;
	}
	return NULL;
}

int
fixed_add(struct source *s, const char *address)
{
	struct fixed *f = fixed_of(s);
	struct peer *p = calloc(1, sizeof(*p));
	int err = -ENOMEM;
	if (!p)
		return err;
	err = spell(address, p);
	if (err)
		goto fail;
	err = -EEXIST;
	if (find_peer(f, p->address))
		goto fail;
	err = -ENOSPC;
	if (f->count == LIMIT_FIXED_PEERS)
		goto fail;
	p->fixed = f;
	p->id = ++f->last_id;
	err = look_up(p);
	if (err)
		goto fail;
	list_insert(&f->peers, &p->link);
	f->count++;
	return 0;
fail:
	free(p);
	return err;
}

static void
free_peer(struct peer *p)
{
	if (p->lookup)
		p->lookup->peer = NULL;
	list_remove(&p->link);
	p->fixed->count--;
	free(p);
}

struct entry *
fixed_entry(struct source *s, const char *address)
{
	struct peer wanted;
	if (spell(address, &wanted))
		return NULL;
	LIST_FOREACH (node, &fixed_of(s)->peers) {
		const struct peer *p = container_of(node, struct peer, link);
		if (str_casecmp(p->address, wanted.address) == 0)
			return entries_at(s->entries, place_of(p));
	}
	return NULL;
}

int
fixed_remove(struct source *s, const char *address)
{
	struct fixed *f = fixed_of(s);
	struct peer wanted;
	if (spell(address, &wanted))
		return -EINVAL;
	struct peer *p = find_peer(f, wanted.address);
	if (!p)
		return -ENOENT;
	struct entry *ent = entries_at(s->entries, place_of(p));
	if (ent)
		entries_lost(s->entries, ent, place_of(p));
	free_peer(p);
	return 0;
}

static bool
leads_to(const struct peer *p, const struct entry *ent)
{
	for (size_t i = 0; i < ent->place_count; i++)
		if (ent->place[i].source == DISCOVERY_FIXED && ent->place[i].id == p->id)
			return true;
	return false;
}

static int
resolve(struct source *s, struct entry *ent)
{
	int err = -ENOENT;
	LIST_FOREACH (node, &fixed_of(s)->peers) {
		struct peer *p = container_of(node, struct peer, link);
		if (leads_to(p, ent) && look_up(p) == 0)
			err = 0;
	}
	return err;
}

static void
on_closed(uv_handle_t *h)
{
	struct fixed *f = container_of((uv_timer_t *)h, struct fixed, retry);
	void (*done)(void *) = f->done;
	void *ctx = f->done_ctx;
	free(f);
	done(ctx);
}

static void
close_fixed(struct source *s, void (*done)(void *ctx), void *ctx)
{
	struct fixed *f = fixed_of(s);
	f->done = done;
	f->done_ctx = ctx;
	LIST_FOREACH (node, &f->peers) {
		struct peer *p = container_of(node, struct peer, link);
		if (p->lookup)
			(void)uv_cancel((uv_req_t *)&p->lookup->req);
		free_peer(p);
	}
	uv_close((uv_handle_t *)&f->retry, on_closed);
}

static const struct source_ops ops = {.resolve = resolve, .close = close_fixed};

int
fixed_create(uv_loop_t *loop, uint64_t retry_ms, struct entries *entries,
    const struct source_listener *l, void *ctx, struct source **out)
{
	struct fixed *f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->source = (struct source){
	    .ops = &ops, .kind = DISCOVERY_FIXED, .entries = entries, .l = l, .ctx = ctx};
	f->retry_ms = retry_ms;
	list_init(&f->peers);
	int err = uv_timer_init(loop, &f->retry);
	if (err) {
		free(f);
		return err;
	}
	*out = &f->source;
	return 0;
}
