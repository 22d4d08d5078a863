/* The porter's own side: it reads requests, judges them, and answers. */
#define _GNU_SOURCE /* syncfs, fdopendir, close_range */
#include "base/err.h"
#include "base/log.h"
#include "transfer/name.h"
#include "transfer/porter_beneath.h"
#include "transfer/porter_grants.h"
#include "transfer/porter_wire.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#define HIDDEN ".earshot-"

enum { STACK_SIZE = 256 * 1024 };

struct lane {
	struct grants *grants;              /* borrowed */
	const struct porter_keeper *keeper; /* borrowed; NULL: none */
	int sock;
	pthread_t thread;
};

struct call {
	struct grants *grants;
	const struct porter_keeper *keeper;
	const struct porter_request *request;
	const char *a, *b; /* end with a NUL, and hold none */
	int fd;            /* that came with it, -1 */
	struct porter_reply *reply;
	int answer;             /* a descriptor to give, -1; moves */
	struct porter_fds many; /* or several */
};

/* ---- grants ---- */

static void
set_text(struct porter_reply *r, const char *text, size_t len)
{
	if (len >= sizeof(r->text))
		len = sizeof(r->text) - 1;
	memcpy(r->text, text, len);
	r->text_len = (uint32_t)len;
}

static void
describe(const struct granted *x, struct porter_reply *r)
{
	const char *slash = strrchr(x->path, '/');
	const char *name = slash ? slash + 1 : x->path;
	r->folder = x->folder;
	r->numbers[0] = x->folder ? 0 : (uint64_t)x->st.st_size;
	r->numbers[1] = (uint64_t)x->st.st_mtim.tv_sec;
	set_text(r, name, strlen(name));
}

static int
grant(struct call *c)
{
	struct granted x;
	int err = grants_add(c->grants, c->request->token, c->fd, c->request->flag, &x);
	if (err)
		return err;
	describe(&x, c->reply);
	granted_finish(&x);
	return 0;
}

static int
recall(struct call *c)
{
	struct granted x;
	int err = grants_find(c->grants, c->request->token, false, &x);
	if (err)
		return err;
	describe(&x, c->reply);
	granted_finish(&x);
	return 0;
}

static int
revoke_grant(struct call *c)
{
	grants_drop(c->grants, c->request->token);
	return 0;
}

/* A folder is named by who hands it over: the daemon itself cannot have opened one. */
static int
keep_setting(struct call *c)
{
	char path[PATH_MAX];
	unsigned line = 0;
	bool folder = c->fd >= 0;
	const char *value = folder ? path : c->request->flag ? NULL : c->b;
	int err = folder ? grants_check_target(c->grants, c->fd, path) : 0;
	if (!err && !c->keeper)
		err = ERR_UNSUPPORTED;
	if (!err)
		err = c->keeper->keep(c->keeper->ctx, c->a, value, folder, &line);
	if (err)
		return err;
	c->reply->numbers[0] = line;
	if (value)
		set_text(c->reply, value, strlen(value));
	return 0;
}

static int
keep(struct call *c)
{
	return grants_keep(c->grants, c->a, c->request->a_len / PORTER_DIGITS);
}

/* ---- reading ---- */

static bool
is_hidden(const char *path)
{
	return strncmp(path, HIDDEN, strlen(HIDDEN)) == 0;
}

/* In a folder to receive in, only what is ours may be touched. */
static int
find_target(struct call *c, struct granted *out)
{
	if (!is_hidden(c->a))
		return -EACCES;
	int err = grants_find(c->grants, c->request->token, true, out);
	if (!err && !out->target) {
		granted_finish(out);
		err = -EACCES;
	}
	return err;
}

static int
open_granted(struct call *c)
{
	struct granted x;
	struct stat st;
	bool itself = !c->a[0];
	int err = grants_find(c->grants, c->request->token, true, &x);
	if (err)
		return err;
	if (itself ? x.target : x.target ? !is_hidden(c->a) : !x.folder)
		err = -EACCES;
	if (!err && !itself) {
		c->answer = beneath_read(x.fd, c->a, &st);
	} else if (!err && x.folder) {
		c->answer = beneath_read(x.fd, ".", &st);
	} else if (!err) {
		c->answer = beneath_reopen(x.fd);
	}
	granted_finish(&x);
	return err ? err : c->answer < 0 ? c->answer : 0;
}

/* ---- receiving ---- */

static int
create(struct call *c)
{
	struct granted x;
	int err = find_target(c, &x);
	if (err)
		return err;
	c->answer = beneath_create(x.fd, c->a, c->request->flag);
	granted_finish(&x);
	return c->answer < 0 ? c->answer : 0;
}

/* Each of a batch, until one fails: what it gives is a descriptor, or -1 for nothing to give. */
static int
for_each(struct call *c, int (*fn)(const struct granted *x, const char *path, bool folder, int *fd))
{
	struct granted x;
	const char *end = c->a + c->request->a_len;
	int err = grants_find(c->grants, c->request->token, true, &x);
	if (err)
		return err;
	for (const char *p = c->a; !err && p < end; p += strlen(p) + 1) {
		int fd = -1;
		if (c->many.count == PORTER_BATCH || (*p != 'f' && *p != 'd'))
			err = -EINVAL;
		else
			err = fn(&x, p + 1, *p == 'd', &fd);
		if (fd >= 0)
			c->many.list[c->many.count++] = fd;
		if (!err)
			c->reply->numbers[0]++;
	}
	granted_finish(&x);
	return err;
}

static int
make_one(const struct granted *x, const char *path, bool folder, int *fd)
{
	if (!x->target || !is_hidden(path))
		return -EACCES;
	if (folder)
		return beneath_mkdir(x->fd, path);
	*fd = beneath_create(x->fd, path, false);
	return *fd < 0 ? *fd : 0;
}

static int
make(struct call *c)
{
	return for_each(c, make_one);
}

static int
open_one(const struct granted *x, const char *path, bool folder, int *fd)
{
	struct stat st;
	(void)folder;
	if (!path[0] || (x->target ? !is_hidden(path) : !x->folder))
		return -EACCES;
	*fd = beneath_read(x->fd, path, &st);
	return *fd < 0 ? *fd : 0;
}

static int
open_batch(struct call *c)
{
	return for_each(c, open_one);
}

static int
make_folder(struct call *c)
{
	struct granted x;
	int err = find_target(c, &x);
	if (err)
		return err;
	err = beneath_mkdir(x.fd, c->a);
	granted_finish(&x);
	return err;
}

static int
sync_part(int dir, const char *part)
{
	struct stat st;
	int fd = beneath_read(dir, part, &st);
	if (fd < 0)
		return fd;
	int rc = S_ISDIR(st.st_mode) ? syncfs(fd) : fchmod(fd, 0600) < 0 ? -1 : fsync(fd);
	int err = rc < 0 ? -errno : 0;
	(void)close(fd);
	return err;
}

static int
sync_folder(int dir)
{
	int fd = beneath_open(dir, ".", O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return fd;
	int err = fsync(fd) < 0 ? -errno : 0;
	(void)close(fd);
	return err == -EINVAL ? 0 : err; /* some file systems have nothing to sync there */
}

static int
rename_numbered(int dir, const char *part, const char *wanted, struct buf *name)
{
	int err = -EEXIST;
	for (unsigned n = 1; err == -EEXIST && n <= LIMIT_NAME_NUMBER; n++) {
		buf_clear(name);
		transfer_name_number(wanted, n, name);
		err = buf_err(name);
		if (!err)
			err = beneath_rename(dir, part, buf_cstr(name));
	}
	return err;
}

static int
place(struct call *c)
{
	struct granted x;
	struct buf name = BUF_INIT(NAME_MAX);
	if (strchr(c->a, '/') || !transfer_name_is_clean(c->b))
		return -EINVAL;
	int err = find_target(c, &x);
	if (err)
		return err;
	err = sync_part(x.fd, c->a);
	if (!err)
		err = rename_numbered(x.fd, c->a, c->b, &name);
	if (!err)
		err = sync_folder(x.fd);
	if (!err)
		set_text(c->reply, name.data, name.len);
	buf_finish(&name);
	granted_finish(&x);
	return err;
}

static int
remove_part(struct call *c)
{
	const char *last;
	struct granted x;
	int err = find_target(c, &x);
	if (err)
		return err;
	int parent = beneath_open_parent(x.fd, c->a, &last);
	if (parent >= 0) {
		err = beneath_remove(parent, last);
		(void)close(parent);
	} else {
		err = parent == -ENOENT ? 0 : parent;
	}
	granted_finish(&x);
	return err;
}

static int
tell_space(struct call *c)
{
	struct granted x;
	struct statvfs fs;
	int err = grants_find(c->grants, c->request->token, false, &x);
	if (err)
		return err;
	if (fstatvfs(x.fd, &fs) < 0)
		err = -errno;
	granted_finish(&x);
	if (err)
		return err;
	c->reply->numbers[0] = (uint64_t)fs.f_bavail * fs.f_frsize;
	c->reply->numbers[1] = (uint64_t)fs.f_blocks * fs.f_frsize;
	return 0;
}

/* ".earshot-", 32 digits, ".part" or ".tree". */
static bool
is_leftover(const char *name, const char *ids, size_t count)
{
	const char *id = name + strlen(HIDDEN);
	if (!is_hidden(name) || strspn(id, "0123456789abcdef") != PORTER_DIGITS ||
	    (strcmp(id + PORTER_DIGITS, ".part") != 0 && strcmp(id + PORTER_DIGITS, ".tree") != 0))
		return false;
	for (size_t i = 0; i < count; i++)
		if (memcmp(ids + i * PORTER_DIGITS, id, PORTER_DIGITS) == 0)
			return false;
	return true;
}

static int
sweep_folder(int dir, const char *ids, size_t count)
{
	int fd = beneath_open(dir, ".", O_RDONLY | O_DIRECTORY, 0), err = 0;
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	if (!list) {
		err = fd < 0 ? fd : -errno;
		if (fd >= 0)
			(void)close(fd);
		return err;
	}
	for (struct dirent *e; (e = readdir(list));) { // NOLINT(concurrency-mt-unsafe)
		int failed = is_leftover(e->d_name, ids, count) ? beneath_remove(fd, e->d_name) : 0;
		err = err ? err : failed;
	}
	(void)closedir(list);
	return err;
}

static int
sweep(struct call *c)
{
	struct granted x;
	struct stat st;
	const char *token = c->request->token;
	/* the download folder is not made for this */
	if (strcmp(token, PORTER_DOWNLOADS) == 0 && stat(c->grants->downloads, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	int err = grants_find(c->grants, token, false, &x);
	if (err)
		return err;
	err = x.target ? sweep_folder(x.fd, c->a, c->request->a_len / PORTER_DIGITS) : -EACCES;
	granted_finish(&x);
	return err;
}

static int
tell_path(struct call *c)
{
	struct granted x;
	int err = grants_find(c->grants, c->request->token, false, &x);
	if (err)
		return err;
	set_text(c->reply, x.path, strlen(x.path));
	granted_finish(&x);
	return 0;
}

static int (*const calls[PORTER_CALLS])(struct call *) = {
    [PORTER_GRANT] = grant,
    [PORTER_RECALL] = recall,
    [PORTER_REVOKE] = revoke_grant,
    [PORTER_KEEP] = keep,
    [PORTER_OPEN] = open_granted,
    [PORTER_CREATE] = create,
    [PORTER_MKDIR] = make_folder,
    [PORTER_PLACE] = place,
    [PORTER_REMOVE] = remove_part,
    [PORTER_SPACE] = tell_space,
    [PORTER_SWEEP] = sweep,
    [PORTER_PATH] = tell_path,
    [PORTER_MAKE] = make,
    [PORTER_OPEN_BATCH] = open_batch,
    [PORTER_SETTING] = keep_setting,
};

/* ---- serving ---- */

/* Both texts end where they say, and hold no NUL before, but for batches. */
static bool
find_texts(const char *packet, size_t len, struct call *c)
{
	const struct porter_request *r = c->request;
	size_t head = sizeof(*r);
	if (len < head + 2 || r->call >= PORTER_CALLS || r->token[PORTER_TOKEN_SIZE - 1] ||
	    r->a_len > len || r->b_len > len || head + r->a_len + r->b_len + 2 != len)
		return false;
	c->a = packet + head;
	c->b = c->a + r->a_len + 1;
	bool list = r->call == PORTER_KEEP || r->call == PORTER_SWEEP;
	bool batch = r->call == PORTER_MAKE || r->call == PORTER_OPEN_BATCH;
	return c->a[r->a_len] == '\0' && strnlen(c->b, r->b_len + 1) == r->b_len &&
	       (batch || strlen(c->a) == r->a_len) && (list || batch || r->a_len < PATH_MAX);
}

static void
serve_one(struct lane *lane, const char *packet, size_t len, const struct porter_fds *came)
{
	struct porter_request request = {0};
	struct porter_reply reply = {0};
	struct call c = {.grants = lane->grants,
	    .keeper = lane->keeper,
	    .request = &request,
	    .fd = came->count > 0 ? came->list[0] : -1,
	    .reply = &reply,
	    .answer = -1};
	memcpy(&request, packet, len < sizeof(request) ? len : sizeof(request));
	reply.serial = request.serial;
	reply.err = find_texts(packet, len, &c) ? calls[request.call](&c) : -EINVAL;
	const struct iovec part = {&reply, offsetof(struct porter_reply, text) + reply.text_len};
	/* the daemon has ended: so does this lane */
	if (c.answer >= 0)
		c.many = (struct porter_fds){.count = 1, .list = {c.answer}};
	(void)!porter_send(lane->sock, &part, 1, &c.many, 0);
	porter_fds_close(&c.many);
}

static void *
serve_lane(void *arg)
{
	struct lane *lane = arg;
	char *packet = malloc(LIMIT_PORTER_REQUEST);
	if (!packet)
		return NULL;
	for (;;) {
		struct porter_fds came;
		ssize_t n = porter_receive(lane->sock, packet, LIMIT_PORTER_REQUEST, &came);
		if (n == -EMFILE)
			continue; /* who asked waits no longer than it must */
		if (n <= 0)
			break;
		serve_one(lane, packet, (size_t)n, &came);
		porter_fds_close(&came);
	}
	free(packet);
	(void)shutdown(lane->sock, SHUT_RDWR);
	return NULL;
}

/* Ends with the daemon, however that ends: not by the signals that a terminal or a service manager
 * sends to both. */
static void
ignore_signals(void)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1, SIGUSR2};
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		(void)signal(numbers[i], SIG_IGN);
}

static void
confine(enum confine_mode mode)
{
	int err = confine_process();
	if (err)
		log_warn(NULL, "the porter cannot give up privileges: %s", err_str(err));
	if (mode == CONFINE_OFF || !confine_built())
		return;
	unsigned groups = CONFINE_CALLS_WRITE | CONFINE_CALLS_OFFLINE;
	if (mode == CONFINE_STRICT)
		groups |= CONFINE_CALLS_STRICT;
	err = confine_calls(groups);
	if (err < 0)
		log_warn(NULL, "the porter's system calls are not confined: %s", err_str(err));
}

void
porter_serve(const int socks[PORTER_LANES], const char *downloads, const char *folder,
    enum confine_mode mode, const struct porter_keeper *keeper)
{
	static struct grants grants;
	struct lane lanes[PORTER_LANES];
	pthread_attr_t attr;
	ignore_signals();
	(void)prctl(PR_SET_NAME, "earshot-porter", 0, 0, 0);
	(void)umask(077);
	(void)!chdir("/");
	beneath_init(true);
	int err = grants_init(&grants, folder, downloads);
	confine(mode);
	if (!err)
		err = -pthread_attr_init(&attr);
	struct porter_reply hello = {.err = err};
	const struct iovec part = {&hello, offsetof(struct porter_reply, text)};
	int failed = porter_send(socks[PORTER_QUICK], &part, 1, NULL, 0);
	if (err || failed)
		return;
	(void)pthread_attr_setstacksize(&attr, STACK_SIZE);
	for (size_t i = 0; i < PORTER_LANES; i++) {
		lanes[i] = (struct lane){.grants = &grants, .keeper = keeper, .sock = socks[i]};
		if (i > 0 && pthread_create(&lanes[i].thread, &attr, serve_lane, &lanes[i]) != 0)
			return;
	}
	(void)serve_lane(&lanes[0]);
	for (size_t i = 1; i < PORTER_LANES; i++)
		(void)pthread_join(lanes[i].thread, NULL);
}
