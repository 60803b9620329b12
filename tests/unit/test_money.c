/* Money as text, back-off, and the polling plan of a payment. */
#include "core/backoff.h"
#include "core/money.h"
#include "core/payment_plan.h"
#include "tests/check.h"

static void check_format(int64_t kopecks, const char *want)
{
    char text[MONEY_TEXT_BYTES];
    int64_t back = -7;
    money_format(kopecks, text);
    CHECK_TEXT(text, want);
    CHECK_INT(money_parse(text, &back), ERR_OK);
    CHECK_INT(back, kopecks);
}

static void test_format(void)
{
    check_format(0, "0.00");
    check_format(5, "0.05");
    check_format(99, "0.99");
    check_format(50000, "500.00");
    check_format(99010, "990.10");
    check_format(-5, "-0.05");
    check_format(-123456, "-1234.56");
    check_format(MONEY_MAX_KOPECKS, "99999999.99");
    check_format(-MONEY_MAX_KOPECKS, "-99999999.99");
}

static void test_parse(void)
{
    static const char *const refused[] = {"",     "-",    ".5",    "5.",    "5.001", "+5",   " 5",
                                          "5 ",   "5,00", "5e2",   "0x5",   "--5",   "5.-1", "123456789",
                                          "5.0x", "NaN",  "5.00.", "1 000", "٥",     "5.1\n"};
    int64_t kopecks = 42;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        CHECK_INT(money_parse(refused[i], &kopecks), ERR_INVALID);
        CHECK_INT(kopecks, 42);
    }
    CHECK_INT(money_parse("500", &kopecks), ERR_OK);
    CHECK_INT(kopecks, 50000);
    CHECK_INT(money_parse("500.5", &kopecks), ERR_OK);
    CHECK_INT(kopecks, 50050);
    CHECK_INT(money_parse("007.07", &kopecks), ERR_OK);
    CHECK_INT(kopecks, 707);
}

static void test_backoff(void)
{
    int64_t ceiling_ms[] = {100, 200, 400, 800, 1000, 1000};
    for (int attempt = 0; attempt < 6; attempt++) {
        CHECK_INT(backoff_ms(attempt, 100, 1000, 0), 1);
        CHECK_INT(backoff_ms(attempt, 100, 1000, (uint64_t)ceiling_ms[attempt] - 1), ceiling_ms[attempt]);
        CHECK_INT(backoff_ms(attempt, 100, 1000, (uint64_t)ceiling_ms[attempt]), 1);
    }
    CHECK_INT(backoff_ms(0, 5000, 1000, 999), 1000);
    CHECK(backoff_ms(2000000000, 1, INT64_MAX, UINT64_MAX) > 0);
}

static void test_plan(void)
{
    const int64_t made_ms = INT64_C(1700000000000), minute_ms = 60000, hour_ms = 60 * minute_ms;
    CHECK_INT(payment_plan_next_ms(made_ms, false, made_ms) - made_ms, 5000);
    CHECK_INT(payment_plan_next_ms(made_ms, false, made_ms - hour_ms) - made_ms, 5000 - hour_ms);
    CHECK_INT(payment_plan_next_ms(made_ms, false, made_ms + 2 * minute_ms) - made_ms, 2 * minute_ms + 10000);
    CHECK_INT(payment_plan_next_ms(made_ms, false, made_ms + 64 * minute_ms) - made_ms, 65 * minute_ms);
    CHECK_INT(payment_plan_next_ms(made_ms, false, made_ms + 65 * minute_ms) - made_ms, 125 * minute_ms);
    CHECK_INT(payment_plan_next_ms(made_ms, false, made_ms + 24 * hour_ms) - made_ms, 48 * hour_ms);
    CHECK_INT(payment_plan_next_ms(made_ms, false, made_ms + 30 * 24 * hour_ms), 0);

    /* A whole hour of looking stays a modest number of requests, and never waits more than a minute. */
    int polls = 0;
    int64_t now_ms = made_ms;
    while (now_ms < made_ms + hour_ms) {
        int64_t next_ms = payment_plan_next_ms(made_ms, false, now_ms);
        CHECK(next_ms - now_ms >= 5000 && next_ms - now_ms <= minute_ms);
        now_ms = next_ms;
        polls++;
    }
    CHECK(polls > 60 && polls < 120);

    /* Given up: slower as long as it may still be paid, and then as ever. */
    CHECK_INT(payment_plan_next_ms(made_ms, true, made_ms) - made_ms, 5000);
    CHECK_INT(payment_plan_next_ms(made_ms, true, made_ms + 4 * minute_ms) - made_ms, 5 * minute_ms);
    CHECK_INT(payment_plan_next_ms(made_ms, true, made_ms + 64 * minute_ms) - made_ms, 69 * minute_ms);
    CHECK_INT(payment_plan_next_ms(made_ms, true, made_ms + 65 * minute_ms) - made_ms, 125 * minute_ms);
    CHECK_INT(payment_plan_next_ms(made_ms, true, made_ms + 30 * 24 * hour_ms), 0);
}

int main(void)
{
    test_format();
    test_parse();
    test_backoff();
    test_plan();
    return 0;
}
