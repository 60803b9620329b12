/* One finished photo from one reference. */
#ifndef BOT_SERVICES_DARKROOM_PROCESS_MAKE_H
#define BOT_SERVICES_DARKROOM_PROCESS_MAKE_H

#include <stddef.h>
#include <stdint.h>
#include "core/err.h"

enum { MAKE_QUALITY = 91 };

/* ERR_INVALID: the reference can't be decoded or the recipe (0-terminated) is wrong. ret_jpeg: g_free. */
MUST_CHECK enum err make_photo(const uint8_t *reference, size_t len, const char *recipe_text, uint64_t seed,
                               uint8_t **ret_jpeg, size_t *ret_len);

#endif
