/* What the picture is printed on: grain, paper, canvas, dust. Always faint; the same seed gives the same grains. */
#include "bot/services/darkroom/process/effects.h"

#include <math.h>

/* A bell-shaped number, -256 … 256. */
static int grain_at(uint32_t x, uint32_t y, uint64_t seed)
{
    uint32_t n = canvas_noise(x, y, seed);
    return (int)((n & 255) + (n >> 8 & 255) + (n >> 16 & 255) + (n >> 24)) / 2 - 255;
}

static int paper_at(uint32_t x, uint32_t y, uint64_t seed)
{
    int wide = grain_at(x / 7, y / 3, seed) + grain_at(x / 3, y / 7, seed ^ 1);
    return wide / 5 + grain_at(x, y, seed ^ 2) / 6;
}

static int canvas_weave_at(uint32_t x, uint32_t y, uint64_t seed)
{
    int warp = (int)(x % 8) - 4, weft = (int)(y % 8) - 4;
    int over = ((x / 8 + y / 8) & 1) != 0 ? 16 - warp * warp : 16 - weft * weft;
    return (over - 8) * 5 + grain_at(x, y, seed) / 10;
}

void texture_apply(struct canvas *canvas, enum recipe_texture texture, uint64_t seed)
{
    for (int j = 0; texture != RECIPE_TEXTURE_NONE && j < canvas->height; j++) {
        uint8_t *pixel = canvas_at(canvas, 0, j);
        for (int i = 0; i < canvas->width; i++, pixel += 3) {
            uint32_t x = (uint32_t)i, y = (uint32_t)j;
            int luma = effects_luma(pixel), change = 0;
            switch (texture) {
            case RECIPE_TEXTURE_GRAIN: change = grain_at(x, y, seed) * (90 + luma * (255 - luma) / 200) / 2600; break;
            case RECIPE_TEXTURE_COARSE:
                change = (grain_at(x / 2, y / 2, seed) + grain_at(x, y, seed ^ 3) / 2) *
                         (120 + luma * (255 - luma) / 160) / 2200;
                break;
            case RECIPE_TEXTURE_PAPER: change = paper_at(x, y, seed) / 3; break;
            case RECIPE_TEXTURE_CANVAS: change = canvas_weave_at(x, y, seed) / 4; break;
            case RECIPE_TEXTURE_DUST:
                change = grain_at(x, y, seed) / 24;
                if (canvas_noise(x / 3, y / 3, seed) % 5000 == 0 || canvas_noise(x, y / 90, seed ^ 5) % 6000 == 0) {
                    change = 90;
                }
                break;
            case RECIPE_TEXTURE_NONE:
            case RECIPE_TEXTURE_COUNT: break;
            }
            for (int c = 0; c < 3; c++) {
                int value = pixel[c] + change;
                pixel[c] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
            }
        }
    }
}
