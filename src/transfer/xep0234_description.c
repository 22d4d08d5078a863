#include "transfer/xep0234_description.h"

#include "base/err.h"
#include "base/stamp.h"
#include "base/str.h"
#include "tls/digest.h"
#include "transfer/xep0300_hashes.h"
#include "xml/elem.h"
#include "xml/ns.h"
#include "xml/writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char cid_scheme[] = "cid:";

/* ---- writing ---- */

static void
write_number(struct xml_writer *w, const char *ns, const char *name, uint64_t number)
{
	char text[24];
	(void)snprintf(text, sizeof(text), "%" PRIu64, number);
	xml_leaf(w, ns, name, text);
}

static void
write_attr(struct xml_writer *w, const char *name, uint64_t number)
{
	char text[24];
	(void)snprintf(text, sizeof(text), "%" PRIu64, number);
	xml_attr(w, name, text);
}

int
description_cid(const void *data, size_t len, char out[DESCRIPTION_CID_SIZE])
{
	char hash[DIGEST_SHA1_HEX_SIZE];
	int err = digest_sha1_hex(data, len, hash);
	if (!err)
		(void)snprintf(out, DESCRIPTION_CID_SIZE, "sha1+%s@bob.xmpp.org", hash);
	return err;
}

static void
write_thumbnail(struct xml_writer *w, const struct transfer *t)
{
	char cid[DESCRIPTION_CID_SIZE], uri[sizeof(cid_scheme) + sizeof(cid)];
	if (!t->thumbnail || description_cid(t->thumbnail, t->thumbnail_len, cid) != 0)
		return;
	(void)snprintf(uri, sizeof(uri), "%s%s", cid_scheme, cid);
	xml_open(w, NS_THUMBS, "thumbnail");
	xml_attr(w, "uri", uri);
	xml_attr(w, "media-type", t->thumbnail_media);
	xml_close(w);
}

static void
write_metadata(struct xml_writer *w, const struct transfer *t)
{
	if (t->width && t->height) {
		write_number(w, NS_FILE_METADATA, "width", t->width);
		write_number(w, NS_FILE_METADATA, "height", t->height);
	}
	if (t->duration)
		write_number(w, NS_FILE_METADATA, "length", t->duration);
	if (t->folder) {
		xml_open(w, NS_TRANSFER, "folder");
		if (t->files)
			write_attr(w, "files", t->files);
		xml_close(w);
	}
}

void
description_write(struct xml_writer *w, const struct transfer *t)
{
	xml_open(w, NS_JINGLE_FT, "description");
	xml_open(w, NULL, "file");
	if (t->mtime) {
		char stamp[STAMP_SIZE];
		stamp_write(stamp, t->mtime * 1000);
		xml_leaf(w, NULL, "date", stamp);
	}
	xml_leaf(w, NULL, "desc", t->description);
	xml_leaf(w, NULL, "media-type", t->media);
	xml_leaf(w, NULL, "name", t->name);
	xml_empty(w, NULL, "range");
	write_number(w, NULL, "size", t->size);
	if (t->has_hash)
		hash_write(w, t->hash);
	else
		hash_write_used(w);
	write_metadata(w, t);
	write_thumbnail(w, t);
	xml_close(w);
	xml_close(w);
}

void
description_write_answer(struct xml_writer *w, const struct transfer *t)
{
	xml_open(w, NS_JINGLE_FT, "description");
	xml_open(w, NULL, "file");
	xml_leaf(w, NULL, "name", t->name);
	if (t->offset) {
		xml_open(w, NULL, "range");
		write_attr(w, "offset", t->offset);
		xml_close(w);
		xml_open(w, NS_TRANSFER, "prefix");
		hash_write(w, t->prefix);
		xml_close(w);
	}
	xml_close(w);
	xml_close(w);
}

/* ---- reading ---- */

/* NULL where there is no text. */
static const char *
text_of(const struct xml_elem *file, const char *ns, const char *name)
{
	const struct xml_elem *e = xml_elem_child(file, ns, name);
	return e && e->text[0] ? e->text : NULL;
}

/* A number there may be: 0 without one. */
static int
read_number(const char *text, uint64_t most, uint64_t *out)
{
	int64_t number = 0;
	int64_t hi = most > INT64_MAX ? INT64_MAX : (int64_t)most;
	*out = 0;
	if (text && str_to_int(text, 0, hi, &number) != 0)
		return ERR_PROTO;
	*out = (uint64_t)number;
	return 0;
}

/* What is only shown is left out where it makes no sense. */
static uint32_t
small_number(const char *text)
{
	uint64_t number;
	return read_number(text, UINT32_MAX, &number) == 0 ? (uint32_t)number : 0;
}

static void
read_thumbnail(const struct xml_elem *file, struct description *d)
{
	const struct xml_elem *e = xml_elem_child(file, NS_THUMBS, "thumbnail");
	const char *uri = e ? xml_elem_attr(e, "uri") : NULL;
	if (!uri || strncmp(uri, cid_scheme, strlen(cid_scheme)) != 0 ||
	    strlen(uri) > LIMIT_SESSION_ID)
		return;
	d->thumbnail = (struct transfer_thumbnail){
	    .media = xml_elem_attr(e, "media-type"),
	    .width = small_number(xml_elem_attr(e, "width")),
	    .height = small_number(xml_elem_attr(e, "height")),
	    .cid = uri + strlen(cid_scheme),
	};
	d->offer.thumbnail = &d->thumbnail;
}

static void
read_metadata(const struct xml_elem *file, struct description *d)
{
	struct transfer_offer *o = &d->offer;
	const struct xml_elem *folder = xml_elem_child(file, NS_TRANSFER, "folder");
	o->width = small_number(text_of(file, NS_FILE_METADATA, "width"));
	o->height = small_number(text_of(file, NS_FILE_METADATA, "height"));
	o->duration_ms = small_number(text_of(file, NS_FILE_METADATA, "length"));
	o->folder = folder != NULL;
	if (folder)
		o->files = small_number(xml_elem_attr(folder, "files"));
	int64_t date;
	const char *text = text_of(file, NS_JINGLE_FT, "date");
	if (text && stamp_parse(text, &date) == 0)
		o->mtime = date / 1000;
}

int
description_read(const struct xml_elem *description, struct description *out)
{
	*out = (struct description){0};
	struct transfer_offer *o = &out->offer;
	const struct xml_elem *file = xml_elem_child(description, NS_JINGLE_FT, "file");
	if (!file)
		return ERR_PROTO;
	const char *name = text_of(file, NS_JINGLE_FT, "name");
	const char *size = text_of(file, NS_JINGLE_FT, "size");
	o->name = name ? name : "";
	o->media = text_of(file, NS_JINGLE_FT, "media-type");
	o->description = text_of(file, NS_JINGLE_FT, "desc");
	o->size_known = size != NULL;
	int err = read_number(size, INT64_MAX, &o->size);
	if (err)
		return err;
	if (hash_read(file, out->hash))
		o->hash = out->hash;
	read_metadata(file, out);
	read_thumbnail(file, out);
	const struct xml_elem *range = xml_elem_child(file, NS_JINGLE_FT, "range");
	const struct xml_elem *prefix = xml_elem_child(file, NS_TRANSFER, "prefix");
	out->has_prefix = prefix && hash_read(prefix, out->prefix);
	return range ? read_number(xml_elem_attr(range, "offset"), INT64_MAX, &out->offset) : 0;
}
