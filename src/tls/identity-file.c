/* The file that holds the identity. */
#include "base/err.h"
#include "base/file.h"
#include "base/limits.h"
#include "tls/identity.h"
#include "tls/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_LIMIT = 4096 };

static int
refuse(struct buf *why, const char *what, const char *path, const char *command)
{
	if (why && command)
		buf_fmt(why, "%s %s, which holds your key. Close it with: %s '%s'", what, path,
		    command, path);
	else if (why)
		buf_fmt(why, "%s %s. The key is not read from there.", what, path);
	return ERR_PERMISSIONS;
}

/* Who can write to the folder can put another file there. */
static int
check_folder(const char *path, struct buf *why)
{
	char folder[PATH_LIMIT];
	struct stat st;
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;
	if (len == 0 || len >= sizeof(folder))
		return -EINVAL;
	memcpy(folder, path, len);
	folder[len] = '\0';
	if (stat(folder, &st) < 0)
		return -errno;
	if (st.st_uid != geteuid())
		return refuse(why, "Somebody else owns the folder", folder, NULL);
	if (st.st_mode & 077)
		return refuse(why, "Others may use the folder", folder, "chmod 700");
	return 0;
}

static int
check_file(int fd, const char *path, struct buf *why)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return refuse(why, "This is no plain file:", path, NULL);
	if (st.st_uid != geteuid())
		return refuse(why, "Somebody else owns the file", path, NULL);
	if (st.st_mode & 077)
		return refuse(why, "Others may read or change the file", path, "chmod 600");
	return st.st_size > LIMIT_IDENTITY_FILE ? ERR_DAMAGED : 0;
}

static int
read_whole(int fd, char *out, size_t size, size_t *len)
{
	*len = 0;
	while (*len < size) {
		ssize_t n = read(fd, out + *len, size - *len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		*len += (size_t)n;
	}
	return ERR_DAMAGED;
}

/* Bytes of the file, once it is known that they are ours alone; secure memory of
 * LIMIT_IDENTITY_FILE bytes, the caller's to free. */
static int
open_and_read(const char *path, struct buf *why, char **out, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 && errno == ELOOP)
		return refuse(why, "This is a symbolic link:", path, NULL);
	if (fd < 0)
		return -errno;
	int err = check_folder(path, why);
	if (!err)
		err = check_file(fd, path, why);
	char *bytes = err ? NULL : OPENSSL_secure_malloc(LIMIT_IDENTITY_FILE);
	if (!err && !bytes)
		err = -ENOMEM;
	if (!err)
		err = read_whole(fd, bytes, LIMIT_IDENTITY_FILE, len);
	(void)close(fd);
	if (err)
		OPENSSL_secure_clear_free(bytes, LIMIT_IDENTITY_FILE);
	else
		*out = bytes;
	return err;
}

static int
load(const char *path, const char *passphrase, struct buf *why, struct tls_identity **out)
{
	char *bytes = NULL;
	size_t len = 0;
	int err = open_and_read(path, why, &bytes, &len);
	if (err)
		return err;
	err = tls_identity_parse(bytes, len, passphrase, out);
	OPENSSL_secure_clear_free(bytes, LIMIT_IDENTITY_FILE);
	return err;
}

int
tls_identity_load(
    const char *path, const char *passphrase, struct buf *why, struct tls_identity **out)
{
	int err = load(path, passphrase, why, out);
	if (!err || err == -ENOENT || err == ERR_PERMISSIONS || !why)
		return err;
	if (err == ERR_LOCKED && passphrase)
		buf_fmt(why, "The passphrase does not open the key in %s.", path);
	else if (err == ERR_LOCKED)
		buf_fmt(why, "The key in %s is locked with a passphrase.", path);
	else if (err == ERR_DAMAGED)
		buf_fmt(why,
		    "The file %s, which holds your key, is damaged. Put a copy of it there "
		    "(`earshot "
		    "id import`), or move it away to begin with a new key, which others have to "
		    "accept anew.",
		    path);
	else
		buf_fmt(why, "The file %s, which holds your key, cannot be read: %s.", path,
		    err_str(err));
	return err;
}

int
tls_identity_save(const struct tls_identity *i, const char *path, const char *passphrase)
{
	struct buf bytes = BUF_INIT(LIMIT_IDENTITY_FILE - 1);
	/* all at once, so that growing leaves no copy behind */
	int err = buf_reserve(&bytes, LIMIT_IDENTITY_FILE - 1) ? 0 : -ENOMEM;
	if (!err)
		err = tls_identity_export(i, passphrase, &bytes);
	if (!err)
		err = file_write(path, bytes.data, bytes.len);
	tls_cleanse(&bytes);
	return err;
}

/* The certificate is the last in the file. */
static size_t
key_length(const char *bytes, size_t len)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----";
	for (size_t i = 1; i + sizeof(begin) <= len; i++)
		if (memcmp(bytes + i, begin, sizeof(begin) - 1) == 0)
			return i;
	return 0;
}

int
tls_identity_save_certificate(const struct tls_identity *i, const char *path)
{
	struct buf file = BUF_INIT(LIMIT_IDENTITY_FILE - 1);
	char *bytes = NULL;
	size_t len = 0;
	int err = open_and_read(path, NULL, &bytes, &len);
	if (err)
		return err;
	len = key_length(bytes, len);
	err = len == 0 ? ERR_DAMAGED : buf_reserve(&file, LIMIT_IDENTITY_FILE - 1) ? 0 : -ENOMEM;
	if (!err) {
		buf_add(&file, bytes, len);
		err = identity_write_certificate(i, &file);
	}
	if (!err)
		err = file_write(path, file.data, file.len);
	tls_cleanse(&file);
	OPENSSL_secure_clear_free(bytes, LIMIT_IDENTITY_FILE);
	return err;
}

int
tls_identity_create(const char *path, const char *passphrase, struct tls_identity **out)
{
	struct stat st;
	struct tls_identity *i = NULL;
	if (lstat(path, &st) == 0)
		return -EEXIST;
	int err = errno == ENOENT ? identity_generate(&i) : -errno;
	if (!err)
		err = tls_identity_save(i, path, passphrase);
	if (err) {
		tls_identity_destroy(i);
		return err;
	}
	*out = i;
	return 0;
}

int
tls_identity_set_passphrase(const char *path, const char *from, const char *to)
{
	struct tls_identity *i = NULL;
	int err = tls_identity_load(path, from, NULL, &i);
	if (!err)
		err = tls_identity_save(i, path, to);
	tls_identity_destroy(i);
	return err;
}
