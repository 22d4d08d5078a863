#include "cli/cli.h"
#include "cli/command.h"
#include "front/words.h"

#include <stdlib.h>

enum { COLUMNS = 3, CELL_MAX = 4096 };

static int
change(struct cli *c, const char *method, const char *address, const char *done)
{
	struct earshot_value *params = earshot_value_object(), *answer = NULL;
	struct buf b = BUF_INIT(WORDS_MAX);
	earshot_value_set_str(params, "address", address);
	int code = cli_call(c, NULL, method, params, &answer);
	if (!code && c->json)
		code = cli_print_json(c, answer);
	else if (!code) {
		cli_add(&b, address);
		buf_fmt(&b, " %s\n", done);
		code = cli_print(c, &b);
	}
	earshot_value_free(answer);
	return code;
}

int
cmd_peers_add(struct cli *c, int argc, char **argv)
{
	(void)argc;
	return change(c, "peers.add", argv[0], "added");
}

int
cmd_peers_remove(struct cli *c, int argc, char **argv)
{
	(void)argc;
	return change(c, "peers.remove", argv[0], "removed");
}

static void
add_peers(const struct screen *s, struct buf *out, const struct earshot_value *peers)
{
	static const struct column columns[COLUMNS] = {
	    {"Address", 12, 0}, {"Name", 10, 2}, {"State", 8, 1}};
	static const char *const keys[COLUMNS] = {"address", "name", "state"};
	size_t rows = earshot_value_count(peers);
	struct cell *cells = calloc(rows * COLUMNS + 1, sizeof(*cells));
	struct buf *text = calloc(rows * COLUMNS + 1, sizeof(*text));
	for (size_t i = 0; cells && text && i < rows * COLUMNS; i++) {
		buf_init(&text[i], CELL_MAX);
		words_str(&text[i], earshot_value_at(peers, i / COLUMNS), keys[i % COLUMNS]);
		cells[i].text = buf_cstr(&text[i]);
	}
	if (cells && text)
		table_print(s, out, columns, COLUMNS, cells, rows);
	for (size_t i = 0; text && i < rows * COLUMNS; i++)
		buf_finish(&text[i]);
	free(text);
	free(cells);
}

int
cmd_peers_list(struct cli *c, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	struct buf b = BUF_INIT(SCREEN_MAX);
	struct earshot_value *answer = NULL;
	int code = cli_call(c, NULL, "peers.list", NULL, &answer);
	if (code)
		return code;
	const struct earshot_value *peers = earshot_value_get(answer, "peers");
	if (c->json)
		code = cli_print_json(c, answer);
	else {
		if (earshot_value_count(peers) > 0)
			add_peers(&c->out, &b, peers);
		else if (c->out.tty)
			buf_str(&b, "No fixed addresses. Add one: earshot peers add HOST:PORT\n");
		code = cli_print(c, &b);
	}
	earshot_value_free(answer);
	return code;
}
