/* From a key to the words a user reads: placeholders, plurals, escaping, money. Every string that is not from the
 * catalogue is escaped here, which is why nobody else may build Telegram HTML. The entries were proved right by
 * text_check (core/text_check.c) when they were read, so a fault met here is a bug and aborts. No locale, no clock:
 * the same words on every machine. */
#include "core/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/bug.h"

#define NBSP "\xC2\xA0"
#define ROUBLE "\xE2\x82\xBD"
#define STAR "\xe2\xad\x90"

enum { KOPECKS_PER_ROUBLE = 100, DIGITS_MAX = 20 };

/* A string that grows by doubling in the arena. */
struct builder {
    struct arena *arena;
    char *bytes;
    size_t length;
    size_t capacity;
};

static void put_n(struct builder *out, const char *bytes, size_t length)
{
    if (out->capacity - out->length <= length) {
        size_t capacity = (out->length + length + 1) * 2;
        char *grown = arena_alloc(out->arena, capacity);
        if (out->length > 0)
            memcpy(grown, out->bytes, out->length);
        out->bytes = grown;
        out->capacity = capacity;
    }
    memcpy(out->bytes + out->length, bytes, length);
    out->length += length;
    out->bytes[out->length] = '\0';
}

static void put(struct builder *out, const char *text)
{
    put_n(out, text, strlen(text));
}

static void put_escaped(struct builder *out, const char *text)
{
    for (;;) {
        size_t plain = strcspn(text, "&<>\"");
        put_n(out, text, plain);
        text += plain;
        switch (*text) {
        case '\0': return;
        case '&': put(out, "&amp;"); break;
        case '<': put(out, "&lt;"); break;
        case '>': put(out, "&gt;"); break;
        default: put(out, "&quot;"); break;
        }
        text++;
    }
}

const char *lang_code(enum lang lang)
{
    switch (lang) {
    case LANG_RU: return "ru";
    case LANG_EN: return "en";
    case LANG_COUNT: break;
    }
    bug("a language that there is not");
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

enum lang lang_from_tag(const char *tag)
{
    static const char *const russian[] = {"ru", "be", "uk", "kk"};
    if (tag == NULL)
        return LANG_RU;
    for (size_t i = 0; i < sizeof russian / sizeof russian[0]; i++) {
        if (lower(tag[0]) == russian[i][0] && lower(tag[1]) == russian[i][1] &&
            (tag[2] == '\0' || tag[2] == '-' || tag[2] == '_'))
            return LANG_RU;
    }
    return LANG_EN;
}

static const struct {
    const char *name;
    const char *params;
} keys[TEXT_COUNT] = {
#define TEXT(key, stored, params) [TEXT_##key] = {stored, params},
#include "core/texts.def"
#undef TEXT
};

const char *text_key_name(enum text_key key)
{
    if (key < 0 || key >= TEXT_COUNT)
        bug("a text key that there is not");
    return keys[key].name;
}

const char *text_key_params(enum text_key key)
{
    if (key < 0 || key >= TEXT_COUNT)
        bug("a text key that there is not");
    return keys[key].params;
}

/* Which of the forms fits: English one|other, Russian one|few|many (1 фото, 2 альбома, 5 альбомов, 11 альбомов). */
static size_t plural_form(enum lang lang, int64_t number)
{
    uint64_t n = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    if (lang == LANG_EN)
        return n == 1 ? 0 : 1;
    uint64_t last = n % 10, last_two = n % 100;
    if (last == 1 && last_two != 11)
        return 0;
    if (last >= 2 && last <= 4 && (last_two < 12 || last_two > 14))
        return 1;
    return 2;
}

static const struct text_arg *find_arg(const struct text_arg *args, size_t count, const char *name, size_t length)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(args[i].name) == length && memcmp(args[i].name, name, length) == 0)
            return &args[i];
    }
    bug("a text without one of its parameters");
}

static void put_value(struct builder *out, const struct text_arg *arg)
{
    switch (arg->kind) {
    case TEXT_ARG_NUMBER: put(out, arena_format(out->arena, "%" PRId64, arg->number)); break;
    case TEXT_ARG_STRING: put_escaped(out, arg->string); break;
    case TEXT_ARG_HTML: put(out, arg->string); break;
    }
}

/* separator: '|' before the forms of a number, '?' before those of a list. */
static size_t form_of(enum lang lang, const struct text_arg *arg, char separator)
{
    if (arg->kind != TEXT_ARG_NUMBER)
        return SIZE_MAX;
    return separator == '?' ? arg->number != 1 : plural_form(lang, arg->number);
}

/* forms points behind the first separator and ends at end. A plural of something that is no number takes the last form:
 * which parameter is a number is not in texts.def, so the one who edits words must not be able to stop the daemon. */
static void put_form(struct builder *out, size_t wanted, const char *forms, const char *end)
{
    for (size_t form = 0;; form++) {
        const char *bar = memchr(forms, '|', (size_t)(end - forms));
        if (form == wanted || bar == NULL) {
            put_n(out, forms, (size_t)((bar == NULL ? end : bar) - forms));
            return;
        }
        forms = bar + 1;
    }
}

const char *text_format(struct arena *arena, const struct text_catalogue *texts, enum lang lang, enum text_key key,
                        const struct text_arg *args, size_t arg_count)
{
    if (lang < 0 || lang >= LANG_COUNT || key < 0 || key >= TEXT_COUNT || texts->words[lang][key] == NULL)
        bug("a text or a language that there is not");
    const char *words = texts->words[lang][key];
    struct builder out = {.arena = arena};
    for (;;) {
        size_t plain = strcspn(words, "{");
        put_n(&out, words, plain);
        words += plain;
        if (*words == '\0')
            return out.bytes;
        words++;
        const char *end = strchr(words, '}');
        if (end == NULL)
            bug("a text with an open brace that is not closed");
        size_t name_length = strcspn(words, "|?}");
        const struct text_arg *arg = find_arg(args, arg_count, words, name_length);
        if (words[name_length] == '}')
            put_value(&out, arg);
        else
            put_form(&out, form_of(lang, arg, words[name_length]), words + name_length + 1, end);
        words = end + 1;
    }
}

const char *text_escape(struct arena *arena, const char *text)
{
    struct builder out = {.arena = arena};
    put_escaped(&out, text);
    return out.bytes;
}

/* What an entity ("&lt;") stands for, and its length; 0 when it is not one of those the catalogue may hold. */
static size_t entity_length(const char *at, char *ret_char)
{
    static const struct {
        const char *entity;
        char character;
    } entities[] = {{"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}};
    for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++) {
        size_t length = strlen(entities[i].entity);
        if (strncmp(at, entities[i].entity, length) == 0) {
            *ret_char = entities[i].character;
            return length;
        }
    }
    return 0;
}

const char *text_plain(struct arena *arena, const char *html)
{
    struct builder out = {.arena = arena};
    put(&out, "");
    while (*html != '\0') {
        size_t plain = strcspn(html, "&<");
        put_n(&out, html, plain);
        html += plain;
        char character = '&';
        size_t length = *html == '&' ? entity_length(html, &character) : 0;
        if (*html == '<') {
            html += strcspn(html, ">");
            html += *html == '>';
        } else if (*html == '&') {
            put_n(&out, &character, 1);
            html += length == 0 ? 1 : length;
        }
    }
    return out.bytes;
}

/* "12 345", "12,345". */
static void put_grouped(struct builder *out, enum lang lang, uint64_t number)
{
    char digits[DIGITS_MAX];
    size_t count = 0;
    for (uint64_t rest = number; rest > 0 || count == 0; rest /= 10)
        digits[count++] = (char)('0' + rest % 10);
    while (count > 0) {
        put_n(out, &digits[--count], 1);
        if (count > 0 && count % 3 == 0)
            put(out, lang == LANG_RU ? NBSP : ",");
    }
}

const char *text_money(struct arena *arena, enum lang lang, int64_t kopecks)
{
    uint64_t amount = kopecks < 0 ? 0 - (uint64_t)kopecks : (uint64_t)kopecks;
    uint64_t cents = amount % KOPECKS_PER_ROUBLE;
    struct builder out = {.arena = arena};
    put(&out, kopecks < 0 ? "-" : "");
    put_grouped(&out, lang, amount / KOPECKS_PER_ROUBLE);
    if (cents != 0)
        put(&out, arena_format(arena, "%c%02u", lang == LANG_RU ? ',' : '.', (unsigned)cents));
    put(&out, NBSP ROUBLE);
    return out.bytes;
}

const char *text_stars(struct arena *arena, enum lang lang, int64_t stars)
{
    struct builder out = {.arena = arena};
    put(&out, STAR NBSP);
    put_grouped(&out, lang, (uint64_t)stars);
    return out.bytes;
}
