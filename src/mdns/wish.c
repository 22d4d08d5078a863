#include "mdns/wish.h"

#include "base/err.h"
#include "base/hex.h"
#include "base/str.h"
#include "base/utf8.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { FIELD_USER = 1, FIELD_PORT, FIELD_TXT };

void
wish_init(struct wish *w)
{
	*w = (struct wish){.attempt = 1};
}

void
wish_finish(struct wish *w)
{
	avahi_string_list_free(w->txt);
	free(w->avatar);
	wish_init(w);
}

static bool
is_user(const struct protocol_line *line)
{
	const char *user = line->field[FIELD_USER];
	size_t len = line->length[FIELD_USER];
	return len > 0 && len <= LIMIT_INSTANCE_NAME && !memchr(user, '\0', len) &&
	       utf8_valid(user, len);
}

static int
read_txt(const struct protocol_line *line, AvahiStringList **out)
{
	AvahiStringList *txt = NULL;
	size_t total = 0;
	for (size_t i = FIELD_TXT; i < line->count; i++) {
		size_t len = line->length[i];
		total += len + 1; /* each string is preceded by its length */
		if (len > LIMIT_TXT_STRING || total > LIMIT_TXT_RECORD) {
			avahi_string_list_free(txt);
			return ERR_PROTO;
		}
		AvahiStringList *longer =
		    avahi_string_list_add_arbitrary(txt, (const uint8_t *)line->field[i], len);
		if (!longer) {
			avahi_string_list_free(txt);
			return -ENOMEM;
		}
		txt = longer;
	}
	*out = txt;
	return 0;
}

int
wish_publish(struct wish *w, const struct protocol_line *line)
{
	int64_t port;
	if (line->count < FIELD_TXT || !is_user(line) ||
	    str_to_int(line->field[FIELD_PORT], 1, UINT16_MAX, &port))
		return ERR_PROTO;
	AvahiStringList *txt;
	int err = read_txt(line, &txt);
	if (err)
		return err;
	if (strcmp(w->user, line->field[FIELD_USER]) != 0)
		w->attempt = 1;
	memcpy(w->user, line->field[FIELD_USER],
	    line->length[FIELD_USER] + 1); /* is_user(): it fits */
	w->port = (uint16_t)port;
	avahi_string_list_free(w->txt);
	w->txt = txt;
	return 0;
}

int
wish_avatar(struct wish *w, const struct protocol_line *line)
{
	if (line->count != 2 || line->length[1] > 2 * (size_t)LIMIT_AVATAR)
		return ERR_PROTO;
	unsigned char *avatar = NULL;
	if (line->length[1]) {
		avatar = malloc(line->length[1] / 2 + 1);
		if (!avatar)
			return -ENOMEM;
		if (hex_decode(avatar, line->field[1], line->length[1])) {
			free(avatar);
			return ERR_PROTO;
		}
	}
	free(w->avatar);
	w->avatar = avatar;
	w->avatar_len = line->length[1] / 2;
	return 0;
}
