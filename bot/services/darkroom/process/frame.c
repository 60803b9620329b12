/* The edge of the finished photo. Most frames are one thing: the picture, in a shape, perhaps turned a little, with a
 * soft shadow, on paper; the shape is a signed distance (below 0 inside), which gives clean edges at any angle. The
 * rest are cut together from pieces. Every frame gives exactly DARKROOM_PHOTO_WIDTH × DARKROOM_PHOTO_HEIGHT. */
#include "bot/services/darkroom/process/effects.h"

#include <math.h>
#include "bot/services/darkroom/darkroom.h"

enum { WIDTH = DARKROOM_PHOTO_WIDTH, HEIGHT = DARKROOM_PHOTO_HEIGHT };
enum shape { SHAPE_BOX, SHAPE_ARCH, SHAPE_OVAL };

struct mount {
    enum shape shape;
    int width, height; /* of the picture */
    int dy;            /* its middle below the page's */
    float radius;      /* of the corners */
    float turn;        /* degrees */
    int shadow;        /* 0 … 255 */
    int rim;           /* of white print border round the picture */
};

static struct mount mount_for(enum recipe_frame frame)
{
    switch (frame) {
    case RECIPE_FRAME_BORDER: return (struct mount){SHAPE_BOX, 1056, 1440, 0, 0, 0, 0, 0};
    case RECIPE_FRAME_MAT: return (struct mount){SHAPE_BOX, 828, 1104, -24, 0, 0, 60, 0};
    case RECIPE_FRAME_POLAROID: return (struct mount){SHAPE_BOX, 992, 1184, -96, 3, 0, 36, 0};
    case RECIPE_FRAME_ROUNDED: return (struct mount){SHAPE_BOX, 1044, 1428, 0, 72, 0, 0, 0};
    case RECIPE_FRAME_CIRCLE: return (struct mount){SHAPE_OVAL, 1040, 1040, -20, 0, 0, 70, 0};
    case RECIPE_FRAME_ARCH: return (struct mount){SHAPE_ARCH, 936, 1320, 24, 0, 0, 0, 0};
    case RECIPE_FRAME_OVAL: return (struct mount){SHAPE_OVAL, 960, 1300, 0, 0, 0, 60, 0};
    case RECIPE_FRAME_CARD: return (struct mount){SHAPE_BOX, 876, 1168, 0, 44, 0, 150, 0};
    case RECIPE_FRAME_PRINT: return (struct mount){SHAPE_BOX, 870, 1160, 0, 2, -4, 140, 34};
    case RECIPE_FRAME_NONE:
    case RECIPE_FRAME_THIN:
    case RECIPE_FRAME_STRIPS:
    case RECIPE_FRAME_SPLIT:
    case RECIPE_FRAME_CONTACT:
    case RECIPE_FRAME_COUNT: break;
    case RECIPE_FRAME_FILM: return (struct mount){SHAPE_BOX, 900, 1460, 0, 10, 0, 0, 0};
    }
    return (struct mount){SHAPE_BOX, WIDTH, HEIGHT, 0, 0, 0, 0, 0};
}

void frame_window(enum recipe_frame frame, int *ret_width, int *ret_height)
{
    struct mount mount = mount_for(frame);
    *ret_width = mount.width;
    *ret_height = mount.height;
}

/* How far (x, y), from the middle, is outside of the shape grown by `grow`. */
static float distance_to(const struct mount *m, float x, float y, float grow)
{
    float a = (float)m->width / 2.0f + grow, b = (float)m->height / 2.0f + grow;
    if (m->shape == SHAPE_OVAL) {
        float k = sqrtf(x * x / (a * a) + y * y / (b * b)),
              k2 = sqrtf(x * x / (a * a * a * a) + y * y / (b * b * b * b));
        return k2 > 0.0f ? k * (k - 1.0f) / k2 : -a;
    }
    if (m->shape == SHAPE_ARCH && y < a - b) { /* above where the round top begins */
        return hypotf(x, y - (a - b)) - a;
    }
    float r = m->radius + (m->radius > 0.0f ? grow : 0.0f);
    float u = fabsf(x) - a + r, v = fabsf(y) - b + r;
    return hypotf(fmaxf(u, 0.0f), fmaxf(v, 0.0f)) + fminf(fmaxf(u, v), 0.0f) - r;
}

static void mix(uint8_t *pixel, const uint8_t *over, float amount)
{
    for (int c = 0; c < 3; c++) {
        pixel[c] = canvas_byte((float)pixel[c] + ((float)over[c] - (float)pixel[c]) * amount);
    }
}

static float coverage(float distance)
{
    return fminf(fmaxf(0.5f - distance, 0.0f), 1.0f);
}

/* Lays the picture on the page. */
static void mount_picture(struct canvas *page, const struct canvas *picture, const struct mount *m)
{
    static const uint8_t black[3] = {0, 0, 0}, white[3] = {250, 249, 246};
    float turn = m->turn * 3.14159265f / 180.0f, cosine = cosf(turn), sine = sinf(turn);
    for (int j = 0; j < page->height; j++) {
        for (int i = 0; i < page->width; i++) {
            float u = (float)i + 0.5f - (float)page->width / 2.0f;
            float v = (float)j + 0.5f - (float)page->height / 2.0f - (float)m->dy;
            float x = u * cosine + v * sine, y = v * cosine - u * sine;
            float out = distance_to(m, x, y, (float)m->rim);
            uint8_t *pixel = canvas_at(page, i, j);
            if (m->shadow > 0 && out > -1.0f && out < 90.0f) {
                float under = distance_to(m, x - 6.0f, y - 18.0f, (float)m->rim);
                mix(pixel, black, (float)m->shadow / 255.0f * (1.0f - effects_step(-20.0f, 50.0f, under)));
            }
            if (m->rim > 0) {
                mix(pixel, white, coverage(out));
            }
            float inside = m->rim > 0 ? coverage(distance_to(m, x, y, 0.0f)) : coverage(out);
            if (inside > 0.0f) {
                int px = (int)floorf(x + (float)picture->width / 2.0f),
                    py = (int)floorf(y + (float)picture->height / 2.0f);
                px = px < 0 ? 0 : px >= picture->width ? picture->width - 1 : px;
                py = py < 0 ? 0 : py >= picture->height ? picture->height - 1 : py;
                mix(pixel, canvas_at(picture, px, py), inside);
            }
        }
    }
}

static struct canvas page_of(uint32_t colour)
{
    struct canvas page = canvas_new(WIDTH, HEIGHT);
    canvas_fill(&page, 0, 0, WIDTH, HEIGHT, colour);
    return page;
}

/* The picture's own colours, far out of focus. */
static struct canvas page_of_itself(const struct canvas *picture)
{
    struct canvas page = canvas_cut(picture, (float)picture->width / 2.0f, (float)picture->height / 2.0f,
                                    (float)picture->width, (float)picture->height, 0, WIDTH, HEIGHT);
    canvas_blur(&page, 56);
    for (size_t i = 0; i < (size_t)WIDTH * HEIGHT * 3; i++) {
        page.rgb[i] = (uint8_t)(page.rgb[i] * 5 / 6);
    }
    return page;
}

static void line_box(struct canvas *canvas, int inset, int thick, uint32_t colour)
{
    int w = canvas->width - 2 * inset, h = canvas->height - 2 * inset;
    canvas_fill(canvas, inset, inset, w, thick, colour);
    canvas_fill(canvas, inset, inset + h - thick, w, thick, colour);
    canvas_fill(canvas, inset, inset, thick, h, colour);
    canvas_fill(canvas, inset + w - thick, inset, thick, h, colour);
}

/* Perforation down both sides, as of a 35 mm strip. */
static void sprockets(struct canvas *page)
{
    struct mount hole = {SHAPE_BOX, 46, 64, 0, 12, 0, 0, 0};
    struct canvas light = canvas_new(46, 64);
    canvas_fill(&light, 0, 0, 46, 64, 0xf3efe6);
    for (int n = 0; n < 12; n++) {
        for (int side = 0; side < 2; side++) {
            int x = side == 0 ? 38 : WIDTH - 38 - 46, y = 32 + n * 128;
            for (int j = 0; j < 64; j++) {
                for (int i = 0; i < 46; i++) {
                    float d = distance_to(&hole, (float)i - 22.5f, (float)j - 31.5f, 0);
                    mix(canvas_at(page, x + i, y + j), canvas_at(&light, i, j), coverage(d));
                }
            }
        }
    }
    canvas_done(&light);
}

/* Three upright strips, the outer ones a little lower and higher. */
static struct canvas strips(const struct canvas *picture, uint32_t paper)
{
    struct canvas page = page_of(paper);
    const int gap = 26, strip = (WIDTH - 4 * gap) / 3, tall = HEIGHT - 2 * gap - 120;
    static const int drop[3] = {120, 60, 0};
    for (int n = 0; n < 3; n++) {
        int x = gap + n * (strip + gap), y = gap + drop[n];
        int middle_x = x + strip / 2, middle_y = y + tall / 2;
        struct canvas part = canvas_cut(picture, (float)middle_x, (float)middle_y, (float)strip, (float)tall, 0, strip,
                                        tall);
        canvas_paste(&page, &part, x, y);
        canvas_done(&part);
    }
    return page;
}

/* Left of a slanting line black and white, right of it colour. */
static void split(struct canvas *picture, uint32_t paper)
{
    for (int y = 0; y < picture->height; y++) {
        int edge = picture->width / 2 + (picture->height / 2 - y) / 6;
        for (int x = 0; x < picture->width; x++) {
            uint8_t *pixel = canvas_at(picture, x, y);
            if (x < edge - 4) {
                pixel[0] = pixel[1] = pixel[2] = (uint8_t)effects_luma(pixel);
            } else if (x <= edge + 4) {
                pixel[0] = (uint8_t)(paper >> 16);
                pixel[1] = (uint8_t)(paper >> 8);
                pixel[2] = (uint8_t)paper;
            }
        }
    }
}

/* Four small prints: as it is, mirrored and closer, without colour, closest. */
static struct canvas contact(const struct canvas *picture, uint32_t paper)
{
    struct canvas page = page_of(paper);
    const int gap = 36, w = (WIDTH - 3 * gap) / 2, h = (HEIGHT - 3 * gap) / 2;
    static const float part[4] = {1.0f, 0.74f, 0.86f, 0.62f};
    for (int n = 0; n < 4; n++) {
        struct canvas cell = canvas_cut(picture, (float)picture->width / 2.0f,
                                        (float)picture->height * (0.5f - 0.22f * (1.0f - part[n])),
                                        (float)picture->width * part[n], (float)picture->height * part[n], 0, w, h);
        if (n == 1) {
            canvas_mirror(&cell);
        }
        if (n == 1 || n == 2) {
            grade_duotone(&cell, n == 1 ? 0x1b1712 : 0x10131a, n == 1 ? 0xf6ead6 : 0xffffff);
        }
        canvas_paste(&page, &cell, gap + (n % 2) * (w + gap), gap + (n / 2) * (h + gap));
        canvas_done(&cell);
    }
    return page;
}

void frame_apply(struct canvas *canvas, const struct recipe *recipe, uint64_t seed)
{
    enum recipe_frame frame = (enum recipe_frame)recipe->frame;
    struct mount mount = mount_for(frame);
    struct canvas page = {0};
    switch (frame) {
    case RECIPE_FRAME_NONE:
    case RECIPE_FRAME_COUNT: return;
    case RECIPE_FRAME_THIN: line_box(canvas, 44, 5, recipe->paper); return;
    case RECIPE_FRAME_SPLIT: split(canvas, recipe->paper); return;
    case RECIPE_FRAME_STRIPS: page = strips(canvas, recipe->paper); break;
    case RECIPE_FRAME_CONTACT: page = contact(canvas, recipe->paper); break;
    case RECIPE_FRAME_CARD: page = page_of_itself(canvas); break;
    case RECIPE_FRAME_FILM:
        page = page_of(0x0c0b0a);
        sprockets(&page);
        break;
    case RECIPE_FRAME_PRINT: mount.turn = (seed & 1) != 0 ? 4.0f : -4.0f; /* fall through */
    case RECIPE_FRAME_BORDER:
    case RECIPE_FRAME_MAT:
    case RECIPE_FRAME_POLAROID:
    case RECIPE_FRAME_ROUNDED:
    case RECIPE_FRAME_CIRCLE:
    case RECIPE_FRAME_ARCH:
    case RECIPE_FRAME_OVAL: page = page_of(recipe->paper); break;
    }
    if (frame != RECIPE_FRAME_STRIPS && frame != RECIPE_FRAME_CONTACT) {
        mount_picture(&page, canvas, &mount);
    }
    canvas_done(canvas);
    *canvas = page;
}
