/* Told by the beginnings of words, whatever their case. It is asked only of texts that no reader could use, so a word
 * too many in the list costs nothing but a line about the price. */
#include "core/question.h"

#include <string.h>

/* Latin and Cyrillic in lower case, ё as е; the rest as it is. */
static const char *fold(struct arena *arena, const char *text)
{
    unsigned char *folded = (unsigned char *)arena_copy(arena, text);
    for (unsigned char *p = folded; *p != '\0'; p++) {
        if (*p >= 'A' && *p <= 'Z') {
            *p += 'a' - 'A';
        } else if (*p == 0xd0 && p[1] >= 0x90 && p[1] <= 0x9f) { /* А–П */
            p[1] += 0x20;
        } else if (*p == 0xd0 && p[1] >= 0xa0 && p[1] <= 0xaf) { /* Р–Я */
            *p = 0xd1;
            p[1] -= 0x20;
        } else if ((*p == 0xd0 && p[1] == 0x81) || (*p == 0xd1 && p[1] == 0x91)) { /* Ё, ё */
            *p = 0xd0;
            p[1] = 0xb5;
        }
    }
    return (const char *)folded;
}

static bool is_letter(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || c >= 0x80;
}

static bool has_word(const char *text, const char *beginning)
{
    for (const char *at = strstr(text, beginning); at != NULL; at = strstr(at + 1, beginning))
        if (at == text || !is_letter((unsigned char)at[-1]))
            return true;
    return false;
}

bool question_of_price(struct arena *arena, const char *text)
{
    static const char *const words[] = {"цена",        "цены",      "цене",     "цену",   "ценник",     "почем",
                                        "прайс",       "тариф",     "скидк",    "дорого", "стоимост",   "стоит",
                                        "стоят",       "расценк",   "платно",   "беспла", "price",      "pricing",
                                        "how much",    "cost",      "discount", "cheap",  "сколько за", "сколько буд",
                                        "сколько это", "expensive", "for free"};
    const char *folded = fold(arena, text);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (has_word(folded, words[i]))
            return true;
    return false;
}
