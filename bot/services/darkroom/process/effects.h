/* What a recipe does to the pixels, step by step; make.c calls them in order. All work in place. */
#ifndef BOT_SERVICES_DARKROOM_PROCESS_EFFECTS_H
#define BOT_SERVICES_DARKROOM_PROCESS_EFFECTS_H

#include <stdint.h>
#include "bot/services/darkroom/process/canvas.h"
#include "bot/services/darkroom/process/person.h"
#include "bot/services/darkroom/recipe.h"

/* grade.c: colour preset and numbers, glow, duotone. */
void grade_apply(struct canvas *canvas, const struct recipe *recipe);
/* Brightens or darkens so that the face is well readable in few inks, whatever the skin and the light were. */
void grade_level(struct canvas *canvas, struct person person);
void grade_duotone(struct canvas *canvas, uint32_t ink, uint32_t light_ink);

/* light.c: light laid over the picture; vignette. */
void light_apply(struct canvas *canvas, const struct recipe *recipe, struct person person, uint64_t seed);
void light_vignette(struct canvas *canvas, int amount);

/* back.c: what is behind the person. */
void back_apply(struct canvas *canvas, const struct recipe *recipe, struct person person);

/* art.c, print.c: the picture as something else than a photo. */
void art_apply(struct canvas *canvas, const struct recipe *recipe, uint64_t seed);
void print_apply(struct canvas *canvas, const struct recipe *recipe, uint64_t seed);

/* texture.c */
void texture_apply(struct canvas *canvas, enum recipe_texture texture, uint64_t seed);

/* frame.c: the size of the picture inside the frame, and the frame round it (replaces the canvas by the full one). */
void frame_window(enum recipe_frame frame, int *ret_width, int *ret_height);
void frame_apply(struct canvas *canvas, const struct recipe *recipe, uint64_t seed);

static inline int effects_luma(const uint8_t *rgb)
{
    return (77 * rgb[0] + 150 * rgb[1] + 29 * rgb[2]) >> 8;
}

/* 0 at low, 1 at high, smooth between. */
static inline float effects_step(float low, float high, float value)
{
    float t = (value - low) / (high - low);
    t = t < 0.0f ? 0.0f : t > 1.0f ? 1.0f : t;
    return t * t * (3.0f - 2.0f * t);
}

#endif
