/* The recipe: how the darkroom turns a reference photo into one photo of a set, in one line of text.
 *
 *   "crop=half; grade=warm; light=window; vignette=30; frame=polaroid; paper=#f4efe6"
 *
 * Pairs key=value parted by ';', spaces don't matter, each key at most once, the empty text is the plain 3:4 crop. Kept
 * beside the process and not in it, so that the daemon too can check the style files when it reads them. */
#ifndef BOT_SERVICES_DARKROOM_RECIPE_H
#define BOT_SERVICES_DARKROOM_RECIPE_H

#include <stdint.h>
#include "core/err.h"

/* clang-format off */
/* Each list: the enum's constants and the words of the mini-language. */

/* How much of the picture: the largest 3:4, less, the face; wide keeps the whole picture on its own blurred copy. */
#define RECIPE_CROPS(X)                                                                                               \
    X(PORTRAIT, "portrait") X(HALF, "half") X(CLOSE, "close") X(WIDE, "wide")
/* Colour: a preset that exposure, contrast, saturation, warmth and fade then add to. */
#define RECIPE_GRADES(X)                                                                                              \
    X(NATURAL, "natural") X(CLEAN, "clean") X(WARM, "warm") X(GOLDEN, "golden") X(COOL, "cool") X(TEAL, "teal")       \
    X(FILM, "film") X(MATTE, "matte") X(PASTEL, "pastel") X(VIVID, "vivid") X(CHROME, "chrome")                       \
    X(CROSS, "cross") X(NIGHT, "night") X(ROSE, "rose") X(MOSS, "moss") X(NOIR, "noir") X(SILVER, "silver")           \
    X(SEPIA, "sepia") X(LATTE, "latte") X(BLEACH, "bleach")
/* Light laid over the picture. */
#define RECIPE_LIGHTS(X)                                                                                              \
    X(NONE, "none") X(LEFT, "left") X(RIGHT, "right") X(TOP, "top") X(WINDOW, "window") X(SPOT, "spot")               \
    X(SUNSET, "sunset") X(LEAK, "leak") X(PRISM, "prism") X(BOKEH, "bokeh") X(NEON, "neon") X(RAYS, "rays")           \
    X(SNOW, "snow") X(LEAVES, "leaves")
/* What happens behind the person; studio and colour use `back`. */
#define RECIPE_BACKS(X)                                                                                               \
    X(NONE, "none") X(BLURRED, "blurred") X(DIM, "dim") X(GREY, "grey") X(STUDIO, "studio") X(COLOUR, "colour")
#define RECIPE_ARTS(X)                                                                                                \
    X(NONE, "none") X(OIL, "oil") X(WATERCOLOUR, "watercolour") X(SKETCH, "sketch") X(POSTER, "poster")               \
    X(COMIC, "comic") X(PIXEL, "pixel") X(HALFTONE, "halftone") X(LINES, "lines") X(POPART, "popart")                 \
    X(GLITCH, "glitch") X(DOUBLE, "double") X(NEON, "neon") X(STAINED, "stained") X(RISO, "riso")                     \
    X(CROSSHATCH, "crosshatch") X(TRIANGLES, "triangles")
#define RECIPE_TEXTURES(X)                                                                                            \
    X(NONE, "none") X(GRAIN, "grain") X(COARSE, "coarse") X(PAPER, "paper") X(CANVAS, "canvas") X(DUST, "dust")
/* The edge of the finished photo; `paper` is the colour round the picture. */
#define RECIPE_FRAMES(X)                                                                                              \
    X(NONE, "none") X(BORDER, "border") X(THIN, "thin") X(MAT, "mat") X(POLAROID, "polaroid") X(FILM, "film")         \
    X(ROUNDED, "rounded") X(CIRCLE, "circle") X(ARCH, "arch") X(OVAL, "oval") X(CARD, "card") X(PRINT, "print")       \
    X(STRIPS, "strips") X(SPLIT, "split") X(CONTACT, "contact")
/* clang-format on */

#define RECIPE_ENUM_CROP(name, word) RECIPE_CROP_##name,
#define RECIPE_ENUM_GRADE(name, word) RECIPE_GRADE_##name,
#define RECIPE_ENUM_LIGHT(name, word) RECIPE_LIGHT_##name,
#define RECIPE_ENUM_BACK(name, word) RECIPE_BACK_##name,
#define RECIPE_ENUM_ART(name, word) RECIPE_ART_##name,
#define RECIPE_ENUM_TEXTURE(name, word) RECIPE_TEXTURE_##name,
#define RECIPE_ENUM_FRAME(name, word) RECIPE_FRAME_##name,
enum recipe_crop { RECIPE_CROPS(RECIPE_ENUM_CROP) RECIPE_CROP_COUNT };
enum recipe_grade { RECIPE_GRADES(RECIPE_ENUM_GRADE) RECIPE_GRADE_COUNT };
enum recipe_light { RECIPE_LIGHTS(RECIPE_ENUM_LIGHT) RECIPE_LIGHT_COUNT };
enum recipe_back { RECIPE_BACKS(RECIPE_ENUM_BACK) RECIPE_BACK_COUNT };
enum recipe_art { RECIPE_ARTS(RECIPE_ENUM_ART) RECIPE_ART_COUNT };
enum recipe_texture { RECIPE_TEXTURES(RECIPE_ENUM_TEXTURE) RECIPE_TEXTURE_COUNT };
enum recipe_frame { RECIPE_FRAMES(RECIPE_ENUM_FRAME) RECIPE_FRAME_COUNT };

/* Numbers are 0 = unchanged. */
struct recipe {
    int crop, grade, light, bg, art, texture, frame; /* of the enums above */
    int tilt;                                        /* -12 … 12 degrees */
    int place;      /* -40 … 40: the person left or right of the middle, in percent of the room there is */
    int mirror;     /* 0, 1 */
    int exposure;   /* -50 … 50 */
    int contrast;   /* -50 … 50 */
    int saturation; /* -100 … 60 */
    int warmth;     /* -50 … 50 */
    int fade;       /* 0 … 60: lifted blacks */
    int vignette;   /* -80 … 80; below 0: towards white */
    int glow;       /* 0 … 80 */
    int has_duotone;
    uint32_t ink, light_ink; /* duotone=#shadows:#lights, 0xRRGGBB */
    uint32_t back;           /* back=#rrggbb; default a soft grey */
    uint32_t paper;          /* paper=#rrggbb; default white */
};

/* ERR_INVALID: an unknown key or word, a number outside its limits, a key twice, a missing value. */
MUST_CHECK enum err recipe_parse(const char *text, struct recipe *ret_recipe);

#endif
