/* Reading a code, judging it, and the price it makes. Roundings favour the buyer, but nobody pays less than a rouble:
 * YooKassa takes no such payment. Must not: know how often a code was used (that is loaded), nor reserve a use. */
#include "core/promo.h"

#include <string.h>

#include "core/input.h"

enum { PERCENT_ALL = 100, ROUBLE_KOPECKS = 100 };

const char *promo_code(struct arena *arena, const char *text)
{
    return input_code(arena, text, PROMO_CODE_MAX_CHARS);
}

/* Is the id one of the list's? Each ends with a blank. */
static bool is_listed(const char *list, const char *id)
{
    size_t length = strlen(id);
    for (; *list != '\0'; list += strcspn(list, " ") + 1)
        if (strcspn(list, " ") == length && strncmp(list, id, length) == 0)
            return true;
    return false;
}

enum promo_verdict promo_judge(const struct promo *promo, const char *style_id, int64_t now_ms)
{
    if (promo == NULL)
        return PROMO_UNKNOWN;
    if (!promo->on || (promo->until_ms != 0 && now_ms >= promo->until_ms))
        return PROMO_OVER;
    if (now_ms < promo->from_ms)
        return PROMO_NOT_BEGUN;
    if (promo->used_by_you)
        return PROMO_USED_BY_YOU;
    if (promo->used_up)
        return PROMO_USED_UP;
    return promo->styles == NULL || is_listed(promo->styles, style_id) ? PROMO_FITS : PROMO_OTHER_STYLE;
}

int64_t promo_price(const struct promo *promo, int64_t price_kopecks)
{
    int64_t left = promo->percent > 0 ? price_kopecks * (PERCENT_ALL - promo->percent) / PERCENT_ALL
                                      : price_kopecks - promo->off_kopecks;
    if (left <= 0)
        return 0;
    return left < ROUBLE_KOPECKS ? ROUBLE_KOPECKS : left;
}

int64_t grant_share(const struct grant *grant)
{
    return grant->owed_kopecks / grant->unused;
}
