#include "tls/key.h"

#include "base/hex.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>

bool
tls_id_equal(const struct tls_id *a, const struct tls_id *b)
{
	return CRYPTO_memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

int
tls_id_compare(const struct tls_id *a, const struct tls_id *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

void
tls_id_hex(const struct tls_id *id, char out[TLS_ID_HEX_SIZE])
{
	hex_encode(out, id->bytes, sizeof(id->bytes));
}

void
tls_id_tag(const struct tls_id *id, char out[TLS_ID_TAG_SIZE])
{
	hex_encode(out, id->bytes, (TLS_ID_TAG_SIZE - 1) / 2);
}

int
tls_id_parse(const char *hex, struct tls_id *out)
{
	struct tls_id id = {{0}};
	if (strlen(hex) != TLS_ID_HEX_SIZE - 1 || hex_decode(id.bytes, hex, TLS_ID_HEX_SIZE - 1))
		return -EINVAL;
	*out = id;
	return 0;
}

bool
tls_peer_was(const struct tls_peer *peer, const struct tls_id *id)
{
	bool found = tls_id_equal(&peer->id, id);
	for (size_t i = 0; i < peer->formerly_count; i++)
		found |= tls_id_equal(&peer->formerly[i], id);
	return found;
}
