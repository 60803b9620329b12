/* The pieces a portrait is put together from; private to portrait*.c. Everything is drawn in a 1000×1250 sheet. */
#ifndef TESTS_SANDBOX_PORTRAIT_DRAW_H
#define TESTS_SANDBOX_PORTRAIT_DRAW_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { SHEET_WIDTH = 1000, SHEET_HEIGHT = 1250 };

enum hair { HAIR_LONG, HAIR_CROP, HAIR_BOB, HAIR_CURLS, HAIR_BUN, HAIR_WAVES, HAIR_PART, HAIR_COUNT };
enum scene {
    SCENE_STUDIO,
    SCENE_WINDOW,
    SCENE_PARK,
    SCENE_CITY,
    SCENE_BEACH,
    SCENE_BOOKS,
    SCENE_BRICKS,
    SCENE_COLOURS,
    SCENE_AUTUMN,
    SCENE_MOUNTAINS,
    SCENE_CAFE,
    SCENE_SNOW,
    SCENE_COUNT
};
enum outfit { OUTFIT_BLAZER, OUTFIT_TEE, OUTFIT_SHIRT, OUTFIT_SWEATER, OUTFIT_DRESS, OUTFIT_COUNT };

struct person {
    const char *skin, *skin_dark, *skin_light; /* #rrggbb */
    const char *hair, *hair_dark, *hair_light;
    const char *iris, *lips;
    enum hair style;
    double jaw;  /* half width of the jaw: 92 slender, 118 square */
    double brow; /* thickness of the eyebrows */
    bool lashes, beard, freckles, glasses;
    const char *cloth[2]; /* two favourite colours */
};

struct pose {
    enum scene scene;
    enum outfit outfit;
    double zoom;  /* 1: head and shoulders */
    double x, y;  /* where the middle of the face is */
    double tilt;  /* degrees */
    double turn;  /* -1 looks left of the picture, 0 at us, 1 right */
    double smile; /* 0 serious, 1 laughing; over 0.6 shows teeth */
    double light; /* -1 from the left, 1 from the right */
};

struct sheet {
    FILE *out;
    uint64_t random; /* xorshift state, never 0 */
    const struct person *who;
    const struct pose *how;
    int round; /* how often the poses began again: shifts colours */
};

/* A number in [low, high), from the sheet's own sequence. */
double draw_between(struct sheet *sheet, double low, double high);

/* A patch that fades out at its edge, in a paint of figure_draw: "dark" or "blush" (the person's), "white". A gradient,
 * because a blur filter costs a hundred times more. */
void draw_soft(struct sheet *sheet, const char *paint, double x, double y, double wide, double high, double opacity);

void scene_draw(struct sheet *sheet);
/* Body, head, face and hair, in this order from back to front. */
void figure_draw(struct sheet *sheet);
void figure_draw_hair_back(struct sheet *sheet);
void figure_draw_hair_front(struct sheet *sheet);
void figure_draw_face(struct sheet *sheet);

#endif
