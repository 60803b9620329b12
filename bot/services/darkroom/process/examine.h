/* Looking at one photo a user sent. */
#ifndef BOT_SERVICES_DARKROOM_PROCESS_EXAMINE_H
#define BOT_SERVICES_DARKROOM_PROCESS_EXAMINE_H

#include <stddef.h>
#include <stdint.h>
#include "bot/services/darkroom/darkroom.h"
#include "bot/services/darkroom/process/canvas.h"
#include "core/event.h"

enum { EXAMINE_SHARPNESS_MIN = 2800, EXAMINE_QUALITY = 90 };

struct examine_result {
    enum photo_verdict verdict;
    int width, height; /* upright */
    int sharpness;
    uint8_t *jpeg; /* this and what follows with PHOTO_GOOD only; g_free */
    size_t jpeg_len;
    uint8_t sketch[DARKROOM_SKETCH_BYTES];
};

struct examine_result examine_photo(const uint8_t *bytes, size_t len, int min_side_px);

#endif
