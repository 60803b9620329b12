/* Codes as they are typed, judged and priced, and shares of a pack: by examples, and for every price and part of a walk
 * through them. */
#include "core/promo.h"
#include "tests/check.h"

static struct arena arena;

static void test_typed(void)
{
    static const char *const codes[][2] = {{"summer", "SUMMER"},
                                           {"  Summer-26 \n", "SUMMER-26"},
                                           {"лето_ёж", "ЛЕТО_ЁЖ"},
                                           {"SUM\xe2\x80\x8bMER\xe2\x80\xac", "SUMMER"},
                                           {"\xc2\xa0summer\xe2\x80\x91x", "SUMMER-X"},
                                           {"\xef\xbc\xa1\xef\xbc\xa2", "AB"},
                                           {"ab", "AB"},
                                           {"a", NULL},
                                           {"", NULL},
                                           {"   ", NULL},
                                           {"two words", NULL},
                                           {"a b", NULL},
                                           {"code!", NULL},
                                           {"50%", NULL},
                                           {"<b>x</b>", NULL},
                                           {"caf\xc3\xa9", NULL},
                                           {"ab\xff", NULL},
                                           {"0123456789012345678901234567890я", "0123456789012345678901234567890Я"},
                                           {"01234567890123456789012345678901я", NULL}};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        const char *code = promo_code(&arena, codes[i][0]);
        CHECK((code == NULL) == (codes[i][1] == NULL));
        if (code == NULL)
            continue;
        CHECK_TEXT(code, codes[i][1]);
        CHECK_TEXT(promo_code(&arena, code), code); /* as it is stored, it is read again */
        CHECK(strlen(code) <= PROMO_CODE_MAX_BYTES);
    }
}

/* Never more than before, never under a rouble but for nothing, to the kopeck below; more off is never dearer. */
static void test_prices(void)
{
    for (int64_t price = 100; price < 2000000; price += price / 7 + 1) {
        int64_t last = price;
        for (int32_t percent = 1; percent <= 100; percent++) {
            int64_t left = promo_price(&(struct promo){.percent = percent}, price);
            CHECK(left >= 0 && left <= last && (left == 0 || left >= 100));
            CHECK((left == 0) == (percent == 100));
            CHECK(left == 100 ||
                  (price * (100 - percent) - left * 100 >= 0 && price * (100 - percent) - left * 100 < 100));
            last = left;
        }
        last = price;
        for (int64_t off = 1; off < price + 1000; off += off / 5 + 1) {
            int64_t left = promo_price(&(struct promo){.off_kopecks = off}, price);
            CHECK(left >= 0 && left <= last && (left == 0 || left >= 100));
            CHECK((left == 0) == (off >= price));
            CHECK(left == 0 || left == 100 || left + off == price);
            last = left;
        }
    }
    CHECK_INT(promo_price(&(struct promo){.percent = 20}, 149000), 119200);
    CHECK_INT(promo_price(&(struct promo){.percent = 33}, 49999), 33499);
    CHECK_INT(promo_price(&(struct promo){.percent = 100}, INT64_C(35000000)), 0);
}

static void test_verdicts(void)
{
    struct promo promo = {.on = true, .from_ms = 100, .until_ms = 200, .styles = "life creative "};
    CHECK_INT(promo_judge(NULL, "life", 150), PROMO_UNKNOWN);
    CHECK_INT(promo_judge(&promo, "life", 99), PROMO_NOT_BEGUN);
    CHECK_INT(promo_judge(&promo, "life", 100), PROMO_FITS);
    CHECK_INT(promo_judge(&promo, "creative", 199), PROMO_FITS);
    CHECK_INT(promo_judge(&promo, "life", 200), PROMO_OVER);
    static const char *const others[] = {"lif", "lifestyle", "creativ", "life creative", ""};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        CHECK_INT(promo_judge(&promo, others[i], 150), PROMO_OTHER_STYLE);
    promo.used_up = true;
    CHECK_INT(promo_judge(&promo, "life", 150), PROMO_USED_UP);
    promo.used_by_you = true;
    CHECK_INT(promo_judge(&promo, "life", 150), PROMO_USED_BY_YOU);
    promo.on = false;
    CHECK_INT(promo_judge(&promo, "life", 150), PROMO_OVER);
    CHECK_INT(promo_judge(&(struct promo){.on = true}, "any", INT64_MAX), PROMO_FITS);
}

/* All of it is earned, no kopeck twice, and no share is larger than the others by more than the rest. */
static void test_shares(void)
{
    for (int32_t sets = 1; sets <= PACK_SETS_MAX; sets++)
        for (int64_t owed = 0; owed < 1000000; owed += owed / 11 + 1) {
            struct grant grant = {.unused = sets, .owed_kopecks = owed};
            while (grant.unused > 0) {
                int64_t share = grant_share(&grant);
                CHECK(share >= owed / sets && share <= owed / sets + 1);
                grant.owed_kopecks -= share;
                grant.unused--;
            }
            CHECK_INT(grant.owed_kopecks, 0);
        }
}

int main(void)
{
    arena_init(&arena);
    test_typed();
    test_prices();
    test_verdicts();
    test_shares();
    arena_done(&arena);
    return 0;
}
