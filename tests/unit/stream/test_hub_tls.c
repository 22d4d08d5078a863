#define _GNU_SOURCE /* unshare() */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hubs.h"

/* Two hubs that encrypt, over real sockets. */

static void
stanzas_go_both_ways_encrypted(void **state)
{
	(void)state;
	struct pair p;
	uint64_t first = 0, second = 0;
	uint8_t ours[32], theirs[32];
	open_secure(&p);
	struct stream *s = dial_b(&p);
	send_message(&p.a, s, 1, &first); /* waits for the connection */
	send_message(&p.a, s, 2, &second);
	assert_null(stream_peer_key(s));
	assert_int_equal(stream_exporter(s, "EXPORTER-x", ours), -ENOTCONN);
	RUN_UNTIL(&p, p.b.stanzas == 2 && p.a.sent == second && p.a.features == 1);
	assert_string_equal(p.b.from, "alice@h1");
	assert_int_equal(p.b.identified, 1);
	assert_int_equal(p.a.keys + p.b.keys, 2);
	assert_true(tls_id_equal(&stream_peer_key(s)->id, tls_identity_id(p.b.identity)));
	assert_true(tls_id_equal(&stream_peer_key(p.b.stream)->id, tls_identity_id(p.a.identity)));
	assert_int_equal(stream_exporter(s, "EXPORTER-x", ours), 0);
	assert_int_equal(stream_exporter(p.b.stream, "EXPORTER-x", theirs), 0);
	assert_memory_equal(ours, theirs, sizeof(ours));
	assert_true(p.b.in_order);
	send_message(&p.b, p.b.stream, 1, NULL);
	RUN_UNTIL(&p, p.a.stanzas == 1);
	close_pair(&p);
	assert_int_equal(p.a.closed + p.b.closed, 2);
	assert_int_equal(p.a.last_err, 0);
	assert_int_equal(p.b.last_err, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(stanzas_go_both_ways_encrypted),
	};
	if (enter_namespace() != 0)
		return SKIPPED;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
