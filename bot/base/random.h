/* Randomness, made here and passed into the core as values. */
#ifndef BOT_BASE_RANDOM_H
#define BOT_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

enum { RANDOM_UUID_BYTES = 37 }; /* 36 characters and the final 0 */

/* From the kernel, fit for keys and tokens. Aborts if the kernel has none. */
uint64_t random_number(void);
/* A version 4 UUID in lower case, e.g. an idempotence key or a lease token. */
void random_uuid(char ret_text[RANDOM_UUID_BYTES]);

#endif
