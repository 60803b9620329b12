/* Questions right before a payment with stars ("pre_checkout_query"): Telegram takes them only after a "yes" within 10
 * s, so they stand in no line, neither with the updates they come with nor with the calls of the governor. */
#ifndef BOT_SERVICES_TELEGRAM_CHECKOUT_H
#define BOT_SERVICES_TELEGRAM_CHECKOUT_H

#include <stddef.h>
#include <stdint.h>
#include "core/arena.h"

struct telegram;

struct telegram_checkout {
    const char *query_id, *payload, *currency;
    int64_t user_id, amount;   /* in the smallest unit of the currency */
    const char *language_code; /* as Telegram gave it, or NULL */
};

/* Those in a body of getUpdates, all in the arena, at most TELEGRAM_BATCH_MAX. What is no question of a person is
 * passed over: nobody is charged without an answer. */
size_t telegram_checkouts(struct arena *arena, const char *body, size_t bytes, struct telegram_checkout **ret_list);

/* why: NULL = yes; else what the payer is told. Sent at once, on a connection of its own; a few more times if it fails,
 * as long as it can help; then it is told to the log. */
void telegram_answer_checkout(struct telegram *tg, int64_t now_ms, const char *query_id, const char *why);

#endif
