#include "peer/shown.h"

#include "base/log.h"
#include "base/str.h"
#include "peer/keep.h"
#include "peer/people.h"
#include "peer/person.h"

#include <stdlib.h>
#include <string.h>

int
shown_name(struct person *p, const struct txt *txt)
{
	char display[LIMIT_DISPLAY + 1];
	bool named = txt_display_name(txt, display, sizeof(display)) == 0;
	return str_replace(&p->display, named ? display : p->name);
}

static void
take(struct person *p, const struct txt *txt, bool with_name)
{
	struct txt before;
	txt_kept_get(&p->txt, &before);
	if (txt_equal(&before, txt))
		return;
	if (txt_keep(&p->txt, txt) != 0 || (with_name && shown_name(p, txt) != 0)) {
		log_error(p->name, "out of memory: what it shows of itself is not taken");
		return;
	}
	if (!str_equal(before.ver, txt->ver) || !str_equal(before.node, txt->node)) {
		p->caps = NULL;
		p->caps_asked = false;
	}
	if (p->state != PERSON_GONE)
		people_changed(p);
}

void
shown_announced(struct person *p, const struct txt *txt)
{
	struct txt all = *txt, before;
	if (p->has_key) {
		txt_kept_get(&p->txt, &before);
		memcpy(all.first, before.first, sizeof(all.first));
		memcpy(all.last, before.last, sizeof(all.last));
		memcpy(all.nick, before.nick, sizeof(all.nick));
	}
	take(p, &all, !p->has_key);
}

void
shown_said(struct person *p, const struct txt *txt)
{
	char *before = p->has_key ? strdup(p->display) : NULL;
	take(p, txt, true);
	/* after a restart nothing is known of the record, but the name is */
	if (before && shown_name(p, txt) == 0 && strcmp(before, p->display) != 0) {
		keep_contact(p, NULL);
		people_changed(p);
	}
	free(before);
}
