/* Is it the same picture? A small grey copy of each photo is kept and compared. */
#ifndef BOT_SERVICES_DARKROOM_PROCESS_LIKENESS_H
#define BOT_SERVICES_DARKROOM_PROCESS_LIKENESS_H

#include <stdbool.h>
#include <stdint.h>
#include "bot/services/darkroom/darkroom.h"
#include "bot/services/darkroom/process/canvas.h"

/* The whole picture on a square of points, whatever its shape. */
void likeness_sketch(const struct canvas *canvas, uint8_t sketch[DARKROOM_SKETCH_BYTES]);

/* True: one is the other saved anew, made smaller, cropped (to half of each side at least) or put through a filter.
 * False: they are two pictures, though it may be of one person in one pose. */
bool likeness_is_same(const uint8_t one[DARKROOM_SKETCH_BYTES], const uint8_t other[DARKROOM_SKETCH_BYTES]);

#endif
