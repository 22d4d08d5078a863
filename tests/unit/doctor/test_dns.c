/* Who answers, counted from packets that anybody may have written. */
#include "doctor/dns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

/* One PTR answer: _presence._tcp.local -> bob@pc, the service as a pointer to the owner. */
static const uint8_t answer[] = "\0\0\x84\0\0\0\0\1\0\0\0\0"
				"\x09_presence\x04_tcp\x05local\0\0\x0c\0\x01\0\0\x11\x94\0\x09"
				"\x06"
				"Bob@pc\xc0\x0c";

static void
the_question_asks_for_people(void **state)
{
	(void)state;
	uint8_t question[DNS_QUESTION_MAX];
	size_t len = dns_question(question, 0x1234);
	assert_int_equal(len, 12 + 22 + 4);
	assert_int_equal(question[0], 0x12);
	assert_memory_equal(question + 12, "\x09_presence\x04_tcp\x05local\0\0\x0c\0\x01", 26);
	assert_false(dns_is_answer(question, len));
	assert_true(dns_is_answer(answer, sizeof(answer) - 1));
}

static void
every_name_counts_once_and_ours_not_at_all(void **state)
{
	(void)state;
	struct dns_names n = {0};
	dns_collect(&n, answer, sizeof(answer) - 1, NULL);
	dns_collect(&n, answer, sizeof(answer) - 1, "alice@pc");
	assert_int_equal(n.count, 1);
	assert_string_equal(n.names[0], "bob@pc");
	dns_finish(&n);
	dns_collect(&n, answer, sizeof(answer) - 1, "BOB@pc");
	assert_int_equal(n.count, 0);
	dns_finish(&n);
}

static void
a_goodbye_is_nobody(void **state)
{
	(void)state;
	uint8_t packet[sizeof(answer)];
	struct dns_names n = {0};
	memcpy(packet, answer, sizeof(answer));
	memset(packet + 12 + 22 + 4, 0, 4); /* its time to live */
	dns_collect(&n, packet, sizeof(answer) - 1, NULL);
	assert_int_equal(n.count, 0);
	dns_finish(&n);
}

static void
a_pointer_to_itself_ends(void **state)
{
	(void)state;
	static const uint8_t packet[] = "\0\0\x84\0\0\0\0\1\0\0\0\0\xc0\x0c\0\x0c\0\x01\0\0\0\1\0\2"
					"\xc0\x0c";
	struct dns_names n = {0};
	dns_collect(&n, packet, sizeof(packet) - 1, NULL);
	assert_int_equal(n.count, 0);
	dns_finish(&n);
}

static void
broken_packets_are_read_no_further(void **state)
{
	(void)state;
	unsigned seed = 3;
	for (int i = 0; i < 50000; i++) {
		size_t len = sizeof(answer) - 1;
		struct dns_names n = {0};
		seed = seed * 1103515245 + 12345;
		size_t cut = (seed >> 8) % (len + 1);
		uint8_t *packet = malloc(cut + 1); /* its end is watched */
		assert_non_null(packet);
		memcpy(packet, answer, cut);
		for (int k = 0; cut && k < 3; k++) {
			seed = seed * 1103515245 + 12345;
			packet[(seed >> 8) % cut] = (uint8_t)(seed >> 24);
		}
		dns_collect(&n, packet, cut, "x");
		assert_true(n.count <= 1);
		dns_finish(&n);
		free(packet);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_question_asks_for_people),
	    cmocka_unit_test(every_name_counts_once_and_ours_not_at_all),
	    cmocka_unit_test(a_goodbye_is_nobody),
	    cmocka_unit_test(a_pointer_to_itself_ends),
	    cmocka_unit_test(broken_packets_are_read_no_further),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
