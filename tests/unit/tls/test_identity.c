#include "base/err.h"
#include "tls/identity.h"

#include <errno.h>
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

static char folder[64], path[96];

static int
make_folder(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/earshot-identity-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/identity.pem", folder);
	return 0;
}

static int
remove_folder(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(folder);
}

static struct tls_identity *
load(const char *passphrase)
{
	struct tls_identity *i = NULL;
	assert_int_equal(tls_identity_load(path, passphrase, NULL, &i), 0);
	return i;
}

static void
an_identity_is_made_once_and_read_again(void **state)
{
	(void)state;
	struct tls_identity *made = NULL, *other = NULL;
	assert_int_equal(tls_identity_load(path, NULL, NULL, &made), -ENOENT);
	assert_int_equal(tls_identity_create(path, NULL, &made), 0);
	assert_int_equal(tls_identity_create(path, NULL, &other), -EEXIST);
	struct tls_identity *read = load(NULL);
	assert_true(tls_id_equal(tls_identity_id(made), tls_identity_id(read)));
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
	struct tls_identity *made = NULL, *i = NULL;
	assert_int_equal(tls_identity_create(path, "correct horse", &made), 0);
	assert_int_equal(tls_identity_load(path, NULL, NULL, &i), ERR_LOCKED);
	assert_int_equal(tls_identity_load(path, "wrong horse", NULL, &i), ERR_LOCKED);
	i = load("correct horse");
	assert_true(tls_id_equal(tls_identity_id(made), tls_identity_id(i)));
	tls_identity_destroy(i);
	tls_identity_destroy(made);
}

int
main(void)
{
	tls_init();
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		an_identity_is_made_once_and_read_again, make_folder, remove_folder),
	    cmocka_unit_test_setup_teardown(a_passphrase_locks_it, make_folder, remove_folder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
