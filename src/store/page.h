/* Lists of messages being filled. Store thread only. */
#ifndef STORE_PAGE_H
#define STORE_PAGE_H

#include "store/row.h"

struct page_list {
	struct store_list *list; /* borrowed, empty at first */
	size_t limit;            /* messages */
	size_t cap, bytes;
};

/* Appends the rows of the statement, which begin with ROW_COLUMNS, and resets it. 1: the list is
 * full, and `more` set as there is another row; 0: that were all; or an error. */
int page_list_fill(struct page_list *page, struct store_db *db, sqlite3_stmt *stmt) MUST_USE;

#endif
