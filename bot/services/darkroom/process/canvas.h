/* Plain pixels: what every effect works on. 8-bit sRGB, three bytes a pixel, rows without padding. */
#ifndef BOT_SERVICES_DARKROOM_PROCESS_CANVAS_H
#define BOT_SERVICES_DARKROOM_PROCESS_CANVAS_H

#include <stddef.h>
#include <stdint.h>
#include "core/err.h"

struct canvas {
    int width, height;
    uint8_t *rgb;
};

/* Never fails: out of memory aborts, and the daemon takes that as a job that killed the process. */
struct canvas canvas_new(int width, int height);
struct canvas canvas_copy(const struct canvas *from);
void canvas_done(struct canvas *canvas);

/* 0 … 255, rounded. */
static inline uint8_t canvas_byte(float value)
{
    return value <= 0.0f ? 0 : value >= 255.0f ? 255 : (uint8_t)(value + 0.5f);
}

static inline uint8_t *canvas_at(const struct canvas *canvas, int x, int y)
{
    return canvas->rgb + ((size_t)y * (size_t)canvas->width + (size_t)x) * 3;
}

/* The part of `from` whose centre, size (in its pixels) and tilt (degrees) are given, as width × height; bilinear,
 * after a box average when it shrinks. Outside `from` the edge is repeated. */
struct canvas canvas_cut(const struct canvas *from, float x, float y, float w, float h, float tilt, int width,
                         int height);
/* Three box blurs, close to a Gaussian of this radius in pixels. */
void canvas_blur(struct canvas *canvas, int radius);
void canvas_mirror(struct canvas *canvas);
void canvas_fill(struct canvas *canvas, int x, int y, int w, int h, uint32_t colour);
void canvas_paste(struct canvas *onto, const struct canvas *from, int x, int y);

/* A JPEG without metadata, g_free it. quality 1 … 100. */
MUST_CHECK enum err canvas_to_jpeg(const struct canvas *canvas, int quality, uint8_t **ret_jpeg, size_t *ret_len);

/* Numbers that look random and depend on the seed only. */
uint32_t canvas_noise(uint32_t x, uint32_t y, uint64_t seed);

#endif
