#include "daemon/unlock.h"

#include "base/err.h"
#include "base/log.h"
#include "base/tr.h"
#include "daemon/identity.h"
#include "ipc/ipc.h"
#include "tls/fingerprint.h"
#include "tls/identity.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

enum { PATIENCE_MS = 5000 }; /* with a descriptor that brings nothing */

struct unlock {
	uv_loop_t loop;
	struct ipc_server *ipc; /* owned, until it is closed */
	struct tls_identity **identity;
	struct tls_context **tls;
	int err;
};

static void
finish(struct unlock *u, int err)
{
	u->err = err;
	ipc_server_close(u->ipc, NULL, NULL);
	u->ipc = NULL;
}

static int
await(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int n = poll(&p, 1, PATIENCE_MS);
	return n < 0 ? -errno : n == 0 ? -ETIMEDOUT : 0;
}

/* On the loop, for there is nothing else to do. */
static int
call_unlock(struct ipc_call *call)
{
	struct unlock *u = ipc_ctx(call);
	int fd = ipc_take_fd(call);
	if (fd < 0 || !u->ipc) {
		ipc_fail(call, u->ipc ? IPC_INVALID : IPC_BUSY,
		    u->ipc ? TR("A descriptor has to come with this call.")
			   : TR("It begins just now."));
		if (fd >= 0)
			(void)close(fd);
		return 0;
	}
	int err = await(fd);
	if (err) {
		(void)close(fd);
		return err;
	}
	err = identity_open(fd, u->identity, u->tls);
	if (err == ERR_LOCKED) {
		ipc_fail(call, IPC_LOCKED, "The passphrase is missing or wrong.");
		return 0;
	}
	if (err) {
		ipc_fail(call, IPC_INTERNAL, "The key cannot be used: %-s.", err_str(err));
	} else {
		struct value *v = value_object();
		char hex[TLS_ID_HEX_SIZE];
		tls_id_hex(tls_identity_id(*u->identity), hex);
		value_set_str(v, "id", hex);
		ipc_reply(call, v);
	}
	finish(u, err);
	return 0;
}

int
unlock_await(int fd, struct tls_identity **identity, struct tls_context **tls)
{
	static const struct ipc_method methods[] = {
	    {"id.unlock", "", "Unlock the key of a daemon that waits for it", call_unlock}, {0}};
	struct unlock u = {.identity = identity, .tls = tls, .err = ERR_LOCKED};
	int err = uv_loop_init(&u.loop);
	if (err) {
		(void)close(fd);
		return err;
	}
	err = ipc_server_create(&u.loop, &u.ipc);
	if (!err)
		err = ipc_server_add(u.ipc, methods, &u);
	if (!err) {
		ipc_server_lock(u.ipc);
		err = ipc_server_listen(u.ipc, NULL, fd);
	}
	if (err && u.ipc)
		finish(&u, err);
	if (!err)
		log_info(NULL, "the key is locked: `earshot id unlock` is awaited");
	(void)uv_run(&u.loop, UV_RUN_DEFAULT);
	(void)uv_loop_close(&u.loop);
	err = err ? err : u.err;
	if (err)
		log_error(NULL, "the key could not be unlocked: %s", err_str(err));
	return err;
}
