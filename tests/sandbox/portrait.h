/* Drawn portraits: the sandbox's sample photos and the pictures its image provider "makes". No camera, no rights,
 * no downloads: an SVG is written from a few numbers and rendered with libvips. */
#ifndef TESTS_SANDBOX_PORTRAIT_H
#define TESTS_SANDBOX_PORTRAIT_H

#include <stddef.h>
#include "core/err.h"

enum {
    PORTRAIT_PERSONS = 8, /* different people; a higher number begins again at the first */
    PORTRAIT_POSES = 24,  /* pictures of one person; a higher number begins again, mirrored */
    PORTRAIT_SIZE_MIN_PX = 64,
    PORTRAIT_SIZE_MAX_PX = 4096,
    PORTRAIT_SVG_MAX_BYTES = 512 * 1024,
};

/* A JPEG of `size_px` width and 5/4 of that in height (1024 → 1024×1280): person and pose are any numbers >= 0, and the
 * same three numbers always give the same bytes. *ret_jpeg is malloc'ed and the caller's. Starts libvips when nobody
 * has; may be called from several threads at once when the first call was alone.
 * ERR_INVALID: a negative number or a size outside the limits. ERR_IO: libvips failed (no SVG support). */
enum err portrait_make(int person, int pose, int size_px, unsigned char **ret_jpeg, size_t *ret_bytes) MUST_CHECK;

#endif
