#include "watch.h"

#include <stdlib.h>
#include <string.h>

struct buddy {
	struct buddy *next;
	char *name, *status, *text; /* owned */
	bool on, connected;
};

static struct buddy *
buddy_of(struct watch *w, const char *name)
{
	struct buddy *b = w->first;
	while (b && strcmp(b->name, name) != 0)
		b = b->next;
	if (b)
		return b;
	b = calloc(1, sizeof(*b));
	if (b)
		b->name = strdup(name);
	if (!b || !b->name) {
		free(b);
		return NULL;
	}
	b->next = w->first;
	w->first = b;
	return b;
}

static bool
replace(char **field, const char *value)
{
	if (*field && value && strcmp(*field, value) == 0)
		return false;
	free(*field);
	*field = value ? strdup(value) : NULL;
	return true;
}

/* A stream to it is ready for use, at our end. */
static void
watch_stream(struct buddy *b, const struct earshot_value *person)
{
	bool was = b->connected;
	b->connected = earshot_value_bool(person, "connected", false);
	if (was || !b->connected)
		return;
	struct earshot_value *v = event_new("buddy-connected");
	earshot_value_set_str(v, "who", b->name);
	event_print(v);
}

void
watch_person(struct watch *w, const struct earshot_value *person)
{
	const char *name = earshot_value_str(person, "name");
	const char *state = earshot_value_str(person, "state");
	struct buddy *b = name ? buddy_of(w, name) : NULL;
	if (!b || !state)
		return;
	watch_stream(b, person);
	bool was_on = b->on;
	b->on = strcmp(state, "gone") != 0 && strcmp(state, "silent") != 0;
	bool news = replace(&b->status, earshot_value_str(person, "status"));
	news = replace(&b->text, earshot_value_str(person, "text")) || news;
	if (b->on == was_on && !(b->on && news))
		return;
	struct earshot_value *v = event_new(b->on == was_on ? "buddy-status"
					    : b->on         ? "buddy-on"
							    : "buddy-off");
	earshot_value_set_str(v, "who", name);
	earshot_value_set_str(v, "status", b->status);
	earshot_value_set_str(v, "text", b->text);
	event_print(v);
}

void
watch_finish(struct watch *w)
{
	struct buddy *b;
	while ((b = w->first)) {
		w->first = b->next;
		free(b->name);
		free(b->status);
		free(b->text);
		free(b);
	}
}

/* ---- messages ---- */

/* "<L|B> SEQ NS ...": the kind as a string, or NULL for any other text. */
static const char *
parse_body(const char *text, uint64_t *seq, uint64_t *sent)
{
	char *end;
	if ((text[0] != 'L' && text[0] != 'B') || text[1] != ' ')
		return NULL;
	*seq = strtoull(text + 2, &end, 10);
	if (end == text + 2 || *end != ' ')
		return NULL;
	const char *second = end + 1;
	*sent = strtoull(second, &end, 10);
	if (end == second || *end != ' ')
		return NULL;
	return text[0] == 'L' ? "L" : "B";
}

void
counted_take(struct counted *c, const struct earshot_value *event, bool quiet)
{
	const char *direction = earshot_value_str(event, "direction");
	const char *text = earshot_value_str(event, "text");
	uint64_t seq = 0, sent = 0, now = now_ns();
	if (!direction || !text || strcmp(direction, "in") != 0)
		return;
	const char *kind = parse_body(text, &seq, &sent);
	size_t len = strlen(text);
	c->n++;
	c->bytes += len;
	c->first = c->first ? c->first : now;
	c->last = now;
	if (kind && kind[0] == 'B') {
		c->out_of_order += c->have_seq && seq != c->last_seq + 1;
		c->last_seq = seq;
		c->have_seq = true;
	}
	if (kind && quiet)
		return;
	struct earshot_value *v = event_new("msg");
	earshot_value_set_str(v, "who", earshot_value_str(event, "peer"));
	if (kind) {
		earshot_value_set_str(v, "kind", kind);
		earshot_value_set_int(v, "seq", (int64_t)seq);
		earshot_value_set_int(v, "sent", (int64_t)sent);
		earshot_value_set_int(v, "len", (int64_t)len);
	} else {
		earshot_value_set_str(v, "text", text);
	}
	event_print(v);
}

void
counted_print(const struct counted *c)
{
	struct earshot_value *v = event_new("stat");
	earshot_value_set_int(v, "n", (int64_t)c->n);
	earshot_value_set_int(v, "bytes", (int64_t)c->bytes);
	earshot_value_set_int(v, "first", (int64_t)c->first);
	earshot_value_set_int(v, "last", (int64_t)c->last);
	earshot_value_set_int(v, "ooo", (int64_t)c->out_of_order);
	event_print(v);
}
