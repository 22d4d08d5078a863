/* Doubly linked list with the links inside the members. A member belongs to at most one
 * list per embedded link; removing a member that is on no list does nothing. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include "base/compiler.h"

#include <stdbool.h>

struct list {
	struct list *prev, *next;
};

static inline void
list_init(struct list *l)
{
	l->prev = l->next = l;
}

static inline bool
list_empty(const struct list *l)
{
	return l->next == l;
}

/* Before `at`: with the head as `at`, this appends. */
static inline void
list_insert(struct list *at, struct list *node)
{
	node->prev = at->prev;
	node->next = at;
	at->prev->next = node;
	at->prev = node;
}

static inline void
list_remove(struct list *node)
{
	if (!node->next)
		return;
	node->prev->next = node->next;
	node->next->prev = node->prev;
	node->prev = node->next = NULL;
}

/* The current member may be removed (and freed) inside the loop, its neighbours may not. */
/* NOLINTBEGIN(bugprone-macro-parentheses): the macro declares the name it is given */
#define LIST_FOREACH(node, head) \
	for (struct list *node = (head)->next, *node##_next_ = node->next; node != (head); \
	     node = node##_next_, node##_next_ = node->next)
/* NOLINTEND(bugprone-macro-parentheses) */

#endif
