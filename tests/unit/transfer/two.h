/* For tests of what two Earshots say to each other about files: both ends live in one world
 * (support/world.h). What is said to Romeo is heard as coming from Tybalt, and the other way round,
 * so that either of them is one end. The test carries the stanzas. Included after world.h. */
#ifndef TESTS_TWO_H
#define TESTS_TWO_H

enum { TWO_QUEUE = 256 };

static struct {
	struct stream *romeos, *tybalts;
	char *queue[TWO_QUEUE]; /* on their way, the oldest first */
	size_t count;
} two;

/* What was said since goes onto the way. */
static inline void
two_collect(void)
{
	char *at = world.sent.data;
	while (at && *at) {
		char *next = strstr(at, " | ");
		assert_true(two.count < TWO_QUEUE);
		two.queue[two.count] = next ? strndup(at, (size_t)(next - at)) : strdup(at);
		assert_non_null(two.queue[two.count++]);
		at = next ? next + 3 : NULL;
	}
	buf_clear(&world.sent);
}

static inline char *
two_take(size_t at)
{
	char *stanza = two.queue[at];
	two.count--;
	for (size_t i = at; i < two.count; i++)
		two.queue[i] = two.queue[i + 1];
	return stanza;
}

static inline void
two_hear(const char *stanza)
{
	bool to_romeo = strstr(stanza, " to='" ROMEO "'") != NULL;
	struct stream *s = to_romeo ? two.tybalts : two.romeos;
	if (s && s->used)
		says(s, stanza);
}

/* The oldest arrives. False: nothing is on its way. */
static inline bool
two_deliver(void)
{
	two_collect();
	if (!two.count)
		return false;
	char *stanza = two_take(0);
	two_hear(stanza);
	free(stanza);
	return true;
}

/* Until nothing is on its way and the loop has nothing to do. */
static inline void
two_settle(void)
{
	for (unsigned quiet = 0, rounds = 0; quiet < 3; rounds++) {
		assert_true(rounds < 100000);
		bool moved = uv_run(&world.loop, UV_RUN_NOWAIT) != 0 && rounds < 10;
		while (two_deliver())
			moved = true;
		quiet = moved ? 0 : quiet + 1;
	}
}

static inline void
two_drop_all(void)
{
	two_collect();
	while (two.count)
		free(two_take(0));
}

static inline void
two_connect(const struct tls_peer *romeo, const struct tls_peer *tybalt)
{
	int err;
	if (romeo) {
		two.romeos = dials_with_key(ROMEO, "192.0.2.1", romeo, &err);
		assert_int_equal(err, 0);
		two.tybalts = dials_with_key(TYBALT, "192.0.2.2", tybalt, &err);
	} else {
		two.romeos = dials_us(ROMEO, "192.0.2.1", &err);
		assert_int_equal(err, 0);
		two.tybalts = dials_us(TYBALT, "192.0.2.2", &err);
	}
	assert_int_equal(err, 0);
	two.romeos->local = endpoint("192.0.2.2", 5298);
	two.tybalts->local = endpoint("192.0.2.1", 5298);
	person_called(ROMEO)->spoken = person_called(TYBALT)->spoken = true; /* no strangers */
	buf_clear(&world.sent);
}

static inline void
two_connect_again(bool keyed)
{
	struct tls_peer romeo = key_of_number(1), tybalt = key_of_number(2);
	two_connect(keyed ? &romeo : NULL, keyed ? &tybalt : NULL);
}

static inline int
two_begin(const struct feature *const *features, bool keyed)
{
	memset(&two, 0, sizeof(two));
	if (world_begin(features))
		return -1;
	struct tls_peer romeo = key_of_number(1), tybalt = key_of_number(2);
	if (keyed) {
		we_have_a_key();
		announce_key(ROMEO, &romeo, "192.0.2.1");
		announce_key(TYBALT, &tybalt, "192.0.2.2");
	} else {
		announce(ROMEO, TXT_CLIENT_GAJIM, "192.0.2.1", DISCOVERY_MDNS);
		announce(TYBALT, TXT_CLIENT_GAJIM, "192.0.2.2", DISCOVERY_MDNS);
	}
	two_connect_again(keyed);
	return 0;
}

static inline int
two_end(void)
{
	int err = world_end();
	two_drop_all();
	return err;
}

#endif
