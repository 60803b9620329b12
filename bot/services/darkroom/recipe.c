/* Reads a recipe by one table of keys: a key names a field, what kind of value it takes and its limits. Strict, because
 * a misspelt look would otherwise be sold as a plain photo. It knows words and numbers, nothing of pixels. */
#include "bot/services/darkroom/recipe.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define RECIPE_WORD(name, word) word,
static const char *const crop_words[] = {RECIPE_CROPS(RECIPE_WORD) NULL};
static const char *const grade_words[] = {RECIPE_GRADES(RECIPE_WORD) NULL};
static const char *const light_words[] = {RECIPE_LIGHTS(RECIPE_WORD) NULL};
static const char *const back_words[] = {RECIPE_BACKS(RECIPE_WORD) NULL};
static const char *const art_words[] = {RECIPE_ARTS(RECIPE_WORD) NULL};
static const char *const texture_words[] = {RECIPE_TEXTURES(RECIPE_WORD) NULL};
static const char *const frame_words[] = {RECIPE_FRAMES(RECIPE_WORD) NULL};

struct key {
    const char *name;
    const char *const *words; /* NULL: a number from low to high */
    size_t offset;
    int low, high;
};

#define WORDS(field, list)                                                                                             \
    {                                                                                                                  \
#field, list, offsetof(struct recipe, field), 0, 0                                                             \
    }
#define NUMBER(field, low, high)                                                                                       \
    {                                                                                                                  \
#field, NULL, offsetof(struct recipe, field), low, high                                                        \
    }
static const struct key keys[] = {
    WORDS(crop, crop_words),      WORDS(grade, grade_words),     WORDS(light, light_words), WORDS(bg, back_words),
    WORDS(art, art_words),        WORDS(texture, texture_words), WORDS(frame, frame_words), NUMBER(tilt, -12, 12),
    NUMBER(place, -40, 40),       NUMBER(mirror, 0, 1),          NUMBER(exposure, -50, 50), NUMBER(contrast, -50, 50),
    NUMBER(saturation, -100, 60), NUMBER(warmth, -50, 50),       NUMBER(fade, 0, 60),       NUMBER(vignette, -80, 80),
    NUMBER(glow, 0, 80),
};
enum { KEY_COUNT = sizeof keys / sizeof *keys, SEEN_BACK = KEY_COUNT, SEEN_PAPER, SEEN_DUOTONE };

/* A piece of the text, without the spaces round it. */
struct piece {
    const char *at;
    size_t len;
};

static struct piece trim(const char *from, const char *to)
{
    while (from < to && *from == ' ') {
        from++;
    }
    while (to > from && to[-1] == ' ') {
        to--;
    }
    return (struct piece){from, (size_t)(to - from)};
}

static bool is_word(struct piece piece, const char *word)
{
    return strlen(word) == piece.len && memcmp(piece.at, word, piece.len) == 0;
}

static bool read_number(struct piece piece, int low, int high, int *ret_number)
{
    bool minus = piece.len > 0 && piece.at[0] == '-';
    int number = 0;
    size_t first = minus ? 1 : 0;
    if (piece.len <= first || piece.len > first + 3) {
        return false;
    }
    for (size_t i = first; i < piece.len; i++) {
        if (piece.at[i] < '0' || piece.at[i] > '9') {
            return false;
        }
        number = number * 10 + (piece.at[i] - '0');
    }
    number = minus ? -number : number;
    if (number < low || number > high) {
        return false;
    }
    *ret_number = number;
    return true;
}

/* #rrggbb */
static bool read_colour(struct piece piece, uint32_t *ret_colour)
{
    static const char digits[] = "0123456789abcdef";
    uint32_t colour = 0;
    if (piece.len != 7 || piece.at[0] != '#') {
        return false;
    }
    for (size_t i = 1; i < 7; i++) {
        const char *digit = piece.at[i] == '\0' ? NULL : strchr(digits, piece.at[i]);
        if (digit == NULL) {
            return false;
        }
        colour = colour << 4 | (uint32_t)(digit - digits);
    }
    *ret_colour = colour;
    return true;
}

static bool read_key(struct piece value, const struct key *key, struct recipe *recipe)
{
    int number = -1;
    if (key->words == NULL) {
        if (!read_number(value, key->low, key->high, &number)) {
            return false;
        }
    } else {
        for (int i = 0; key->words[i] != NULL; i++) {
            if (is_word(value, key->words[i])) {
                number = i;
            }
        }
        if (number < 0) {
            return false;
        }
    }
    memcpy((char *)recipe + key->offset, &number, sizeof number);
    return true;
}

static bool read_pair(struct piece name, struct piece value, struct recipe *recipe, uint32_t *seen)
{
    unsigned bit = 32;
    bool read = false;
    for (unsigned i = 0; i < KEY_COUNT; i++) {
        if (is_word(name, keys[i].name)) {
            bit = i;
            read = read_key(value, &keys[i], recipe);
        }
    }
    if (is_word(name, "back")) {
        bit = SEEN_BACK;
        read = read_colour(value, &recipe->back);
    } else if (is_word(name, "paper")) {
        bit = SEEN_PAPER;
        read = read_colour(value, &recipe->paper);
    } else if (is_word(name, "duotone") && value.len == 15 && value.at[7] == ':') {
        bit = SEEN_DUOTONE;
        recipe->has_duotone = 1;
        read = read_colour((struct piece){value.at, 7}, &recipe->ink) &&
               read_colour((struct piece){value.at + 8, 7}, &recipe->light_ink);
    }
    if (!read || bit >= 32 || (*seen & 1u << bit) != 0) {
        return false;
    }
    *seen |= 1u << bit;
    return true;
}

enum err recipe_parse(const char *text, struct recipe *ret_recipe)
{
    struct recipe recipe = {.back = 0xc9ccd1, .paper = 0xffffff};
    uint32_t seen = 0;
    for (const char *at = text; *at != '\0';) {
        const char *end = strchr(at, ';');
        const char *next = end == NULL ? at + strlen(at) : end + 1;
        end = end == NULL ? next : end;
        struct piece pair = trim(at, end);
        const char *equals = pair.len == 0 ? NULL : memchr(pair.at, '=', pair.len);
        if (equals == NULL && pair.len > 0) {
            return ERR_INVALID;
        }
        if (equals != NULL && !read_pair(trim(pair.at, equals), trim(equals + 1, pair.at + pair.len), &recipe, &seen)) {
            return ERR_INVALID;
        }
        at = next;
    }
    *ret_recipe = recipe;
    return ERR_OK;
}
