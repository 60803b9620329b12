/* Plain pixels and the few operations everything else is made of. Effects run on flat 8-bit arrays in simple loops and
 * not as libvips pipelines: at 1.8 megapixels that is faster, needs no threads and is easy to read.
 * Nothing here decodes anything; JPEG is only written. */
#include "bot/services/darkroom/process/canvas.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <vips/vips.h>

#include "core/bug.h"

struct canvas canvas_new(int width, int height)
{
    struct canvas canvas = {.width = width, .height = height};
    canvas.rgb = calloc((size_t)width * (size_t)height, 3);
    if (canvas.rgb == NULL)
        bug("out of memory");
    return canvas;
}

struct canvas canvas_copy(const struct canvas *from)
{
    struct canvas canvas = canvas_new(from->width, from->height);
    memcpy(canvas.rgb, from->rgb, (size_t)from->width * (size_t)from->height * 3);
    return canvas;
}

void canvas_done(struct canvas *canvas)
{
    free(canvas->rgb);
    canvas->rgb = NULL;
}

uint32_t canvas_noise(uint32_t x, uint32_t y, uint64_t seed)
{
    uint64_t v = seed ^ ((uint64_t)y << 32 | x);
    v = (v ^ (v >> 30)) * 0xbf58476d1ce4e5b9u;
    v = (v ^ (v >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)(v >> 32);
}

/* Averages n × n boxes: what keeps a shrink from glittering. */
static struct canvas shrink_by(const struct canvas *from, int n)
{
    struct canvas to = canvas_new(from->width / n, from->height / n);
    unsigned area = (unsigned)(n * n);
    for (int y = 0; y < to.height; y++) {
        for (int x = 0; x < to.width; x++) {
            unsigned sum[3] = {area / 2, area / 2, area / 2};
            for (int v = 0; v < n; v++) {
                const uint8_t *pixel = canvas_at(from, x * n, y * n + v);
                for (int u = 0; u < n; u++, pixel += 3) {
                    sum[0] += pixel[0];
                    sum[1] += pixel[1];
                    sum[2] += pixel[2];
                }
            }
            uint8_t *out = canvas_at(&to, x, y);
            for (int c = 0; c < 3; c++)
                out[c] = (uint8_t)(sum[c] / area);
        }
    }
    return to;
}

static int clamp_int(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

static void sample(const struct canvas *from, float x, float y, uint8_t *out)
{
    x = fminf(fmaxf(x, 0.0f), (float)from->width - 1.001f);
    y = fminf(fmaxf(y, 0.0f), (float)from->height - 1.001f);
    int left = x < 0.0f ? 0 : (int)x, top = y < 0.0f ? 0 : (int)y;
    unsigned fx = (unsigned)((x - (float)left) * 256.0f) & 0x1ff, fy = (unsigned)((y - (float)top) * 256.0f) & 0x1ff;
    int right = clamp_int(left + 1, 0, from->width - 1), bottom = clamp_int(top + 1, 0, from->height - 1);
    const uint8_t *a = canvas_at(from, left, top), *b = canvas_at(from, right, top);
    const uint8_t *c = canvas_at(from, left, bottom), *d = canvas_at(from, right, bottom);
    for (int i = 0; i < 3; i++) {
        unsigned upper = a[i] * (256 - fx) + b[i] * fx, lower = c[i] * (256 - fx) + d[i] * fx;
        out[i] = (uint8_t)((upper * (256 - fy) + lower * fy + 0x8000) >> 16);
    }
}

struct canvas canvas_cut(const struct canvas *from, float x, float y, float w, float h, float tilt, int width,
                         int height)
{
    int n = clamp_int((int)(w / (float)width), 1, 16);
    struct canvas small = {0};
    const struct canvas *source = from;
    if (n > 1 && from->width >= n && from->height >= n) {
        small = shrink_by(from, n);
        source = &small;
        x /= (float)n;
        y /= (float)n;
        w /= (float)n;
        h /= (float)n;
    }
    struct canvas to = canvas_new(width, height);
    float turn = tilt * 3.14159265f / 180.0f, cosine = cosf(turn), sine = sinf(turn);
    float step_x = w / (float)width, step_y = h / (float)height;
    for (int j = 0; j < height; j++) {
        float v = ((float)j + 0.5f - (float)height / 2.0f) * step_y;
        uint8_t *out = canvas_at(&to, 0, j);
        for (int i = 0; i < width; i++, out += 3) {
            float u = ((float)i + 0.5f - (float)width / 2.0f) * step_x;
            sample(source, x + u * cosine - v * sine - 0.5f, y + u * sine + v * cosine - 0.5f, out);
        }
    }
    canvas_done(&small);
    return to;
}

/* One box blur of a line of `count` pixels that stand `step` bytes apart; a running sum, so the radius costs nothing.
 */
static void blur_line(const uint8_t *in, uint8_t *out, size_t in_step, size_t out_step, int count, int radius)
{
    unsigned size = 2 * (unsigned)radius + 1, inverse = 65536 / size, sum[3] = {0};
    for (int i = -radius; i <= radius; i++) {
        const uint8_t *pixel = in + (size_t)clamp_int(i, 0, count - 1) * in_step;
        sum[0] += pixel[0];
        sum[1] += pixel[1];
        sum[2] += pixel[2];
    }
    for (int i = 0; i < count; i++) {
        uint8_t *to = out + (size_t)i * out_step;
        const uint8_t *old = in + (size_t)clamp_int(i - radius, 0, count - 1) * in_step;
        const uint8_t *new = in + (size_t)clamp_int(i + radius + 1, 0, count - 1) * in_step;
        for (int c = 0; c < 3; c++) {
            to[c] = (uint8_t)((sum[c] * inverse + 0x8000) >> 16);
            sum[c] += (unsigned)new[c] - old[c];
        }
    }
}

void canvas_blur(struct canvas *canvas, int radius)
{
    int w = canvas->width, h = canvas->height;
    if (radius > 24 && w > 64 && h > 64) { /* a strong blur looks the same at a quarter of the size */
        struct canvas small = shrink_by(canvas, 4);
        canvas_blur(&small, radius / 4);
        struct canvas big = canvas_cut(&small, (float)small.width / 2.0f, (float)small.height / 2.0f,
                                       (float)small.width, (float)small.height, 0, w, h);
        canvas_done(&small);
        canvas_done(canvas);
        *canvas = big;
        return;
    }
    int box = clamp_int((radius * 6 + 5) / 10, 1, 100); /* three boxes of 0.6 r spread like a Gaussian */
    struct canvas turned = canvas_new(h, w);            /* transposed on the way, so both passes read along rows */
    for (int pass = 0; pass < 3; pass++) {
        for (int y = 0; y < h; y++)
            blur_line(canvas_at(canvas, 0, y), turned.rgb + (size_t)y * 3, 3, (size_t)h * 3, w, box);
        for (int x = 0; x < w; x++)
            blur_line(canvas_at(&turned, 0, x), canvas->rgb + (size_t)x * 3, 3, (size_t)w * 3, h, box);
    }
    canvas_done(&turned);
}

void canvas_mirror(struct canvas *canvas)
{
    for (int y = 0; y < canvas->height; y++) {
        uint8_t *left = canvas_at(canvas, 0, y), *right = canvas_at(canvas, canvas->width - 1, y);
        for (; left < right; left += 3, right -= 3) {
            uint8_t keep[3];
            memcpy(keep, left, 3);
            memcpy(left, right, 3);
            memcpy(right, keep, 3);
        }
    }
}

void canvas_fill(struct canvas *canvas, int x, int y, int w, int h, uint32_t colour)
{
    int right = clamp_int(x + w, 0, canvas->width), bottom = clamp_int(y + h, 0, canvas->height);
    for (int j = clamp_int(y, 0, bottom); j < bottom; j++) {
        for (int i = clamp_int(x, 0, right); i < right; i++) {
            uint8_t *pixel = canvas_at(canvas, i, j);
            pixel[0] = (uint8_t)(colour >> 16);
            pixel[1] = (uint8_t)(colour >> 8);
            pixel[2] = (uint8_t)colour;
        }
    }
}

void canvas_paste(struct canvas *onto, const struct canvas *from, int x, int y)
{
    for (int j = 0; j < from->height; j++) {
        if (y + j < 0 || y + j >= onto->height)
            continue;
        int left = x < 0 ? -x : 0, right = clamp_int(from->width, 0, onto->width - x);
        if (right > left)
            memcpy(canvas_at(onto, x + left, y + j), canvas_at(from, left, j), (size_t)(right - left) * 3);
    }
}

enum err canvas_to_jpeg(const struct canvas *canvas, int quality, uint8_t **ret_jpeg, size_t *ret_len)
{
    VipsImage *image = vips_image_new_from_memory(canvas->rgb, (size_t)canvas->width * (size_t)canvas->height * 3,
                                                  canvas->width, canvas->height, 3, VIPS_FORMAT_UCHAR);
    VipsImage *tagged = NULL;
    void *jpeg = NULL;
    size_t len = 0;
    int failed = image == NULL || vips_copy(image, &tagged, "interpretation", VIPS_INTERPRETATION_sRGB, NULL) != 0 ||
                 vips_jpegsave_buffer(tagged, &jpeg, &len, "Q", quality, "strip", TRUE, "optimize_coding", TRUE, NULL);
    g_clear_object(&tagged);
    g_clear_object(&image);
    if (failed)
        return ERR_IO;
    *ret_jpeg = jpeg;
    *ret_len = len;
    return ERR_OK;
}
