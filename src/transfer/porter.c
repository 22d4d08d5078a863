/* The daemon's side of the porter: it starts it, asks, and waits. */
#define _GNU_SOURCE /* close_range */
#include "transfer/porter.h"

#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "base/paths.h"
#include "transfer/porter_wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FIRST_SOCK = 3, STOP_TRIES = 200 /* 10 ms apart */ };

struct way {
	int sock;
	bool taken;
	uint32_t serial;
};

struct porter {
	pthread_mutex_t lock; /* of ways and gone */
	pthread_cond_t freed;
	struct way ways[PORTER_LANES];
	pid_t pid;
	bool gone;
};

/* ---- starting ---- */

/* In the child. Nothing of the daemon's stays open: not its lock, not what it was given. */
static void
become_porter(int socks[PORTER_LANES], const char *downloads, const char *grants,
    enum confine_mode mode, const struct porter_keeper *keeper)
{
	int kept[PORTER_LANES];
	const int above = FIRST_SOCK + PORTER_LANES;
	for (int i = 0; i < PORTER_LANES; i++)
		kept[i] = fcntl(socks[i], F_DUPFD_CLOEXEC, above);
	for (int i = 0; i < PORTER_LANES; i++) {
		if (kept[i] < 0 || dup3(kept[i], FIRST_SOCK + i, O_CLOEXEC) < 0)
			return;
		kept[i] = FIRST_SOCK + i;
	}
	if (close_range((unsigned)above, ~0U, 0) < 0) {
		long most = sysconf(_SC_OPEN_MAX);
		for (int fd = above; fd < most; fd++)
			(void)close(fd);
	}
	porter_serve(kept, downloads, grants, mode, keeper);
}

static int
make_grants(char **out)
{
	int err = paths_make(PATHS_DATA);
	if (!err)
		err = paths_get(PATHS_DATA, "grants", out);
	if (!err && mkdir(*out, 0700) < 0 && errno != EEXIST)
		err = -errno;
	return err;
}

/* Until it has given up what it does not need: nothing may be asked of it before. */
static int
wait_ready(int sock)
{
	struct porter_reply reply = {0};
	struct pollfd ready = {.fd = sock, .events = POLLIN};
	struct porter_fds fds;
	int rc;
	do {
		rc = poll(&ready, 1, LIMIT_PORTER_WAIT);
	} while (rc < 0 && errno == EINTR);
	if (rc <= 0)
		return rc ? -errno : -ETIMEDOUT;
	ssize_t n = porter_receive(sock, &reply, sizeof(reply), &fds);
	porter_fds_close(&fds);
	if (n < (ssize_t)offsetof(struct porter_reply, text))
		return n < 0 ? (int)n : ERR_PORTER;
	return reply.err;
}

static void
close_all(const int *fds)
{
	for (int i = 0; i < PORTER_LANES; i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
}

static int
start(struct porter *p, const char *downloads, const char *grants, enum confine_mode mode,
    const struct porter_keeper *keeper)
{
	int ours[PORTER_LANES], theirs[PORTER_LANES], err = 0;
	memset(ours, -1, sizeof(ours));
	memset(theirs, -1, sizeof(theirs));
	for (int i = 0; !err && i < PORTER_LANES; i++) {
		int ends[2];
		err = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0 ? -errno : 0;
		if (!err) {
			ours[i] = ends[0];
			theirs[i] = ends[1];
		}
	}
	p->pid = err ? -1 : fork();
	if (!err && p->pid < 0)
		err = -errno;
	if (p->pid == 0) {
		become_porter(theirs, downloads, grants, mode, keeper);
		_exit(0);
	}
	close_all(theirs);
	if (!err) {
		err = wait_ready(ours[PORTER_QUICK]);
		if (err) {
			(void)kill(p->pid, SIGKILL);
			(void)waitpid(p->pid, NULL, 0);
		}
	}
	if (err)
		close_all(ours);
	for (int i = 0; !err && i < PORTER_LANES; i++)
		p->ways[i].sock = ours[i];
	return err;
}

int
porter_start_keeping(const char *downloads, enum confine_mode mode,
    const struct porter_keeper *keeper, struct porter **out)
{
	char *grants = NULL;
	struct porter *p = calloc(1, sizeof(*p));
	int err = p ? make_grants(&grants) : -ENOMEM;
	if (!err) {
		(void)pthread_mutex_init(&p->lock, NULL);
		(void)pthread_cond_init(&p->freed, NULL);
		err = start(p, downloads, grants, mode, keeper);
	}
	free(grants);
	if (err)
		free(p);
	else
		*out = p;
	return err;
}

int
porter_start_confined(const char *downloads, enum confine_mode mode, struct porter **out)
{
	return porter_start_keeping(downloads, mode, NULL, out);
}

int
porter_start(const char *downloads, struct porter **out)
{
	return porter_start_confined(downloads, CONFINE_ON, out);
}

/* Takes its end in, if it has ended. With the lock. */
static void
notice_end(struct porter *p)
{
	p->gone = true;
	if (p->pid > 0 && waitpid(p->pid, NULL, WNOHANG) == p->pid)
		p->pid = -1;
}

void
porter_stop(struct porter *p)
{
	if (!p)
		return;
	for (int i = 0; i < PORTER_LANES; i++)
		(void)close(p->ways[i].sock);
	/* it finishes what it does; one that hangs on a disk is left to the system */
	for (int i = 0; i < STOP_TRIES && p->pid > 0; i++) {
		notice_end(p);
		if (p->pid > 0)
			(void)nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	}
	(void)pthread_mutex_destroy(&p->lock);
	(void)pthread_cond_destroy(&p->freed);
	free(p);
}

void
porter_describe(struct porter *p, struct buf *out)
{
	if (!p) {
		buf_str(out, "none");
		return;
	}
	(void)pthread_mutex_lock(&p->lock);
	if (p->pid > 0 && waitpid(p->pid, NULL, WNOHANG) == p->pid) {
		p->pid = -1;
		p->gone = true;
	}
	if (p->gone)
		buf_str(out, "ended");
	else
		buf_fmt(out, "process %d", (int)p->pid);
	(void)pthread_mutex_unlock(&p->lock);
}

/* ---- asking ---- */

static struct way *
take_way(struct porter *p, bool quick)
{
	struct way *found = NULL;
	size_t from = quick ? PORTER_QUICK : PORTER_QUICK + 1;
	size_t to = quick ? PORTER_QUICK + 1 : PORTER_LANES;
	(void)pthread_mutex_lock(&p->lock);
	while (!found && !p->gone) {
		for (size_t i = from; !found && i < to; i++)
			if (!p->ways[i].taken)
				found = &p->ways[i];
		if (!found)
			(void)pthread_cond_wait(&p->freed, &p->lock);
	}
	if (found)
		found->taken = true;
	(void)pthread_mutex_unlock(&p->lock);
	return found;
}

static void
leave_way(struct porter *p, struct way *w, bool ended)
{
	(void)pthread_mutex_lock(&p->lock);
	if (ended && !p->gone) {
		log_error(NULL, "the porter has ended: files can be neither sent nor received");
		notice_end(p);
	}
	w->taken = false;
	(void)pthread_cond_broadcast(&p->freed);
	(void)pthread_mutex_unlock(&p->lock);
}

static bool
is_end(int err)
{
	return err == -EPIPE || err == -ECONNRESET || err == -EBADF || err == -ENOTCONN;
}

/* A reply to an earlier request, which nobody waited for, is dropped. */
static int
wait_reply(struct way *w, bool quick, struct porter_reply *reply, struct porter_fds *fds)
{
	for (;;) {
		struct pollfd ready = {.fd = w->sock, .events = POLLIN};
		int rc = quick ? poll(&ready, 1, LIMIT_PORTER_WAIT) : 1;
		if (rc == 0)
			return -ETIMEDOUT;
		if (rc < 0 && errno == EINTR)
			continue;
		ssize_t n = porter_receive(w->sock, reply, sizeof(*reply), fds);
		if (n == -EMFILE)
			return -EMFILE; /* the reply came, its descriptors did not */
		if (n < (ssize_t)offsetof(struct porter_reply, text))
			return n < 0 ? (int)n : -EPIPE;
		if (reply->serial == w->serial)
			return 0;
		porter_fds_close(fds);
	}
}

struct question {
	enum porter_call call;
	const char *token;
	const char *a, *b;
	size_t a_len;
	bool flag;
	int fd;
};

/* fds: those that came. */
static int
ask_all(
    struct porter *p, const struct question *q, struct porter_reply *reply, struct porter_fds *fds)
{
	struct porter_request r = {.call = q->call, .flag = q->flag};
	bool quick = q->call == PORTER_GRANT || q->call == PORTER_RECALL ||
		     q->call == PORTER_REVOKE || q->call == PORTER_SETTING;
	const char *b = q->b ? q->b : "";
	size_t b_len = strlen(b);
	fds->count = 0;
	if (!p)
		return ERR_PORTER;
	if (strlen(q->token) >= sizeof(r.token) ||
	    sizeof(r) + q->a_len + b_len + 2 > LIMIT_PORTER_REQUEST)
		return -EINVAL;
	memcpy(r.token, q->token, strlen(q->token));
	r.a_len = (uint32_t)q->a_len;
	r.b_len = (uint32_t)b_len;
	struct way *w = take_way(p, quick);
	if (!w)
		return ERR_PORTER;
	r.serial = ++w->serial;
	char a_end = '\0';
	/* sendmsg(2) changes nothing of what it is given. NOLINTBEGIN(performance-no-int-to-ptr) */
	const struct iovec parts[] = {{&r, sizeof(r)}, {(void *)(uintptr_t)q->a, q->a_len},
	    {&a_end, 1}, {(void *)(uintptr_t)b, b_len + 1}};
	/* NOLINTEND(performance-no-int-to-ptr) */
	const struct porter_fds given = {.count = q->fd >= 0, .list = {q->fd}};
	int err = porter_send(w->sock, parts, ARRAY_LEN(parts), &given, quick ? MSG_DONTWAIT : 0);
	if (!err)
		err = wait_reply(w, quick, reply, fds);
	else if (err == -EAGAIN)
		err = -ETIMEDOUT;
	leave_way(p, w, is_end(err));
	return is_end(err) ? ERR_PORTER : err;
}

/* fd NULL: no descriptor is expected. */
static int
ask(struct porter *p, const struct question *q, struct porter_reply *reply, int *fd)
{
	struct porter_fds fds;
	int err = ask_all(p, q, reply, &fds);
	if (!err)
		err = reply->err;
	if (!err && fd && fds.count == 0)
		err = -EMFILE; /* the system has no room for it */
	if (!err && fd) {
		*fd = fds.list[0];
		return 0;
	}
	porter_fds_close(&fds);
	if (fd)
		*fd = -1;
	return err;
}

static int
ask_path(struct porter *p, enum porter_call call, const char *token, const char *path, bool flag,
    int *fd)
{
	struct porter_reply reply;
	const char *a = path ? path : "";
	const struct question q = {
	    .call = call, .token = token, .a = a, .a_len = strlen(a), .flag = flag, .fd = -1};
	return ask(p, &q, &reply, fd);
}

/* ---- the calls ---- */

static void
take_granted(const struct porter_reply *reply, struct porter_granted *out)
{
	size_t len = reply->text_len < sizeof(out->name) ? reply->text_len : sizeof(out->name) - 1;
	*out = (struct porter_granted){.folder = reply->folder,
	    .size = reply->numbers[0],
	    .mtime = (int64_t)reply->numbers[1]};
	memcpy(out->name, reply->text, len);
}

static int
make_grant(struct porter *p, const char *token, int fd, bool target, struct porter_granted *out)
{
	struct porter_reply reply;
	const struct question q = {
	    .call = PORTER_GRANT, .token = token, .a = "", .flag = target, .fd = fd};
	int err = fd < 0 ? -EBADF : ask(p, &q, &reply, NULL);
	if (fd >= 0)
		(void)close(fd);
	if (!err)
		take_granted(&reply, out);
	return err;
}

int
porter_grant(struct porter *p, const char *token, int fd, struct porter_granted *out)
{
	return make_grant(p, token, fd, false, out);
}

int
porter_grant_target(struct porter *p, const char *token, int fd, struct porter_granted *out)
{
	return make_grant(p, token, fd, true, out);
}

int
porter_recall(struct porter *p, const char *token, struct porter_granted *out)
{
	struct porter_reply reply;
	const struct question q = {.call = PORTER_RECALL, .token = token, .a = "", .fd = -1};
	int err = ask(p, &q, &reply, NULL);
	if (!err)
		take_granted(&reply, out);
	return err;
}

void
porter_revoke(struct porter *p, const char *token)
{
	(void)ask_path(p, PORTER_REVOKE, token, NULL, false, NULL);
}

int
porter_keep_setting(
    struct porter *p, const char *key, const char *value, int fd, struct buf *kept, unsigned *line)
{
	struct porter_reply reply;
	const struct question q = {.call = PORTER_SETTING,
	    .token = "",
	    .a = key,
	    .a_len = strlen(key),
	    .b = value,
	    .flag = !value && fd < 0,
	    .fd = fd};
	int err = ask(p, &q, &reply, NULL);
	if (fd >= 0)
		(void)close(fd);
	if (!err)
		*line = (unsigned)reply.numbers[0];
	if (!err && kept)
		buf_add(kept, reply.text, reply.text_len);
	return err;
}

/* A list of ids goes as its digits, one after the other. */
static int
ask_list(struct porter *p, enum porter_call call, const char *token, const char *const *ids,
    size_t count)
{
	struct porter_reply reply;
	struct buf list = BUF_INIT(LIMIT_PORTER_REQUEST);
	for (size_t i = 0; i < count; i++) {
		if (strlen(ids[i]) == PORTER_DIGITS)
			buf_str(&list, ids[i]);
	}
	const struct question q = {
	    .call = call, .token = token, .a = buf_cstr(&list), .a_len = list.len, .fd = -1};
	int err = buf_err(&list);
	if (!err)
		err = ask(p, &q, &reply, NULL);
	buf_finish(&list);
	return err;
}

int
porter_keep_grants(struct porter *p, const char *const *tokens, size_t count)
{
	return ask_list(p, PORTER_KEEP, "", tokens, count);
}

int
porter_sweep(struct porter *p, const char *token, const char *const *ids, size_t count)
{
	return ask_list(p, PORTER_SWEEP, token, ids, count);
}

int
porter_open(struct porter *p, const char *token, const char *path, int *fd)
{
	return ask_path(p, PORTER_OPEN, token, path, false, fd);
}

int
porter_create(struct porter *p, const char *token, const char *path, bool exists, int *fd)
{
	return ask_path(p, PORTER_CREATE, token, path, exists, fd);
}

int
porter_mkdir(struct porter *p, const char *token, const char *path)
{
	return ask_path(p, PORTER_MKDIR, token, path, false, NULL);
}

int
porter_place(
    struct porter *p, const char *token, const char *part, const char *name, struct buf *final_name)
{
	struct porter_reply reply;
	const struct question q = {.call = PORTER_PLACE,
	    .token = token,
	    .a = part,
	    .a_len = strlen(part),
	    .b = name,
	    .fd = -1};
	int err = ask(p, &q, &reply, NULL);
	if (!err && final_name)
		buf_add(final_name, reply.text, reply.text_len);
	return err;
}

int
porter_remove(struct porter *p, const char *token, const char *path)
{
	return ask_path(p, PORTER_REMOVE, token, path, false, NULL);
}

int
porter_space(struct porter *p, const char *token, uint64_t *free_bytes, uint64_t *total)
{
	struct porter_reply reply;
	const struct question q = {.call = PORTER_SPACE, .token = token, .a = "", .fd = -1};
	int err = ask(p, &q, &reply, NULL);
	*free_bytes = err ? 0 : reply.numbers[0];
	*total = err ? 0 : reply.numbers[1];
	return err;
}

int
porter_path(struct porter *p, const char *token, const char *name, struct buf *out)
{
	struct porter_reply reply;
	const struct question q = {.call = PORTER_PATH, .token = token, .a = "", .fd = -1};
	int err = ask(p, &q, &reply, NULL);
	if (err)
		return err;
	buf_add(out, reply.text, reply.text_len);
	if (name) {
		buf_char(out, '/');
		buf_str(out, name);
	}
	return 0;
}

/* ---- batches ---- */

static int
ask_batch(struct porter *p, enum porter_call call, const char *token, struct porter_batch *b)
{
	struct porter_reply reply;
	struct porter_fds fds;
	struct buf list = BUF_INIT(LIMIT_PORTER_REQUEST);
	for (size_t i = b->done; i < b->count; i++) {
		const char *path = porter_batch_path(b, i);
		buf_char(&list, b->folder[i] ? 'd' : 'f');
		buf_add(&list, path, strlen(path) + 1);
	}
	const struct question q = {
	    .call = call, .token = token, .a = buf_cstr(&list), .a_len = list.len, .fd = -1};
	int err = buf_err(&list);
	if (!err)
		err = ask_all(p, &q, &reply, &fds);
	buf_finish(&list);
	if (err)
		return err;
	size_t taken = 0, end = b->done + (size_t)reply.numbers[0];
	for (; b->done < end && b->done < b->count; b->done++) {
		bool none = call == PORTER_MAKE && b->folder[b->done];
		b->fds[b->done] = none || taken >= fds.count ? -1 : fds.list[taken++];
	}
	return reply.err;
}

int
porter_make(struct porter *p, const char *token, struct porter_batch *b)
{
	return ask_batch(p, PORTER_MAKE, token, b);
}

int
porter_open_batch(struct porter *p, const char *token, struct porter_batch *b)
{
	return ask_batch(p, PORTER_OPEN_BATCH, token, b);
}
