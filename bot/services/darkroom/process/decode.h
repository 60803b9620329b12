/* Bytes to pixels, with the limits that come before any decoding. */
#ifndef BOT_SERVICES_DARKROOM_PROCESS_DECODE_H
#define BOT_SERVICES_DARKROOM_PROCESS_DECODE_H

#include <stddef.h>
#include <stdint.h>
#include "bot/services/darkroom/process/canvas.h"
#include "core/event.h"

enum {
    DECODE_PIXELS_MAX = 50 * 1000 * 1000,       /* by the header, before a pixel is decoded */
    DECODE_ROWS_PIXELS_MAX = 256 * 1000 * 1000, /* where only some rows are in memory at a time; phones make 200 */
    DECODE_HELD_MAX_BYTES = 400 * 1000 * 1000,  /* of a progressive JPEG's coefficients */
    DECODE_SIDE_MAX = 65535,
    DECODE_SCANS_MAX = 64,         /* of a progressive JPEG; cameras make about 10 */
    DECODE_MISSING_MAX_PERCENT = 2 /* of the rows, at the end of a picture that was cut off */
};

/* Loads the HEIC loader of libvips and none of its other modules. Before the jail; missing is not an error. */
void decode_init(void);

/* Decodes upright, as 8-bit sRGB without alpha or metadata, shrunk so that the long side is <= side_max; in plain
 * pixels (canvas_done). ret_width/ret_height: upright size before shrinking. PHOTO_GOOD, PHOTO_NOT_IMAGE,
 * PHOTO_TOO_MANY_PIXELS, PHOTO_INCOMPLETE, PHOTO_UNREADABLE (HEIF: a newer decoder may know it), PHOTO_BROKEN. */
enum photo_verdict decode_image(const uint8_t *bytes, size_t len, int side_max, struct canvas *ret_canvas,
                                int *ret_width, int *ret_height);

/* A picture of ours (SVG too), filling width × height exactly, centre cropped. PHOTO_GOOD, PHOTO_NOT_IMAGE,
 * PHOTO_BROKEN. */
enum photo_verdict decode_cover(const uint8_t *bytes, size_t len, int width, int height, struct canvas *ret_canvas);

#endif
