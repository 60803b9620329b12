/* When to look at a payment again, and how long its key may be used: the times of YooKassa's contract in one place. */
#ifndef CORE_PAYMENT_PLAN_H
#define CORE_PAYMENT_PLAN_H

#include <stdbool.h>
#include <stdint.h>

/* How long a create may be repeated with the key that was first sent: it is forgotten after 24 h, and then the same key
 * would be a second payment. */
#define PAYMENT_PLAN_KEY_MS (INT64_C(23) * 3600 * 1000)
#define PAYMENT_PLAN_WATCH_MS (INT64_C(30) * 24 * 3600 * 1000) /* then only the list reconciliation finds it */

/* When the payment made at created_ms should be asked about next, given that it was asked now and is still pending:
 * after 5 s at first, then after a twelfth of its age up to 60 s (once its user gave it up, after a quarter up to 5
 * min: who changes their mind does so soon), until it is 65 min old (its link is dead by then); hourly until 24 h (slow
 * methods), daily until 30 days. 0 = not any more. Times are unix ms; a created_ms in the future counts as now. */
int64_t payment_plan_next_ms(int64_t created_ms, bool given_up, int64_t now_ms);

#endif
