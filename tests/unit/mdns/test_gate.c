#include "base/limits.h"
#include "mdns/gate.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* In a namespace that has nothing but the loopback, 127/8 is the only link. */
static struct sockaddr_storage
sender(const char *text, uint16_t port)
{
	struct sockaddr_storage ss = {0};
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	if (inet_pton(AF_INET, text, &four.sin_addr) == 1)
		memcpy(&ss, &four, sizeof(four));
	else if (inet_pton(AF_INET6, text, &six.sin6_addr) == 1)
		memcpy(&ss, &six, sizeof(six));
	else
		fail_msg("no address: %s", text);
	return ss;
}

#define HEADER(flags, count) "\0\0" flags "\0" count "\0\0\0\0\0\0"
#define NAME                 "\x09_presence\x04_tcp\x05local\0"
#define ASK_ALL              NAME "\0\x0c\0\x01"
#define ASK_ONE              NAME "\0\x0c\x80\x01"

static const char ask_all[] = HEADER("\0\0", "\x01") ASK_ALL;
static const char ask_one[] = HEADER("\0\0", "\x01") ASK_ONE;
static const char ask_both[] = HEADER("\0\0", "\x02") ASK_ALL ASK_ONE;
static const char answer[] = HEADER("\x84\0", "\0");

#define ADMITS(g, p, from, now) gate_admits(g, p, sizeof(p) - 1, from, now)

static void
n20_questions_for_all_are_answered(void **state)
{
	(void)state;
	struct gate g = {0};
	struct sockaddr_storage near = sender("127.0.0.2", 5353), local = sender("fe80::1", 5353);
	for (int i = 0; i < 1000; i++) {
		assert_true(ADMITS(&g, ask_all, &near, 1000));
		assert_true(ADMITS(&g, ask_all, &local, 1000));
	}
}

static void
n20_few_that_want_an_answer_of_their_own(void **state)
{
	(void)state;
	struct gate g = {0};
	struct sockaddr_storage near = sender("127.0.0.2", 5353),
				other = sender("127.0.0.3", 40000);
	int admitted = 0;
	for (uint64_t ms = 0; ms < 10000; ms++) {
		switch (ms % 3) {
		case 0:
			admitted += ADMITS(&g, ask_one, &near, 1000 + ms);
			break;
		case 1:
			admitted += ADMITS(&g, ask_both, &near, 1000 + ms);
			break;
		default:
			admitted +=
			    ADMITS(&g, ask_all, &other, 1000 + ms); /* not a responder's port */
		}
	}
	assert_in_range(admitted, 10 * LIMIT_MDNS_ANSWERS, 12 * LIMIT_MDNS_ANSWERS + 1);
}

static void
n20_nothing_from_off_link(void **state)
{
	(void)state;
	static const char *const far[] = {"192.0.2.1", "8.8.8.8", "2001:db8::1"};
	struct gate g = {0};
	for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++) {
		struct sockaddr_storage from = sender(far[i], 5353);
		assert_false(ADMITS(&g, ask_all, &from, 1000));
		assert_false(ADMITS(&g, ask_one, &from, 5000));
		/* what is said to all is for Avahi to judge */
		assert_true(ADMITS(&g, answer, &from, 1000));
	}
	struct sockaddr_storage from = sender("169.254.3.4", 5353);
	assert_true(ADMITS(&g, ask_all, &from, 1000));
}

static void
n20_broken_questions_are_not_read(void **state)
{
	(void)state;
	struct gate g = {0};
	struct sockaddr_storage near = sender("127.0.0.2", 5353);
	for (size_t len = 0; len < sizeof(ask_both) - 1; len++)
		assert_false(gate_admits(&g, ask_both, len, &near, 1000));
	static const char many[] = HEADER("\0\0", "\xff") ASK_ALL;
	assert_false(ADMITS(&g, many, &near, 1000));
	static const char pointer[] = HEADER("\0\0", "\x01") "\xc0\x0c\0\x0c\0\x01";
	assert_true(ADMITS(&g, pointer, &near, 1000)); /* where it leads to is not followed */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(n20_questions_for_all_are_answered),
	    cmocka_unit_test(n20_few_that_want_an_answer_of_their_own),
	    cmocka_unit_test(n20_nothing_from_off_link),
	    cmocka_unit_test(n20_broken_questions_are_not_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
