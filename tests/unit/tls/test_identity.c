#include "base/err.h"
#include "base/limits.h"
#include "tls/identity.h"
#include "tls/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64], path[96], beside[104], elsewhere[104];

static int
make_folder(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/earshot-identity-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/identity.pem", folder);
	(void)snprintf(beside, sizeof(beside), "%s.new", path);
	(void)snprintf(elsewhere, sizeof(elsewhere), "%s/else", folder);
	return 0;
}

static int
remove_folder(void **state)
{
	(void)state;
	(void)chmod(folder, 0700);
	(void)unlink(path);
	(void)unlink(elsewhere);
	return rmdir(folder); /* fails if anything else was left */
}

static struct tls_identity *
create(const char *passphrase)
{
	struct tls_identity *i = NULL;
	assert_int_equal(tls_identity_create(path, passphrase, &i), 0);
	return i;
}

static struct tls_identity *
load(const char *passphrase)
{
	struct tls_identity *i = NULL;
	assert_int_equal(tls_identity_load(path, passphrase, NULL, &i), 0);
	return i;
}

/* Refused with this error and a sentence that holds these words. */
static void
assert_refused(const char *passphrase, int err, const char *words)
{
	struct tls_identity *i = NULL;
	struct buf why = BUF_INIT(4096);
	assert_int_equal(tls_identity_load(path, passphrase, &why, &i), err);
	assert_null(i);
	if (!strstr(buf_cstr(&why), words))
		fail_msg("\"%s\" does not say \"%s\"", buf_cstr(&why), words);
	buf_finish(&why);
}

static bool
same(const struct tls_identity *a, const struct tls_identity *b)
{
	return tls_id_equal(tls_identity_id(a), tls_identity_id(b));
}

static size_t
read_file(const char *from, char *to, size_t size)
{
	int fd = open(from, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	ssize_t n = read(fd, to, size);
	assert_true(n >= 0);
	(void)close(fd);
	return (size_t)n;
}

static void
write_file(const char *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), (ssize_t)len);
	(void)close(fd);
}

static void
an_identity_is_made_once_and_read_again(void **state)
{
	(void)state;
	struct tls_identity *other = NULL;
	assert_int_equal(tls_identity_load(path, NULL, NULL, &other), -ENOENT);
	struct tls_identity *made = create(NULL);
	assert_int_equal(tls_identity_create(path, NULL, &other), -EEXIST);
	struct tls_identity *read = load(NULL);
	assert_true(same(made, read));
	assert_int_equal(tls_identity_self(read)->formerly_count, 0);
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	tls_identity_destroy(read);
	tls_identity_destroy(made);
}

static void
a_passphrase_locks_it(void **state)
{
	(void)state;
	struct tls_identity *made = create("correct horse");
	char text[2048] = {0};
	(void)read_file(path, text, sizeof(text) - 1);
	assert_non_null(strstr(text, "BEGIN ENCRYPTED PRIVATE KEY"));
	assert_refused(NULL, ERR_LOCKED, "locked with a passphrase");
	assert_refused("wrong horse", ERR_LOCKED, "does not open");
	struct tls_identity *i = load("correct horse");
	assert_true(same(made, i));
	tls_identity_destroy(i);
	tls_identity_destroy(made);
}

static void
a_passphrase_is_changed_and_taken_away(void **state)
{
	(void)state;
	struct tls_identity *made = create(NULL);
	assert_int_equal(tls_identity_set_passphrase(path, NULL, "one"), 0);
	assert_int_equal(tls_identity_set_passphrase(path, "two", "three"), ERR_LOCKED);
	assert_int_equal(tls_identity_set_passphrase(path, "one", "two"), 0);
	struct tls_identity *i = load("two");
	assert_true(same(made, i));
	tls_identity_destroy(i);
	assert_int_equal(tls_identity_set_passphrase(path, "two", NULL), 0);
	i = load("not needed any more");
	assert_true(same(made, i));
	tls_identity_destroy(i);
	tls_identity_destroy(made);
}

static void
l8_a_file_that_others_can_read_is_refused(void **state)
{
	(void)state;
	static const mode_t modes[] = {0640, 0604, 0660, 0602, 0644, 0666, 0601};
	tls_identity_destroy(create(NULL));
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		assert_int_equal(chmod(path, modes[i]), 0);
		assert_refused(NULL, ERR_PERMISSIONS, "chmod 600");
	}
	assert_int_equal(chmod(path, 0400), 0);
	tls_identity_destroy(load(NULL));
}

static void
l8_a_folder_that_others_can_use_is_refused(void **state)
{
	(void)state;
	static const mode_t modes[] = {0750, 0705, 0770, 0702, 01777};
	tls_identity_destroy(create(NULL));
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		assert_int_equal(chmod(folder, modes[i]), 0);
		assert_refused(NULL, ERR_PERMISSIONS, "chmod 700");
	}
	assert_int_equal(chmod(folder, 0700), 0);
	tls_identity_destroy(load(NULL));
}

static void
l8_only_a_plain_file_is_read(void **state)
{
	(void)state;
	tls_identity_destroy(create(NULL));
	assert_int_equal(rename(path, elsewhere), 0);
	assert_int_equal(symlink(elsewhere, path), 0);
	assert_refused(NULL, ERR_PERMISSIONS, "symbolic link");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_refused(NULL, ERR_PERMISSIONS, "no plain file");
	assert_int_equal(unlink(path), 0);
	/* a link that leads nowhere is not taken for nothing there */
	assert_int_equal(symlink("/nonexistent", path), 0);
	struct tls_identity *i = NULL;
	assert_int_equal(tls_identity_create(path, NULL, &i), -EEXIST);
}

static void
a_damaged_file_is_refused_and_left_alone(void **state)
{
	(void)state;
	static char text[LIMIT_IDENTITY_FILE + 2], now[LIMIT_IDENTITY_FILE + 2];
	tls_identity_destroy(create(NULL));
	size_t len = read_file(path, text, sizeof(text));
	for (size_t i = 0; i + 1 < len; i += 11) {
		write_file(text, i);
		assert_refused(NULL, ERR_DAMAGED, "damaged");
		assert_int_equal(read_file(path, now, sizeof(now)), i);
	}
	unsigned unharmed = 0;
	for (size_t i = 0; i < len; i += 5) { /* one letter of key or certificate */
		struct tls_identity *id = NULL;
		char was = text[i];
		text[i] = was == 'A' ? 'B' : 'A';
		write_file(text, len);
		text[i] = was;
		if (tls_identity_load(path, NULL, NULL, &id) == 0)
			unharmed++;
		tls_identity_destroy(id);
	}
	assert_int_equal(unharmed, 0);
	memset(text + len, '\n', sizeof(text) - len);
	write_file(text, LIMIT_IDENTITY_FILE + 1);
	assert_refused(NULL, ERR_DAMAGED, "damaged");
	/* another's certificate with this key */
	struct tls_identity *other = NULL;
	assert_int_equal(identity_generate(&other), 0);
	write_file(text, len);
	assert_int_equal(tls_identity_save_certificate(other, path), 0);
	assert_refused(NULL, ERR_DAMAGED, "damaged");
	tls_identity_destroy(other);
}

static void
a_save_that_fails_leaves_the_old_one(void **state)
{
	(void)state;
	struct tls_identity *made = create("one");
	assert_int_equal(mkdir(beside, 0700), 0); /* in the way of what is written beside */
	assert_int_not_equal(tls_identity_set_passphrase(path, "one", "two"), 0);
	assert_int_not_equal(tls_identity_save(made, path, NULL), 0);
	assert_int_not_equal(tls_identity_save_certificate(made, path), 0);
	assert_int_equal(rmdir(beside), 0);
	struct tls_identity *i = load("one");
	assert_true(same(made, i));
	tls_identity_destroy(i);
	tls_identity_destroy(made);
}

static void
what_is_exported_can_be_read_again(void **state)
{
	(void)state;
	struct tls_identity *made = create(NULL), *back = NULL;
	struct buf plain = BUF_INIT(LIMIT_IDENTITY_FILE), locked = BUF_INIT(LIMIT_IDENTITY_FILE);
	assert_int_equal(tls_identity_export(made, NULL, &plain), 0);
	assert_int_equal(tls_identity_export(made, "secret", &locked), 0);
	assert_int_equal(tls_identity_parse(plain.data, plain.len, NULL, &back), 0);
	assert_true(same(made, back));
	tls_identity_destroy(back);
	back = NULL;
	assert_int_equal(tls_identity_parse(locked.data, locked.len, NULL, &back), ERR_LOCKED);
	assert_int_equal(tls_identity_parse(locked.data, locked.len, "secret", &back), 0);
	assert_true(same(made, back));
	assert_int_equal(tls_identity_save(back, path, NULL), 0);
	tls_identity_destroy(load(NULL));
	tls_identity_destroy(back);
	tls_identity_destroy(made);
	tls_cleanse(&plain);
	tls_cleanse(&locked);
	struct buf small = BUF_INIT(100);
	assert_int_equal(tls_identity_parse("", 0, NULL, &back), ERR_DAMAGED);
	made = load(NULL);
	assert_int_equal(tls_identity_export(made, NULL, &small), ERR_TOO_BIG);
	tls_identity_destroy(made);
	tls_cleanse(&small);
}

static void
a_hand_over_is_kept_in_the_file_that_stays_locked(void **state)
{
	(void)state;
	struct tls_identity *old = NULL, *other = NULL, *current = create("secret");
	assert_int_equal(identity_generate(&old), 0);
	assert_int_equal(identity_generate(&other), 0);
	assert_int_equal(tls_identity_hand_over(current, current), -EINVAL);
	assert_int_equal(tls_identity_hand_over(old, current), 0);
	/* as if the disk had been full: it is tried again */
	assert_int_equal(tls_identity_hand_over(old, current), 0);
	assert_int_equal(tls_identity_save_certificate(current, path), 0);
	assert_int_equal(tls_identity_hand_over(other, current), -EEXIST);
	/* back again would be a circle */
	assert_int_equal(tls_identity_hand_over(current, old), -EINVAL);
	assert_refused(NULL, ERR_LOCKED, "locked");
	struct tls_identity *i = load("secret");
	assert_true(same(i, current));
	assert_true(tls_peer_was(tls_identity_self(i), tls_identity_id(old)));
	tls_identity_destroy(i);
	tls_identity_destroy(current);
	tls_identity_destroy(other);
	tls_identity_destroy(old);
}

/* ---- memory ---- */

enum { NEEDLE = 32, MASK = 0x5a };

/* A sanitizer's own memory is terabytes, and it wants nobody to look into freed memory. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { CAN_LOOK = 0 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { CAN_LOOK = 0 };
#else
enum { CAN_LOOK = 1 };
#endif
#else
enum { CAN_LOOK = 1 };
#endif

/* Where in our memory these bytes are, outside that which is neither swapped nor dumped. They are
 * given masked, so that this program does not find what it looks for in its own hands. */
static unsigned
count_copies(const uint8_t masked[NEEDLE])
{
	unsigned found = 0;
	char line[512];
	FILE *maps = fopen("/proc/self/maps", "re");
	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps)) {
		char *mode;
		uintptr_t from = strtoul(line, &mode, 16), to = strtoul(mode + 1, &mode, 16);
		// NOLINTBEGIN(performance-no-int-to-ptr): addresses as the kernel prints them
		const uint8_t *at = (const uint8_t *)from;
		const uint8_t *end = (const uint8_t *)to;
		// NOLINTEND(performance-no-int-to-ptr)
		if (strncmp(mode, " rw", 3) != 0 || strstr(line, "[v"))
			continue;
		for (; at + NEEDLE <= end; at++) {
			size_t i = 0;
			while (i < NEEDLE && (uint8_t)(at[i] ^ MASK) == masked[i])
				i++;
			found += i == NEEDLE && !CRYPTO_secure_allocated(at);
		}
	}
	(void)fclose(maps);
	return found;
}

static void
mask_key(const struct tls_identity *i, uint8_t out[NEEDLE])
{
	uint8_t *raw = OPENSSL_secure_malloc(NEEDLE);
	size_t len = NEEDLE;
	assert_non_null(raw);
	assert_int_equal(EVP_PKEY_get_raw_private_key(i->key, raw, &len), 1);
	for (size_t k = 0; k < NEEDLE; k++)
		out[k] = raw[k] ^ MASK;
	OPENSSL_secure_clear_free(raw, NEEDLE);
}

static void
l8_the_key_is_nowhere_but_in_locked_memory(void **state)
{
	(void)state;
	uint8_t masked[NEEDLE];
	if (!CAN_LOOK)
		skip();
	struct tls_identity *i = create(NULL);
	mask_key(i, masked);
	assert_int_equal(count_copies(masked), 0);
	assert_int_equal(tls_identity_set_passphrase(path, NULL, "secret"), 0);
	assert_int_equal(count_copies(masked), 0);
	tls_identity_destroy(i);
	i = load("secret");
	assert_int_equal(count_copies(masked), 0);
	assert_int_equal(tls_identity_save(i, path, NULL), 0);
	tls_identity_destroy(i);
	i = load(NULL);
	assert_int_equal(count_copies(masked), 0);
	/* the search does find it where it is */
	static uint8_t copy[NEEDLE];
	for (size_t k = 0; k < NEEDLE; k++)
		copy[k] = masked[k] ^ MASK;
	assert_int_equal(count_copies(masked), 1);
	OPENSSL_cleanse(copy, sizeof(copy));
	tls_identity_destroy(i);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int
main(void)
{
	tls_init();
	const struct CMUnitTest tests[] = {
	    IN_FOLDER(an_identity_is_made_once_and_read_again),
	    IN_FOLDER(a_passphrase_locks_it),
	    IN_FOLDER(a_passphrase_is_changed_and_taken_away),
	    IN_FOLDER(l8_a_file_that_others_can_read_is_refused),
	    IN_FOLDER(l8_a_folder_that_others_can_use_is_refused),
	    IN_FOLDER(l8_only_a_plain_file_is_read),
	    IN_FOLDER(a_damaged_file_is_refused_and_left_alone),
	    IN_FOLDER(a_save_that_fails_leaves_the_old_one),
	    IN_FOLDER(what_is_exported_can_be_read_again),
	    IN_FOLDER(a_hand_over_is_kept_in_the_file_that_stays_locked),
	    IN_FOLDER(l8_the_key_is_nowhere_but_in_locked_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
