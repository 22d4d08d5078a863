/* Random bytes from the kernel. Any thread. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Cannot fail on a kernel we run on; ends the process if it does, for nothing safe follows. */
void random_bytes(void *out, size_t len);

uint32_t random_below(uint32_t bound); /* 0 <= result < bound; bound > 0 */

enum { RANDOM_ID_SIZE = 33 };
/* 128 bits as 32 hex digits and a NUL: stanza ids nobody can guess. */
void random_id(char out[RANDOM_ID_SIZE]);

#endif
