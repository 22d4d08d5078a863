/* For tests of peer/: people who have keys. Included after world.h. */
#ifndef TESTS_KEYED_H
#define TESTS_KEYED_H

#include "romeo.h"

#define MERCUTIO  "mercutio@forza"
#define HOME      "192.0.2.1"
#define ELSEWHERE "192.0.2.66"

static inline int
keyed_begin(void **state)
{
	static const struct feature *const no_features[] = {NULL};
	(void)state;
	int err = world_begin(no_features);
	we_have_a_key();
	return err;
}

static inline int
keyed_end(void **state)
{
	(void)state;
	return world_end();
}

static inline void
announces(struct discovery_entry *e, enum txt_client client, const struct tls_peer *key)
{
	struct txt txt = {.client = client};
	if (key)
		trust_hint(&key->id, txt.id);
	assert_int_equal(txt_keep(&e->txt, &txt), 0);
	people_discovery_listener.on_entry(&world.r, e, DISCOVERY_CHANGED);
}

static inline const char *
trust_of(const char *name)
{
	return store_trust_word(person_called(name)->trust);
}

/* Romeo, who is known by this key. */
static inline struct discovery_entry *
romeo_with_key(const struct tls_peer *key)
{
	int err;
	struct discovery_entry *e = announce_key(ROMEO, key, HOME);
	struct stream *s = dials_with_key(ROMEO, HOME, key, &err);
	assert_int_equal(err, 0);
	ends(s, 0);
	buf_clear(&world.events);
	return e;
}

#endif
