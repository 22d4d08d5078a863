#include "stream/header.h"

#include "base/err.h"
#include "base/str.h"
#include "xml/ns.h"
#include "xml/writer.h"

#include <errno.h>

void
header_write_open(struct buf *out, const char *from, const char *to)
{
	buf_str(out, "<?xml version='1.0'?>");
	struct xml_writer w = xml_writer_to(out);
	xml_open(&w, NS_STREAM, "stream");
	xml_attr(&w, "xmlns", NS_CLIENT);
	xml_attr(&w, "xmlns:stream", NS_STREAM);
	xml_attr(&w, "from", from);
	xml_attr(&w, "to", to);
	xml_attr(&w, "version", "1.0");
	buf_char(out, '>'); /* and stays open: the writer is not asked to close it */
}

void
header_write_features(struct buf *out, const char *inner)
{
	if (str_empty(inner))
		buf_str(out, "<stream:features/>");
	else
		buf_fmt(out, "<stream:features>%s</stream:features>", inner);
}

void
header_write_starttls_features(struct buf *out, bool required, const char *inner)
{
	struct xml_writer w = xml_writer_to(out);
	buf_str(out, "<stream:features>");
	xml_open(&w, NS_TLS, "starttls");
	if (required)
		xml_empty(&w, NULL, "required");
	xml_close(&w);
	if (!required && inner)
		buf_str(out, inner);
	buf_str(out, "</stream:features>");
}

void
header_write_sasl_features(struct buf *out)
{
	struct xml_writer w = xml_writer_to(out);
	buf_str(out, "<stream:features>");
	xml_open(&w, NS_SASL, "mechanisms");
	xml_leaf(&w, NULL, "mechanism", "EXTERNAL");
	xml_close(&w);
	buf_str(out, "</stream:features>");
}

void
header_write_tls(struct buf *out, const char *name)
{
	struct xml_writer w = xml_writer_to(out);
	xml_empty(&w, NS_TLS, name);
}

void
header_write_auth(struct buf *out)
{
	struct xml_writer w = xml_writer_to(out);
	xml_open(&w, NS_SASL, "auth");
	xml_attr(&w, "mechanism", "EXTERNAL");
	xml_text(&w, "="); /* an empty initial response (RFC 6120 §6.4.2) */
	xml_close(&w);
}

void
header_write_sasl_outcome(struct buf *out, const char *condition)
{
	struct xml_writer w = xml_writer_to(out);
	xml_open(&w, NS_SASL, condition ? "failure" : "success");
	if (condition)
		xml_empty(&w, NULL, condition);
	xml_close(&w);
}

void
header_write_error(struct buf *out, const char *condition)
{
	struct xml_writer w = xml_writer_to(out);
	xml_open(&w, NS_STREAM, "error");
	xml_empty(&w, NS_STREAM_ERR, condition);
	xml_close(&w);
}

void
header_write_end(struct buf *out)
{
	buf_str(out, "</stream:stream>");
}

const char *
header_condition(int err)
{
	switch (err) {
	case ERR_XML:
		return "not-well-formed";
	case ERR_PROTO:
		return "bad-format";
	case ERR_TOO_BIG:
	case ERR_SECURITY:
		return "policy-violation";
	case ERR_TRUST:
	case ERR_KEY:
		return "not-authorized";
	case ERR_IDENTITY:
		return "invalid-from";
	case ERR_UNKNOWN:
	case ERR_ABSENT:
		return "host-unknown";
	case ERR_UNSUPPORTED:
		return "unsupported-feature";
	case -ETIMEDOUT:
		return "connection-timeout";
	case -ENOMEM:
	case -EMFILE:
	case -ENOSPC:
	case ERR_FLOOD:
		return "resource-constraint";
	default:
		return NULL;
	}
}
