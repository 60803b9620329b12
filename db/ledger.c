/* Accounts as the database calls them: a word, and after a colon whose it is. */
#include "db/ledger.h"

#include <inttypes.h>

static const char *const kinds[LEDGER_KIND_COUNT] = {
    [LEDGER_PAYMENT] = "payment", [LEDGER_SALE] = "sale",       [LEDGER_PACK] = "pack",    [LEDGER_RELEASE] = "release",
    [LEDGER_REFUND] = "refund",   [LEDGER_EARNING] = "earning", [LEDGER_PAYOUT] = "payout"};

static const char *const accounts[LEDGER_ACCOUNT_COUNT] = {
    [LEDGER_CLEARING] = "clearing", [LEDGER_FEES] = "fees",       [LEDGER_HELD] = "held",
    [LEDGER_REVENUE] = "revenue",   [LEDGER_REFUNDS] = "refunds", [LEDGER_CREDIT] = "credit",
    [LEDGER_REFERRAL] = "referral", [LEDGER_REWARDS] = "rewards", [LEDGER_TAX] = "tax"};

static const char *account_of(struct arena *arena, const struct ledger_posting *posting)
{
    const char *word = accounts[posting->account];
    if (posting->provider != NULL)
        return arena_format(arena, "%s:%s", word, posting->provider);
    return posting->user_id == 0 ? word : arena_format(arena, "%s:%" PRId64, word, posting->user_id);
}

void ledger_put_plan(struct arena *arena, const struct ledger_movement *movements, size_t count,
                     struct db_param ret_params[LEDGER_PLAN_PARAMS])
{
    const char **of = arena_array(arena, count * LEDGER_POSTINGS_MAX, sizeof *of);
    const char **where = arena_array(arena, count * LEDGER_POSTINGS_MAX, sizeof *where);
    int64_t *amounts = arena_array(arena, count * LEDGER_POSTINGS_MAX, sizeof *amounts);
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < movements[i].count; k++) {
            of[at] = kinds[movements[i].kind];
            where[at] = account_of(arena, &movements[i].postings[k]);
            amounts[at++] = movements[i].postings[k].kopecks;
        }
    }
    ret_params[0] = db_text_array(arena, of, at);
    ret_params[1] = db_text_array(arena, where, at);
    ret_params[2] = db_int64_array(arena, amounts, at);
}
