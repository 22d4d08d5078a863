#include "transfer/xep0231_bob.h"

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "peer/iq.h"
#include "peer/person.h"
#include "peer/roster.h"
#include "tls/digest.h"
#include "transfer/transfers.h"
#include "transfer/xep0166_jingle.h"
#include "transfer/xep0234_description.h"
#include "transfer/xep0234_jingle_ft.h"
#include "xml/elem.h"
#include "xml/ns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- asking ---- */

struct question {
	char id[TRANSFER_ID_SIZE];
	char cid[DESCRIPTION_CID_SIZE];
};

static void
write_cid(struct xml_writer *w, const void *from)
{
	xml_attr(w, "cid", from);
}

static void
on_data(void *ctx, struct person *p, int err, const struct xml_elem *payload)
{
	struct question *q = ctx;
	char cid[DESCRIPTION_CID_SIZE];
	struct buf data = BUF_INIT(LIMIT_THUMBNAIL);
	struct transfer *t = NULL;
	if (!err && payload && xml_elem_is(payload, NS_BOB, "data"))
		t = transfers_find(p, q->id, false);
	if (t && digest_base64_parse(payload->text, &data) == 0 && data.len > 0 &&
	    description_cid(data.data, data.len, cid) == 0 && strcmp(cid, q->cid) == 0)
		transfer_got_thumbnail(t, data.data, data.len);
	else if (t)
		log_info(p->name, "a thumbnail is not what it was said to be");
	buf_finish(&data);
	free(q);
}

void
bob_fetch(struct transfer *t, const char *cid)
{
	struct question *q = calloc(1, sizeof(*q));
	if (!q)
		return;
	/* another algorithm, or none: not worth the trouble */
	int err = str_copy(q->cid, sizeof(q->cid), cid);
	if (!err)
		err = str_copy(q->id, sizeof(q->id), t->id);
	if (!err)
		err = iq_get(t->person, NS_BOB, "data", write_cid, q->cid, on_data, q);
	if (err) {
		log_debug(t->person->name, "no thumbnail: %s", err_str(err));
		free(q);
	}
}

/* ---- answering ---- */

static bool
has_thumbnail(const struct transfer *t, const void *what)
{
	char cid[DESCRIPTION_CID_SIZE];
	return t->thumbnail && description_cid(t->thumbnail, t->thumbnail_len, cid) == 0 &&
	       strcmp(cid, what) == 0;
}

static int
answer(const struct inbound *in)
{
	const char *cid = xml_elem_attr(in->payload, "cid");
	const struct transfer *t = cid ? jingle_offered(in->from, has_thumbnail, cid) : NULL;
	if (!t)
		return iq_reply_error(in, "cancel", "item-not-found");
	struct iq_reply reply;
	struct buf text = BUF_INIT(2 * (size_t)LIMIT_THUMBNAIL);
	digest_base64(&text, t->thumbnail, t->thumbnail_len);
	int err = buf_err(&text);
	if (!err) {
		iq_reply_begin(&reply, in);
		xml_open(&reply.w, NS_BOB, "data");
		xml_attr(&reply.w, "cid", cid);
		xml_attr(&reply.w, "type", t->thumbnail_media);
		xml_text(&reply.w, buf_cstr(&text));
		xml_close(&reply.w);
		err = iq_reply_send(&reply, in);
	}
	buf_finish(&text);
	return err;
}

FEATURE_DEFINE(bob) = {
    .name = "bob",
    .disco = (const char *const[]){NS_BOB, NS_THUMBS, NULL},
    .handlers =
	(const struct payload_handler[]){
	    {IQ_GET, NS_BOB, "data", answer},
	    {0},
	},
};
