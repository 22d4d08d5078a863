/* Random bytes from the kernel. Any thread. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Cannot fail on a kernel we run on; ends the process if it does, for nothing safe follows. */
void random_bytes(void *out, size_t len);

uint32_t random_below(uint32_t bound); /* 0 <= result < bound; bound > 0 */

enum { RANDOM_ID_SIZE = 33 };
/* 128 bits as 32 hex digits and a NUL: stanza ids nobody can guess. A process that goes on after
 * fork() would make those of its parent again. */
void random_id(char out[RANDOM_ID_SIZE]);
/* Beginning with a time (ms, 48 bits), then 80 random bits: as hard to guess, and those made one
 * after the other stand next to each other in an index, here and at whoever keeps them. */
void random_id_ordered(char out[RANDOM_ID_SIZE], int64_t ms);

#endif
