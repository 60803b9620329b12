/* Readers of typed answers. They accept what people really type (spaces, brackets, an 8 for +7) and give back one
 * canonical form, or NULL, never a half-mended guess. No locale: UTF-8 is looked at by its bytes. */
#include "core/input.h"
#include "core/utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
    EMAIL_MAX_BYTES = 254,
    PHONE_MIN_DIGITS = 10, /* of what is written without a "+" */
    GLOBAL_MIN_DIGITS = 7, /* with its country code: Niue's, Telegram's short +888 ones */
    PHONE_MAX_DIGITS = 15, /* E.164 */
    RUSSIAN_DIGITS = 11    /* with the 7 */
};

static bool is_space(uint32_t code)
{
    return code == ' ' || code == '\t' || code == '\n' || code == '\r' || code == 0xa0 || code == 0x1680 ||
           (code >= 0x2000 && code <= 0x200a) || code == 0x202f || code == 0x205f || code == 0x3000;
}

/* Control characters, and the marks that turn or hide text; not the joiners, which some scripts and emoji need. */
static bool is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x200b || code == 0x200e || code == 0x200f ||
           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2060 && code <= 0x2069) || code == 0xad || code == 0xfeff ||
           (code >= 0xd800 && code <= 0xdfff);
}

/* Characters that are none to the eye: Unicode's default ignorable ones (joiners, selectors, tags, fillers), and two
 * blanks that count as letter and symbol. Among visible ones they have a meaning; alone they show nothing. */
static bool is_unseen(uint32_t code)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {{0xad, 0xad},       {0x34f, 0x34f},     {0x61c, 0x61c},    {0x115f, 0x1160}, {0x17b4, 0x17b5},
                  {0x180b, 0x180f},   {0x200b, 0x200f},   {0x202a, 0x202e},  {0x2060, 0x206f}, {0x2800, 0x2800},
                  {0x3164, 0x3164},   {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},  {0xffa0, 0xffa0}, {0xfff0, 0xfffb},
                  {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff}};
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (code >= ranges[i].first && code <= ranges[i].last)
            return true;
    return false;
}

const char *input_name(struct arena *arena, const char *text, size_t max_chars)
{
    const unsigned char *p = (const unsigned char *)text;
    char *name = arena_alloc(arena, strlen(text) + 1);
    size_t bytes = 0, chars = 0;
    bool gap = false, seen = false;
    while (*p != '\0') {
        uint32_t code;
        size_t length = utf8_decode((const char *)p, &code);
        if (length == 0 || (is_control(code) && !is_space(code)))
            return NULL;
        if (is_space(code)) {
            gap = bytes > 0;
        } else {
            if (gap) {
                name[bytes++] = ' ';
                chars++;
            }
            gap = false;
            seen = seen || !is_unseen(code);
            memcpy(name + bytes, p, length);
            bytes += length;
            chars++;
        }
        p += length;
    }
    name[bytes] = '\0';
    return seen && chars <= max_chars ? name : NULL;
}

/* Letters and the like; enough to tell where a word ends. */
static bool is_letter(uint32_t code)
{
    if (code < 0x80)
        return (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z');
    bool punctuation = (code >= 0x2000 && code <= 0x2bff) || (code >= 0x3000 && code <= 0x303f);
    return code >= 0xc0 && code != 0xd7 && code != 0xf7 && !punctuation && !is_unseen(code);
}

/* Latin and Cyrillic. */
static uint32_t to_lower(uint32_t code)
{
    if ((code >= 'A' && code <= 'Z') || (code >= 0xc0 && code <= 0xde && code != 0xd7) ||
        (code >= 0x410 && code <= 0x42f))
        return code + 0x20;
    return code >= 0x400 && code <= 0x40f ? code + 0x50 : code;
}

/* The characters in lower case, 0 at the end; what follows a byte that is no UTF-8 is left out. */
static const uint32_t *fold(struct arena *arena, const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    uint32_t *codes = arena_array(arena, strlen(text) + 1, sizeof *codes), code;
    size_t count = 0;
    for (size_t length; *p != '\0' && (length = utf8_decode((const char *)p, &code)) > 0; p += length)
        codes[count++] = to_lower(code);
    codes[count] = 0;
    return codes;
}

static bool stands_at(const uint32_t *text, size_t at, const uint32_t *word, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (text[at + i] != word[i])
            return false;
    bool begins = at == 0 || !is_letter(text[at - 1]) || !is_letter(word[0]);
    return begins && (!is_letter(text[at + length]) || !is_letter(word[length - 1]));
}

bool input_has_word(struct arena *arena, const char *text, const char *words)
{
    const uint32_t *codes = fold(arena, text), *list = fold(arena, words);
    while (*list != 0) {
        size_t length = 0;
        while (list[length] != 0 && list[length] != '|')
            length++;
        for (size_t at = 0; codes[at] != 0 && length > 0; at++)
            if (stands_at(codes, at, list, length))
                return true;
        list += length + (list[length] != 0);
    }
    return false;
}

/* What a typographer writes, as a keyboard has it: one blank, one hyphen, plain digits and letters. */
static uint32_t plain(uint32_t code)
{
    if (is_space(code) || code == 0x2028 || code == 0x2029)
        return ' ';
    if ((code >= 0x2010 && code <= 0x2015) || code == 0x2043 || code == 0x2212 || code == 0xfe58 || code == 0xfe63)
        return '-';
    return code >= 0xff01 && code <= 0xff5e ? code - 0xff01 + '!' : code; /* fullwidth */
}

static uint32_t to_upper(uint32_t code)
{
    if ((code >= 'a' && code <= 'z') || (code >= 0x430 && code <= 0x44f))
        return code - 0x20;
    return code == 0x451 ? 0x401 : code;
}

static bool is_of_code(uint32_t code)
{
    return (code >= 'A' && code <= 'Z') || (code >= '0' && code <= '9') || code == '-' || code == '_' ||
           code == 0x401 || (code >= 0x410 && code <= 0x42f);
}

const char *input_code(struct arena *arena, const char *text, size_t max_chars)
{
    enum { CHARS_MIN = 2 };
    char *word = arena_alloc(arena, 2 * max_chars + 1), *end = word;
    size_t chars = 0, gaps = 0;
    for (size_t length; *text != '\0'; text += length) {
        uint32_t code;
        length = utf8_decode(text, &code);
        if (length == 0)
            return NULL;
        if (is_unseen(code))
            continue;
        code = to_upper(plain(code));
        gaps += code == ' ' && chars > 0;
        if (code == ' ')
            continue;
        if (!is_of_code(code) || gaps > 0 || chars++ == max_chars)
            return NULL;
        if (code >= 0x80)
            *end++ = (char)(0xc0 | code >> 6);
        *end++ = (char)(code >= 0x80 ? 0x80 | (code & 0x3f) : code);
    }
    *end = '\0';
    return chars >= CHARS_MIN ? word : NULL;
}

bool input_has_question_mark(const char *text)
{
    static const char *const marks[] = {"?", "\xef\xbc\x9f", "\xd8\x9f", "\xcd\xbe"}; /* full width, Arabic, Greek */
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (strstr(text, marks[i]) != NULL)
            return true;
    return false;
}

static bool is_email_char(char c, bool local)
{
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-')
        return true;
    return local && strchr("_+!#$%&'*/=?^`{|}~", c) != NULL;
}

/* No empty label, no dot or hyphen at the ends; a domain has at least two labels. */
static bool are_labels(const char *text, size_t length, bool domain)
{
    if (length == 0 || text[0] == '.' || text[length - 1] == '.' || text[0] == '-')
        return false;
    bool dotted = false;
    for (size_t i = 0; i < length; i++) {
        if (!is_email_char(text[i], !domain) || (text[i] == '.' && text[i + 1] == '.'))
            return false;
        if (domain && text[i] == '-' && (i + 1 == length || text[i + 1] == '.' || text[i - 1] == '.'))
            return false;
        dotted = dotted || (text[i] == '.' && length - i > 2);
    }
    return !domain || dotted;
}

static bool begins(const char *text, const char *prefix)
{
    for (; *prefix != '\0'; text++, prefix++)
        if (*text != *prefix && *text != *prefix - 'a' + 'A')
            return false;
    return true;
}

/* What was written or pasted, without what a page, a mail program or a phone put around it: "Anna <anna@example.com>",
 * "tel:+7…", a full stop behind. NULL if it is not valid UTF-8. */
static const char *contact_text(struct arena *arena, const char *text)
{
    char *clean = arena_alloc(arena, strlen(text) + 1), *end = clean;
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0';) {
        uint32_t code;
        size_t length = utf8_decode((const char *)p, &code);
        if (length == 0)
            return NULL;
        if (plain(code) < 0x80) {
            *end++ = (char)plain(code);
        } else if (!is_unseen(code)) { /* of a name before the address, or no address has it */
            memcpy(end, p, length);
            end += length;
        }
        p += length;
    }
    while (end > clean && strchr(" .,;", end[-1]) != NULL)
        end--;
    *end = '\0';
    char *open = end > clean && end[-1] == '>' ? strrchr(clean, '<') : NULL;
    if (open != NULL) {
        *--end = '\0';
        clean = open + 1;
    }
    clean += strspn(clean, " ");
    if (begins(clean, "mailto:")) {
        clean += strlen("mailto:");
        clean[strcspn(clean, "?")] = '\0'; /* a subject */
    } else if (begins(clean, "tel:")) {
        clean += strlen("tel:");
    }
    return clean;
}

static bool is_email(const char *email)
{
    const char *at = strchr(email, '@');
    if (strlen(email) > EMAIL_MAX_BYTES || at == NULL || at - email > 64)
        return false;
    return are_labels(email, (size_t)(at - email), false) && are_labels(at + 1, strlen(at + 1), true);
}

const char *input_email(struct arena *arena, const char *text)
{
    const char *email = contact_text(arena, text);
    return email != NULL && is_email(email) ? email : NULL;
}

/* The digits of a number and whether it is written with a "+"; false if something else is in it. */
static bool read_digits(const char *text, char ret_digits[PHONE_MAX_DIGITS + 1], bool *ret_plus)
{
    size_t count = 0;
    *ret_plus = false;
    for (const char *p = text; *p != '\0'; p++) {
        if (*p >= '0' && *p <= '9') {
            if (count == PHONE_MAX_DIGITS)
                return false;
            ret_digits[count++] = *p;
        } else if (*p == '+' && count == 0 && !*ret_plus) {
            *ret_plus = true;
        } else if (strchr(" ()-.", *p) == NULL) {
            return false;
        }
    }
    ret_digits[count] = '\0';
    return true;
}

/* A number with its country code, or NULL: none begins with 0, and Russian ones have eleven digits. */
static const char *global(struct arena *arena, const char *digits)
{
    size_t count = strlen(digits);
    if (count < GLOBAL_MIN_DIGITS || digits[0] == '0' || (digits[0] == '7' && count != RUSSIAN_DIGITS))
        return NULL;
    return arena_format(arena, "+%s", digits);
}

const char *input_phone(struct arena *arena, const char *text)
{
    char digits[PHONE_MAX_DIGITS + 1];
    bool plus;
    const char *written = contact_text(arena, text);
    if (written == NULL || !read_digits(written, digits, &plus))
        return NULL;
    size_t count = strlen(digits);
    if (plus)
        return global(arena, digits);
    if (count < PHONE_MIN_DIGITS)
        return NULL;
    if (count == PHONE_MIN_DIGITS) /* the Russian way, without the 8 */
        return digits[0] == '0' ? NULL : arena_format(arena, "+7%s", digits);
    if (count == RUSSIAN_DIGITS && digits[0] == '8')
        digits[0] = '7';
    return global(arena, digits);
}

const char *input_shared_phone(struct arena *arena, const char *text)
{
    char digits[PHONE_MAX_DIGITS + 1];
    bool plus;
    return read_digits(text, digits, &plus) ? global(arena, digits) : NULL;
}

const char *input_contact(struct arena *arena, const char *text)
{
    const char *email = input_email(arena, text);
    return email != NULL ? email : input_phone(arena, text);
}
