/* The receipts of the self-employed: each payment that was earned is an income at the tax service, of what was kept of
 * it. Its errands are the rows of npd_receipts, due when one is sold or refunded. */
#ifndef BOT_CHORES_NPD_RECEIPT_H
#define BOT_CHORES_NPD_RECEIPT_H

#include "bot/chores/engine.h"
#include "bot/services/tax/client.h"

struct npd_receipt;

/* Borrowed, all outlive it. */
struct npd_receipt_ports {
    struct engine *engine;
    struct tax *tax;
    const struct clock *clock;
    const char *inn;
};

/* Adds the chore to the engine, which is freed first. Never NULL. */
struct npd_receipt *npd_receipt_new(const struct npd_receipt_ports *ports);
void npd_receipt_free(struct npd_receipt *self); /* accepts NULL */

#endif
