#include "transfer/si_stanza.h"

#include "base/compiler.h"
#include "base/err.h"
#include "base/stamp.h"
#include "base/str.h"
#include "xml/elem.h"
#include "xml/ns.h"
#include "xml/writer.h"

#include <inttypes.h>
#include <stdio.h>

static const struct {
	enum si_way way;
	const char *ns;
} ways[] = {{SI_BYTESTREAMS, NS_BYTESTREAMS}, {SI_IBB, NS_IBB}};

/* ---- the form (XEP-0020) ---- */

static unsigned
way_of(const char *ns)
{
	for (size_t i = 0; i < ARRAY_LEN(ways); i++)
		if (str_equal(ways[i].ns, ns))
			return ways[i].way;
	return 0;
}

static const struct xml_elem *
stream_method(const struct xml_elem *si)
{
	const struct xml_elem *feature = xml_elem_child(si, NS_FEATURE_NEG, "feature");
	const struct xml_elem *form = feature ? xml_elem_child(feature, NS_DATA_FORMS, "x") : NULL;
	if (!form)
		return NULL;
	XML_FOREACH (field, form)
		if (xml_elem_is(field, NS_DATA_FORMS, "field") &&
		    str_equal(xml_elem_attr(field, "var"), "stream-method"))
			return field;
	return NULL;
}

static void
open_form(struct xml_writer *w, const char *type)
{
	xml_open(w, NS_FEATURE_NEG, "feature");
	xml_open(w, NS_DATA_FORMS, "x");
	xml_attr(w, "type", type);
	xml_open(w, NULL, "field");
	xml_attr(w, "var", "stream-method");
}

static void
close_form(struct xml_writer *w)
{
	xml_close(w);
	xml_close(w);
	xml_close(w);
}

/* ---- offers ---- */

static unsigned
offered_ways(const struct xml_elem *si)
{
	const struct xml_elem *field = stream_method(si);
	unsigned found = 0;
	if (!field)
		return 0;
	XML_FOREACH (option, field) {
		const struct xml_elem *value = xml_elem_is(option, NS_DATA_FORMS, "option")
						   ? xml_elem_child(option, NS_DATA_FORMS, "value")
						   : NULL;
		found |= value ? way_of(value->text) : 0;
	}
	return found;
}

int
si_offer_read(const struct xml_elem *si, struct si_offer *out)
{
	int64_t size = 0, ms = 0;
	const struct xml_elem *file = xml_elem_child(si, NS_SI_FILE, "file");
	*out = (struct si_offer){.sid = xml_elem_attr(si, "id")};
	/* libpurple leaves the profile out where nobody looks */
	const char *profile = xml_elem_attr(si, "profile");
	if (profile && !str_equal(profile, NS_SI_FILE))
		return ERR_UNSUPPORTED;
	out->name = file ? xml_elem_attr(file, "name") : NULL;
	if (str_empty(out->sid) || str_empty(out->name))
		return ERR_PROTO;
	const char *text = xml_elem_attr(file, "size"), *date = xml_elem_attr(file, "date");
	out->size_known = text && str_to_int(text, 0, INT64_MAX, &size) == 0;
	if (out->size_known)
		out->size = (uint64_t)size;
	if (date && stamp_parse(date, &ms) == 0)
		out->mtime = ms / 1000;
	const struct xml_elem *desc = xml_elem_child(file, NS_SI_FILE, "desc");
	out->description = desc && desc->text[0] ? desc->text : NULL;
	out->media = xml_elem_attr(si, "mime-type");
	out->ways = offered_ways(si);
	return out->ways ? 0 : ERR_UNSUPPORTED;
}

void
si_offer_write(struct xml_writer *w, const struct si_offer *o)
{
	char size[24];
	(void)snprintf(size, sizeof(size), "%" PRIu64, o->size);
	xml_attr(w, "profile", NS_SI_FILE);
	xml_attr(w, "id", o->sid);
	xml_attr(w, "mime-type", o->media);
	xml_open(w, NS_SI_FILE, "file");
	xml_attr(w, "name", o->name);
	xml_attr(w, "size", size);
	if (o->mtime > 0) {
		char date[STAMP_SIZE];
		stamp_write(date, o->mtime * 1000);
		xml_attr(w, "date", date);
	}
	if (o->description)
		xml_leaf(w, NULL, "desc", o->description);
	xml_close(w);
	open_form(w, "form");
	xml_attr(w, "type", "list-single");
	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		if (!(o->ways & ways[i].way))
			continue;
		xml_open(w, NULL, "option");
		xml_leaf(w, NULL, "value", ways[i].ns);
		xml_close(w);
	}
	close_form(w);
}

/* ---- answers ---- */

void
si_answer_write(struct xml_writer *w, enum si_way way)
{
	xml_open(w, NS_SI, "si");
	open_form(w, "submit");
	for (size_t i = 0; i < ARRAY_LEN(ways); i++)
		if (ways[i].way == way)
			xml_leaf(w, NULL, "value", ways[i].ns);
	close_form(w);
	xml_close(w);
}

unsigned
si_answer_read(const struct xml_elem *si)
{
	const struct xml_elem *field = stream_method(si);
	const struct xml_elem *value = field ? xml_elem_child(field, NS_DATA_FORMS, "value") : NULL;
	return value ? way_of(value->text) : 0;
}
