#include "daemon/identity.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/str.h"
#include "tls/identity.h"
#include "tls/session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SENTENCE_LIMIT = 8192 };

/* Whoever gives it may end it with a line break or not. */
int
identity_read_passphrase(int fd, struct buf *out)
{
	int err = 0;
	/* all at once, so that growing leaves no copy behind */
	char *to = buf_reserve(out, LIMIT_PASSPHRASE + 1);
	while (to) {
		ssize_t n = read(fd, to, LIMIT_PASSPHRASE + 1 - out->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			err = -errno;
		if (n <= 0)
			break;
		buf_grew(out, (size_t)n);
		to += n;
		if (out->len > LIMIT_PASSPHRASE || memchr(out->data, '\n', out->len))
			break;
	}
	if (fd > STDERR_FILENO) /* libuv does not bear to be given one of those three */
		(void)close(fd);
	if (buf_err(out))
		return buf_err(out);
	size_t len = 0;
	while (len < out->len && out->data[len] && !strchr("\r\n", out->data[len]))
		len++;
	if (len > LIMIT_PASSPHRASE)
		return ERR_TOO_BIG;
	out->data[len] = '\0';
	out->len = len;
	return err;
}

/* -1: there is none. */
static int
open_credential(void)
{
	// NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here ever sets a variable
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	struct buf path = BUF_INIT(4096);
	int fd = -1;
	buf_fmt(&path, "%s/earshot.passphrase", folder ? folder : "");
	if (!str_empty(folder) && !buf_err(&path))
		fd = open(buf_cstr(&path), O_RDONLY | O_CLOEXEC | O_NOCTTY);
	buf_finish(&path);
	return fd;
}

static int
load_or_create(const char *path, const char *passphrase, struct tls_identity **out)
{
	struct buf why = BUF_INIT(SENTENCE_LIMIT);
	int err = tls_identity_load(path, passphrase, &why, out);
	if (err == -ENOENT) {
		err = tls_identity_create(path, passphrase, out);
		if (!err)
			log_info(NULL, "a new key was made");
		else
			buf_fmt(&why, "The key of this account cannot be written to %s: %s.", path,
			    err_str(err));
	}
	if (err == ERR_LOCKED)
		buf_str(&why, " `earshot` asks for it when it starts the daemon; see "
			      "--passphrase-fd in earshotd --help for other ways.");
	if (err)
		(void)fprintf(stderr, "earshotd: %s\n", buf_cstr(&why));
	buf_finish(&why);
	return err;
}

int
identity_open(int passphrase_fd, struct tls_identity **identity, struct tls_context **tls)
{
	struct buf passphrase = BUF_INIT(LIMIT_PASSPHRASE + 1);
	char *path = NULL;
	tls_init();
	int err = paths_get(PATHS_STATE, "identity.pem", &path);
	int fd = passphrase_fd >= 0 ? passphrase_fd : open_credential();
	if (!err && fd >= 0) {
		err = identity_read_passphrase(fd, &passphrase);
		if (err)
			(void)fprintf(
			    stderr, "earshotd: the passphrase cannot be read: %s.\n", err_str(err));
	}
	if (!err)
		err = load_or_create(path, passphrase.len ? passphrase.data : NULL, identity);
	tls_cleanse(&passphrase);
	free(path);
	if (err)
		return err;
	err = tls_context_create(*identity, tls);
	if (err)
		(void)fprintf(
		    stderr, "earshotd: the system's OpenSSL cannot be used: %s.\n", err_str(err));
	return err;
}
