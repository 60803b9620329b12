/* Stars: an invoice in them, and the bot's transactions. */
#ifndef BOT_SERVICES_TELEGRAM_STARS_H
#define BOT_SERVICES_TELEGRAM_STARS_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/arena.h"

enum { TELEGRAM_STARS_PAGE = 100 }; /* Telegram's limit */

enum telegram_star_kind {
    TELEGRAM_STAR_OTHER,  /* a gift, a withdrawal, the price of something: no payment for an invoice of ours */
    TELEGRAM_STAR_PAID,   /* … which this is */
    TELEGRAM_STAR_REFUND, /* of one */
    TELEGRAM_STAR_KIND_COUNT
};

struct telegram_star {
    enum telegram_star_kind kind;
    const char *id; /* of the payment; a refund has the same */
    const char *payload;
    int64_t amount, user_id;
    bool affiliate; /* Telegram's programme paid somebody for it */
};

/* What createInvoiceLink is asked with, malloc'ed. title: 1 to 32 characters, description: to 255, payload: to 128
 * bytes.
 */
char *telegram_stars_invoice(const char *title, const char *description, const char *payload, int64_t stars);
/* What getStarTransactions is asked with, malloc'ed: a page from offset on. */
char *telegram_stars_params(int64_t offset);
/* Its result, in the arena: as many as there are in it, OTHER for whatever can't be read. */
size_t telegram_stars(struct arena *arena, struct json_object *result, struct telegram_star **ret_list);

#endif
