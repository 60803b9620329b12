/* YooKassa's idempotence keys. */
#ifndef TESTS_SANDBOX_KEYS_H
#define TESTS_SANDBOX_KEYS_H

#include "tests/sandbox/http.h"

/* False: the call is answered, as its key was used before or is none. */
bool keys_begin(struct request *request, const char *path);
/* The call was acted upon: what it was answered with is the key's from now on. An answer of refusal uses up no key. */
void keys_end(struct request *request, const char *path);
void keys_restore(struct sandbox *sb, const char *key, const char *asked, const char *answer, int64_t at_ms);
void keys_done(struct world *world);

#endif
