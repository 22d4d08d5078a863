/* status and set: how others see you. */
#include "base/err.h"
#include "base/hex.h"
#include "base/limits.h"
#include "base/str.h"
#include "base/tr.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "front/words.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
print_own(struct cli *c, const struct earshot_value *own)
{
	struct buf b = BUF_INIT(WORDS_MAX), words = BUF_INIT(WORDS_MAX);
	if (c->json)
		return cli_print_json(c, own);
	words_own(&words, own);
	struct buf styled = BUF_INIT(WORDS_MAX);
	screen_style(&c->out, &styled, STYLE_NAME, buf_cstr(&words));
	buf_fmt(&b, tr("You are %s"), buf_cstr(&styled));
	buf_char(&b, '\n');
	if (!earshot_value_bool(own, "published", false))
		buf_fmt(&b, "%s\n", tr("Others cannot see you yet."));
	buf_finish(&styled);
	buf_finish(&words);
	return cli_print(c, &b);
}

static int
change(struct cli *c, const char *method, struct earshot_value *params)
{
	struct earshot_value *own = NULL;
	int code = cli_call(c, NULL, method, params, &own);
	if (!code)
		code = print_own(c, own);
	earshot_value_free(own);
	return code;
}

/* {key: the words with blanks between} */
static struct earshot_value *
joined(const char *key, int argc, char **argv)
{
	struct earshot_value *params = earshot_value_object();
	struct buf text = BUF_INIT(SCREEN_MAX);
	cli_join(&text, argc, argv);
	earshot_value_set_str(params, key, buf_cstr(&text));
	buf_finish(&text);
	return params;
}

int
cmd_status(struct cli *c, int argc, char **argv)
{
	static const char *const known[] = {"available", "away", "dnd"};
	struct earshot_value *params;
	bool found = false;
	if (cli_option(c, "clear")) {
		params = earshot_value_object();
		earshot_value_set_str(params, "status", "available");
		earshot_value_set_str(params, "text", "");
		return change(c, "status", params);
	}
	if (argc == 0)
		return change(c, "status", earshot_value_object());
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		found = found || strcmp(argv[0], known[i]) == 0;
	if (!found)
		return cli_usage(c, "There is no status \"%s\".", argv[0]);
	params = joined("text", argc - 1, argv + 1);
	earshot_value_set_str(params, "status", argv[0]);
	return change(c, "status", params);
}

int
cmd_set_name(struct cli *c, int argc, char **argv)
{
	return change(c, "set.name", joined("text", argc, argv));
}

int
cmd_set_nick(struct cli *c, int argc, char **argv)
{
	if (argc == 0 && !cli_option(c, "clear"))
		return cli_usage(c, "Which nickname? To have none: earshot set nick --clear.");
	return change(c, "set.nick", joined("text", argc, argv));
}

static bool
is_picture(const char *data, size_t len)
{
	return (len > 8 && memcmp(data, "\x89PNG\r\n\x1a\n", 8) == 0) ||
	       (len > 3 && memcmp(data, "\xff\xd8\xff", 3) == 0) ||
	       (len > 6 && (memcmp(data, "GIF87a", 6) == 0 || memcmp(data, "GIF89a", 6) == 0));
}

static int
read_picture(struct cli *c, const char *path, int fd, struct buf *out)
{
	struct stat st;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return cli_fail(c, CLI_USAGE, "%s is not a file.", path);
	if (st.st_size > LIMIT_AVATAR)
		return cli_fail(c, CLI_USAGE,
		    "%s has %lld KiB, and a picture may have %d. Make it smaller, for example: "
		    "convert IN -resize 64x64 OUT.jpg",
		    path, (long long)(st.st_size + 1023) / 1024, LIMIT_AVATAR / 1024);
	for (ssize_t n = 1; n > 0 && !buf_err(out);) {
		char part[4096];
		n = read(fd, part, sizeof(part));
		if (n < 0)
			return cli_fail(c, CLI_ERROR, "%s cannot be read: %s.", path,
			    tr_error(err_str(-errno)));
		buf_add(out, part, (size_t)n);
	}
	if (buf_err(out) || !is_picture(buf_cstr(out), out->len))
		return cli_fail(c, CLI_USAGE, "%s is not a PNG, JPEG or GIF picture.", path);
	return CLI_OK;
}

int
cmd_set_avatar(struct cli *c, int argc, char **argv)
{
	struct buf data = BUF_INIT(LIMIT_AVATAR);
	char hex[2 * LIMIT_AVATAR + 1] = "";
	struct earshot_value *params;
	bool clear = cli_option(c, "clear");
	if ((argc == 0) != clear)
		return cli_usage(c, "Which picture? To have none: earshot set avatar --clear.");
	if (!clear) {
		int fd = open(argv[0], O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd < 0)
			return cli_fail(c, CLI_ERROR, "%s cannot be read: %s.", argv[0],
			    tr_error(err_str(-errno)));
		int code = read_picture(c, argv[0], fd, &data);
		close(fd);
		if (code) {
			buf_finish(&data);
			return code;
		}
		hex_encode(hex, data.data, data.len);
		buf_finish(&data);
	}
	params = earshot_value_object();
	earshot_value_set_str(params, "data", hex);
	return change(c, "set.avatar", params);
}
