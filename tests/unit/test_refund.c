/* Shares of a price, over all counts and many prices: exact to the kopeck, never more than is left, and what stays of a
 * payment is nothing or more than a rouble. */
#include "core/refund.h"
#include "tests/check.h"

enum { PHOTOS_MAX = 60 };

static int64_t share(int64_t price, int32_t photos, int32_t missing, int64_t left)
{
    return refund_share(&(struct refund_terms){price, photos, missing, left});
}

/* What a share is, said without a division: no kopeck more would be needed, and no kopeck less would do. */
static void check_share(int64_t price, int32_t photos, int32_t missing)
{
    int64_t got = share(price, photos, missing, price), stays = price - got;
    CHECK(got > 0 && got <= price);
    CHECK(stays == 0 || stays > REFUND_REST_KOPECKS);
    CHECK(got * photos >= price * missing); /* the customer never pays for a photo that is not there … */
    if (stays > 0)
        CHECK((got - 1) * photos < price * missing); /* … and it is not a kopeck more than that */
    else if (missing < photos)                       /* all of it, only because next to nothing would stay */
        CHECK((price - REFUND_REST_KOPECKS - 1) * photos < price * missing);
}

static void test_all(void)
{
    static const int64_t prices[] = {1, 99, 100, 101, 123, 2300, 2399, 9999, 50000, 50001, 123456, 999999, 9999999999};
    for (size_t i = 0; i < sizeof prices / sizeof prices[0]; i++)
        for (int32_t photos = 1; photos <= PHOTOS_MAX; photos++)
            for (int32_t missing = 1; missing <= photos; missing++)
                check_share(prices[i], photos, missing);
    for (int64_t price = 100; price < 100000; price += 7)
        for (int32_t missing = 1; missing <= 23; missing++)
            check_share(price, 23, missing);
}

/* More photos that are not there never give back less. */
static void test_grows(void)
{
    for (int64_t price = 100; price < 60000; price += 11)
        for (int32_t missing = 2; missing <= 23; missing++)
            CHECK(share(price, 23, missing, price) >= share(price, 23, missing - 1, price));
}

static void test_examples(void)
{
    CHECK_INT(share(50000, 23, 1, 50000), 2174); /* 2173.91… */
    CHECK_INT(share(50000, 23, 22, 50000), 47827);
    CHECK_INT(share(50000, 23, 23, 50000), 50000);
    CHECK_INT(share(2300, 23, 1, 2300), 100);
    CHECK_INT(share(2300, 23, 22, 2300), 2300); /* a rouble would stay, and must not */
    CHECK_INT(share(2323, 23, 22, 2323), 2222); /* 1.01 may */
    CHECK_INT(share(0, 23, 5, 0), 0);           /* a set that cost nothing */
}

/* Something went back already, or is on its way: for another reason, of the same payment. */
static void test_causes_meet(void)
{
    CHECK_INT(share(50000, 23, 3, 0), 0);
    CHECK_INT(share(50000, 23, 3, 6000), 6000);
    CHECK_INT(share(50000, 23, 3, 6622), 6622); /* 6521.74: 1.00 would stay */
    CHECK_INT(share(50000, 23, 3, 6623), 6522);
    for (int64_t left = 0; left <= 50000; left += 13)
        for (int32_t missing = 1; missing <= 23; missing++) {
            int64_t got = share(50000, 23, missing, left);
            CHECK(got >= 0 && got <= left);
            CHECK(got == left || left - got > REFUND_REST_KOPECKS);
            CHECK(got <= share(50000, 23, missing, 50000) + REFUND_REST_KOPECKS);
        }
}

static void test_waits(void)
{
    const int64_t second_ms = 1000, hour_ms = 3600 * second_ms, day_ms = 24 * hour_ms;
    int64_t at_ms = 0;
    int looks = 0;
    CHECK_INT(refund_look_wait_ms(0), 5 * second_ms);
    for (; at_ms < 30 * day_ms; looks++) {
        int64_t wait_ms = refund_look_wait_ms(at_ms);
        CHECK(wait_ms >= 5 * second_ms && wait_ms <= day_ms);
        at_ms += wait_ms;
    }
    CHECK(looks > 50 && looks < 150);
    CHECK_INT(refund_look_wait_ms(3 * 365 * day_ms), day_ms);
    CHECK_INT(refund_again_wait_ms(1), hour_ms);
    CHECK_INT(refund_again_wait_ms(2), 2 * hour_ms);
    CHECK_INT(refund_again_wait_ms(REFUND_ATTEMPTS_MAX), day_ms);
    CHECK_INT(refund_again_wait_ms(1000), day_ms);
}

int main(void)
{
    test_all();
    test_grows();
    test_examples();
    test_causes_meet();
    test_waits();
    return 0;
}
