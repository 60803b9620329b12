/* Is this a photo worth learning a face from? Sharpness is judged the way of Crété and others ("The blur effect"): blur
 * the picture once more and see how much of its neighbour-to-neighbour change is lost. A sharp picture loses much, a
 * blurred one hardly anything, whatever is on it; a plain drawing with clean edges passes, as it should. Only the
 * liveliest cells of a grid count, so a portrait before a soft background is sharp.
 * It works on a copy of a fixed size: a blur that vanishes when the picture is made smaller does not matter. */
#include "bot/services/darkroom/process/examine.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include "bot/services/darkroom/process/decode.h"
#include "bot/services/darkroom/process/likeness.h"
#include "core/bug.h"

enum { SHARP_SIDE = 1024, SHARP_GRID = 12, SHARP_CELLS = SHARP_GRID * SHARP_GRID, SHARP_BEST = SHARP_CELLS / 8 };

static struct canvas shrunk_to(const struct canvas *from, int width, int height)
{
    return canvas_cut(from, (float)from->width / 2.0f, (float)from->height / 2.0f, (float)from->width,
                      (float)from->height, 0, width, height);
}

static int grey(const uint8_t *pixel)
{
    return (77 * pixel[0] + 150 * pixel[1] + 29 * pixel[2]) >> 8;
}

struct cell {
    double change[2], lost[2]; /* along rows, along columns */
};

static int by_change(const void *a, const void *b)
{
    const struct cell *left = a, *right = b;
    double l = left->change[0] + left->change[1], r = right->change[0] + right->change[1];
    return l < r ? 1 : l > r ? -1 : 0;
}

/* Changes between neighbours `step` apart, and how much of them a 9-wide average would take away. */
static void measure(const uint8_t *grey_map, int width, int height, int axis, struct cell *cells)
{
    ptrdiff_t step = axis == 0 ? 1 : width;
    for (int y = 5; y < height - 5; y++) {
        for (int x = 5; x < width - 5; x++) {
            const uint8_t *at = grey_map + (ptrdiff_t)y * width + x;
            int change = abs(at[0] - at[-step]);
            if (change < 3) /* noise and compression, not detail */
                continue;
            int smooth = abs(at[4 * step] - at[-5 * step]) / 9;
            struct cell *cell = &cells[y * SHARP_GRID / height * SHARP_GRID + x * SHARP_GRID / width];
            cell->change[axis] += change;
            cell->lost[axis] += change > smooth ? change - smooth : 0;
        }
    }
}

static int sharpness_at(const struct canvas *canvas, int side)
{
    int longer = canvas->width > canvas->height ? canvas->width : canvas->height;
    int target = longer < side ? longer : side;
    int width = canvas->width * target / longer, height = canvas->height * target / longer;
    if (width < 32 || height < 32)
        return 0;
    struct canvas small = shrunk_to(canvas, width, height);
    uint8_t *map = malloc((size_t)width * (size_t)height);
    if (map == NULL)
        bug("out of memory");
    for (size_t i = 0; i < (size_t)width * (size_t)height; i++)
        map[i] = (uint8_t)grey(small.rgb + i * 3);
    struct cell cells[SHARP_CELLS] = {{{0}, {0}}};
    measure(map, width, height, 0, cells);
    measure(map, width, height, 1, cells);
    free(map);
    canvas_done(&small);
    qsort(cells, SHARP_CELLS, sizeof *cells, by_change);
    double change[2] = {1, 1}, lost[2] = {0, 0};
    for (int i = 0; i < SHARP_BEST; i++) {
        for (int axis = 0; axis < 2; axis++) {
            change[axis] += cells[i].change[axis];
            lost[axis] += cells[i].lost[axis];
        }
    }
    double across = lost[0] / change[0], down = lost[1] / change[1];
    return (int)(10000.0 * (across > down ? across : down)); /* stripes have detail one way only: the better one */
}

/* 0 … 10,000: how much is lost when the sharpest part of the picture is blurred once more. A mild blur shows at the
 * full size only, a strong one (whose changes are too faint there) in smaller copies. */
static int sharpness_of(const struct canvas *canvas)
{
    int least = 10000;
    for (int side = SHARP_SIDE; side >= SHARP_SIDE / 4; side /= 2) {
        int sharpness = sharpness_at(canvas, side);
        least = sharpness < least ? sharpness : least;
    }
    return least;
}

struct examine_result examine_photo(const uint8_t *bytes, size_t len, int min_side_px)
{
    struct examine_result result = {.verdict = PHOTO_BROKEN};
    struct canvas canvas = {0};
    enum photo_verdict verdict = decode_image(bytes, len, DARKROOM_REFERENCE_SIDE_MAX, &canvas, &result.width,
                                              &result.height);
    if (verdict != PHOTO_GOOD)
        return (struct examine_result){.verdict = verdict};
    result.sharpness = sharpness_of(&canvas);
    if (result.width < min_side_px || result.height < min_side_px) {
        result.verdict = PHOTO_TOO_SMALL;
    } else if (result.sharpness < EXAMINE_SHARPNESS_MIN) {
        result.verdict = PHOTO_BLURRED;
    } else if (canvas_to_jpeg(&canvas, EXAMINE_QUALITY, &result.jpeg, &result.jpeg_len) == ERR_OK) {
        likeness_sketch(&canvas, result.sketch);
        result.verdict = PHOTO_GOOD;
    }
    canvas_done(&canvas);
    return result;
}
