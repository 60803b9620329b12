/* One finished photo: decode the reference, cut it round the person, then the recipe's steps in a fixed order, as in a
 * real darkroom: background, colour, light, art, duotone, vignette, texture, frame.
 * The cut is careful by rule: whatever the recipe asks for, the whole head with room above it stays in. */
#include "bot/services/darkroom/process/make.h"

#include <glib.h>
#include <math.h>
#include <stdbool.h>
#include "bot/services/darkroom/darkroom.h"
#include "bot/services/darkroom/process/canvas.h"
#include "bot/services/darkroom/process/decode.h"
#include "bot/services/darkroom/process/effects.h"
#include "bot/services/darkroom/process/person.h"
#include "bot/services/darkroom/recipe.h"

/* In the reference's pixels. */
struct cut {
    float x, y, width, height; /* middle and size */
};

static float within(float value, float low, float high)
{
    return value < low ? low : value > high ? high : value;
}

/* How much of the largest crop each kind takes. */
static float share_of(enum recipe_crop crop)
{
    switch (crop) {
    case RECIPE_CROP_PORTRAIT:
    case RECIPE_CROP_WIDE: return 1.0f;
    case RECIPE_CROP_HALF: return 0.84f;
    case RECIPE_CROP_CLOSE: return 0.62f;
    case RECIPE_CROP_COUNT: break;
    }
    return 1.0f;
}

static struct cut choose_cut(const struct canvas *photo, const struct recipe *recipe, struct person p, float aspect)
{
    float full_w = (float)photo->width, full_h = (float)photo->height;
    float max_w = fminf(full_w, full_h * aspect), turn = fabsf((float)recipe->tilt) * 3.14159265f / 180.0f;
    if (turn > 0.0f) /* the corners of the turned cut must stay on the photo */
        max_w = fminf(full_w / (cosf(turn) + sinf(turn) / aspect), full_h / (cosf(turn) / aspect + sinf(turn)));
    float width = max_w * share_of((enum recipe_crop)recipe->crop);
    width = fminf(max_w, fmaxf(width, fmaxf(p.width * 1.75f, p.height * 1.62f * aspect)));
    float height = width / aspect;
    float bound_w = width * cosf(turn) + height * sinf(turn), bound_h = height * cosf(turn) + width * sinf(turn);
    float head_top = p.y - p.height * 0.58f;
    struct cut cut = {p.x, head_top - 0.09f * height + height / 2.0f, width, height};
    if (height > p.height * 2.4f) /* room enough: the face a little above the middle */
        cut.y = fminf(cut.y, p.y + 0.10f * height);
    cut.x -= (float)recipe->place / 100.0f * fmaxf(0.0f, width - p.width * 1.5f);
    cut.x = within(cut.x, bound_w / 2.0f, full_w - bound_w / 2.0f);
    cut.y = within(cut.y, bound_h / 2.0f, full_h - bound_h / 2.0f);
    return cut;
}

/* The whole photo on its own blurred copy: nothing of it is cut off. */
static struct canvas cut_wide(const struct canvas *photo, int width, int height)
{
    float w = (float)photo->width, h = (float)photo->height, zoom = fmaxf((float)width / w, (float)height / h);
    struct canvas back = canvas_cut(photo, w / 2.0f, h / 2.0f, (float)width / zoom, (float)height / zoom, 0, width,
                                    height);
    canvas_blur(&back, 48);
    float fit = fminf((float)width / w, (float)height / h) * 0.86f;
    struct canvas whole = canvas_cut(photo, w / 2.0f, h / 2.0f, w, h, 0, (int)(w * fit), (int)(h * fit));
    canvas_paste(&back, &whole, (width - whole.width) / 2, (height - whole.height) / 2);
    canvas_done(&whole);
    return back;
}

static struct canvas cut_photo(const struct canvas *photo, const struct recipe *recipe, int width, int height,
                               struct person *person)
{
    if (recipe->crop == RECIPE_CROP_WIDE) {
        float fit = fminf((float)width / (float)photo->width, (float)height / (float)photo->height) * 0.86f;
        person->x = (person->x - (float)photo->width / 2.0f) * fit + (float)width / 2.0f;
        person->y = (person->y - (float)photo->height / 2.0f) * fit + (float)height / 2.0f;
        person->width *= fit;
        person->height *= fit;
        return cut_wide(photo, width, height);
    }
    struct cut cut = choose_cut(photo, recipe, *person, (float)width / (float)height);
    float zoom = (float)width / cut.width, turn = (float)recipe->tilt * 3.14159265f / 180.0f;
    float u = person->x - cut.x, v = person->y - cut.y;
    person->x = (u * cosf(turn) + v * sinf(turn)) * zoom + (float)width / 2.0f;
    person->y = (v * cosf(turn) - u * sinf(turn)) * zoom + (float)height / 2.0f;
    person->width *= zoom;
    person->height *= zoom;
    return canvas_cut(photo, cut.x, cut.y, cut.width, cut.height, (float)recipe->tilt, width, height);
}

/* Few inks need an even start: a dark face would be all ink, a bright one all paper. */
static bool is_inky(const struct recipe *recipe)
{
    switch ((enum recipe_art)recipe->art) {
    case RECIPE_ART_HALFTONE:
    case RECIPE_ART_LINES:
    case RECIPE_ART_POPART:
    case RECIPE_ART_RISO:
    case RECIPE_ART_CROSSHATCH:
    case RECIPE_ART_COMIC:
    case RECIPE_ART_POSTER:
    case RECIPE_ART_STAINED:
    case RECIPE_ART_WATERCOLOUR:
    case RECIPE_ART_NEON: return true;
    case RECIPE_ART_NONE: return recipe->has_duotone != 0;
    case RECIPE_ART_OIL:
    case RECIPE_ART_SKETCH:
    case RECIPE_ART_PIXEL:
    case RECIPE_ART_GLITCH:
    case RECIPE_ART_DOUBLE:
    case RECIPE_ART_TRIANGLES:
    case RECIPE_ART_COUNT: break;
    }
    return false;
}

static void develop(struct canvas *canvas, const struct recipe *recipe, struct person person, uint64_t seed)
{
    back_apply(canvas, recipe, person);
    if (is_inky(recipe))
        grade_level(canvas, person);
    grade_apply(canvas, recipe);
    light_apply(canvas, recipe, person, seed);
    art_apply(canvas, recipe, seed);
    if (recipe->has_duotone && recipe->art == RECIPE_ART_NONE) /* art uses the inks itself */
        grade_duotone(canvas, recipe->ink, recipe->light_ink);
    light_vignette(canvas, recipe->vignette);
    texture_apply(canvas, (enum recipe_texture)recipe->texture, seed);
    frame_apply(canvas, recipe, seed);
}

enum err make_photo(const uint8_t *reference, size_t len, const char *recipe_text, uint64_t seed, uint8_t **ret_jpeg,
                    size_t *ret_len)
{
    struct recipe recipe;
    struct canvas photo = {0};
    int width = 0, height = 0;
    if (recipe_parse(recipe_text, &recipe) != ERR_OK ||
        decode_image(reference, len, DARKROOM_REFERENCE_SIDE_MAX, &photo, &width, &height) != PHOTO_GOOD)
        return ERR_INVALID;
    struct person person = person_find(&photo);
    frame_window((enum recipe_frame)recipe.frame, &width, &height);
    struct canvas canvas = cut_photo(&photo, &recipe, width, height, &person);
    canvas_done(&photo);
    if (recipe.mirror != 0) {
        canvas_mirror(&canvas);
        person.x = (float)canvas.width - person.x;
    }
    develop(&canvas, &recipe, person, seed);
    enum err err = canvas_to_jpeg(&canvas, MAKE_QUALITY, ret_jpeg, ret_len);
    canvas_done(&canvas);
    return err;
}
