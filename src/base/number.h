/* Small things about numbers that the language lacks. */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stdint.h>

static inline uint64_t
number_lower(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t
number_higher(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

#endif
