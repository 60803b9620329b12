/* The postings of every movement: each sums to zero whatever the sums are, and stands where it belongs. */
#include "core/ledger.h"
#include "tests/check.h"

/* Is there such a posting, and is it the only one of its account? */
static void check_posting(const struct ledger_movement *movement, enum ledger_account account, int64_t kopecks)
{
    int found = 0;
    for (size_t i = 0; i < movement->count; i++) {
        if (movement->postings[i].account != account)
            continue;
        CHECK_INT(movement->postings[i].kopecks, kopecks);
        found++;
    }
    CHECK_INT(found, kopecks != 0);
}

static void check_balance(const struct ledger_movement *movement, enum ledger_kind kind)
{
    int64_t sum = 0;
    CHECK_INT(movement->kind, kind);
    CHECK(movement->count >= 2 && movement->count <= LEDGER_POSTINGS_MAX);
    for (size_t i = 0; i < movement->count; i++) {
        const struct ledger_posting *posting = &movement->postings[i];
        bool of_provider = posting->account == LEDGER_CLEARING || posting->account == LEDGER_FEES;
        bool of_user = posting->account == LEDGER_CREDIT || posting->account == LEDGER_REFERRAL;
        CHECK(posting->kopecks != 0);
        CHECK_INT(posting->provider != NULL, of_provider);
        CHECK_INT(posting->user_id != 0, of_user);
        sum += posting->kopecks;
    }
    CHECK_INT(sum, 0);
}

static void test_payment(int64_t gross, int64_t income)
{
    struct ledger_movement movement = ledger_payment("yookassa", gross, income);
    int64_t net = income == 0 ? gross : income;
    check_balance(&movement, LEDGER_PAYMENT);
    check_posting(&movement, LEDGER_CLEARING, net);
    check_posting(&movement, LEDGER_FEES, gross - net);
    check_posting(&movement, LEDGER_HELD, -gross);
}

static void test_others(int64_t gross, int64_t part)
{
    struct ledger_movement movement = ledger_sale(gross);
    check_balance(&movement, LEDGER_SALE);
    check_posting(&movement, LEDGER_HELD, gross);
    check_posting(&movement, LEDGER_REVENUE, -gross);
    movement = ledger_pack(gross);
    check_balance(&movement, LEDGER_PACK);
    check_posting(&movement, LEDGER_HELD, gross);
    check_posting(&movement, LEDGER_REVENUE, -gross);
    if (gross > part && part > 0) {
        movement = ledger_pack_refund("stars", gross, part);
        check_balance(&movement, LEDGER_REFUND);
        check_posting(&movement, LEDGER_REFUNDS, gross - part);
        check_posting(&movement, LEDGER_HELD, part);
        check_posting(&movement, LEDGER_CLEARING, -gross);
    }
    movement = ledger_release(7, gross);
    check_balance(&movement, LEDGER_RELEASE);
    check_posting(&movement, LEDGER_HELD, gross);
    check_posting(&movement, LEDGER_CREDIT, -gross);
    for (int sold = 0; sold < 2; sold++) {
        movement = ledger_refund("stars", gross, sold);
        check_balance(&movement, LEDGER_REFUND);
        check_posting(&movement, sold ? LEDGER_REFUNDS : LEDGER_HELD, gross);
        check_posting(&movement, LEDGER_CLEARING, -gross);
    }
    movement = ledger_earning(7, gross);
    check_balance(&movement, LEDGER_EARNING);
    check_posting(&movement, LEDGER_REWARDS, gross);
    check_posting(&movement, LEDGER_REFERRAL, -gross);
    movement = ledger_payout("yookassa", 7, gross, part);
    check_balance(&movement, LEDGER_PAYOUT);
    check_posting(&movement, LEDGER_REFERRAL, gross);
    check_posting(&movement, LEDGER_TAX, -part);
    check_posting(&movement, LEDGER_CLEARING, part - gross);
}

/* Knuth's, of the upper bits. */
static uint64_t draw(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 16;
}

int main(void)
{
    test_payment(50000, 48250);
    test_payment(50000, 0);
    test_payment(50000, 50000);
    test_payment(1, 0);
    test_others(50000, 6500);
    test_others(1, 0);
    uint64_t state = 1;
    for (int i = 0; i < 1000; i++) {
        int64_t gross = 2 + (int64_t)(draw(&state) % UINT64_C(9999999998));
        int64_t part = (int64_t)(draw(&state) % (uint64_t)gross);
        test_payment(gross, part);
        test_others(gross, part);
    }
    return 0;
}
