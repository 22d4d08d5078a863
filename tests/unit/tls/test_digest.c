#include "base/err.h"
#include "tls/digest.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The examples of FIPS 180. */
static void
hashes_match_the_standard(void **state)
{
	(void)state;
	char one[DIGEST_SHA1_HEX_SIZE], two[DIGEST_SHA256_HEX_SIZE];
	assert_int_equal(digest_sha1_hex("abc", 3, one), 0);
	assert_string_equal(one, "a9993e364706816aba3e25717850c26c9cd0d89d");
	assert_int_equal(digest_sha1_hex("", 0, one), 0);
	assert_string_equal(one, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
	assert_int_equal(digest_sha256_hex("abc", 3, two), 0);
	assert_string_equal(
	    two, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_int_equal(digest_sha256_hex("", 0, two), 0);
	assert_string_equal(
	    two, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

/* XEP-0115 §5.2 */
static void
the_caps_example_gives_its_verification_string(void **state)
{
	(void)state;
	static const char s[] =
	    "client/pc//Exodus 0.9.1<http://jabber.org/protocol/caps<"
	    "http://jabber.org/protocol/disco#info<http://jabber.org/protocol/disco#items<"
	    "http://jabber.org/protocol/muc<";
	unsigned char raw[DIGEST_SHA1_SIZE];
	struct buf b = BUF_INIT(28);
	assert_int_equal(digest_sha1(s, sizeof(s) - 1, raw), 0);
	digest_base64(&b, raw, sizeof(raw));
	assert_string_equal(buf_cstr(&b), "QgayPKawpkPSDYmwT/WM94uAlu0=");
	buf_finish(&b);
}

/* RFC 4648 §10 */
static void
base64_matches_the_standard(void **state)
{
	(void)state;
	static const char *const pairs[][2] = {
	    {"", ""},
	    {"f", "Zg=="},
	    {"fo", "Zm8="},
	    {"foo", "Zm9v"},
	    {"foob", "Zm9vYg=="},
	    {"fooba", "Zm9vYmE="},
	    {"foobar", "Zm9vYmFy"},
	};
	struct buf b = BUF_INIT(64);
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		buf_clear(&b);
		buf_char(&b, '>');
		digest_base64(&b, pairs[i][0], strlen(pairs[i][0]));
		assert_string_equal(buf_cstr(&b) + 1, pairs[i][1]);
	}
	buf_finish(&b);
}

static void
base64_respects_the_limit_of_the_buffer(void **state)
{
	(void)state;
	struct buf b = BUF_INIT(7);
	digest_base64(&b, "foob", 4);
	assert_int_equal(buf_err(&b), ERR_TOO_BIG);
	assert_int_equal(b.len, 0);
	buf_clear(&b);
	digest_base64(&b, "", SIZE_MAX);
	assert_int_equal(buf_err(&b), ERR_TOO_BIG);
	buf_finish(&b);
}

static void
a_hash_is_read_from_base64_and_from_nothing_like_it(void **state)
{
	(void)state;
	static const char good[] = "aFABnX7Q/rbTgjBySYzrT2FsYCVYb49mbca5yB734KQ=";
	static const char *const bad[] = {
	    "",
	    "aFABnX7Q/rbTgjBySYzrT2FsYCVYb49mbca5yB734KQ",  /* no padding */
	    "aFABnX7Q/rbTgjBySYzrT2FsYCVYb49mbca5yB734KR=", /* stray bits */
	    "aFABnX7Q/rbTgjBySYzrT2FsYCVYb49mbca5yB734A==", /* 31 bytes */
	    "aFABnX7Q/rbTgjBySYzrT2FsYCVYb49mbca5yB734KQA", /* 33 bytes */
	    " FABnX7Q/rbTgjBySYzrT2FsYCVYb49mbca5yB734KQ=", /* a blank */
	    "aFABnX7Q_rbTgjBySYzrT2FsYCVYb49mbca5yB734KQ=", /* of another alphabet */
	    "aFABnX7Q/rbTgjBySYzrT2FsYCVYb49mbca5yB734KQ=AAAA",
	};
	unsigned char raw[DIGEST_SHA256_SIZE];
	struct buf b = BUF_INIT(64);
	assert_int_equal(digest_sha256_parse_base64(good, raw), 0);
	digest_base64(&b, raw, sizeof(raw));
	assert_string_equal(buf_cstr(&b), good);
	buf_finish(&b);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(digest_sha256_parse_base64(bad[i], raw), -EINVAL);
}

static void
base64_is_read_back_and_nothing_like_it(void **state)
{
	(void)state;
	static const char *const bad[] = {"A", "AA", "AAA", "=", "====", "A===", "AA=A", "AA==AAAA",
	    "AB==", "AAB=", "AAA=A", "AA-A", "AAA\"", "AA==="};
	unsigned char bytes[100];
	for (size_t len = 0; len < sizeof(bytes); len++) {
		struct buf text = BUF_INIT(1000), out = BUF_INIT(100);
		bytes[len] = (unsigned char)(len * 37);
		digest_base64(&text, bytes, len);
		assert_int_equal(digest_base64_parse(buf_cstr(&text), &out), 0);
		assert_int_equal(out.len, len);
		assert_memory_equal(buf_cstr(&out), bytes, len);
		buf_finish(&text);
		buf_finish(&out);
	}
	struct buf out = BUF_INIT(4);
	assert_int_equal(digest_base64_parse(" Z m\n9v\r\nYg\t== ", &out), 0);
	assert_string_equal(buf_cstr(&out), "foob");
	assert_int_equal(digest_base64_parse("AAAA", &out), ERR_TOO_BIG);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		buf_clear(&out);
		assert_int_equal(digest_base64_parse(bad[i], &out), -EINVAL);
	}
	buf_finish(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hashes_match_the_standard),
	    cmocka_unit_test(the_caps_example_gives_its_verification_string),
	    cmocka_unit_test(base64_matches_the_standard),
	    cmocka_unit_test(base64_respects_the_limit_of_the_buffer),
	    cmocka_unit_test(base64_is_read_back_and_nothing_like_it),
	    cmocka_unit_test(a_hash_is_read_from_base64_and_from_nothing_like_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
