#include "peer/avatar.h"

#include "base/err.h"
#include "base/hex.h"
#include "base/str.h"
#include "peer/person.h"
#include "peer/roster.h"
#include "tls/digest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { WAITERS = 16 };

/* The picture last fetched, and the calls that wait for one. */
struct avatar {
	char hash[DIGEST_SHA1_HEX_SIZE];
	char *digits; /* owned; the picture in hex, NULL before it came */
	const char *type;
	struct ipc_call *waiting[WAITERS]; /* owed an answer */
	size_t count;
};

const char *
avatar_media_type(const void *data, size_t len)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *type;
	} known[] = {
	    {"\x89PNG\r\n\x1a\n", 8, "image/png"},
	    {"\xff\xd8\xff", 3, "image/jpeg"},
	    {"GIF8", 4, "image/gif"},
	};
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (len > known[i].len && memcmp(data, known[i].bytes, known[i].len) == 0)
			return known[i].type;
	return NULL;
}

static void
reply(struct ipc_call *call, const struct avatar *a)
{
	struct value *v = value_object();
	value_set_str(v, "type", a->type);
	value_set_str(v, "hash", a->hash);
	value_set_str(v, "data", a->digits);
	ipc_reply(call, v);
}

/* 0, or why these bytes are not the announced picture. */
static int
take(struct avatar *a, const char *announced, const void *data, size_t len)
{
	a->type = data && len <= LIMIT_AVATAR_IN ? avatar_media_type(data, len) : NULL;
	if (!a->type)
		return data ? ERR_PROTO : -ENODATA;
	int err = digest_sha1_hex(data, len, a->hash);
	if (err)
		return err;
	if (str_casecmp(a->hash, announced) != 0)
		return ERR_IDENTITY;
	a->digits = malloc(2 * len + 1);
	if (!a->digits)
		return -ENOMEM;
	hex_encode(a->digits, data, len);
	return 0;
}

void
avatar_arrived(struct person *p, const void *data, size_t len)
{
	struct avatar *a = p->avatar;
	if (!a || a->digits)
		return;
	int err = take(a, p->txt.phsh, data, len);
	for (size_t i = 0; i < a->count; i++) {
		if (!err)
			reply(a->waiting[i], a);
		else if (err == ERR_IDENTITY || err == ERR_PROTO)
			ipc_fail(a->waiting[i], IPC_UNREACHABLE,
			    "What came is not the picture that %s announces.", p->display);
		else
			ipc_fail(a->waiting[i], IPC_TIMEOUT, "The picture of %s did not come.",
			    p->display);
	}
	a->count = 0;
}

static void
avatar_free(struct person *p)
{
	struct avatar *a = p->avatar;
	if (!a)
		return;
	for (size_t i = 0; i < a->count; i++)
		ipc_fail(a->waiting[i], IPC_ABSENT, "%s has left.", p->display);
	free(a->digits);
	free(a);
	p->avatar = NULL;
}

static int
fetch(struct ipc_call *call, struct person *p)
{
	struct avatar *a = p->avatar;
	if (!a)
		a = p->avatar = calloc(1, sizeof(*a));
	if (!a)
		return -ENOMEM;
	if (a->count == WAITERS) {
		ipc_fail(call, IPC_BUSY, "Too many ask for this picture at once.");
		return 0;
	}
	a->waiting[a->count++] = call;
	if (a->count == 1)
		discovery_fetch_avatar(p->roster->discovery, p->entry);
	return 0;
}

/* Front ends show a person their own picture, too. */
static int
reply_own(struct ipc_call *call)
{
	const struct roster *r = ipc_ctx(call);
	const struct picture *own = &r->own.picture;
	struct avatar a = {.type = avatar_media_type(own->data, own->len)};
	if (!own->data || !a.type) {
		ipc_fail(call, IPC_UNSUPPORTED, "You have no picture.");
		return 0;
	}
	a.digits = malloc(2 * own->len + 1);
	if (!a.digits)
		return -ENOMEM;
	hex_encode(a.digits, own->data, own->len);
	(void)!str_copy(a.hash, sizeof(a.hash), own->hash);
	reply(call, &a);
	free(a.digits);
	return 0;
}

static int
call_avatar(struct ipc_call *call)
{
	if (!value_has(ipc_params(call), "peer"))
		return reply_own(call);
	struct person *p = roster_wanted(ipc_ctx(call), call);
	if (!p)
		return 0;
	if (!p->txt.phsh[0]) {
		ipc_fail(call, IPC_UNSUPPORTED, "%s has no picture.", p->display);
		return 0;
	}
	if (p->avatar && p->avatar->digits) {
		if (str_casecmp(p->avatar->hash, p->txt.phsh) == 0) {
			reply(call, p->avatar);
			return 0;
		}
		avatar_free(p); /* a new picture was announced since */
	}
	if (!p->entry) {
		ipc_fail(call, IPC_ABSENT, "%s is not here.", p->display);
		return 0;
	}
	return fetch(call, p);
}

static void
on_event(void *ctx, const struct bus_event *e)
{
	(void)ctx;
	if (e->kind == BUS_PERSON_FREED || e->kind == BUS_PERSON_GONE)
		avatar_free(e->person);
}

static int
start(struct roster *r)
{
	return bus_listen(&r->bus, on_event, NULL, NULL);
}

FEATURE_DEFINE(avatar) = {
    .name = "avatar",
    .methods =
	(const struct ipc_method[]){
	    {"avatar", "[peer]", "Fetch a person's picture", call_avatar},
	    {0},
	},
    .start = start,
};
