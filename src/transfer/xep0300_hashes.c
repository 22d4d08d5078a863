#include "transfer/xep0300_hashes.h"

#include "base/str.h"
#include "tls/digest.h"
#include "xml/elem.h"
#include "xml/ns.h"
#include "xml/writer.h"

void
hash_write(struct xml_writer *w, const uint8_t sha256[32])
{
	struct buf text = BUF_INIT(64);
	digest_base64(&text, sha256, DIGEST_SHA256_SIZE);
	if (buf_err(&text) && !w->out->err)
		w->out->err = buf_err(&text); /* half a hash is none */
	xml_open(w, NS_HASHES, "hash");
	xml_attr(w, "algo", "sha-256");
	xml_text(w, buf_cstr(&text));
	xml_close(w);
	buf_finish(&text);
}

void
hash_write_used(struct xml_writer *w)
{
	xml_open(w, NS_HASHES, "hash-used");
	xml_attr(w, "algo", "sha-256");
	xml_close(w);
}

bool
hash_read(const struct xml_elem *parent, uint8_t out[32])
{
	XML_FOREACH (child, parent) {
		if (xml_elem_is(child, NS_HASHES, "hash") &&
		    str_equal(xml_elem_attr(child, "algo"), "sha-256"))
			return digest_sha256_parse_base64(child->text, out) == 0;
	}
	return false;
}
