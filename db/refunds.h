/* The SQL of refunds: what is known of one (table bot_refunds), and each step of its way. Amounts are kopecks, or the
 * smallest unit of another currency. */
#ifndef DB_REFUNDS_H
#define DB_REFUNDS_H

#include "core/event.h"
#include "db/db.h"

enum refunds_state {
    REFUNDS_OWED,
    REFUNDS_ASKED,
    REFUNDS_PENDING,
    REFUNDS_SUCCEEDED,
    REFUNDS_REFUSED,
    REFUNDS_VOID,
    REFUNDS_STATE_COUNT
};

/* Texts are borrowed from the result. */
struct refunds_row {
    int64_t id;
    enum refunds_state state;
    enum refund_why why;
    int64_t kopecks; /* 0: a share that is not computed yet … */
    int32_t missing; /* … of so many photos; 0: no share */
    int32_t attempt; /* keys it had */
    const char *key, *body;
    const char *outside_id; /* NULL until the provider has it */
    int64_t age_ms;         /* of the key */
    bool waits;             /* an older one of the same payment is to be asked for, or was, and is not answered */
    /* Its payment and order: */
    const char *provider;
    const char *payment_id;
    int64_t payer;            /* of stars: Telegram's id of who paid; 0 = not known */
    const char *payment_body; /* NULL: not known any more */
    const char *currency;
    int64_t left_kopecks;  /* of it, without this refund and all others that went or may go back */
    bool sold;             /* it was earned */
    int64_t order_id;      /* 0 = nobody's */
    int64_t price_kopecks; /* of one set */
    int32_t photos;        /* of it */
};

/* All add functions return the index of their statement. */

/* A row, or none when there is no such refund. */
int refunds_add_find(struct db_unit *unit, struct arena *arena, int64_t id);
struct refunds_row refunds_read(const struct db_result *result, int statement);

/* refunds_read_done of these. owed → asked: what will be asked is kept. */
int refunds_add_asked(struct db_unit *unit, struct arena *arena, int64_t id, int64_t kopecks, const char *currency,
                      const char *key, const char *body);
/* asked → owed: it is certain that nothing was made by this key. */
int refunds_add_unmade(struct db_unit *unit, struct arena *arena, int64_t id, const char *key);
/* owed → void: there is nothing left to give back. */
void refunds_add_void(struct db_unit *unit, struct arena *arena, int64_t id);

/* refunds_read_done, refunds_read_news of each of these. */
int refunds_add_pending(struct db_unit *unit, struct arena *arena, int64_t id, const char *key, const char *outside_id);
int refunds_add_succeeded(struct db_unit *unit, struct arena *arena, const struct refunds_row *row);
int refunds_add_refused(struct db_unit *unit, struct arena *arena, int64_t id, const char *key, const char *reason,
                        bool is_asked_anew);
/* Did this call change it? And the news of it: 0 if there are none. */
bool refunds_read_done(const struct db_result *result, int statement);
int64_t refunds_read_news(const struct db_result *result, int statement);

/* Somebody says that these have moved, by the provider's names for them: they are looked at now. db_affected() of it:
 * how many are. */
int refunds_add_hurry(struct db_unit *unit, struct arena *arena, const char *const *names, size_t count);

/* All that is left of a payment is to go back, by a person's wish. refunds_read_wanted: what is on its way then; 0: all
 * of it went back before; less than 0: no money came for it. */
int refunds_add_wanted(struct db_unit *unit, struct arena *arena, int64_t payment_id);
int64_t refunds_read_wanted(const struct db_result *result, int statement, const char **ret_currency);

#endif
