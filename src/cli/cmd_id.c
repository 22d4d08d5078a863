/* id: our own key, for people. */
#include "base/err.h"
#include "base/str.h"
#include "base/tr.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/qr.h"
#include "cli/secret.h"
#include "front/words.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_LIMIT = 4096, TRIES = 3 };

/* ---- showing ---- */

/* What another's camera reads; the name is only for the eye there. */
static void
add_uri(struct buf *b, const char *id, const char *name)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "-._~";
	buf_fmt(b, "earshot:verify?id=%s&name=", id);
	for (const char *c = name; c && *c; c++) {
		if (strchr(plain, *c))
			buf_char(b, *c);
		else
			buf_fmt(b, "%%%02X", (unsigned char)*c);
	}
}

static int
fail_picture(struct cli *c, const char *what, int err)
{
	if (err == -ENOSYS)
		return cli_fail(c, CLI_ERROR,
		    "This Earshot was built without QR codes. Compare the digits instead.");
	if (err == -EEXIST)
		return cli_fail(c, CLI_ERROR, "%s is there already.", what);
	return cli_fail(c, CLI_ERROR, "%s cannot be made: %s.", what, tr_error(err_str(err)));
}

static void
add_words(struct cli *c, struct buf *b, const struct earshot_value *id, const char *name)
{
	const struct earshot_value *formerly = earshot_value_get(id, "formerly");
	cli_label(b, tr("You"));
	cli_add(b, name);
	buf_char(b, '\n');
	cli_label(b, tr("Key"));
	screen_style(&c->out, b, STYLE_NAME, earshot_value_str(id, "id"));
	buf_char(b, '\n');
	for (size_t i = 0; i < earshot_value_count(formerly); i++) {
		cli_label(b, i == 0 ? tr("Succeeds") : "");
		cli_add(b, earshot_value_as_str(earshot_value_at(formerly, i)));
		buf_char(b, '\n');
	}
}

static int
show(struct cli *c, const struct earshot_value *id, const char *name)
{
	struct buf b = BUF_INIT(SCREEN_MAX), uri = BUF_INIT(PATH_LIMIT);
	const char *picture = cli_option(c, "png"), *hex = earshot_value_str(id, "id");
	int err = 0;
	add_uri(&uri, hex ? hex : "", name);
	if (picture)
		err = qr_picture(buf_cstr(&uri), picture);
	else
		add_words(c, &b, id, name);
	if (!err && cli_option(c, "qr"))
		err = qr_draw(buf_cstr(&uri), c->out.tty, &b);
	buf_finish(&uri);
	if (err) {
		buf_finish(&b);
		return fail_picture(c, picture ? picture : tr("The QR code"), err);
	}
	return cli_print(c, &b);
}

int
cmd_id(struct cli *c, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	struct earshot_value *id = NULL, *own = NULL;
	int code = cli_call(c, NULL, "id", NULL, &id);
	if (!code && c->json && !cli_option(c, "png"))
		code = cli_print_json(c, id);
	else if (!code) {
		code = cli_call(c, NULL, "status", NULL, &own);
		if (!code)
			code = show(c, id, earshot_value_str(own, "name"));
	}
	earshot_value_free(own);
	earshot_value_free(id);
	return code;
}

/* ---- files and passphrases ---- */

/* Both travel with the call, in this order; moved. */
static int
call_with(
    struct cli *c, const char *method, int file, int passphrase, struct earshot_value **answer)
{
	int err = earshot_attach_fd(c->link, file);
	if (passphrase >= 0 && !err)
		err = earshot_attach_fd(c->link, passphrase);
	else if (passphrase >= 0)
		close(passphrase);
	return err ? err : cli_try(c, NULL, method, NULL, answer);
}

static bool
is_locked(int err, const struct earshot_value *answer)
{
	return err == EARSHOT_ERR_FAILED && str_equal(earshot_error_reason(answer), "locked");
}

/* A file of a key to the daemon, with its passphrase if it turns out to need one. */
static int
give_file(struct cli *c, const char *method, const char *path, struct earshot_value **answer)
{
	int err = EARSHOT_ERR_FAILED, passphrase = -1, code = cli_connect(c);
	for (int i = 0; !code && i <= TRIES; i++) {
		int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (fd < 0) {
			code = cli_fail(c, CLI_ERROR, "%s cannot be read: %s.", path,
			    tr_error(err_str(-errno)));
			break;
		}
		err = call_with(c, method, fd, passphrase, answer);
		passphrase = -1;
		if (!is_locked(err, *answer) || i == TRIES)
			break;
		earshot_value_free(*answer);
		*answer = NULL;
		code =
		    secret_ask(c, i == 0 ? TR("The passphrase of that file:") : TR("Wrong. Again:"),
			false, &passphrase);
	}
	if (passphrase >= 0)
		close(passphrase);
	if (!code && err)
		code = cli_fail_call(c, err, *answer);
	return code;
}

static int
finish(struct cli *c, int code, struct earshot_value *answer, const char *sentence)
{
	struct buf b = BUF_INIT(WORDS_MAX);
	if (!code && c->json)
		code = cli_print_json(c, answer);
	else if (!code) {
		buf_fmt(&b, "%s\n", tr(sentence));
		code = cli_print(c, &b);
	}
	earshot_value_free(answer);
	return code;
}

int
cmd_id_export(struct cli *c, int argc, char **argv)
{
	(void)argc;
	struct earshot_value *answer = NULL;
	int passphrase = -1, code = cli_connect(c);
	if (!code && !cli_option(c, "no-passphrase"))
		code = secret_ask(c, "A passphrase for the file:", true, &passphrase);
	if (code)
		return code;
	int fd = open(argv[0], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, 0600);
	if (fd < 0) {
		if (passphrase >= 0)
			close(passphrase);
		return cli_fail(
		    c, CLI_ERROR, "%s cannot be written: %s.", argv[0], tr_error(err_str(-errno)));
	}
	int kept = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	int err = call_with(c, "id.export", fd, passphrase, &answer);
	if (is_locked(err, answer))
		code = cli_fail(c, CLI_ERROR,
		    "No passphrase was given. A file that is open to whoever has it: "
		    "--no-passphrase.");
	else if (err)
		code = cli_fail_call(c, err, answer);
	else if (kept < 0 || fsync(kept) < 0)
		code = cli_fail(
		    c, CLI_ERROR, "%s cannot be written: %s.", argv[0], tr_error(err_str(-errno)));
	if (kept >= 0)
		close(kept);
	if (code)
		(void)unlink(argv[0]);
	return finish(c, code, answer,
	    TR("Your key is in that file. Whoever has it can speak in your name: keep it safe."));
}

int
cmd_id_import(struct cli *c, int argc, char **argv)
{
	(void)argc;
	struct earshot_value *answer = NULL;
	struct buf b = BUF_INIT(WORDS_MAX);
	if (!cli_option(c, "yes") &&
	    !cli_confirm(c, "Others will then know you by the key of that file, no longer by the "
			    "one you have now. Type yes to go on:"))
		return cli_fail(c, CLI_ERROR, "Your key is still the same.");
	int code = give_file(c, "id.import", argv[0], &answer);
	const char *kept = earshot_value_str(answer, "kept");
	if (!code && !cli_await_end(c))
		cli_warn(c, "The daemon was told to stop but is still there.");
	buf_str(&b, tr("That is your key from now on. The daemon has stopped and begins with it "
		       "when it is next needed."));
	if (!code && kept) {
		buf_char(&b, ' ');
		buf_fmt(&b, tr("The earlier key is in its state folder, as %s."), kept);
	}
	code = finish(c, code, answer, buf_cstr(&b));
	buf_finish(&b);
	return code;
}

int
cmd_id_passphrase(struct cli *c, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	struct earshot_value *answer = NULL;
	int code = cli_connect(c), old = -1, new = -1;
	if (!code)
		code = secret_ask(c, "The passphrase it has now (empty: none):", false, &old);
	if (!code)
		code = secret_ask(c, "The new passphrase (empty: none):", true, &new);
	if (code) {
		if (old >= 0)
			close(old);
		return code;
	}
	int err = call_with(c, "id.passphrase", old, new, &answer);
	if (err)
		code = cli_fail_call(c, err, answer);
	return finish(c, code, answer,
	    TR("Your key is locked with the new passphrase, or with none if you gave none."));
}

/* A daemon that was started in front of a terminal has asked by itself. */
int
cmd_id_unlock(struct cli *c, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	struct earshot_value *answer = NULL;
	int code = cli_connect(c);
	int err = code ? 0 : cli_try(c, NULL, "id", NULL, &answer);
	for (int i = 0; !code && i < TRIES && is_locked(err, answer); i++) {
		int passphrase = -1;
		code =
		    secret_ask(c, i == 0 ? TR("The passphrase of your key:") : TR("Wrong. Again:"),
			false, &passphrase);
		if (code)
			break;
		earshot_value_free(answer);
		answer = NULL;
		err = call_with(c, "id.unlock", passphrase, -1, &answer);
	}
	if (!code && err)
		code = cli_fail_call(c, err, answer);
	return finish(c, code, answer, TR("Your key is unlocked, and the daemon begins."));
}

int
cmd_id_hand_over(struct cli *c, int argc, char **argv)
{
	(void)argc;
	struct earshot_value *answer = NULL;
	int code = give_file(c, "id.hand-over", argv[0], &answer);
	return finish(c, code, answer,
	    TR("Whoever knows you by that key will know you by the one you have now."));
}
