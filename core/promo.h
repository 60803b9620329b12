/* Promo codes, packs of sets, and sets that are the user's already: what a set costs with them. Pure; that no limit is
 * passed by two at once is for the database to keep (the migration "promo"). Sums are kopecks, times unix ms. */
#ifndef CORE_PROMO_H
#define CORE_PROMO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/arena.h"

enum { PROMO_CODE_MAX_CHARS = 32, PROMO_CODE_MAX_BYTES = 2 * PROMO_CODE_MAX_CHARS };

/* A code, as it stands now and for this user. */
struct promo {
    const char *code;
    int32_t percent;           /* 0: off_kopecks says it */
    int64_t off_kopecks;       /* 0: percent says it */
    bool on;                   /* not switched off */
    int64_t from_ms, until_ms; /* 0 = from ever, for ever */
    const char *styles;        /* ids with a blank after each; NULL = all */
    bool used_up;              /* by all together */
    bool used_by_you;          /* as often as one may */
};

enum promo_verdict {
    PROMO_FITS,
    PROMO_UNKNOWN,
    PROMO_NOT_BEGUN,
    PROMO_OVER,
    PROMO_USED_UP,
    PROMO_USED_BY_YOU,
    PROMO_OTHER_STYLE,
    PROMO_WAITS, /* in an unpaid order of this user's: for who has the orders to say */
    PROMO_VERDICT_COUNT
};

/* A code as people type it, in the form that is stored: in capitals, without blanks around and invisible marks. NULL if
 * it can't be one: 2 to PROMO_CODE_MAX_CHARS letters (Latin, Cyrillic), digits, '-' and '_'. */
const char *promo_code(struct arena *arena, const char *text);

/* promo: NULL = there is none. */
enum promo_verdict promo_judge(const struct promo *promo, const char *style_id, int64_t now_ms);
/* What is left to pay of a price of a rouble or more: rounded down to the kopeck; nothing, or a rouble at least. */
int64_t promo_price(const struct promo *promo, int64_t price_kopecks);

/* So many sets of any style, for one price. */
struct pack {
    int32_t sets;
    int64_t price_kopecks;
};

enum { PACK_SETS_MIN = 2, PACK_SETS_MAX = 20, PACKS_MAX = 4 };

/* Sets that are the user's without paying: what is left of a pack, or a gift. */
struct grant {
    int64_t id;
    int32_t unused;       /* from 1 */
    int64_t owed_kopecks; /* what came for those, and is not earned yet; 0 for gifts */
};

/* What is earned of that when the next set is given: the sets of a pack have equal shares, the last one has the rest.
 */
int64_t grant_share(const struct grant *grant);

#endif
