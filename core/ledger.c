/* The postings. Every payment comes in the same way, into "held", and its fee with it; what becomes of it is a movement
 * of its own, out of "held". So what is held is, at any time, what came and gave nothing yet, and money that is
 * refunded before it was earned never was revenue. Must not: decide which movement is due. */
#include "core/ledger.h"

#include "core/bug.h"

static void post(struct ledger_movement *movement, struct ledger_posting posting)
{
    if (posting.kopecks == 0) /* no fee, no tax */
        return;
    movement->postings[movement->count++] = posting;
}

/* The rest of a movement goes to the last account: so it balances. */
static struct ledger_movement balanced(struct ledger_movement movement, struct ledger_posting last)
{
    for (size_t i = 0; i < movement.count; i++)
        last.kopecks -= movement.postings[i].kopecks;
    post(&movement, last);
    return movement;
}

static struct ledger_movement begun(enum ledger_kind kind, int64_t kopecks, struct ledger_posting first)
{
    struct ledger_movement movement = {.kind = kind};
    if (kopecks <= 0)
        bug("a movement of no money");
    first.kopecks = kopecks;
    post(&movement, first);
    return movement;
}

struct ledger_movement ledger_payment(const char *provider, int64_t gross_kopecks, int64_t income_kopecks)
{
    int64_t net_kopecks = income_kopecks == 0 ? gross_kopecks : income_kopecks;
    struct ledger_movement movement = begun(LEDGER_PAYMENT, net_kopecks,
                                            (struct ledger_posting){.account = LEDGER_CLEARING, .provider = provider});
    post(&movement,
         (struct ledger_posting){.account = LEDGER_FEES, .provider = provider, .kopecks = gross_kopecks - net_kopecks});
    return balanced(movement, (struct ledger_posting){.account = LEDGER_HELD});
}

struct ledger_movement ledger_sale(int64_t gross_kopecks)
{
    return balanced(begun(LEDGER_SALE, gross_kopecks, (struct ledger_posting){.account = LEDGER_HELD}),
                    (struct ledger_posting){.account = LEDGER_REVENUE});
}

struct ledger_movement ledger_pack(int64_t share_kopecks)
{
    return balanced(begun(LEDGER_PACK, share_kopecks, (struct ledger_posting){.account = LEDGER_HELD}),
                    (struct ledger_posting){.account = LEDGER_REVENUE});
}

struct ledger_movement ledger_release(int64_t user_id, int64_t kopecks)
{
    return balanced(begun(LEDGER_RELEASE, kopecks, (struct ledger_posting){.account = LEDGER_HELD}),
                    (struct ledger_posting){.account = LEDGER_CREDIT, .user_id = user_id});
}

struct ledger_movement ledger_refund(const char *provider, int64_t kopecks, bool sold)
{
    return balanced(
        begun(LEDGER_REFUND, kopecks, (struct ledger_posting){.account = sold ? LEDGER_REFUNDS : LEDGER_HELD}),
        (struct ledger_posting){.account = LEDGER_CLEARING, .provider = provider});
}

struct ledger_movement ledger_pack_refund(const char *provider, int64_t kopecks, int64_t held_kopecks)
{
    struct ledger_movement movement = {.kind = LEDGER_REFUND}; /* less may go back than is held: a part went before */
    post(&movement, (struct ledger_posting){.account = LEDGER_REFUNDS, .kopecks = kopecks - held_kopecks});
    post(&movement, (struct ledger_posting){.account = LEDGER_HELD, .kopecks = held_kopecks});
    return balanced(movement, (struct ledger_posting){.account = LEDGER_CLEARING, .provider = provider});
}

struct ledger_movement ledger_earning(int64_t user_id, int64_t kopecks)
{
    return balanced(begun(LEDGER_EARNING, kopecks, (struct ledger_posting){.account = LEDGER_REWARDS}),
                    (struct ledger_posting){.account = LEDGER_REFERRAL, .user_id = user_id});
}

struct ledger_movement ledger_payout(const char *provider, int64_t user_id, int64_t gross_kopecks, int64_t tax_kopecks)
{
    struct ledger_movement movement = begun(LEDGER_PAYOUT, gross_kopecks,
                                            (struct ledger_posting){.account = LEDGER_REFERRAL, .user_id = user_id});
    post(&movement, (struct ledger_posting){.account = LEDGER_TAX, .kopecks = -tax_kopecks});
    return balanced(movement, (struct ledger_posting){.account = LEDGER_CLEARING, .provider = provider});
}
