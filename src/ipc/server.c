#define _GNU_SOURCE /* accept4 */
#include "base/err.h"
#include "base/log.h"
#include "base/tr.h"
#include "ipc/internal.h"
#include "wire/rpc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	KEEP_LINE = 64 * 1024,
	ACCEPT_TURN = 16,      /* connections accepted before others' turn */
	ACCEPT_PAUSE = 200,    /* ms without accepting when descriptors have run out */
	CLOSE_PATIENCE = 1000, /* ms for clients to read what is left */
};

static void
destroy(struct ipc_server *s)
{
	MAP_FOREACH (node, &s->methods)
		free(node->value);
	map_finish(&s->methods);
	LIST_FOREACH (node, &s->tables) {
		struct method_table *t = container_of(node, struct method_table, node);
		free(t);
	}
	buf_finish(&s->line);
	free(s->path);
	free(s);
}

void
server_handle_closed(struct ipc_server *s)
{
	if (--s->handles > 0)
		return;
	void (*done)(void *) = s->done;
	void *ctx = s->done_ctx;
	destroy(s);
	if (done)
		done(ctx);
}

static void
on_closed(uv_handle_t *h)
{
	server_handle_closed(h->data);
}

static void
on_turn(uv_idle_t *h)
{
	struct ipc_server *s = container_of(h, struct ipc_server, turn);
	bool more = false;
	(void)uv_idle_stop(h); /* first: what runs below may wake us again */
	if (s->line.cap > KEEP_LINE)
		buf_finish(&s->line);
	if (s->topics_dropped) {
		s->topics_dropped = false;
		if (s->log && s->log->on_topics)
			s->log->on_topics(s->log_ctx);
	}
	LIST_FOREACH (node, &s->clients) {
		struct ipc_client *c = container_of(node, struct ipc_client, node);
		if (!c->closing && client_turn(c))
			more = true;
		if (s->closing && !c->closing && !c->blocked)
			client_close(c);
	}
	if (s->closing && s->client_count == 0) {
		uv_close((uv_handle_t *)&s->turn, on_closed);
		uv_close((uv_handle_t *)&s->timer, on_closed);
		uv_close((uv_handle_t *)&s->cut, on_closed);
	} else if (more) {
		server_wake(s);
	}
}

/* An idle handle keeps the loop from sleeping: whatever phase this is called from, the turn
 * comes before the next wait, and all that was queued in between goes out in one write. */
void
server_wake(struct ipc_server *s)
{
	if (!uv_is_closing((uv_handle_t *)&s->turn))
		(void)uv_idle_start(&s->turn, on_turn);
}

static void
on_cut_over(uv_timer_t *h)
{
	struct ipc_server *s = h->data;
	LIST_FOREACH (node, &s->clients) {
		struct ipc_client *c = container_of(node, struct ipc_client, node);
		if (c->cut && !c->closing && c->cut_until <= uv_now(s->loop))
			client_close(c);
	}
	server_await_cut(s);
}

void
server_await_cut(struct ipc_server *s)
{
	uint64_t now = uv_now(s->loop);
	uint64_t soonest = UINT64_MAX;
	LIST_FOREACH (node, &s->clients) {
		const struct ipc_client *c = container_of(node, struct ipc_client, node);
		if (c->cut && !c->closing && c->cut_until < soonest)
			soonest = c->cut_until;
	}
	if (soonest < UINT64_MAX && !uv_is_closing((uv_handle_t *)&s->cut))
		(void)uv_timer_start(&s->cut, on_cut_over, soonest > now ? soonest - now : 0, 0);
}

int
ipc_server_create(uv_loop_t *loop, struct ipc_server **out)
{
	struct ipc_server *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->loop = loop;
	s->listen_fd = s->lock_fd = -1;
	s->uid = geteuid();
	s->patience = LIMIT_CUT_OFF_SECONDS * UINT64_C(1000);
	list_init(&s->clients);
	list_init(&s->tables);
	map_init(&s->methods);
	buf_init(&s->line, LIMIT_ANSWER);
	int err = ipc_server_add(s, builtin_methods, s);
	if (err) {
		destroy(s);
		return err;
	}
	/* these cannot fail: they ask the system for nothing */
	(void)uv_idle_init(loop, &s->turn);
	(void)uv_timer_init(loop, &s->timer);
	(void)uv_timer_init(loop, &s->cut);
	s->turn.data = s->timer.data = s->cut.data = s->accept.data = s;
	s->handles = 3;
	*out = s;
	return 0;
}

int
ipc_server_add(struct ipc_server *s, const struct ipc_method *table, void *ctx)
{
	struct method_table *t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->methods = table;
	t->ctx = ctx;
	list_insert(&s->tables, &t->node);
	for (const struct ipc_method *def = table; def->name; def++) {
		if (map_get(&s->methods, def->name))
			return -EEXIST;
		struct method *m = calloc(1, sizeof(*m));
		if (!m)
			return -ENOMEM;
		*m = (struct method){.def = def, .ctx = ctx};
		int err = map_set(&s->methods, def->name, m);
		if (err) {
			free(m);
			return err;
		}
	}
	return 0;
}

/* One client too many is told so, as an answer to whatever it is about to ask. */
static void
turn_away(struct ipc_server *s, int fd)
{
	log_warn(NULL, "more than %d clients, one turned away", LIMIT_CLIENTS);
	buf_clear(&s->line);
	rpc_write_error(
	    &s->line, NULL, RPC_FAILED, TR("The daemon serves too many clients."), IPC_BUSY, NULL);
	if (!buf_err(&s->line))
		(void)send(fd, s->line.data, s->line.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
}

static void
admit(struct ipc_server *s, int fd)
{
	uid_t uid;
	int err = socket_peer_uid(fd, &uid);
	if (!err && uid != s->uid) {
		log_warn(NULL, "uid=%u is not ours, turned away unheard", uid);
		close(fd);
	} else if (err) {
		log_warn(NULL, "a client without credentials, turned away: %s", err_str(err));
		close(fd);
	} else if (s->client_count >= LIMIT_CLIENTS) {
		turn_away(s, fd);
	} else {
		err = client_create(s, fd);
		if (err)
			log_error(NULL, "a client could not be taken on: %s", err_str(err));
	}
}

static void on_accept(uv_poll_t *h, int status, int events);

static void
on_accept_again(uv_timer_t *h)
{
	struct ipc_server *s = h->data;
	int err = uv_poll_start(&s->accept, UV_READABLE, on_accept);
	if (err)
		log_error(NULL, "no more clients are accepted: %s", err_str(err));
}

static void
on_accept(uv_poll_t *h, int status, int events)
{
	struct ipc_server *s = h->data;
	(void)events;
	for (unsigned i = 0; status == 0 && i < ACCEPT_TURN; i++) {
		int fd = accept4(s->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0)
			admit(s, fd);
		else if (errno == EAGAIN)
			return;
		else if (errno != EINTR && errno != ECONNABORTED)
			status = -errno;
	}
	if (status == 0)
		return;
	/* out of descriptors or memory: the connection stays in the queue and would wake us
	 * again at once, for ever */
	log_error(NULL, "cannot accept clients for a moment: %s", err_str(status));
	(void)uv_poll_stop(h);
	(void)uv_timer_start(&s->timer, on_accept_again, ACCEPT_PAUSE, 0);
}

int
ipc_server_listen(struct ipc_server *s, const char *path, int fd)
{
	if (s->listen_fd >= 0 || s->closing)
		return -EALREADY;
	char *own_path = NULL;
	int err = 0;
	if (fd >= 0) {
		err = socket_check_listening(fd);
	} else {
		own_path = strdup(path);
		err = own_path ? socket_listen(path, &fd, &s->lock_fd) : -ENOMEM;
	}
	if (err) {
		free(own_path);
		return err;
	}
	s->listen_fd = fd;
	s->path = own_path;
	err = uv_poll_init(s->loop, &s->accept, fd);
	if (err)
		return err; /* ipc_server_close() cleans up */
	s->handles++;
	return uv_poll_start(&s->accept, UV_READABLE, on_accept);
}

static void
on_patience_over(uv_timer_t *h)
{
	struct ipc_server *s = h->data;
	LIST_FOREACH (node, &s->clients)
		client_close(container_of(node, struct ipc_client, node));
	server_wake(s);
}

static void
stop_listening(struct ipc_server *s)
{
	if (s->path)
		(void)unlink(s->path); /* still ours: we hold the lock */
	if (uv_handle_get_type((uv_handle_t *)&s->accept) == UV_POLL) {
		(void)uv_poll_stop(&s->accept);
		uv_close((uv_handle_t *)&s->accept, on_closed);
	}
	if (s->listen_fd >= 0)
		close(s->listen_fd);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	s->listen_fd = s->lock_fd = -1;
}

void
ipc_server_close(struct ipc_server *s, void (*done)(void *ctx), void *ctx)
{
	if (!s || s->closing)
		return;
	s->closing = true;
	s->log = NULL;
	s->done = done;
	s->done_ctx = ctx;
	stop_listening(s);
	(void)uv_timer_start(&s->timer, on_patience_over, CLOSE_PATIENCE, 0);
	server_wake(s);
}

void
ipc_server_refuse(struct ipc_server *s)
{
	s->refusing = true;
	s->log = NULL;
}

void
ipc_server_lock(struct ipc_server *s)
{
	s->locked = true;
}

size_t
ipc_server_clients(const struct ipc_server *s)
{
	return s->client_count;
}

bool
ipc_has_subscribers(const struct ipc_server *s, const char *topic)
{
	LIST_FOREACH (node, &s->clients) {
		const struct ipc_client *c = container_of(node, struct ipc_client, node);
		if (!c->closing && client_wants(c, topic))
			return true;
	}
	return false;
}

void
ipc_set_log(struct ipc_server *s, const struct ipc_log_source *source, void *ctx)
{
	s->log = source;
	s->log_ctx = ctx;
}

/* Whether a client is told this event now; number 0: it has none. */
static bool
takes(const struct ipc_client *c, const char *topic, int64_t number)
{
	if (c->closing || !client_wants(c, topic))
		return false;
	return number == 0 || (!c->replay.on && number > c->place);
}

static bool
anybody_takes(const struct ipc_server *s, const char *topic, int64_t number)
{
	LIST_FOREACH (node, &s->clients)
		if (takes(container_of(node, struct ipc_client, node), topic, number))
			return true;
	return false;
}

static void
publish(struct ipc_server *s, const char *topic, int64_t number, struct value *event)
{
	bool taken = anybody_takes(s, topic, number);
	value_set_str(event, "event", topic);
	buf_clear(&s->line);
	if (taken)
		rpc_write_notification(&s->line, "event", event, 0);
	value_free(event);
	int err = buf_err(&s->line);
	if (err)
		log_error(NULL, "event=%s is lost: %s", topic, err_str(err));
	/* without memory it is lost for now only, if it is in the log */
	bool again = err == -ENOMEM && number > 0;
	if (!taken || (err && !again))
		return;
	LIST_FOREACH (node, &s->clients) {
		struct ipc_client *c = container_of(node, struct ipc_client, node);
		if (!takes(c, topic, number))
			continue;
		if (again)
			client_cut(c, TR("The daemon is out of memory."));
		else if (client_send_line(c) && number > 0)
			c->place = number;
	}
}

void
ipc_publish(struct ipc_server *s, const char *topic, struct value *event)
{
	publish(s, topic, 0, event);
}

void
ipc_publish_numbered(struct ipc_server *s, const char *topic, int64_t number, struct value *event)
{
	value_set_int(event, "number", number);
	publish(s, topic, number, event);
	if (number > s->published)
		s->published = number;
}
