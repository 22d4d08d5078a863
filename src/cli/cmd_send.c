#include "base/err.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/words.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void
cli_join(struct buf *out, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		buf_str(out, i > 0 ? " " : "");
		buf_str(out, argv[i]);
	}
}

/* All of standard input but the line breaks at its end. */
static int
read_input(struct cli *c, struct buf *text)
{
	for (;;) {
		char part[4096];
		ssize_t n = read(STDIN_FILENO, part, sizeof(part));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return cli_fail(
			    c, CLI_ERROR, "The input cannot be read: %s.", err_str(-errno));
		if (n == 0 || buf_err(text))
			break;
		buf_add(text, part, (size_t)n);
	}
	while (text->len > 0 && strchr("\r\n", text->data[text->len - 1]))
		text->data[--text->len] = '\0';
	return CLI_OK;
}

static int
get_text(struct cli *c, int argc, char **argv, struct buf *text)
{
	bool given = argc > 0 && !(argc == 1 && strcmp(argv[0], "-") == 0);
	int code = CLI_OK;
	if (given)
		cli_join(text, argc, argv);
	else if (argc == 0 && isatty(STDIN_FILENO))
		return cli_usage(c, "What do you want to say?");
	else
		code = read_input(c, text);
	if (code)
		return code;
	if (buf_err(text) == ERR_TOO_BIG)
		return cli_fail(c, CLI_USAGE,
		    "The message is longer than %d KiB. Send it in parts.",
		    LIMIT_MESSAGE_TEXT / 1024);
	if (buf_err(text))
		return cli_fail(c, CLI_ERROR, "Out of memory.");
	if (text->len == 0)
		return cli_usage(c, "The message is empty.");
	if (memchr(text->data, '\0', text->len) || !utf8_valid(text->data, text->len))
		return cli_fail(
		    c, CLI_USAGE, "The message is not UTF-8 text, so it cannot be sent.");
	return CLI_OK;
}

static int
print_sent(struct cli *c, const struct earshot_value *answer)
{
	struct buf b = BUF_INIT(WORDS_MAX);
	if (c->json)
		return cli_print_json(c, answer);
	buf_str(&b, "Handed over to ");
	words_str(&b, answer, "peer");
	buf_str(&b, "\n");
	return cli_print(c, &b);
}

int
cmd_send(struct cli *c, int argc, char **argv)
{
	struct buf text = BUF_INIT(LIMIT_MESSAGE_TEXT);
	struct earshot_value *answer = NULL;
	int code = get_text(c, argc - 1, argv + 1, &text);
	if (!code) {
		struct earshot_value *params = cli_peer(argv[0]);
		earshot_value_set_str(params, "text", buf_cstr(&text));
		code = cli_call(c, "Sending", "send", params, &answer);
	}
	if (!code)
		code = print_sent(c, answer);
	earshot_value_free(answer);
	buf_finish(&text);
	return code;
}
