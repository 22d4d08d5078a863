#include "transfer/oob_stanza.h"

#include "base/err.h"
#include "base/str.h"
#include "xml/elem.h"
#include "xml/ns.h"
#include "xml/writer.h"

#include <inttypes.h>
#include <stdio.h>

int
oob_read(const struct xml_elem *e, struct oob_offer *out)
{
	int64_t number;
	const struct xml_elem *url = xml_elem_child(e, e->ns, "url");
	const struct xml_elem *desc = xml_elem_child(e, e->ns, "desc");
	*out = (struct oob_offer){.folder = false};
	if (!url)
		return ERR_PROTO;
	const char *type = xml_elem_attr(url, "type"), *size = xml_elem_attr(url, "size");
	const char *files = xml_elem_attr(url, "nfiles");
	out->is_file = type || size;
	out->folder = str_equal(type, "directory");
	if (type && !out->folder && !str_equal(type, "file"))
		return ERR_UNSUPPORTED;
	if (size && str_to_int(size, 0, INT64_MAX, &number) == 0) {
		out->size_known = true;
		out->size = (uint64_t)number;
	}
	if (files && str_to_int(files, 0, UINT32_MAX, &number) == 0)
		out->files = (uint32_t)number;
	out->media = xml_elem_attr(url, "mimeType");
	out->description = desc && desc->text[0] ? desc->text : NULL;
	return http_url_read(url->text, &out->url);
}

void
oob_write(struct xml_writer *w, const char *url, uint64_t size, const char *media)
{
	char number[24];
	(void)snprintf(number, sizeof(number), "%" PRIu64, size);
	xml_open(w, NULL, "url");
	xml_attr(w, "type", "file");
	xml_attr(w, "size", number);
	xml_attr(w, "posixflags", "000001A4"); /* rw-r--r-- in hex, as iChat writes it */
	xml_attr(w, "mimeType", media);
	xml_text(w, url);
	xml_close(w);
}

void
oob_refusal_write(struct xml_writer *w, const char *url, enum oob_refusal why)
{
	bool unwanted = why == OOB_NOT_WANTED;
	xml_open(w, NS_IQ_OOB, "query");
	xml_leaf(w, NULL, "url", url);
	xml_close(w);
	xml_open(w, NULL, "error");
	xml_attr(w, "code", unwanted ? "406" : "404");
	xml_attr(w, "type", unwanted ? "modify" : "cancel");
	xml_empty(w, NS_STANZA_ERR, unwanted ? "not-acceptable" : "item-not-found");
	xml_close(w);
}
