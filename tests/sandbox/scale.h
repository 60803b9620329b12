/* Pictures made smaller, and into JPEG. */
#ifndef TESTS_SANDBOX_SCALE_H
#define TESTS_SANDBOX_SCALE_H

#include <stddef.h>

#include "core/err.h"

/* New memory for the caller to free. ERR_INVALID when the bytes can't be decoded. */
enum err scale_jpeg(const char *bytes, size_t size, int width, int height, char **ret_bytes,
                    size_t *ret_size) MUST_CHECK;

#endif
