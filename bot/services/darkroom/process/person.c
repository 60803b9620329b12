/* Finding the person without a trained model. People fill reference photos and are near the middle, so this only has to
 * be right about where in the middle. The face is the upright box that is full of skin colour and has less of it on
 * both sides; if no box stands out, the usual place is taken. The matte starts from a head and shoulders of that size,
 * learns the colours in and outside of it, and is fitted to the picture's edges with a guided filter.
 * All of it happens on a thumbnail. Wrong guesses must stay harmless: crops keep a wide margin (compose.c) and mattes
 * are soft. */
#include "bot/services/darkroom/process/person.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "bot/services/darkroom/process/effects.h"
#include "core/bug.h"

enum { FIND_SIDE = 96, MATTE_WIDTH = 144, BINS = 12, BIN_COUNT = BINS * BINS * BINS };

static void *need(void *memory)
{
    if (memory == NULL)
        bug("out of memory");
    return memory;
}

/* 0 … 1: how much like skin, of any shade: chroma does not depend much on how dark it is. */
static float skin_like(const uint8_t *rgb)
{
    float r = rgb[0], g = rgb[1], b = rgb[2];
    float cb = -0.169f * r - 0.331f * g + 0.5f * b, cr = 0.5f * r - 0.419f * g - 0.081f * b;
    float luma = 0.299f * r + 0.587f * g + 0.114f * b;
    float scale = fminf(1.0f, luma / 130.0f) * 0.5f + 0.5f;
    float u = (cb + 17.0f * scale) / 13.0f, v = (cr - 20.0f * scale) / 10.0f;
    float bright = luma < 35.0f ? luma / 35.0f : 1.0f;
    return bright * expf(-0.5f * (u * u + v * v));
}

static float box_sum(const float *sums, int stride, int x0, int y0, int x1, int y1)
{
    return sums[y1 * stride + x1] - sums[y0 * stride + x1] - sums[y1 * stride + x0] + sums[y0 * stride + x0];
}

static float *integral(const float *values, int width, int height)
{
    int stride = width + 1;
    float *sums = need(calloc((size_t)stride * (size_t)(height + 1), sizeof *sums));
    for (int y = 0; y < height; y++) {
        float row = 0;
        for (int x = 0; x < width; x++) {
            row += values[y * width + x];
            sums[(y + 1) * stride + x + 1] = sums[y * stride + x + 1] + row;
        }
    }
    return sums;
}

static int most(int a, int b)
{
    return a > b ? a : b;
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* How much like a face the box is: skin inside, less of it left, right and above, near where faces are. */
static float score_box(const float *sums, int width, int height, int x, int y, int w, int h)
{
    int stride = width + 1, side = most(1, w * 2 / 5), above = most(1, h / 3);
    float in = box_sum(sums, stride, x, y, x + w, y + h) / (float)(w * h);
    int l = most(0, x - side), r = least(width, x + w + side), t = most(0, y - above);
    float out = box_sum(sums, stride, l, t, r, y + h) - box_sum(sums, stride, x, y, x + w, y + h);
    float out_area = (float)((r - l) * (y + h - t) - w * h);
    float dx = ((float)x + (float)w / 2.0f) / (float)width - 0.5f;
    float dy = ((float)y + (float)h / 2.0f) / (float)height - 0.40f;
    float size = (float)w / (float)width;
    float prior = expf(-dx * dx / 0.05f - dy * dy / 0.045f);
    float usual = expf(-(size - 0.30f) * (size - 0.30f) / 0.022f);
    return (in - 0.75f * out / fmaxf(out_area, 1.0f)) * prior * usual;
}

struct person person_find(const struct canvas *canvas)
{
    int longer = most(canvas->width, canvas->height);
    int width = most(8, canvas->width * FIND_SIDE / longer), height = most(8, canvas->height * FIND_SIDE / longer);
    struct canvas small = canvas_cut(canvas, (float)canvas->width / 2.0f, (float)canvas->height / 2.0f,
                                     (float)canvas->width, (float)canvas->height, 0, width, height);
    float *skin = need(calloc((size_t)width * (size_t)height, sizeof *skin));
    for (int i = 0; i < width * height; i++)
        skin[i] = skin_like(small.rgb + (size_t)i * 3);
    float *sums = integral(skin, width, height);
    float best = 0.12f, zoom = (float)canvas->width / (float)width;
    struct person found = {.x = (float)width / 2.0f, .y = (float)height * 0.40f, .width = (float)width * 0.36f};
    for (int w = most(3, width / 8); w <= width * 3 / 5; w += 1) {
        int h = w * 13 / 10;
        for (int y = 0; y + h <= height; y++) {
            for (int x = 0; x + w <= width; x++) {
                float score = score_box(sums, width, height, x, y, w, h);
                if (score > best) {
                    best = score;
                    found.x = (float)x + (float)w / 2.0f;
                    found.y = (float)y + (float)h / 2.0f;
                    found.width = (float)w * 1.35f;
                }
            }
        }
    }
    canvas_done(&small);
    free(skin);
    free(sums);
    found.height = found.width * 1.45f;
    return (struct person){found.x * zoom, found.y * zoom, found.width * zoom, found.height * zoom};
}

/* The average of a (2r+1)² box round each value. */
static void box_mean(float *values, int width, int height, int radius)
{
    float *sums = integral(values, width, height);
    for (int y = 0; y < height; y++) {
        int y0 = most(0, y - radius), y1 = least(height, y + radius + 1);
        for (int x = 0; x < width; x++) {
            int x0 = most(0, x - radius), x1 = least(width, x + radius + 1);
            values[y * width + x] = box_sum(sums, width + 1, x0, y0, x1, y1) / (float)((x1 - x0) * (y1 - y0));
        }
    }
    free(sums);
}

/* He, Sun, Tang: a local linear model of the guide that follows the mask; edges of the guide become the mask's. */
static void guided_filter(const float *guide, float *mask, int width, int height)
{
    size_t count = (size_t)width * (size_t)height;
    const int radius = 5;
    const float epsilon = 0.0015f;
    float *mean_i = need(malloc(count * sizeof(float))), *mean_ii = need(malloc(count * sizeof(float)));
    float *mean_ip = need(malloc(count * sizeof(float))), *mean_p = need(malloc(count * sizeof(float)));
    for (size_t i = 0; i < count; i++) {
        mean_i[i] = guide[i];
        mean_ii[i] = guide[i] * guide[i];
        mean_ip[i] = guide[i] * mask[i];
        mean_p[i] = mask[i];
    }
    box_mean(mean_i, width, height, radius);
    box_mean(mean_ii, width, height, radius);
    box_mean(mean_ip, width, height, radius);
    box_mean(mean_p, width, height, radius);
    for (size_t i = 0; i < count; i++) {
        float a = (mean_ip[i] - mean_i[i] * mean_p[i]) / (mean_ii[i] - mean_i[i] * mean_i[i] + epsilon);
        mean_ii[i] = a;
        mean_ip[i] = mean_p[i] - a * mean_i[i];
    }
    box_mean(mean_ii, width, height, radius);
    box_mean(mean_ip, width, height, radius);
    for (size_t i = 0; i < count; i++)
        mask[i] = fminf(fmaxf(mean_ii[i] * guide[i] + mean_ip[i], 0.0f), 1.0f);
    free(mean_i);
    free(mean_ii);
    free(mean_ip);
    free(mean_p);
}

/* A head and shoulders: 1 for what is surely inside (the face, the chest), 0 well outside, between them unsure. */
static float prior_at(struct person p, float x, float y)
{
    float u = (x - p.x) / (p.width * 0.5f), v = (y - p.y) / (p.height * 0.5f), face = sqrtf(u * u + v * v);
    if (face < 0.66f)
        return 1.0f;
    float hair_v = (y - (p.y - p.height * 0.06f)) / (p.height * 0.62f);
    float head = 0.85f * (1.0f - effects_step(0.95f, 1.60f, sqrtf(u * u * 0.75f + hair_v * hair_v)));
    head *= 1.0f - effects_step(1.15f, 1.5f, -v); /* hair ends somewhere; what is dark above it is not hair */
    float below = (y - (p.y + p.height * 0.34f)) / (p.height * 0.75f); /* 0 at the chin, 1 at the shoulders' width */
    float half = p.width * (0.36f + 0.95f * effects_step(0.1f, 1.0f, below)), side = fabsf(x - p.x);
    if (below > 0.2f && side < half * 0.45f)
        return 1.0f;
    float body = below <= 0.0f ? 0.0f : 0.90f * (1.0f - effects_step(0.80f, 1.40f, side / half));
    return fmaxf(head, body);
}

static int bin_of(const uint8_t *rgb)
{
    return (rgb[0] * BINS / 256 * BINS + rgb[1] * BINS / 256) * BINS + rgb[2] * BINS / 256;
}

/* Once round: learn the colours of what is surely inside and outside, then believe them where the prior is unsure. The
 * second round learns from the first one's answer. */
static void learn_colours(const struct canvas *small, const float *prior, float *mask)
{
    float *in = need(calloc(BIN_COUNT, sizeof *in)), *out = need(calloc(BIN_COUNT, sizeof *out));
    size_t count = (size_t)small->width * (size_t)small->height;
    float in_sum = 1.0f, out_sum = 1.0f;
    for (size_t i = 0; i < count; i++) {
        int bin = bin_of(small->rgb + i * 3);
        float inside = mask[i] > 0.9f ? 1.0f : 0.0f, outside = mask[i] < 0.12f ? 1.0f : 0.0f;
        in[bin] += inside;
        out[bin] += outside;
        in_sum += inside;
        out_sum += outside;
    }
    for (size_t i = 0; i < count; i++) {
        int bin = bin_of(small->rgb + i * 3);
        float inside = in[bin] / in_sum + 4e-4f, outside = out[bin] / out_sum + 4e-4f, p = prior[i];
        mask[i] = p > 0.98f ? 1.0f : p < 0.02f ? 0.0f : p * inside / (p * inside + (1.0f - p) * outside);
    }
    free(in);
    free(out);
}

/* How much of the hair's ring round the upper face the mask has kept, 0 … 1. */
static float hair_kept(const float *mask, int width, int height, struct person p)
{
    float kept = 0, all = 1e-3f;
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
            float u = ((float)x - p.x) / (p.width * 0.5f), v = ((float)y - p.y) / (p.height * 0.5f);
            float d = sqrtf(u * u + v * v);
            if (v < 0.2f && d > 0.66f && d < 0.80f) {
                kept += mask[y * width + x];
                all += 1.0f;
            }
        }
    }
    return kept / all;
}

/* When colours can't tell the person from what is behind: a wide soft head and shoulders, that cuts nothing off. */
static void guess_mask(float *mask, int width, int height, struct person p)
{
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
            float u = ((float)x - p.x) / (p.width * 0.5f), v = ((float)y - p.y) / (p.height * 0.5f);
            float head = 1.0f - effects_step(1.45f, 2.1f, sqrtf(u * u + v * v));
            float below = effects_step(0.3f, 2.4f, v), side = fabsf(u) / (1.0f + 1.9f * below);
            float body = v < 0.3f ? 0.0f : 1.0f - effects_step(0.9f, 1.5f, side);
            mask[y * width + x] = fmaxf(head, body);
        }
    }
}

/* Keeps only what hangs together with the face: lamps of the same colour elsewhere are not the person. */
static void keep_connected(float *mask, int width, int height, int x, int y)
{
    size_t count = (size_t)width * (size_t)height, top = 0;
    uint8_t *seen = need(calloc(count, 1));
    int *stack = need(malloc(count * sizeof *stack)); /* each cell is pushed at most once */
    int first = least(most(y, 0), height - 1) * width + least(most(x, 0), width - 1);
    seen[first] = 1;
    stack[top++] = first;
    while (top > 0) {
        int at = stack[--top];
        const int next[4] = {at % width > 0 ? at - 1 : at, at % width < width - 1 ? at + 1 : at,
                             at >= width ? at - width : at, at < width * (height - 1) ? at + width : at};
        for (int k = 0; k < 4; k++) {
            if (!seen[next[k]] && mask[next[k]] > 0.4f) {
                seen[next[k]] = 1;
                stack[top++] = next[k];
            }
        }
    }
    for (size_t i = 0; i < count; i++)
        mask[i] = seen[i] ? mask[i] : 0.0f;
    free(seen);
    free(stack);
}

/* The small mask, stretched to the canvas. */
static uint8_t *stretch(const float *mask, int w, int h, const struct canvas *canvas)
{
    uint8_t *matte = need(malloc((size_t)canvas->width * (size_t)canvas->height));
    for (int y = 0; y < canvas->height; y++) {
        float v = fminf(((float)y + 0.5f) * (float)h / (float)canvas->height, (float)h - 1.001f);
        int top = (int)v;
        for (int x = 0; x < canvas->width; x++) {
            float u = fminf(((float)x + 0.5f) * (float)w / (float)canvas->width, (float)w - 1.001f);
            int left = (int)u;
            const float *at = mask + top * w + left;
            float fu = u - (float)left, fv = v - (float)top;
            float upper = at[0] + (at[1] - at[0]) * fu, lower = at[w] + (at[w + 1] - at[w]) * fu;
            matte[(size_t)y * (size_t)canvas->width + (size_t)x] = canvas_byte(255.0f * (upper + (lower - upper) * fv));
        }
    }
    return matte;
}

uint8_t *person_matte(const struct canvas *canvas, struct person person)
{
    int width = MATTE_WIDTH, height = most(2, canvas->height * MATTE_WIDTH / canvas->width);
    size_t count = (size_t)width * (size_t)height;
    float zoom = (float)canvas->width / (float)width;
    struct canvas small = canvas_cut(canvas, (float)canvas->width / 2.0f, (float)canvas->height / 2.0f,
                                     (float)canvas->width, (float)canvas->height, 0, width, height);
    float *prior = need(calloc(count, sizeof *prior)), *mask = need(calloc(count, sizeof *mask));
    float *guide = need(calloc(count, sizeof *guide));
    for (size_t i = 0; i < count; i++) {
        const uint8_t *rgb = small.rgb + i * 3;
        size_t column = i % (size_t)width, row = i / (size_t)width;
        float x = ((float)column + 0.5f) * zoom, y = ((float)row + 0.5f) * zoom;
        prior[i] = mask[i] = prior_at(person, x, y);
        guide[i] = (0.299f * rgb[0] + 0.587f * rgb[1] + 0.114f * rgb[2]) / 255.0f;
    }
    for (int round = 0; round < 3; round++) {
        learn_colours(&small, prior, mask);
        box_mean(mask, width, height, 1);
    }
    keep_connected(mask, width, height, (int)(person.x / zoom), (int)(person.y / zoom));
    struct person small_person = {person.x / zoom, person.y / zoom, person.width / zoom, person.height / zoom};
    if (hair_kept(mask, width, height, small_person) < 0.60f)
        guess_mask(mask, width, height, small_person);
    else
        guided_filter(guide, mask, width, height);
    for (size_t i = 0; i < count; i++)
        mask[i] = effects_step(0.15f, 0.85f, mask[i]);
    uint8_t *matte = stretch(mask, width, height, canvas);
    canvas_done(&small);
    free(prior);
    free(mask);
    free(guide);
    return matte;
}
