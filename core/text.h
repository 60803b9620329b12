/* The text catalogue: every word a user reads. Keys are this file's list (core/texts.def), words are data
 * (config/texts/<lang>.cfg). A text is Telegram HTML with placeholders:
 *
 *   {name}                       the argument, HTML-escaped unless it was made by this catalogue
 *   {n|photo|photos}             plural by the argument n: English one|other, Russian one|few|many
 *                                (the number itself is written separately: "{n} {n|фото|фото|фото}")
 *   {n?it|them}                  exactly one, or not: for a list of n things, where Russian, too, knows only these two
 *                                ("Фото 3: файл …", "Фото 1, 2 … 21: файлы …")
 *
 * text_format is the only way from a key to a user, so no user-made string reaches Telegram unescaped. */
#ifndef CORE_TEXT_H
#define CORE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/arena.h"

enum lang { LANG_RU, LANG_EN, LANG_COUNT };

enum text_key {
#define TEXT(key, stored, params) TEXT_##key,
#include "core/texts.def"
#undef TEXT
    TEXT_COUNT
};

enum {
    TEXT_MAX_BYTES = 4000,        /* of one catalogue entry */
    TEXT_ARGS_MAX = 8,            /* arguments of one text */
    TEXT_MESSAGE_MAX_UNITS = 4096 /* Telegram's limit of a message, in UTF-16 units after parsing */
};

/* Words for every key in every language; filled by config, const afterwards. */
struct text_catalogue {
    const char *words[LANG_COUNT][TEXT_COUNT];
};

enum text_arg_kind { TEXT_ARG_NUMBER, TEXT_ARG_STRING, TEXT_ARG_HTML };
struct text_arg {
    const char *name;
    enum text_arg_kind kind;
    int64_t number;
    const char *string; /* TEXT_ARG_STRING is escaped; TEXT_ARG_HTML came out of text_format itself */
};
#define ARG_N(arg_name, value) ((struct text_arg){(arg_name), TEXT_ARG_NUMBER, (value), NULL})
#define ARG_S(arg_name, value) ((struct text_arg){(arg_name), TEXT_ARG_STRING, 0, (value)})
#define ARG_HTML(arg_name, value) ((struct text_arg){(arg_name), TEXT_ARG_HTML, 0, (value)})
#define ARGS(...)                                                                                                      \
    ((struct text_arg[]){__VA_ARGS__}), (sizeof((struct text_arg[]){__VA_ARGS__}) / sizeof(struct text_arg))
#define NO_ARGS NULL, 0

/* "ru", "en". */
const char *lang_code(enum lang lang);
/* From an IETF tag ("ru", "en-US", "uk"): Russian for ru, be, uk, kk and for NULL; else English. */
enum lang lang_from_tag(const char *tag);
/* The stored name of a key in the catalogue files, and the names of its parameters separated by spaces. */
const char *text_key_name(enum text_key key);
const char *text_key_params(enum text_key key);

/* The words with the arguments put in, in the arena. A missing argument or key aborts: text_check found none. */
const char *text_format(struct arena *arena, const struct text_catalogue *texts, enum lang lang, enum text_key key,
                        const struct text_arg *args, size_t arg_count);

/* Is one entry right: known placeholders only, plural with the language's number of forms, balanced allowed HTML tags?
 * ERR_INVALID with a reason (static or in the arena) in *ret_why. */
enum err text_check(struct arena *arena, enum lang lang, enum text_key key, const char *words,
                    const char **ret_why) MUST_CHECK;

/* Valid UTF-8 without control characters other than line breaks. */
bool text_is_clean(const char *text);
/* & < > " escaped for Telegram HTML. */
const char *text_escape(struct arena *arena, const char *text);
/* The reverse, for the places that are not HTML (button labels, command descriptions, answers to a press): tags are
 * dropped, entities become their characters. */
const char *text_plain(struct arena *arena, const char *html);
/* "500 ₽", "499.50 ₽", "5,000 ₽" from kopecks (Russian writes "499,50 ₽", "5 000 ₽"); the spaces do not
 * break. Negative amounts carry the minus sign. */
const char *text_money(struct arena *arena, enum lang lang, int64_t kopecks);
/* "⭐ 1 250" of Telegram's stars, which have no parts. */
const char *text_stars(struct arena *arena, enum lang lang, int64_t stars);

#endif
