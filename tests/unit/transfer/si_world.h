/* Stream initiation without a network: what the tests of both directions share. The connections are
 * told of in `net` instead of made. For one test program at a time. */
#ifndef TEST_SI_WORLD_H
#define TEST_SI_WORLD_H

#include "base/limits.h"
#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/world.h"

#include "../support/romeo.h"

#include "told.h"

#include "transfer/socks5.h"
#include "transfer/whereabouts.h"
#include "transfer/xep0065_hosts.h"
#include "transfer/xep0096_si.h"

extern const struct feature feature_ibb, feature_si;

#define OWN "juliet@pronto"
#define FORM(what, inside) \
	"<feature xmlns='http://jabber.org/protocol/feature-neg'>" \
	"<x xmlns='jabber:x:data' type='" what "'><field var='stream-method'" inside \
	"</field></x></feature>"
#define OPTION(ns)  "<option><value>" ns "</value></option>"
#define BYTESTREAMS "http://jabber.org/protocol/bytestreams"
#define IBB         "http://jabber.org/protocol/ibb"
/* as captured of libpurple 2.14 */
#define OFFER(id, size) \
	"<iq to='" OWN "' from='" ROMEO "' id='" id "' type='set'>" \
	"<si xmlns='http://jabber.org/protocol/si' " \
	"profile='http://jabber.org/protocol/si/profile/file-transfer' id='" id "'>" \
	"<file xmlns='http://jabber.org/protocol/si/profile/file-transfer' name='photo.bin' " \
	"size='" size "'/>" FORM("form", " type='list-single'>" OPTION(BYTESTREAMS)) "</si></iq>"
#define TAKES(id, ns) \
	"<iq to='" OWN "' from='" ROMEO "' id='" id "' type='result'>" \
	"<si xmlns='http://jabber.org/protocol/si'>" FORM( \
	    "submit", "><value>" ns "</value>") "</si></iq>"

/* ---- connections ---- */

static struct {
	struct sockaddr_storage at[LIMIT_ADDRESSES];
	size_t count;
	char hash[SOCKS5_HASH_SIZE];
	unsigned dials, expectations, forgotten, stopped;
	socks5_dialled_fn *dialled;
	socks5_allow_fn *allow;
	socks5_arrived_fn *arrived;
	void *ctx;
} net;

int
socks5_server_create(uv_loop_t *loop, struct socks5_server **out)
{
	(void)loop;
	*out = (struct socks5_server *)&net;
	return 0;
}

void
socks5_server_close(struct socks5_server *s)
{
	(void)s;
}

uint16_t
socks5_server_port(const struct socks5_server *s)
{
	(void)s;
	return 40001;
}

int
socks5_expect(struct socks5_server *s, const char *hash, socks5_allow_fn *allow,
    socks5_arrived_fn *arrived, void *ctx, struct socks5_expected **out)
{
	(void)s;
	net.expectations++;
	net.allow = allow;
	net.arrived = arrived;
	net.ctx = ctx;
	(void)snprintf(net.hash, sizeof(net.hash), "%s", hash);
	*out = (struct socks5_expected *)&net;
	return 0;
}

void
socks5_forget(struct socks5_expected *e)
{
	net.forgotten += e != NULL;
}

int
socks5_dial(uv_loop_t *loop, const struct sockaddr_storage *candidates, size_t count,
    const char *hash, unsigned gap_ms, unsigned deadline_ms, socks5_dialled_fn *dialled, void *ctx,
    struct socks5_dial **out)
{
	(void)loop, (void)gap_ms, (void)deadline_ms;
	net.dials++;
	net.count = count;
	memcpy(net.at, candidates, count * sizeof(*candidates));
	(void)snprintf(net.hash, sizeof(net.hash), "%s", hash);
	net.dialled = dialled;
	net.ctx = ctx;
	*out = (struct socks5_dial *)&net;
	return 0;
}

void
socks5_dial_stop(struct socks5_dial *d)
{
	net.stopped += d != NULL;
}

/* ---- the beginning and the end ---- */

static struct stream *his;

static int
set_up_with(enum txt_client client)
{
	static const struct feature *const features[] = {&feature_ibb, &feature_si, NULL};
	int err = 0;
	memset(&net, 0, sizeof(net));
	carrier_link_init(&told.link);
	if (world_begin(features))
		return -1;
	world.r.files.old_clients = true;
	(void)snprintf(world.r.own_name, sizeof(world.r.own_name), OWN);
	romeo(client);
	his = dials_us(ROMEO, "192.0.2.1", &err);
	his->local = endpoint("192.0.2.254", 5298);
	person_called(ROMEO)->spoken = true;
	buf_clear(&world.sent);
	return err;
}

static int
set_up(void **state)
{
	(void)state;
	return set_up_with(TXT_CLIENT_LIBPURPLE);
}

static int
tear_down(void **state)
{
	(void)state;
	if (told.t.session)
		si_method.detach(&told.t);
	int err = world_end();
	told_end();
	return err;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
