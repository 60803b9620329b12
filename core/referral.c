/* Reading a referral code out of "/start ref_<CODE>". Only the prefixed form counts: a plain six-letter word after
 * /start is a word, not a code. */
#include "core/referral.h"

#include <string.h>

const char *referral_code(struct arena *arena, const char *payload)
{
    static const char prefix[] = "ref_", alphabet[] = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    size_t prefix_length = sizeof prefix - 1;
    if (payload == NULL || strncmp(payload, prefix, prefix_length) != 0)
        return NULL;
    const char *given = payload + prefix_length;
    if (strlen(given) != REFERRAL_CODE_CHARS)
        return NULL;
    char *code = arena_copy(arena, given);
    for (char *c = code; *c != '\0'; c++) {
        if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c - 'a' + 'A');
        if (strchr(alphabet, *c) == NULL)
            return NULL;
    }
    return code;
}
