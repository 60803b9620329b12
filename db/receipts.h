/* The SQL of receipts that YooKassa has registered with a payment: what it says of them, and which are missing. */
#ifndef DB_RECEIPTS_H
#define DB_RECEIPTS_H

#include "db/db.h"

/* SQL: of bot_payments p, those whose receipt the owner must hear of. */
#define RECEIPTS_MISSING                                                                                               \
    "p.state = 'succeeded' AND (p.receipt = 'canceled'"                                                                \
    " OR (p.receipt = 'pending' AND p.ended_at < now() - interval '5 minutes'))"

enum { RECEIPTS_LATE_MS = 5 * 60 * 1000 /* as above */ };

/* Both by YooKassa's name for the payment, and after receipts_read_due() of their statement: is a look through the
 * books due now? What it says of the receipt: "succeeded", "canceled"; anything else changes nothing. */
int receipts_add_seen(struct db_unit *unit, const char *payment_id, const char *receipt);
/* It is not there after RECEIPTS_LATE_MS. */
int receipts_add_missed(struct db_unit *unit, const char *payment_id);
bool receipts_read_due(const struct db_result *result, int statement);

#endif
