/* SOCKS5 from a peer that lies, to either side of it: no part asked for is larger than there is
 * room for, the talk ends, and where the input is cut changes nothing. The first byte chooses the
 * side and how much comes at once. */
#include "transfer/socks5_talk.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct course {
	int result;
	size_t taken, said;
	char hash[SOCKS5_HASH_SIZE];
};

static struct course
talk(bool server, const uint8_t *data, size_t len, size_t at_once)
{
	struct socks5_talk t;
	struct socks5_say say = {.len = 0};
	struct course c = {.result = SOCKS5_MORE};
	if (server)
		socks5_talk_server(&t);
	else
		socks5_talk_client(&t, "c97cd5f74b30cf5878cf715fa2c28969131c5826", &say);
	c.said = say.len;
	while (c.result == SOCKS5_MORE && c.taken < len) {
		if (t.need > SOCKS5_PART || t.have >= t.need)
			abort();
		size_t n = t.need - t.have;
		n = n < at_once ? n : at_once;
		n = n < len - c.taken ? n : len - c.taken;
		memcpy(t.in + t.have, data + c.taken, n);
		t.have += n;
		c.taken += n;
		if (t.have < t.need)
			continue;
		c.result = socks5_talk_took(&t, &say);
		if (say.len > SOCKS5_PART)
			abort();
		c.said += say.len;
	}
	if (c.result == SOCKS5_DONE && !socks5_hash_valid(t.hash))
		abort();
	memcpy(c.hash, t.hash, sizeof(c.hash));
	return c;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len < 1)
		return 0;
	bool server = data[0] & 1;
	struct course whole = talk(server, data + 1, len - 1, SOCKS5_PART);
	struct course split = talk(server, data + 1, len - 1, 1 + data[0] / 2U % 16);
	if (whole.result != split.result || whole.taken != split.taken ||
	    whole.said != split.said || memcmp(whole.hash, split.hash, sizeof(whole.hash)) != 0)
		abort();
	/* a greeting, methods, a request with a name: no more than that is ever read */
	if (whole.taken > 2 + 255 + 4 + 1 + 255 + 2)
		abort();
	return 0;
}
