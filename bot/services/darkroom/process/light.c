/* Light laid over a finished grade: where it falls from, what it falls through. Each kind is a field of colour over the
 * picture, worked out on a small grid (light has no fine detail) and stretched; then it is screened (bright things) or
 * multiplied (shade). What would cross the face is kept weak there. */
#include "bot/services/darkroom/process/effects.h"

#include <math.h>
#include <stdlib.h>

#include "core/bug.h"

enum { FIELD_WIDTH = 144, BOKEH_COUNT = 26, SNOW_COUNT = 120, LEAVES_COUNT = 70 };

struct field {
    int width, height;
    float *add;   /* three a cell, 0 … 255: screened */
    float *shade; /* one a cell, 1 = as it is */
};

static struct field field_new(const struct canvas *canvas)
{
    struct field field = {.width = FIELD_WIDTH, .height = canvas->height * FIELD_WIDTH / canvas->width + 1};
    size_t count = (size_t)field.width * (size_t)field.height;
    field.add = calloc(count * 3, sizeof *field.add);
    field.shade = malloc(count * sizeof *field.shade);
    if (field.add == NULL || field.shade == NULL) {
        bug("out of memory");
    }
    for (size_t i = 0; i < count; i++) {
        field.shade[i] = 1.0f;
    }
    return field;
}

static float random_unit(uint32_t n, uint32_t which, uint64_t seed)
{
    return (float)(canvas_noise(n, which, seed) & 0xffff) / 65535.0f;
}

static void add_colour(float *add, uint32_t colour, float amount)
{
    add[0] += (float)(colour >> 16 & 255) * amount;
    add[1] += (float)(colour >> 8 & 255) * amount;
    add[2] += (float)(colour & 255) * amount;
}

/* A disc (soft 0: hard edge with a brighter rim, as an open lens draws; 1: a soft blob). Units: of the width. */
static void add_disc(struct field *field, float cx, float cy, float r, uint32_t colour, float amount, float soft)
{
    for (int j = 0; j < field->height; j++) {
        for (int i = 0; i < field->width; i++) {
            float u = (float)i / (float)field->width - cx, v = (float)j / (float)field->width - cy;
            float d = sqrtf(u * u + v * v) / r;
            if (d < 1.1f) {
                float rim = 0.7f + 0.3f * effects_step(0.6f, 0.95f, d);
                float hard = rim * (1.0f - effects_step(0.92f, 1.05f, d)), blob = 1.0f - effects_step(0.0f, 1.0f, d);
                add_colour(field->add + 3 * (j * field->width + i), colour, amount * (hard + (blob - hard) * soft));
            }
        }
    }
}

static void add_bokeh(struct field *field, struct person p, uint64_t seed)
{
    static const uint32_t colours[] = {0xffd9a0, 0xffb86b, 0xfff0d0, 0xff9f7a, 0xa8d8ff};
    float tall = (float)field->height / (float)field->width;
    for (uint32_t n = 0; n < BOKEH_COUNT; n++) {
        float x = random_unit(n, 1, seed), y = random_unit(n, 2, seed) * tall,
              r = 0.02f + 0.05f * random_unit(n, 3, seed);
        float u = (x - p.x) / (p.width * 0.8f), v = (y - p.y) / (p.height * 0.8f);
        if (u * u + v * v > 1.0f) { /* not on the face */
            add_disc(field, x, y, r, colours[n % 5], 0.20f + 0.28f * random_unit(n, 4, seed), 0.0f);
        }
    }
}

static void add_snow(struct field *field, uint64_t seed)
{
    float tall = (float)field->height / (float)field->width;
    for (uint32_t n = 0; n < SNOW_COUNT; n++) {
        float r = 0.006f + 0.018f * powf(random_unit(n, 3, seed), 4.0f);
        add_disc(field, random_unit(n, 1, seed), random_unit(n, 2, seed) * tall, r, 0xffffff,
                 0.45f + 0.4f * random_unit(n, 4, seed), 1.0f);
    }
}

/* 0 … 1: how much of the face's ellipse this is. */
static float on_face(struct person p, float x, float y)
{
    float u = (x - p.x) / (p.width * 0.62f), v = (y - p.y) / (p.height * 0.58f);
    return 1.0f - effects_step(0.55f, 1.2f, sqrtf(u * u + v * v));
}

/* Sun through leaves: round patches of light of all sizes. */
static void add_leaves(struct field *field, uint64_t seed)
{
    float tall = (float)field->height / (float)field->width;
    for (uint32_t n = 0; n < LEAVES_COUNT; n++) {
        float r = 0.025f + 0.10f * powf(random_unit(n, 3, seed), 2.0f);
        add_disc(field, random_unit(n, 1, seed), random_unit(n, 2, seed) * tall, r, 0xfff0b0,
                 0.10f + 0.22f * random_unit(n, 4, seed), 1.0f);
    }
}

struct spot {
    float x, y; /* of the width */
    float tall; /* height over width */
    float face; /* on_face */
    struct person p;
};

static float window_at(const struct spot *s)
{
    float u = s->x * 0.94f + s->y * 0.34f, v = s->y * 0.94f - s->x * 0.34f; /* the frame's shadow falls aslant */
    float across = fabsf(fmodf(u + 0.06f, 0.42f) - 0.21f), down = fabsf(fmodf(v + 1.0f, 0.5f) - 0.25f);
    return (1.0f - effects_step(0.155f, 0.20f, across)) * (1.0f - effects_step(0.195f, 0.24f, down));
}

static void light_cell(enum recipe_light light, const struct spot *s, float *add, float *shade)
{
    float x = s->x, y = s->y, t;
    switch (light) {
    case RECIPE_LIGHT_LEFT:
    case RECIPE_LIGHT_RIGHT:
        t = light == RECIPE_LIGHT_LEFT ? x : 1.0f - x;
        add_colour(add, 0xfff1dc, 0.34f * (1.0f - effects_step(0.0f, 0.75f, t)));
        *shade = 1.0f - 0.5f * effects_step(0.45f, 1.0f, t);
        break;
    case RECIPE_LIGHT_TOP:
        add_colour(add, 0xfff8ec, 0.38f * (1.0f - effects_step(0.0f, 0.85f, y)));
        *shade = 1.0f - 0.45f * effects_step(0.75f, s->tall, y);
        break;
    case RECIPE_LIGHT_WINDOW:
        t = window_at(s);
        add_colour(add, 0xffe3b0, 0.22f * t);
        *shade = 1.0f - 0.36f * (1.0f - t) * (1.0f - 0.75f * s->face);
        break;
    case RECIPE_LIGHT_SPOT:
        t = hypotf(x - s->p.x, (y - s->p.y - 0.05f) * 0.9f);
        add_colour(add, 0xfff4e0, 0.14f * (1.0f - effects_step(0.0f, 0.4f, t)));
        *shade = 1.0f - 0.80f * effects_step(0.26f, 0.72f, t);
        break;
    case RECIPE_LIGHT_SUNSET:
        add_colour(add, 0xff7a3d, 0.46f * effects_step(0.35f, s->tall, y) * (1.0f - 0.6f * s->face));
        add_colour(add, 0xffc46b, 0.42f * (1.0f - effects_step(0.0f, 0.62f, hypotf(x - 0.96f, y - 0.42f))));
        break;
    case RECIPE_LIGHT_LEAK:
        t = 1.0f - effects_step(0.0f, 0.42f + 0.10f * sinf(y * 5.0f), x);
        add_colour(add, 0xff5a2a, 0.75f * t * (1.0f - 0.6f * s->face));
        t = 1.0f - effects_step(0.0f, 0.6f, hypotf(x - 1.05f, y - s->tall));
        add_colour(add, 0xffb347, 0.70f * t);
        add_colour(add, 0xd6286b, 0.30f * (1.0f - effects_step(0.0f, 0.3f, y)) * (1.0f - x));
        break;
    case RECIPE_LIGHT_PRISM:
        t = x * 0.82f + y * 0.57f - 0.50f;
        add_colour(add, 0xff3b5c, 0.50f * expf(-powf((t - 0.02f) / 0.07f, 2.0f)) * (1.0f - 0.55f * s->face));
        add_colour(add, 0xf5e663, 0.42f * expf(-powf((t - 0.12f) / 0.07f, 2.0f)) * (1.0f - 0.55f * s->face));
        add_colour(add, 0x3bd6c6, 0.48f * expf(-powf((t - 0.22f) / 0.07f, 2.0f)) * (1.0f - 0.55f * s->face));
        add_colour(add, 0x5b5bff, 0.55f * expf(-powf((t - 0.33f) / 0.08f, 2.0f)) * (1.0f - 0.55f * s->face));
        break;
    case RECIPE_LIGHT_NEON:
        add_colour(add, 0xff1f8f, 0.62f * (1.0f - effects_step(0.0f, 0.58f, x)));
        add_colour(add, 0x00b7ff, 0.60f * effects_step(0.44f, 1.0f, x));
        *shade = 0.74f;
        break;
    case RECIPE_LIGHT_RAYS:
        t = atan2f(y + 0.12f, x + 0.10f);
        t = 0.55f + 0.25f * sinf(t * 23.0f) + 0.20f * sinf(t * 41.0f + 1.0f);
        add_colour(add, 0xffe2a6, 0.62f * t * (1.0f - effects_step(0.1f, 1.35f, hypotf(x, y))));
        break;
    case RECIPE_LIGHT_LEAVES: *shade = 0.80f + 0.12f * s->face; break;
    case RECIPE_LIGHT_NONE:
    case RECIPE_LIGHT_BOKEH: /* drawn as discs */
    case RECIPE_LIGHT_SNOW:
    case RECIPE_LIGHT_COUNT: break;
    }
}

static float between(const float *at, int step, int row, float fu, float fv)
{
    float upper = at[0] + (at[step] - at[0]) * fu, lower = at[row] + (at[row + step] - at[row]) * fu;
    return upper + (lower - upper) * fv;
}

static void field_apply(struct canvas *canvas, const struct field *field)
{
    float scale_x = ((float)field->width - 1.01f) / (float)canvas->width;
    float scale_y = ((float)field->height - 1.01f) / (float)canvas->height;
    for (int y = 0; y < canvas->height; y++) {
        float v = (float)y * scale_y;
        int top = (int)v;
        uint8_t *pixel = canvas_at(canvas, 0, y);
        for (int x = 0; x < canvas->width; x++, pixel += 3) {
            float u = (float)x * scale_x;
            int cell = top * field->width + (int)u;
            float fu = u - floorf(u), fv = v - (float)top;
            float shade = between(field->shade + cell, 1, field->width, fu, fv);
            for (int c = 0; c < 3; c++) {
                float add = fminf(between(field->add + 3 * cell + c, 3, 3 * field->width, fu, fv), 255.0f);
                pixel[c] = canvas_byte(255.0f - (255.0f - (float)pixel[c] * shade) * (255.0f - add) / 255.0f);
            }
        }
    }
}

void light_apply(struct canvas *canvas, const struct recipe *recipe, struct person person, uint64_t seed)
{
    enum recipe_light light = (enum recipe_light)recipe->light;
    if (light == RECIPE_LIGHT_NONE) {
        return;
    }
    float scale = (float)canvas->width;
    struct person p = {person.x / scale, person.y / scale, person.width / scale, person.height / scale};
    struct field field = field_new(canvas);
    struct spot spot = {.tall = (float)canvas->height / scale, .p = p};
    for (int j = 0; j < field.height; j++) {
        for (int i = 0; i < field.width; i++) {
            int cell = j * field.width + i;
            spot.x = (float)i / (float)field.width;
            spot.y = (float)j / (float)field.width;
            spot.face = on_face(p, spot.x, spot.y);
            light_cell(light, &spot, field.add + 3 * cell, field.shade + cell);
        }
    }
    if (light == RECIPE_LIGHT_BOKEH) {
        add_bokeh(&field, p, seed);
    } else if (light == RECIPE_LIGHT_SNOW) {
        add_snow(&field, seed);
    } else if (light == RECIPE_LIGHT_LEAVES) {
        add_leaves(&field, seed);
    }
    field_apply(canvas, &field);
    free(field.add);
    free(field.shade);
}

void light_vignette(struct canvas *canvas, int amount)
{
    int towards = amount < 0 ? 255 : 0, strength = abs(amount);
    if (strength == 0) {
        return;
    }
    for (int y = 0; y < canvas->height; y++) {
        float v = 2.0f * (float)y / (float)canvas->height - 1.0f;
        uint8_t *pixel = canvas_at(canvas, 0, y);
        for (int x = 0; x < canvas->width; x++, pixel += 3) {
            float u = 2.0f * (float)x / (float)canvas->width - 1.0f, d = u * u + v * v * 0.9f;
            int mix = (int)(2.56f * (float)strength * effects_step(0.35f, 1.9f, d));
            for (int c = 0; c < 3; c++) {
                pixel[c] = (uint8_t)(pixel[c] + (towards - pixel[c]) * mix / 256);
            }
        }
    }
}
