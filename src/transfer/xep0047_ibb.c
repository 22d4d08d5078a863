#include "transfer/xep0047_ibb.h"

#include "base/err.h"
#include "base/list.h"
#include "base/str.h"
#include "peer/iq.h"
#include "peer/person.h"
#include "peer/roster.h"
#include "tls/digest.h"
#include "transfer/carrier.h"
#include "xml/elem.h"
#include "xml/ns.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum ibb_state {
	IBB_OPENING, /* <open/> is out, or awaited */
	IBB_OPEN,
	IBB_CLOSING, /* sending: <close/> is out; receiving: it came, and bytes are still to be
			written */
	IBB_OVER,    /* for the owner; the struct waits for answers and for libuv */
};

struct ibb {
	struct list node; /* in roster.bytestreams; in none once it is over */
	struct person *person;
	char sid[LIMIT_SESSION_ID + 1];
	size_t block;
	bool sends; /* and opens it; else they do */
	enum ibb_state state;
	uint16_t seq; /* of the next block */
	bool at_end;  /* sending: the carrier has given all */
	int fd;       /* owned; our end of the socketpair, -1: none */
	int theirs;   /* owned; the carrier's until on_open */
	uv_poll_t poll;
	bool has_poll;
	unsigned asked;   /* our requests that are not answered: the struct stays until they are */
	struct list held; /* struct held, in order */
	size_t held_bytes, held_count;
	const struct ibb_listener *l; /* borrowed */
	void *ctx;
};

/* A block that the carrier has not taken, and that is not confirmed therefore. */
struct held {
	struct list node;
	char *id; /* owned; of the request */
	struct buf bytes;
};

static void
free_when_idle(struct ibb *b)
{
	if (b->state == IBB_OVER && !b->asked && !b->has_poll)
		free(b);
}

static void
on_poll_closed(uv_handle_t *h)
{
	struct ibb *b = h->data;
	b->has_poll = false;
	if (b->fd >= 0)
		(void)close(b->fd);
	b->fd = -1;
	free_when_idle(b);
}

static void
drop_held(struct held *h)
{
	list_remove(&h->node);
	buf_finish(&h->bytes);
	free(h->id);
	free(h);
}

/* Nothing of the owner's is touched any more. */
static void
dismantle(struct ibb *b)
{
	b->state = IBB_OVER;
	list_remove(&b->node);
	LIST_FOREACH (node, &b->held)
		drop_held(container_of(node, struct held, node));
	if (b->theirs >= 0)
		(void)close(b->theirs);
	b->theirs = -1;
	if (b->has_poll && !uv_is_closing((uv_handle_t *)&b->poll))
		uv_close((uv_handle_t *)&b->poll, on_poll_closed);
	free_when_idle(b);
}

static void
end(struct ibb *b, int err)
{
	const struct ibb_listener *l = b->l;
	void *ctx = b->ctx;
	if (b->state == IBB_OVER)
		return;
	dismantle(b);
	l->on_closed(ctx, err);
}

static void
write_sid(struct xml_writer *w, const void *from)
{
	const struct ibb *b = from;
	xml_attr(w, "sid", b->sid);
}

static void
write_open(struct xml_writer *w, const void *from)
{
	const struct ibb *b = from;
	char block[24];
	(void)snprintf(block, sizeof(block), "%zu", b->block);
	xml_attr(w, "block-size", block);
	xml_attr(w, "sid", b->sid);
	xml_attr(w, "stanza", "iq");
}

/* A request of ours was. False: it is over, and b perhaps gone. */
static bool
answered(struct ibb *b)
{
	b->asked--;
	bool alive = b->state != IBB_OVER;
	if (!alive)
		free_when_idle(b);
	return alive;
}

static void
on_closed(void *ctx, struct person *p, int err, const struct xml_elem *payload)
{
	struct ibb *b = ctx;
	(void)p;
	(void)payload;
	if (answered(b))
		end(b, err == ERR_UNSUPPORTED ? 0 : err); /* not known: it is closed already */
}

static void
say_close(struct ibb *b)
{
	int err = iq_put(b->person, NS_IBB, "close", write_sid, b, on_closed, b);
	if (!err)
		b->asked++;
	else if (b->state != IBB_OVER)
		end(b, err);
}

struct block {
	const struct ibb *stream;
	const char *data;
	size_t len;
};

static void
write_data(struct xml_writer *w, const void *from)
{
	const struct block *block = from;
	char seq[16];
	struct buf text = BUF_INIT(2 * (size_t)IBB_BLOCK_MOST);
	(void)snprintf(seq, sizeof(seq), "%u", (unsigned)block->stream->seq);
	xml_attr(w, "seq", seq);
	xml_attr(w, "sid", block->stream->sid);
	digest_base64(&text, block->data, block->len);
	if (buf_err(&text) && !w->out->err)
		w->out->err = buf_err(&text);
	xml_text(w, buf_cstr(&text));
	buf_finish(&text);
}

static void send_blocks(struct ibb *b);

static void
on_confirmed(void *ctx, struct person *p, int err, const struct xml_elem *payload)
{
	struct ibb *b = ctx;
	(void)p;
	(void)payload;
	if (!answered(b))
		return;
	if (err)
		end(b, err);
	else
		send_blocks(b);
}

static void give_held(struct ibb *b);

/* Our end of the pair can be read, or written, again. */
static void
on_ready(uv_poll_t *poll, int status, int events)
{
	struct ibb *b = poll->data;
	(void)events;
	if (status < 0)
		end(b, status);
	else if (b->sends)
		send_blocks(b);
	else
		give_held(b);
}

/* As long as there are bytes and places in the window. */
static void
send_blocks(struct ibb *b)
{
	char data[IBB_BLOCK];
	size_t most = b->block < sizeof(data) ? b->block : sizeof(data);
	int err = 0;
	while (b->state == IBB_OPEN && !b->at_end && b->asked < LIMIT_IBB_WINDOW && !err) {
		ssize_t n = read(b->fd, data, most);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			err = uv_poll_start(&b->poll, UV_READABLE, on_ready);
			if (err)
				end(b, err);
			return;
		}
		if (n < 0) {
			err = -errno;
		} else if (n == 0) {
			b->at_end = true;
		} else {
			const struct block block = {.stream = b, .data = data, .len = (size_t)n};
			err =
			    iq_put(b->person, NS_IBB, "data", write_data, &block, on_confirmed, b);
			if (!err) {
				b->asked++;
				b->seq++;
			}
		}
	}
	(void)uv_poll_stop(&b->poll);
	if (err) {
		end(b, err);
	} else if (b->state == IBB_OPEN && b->at_end && !b->asked) {
		b->state = IBB_CLOSING;
		say_close(b);
	}
}

static void
confirm(struct ibb *b, const char *id)
{
	struct buf stanza = BUF_INIT(LIMIT_STANZA);
	struct xml_writer w = xml_writer_to(&stanza);
	xml_open(&w, NULL, "iq");
	xml_attr(&w, "from", b->person->roster->own_name);
	xml_attr(&w, "to", b->person->instance);
	xml_attr(&w, "type", "result");
	xml_attr(&w, "id", id);
	xml_close(&w);
	/* if it is not sent the stream is gone, which is heard of otherwise */
	(void)!person_send(b->person, &stanza, NULL, NULL);
	buf_finish(&stanza);
}

/* 0: all of it is with the carrier, or -EAGAIN, or another errno. */
static int
give(struct ibb *b, struct buf *bytes)
{
	while (bytes->len > 0) {
		ssize_t n = send(b->fd, bytes->data, bytes->len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		buf_consume(bytes, (size_t)n);
	}
	return 0;
}

static void
give_held(struct ibb *b)
{
	LIST_FOREACH (node, &b->held) {
		struct held *h = container_of(node, struct held, node);
		size_t before = h->bytes.len;
		int err = give(b, &h->bytes);
		b->held_bytes -= before - h->bytes.len;
		if (err == -EAGAIN)
			return;
		if (err) {
			end(b, ERR_CLOSED);
			return;
		}
		confirm(b, h->id);
		b->held_count--;
		drop_held(h);
	}
	(void)uv_poll_stop(&b->poll);
	if (b->state == IBB_CLOSING)
		end(b, 0);
}

static int
hold(struct ibb *b, const char *id, struct buf *bytes)
{
	struct held *h = calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	h->id = strdup(id);
	int err = h->id ? uv_poll_start(&b->poll, UV_WRITABLE, on_ready) : -ENOMEM;
	if (err) {
		drop_held(h);
		return err;
	}
	h->bytes = *bytes;
	*bytes = BUF_INIT(bytes->max);
	b->held_bytes += h->bytes.len;
	b->held_count++;
	list_insert(&b->held, &h->node);
	return 0;
}

/* Moves the bytes. 0: the request is confirmed, now or later. */
static int
take(struct ibb *b, const struct inbound *in, struct buf *bytes)
{
	int err = list_empty(&b->held) ? give(b, bytes) : -EAGAIN;
	if (!err)
		return iq_reply_empty(in);
	if (err == -EAGAIN)
		return hold(b, xml_elem_attr(in->stanza, "id"), bytes);
	return ERR_CLOSED;
}

static struct ibb *
find(const struct person *p, const char *sid)
{
	LIST_FOREACH (node, &p->roster->bytestreams) {
		struct ibb *b = container_of(node, struct ibb, node);
		if (b->person == p && str_equal(b->sid, sid))
			return b;
	}
	return NULL;
}

/* Breaks off: what came makes no sense. */
static int
refuse(struct ibb *b, const struct inbound *in, const char *type, const char *condition, int why)
{
	int err = iq_reply_error(in, type, condition);
	end(b, why);
	return err;
}

static int begin(struct ibb *b) MUST_USE;

static int
answer_open(const struct inbound *in)
{
	struct ibb *b = find(in->from, xml_elem_attr(in->payload, "sid"));
	const char *stanza = xml_elem_attr(in->payload, "stanza");
	const char *size = xml_elem_attr(in->payload, "block-size");
	int64_t block;
	if (!b || b->sends)
		return iq_reply_error(in, "cancel", "item-not-found");
	if (b->state != IBB_OPENING)
		return iq_reply_error(in, "cancel", "unexpected-request");
	if (!size || str_to_int(size, 1, IBB_BLOCK_MOST, &block) != 0)
		return iq_reply_error(in, "modify", "bad-request");
	if (stanza && !str_equal(stanza, "iq")) /* messages are never confirmed */
		return iq_reply_error(in, "cancel", "not-acceptable");
	if ((size_t)block > b->block)
		return iq_reply_error(in, "modify", "resource-constraint");
	b->block = (size_t)block;
	int err = iq_reply_empty(in);
	if (!err)
		err = begin(b);
	if (err)
		end(b, err);
	return 0;
}

static int
answer_data(const struct inbound *in)
{
	struct ibb *b = find(in->from, xml_elem_attr(in->payload, "sid"));
	const char *number = xml_elem_attr(in->payload, "seq");
	int64_t seq;
	if (!b || b->state != IBB_OPEN || b->sends)
		return iq_reply_error(in, "cancel", "item-not-found");
	if (!number || str_to_int(number, 0, UINT16_MAX, &seq) != 0 || seq != b->seq)
		return refuse(b, in, "cancel", "unexpected-request", ERR_PROTO);
	struct buf bytes = BUF_INIT(b->block);
	int err = digest_base64_parse(in->payload->text, &bytes);
	if (err || bytes.len == 0) {
		buf_finish(&bytes);
		return refuse(b, in, "modify", "bad-request", err == -ENOMEM ? err : ERR_PROTO);
	}
	/* no more than a window of ours, or of another client: who sends more does not wait for
	 * what is confirmed */
	if (b->held_bytes + bytes.len > LIMIT_IBB_HELD || b->held_count == LIMIT_IBB_BLOCKS) {
		buf_finish(&bytes);
		return refuse(b, in, "wait", "resource-constraint", ERR_TOO_BIG);
	}
	b->seq++;
	err = take(b, in, &bytes);
	buf_finish(&bytes);
	if (err)
		return refuse(b, in, "cancel", "item-not-found", err);
	return 0;
}

static int
answer_close(const struct inbound *in)
{
	struct ibb *b = find(in->from, xml_elem_attr(in->payload, "sid"));
	if (!b)
		return iq_reply_error(in, "cancel", "item-not-found");
	int err = iq_reply_empty(in);
	if (b->state == IBB_CLOSING && b->sends)
		return err; /* both at once: the answer to ours ends it */
	if (b->state != IBB_OPEN || b->sends) {
		end(b, ERR_CLOSED);
	} else {
		b->state = IBB_CLOSING;
		give_held(b);
	}
	return err;
}

/* ---- the beginning ---- */

/* Both sides have it open. May end it. */
static int
begin(struct ibb *b)
{
	struct carrier_link link;
	carrier_link_init(&link);
	link.fd = b->theirs;
	b->theirs = -1;
	b->state = IBB_OPEN;
	int err = b->sends ? uv_poll_start(&b->poll, UV_READABLE, on_ready) : 0;
	if (!err)
		b->l->on_open(b->ctx, &link);
	carrier_link_finish(&link);
	return err;
}

static void
on_opened(void *ctx, struct person *p, int err, const struct xml_elem *payload)
{
	struct ibb *b = ctx;
	(void)p;
	(void)payload;
	if (!answered(b))
		return;
	if (!err)
		err = begin(b);
	if (err)
		end(b, err);
}

static int
make_pair(struct ibb *b, uv_loop_t *loop)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		return -errno;
	b->fd = pair[0];
	b->theirs = pair[1];
	int err = uv_poll_init(loop, &b->poll, b->fd);
	b->poll.data = b;
	b->has_poll = !err;
	return err;
}

static int
create(struct person *p, bool sends, const char *sid, size_t block, const struct ibb_listener *l,
    void *ctx, struct ibb **out)
{
	if (block < 1 || block > IBB_BLOCK_MOST || str_empty(sid))
		return -EINVAL;
	if (find(p, sid))
		return -EEXIST;
	struct ibb *b = calloc(1, sizeof(*b));
	if (!b)
		return -ENOMEM;
	*b = (struct ibb){.person = p,
	    .block = block,
	    .sends = sends,
	    .fd = -1,
	    .theirs = -1,
	    .l = l,
	    .ctx = ctx};
	list_init(&b->held);
	if (sends && b->block > IBB_BLOCK)
		b->block = IBB_BLOCK;
	int err = str_copy(b->sid, sizeof(b->sid), sid) ? -EINVAL : make_pair(b, p->roster->loop);
	if (!err && sends)
		err = iq_put(p, NS_IBB, "open", write_open, b, on_opened, b);
	if (err) {
		if (!b->has_poll && b->fd >= 0)
			(void)close(b->fd);
		dismantle(b);
		return err;
	}
	b->asked = sends;
	list_insert(&p->roster->bytestreams, &b->node);
	*out = b;
	return 0;
}

int
ibb_expect(struct person *p, const char *sid, size_t block, const struct ibb_listener *l, void *ctx,
    struct ibb **out)
{
	return create(p, false, sid, block, l, ctx, out);
}

int
ibb_open(struct person *p, const char *sid, size_t block, const struct ibb_listener *l, void *ctx,
    struct ibb **out)
{
	return create(p, true, sid, block, l, ctx, out);
}

void
ibb_close(struct ibb *b)
{
	if (!b)
		return;
	bool open = b->state == IBB_OPEN || (b->sends && b->state == IBB_OPENING);
	b->state = IBB_OVER; /* an answer calls nobody from now on */
	if (open)
		say_close(b);
	dismantle(b);
}

/* ---- people ---- */

/* Of that person, or of anybody. */
static struct ibb *
first_of(const struct roster *r, const struct person *p)
{
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): what end() freed is off the list */
	LIST_FOREACH (node, &r->bytestreams) {
		struct ibb *b = container_of(node, struct ibb, node);
		if (!p || b->person == p)
			return b;
	}
	return NULL;
}

static void
on_event(void *ctx, const struct bus_event *e)
{
	const struct roster *r = ctx;
	struct ibb *b;
	bool gone = e->kind == BUS_PERSON_FREED ||
		    (e->kind == BUS_STREAM_DOWN && e->person->stream_count == 0);
	/* each from the beginning: who is told of one may close others */
	while (gone && (b = first_of(r, e->person)))
		end(b, ERR_CLOSED);
	while (e->kind == BUS_PERSON_MERGED && (b = first_of(r, e->other)))
		b->person = e->person;
}

static void
finish(void *ctx)
{
	const struct roster *r = ctx;
	struct ibb *b;
	while ((b = first_of(r, NULL)))
		end(b, -ECANCELED);
}

static int
start(struct roster *r)
{
	return bus_listen(&r->bus, on_event, finish, r);
}

FEATURE_DEFINE(ibb) = {
    .name = "ibb",
    .disco = (const char *const[]){NS_IBB, NULL},
    .handlers =
	(const struct payload_handler[]){
	    {IQ_SET, NS_IBB, "open", answer_open},
	    {IQ_SET, NS_IBB, "data", answer_data},
	    {IQ_SET, NS_IBB, "close", answer_close},
	    {0},
	},
    .start = start,
};
