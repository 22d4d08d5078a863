#include "daemon/id.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/paths.h"
#include "daemon/identity.h"
#include "tls/identity.h"
#include "tls/session.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE_MS = 5000 }; /* with a descriptor that brings nothing */

/* One call on its way through the pool. */
struct job {
	uv_work_t work;
	struct id *id;
	struct ipc_call *call;
	int (*run)(struct job *j);     /* in the pool */
	void (*finish)(struct job *j); /* on the loop, if run returned 0; answers */
	char *path;                    /* owned; of the identity's file */
	int fds[2];                    /* -1: none */
	struct tls_identity *got;      /* owned */
	char kept[32];                 /* name of the file the earlier key is in now, "": none */
	int err;
};

static void
job_free(struct job *j)
{
	for (size_t i = 0; i < ARRAY_LEN(j->fds); i++)
		if (j->fds[i] >= 0)
			(void)close(j->fds[i]);
	tls_identity_destroy(j->got);
	free(j->path);
	free(j);
}

static void
fail_call(struct ipc_call *call, int err)
{
	switch (err) {
	case ERR_LOCKED:
		ipc_fail(call, IPC_LOCKED, "The passphrase is missing or wrong.");
		break;
	case ERR_DAMAGED:
		ipc_fail(call, IPC_INVALID, "This is no key of Earshot's, or it is damaged.");
		break;
	case -EINVAL:
		ipc_fail(call, IPC_INVALID, "This is the key that is in use, or a later one.");
		break;
	case -EEXIST:
		ipc_fail(call, IPC_INVALID, "The key in use succeeds another one already.");
		break;
	default:
		ipc_fail(call, IPC_DISK, "It cannot be done: %-s.", err_str(err));
	}
}

static void
on_work(uv_work_t *work)
{
	struct job *j = container_of(work, struct job, work);
	j->err = j->run(j);
}

static void
on_done(uv_work_t *work, int cancelled)
{
	struct job *j = container_of(work, struct job, work);
	int err = cancelled ? cancelled : j->err;
	j->id->busy = false;
	if (err)
		fail_call(j->call, err);
	else
		j->finish(j);
	job_free(j);
}

/* `least` of at most two descriptors have to come with the call. */
static int
begin(struct ipc_call *call, int least, int (*run)(struct job *), void (*finish)(struct job *))
{
	struct id *id = ipc_ctx(call);
	if (id->busy) {
		ipc_fail(call, IPC_BUSY, "The key is being worked on; try again.");
		return 0;
	}
	struct job *j = calloc(1, sizeof(*j));
	if (!j)
		return -ENOMEM;
	*j = (struct job){.id = id, .call = call, .run = run, .finish = finish, .fds = {-1, -1}};
	int err = paths_get(PATHS_STATE, "identity.pem", &j->path);
	for (int i = 0; i < 2 && !err; i++) {
		int fd = j->fds[i] = ipc_take_fd(call);
		if (fd < 0 && least > i) {
			ipc_fail(call, IPC_INVALID, "A descriptor has to come with this call.");
			job_free(j);
			return 0;
		}
	}
	if (!err)
		err = uv_queue_work(id->loop, &j->work, on_work, on_done);
	if (err)
		job_free(j);
	else
		id->busy = true;
	return err;
}

/* ---- what comes by descriptor ---- */

static int
await(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int n = poll(&p, 1, PATIENCE_MS);
	return n < 0 ? -errno : n == 0 ? -ETIMEDOUT : 0;
}

/* Nothing, or a descriptor that brings nothing: *text is NULL. Moves the descriptor. */
static int
take_passphrase(int *fd, struct buf *space, const char **text)
{
	*text = NULL;
	if (*fd < 0)
		return 0;
	int err = await(*fd);
	if (!err) {
		err = identity_read_passphrase(*fd, space);
		*fd = -1;
	}
	if (!err && space->len > 0)
		*text = space->data;
	return err;
}

static int
take_file(int fd, struct buf *out)
{
	/* all at once, so that growing leaves no copy behind */
	char *to = buf_reserve(out, LIMIT_IDENTITY_FILE);
	while (to && out->len < LIMIT_IDENTITY_FILE) {
		int err = await(fd);
		ssize_t n = err ? 0 : read(fd, to, LIMIT_IDENTITY_FILE - out->len);
		if (err || n < 0)
			return err ? err : -errno;
		if (n == 0)
			return 0;
		buf_grew(out, (size_t)n);
		to += n;
	}
	return to ? ERR_DAMAGED : buf_err(out);
}

/* The key that came, and its bytes. */
static int
take_key(struct job *j, struct buf *file)
{
	struct buf space = BUF_INIT(LIMIT_PASSPHRASE + 1);
	const char *passphrase;
	int err = take_file(j->fds[0], file);
	if (!err)
		err = take_passphrase(&j->fds[1], &space, &passphrase);
	if (!err)
		err = tls_identity_parse(file->data, file->len, passphrase, &j->got);
	tls_cleanse(&space);
	return err;
}

/* ---- id ---- */

static void
set_id(struct value *v, const char *key, const struct tls_id *id)
{
	char hex[TLS_ID_HEX_SIZE];
	tls_id_hex(id, hex);
	value_set_str(v, key, hex);
}

static int
call_id(struct ipc_call *call)
{
	const struct id *id = ipc_ctx(call);
	const struct tls_peer *self = tls_identity_self(id->identity);
	struct value *v = value_object(), *formerly = value_array();
	set_id(v, "id", &self->id);
	for (size_t i = 0; i < self->formerly_count; i++) {
		char hex[TLS_ID_HEX_SIZE];
		tls_id_hex(&self->formerly[i], hex);
		value_append_str(formerly, hex);
	}
	value_set(v, "formerly", formerly);
	ipc_reply(call, v);
	return 0;
}

static void
reply_id(struct job *j)
{
	struct value *v = value_object();
	set_id(v, "id", tls_identity_id(j->got ? j->got : j->id->identity));
	if (j->kept[0])
		value_set_str(v, "kept", j->kept);
	ipc_reply(j->call, v);
}

/* ---- id.export ---- */

static int
write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int
run_export(struct job *j)
{
	struct buf space = BUF_INIT(LIMIT_PASSPHRASE + 1), file = BUF_INIT(LIMIT_IDENTITY_FILE);
	const char *passphrase;
	bool wanted = j->fds[1] >= 0;
	int err = take_passphrase(&j->fds[1], &space, &passphrase);
	if (!err && wanted && !passphrase)
		err = ERR_LOCKED; /* one was to come: never out in the open by mistake */
	if (!err && !buf_reserve(&file, LIMIT_IDENTITY_FILE))
		err = buf_err(&file);
	if (!err)
		err = tls_identity_export(j->id->identity, passphrase, &file);
	if (!err)
		err = write_all(j->fds[0], file.data, file.len);
	tls_cleanse(&file);
	tls_cleanse(&space);
	return err;
}

static int
call_export(struct ipc_call *call)
{
	return begin(call, 1, run_export, reply_id);
}

/* ---- id.import ---- */

/* The earlier key stays beside: it can be handed over, or put back. */
static int
keep_earlier(struct job *j)
{
	char tag[TLS_ID_TAG_SIZE], *beside = NULL;
	if (tls_id_equal(tls_identity_id(j->got), tls_identity_id(j->id->identity)))
		return 0;
	tls_id_tag(tls_identity_id(j->id->identity), tag);
	(void)snprintf(j->kept, sizeof(j->kept), "identity-%s.pem", tag);
	int err = paths_get(PATHS_STATE, j->kept, &beside);
	if (!err && link(j->path, beside) < 0 && errno != EEXIST)
		err = -errno;
	free(beside);
	return err;
}

static int
run_import(struct job *j)
{
	struct buf file = BUF_INIT(LIMIT_IDENTITY_FILE);
	int err = take_key(j, &file);
	if (!err)
		err = keep_earlier(j);
	if (!err)
		err = file_write(j->path, file.data, file.len);
	tls_cleanse(&file);
	return err;
}

static void
finish_import(struct job *j)
{
	reply_id(j);
	j->id->on_replaced(j->id->ctx);
}

static int
call_import(struct ipc_call *call)
{
	return begin(call, 1, run_import, finish_import);
}

/* ---- id.passphrase ---- */

static int
run_passphrase(struct job *j)
{
	struct buf old = BUF_INIT(LIMIT_PASSPHRASE + 1), new = BUF_INIT(LIMIT_PASSPHRASE + 1);
	const char *from, *to;
	int err = take_passphrase(&j->fds[0], &old, &from);
	if (!err)
		err = take_passphrase(&j->fds[1], &new, &to);
	if (!err)
		err = tls_identity_set_passphrase(j->path, from, to);
	tls_cleanse(&old);
	tls_cleanse(&new);
	return err;
}

static int
call_passphrase(struct ipc_call *call)
{
	return begin(call, 2, run_passphrase, reply_id);
}

/* ---- id.hand-over ---- */

static int
run_hand_over(struct job *j)
{
	struct buf file = BUF_INIT(LIMIT_IDENTITY_FILE);
	int err = take_key(j, &file);
	tls_cleanse(&file);
	return err;
}

/* Streams to come show the new certificate; those that are open showed the same key. */
static void
finish_hand_over(struct job *j)
{
	struct tls_identity *own = j->id->identity;
	int err = tls_identity_hand_over(j->got, own);
	if (!err)
		err = tls_identity_save_certificate(own, j->path);
	if (!err)
		err = tls_context_renew(j->id->tls, own);
	if (err)
		fail_call(j->call, err);
	else
		(void)call_id(j->call);
}

static int
call_hand_over(struct ipc_call *call)
{
	return begin(call, 1, run_hand_over, finish_hand_over);
}

const struct ipc_method id_methods[] = {
    {"id", "", "Show the key that others know you by", call_id},
    {"id.export", "", "Write your key to a file", call_export},
    {"id.import", "", "Use another key from now on", call_import},
    {"id.passphrase", "", "Lock your key with a passphrase", call_passphrase},
    {"id.hand-over", "", "Have your key succeed an earlier one", call_hand_over},
    {"id.unlock", "", "Unlock the key of a daemon that waits for it", call_id}, /* it is open */
    {0},
};
