/* The manager of transfers with a store, a porter and threads as they are; the method, and whoever
 * is at the other end, are the test's own. */
#define _GNU_SOURCE /* nftw, unshare: home.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/world.h"

#include "../support/keyed.h"

#include "home.h"
#include "store/log.h"
#include "tls/digest.h"
#include "transfer/transfers-parts.h"

#include <sys/socket.h>

extern const struct feature feature_files;

#define SID "0123456789abcdef0123456789abcdef"

static const struct feature *const features[] = {&feature_files, NULL};

/* What the method was told to do. */
static struct {
	unsigned offers, accepts, ends, checksums;
	uint64_t offset;
	enum transfer_end why;
	char text[LIMIT_REASON + 1];
	bool lost_at_once; /* an offer is lost before it is out */
} said;

static int next_fd = -1;

int
ipc_take_fd(struct ipc_call *call)
{
	int fd = next_fd;
	(void)call;
	next_fd = -1;
	return fd >= 0 ? fd : -ENOENT;
}

/* ---- the method ---- */

static bool
fits(const struct person *p, const struct transfer *t)
{
	(void)p;
	(void)t;
	return true;
}

static int
offer(struct transfer *t)
{
	said.offers++;
	if (said.lost_at_once)
		transfer_ended(t, TRANSFER_END_LOST, NULL);
	return 0;
}

static int
accept_it(struct transfer *t)
{
	said.accepts++;
	said.offset = t->offset;
	return 0;
}

static void
decline(struct transfer *t) /* and detach */
{
	(void)t;
}

static void
end(struct transfer *t, enum transfer_end why, const char *text)
{
	(void)t;
	said.ends++;
	said.why = why;
	(void)snprintf(said.text, sizeof(said.text), "%s", text ? text : "");
}

static int
ready(struct transfer *t)
{
	(void)t;
	return 0;
}

static int
checksum(struct transfer *t, const uint8_t digest[32])
{
	(void)t;
	(void)digest;
	said.checksums++;
	return 0;
}

static const struct transfer_method method = {.name = "test",
    .fits = fits,
    .offer = offer,
    .accept = accept_it,
    .decline = decline,
    .end = end,
    .ready = ready,
    .checksum = checksum,
    .detach = decline};
static const struct transfer_method *const methods[] = {&method, NULL};

/* ---- the world ---- */

static void
on_trouble(void *ctx, int err)
{
	(void)ctx;
	fail_msg("the store: %s", err_str(err));
}

static const struct store_listener store_listener = {.on_fatal = on_trouble};

static void
nobody_asked(void *ctx, struct store_job *job, int err)
{
	(void)job;
	(void)err;
	*(bool *)ctx = true;
}

/* What was asked of the store is answered, and what follows has happened. */
static void
settle(void)
{
	for (int i = 0; i < 4; i++) {
		bool answered = false;
		struct store_cursor last = {
		    .job = {.done = nobody_asked, .ctx = &answered}, .name = "x"};
		store_cursor_get(world.r.store, &last);
		while (!answered)
			(void)uv_run(&world.loop, UV_RUN_ONCE);
		(void)uv_run(&world.loop, UV_RUN_NOWAIT);
	}
}

static void
turn(void)
{
	(void)uv_run(&world.loop, UV_RUN_NOWAIT);
	(void)usleep(1000);
}

static struct transfer *
incoming(void)
{
	return transfers_find(person_called(ROMEO), SID, false);
}

static void
until(const struct transfer *t, enum job_state state)
{
	for (int i = 0; t->job.is.state != state || t->job.keeping; i++) {
		if (i > 5000)
			fail_msg(
			    "it is %s: %s", file_state_name(t->job.is.state), t->job.is.reason);
		turn();
	}
	settle();
}

static void
until_phase(const struct transfer *t, enum job_phase phase)
{
	for (int i = 0; t->job.phase != phase; i++) {
		if (i > 5000)
			fail_msg("it is in phase %d: %s", (int)t->job.phase, t->job.is.reason);
		turn();
	}
}

static const struct transfers *
all_of_them(void)
{
	return world.r.transfers;
}

static void
begin_life(void)
{
	struct store_report report;
	struct store *store;
	const struct tls_peer key = key_of_number(1);
	int err;
	world = (struct world){.now = 1000000};
	memset(&said, 0, sizeof(said));
	assert_int_equal(uv_loop_init(&world.loop), 0);
	assert_int_equal(
	    store_open(at("state/earshot/db"), &world.loop, &store_listener, NULL, &report, &store),
	    0);
	we_have_a_key();
	world.r.own.publish_name = true;
	buf_init(&world.sent, 1 << 22);
	buf_init(&world.events, 1 << 22);
	world.r.own.full_name = strdup("Juliet");
	world.r.own.nick = strdup("");
	world.r.own.text = strdup("");
	world.r.own.fixed = value_array();
	struct tls_id id = key_of_number(OWN_KEY).id;
	struct roster_config config = {.features = features,
	    .store = store,
	    .porter = porter,
	    .tls = world.r.tls,
	    .own_id = &id,
	    .files = {.accept_size = 100, .accept_daily = 250, .keep_free = 0}};
	assert_int_equal(roster_start(&world.r, &world.loop, NULL, &config), 0);
	transfers_set_methods(world.r.transfers, methods);
	settle();
	for (int i = 0; !all_of_them()->swept && i < 5000; i++)
		turn();
	(void)announce_key(ROMEO, &key, HOME);
	(void)dials_with_key(ROMEO, HOME, &key, &err);
	assert_int_equal(err, 0);
	settle();
}

static int
begin(void **state)
{
	int err = set_up(state);
	if (!err)
		begin_life();
	return err;
}

static void
on_time(uv_timer_t *timer)
{
	(void)timer;
	world.now += 10; /* what the store puts off is done, too */
	if (!world.r.store)
		uv_close((uv_handle_t *)timer, NULL);
}

static int
end_life(void)
{
	uv_timer_t time;
	(void)uv_timer_init(&world.loop, &time);
	(void)uv_timer_start(&time, on_time, 0, 1);
	return world_end();
}

static int
finish(void **state)
{
	int err = end_life();
	return tear_down(state) ? -1 : err;
}

/* ---- the other end ---- */

static struct transfer_offer
an_offer(const char *name, uint64_t size)
{
	return (struct transfer_offer){.id = SID, .name = name, .size = size, .size_known = true};
}

/* Its descriptor of a connection that t has the other end of. */
static int
connect_to(struct transfer *t)
{
	int pair[2];
	struct carrier_link link;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	carrier_link_init(&link);
	link.fd = pair[0];
	assert_true(fcntl(pair[0], F_SETFL, O_NONBLOCK) == 0);
	transfer_connected(t, &link);
	return pair[1];
}

static void
ask(const char *name, const char *params, const char *reason)
{
	struct ipc_call call;
	call_method(&call, feature_files.methods, name, params);
	settle();
	for (int i = 0; !call.answers && i < 100; i++)
		settle();
	assert_int_equal(call.answers, 1);
	if (strcmp(call.reason, reason) != 0)
		fail_msg("%s: %s: %s", name, call.reason, call.text);
	call_finish(&call);
}

static struct transfer *
offered(const char *name, uint64_t size)
{
	struct transfer *t = NULL;
	struct transfer_offer o = an_offer(name, size);
	assert_int_equal(transfers_offered(person_called(ROMEO), &method, &o, &t), 0);
	settle();
	return t;
}

static void
tell_checksum(struct transfer *t, const void *data, size_t len)
{
	uint8_t digest[32];
	assert_int_equal(digest_sha256(data, len, digest), 0);
	transfer_checksum(t, digest);
}

/* ---- receiving ---- */

static void
what_is_offered_and_accepted_arrives(void **state)
{
	(void)state;
	struct transfer *t = offered("../../letter.txt", 5);
	assert_int_equal(t->job.is.state, JOB_OFFERED);
	assert_string_equal(t->name, "letter.txt");
	assert_int_equal(said.accepts, 0);
	ask("accept", "{\"id\":\"f1\"}", "");
	until_phase(t, JOB_AGREED);
	settle();
	assert_int_equal(said.accepts, 1);
	int fd = connect_to(t);
	assert_int_equal(write(fd, "hello", 5), 5);
	until(t, JOB_VERIFYING);
	tell_checksum(t, "hello", 5);
	until(t, JOB_DONE);
	assert_int_equal(said.why, TRANSFER_END_DONE);
	assert_true(holds_text(downloaded("letter.txt"), "hello"));
	assert_string_equal(t->where, downloaded("letter.txt"));
	assert_int_equal(all_of_them()->turns, 0);
	(void)close(fd);
	/* offered once more, it is confirmed once more */
	said.ends = 0;
	(void)offered("letter.txt", 5);
	settle();
	assert_int_equal(said.ends, 1);
	assert_int_equal(said.why, TRANSFER_END_DONE);
	ask("accept", "{\"id\":\"f1\"}", "late");
}

static void
f4_another_checksum_leaves_nothing(void **state)
{
	(void)state;
	struct transfer *t = offered("letter.txt", 5);
	ask("accept", "{\"id\":\"f1\"}", "");
	until_phase(t, JOB_AGREED);
	settle();
	int fd = connect_to(t);
	assert_int_equal(write(fd, "hellO", 5), 5);
	until(t, JOB_VERIFYING);
	tell_checksum(t, "hello", 5);
	until(t, JOB_FAILED);
	assert_int_equal(said.why, TRANSFER_END_FAILED);
	assert_non_null(strstr(said.text, "checksums differ"));
	(void)close(fd);
	for (int i = 0; all_of_them()->threads && i < 5000; i++)
		turn();
	assert_false(exists(downloaded("letter.txt")));
	assert_false(exists(downloaded(".earshot-" SID ".part")));
}

static void
it_goes_on_where_it_was_after_a_restart(void **state)
{
	(void)state;
	struct transfer *t = offered("letter.txt", 10);
	ask("accept", "{\"id\":\"f1\"}", "");
	until_phase(t, JOB_AGREED);
	settle();
	int fd = connect_to(t);
	assert_int_equal(write(fd, "hello", 5), 5);
	for (int i = 0; t->done < 5 && i < 5000; i++)
		turn();
	assert_int_equal(end_life(), 0); /* politely: so all that was written is kept */
	(void)close(fd);
	begin_life();
	t = incoming();
	assert_non_null(t);
	assert_int_equal(t->number, 1);
	assert_int_equal(t->job.is.state, JOB_WAITING);
	assert_int_equal(t->offset, 5);
	struct transfer_offer other = an_offer("letter.txt", 11);
	assert_int_equal(transfers_offered(person_called(ROMEO), &method, &other, &t), ERR_PROTO);
	t = offered("letter.txt", 10);
	until_phase(t, JOB_AGREED);
	settle();
	assert_int_equal(said.accepts, 1); /* nobody was asked */
	assert_int_equal(said.offset, 5);
	fd = connect_to(t);
	assert_int_equal(write(fd, "World", 5), 5);
	until(t, JOB_VERIFYING);
	tell_checksum(t, "helloWorld", 10);
	until(t, JOB_DONE);
	(void)close(fd);
	assert_true(holds_text(downloaded("letter.txt"), "helloWorld"));
}

static void
who_may_not_offer_is_refused(void **state)
{
	(void)state;
	struct transfer *t;
	struct person *p = person_called(ROMEO);
	struct transfer_offer o = an_offer("x", 5);
	o.id = "not-hex";
	assert_int_equal(transfers_offered(p, &method, &o, &t), ERR_PROTO);
	o = an_offer("x", UINT64_MAX);
	assert_int_equal(transfers_offered(p, &method, &o, &t), ERR_PROTO);
	o = an_offer("x", 5);
	p->blocked = true;
	assert_int_equal(transfers_offered(p, &method, &o, &t), ERR_TRUST);
	p->blocked = false;
	world.r.policy.strangers = POLICY_STRANGERS_DENY;
	assert_int_equal(transfers_offered(p, &method, &o, &t), ERR_TRUST);
	world.r.policy.strangers = POLICY_STRANGERS_ALLOW;
	char id[TRANSFER_ID_SIZE];
	o.id = id;
	for (int i = 0; i < LIMIT_OFFERS_OF; i++) {
		(void)snprintf(id, sizeof(id), "%032d", i);
		assert_int_equal(transfers_offered(p, &method, &o, &t), 0);
	}
	(void)snprintf(id, sizeof(id), "%032d", LIMIT_OFFERS_OF);
	assert_int_equal(transfers_offered(p, &method, &o, &t), ERR_TOO_BIG);
	settle();
	assert_int_equal(all_of_them()->count, LIMIT_OFFERS_OF);
}

static void
only_a_rule_for_the_verified_accepts_without_asking(void **state)
{
	(void)state;
	struct person *p = person_called(ROMEO);
	struct transfer *t;
	char id[TRANSFER_ID_SIZE];
	struct transfer_offer o = an_offer("x", 100);
	ask("files.auto", "{\"peer\":\"" ROMEO "\",\"size\":100,\"daily\":250}", "trust");
	p->trust = STORE_TRUST_VERIFIED;
	o.id = id;
	(void)snprintf(id, sizeof(id), "%032d", 1);
	assert_int_equal(transfers_offered(p, &method, &o, &t), 0);
	assert_false(t->automatic); /* by default everything asks */
	settle();                   /* and romeo is kept */
	ask("files.auto", "{\"peer\":\"" ROMEO "\",\"size\":100,\"daily\":250}", "");
	for (int i = 2; i < 6; i++) {
		(void)snprintf(id, sizeof(id), "%032d", i);
		o.size = i == 4 ? 101 : 100; /* too big */
		assert_int_equal(transfers_offered(p, &method, &o, &t), 0);
		assert_int_equal(t->automatic, i < 4); /* the last is too much for one day */
		settle();
	}
	ask("files.auto", "{\"peer\":\"" ROMEO "\",\"off\":true}", "");
	(void)snprintf(id, sizeof(id), "%032d", 9);
	o.size = 1;
	assert_int_equal(transfers_offered(p, &method, &o, &t), 0);
	assert_false(t->automatic);
}

/* Of the administrator, that is, who makes no exceptions; and what others change at once. */
static void
a_policy_is_above_the_rules(void **state)
{
	(void)state;
	struct person *p = person_called(ROMEO);
	struct transfer *t;
	struct transfer_offer o = an_offer("x", 100);
	struct policy_files files = world.r.files;
	p->trust = STORE_TRUST_VERIFIED;
	o.id = "00000000000000000000000000000001";
	assert_int_equal(transfers_offered(p, &method, &o, &t), 0);
	settle(); /* romeo is kept */
	ask("files.auto", "{\"peer\":\"" ROMEO "\",\"size\":100,\"daily\":250}", "");
	files.accept_fixed = files.rate_fixed = true;
	files.rate = 100000;
	roster_apply(&world.r, &world.r.policy, &files, world.r.lifetime);
	o.id = "00000000000000000000000000000002";
	assert_int_equal(transfers_offered(p, &method, &o, &t), 0);
	assert_false(t->automatic); /* in spite of the rule */
	settle();
	ask("files.auto", "{\"peer\":\"" ROMEO "\",\"size\":100,\"daily\":250}", "policy");
	ask("files.auto", "{\"peer\":\"" ROMEO "\",\"off\":true}", "");
	assert_int_equal(rate_get(transfers_rate(world.r.transfers)), 100000);
	ask("files.limit", "{\"rate\":0}", "policy");
	assert_int_equal(rate_get(transfers_rate(world.r.transfers)), 100000);
	files.accept_verified = true;
	files.accept_size = files.accept_daily = 1000;
	roster_apply(&world.r, &world.r.policy, &files, world.r.lifetime);
	o.id = "00000000000000000000000000000003";
	assert_int_equal(transfers_offered(p, &method, &o, &t), 0);
	assert_true(t->automatic);
}

/* ---- sending ---- */

static struct transfer *
sending(const char *path)
{
	next_fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(next_fd >= 0);
	ask("send-file", "{\"peer\":\"" ROMEO "\"}", "");
	struct transfer *t = transfers_numbered(all_of_them(), 1);
	assert_non_null(t);
	return t;
}

static void
what_is_sent_is_what_it_was(void **state)
{
	(void)state;
	char got[32];
	write_text(at("letter.txt"), "good night");
	struct transfer *t = sending(at("letter.txt"));
	assert_string_equal(t->name, "letter.txt");
	settle();
	assert_int_equal(said.offers, 1);
	assert_int_equal(t->job.is.state, JOB_OFFERED);
	uint8_t prefix[32];
	assert_int_equal(digest_sha256("good", 4, prefix), 0);
	transfer_accepted(t, 4, prefix);
	settle();
	int fd = connect_to(t);
	until_phase(t, JOB_MOVING);
	assert_int_equal(recv(fd, got, 6, MSG_WAITALL), 6);
	assert_memory_equal(got, " night", 6);
	assert_int_equal(close(fd), 0);
	until(t, JOB_VERIFYING);
	assert_int_equal(said.checksums, 1);
	transfer_confirmed(t);
	until(t, JOB_DONE);
	assert_int_equal(porter_recall(porter, t->token, &(struct porter_granted){0}), -ENOENT);
}

static void
f4_a_source_that_changed_fails_with_its_name(void **state)
{
	(void)state;
	write_text(at("letter.txt"), "good night");
	struct transfer *t = sending(at("letter.txt"));
	settle();
	write_text(at("letter.txt"), "good morning");
	transfer_accepted(t, 0, NULL);
	settle();
	int fd = connect_to(t);
	until(t, JOB_FAILED);
	(void)close(fd);
	assert_int_equal(said.why, TRANSFER_END_FAILED);
	assert_string_equal(said.text, "it changed while it was being sent: letter.txt");
}

static void
what_they_want_must_be_there(void **state)
{
	(void)state;
	uint8_t prefix[32] = {0};
	write_text(at("letter.txt"), "good night");
	struct transfer *t = sending(at("letter.txt"));
	settle();
	transfer_accepted(t, 11, prefix);
	until(t, JOB_FAILED);
	assert_int_equal(all_of_them()->turns, 0);
}

static void
what_a_method_says_from_within_its_own_function_is_heard_after(void **state)
{
	(void)state;
	write_text(at("letter.txt"), "good night");
	said.lost_at_once = true;
	struct transfer *t = sending(at("letter.txt"));
	settle();
	assert_int_equal(said.offers, 1);
	assert_false(t->job.session);
	assert_int_equal(t->job.phase, JOB_IDLE);
	said.lost_at_once = false;
	world.now += 5000;
	until_phase(t, JOB_ASKED);
	assert_int_equal(said.offers, 2);
	assert_true(t->job.session);
}

static void
only_files_and_folders_with_a_name_are_sent(void **state)
{
	(void)state;
	ask("send-file", "{\"peer\":\"" ROMEO "\"}", "invalid");
	next_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	ask("send-file", "{\"peer\":\"" ROMEO "\"}", "invalid");
	write_text(at("gone"), "x");
	next_fd = open(at("gone"), O_RDONLY | O_CLOEXEC);
	assert_int_equal(unlink(at("gone")), 0);
	ask("send-file", "{\"peer\":\"" ROMEO "\"}", "invalid");
	/* nothing is deleted for being called a spool */
	write_text(at("precious"), "x");
	next_fd = open(at("precious"), O_RDONLY | O_CLOEXEC);
	ask("send-file", "{\"peer\":\"" ROMEO "\",\"spooled\":true}", "invalid");
	assert_true(exists(at("precious")));
	settle();
	assert_int_equal(all_of_them()->count, 0);
	ask("pause", "{\"id\":\"f7\"}", "unknown");
	ask("accept", "{}", "invalid");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, finish)
	    TEST(what_is_offered_and_accepted_arrives),
	    TEST(f4_another_checksum_leaves_nothing),
	    TEST(it_goes_on_where_it_was_after_a_restart),
	    TEST(who_may_not_offer_is_refused),
	    TEST(only_a_rule_for_the_verified_accepts_without_asking),
	    TEST(a_policy_is_above_the_rules),
	    TEST(what_is_sent_is_what_it_was),
	    TEST(f4_a_source_that_changed_fails_with_its_name),
	    TEST(what_they_want_must_be_there),
	    TEST(what_a_method_says_from_within_its_own_function_is_heard_after),
	    TEST(only_files_and_folders_with_a_name_are_sent),
#undef TEST
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
