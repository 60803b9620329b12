/* The SQL of Telegram's stars (a migration, "stars"): invoices, whether one may be paid, what came and what went back,
 * and how far the list of transactions was read. Amounts are in the smallest unit of the currency, of which stars
 * ("XTR") have no other. */
#ifndef DB_STARS_H
#define DB_STARS_H

#include "db/db.h"

/* Right before Telegram takes the stars. */
enum stars_answer {
    STARS_OK,
    STARS_UNKNOWN, /* no invoice of ours, or not of who is to pay */
    STARS_PAID,    /* … in one way or the other */
    STARS_OVER,
    STARS_CHANGED, /* it asks for another sum than the order */
    STARS_ANSWER_COUNT
};

/* What Telegram says of stars, as it says it. Texts are borrowed. */
struct stars_said {
    const char *charge_id, *payload, *currency;
    int64_t amount; /* above 0 */
    int64_t payer;  /* Telegram's id */
};

/* All add functions return the index of the statement that the read function wants. */

int stars_add_may(struct db_unit *unit, struct arena *arena, const struct stars_said *said);
/* ret_lang: of the payer, as it is stored; NULL = not known. */
enum stars_answer stars_read_may(const struct db_result *result, int statement, const char **ret_lang);

/* The invoice of the order has a link, which is told; or none can be made. */
int stars_add_invoice(struct db_unit *unit, struct arena *arena, int64_t order_id, const char *url);
int64_t stars_read_news(const struct db_result *result, int statement); /* 0 = it is not wanted any more */
void stars_add_no_invoice(struct db_unit *unit, struct arena *arena, int64_t order_id);

/* They came; or went back. Any number of times: stars_paid(), stars_given_back(). */
void stars_add_paid(struct db_unit *unit, struct arena *arena, const struct stars_said *said);
void stars_add_given_back(struct db_unit *unit, struct arena *arena, const struct stars_said *said);

/* How many of the bot's transactions were read. */
int stars_add_seen(struct db_unit *unit, struct arena *arena, int64_t bot_id);
int64_t stars_read_seen(const struct db_result *result, int statement);
/* So many now. is_end: there are no more of them. */
void stars_add_mark(struct db_unit *unit, struct arena *arena, int64_t bot_id, int64_t seen, bool is_end);
/* The payment stands in the list; affiliate: Telegram paid somebody for it. */
void stars_add_listed(struct db_unit *unit, struct arena *arena, const char *charge_id, bool affiliate);
/* … its refund does. */
void stars_add_refund_listed(struct db_unit *unit, struct arena *arena, const char *charge_id);
/* The next look at the list: at once, or in a while if there is anything that may come to stand there. */
void stars_add_look(struct db_unit *unit, struct arena *arena, bool now);
/* Whoever takes the bot looks. */
void stars_add_hurry(struct db_unit *unit);

#endif
