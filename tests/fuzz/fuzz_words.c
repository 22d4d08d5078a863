/* Small things that come as text: addresses, instance names, points in time, safety numbers.
 * What was read is written in its one spelling, which reads as itself. The first byte chooses. */
#include "base/hex.h"
#include "base/limits.h"
#include "base/stamp.h"
#include "base/utf8.h"
#include "discovery/address.h"
#include "discovery/fixed.h"
#include "discovery/name.h"
#include "tls/fingerprint.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
expect(bool truth)
{
	if (!truth)
		abort();
}

static void
read_address(const char *s)
{
	char host[LIMIT_HOST_NAME + 1], spelled[DISCOVERY_ADDRESS_SIZE],
	    again[DISCOVERY_ADDRESS_SIZE];
	uint16_t port;
	int err = fixed_parse(s, host, sizeof(host), &port);
	expect(fixed_spell(s, spelled) == err);
	if (!err)
		expect(*host && port && fixed_spell(spelled, again) == 0 &&
		       strcmp(spelled, again) == 0);
}

static void
read_name(const char *s, size_t len)
{
	char user[LIMIT_USER_PART + 1], joined[LIMIT_INSTANCE_NAME + 1],
	    key[LIMIT_INSTANCE_NAME + 1];
	bool usable = name_usable(s, len);
	expect(!usable || (len > 0 && len <= LIMIT_INSTANCE_NAME && utf8_valid(s, len)));
	name_key(key, sizeof(key), s);
	name_clean_user(user, s);
	expect(*user && strspn(user, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789-_.+") == strlen(user));
	name_join(joined, user, s);
	expect(strlen(joined) <= LIMIT_INSTANCE_NAME);
}

static void
read_stamp(const char *s)
{
	int64_t ms, again;
	char text[STAMP_SIZE], minute[STAMP_MINUTE_SIZE];
	if (stamp_parse(s, &ms) != 0)
		return;
	stamp_write(text, ms);
	stamp_minute(minute, ms);
	if (ms >= 0) /* whose year has four digits is in this form */
		expect(strlen(text) != STAMP_SIZE - 1 ||
		       (stamp_parse(text, &again) == 0 && again == ms));
}

static void
read_safety(const char *s)
{
	char number[TLS_SAFETY_SIZE], again[TLS_SAFETY_SIZE];
	if (tls_safety_parse(s, number) == 0)
		expect(tls_safety_parse(number, again) == 0 && tls_safety_equal(number, again));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len < 1)
		return 0;
	char *s = malloc(len);
	expect(s != NULL);
	memcpy(s, data + 1, len - 1);
	s[len - 1] = '\0';
	switch (data[0] % 4) {
	case 0:
		read_address(s);
		break;
	case 1:
		read_name(s, strlen(s));
		break;
	case 2:
		read_stamp(s);
		break;
	default:
		read_safety(s);
		break;
	}
	free(s);
	return 0;
}
