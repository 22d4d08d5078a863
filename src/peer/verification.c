/* Comparing keys with people: binds the engine (verify.h) to streams, to the trust in somebody and
 * to the local socket. Stages travel as <iq type='set'><verify xmlns='urn:earshot:verify:1'
 * stage='...'>, the 32 bytes of the first three as 64 hex digits in it. */
#include "base/clock.h"
#include "base/err.h"
#include "base/hex.h"
#include "base/random.h"
#include "base/tr.h"
#include "peer/contact.h"
#include "peer/iq.h"
#include "peer/roster.h"
#include "peer/stranger.h"
#include "peer/verify.h"
#include "tls/identity.h"
#include "xml/elem.h"
#include "xml/ns.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	SETTLE = 1000, /* ms: who dial each other at once have two streams, and then one of them */
	SECONDS_TOLD = 120,
	HEX_SIZE = 2 * VERIFY_DATA_SIZE + 1,
};

struct verification {
	struct verify engine;
	struct person *person;     /* borrowed; NULL: it is freed, and so will this be */
	struct ipc_call *starting; /* owed an answer, waits for a stream, or until there is but
				    * one; NULL: none does */
	uv_timer_t timer;
	int64_t run; /* counts what has begun: late answers to another one mean nothing */
};

/* ---- what is told ---- */

static const char *
why_words(enum verify_why why)
{
	switch (why) {
	case VERIFY_BY_US:
		return TR(
		    "you said that the codes are not the same. If they differed, somebody may "
		    "stand between you: say nothing that matters here.");
	case VERIFY_BY_THEM:
		return TR("the other says that the codes are not the same, or gave up. If they "
			  "differed, "
			  "somebody may stand between you: say nothing that matters here.");
	case VERIFY_TIMEOUT:
		return TR("it took too long. Both have to run earshot verify at the same time.");
	case VERIFY_CHEATED:
		return TR(
		    "the other program did not keep to what it had committed itself to. It may "
		    "be "
		    "somebody else's.");
	case VERIFY_BROKEN:
		return TR("the other program said something that was not due.");
	case VERIFY_LOST:
		return TR("the connection was lost. Try again.");
	case VERIFY_REFUSED:
		return TR(
		    "the other program does not begin: it was tried too often. Wait an hour.");
	case VERIFY_UNKNOWN:
		return TR("the other program cannot do this. Compare the safety number: earshot "
			  "verify "
			  "--show.");
	case VERIFY_KEPT_OUT:
		break;
	}
	return TR(
	    "the codes were the same, but it cannot be kept, as the key has changed meanwhile.");
}

static const char *
news_word(enum verify_news news)
{
	static const char *const words[] = {
	    [VERIFY_NO_NEWS] = "",
	    [VERIFY_BEGUN] = "begun",
	    [VERIFY_CODE] = "code",
	    [VERIFY_CONFIRMED] = "confirmed",
	    [VERIFY_WAITING] = "waiting",
	    [VERIFY_DONE] = "verified",
	    [VERIFY_ENDED] = "ended",
	};
	return words[news];
}

/* What was told last, for who asks later. */
static enum verify_news
current_news(const struct verify *e)
{
	if (e->state == VERIFY_IDLE)
		return VERIFY_ENDED;
	if (e->state != VERIFY_SHOWN)
		return VERIFY_BEGUN;
	if (e->ours)
		return VERIFY_WAITING;
	return e->theirs ? VERIFY_CONFIRMED : VERIFY_CODE;
}

/* docs/ipc.md "comparison"; step NULL: as it stands. */
static struct value *
describe(const struct verification *v, const struct verify_step *step)
{
	struct value *out = value_object();
	enum verify_news news = step ? step->news : current_news(&v->engine);
	value_set_str(out, "peer", v->person->name);
	value_set_str(out, "display", v->person->display);
	value_set_int(out, "run", v->run);
	value_set_bool(out, "initiator", v->engine.initiator);
	value_set_str(out, "stage", news_word(news));
	if (v->engine.state == VERIFY_SHOWN) {
		value_set_str(out, "words", v->engine.sas.words);
		value_set_str(out, "digits", v->engine.sas.digits);
	}
	if (step && news == VERIFY_ENDED)
		value_set_str(out, "reason", why_words(step->why));
	return out;
}

static void
tell(const struct verification *v, const struct verify_step *step)
{
	struct ipc_server *ipc = v->person->roster->ipc;
	if (step->news != VERIFY_NO_NEWS && ipc_has_subscribers(ipc, "verify"))
		ipc_publish(ipc, "verify", describe(v, step));
}

/* ---- doing what the engine says ---- */

static void act(struct verification *v, struct verify_step *step);
static void begin(struct verification *v);

static void
on_timer(uv_timer_t *t)
{
	struct verification *v = container_of(t, struct verification, timer);
	struct verify_step step;
	if (v->starting) {
		begin(v);
		return;
	}
	verify_tick(&v->engine, clock_now(), &step);
	act(v, &step);
}

static void
end_it(struct verification *v, enum verify_why why)
{
	struct verify_step step;
	verify_end(&v->engine, why, clock_now(), &step);
	act(v, &step);
}

struct told {
	int64_t run;
	enum verify_stage stage;
};

static enum verify_why
why_refused(enum verify_stage stage, int err)
{
	if (err == ERR_UNSUPPORTED)
		return VERIFY_UNKNOWN;
	if (err == ERR_PROTO)
		return stage == VERIFY_COMMIT ? VERIFY_REFUSED : VERIFY_BROKEN;
	return err == -ETIMEDOUT ? VERIFY_TIMEOUT : VERIFY_LOST;
}

/* What we began is refused also when both begin at once; then theirs goes on. */
static void
on_answer(void *ctx, struct person *p, int err, const struct xml_elem *payload)
{
	struct told *told = ctx;
	struct verification *v = p->verification;
	(void)payload;
	bool ours = v && v->run == told->run && v->engine.state != VERIFY_IDLE;
	bool crossed = told->stage == VERIFY_COMMIT && ours && v->engine.state != VERIFY_COMMITTED;
	if (err && ours && !crossed)
		end_it(v, why_refused(told->stage, err));
	free(told);
}

static int
send_stage(struct verification *v, const struct verify_step *step)
{
	char hex[HEX_SIZE];
	bool carries = step->stage <= VERIFY_REVEAL;
	struct told *told = calloc(1, sizeof(*told));
	if (!told)
		return -ENOMEM;
	told->run = v->run;
	told->stage = step->stage;
	hex_encode(hex, step->data, sizeof(step->data));
	int err = iq_tell(v->person, NS_VERIFY, "verify", verify_stage_name(step->stage),
	    carries ? hex : NULL, on_answer, told);
	if (err)
		free(told);
	return err;
}

/* The code holds for one stream: over another one nothing of it is said. */
static bool
is_on_its_stream(const struct verification *v)
{
	const struct person *p = v->person;
	return p->current && stream_serial(p->current) == v->engine.channel.stream;
}

static void
keep(struct verification *v, struct verify_step *step)
{
	struct person *p = v->person;
	bool same = p->has_key && tls_id_equal(&p->key, &step->key);
	if (same && contact_happens(p, TRUST_VERIFIED, NULL, TR("the codes were compared")) == 0)
		return;
	step->news = VERIFY_ENDED;
	step->why = VERIFY_KEPT_OUT;
}

static void
act(struct verification *v, struct verify_step *step)
{
	bool going = v->engine.state != VERIFY_IDLE;
	bool lost = step->send && going && !is_on_its_stream(v);
	/* who is told of an end may have gone already */
	if (step->send && !lost && v->person->current && send_stage(v, step) != 0)
		lost = going;
	if (step->news == VERIFY_DONE)
		keep(v, step);
	tell(v, step);
	if (lost) {
		verify_end(&v->engine, VERIFY_LOST, clock_now(), step);
		tell(v, step);
	}
	uint64_t due = verify_due(&v->engine, clock_now());
	if (due > 0)
		(void)uv_timer_start(&v->timer, on_timer, due, 0);
	else
		(void)uv_timer_stop(&v->timer);
}

/* ---- birth and death ---- */

static struct verification *
verification_of(struct person *p)
{
	if (p->verification)
		return p->verification;
	struct verification *v = calloc(1, sizeof(*v));
	if (!v)
		return NULL;
	v->person = p;
	(void)uv_timer_init(p->roster->loop, &v->timer);
	p->verification = v;
	return v;
}

static void
on_timer_closed(uv_handle_t *h)
{
	free(container_of((uv_timer_t *)h, struct verification, timer));
}

static void
start_failed(struct verification *v, const char *reason, int err)
{
	struct buf label = BUF_INIT(LIMIT_LABEL);
	if (!v->starting)
		return;
	person_label(v->person, &label);
	ipc_fail(v->starting, reason, "%s cannot be reached: %-s.", buf_cstr(&label), err_str(err));
	buf_finish(&label);
	v->starting = NULL;
}

static void
verification_free(struct person *p)
{
	struct verification *v = p->verification;
	start_failed(v, IPC_ABSENT, ERR_ABSENT);
	p->verification = NULL;
	v->person = NULL;
	uv_close((uv_handle_t *)&v->timer, on_timer_closed);
}

/* ---- beginning ---- */

static int
make_channel(const struct person *p, const struct stream *s, struct verify_channel *out)
{
	const struct tls_peer *key = stream_peer_key(s);
	if (!key || !p->has_key || !tls_id_equal(&key->id, &p->key))
		return ERR_KEY;
	out->stream = stream_serial(s);
	out->own = p->roster->own_id;
	out->peer = key->id;
	return stream_exporter(s, SAS_EXPORTER, out->exporter);
}

static void
fail_too_often(struct ipc_call *call, const struct verification *v)
{
	long long seconds = (long long)(verify_wait(&v->engine, clock_now()) / 1000);
	if (seconds < SECONDS_TOLD)
		ipc_fail(call, IPC_BUSY,
		    "Keys were compared too often with %s; it can be tried again in %lld s.",
		    v->person->display, seconds + 1);
	else
		ipc_fail(call, IPC_BUSY,
		    "Keys were compared too often with %s; it can be tried again in %lld minutes.",
		    v->person->display, seconds / 60 + 1);
}

/* There is a stream; or the other has begun meanwhile. */
static void
begin(struct verification *v)
{
	struct person *p = v->person;
	struct ipc_call *call = v->starting;
	struct verify_channel channel;
	struct verify_step step = {0};
	uint8_t nonce[SAS_NONCE_SIZE];
	if (!p->current) {
		start_failed(v, IPC_UNREACHABLE, ERR_CLOSED);
		return;
	}
	v->starting = NULL;
	if (make_channel(p, p->current, &channel) != 0) {
		ipc_fail(call, IPC_UNSUPPORTED,
		    "%s does not encrypt, so there are no keys to compare.", p->display);
		return;
	}
	random_bytes(nonce, sizeof(nonce));
	int err = verify_start(&v->engine, &channel, nonce, clock_now(), &step);
	tls_wipe(nonce, sizeof(nonce));
	tls_wipe(channel.exporter, sizeof(channel.exporter));
	if (err == -EAGAIN) {
		fail_too_often(call, v);
	} else if (err && err != -EBUSY) {
		ipc_fail(call, IPC_INTERNAL, "It cannot begin: %-s.", err_str(err));
	} else {
		if (!err) {
			v->run++;
			act(v, &step);
		}
		ipc_reply(call, describe(v, step.news == VERIFY_ENDED ? &step : NULL));
	}
}

static void
settle(struct verification *v)
{
	(void)uv_timer_start(&v->timer, on_timer, SETTLE, 0);
}

static int
call_start(struct ipc_call *call)
{
	struct person *p = roster_wanted(ipc_ctx(call), call);
	if (!p)
		return 0;
	struct verification *v = verification_of(p);
	if (!v)
		return -ENOMEM;
	if (v->engine.state != VERIFY_IDLE) {
		ipc_reply(call, describe(v, NULL));
	} else if (person_may_hear(p) != 0) {
		ipc_fail(call, IPC_TRUST, "Nothing can be said to %s: %-s.", p->display,
		    err_str(person_may_hear(p)));
	} else if (verify_wait(&v->engine, clock_now()) > 0) {
		fail_too_often(call, v);
	} else if (v->starting) {
		ipc_fail(call, IPC_BUSY, "%s is being connected to already.", p->display);
	} else if (!p->current && !person_is_reachable(p)) {
		ipc_fail(call, IPC_ABSENT, "%s is not here.", p->display);
	} else {
		v->starting = call;
		if (!p->current)
			person_dial(p);
		else if (p->stream_count > 1)
			settle(v);
		else
			begin(v);
	}
	return 0;
}

/* ---- what comes ---- */

static bool
read_data(const struct inbound *in, enum verify_stage stage, uint8_t data[VERIFY_DATA_SIZE])
{
	const char *text = in->payload->text;
	if (stage > VERIFY_REVEAL)
		return true;
	return strlen(text) == HEX_SIZE - 1 && hex_decode(data, text, HEX_SIZE - 1) == 0;
}

static int
refuse(const struct inbound *in, int err)
{
	if (err == -EBUSY)
		return iq_reply_error(in, "cancel", "conflict");
	if (err == -EAGAIN)
		return iq_reply_error(in, "wait", "resource-constraint");
	return iq_reply_error(in, "cancel", "not-acceptable");
}

static int
take(const struct inbound *in)
{
	struct person *p = in->from;
	const char *name = xml_elem_attr(in->payload, "stage");
	enum verify_stage stage = name ? verify_stage_find(name) : VERIFY_STAGES;
	uint8_t data[VERIFY_DATA_SIZE] = {0}, nonce[SAS_NONCE_SIZE];
	struct verify_channel channel;
	struct verify_step step;
	if (make_channel(p, in->stream, &channel) != 0)
		return iq_reply_error(in, "auth", "forbidden");
	if (!read_data(in, stage, data))
		stage = VERIFY_STAGES; /* what makes no sense is not due */
	if (!p->verification && stage != VERIFY_COMMIT)
		return refuse(in, ERR_PROTO);
	/* whoever nobody has accepted does not get to disturb anybody where that is not wanted, nor
	 * do many of them at once (N18) */
	if (stage == VERIFY_COMMIT &&
	    (!p->verification || p->verification->engine.state == VERIFY_IDLE) &&
	    !stranger_may_ask(p))
		return refuse(in, -EAGAIN);
	struct verification *v = verification_of(p);
	if (!v)
		return -ENOMEM;
	random_bytes(nonce, sizeof(nonce));
	/* who both begin at once go on with one comparison */
	bool new = stage == VERIFY_COMMIT && v->engine.state == VERIFY_IDLE;
	int err = verify_take(&v->engine, &channel, stage, data, nonce, clock_now(), &step);
	tls_wipe(nonce, sizeof(nonce));
	tls_wipe(channel.exporter, sizeof(channel.exporter));
	if (!err && new)
		v->run++;
	int sent = err ? refuse(in, err) : iq_reply_empty(in);
	act(v, &step);
	if (v->starting && v->engine.state != VERIFY_IDLE)
		begin(v); /* which is what was wanted */
	return sent;
}

static void
on_event(void *ctx, const struct bus_event *e)
{
	struct verification *v = e->person ? e->person->verification : NULL;
	(void)ctx;
	if (!v)
		return;
	if (e->kind == BUS_PERSON_FREED) {
		verification_free(e->person);
	} else if (e->kind == BUS_STREAM_DOWN) {
		bool its = v->engine.state != VERIFY_IDLE &&
			   stream_serial(e->stream) == v->engine.channel.stream;
		if (its)
			end_it(v, VERIFY_LOST);
	} else if (e->kind == BUS_STREAM_UP && v->starting) {
		settle(v);
	} else if (e->kind == BUS_UNREACHABLE) {
		start_failed(v, IPC_UNREACHABLE, e->err);
	}
}

/* ---- what humans say ---- */

static int
call_answer(struct ipc_call *call)
{
	struct person *p = roster_wanted(ipc_ctx(call), call);
	const struct value *params = ipc_params(call);
	struct verify_step step;
	if (!p)
		return 0;
	if (!value_has(params, "same")) {
		ipc_fail(call, IPC_INVALID, "Say whether both see the same: \"same\" is missing.");
		return 0;
	}
	struct verification *v = p->verification;
	if (!v ||
	    verify_answer(&v->engine, value_bool(params, "same", false), clock_now(), &step)) {
		ipc_fail(
		    call, IPC_LATE, "No code is being compared with %s at present.", p->display);
		return 0;
	}
	act(v, &step);
	ipc_reply(call, describe(v, &step));
	return 0;
}

static int
start(struct roster *r)
{
	return bus_listen(&r->bus, on_event, NULL, r);
}

FEATURE_DEFINE(verify) = {
    .name = "verify",
    .disco = (const char *const[]){NS_VERIFY, NULL},
    .handlers =
	(const struct payload_handler[]){
	    {IQ_SET, NS_VERIFY, "verify", take},
	    {0},
	},
    .methods =
	(const struct ipc_method[]){
	    {"verify.start", "peer", "Compare a short code with a person", call_start},
	    {"verify.answer", "peer same", "Say whether both see the same code", call_answer},
	    {0},
	},
    .start = start,
};
