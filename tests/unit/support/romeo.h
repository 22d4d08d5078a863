/* For tests of peer/: Romeo, and what is said to him. Included after world.h. */
#ifndef TESTS_ROMEO_H
#define TESTS_ROMEO_H

#define ROMEO  "romeo@forza"
#define TYBALT "tybalt@terra"
#define FIXED  "192.0.2.9:5298"

static inline struct discovery_entry *
romeo(enum txt_client client)
{
	struct discovery_entry *e = announce(ROMEO, client, "192.0.2.1", DISCOVERY_MDNS);
	buf_clear(&world.events);
	return e;
}

struct outcome {
	unsigned calls;
	int err;
	struct person *who;
};

static inline void
on_outcome(void *ctx, struct person *p, const struct stream *s, int err)
{
	struct outcome *o = ctx;
	(void)s;
	o->calls++;
	o->err = err;
	o->who = p;
}

static inline int
say(const char *name, const char *text, struct outcome *o)
{
	struct buf b = BUF_INIT(1000);
	*o = (struct outcome){0};
	buf_str(&b, text);
	int err = person_send(person_called(name), &b, on_outcome, o);
	buf_finish(&b);
	return err;
}

static inline void
expect_state(const char *name, enum person_state state)
{
	assert_string_equal(
	    person_state_name(person_called(name)->state), person_state_name(state));
}

#endif
