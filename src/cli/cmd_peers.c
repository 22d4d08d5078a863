#include "base/str.h"
#include "base/tr.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "front/words.h"

#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 3, CELL_MAX = 4096 };

static int
change(struct cli *c, const char *method, const char *address)
{
	struct earshot_value *params = earshot_value_object(), *answer = NULL;
	struct buf b = BUF_INIT(WORDS_MAX);
	earshot_value_set_str(params, "address", address);
	int code = cli_call(c, NULL, method, params, &answer);
	if (!code && c->json)
		code = cli_print_json(c, answer);
	else if (!code) {
		struct buf clean = BUF_INIT(WORDS_MAX);
		cli_add(&clean, address);
		if (str_equal(method, "peers.add"))
			buf_fmt(&b, tr("%s is added."), buf_cstr(&clean));
		else
			buf_fmt(&b, tr("%s is removed."), buf_cstr(&clean));
		buf_char(&b, '\n');
		buf_finish(&clean);
		code = cli_print(c, &b);
	}
	earshot_value_free(answer);
	return code;
}

int
cmd_peers_add(struct cli *c, int argc, char **argv)
{
	(void)argc;
	return change(c, "peers.add", argv[0]);
}

int
cmd_peers_remove(struct cli *c, int argc, char **argv)
{
	(void)argc;
	return change(c, "peers.remove", argv[0]);
}

static void
fill(const struct screen *s, struct buf *cell, const struct earshot_value *peer, const char *key)
{
	if (!s->tty || strcmp(key, "state") != 0)
		words_str(cell, peer, key);
	else if (str_equal(earshot_value_str(peer, key), "unresolved"))
		buf_str(cell, tr("not found yet"));
	else
		words_evidence(cell, peer);
}

static void
add_peers(const struct screen *s, struct buf *out, const struct earshot_value *peers)
{
	static const struct column columns[COLUMNS] = {
	    {TR("Address"), 12, 0}, {TR("Name"), 10, 2}, {TR("State"), 8, 1}};
	static const char *const keys[COLUMNS] = {"address", "name", "state"};
	bool was = screen_english(s);
	size_t rows = earshot_value_count(peers);
	struct cell *cells = calloc(rows * COLUMNS + 1, sizeof(*cells));
	struct buf *text = calloc(rows * COLUMNS + 1, sizeof(*text));
	for (size_t i = 0; cells && text && i < rows * COLUMNS; i++) {
		buf_init(&text[i], CELL_MAX);
		fill(s, &text[i], earshot_value_at(peers, i / COLUMNS), keys[i % COLUMNS]);
		cells[i].text = buf_cstr(&text[i]);
	}
	if (cells && text)
		table_print(s, out, columns, COLUMNS, cells, rows);
	for (size_t i = 0; text && i < rows * COLUMNS; i++)
		buf_finish(&text[i]);
	free(text);
	free(cells);
	(void)tr_english(was);
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
			buf_fmt(&b, "%s\n",
			    tr("No fixed addresses. Add one: earshot peers add HOST:PORT"));
		code = cli_print(c, &b);
	}
	earshot_value_free(answer);
	return code;
}
