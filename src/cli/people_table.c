#include "cli/people_table.h"

#include "base/tr.h"
#include "cli/style_of.h"
#include "front/marking.h"
#include "front/words.h"

#include <stdlib.h>

enum { PEOPLE_COLUMNS = 7, CELL_MAX = 4096 };

/* The words of one person's row; a cell that does not fit in memory shows as empty. */
static void
fill_row(char *text[PEOPLE_COLUMNS], const struct earshot_value *person, size_t number)
{
	struct buf b[PEOPLE_COLUMNS];
	for (size_t i = 0; i < PEOPLE_COLUMNS; i++)
		buf_init(&b[i], CELL_MAX);
	if (number > 0)
		buf_fmt(&b[0], "%zu", number);
	words_display(&b[1], person);
	buf_str(&b[2], marking(earshot_value_str(person, "trust")));
	words_evidence(&b[3], person);
	words_status(&b[4], person);
	words_told(&b[5], person, "client");
	words_str(&b[6], person, "name");
	for (size_t i = 0; i < PEOPLE_COLUMNS; i++) {
		text[i] = buf_take(&b[i]);
		buf_finish(&b[i]);
	}
}

void
people_table(
    const struct screen *s, struct buf *out, const struct earshot_value *people, bool numbered)
{
	static const struct column columns[PEOPLE_COLUMNS] = {
	    {"", 1, 0},
	    {TR("Name"), 10, 0},
	    {TR("Trust"), MARKING_WIDTH, 0},
	    {TR("Seen"), 22, 1},
	    {TR("Status"), 14, 2},
	    {TR("Program"), 8, 4},
	    {TR("Address"), 10, 3},
	};
	bool was = screen_english(s);
	size_t rows = earshot_value_count(people);
	char **text = calloc(rows * PEOPLE_COLUMNS + 1, sizeof(*text));
	struct cell *cells = calloc(rows * PEOPLE_COLUMNS + 1, sizeof(*cells));
	size_t skip = numbered ? 0 : 1; /* the number column */
	size_t count = PEOPLE_COLUMNS - skip;
	for (size_t r = 0; text && cells && r < rows; r++) {
		const struct earshot_value *person = earshot_value_at(people, r);
		char **row = text + r * PEOPLE_COLUMNS;
		fill_row(row, person, numbered ? r + 1 : 0);
		for (size_t i = 0; i < count; i++)
			cells[r * count + i].text = row[i + skip] ? row[i + skip] : "";
		cells[r * count + 1 - skip].style = STYLE_NAME;
		cells[r * count + 2 - skip].style =
		    style_of_trust(earshot_value_str(person, "trust"));
		cells[r * count + 3 - skip].style = style_of_evidence(person);
		cells[r * count + 5 - skip].style = STYLE_DIM;
		cells[r * count + 6 - skip].style = STYLE_DIM;
	}
	if (text && cells)
		table_print(s, out, columns + skip, count, cells, rows);
	for (size_t i = 0; text && i < rows * PEOPLE_COLUMNS; i++)
		free(text[i]);
	free(text);
	free(cells);
	(void)tr_english(was);
}
