/* Counts the memory a test program uses: for programs that are linked with --wrap for malloc,
 * calloc, realloc and free. Only calls from the program itself are seen, which are those of the
 * reader and, through what the reader gives it, of expat. */
#ifndef TESTS_XML_COUNTED_H
#define TESTS_XML_COUNTED_H

#include <malloc.h>
#include <stddef.h>

/* The linker's --wrap gives these names. NOLINTBEGIN(bugprone-reserved-identifier) */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
void __real_free(void *p);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);
void __wrap_free(void *p);

static struct {
	size_t now, most; /* bytes */
} memory;

static void *
count_in(void *p)
{
	memory.now += p ? malloc_usable_size(p) : 0;
	if (memory.now > memory.most)
		memory.most = memory.now;
	return p;
}

void *
__wrap_malloc(size_t size)
{
	return count_in(__real_malloc(size));
}

void *
__wrap_calloc(size_t count, size_t size)
{
	return count_in(__real_calloc(count, size));
}

void *
__wrap_realloc(void *p, size_t size)
{
	size_t before = p ? malloc_usable_size(p) : 0;
	void *moved = __real_realloc(p, size);
	if (!moved)
		return NULL;
	memory.now -= before;
	return count_in(moved);
}

void
__wrap_free(void *p)
{
	memory.now -= p ? malloc_usable_size(p) : 0;
	__real_free(p);
}
/* NOLINTEND(bugprone-reserved-identifier) */

#endif
