/* Codes and gifts as the owner makes them. That they are used within their limits is said in db/records_orders.c. */
#ifndef DB_OFFERS_H
#define DB_OFFERS_H

#include "db/db.h"

struct offers_code {
    const char *code; /* as core/promo.h reads it */
    int64_t percent;  /* 0: off_kopecks says it */
    int64_t off_kopecks;
    int64_t limit_all, limit_user; /* 0 = any number */
    const char *from, *until;      /* days, "2026-12-31", both of them still in; NULL = from ever, for ever */
    int64_t utc_offset_minutes;    /* of the clock of these days */
    const char *const *styles;     /* count 0 = all */
    size_t style_count;
};

/* offers_read_done: false = there is such a code already; or a day is none. */
void offers_add_code(struct db_unit *unit, struct arena *arena, const struct offers_code *code);
/* false = there is no such code, or it was off. */
void offers_add_off(struct db_unit *unit, const char *code);
/* Sets for a user of Telegram, who hears of it. false = there is no such user. */
void offers_add_gift(struct db_unit *unit, struct arena *arena, int64_t telegram_user_id, int64_t sets);
bool offers_read_done(const struct db_result *result);

/* All codes, the newest first: a line of words each. */
void offers_add_list(struct db_unit *unit);
const char *offers_read_line(const struct db_result *result, int row);

#endif
