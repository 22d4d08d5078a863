/* What a stranger sends before anybody knows who it is: certificates and handshake bytes. The
 * first byte chooses.
 *
 * 0: a certificate in DER. Whatever it is, a verdict; and what is accepted names a key of one of
 * the two kinds, is not its own predecessor, and is accepted again with the same result.
 * 1, 2: bytes to a server, to a client. 3: the same in the middle of a true handshake, in the
 * place of so many bytes. Never is a session open with somebody who has not shown a key that was
 * checked, and where the bytes are cut changes no verdict. */
#include "base/err.h"
#include "base/limits.h"
#include "tls/certificate.h"
#include "tls/internal.h"
#include "tls/session.h"

#include <openssl/err.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct tls_identity *identity;
static struct tls_context *context;

static void
expect(bool truth)
{
	if (!truth)
		abort();
}

static void
begin(void)
{
	if (context)
		return;
	expect(identity_generate(&identity) == 0);
	expect(tls_context_create(identity, &context) == 0);
}

static void
judge(const uint8_t *der, size_t len)
{
	struct tls_peer peer = {.formerly_count = 0}, again;
	struct certificate_records records;
	X509 *cert = d2i_X509(NULL, &der, (long)len);
	/* no mutation gets past the signature: what lies behind it is tried without */
	if (cert && certificate_read_records(cert, &records) == 0)
		expect(records.count <= TLS_FORMERLY_MAX);
	if (cert && certificate_verify(cert, &peer) == 0) {
		expect(peer.formerly_count <= TLS_FORMERLY_MAX);
		for (size_t i = 0; i < peer.formerly_count; i++)
			expect(!tls_id_equal(&peer.formerly[i], &peer.id));
		expect(certificate_verify(cert, &again) == 0);
		expect(memcmp(&peer.id, &again.id, sizeof(peer.id)) == 0);
		expect(peer.formerly_count == again.formerly_count);
	}
	X509_free(cert);
	ERR_clear_error();
}

struct side {
	struct tls_session *s;
	unsigned checks;
	size_t plain;
};

static int
on_check(void *ctx, const struct tls_peer *peer)
{
	struct side *side = ctx;
	(void)peer;
	expect(!tls_session_is_open(side->s) && side->plain == 0);
	side->checks++;
	return 0;
}

/* Its error after these bytes. */
static int
feed(struct side *side, const uint8_t *data, size_t len)
{
	uint8_t plain[512];
	/* just so many bytes, so that who reads beyond is found */
	uint8_t *copy = malloc(len ? len : 1);
	expect(copy != NULL);
	memcpy(copy, data, len);
	int n = tls_session_feed(side->s, copy, len);
	while (n >= 0 && (n = tls_session_read(side->s, plain, sizeof(plain))) > 0)
		side->plain += (size_t)n;
	free(copy);
	bool open = tls_session_is_open(side->s);
	expect(!open || (side->checks == 1 && tls_session_peer(side->s)));
	expect(side->plain == 0 || side->checks == 1);
	expect(open || tls_session_write(side->s, "x", 1) < 0);
	return tls_session_err(side->s);
}

static void
create(struct side *side, bool client)
{
	*side = (struct side){.s = NULL};
	expect(tls_session_create(context, client, on_check, side, &side->s) == 0);
}

static void
noise(bool client, const uint8_t *data, size_t len)
{
	struct side whole, cut;
	create(&whole, client);
	create(&cut, client);
	int verdict = feed(&whole, data, len);
	for (size_t i = 0; i < len; i += 3)
		(void)feed(&cut, data + i, len - i < 3 ? len - i : 3);
	expect(tls_session_err(cut.s) == verdict);
	expect(!tls_session_is_open(whole.s) && !tls_session_is_open(cut.s));
	tls_session_destroy(whole.s);
	tls_session_destroy(cut.s);
}

/* Two of ours; the input takes the place of what goes over the wire from byte `at` on. */
static void
between(const uint8_t *data, size_t len)
{
	struct side sides[2];
	size_t at = len < 2 ? 0 : (size_t)(data[0] << 8 | data[1]) % 2048, seen = 0;
	data += len < 2 ? len : 2;
	len -= len < 2 ? len : 2;
	create(&sides[0], true);
	create(&sides[1], false);
	for (unsigned turn = 0; turn < 8; turn++) {
		struct side *from = &sides[turn % 2], *to = &sides[1 - turn % 2];
		uint8_t bytes[8192];
		const void *out;
		size_t n;
		tls_session_output(from->s, &out, &n);
		n = n < sizeof(bytes) ? n : sizeof(bytes);
		if (n > 0)
			memcpy(bytes, out, n);
		for (size_t i = 0; i < n; i++)
			if (seen + i >= at && seen + i - at < len)
				bytes[i] = data[seen + i - at];
		seen += n;
		tls_session_sent(from->s, n);
		(void)feed(to, bytes, n);
	}
	tls_session_destroy(sides[0].s);
	tls_session_destroy(sides[1].s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	begin();
	if (len < 1)
		return 0;
	switch (data[0] % 4) {
	case 0:
		judge(data + 1, len - 1);
		break;
	case 1:
	case 2:
		noise(data[0] % 4 == 2, data + 1, len - 1);
		break;
	default:
		between(data + 1, len - 1);
		break;
	}
	return 0;
}
