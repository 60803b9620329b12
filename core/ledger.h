/* The books: which accounts a movement of money touches, and by how much. Pure; the database keeps what is said here
 * (db/ledger.h, the migration "ledger"), and refuses what does not balance. */
#ifndef CORE_LEDGER_H
#define CORE_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is ours grows by positive amounts, what we owe or have earned by negative ones. */
enum ledger_account {
    LEDGER_CLEARING, /* of a provider: money that it holds for us */
    LEDGER_FEES,     /* of a provider: what it kept, with the VAT on it */
    LEDGER_HELD,     /* money that came and is not earned: nobody knows yet, or it is to be given back */
    LEDGER_REVENUE,
    LEDGER_REFUNDS,  /* of money that was earned */
    LEDGER_CREDIT,   /* of a user: may be spent here */
    LEDGER_REFERRAL, /* of a user: earned by friends, may be paid out */
    LEDGER_REWARDS,  /* what those earnings cost us */
    LEDGER_TAX,      /* withheld from payouts, owed to the state */
    LEDGER_ACCOUNT_COUNT
};

enum ledger_kind {
    LEDGER_PAYMENT,
    LEDGER_SALE,
    LEDGER_PACK,
    LEDGER_RELEASE,
    LEDGER_REFUND,
    LEDGER_EARNING,
    LEDGER_PAYOUT,
    LEDGER_KIND_COUNT
};

enum { LEDGER_POSTINGS_MAX = 3 };

struct ledger_posting {
    enum ledger_account account;
    const char *provider; /* CLEARING, FEES; else NULL. Borrowed */
    int64_t user_id;      /* CREDIT, REFERRAL; else 0 */
    int64_t kopecks;      /* never 0 */
};

/* Sums to zero. In one currency, of which kopecks stands for the smallest unit. */
struct ledger_movement {
    enum ledger_kind kind;
    struct ledger_posting postings[LEDGER_POSTINGS_MAX];
    size_t count;
};

/* Sums are positive but where it is said otherwise. */

/* Money came. It is held until somebody says what for. income: what is left of it after the provider's fee; 0 = not
 * told, the fee is not known. */
struct ledger_movement ledger_payment(const char *provider, int64_t gross_kopecks, int64_t income_kopecks);
/* Something was given for held money … */
struct ledger_movement ledger_sale(int64_t gross_kopecks);
/* … one more set of a pack, whose money was held until then … */
struct ledger_movement ledger_pack(int64_t share_kopecks);
/* … or its payer may spend it another time. */
struct ledger_movement ledger_release(int64_t user_id, int64_t kopecks);
/* Money went back; the fee does not. sold: it was earned already. */
struct ledger_movement ledger_refund(const char *provider, int64_t kopecks, bool sold);
/* All of a pack's money went back; held_kopecks of it were not earned yet, less than all. */
struct ledger_movement ledger_pack_refund(const char *provider, int64_t kopecks, int64_t held_kopecks);
struct ledger_movement ledger_earning(int64_t user_id, int64_t kopecks);
/* A user is paid what they earned, less tax, which may be 0. */
struct ledger_movement ledger_payout(const char *provider, int64_t user_id, int64_t gross_kopecks, int64_t tax_kopecks);

#endif
