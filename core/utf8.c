/* Reading UTF-8 as it came: nothing here trusts that it is well-formed. */
#include "core/utf8.h"

#include <string.h>

bool utf8_continues(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

size_t utf8_decode(const char *text, uint32_t *ret_code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000}; /* by length: less is overlong */
    unsigned char first = (unsigned char)text[0];
    size_t length = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
    if (length == 0 || first > 0xf4)
        return 0;
    uint32_t code = length == 1 ? first : first & (0x7fU >> length);
    for (size_t i = 1; i < length; i++) {
        if (!utf8_continues(text[i]))
            return 0;
        code = code << 6 | ((unsigned char)text[i] & 0x3fU);
    }
    if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return 0;
    *ret_code = code;
    return length;
}

size_t utf8_cut(const char *text, size_t most)
{
    size_t length = strnlen(text, most);
    if (text[length] == '\0')
        return length;
    while (length > 0 && utf8_continues(text[length]))
        length--;
    return length;
}

void utf8_copy_line(char *ret_text, size_t bytes, const char *text)
{
    size_t length = utf8_cut(text, bytes - 1);
    for (size_t i = 0; i < length; i++)
        ret_text[i] = (unsigned char)text[i] < ' ' || text[i] == 0x7f ? ' ' : text[i];
    ret_text[length] = '\0';
}

size_t utf8_units(const char *text)
{
    size_t units = 0;
    for (; *text != '\0'; text++)
        units += utf8_continues(*text) ? 0 : (unsigned char)*text >= 0xf0 ? 2 : 1;
    return units;
}
