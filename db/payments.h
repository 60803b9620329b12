/* The SQL of the payments' chores: open orders, and each step of a payment's life (tables orders and bot_payments).
 * Amounts are kopecks, times unix ms. */
#ifndef DB_PAYMENTS_H
#define DB_PAYMENTS_H

#include "core/event.h"
#include "db/db.h"

enum payments_state {
    PAYMENTS_CREATING,
    PAYMENTS_PENDING,
    PAYMENTS_SUCCEEDED,
    PAYMENTS_CANCELED,
    PAYMENTS_FAILED,
    PAYMENTS_MISMATCH,
    PAYMENTS_STATE_COUNT
};

/* Texts are borrowed from the result. */
struct payments_order {
    int64_t id, chat_id;
    int64_t job_id; /* 0 = none */
    int64_t created_at_ms;
    enum payments_state state;
    bool canceled;              /* by the user, before any money, or the user is gone */
    const char *payment_id;     /* NULL until the payment was created */
    enum payment_reason reason; /* of canceled and failed */
    int64_t asked_kopecks;
    const char *currency;
    const char *key, *body; /* only of payments_add_order, else NULL */
};

struct payments_created {
    int64_t order_id;
    const char *payment_id;
    const char *url; /* NULL = it has none any more */
    int64_t until_ms;
};

/* What a provider says of a payment, as it says it. Texts are borrowed. */
struct payments_seen {
    const char *provider; /* "yookassa" */
    const char *payment_id;
    enum { PAYMENTS_SAID_PENDING, PAYMENTS_SAID_SUCCEEDED, PAYMENTS_SAID_CANCELED, PAYMENTS_SAID_COUNT } status;
    bool paid;
    bool test;        /* no real money … */
    bool test_untold; /* … or it is not said */
    int64_t amount_kopecks;
    int64_t income_kopecks; /* what its fee leaves of that; 0 = not told */
    const char *currency;
    int64_t order_id;           /* 0 = none of ours */
    const char *shop;           /* NULL = not told */
    enum payment_reason reason; /* of CANCELED */
    const char *receipt;        /* of SUCCEEDED: how its registration ended; NULL = it did not yet */
};

enum payments_outcome {
    PAYMENTS_SETTLED, /* now, by this call: it has a job */
    PAYMENTS_ALREADY, /* it ended earlier, also in another way than is said now */
    PAYMENTS_HELD,    /* money, but not as it was asked: nothing was given, a person must look */
    PAYMENTS_OWED,    /* money, and nothing can be given for it: it is to be given back */
    PAYMENTS_UNKNOWN, /* no order has this payment; if money came, a person must look */
    PAYMENTS_UNPAID,  /* these end it without money */
    PAYMENTS_FOREIGN, /* … because it is another order's, or another shop's */
    PAYMENTS_NOTHING, /* nothing has happened yet */
    PAYMENTS_OUTCOME_COUNT
};

/* Why there is no payment. */
enum payments_end {
    PAYMENTS_UNWANTED, /* canceled before anybody saw a link: nobody is told */
    PAYMENTS_REFUSED,
    PAYMENTS_LOST,      /* there may be one, which nobody can ask for any more: a person must look */
    PAYMENTS_NOT_OURS,  /* what was answered is another order's, or shop's, payment: a person must look */
    PAYMENTS_OTHER_SUM, /* … has another sum or currency than was asked: a person must look */
    PAYMENTS_END_COUNT
};

struct payments_settled {
    enum payments_outcome outcome;
    int64_t order_id, chat_id, job_id; /* 0 = none */
    int64_t news_id;                   /* of what its chat is to hear; 0: nothing, or an earlier call made them */
};

/* All add functions return the index of the statement that the read function wants. */

/* One order with key and body; no row when it is gone. */
int payments_add_order(struct db_unit *unit, struct arena *arena, int64_t order_id);
/* Orders in this state, creating or pending, made after since_ms, newest first. */
int payments_add_open(struct db_unit *unit, struct arena *arena, enum payments_state state, int64_t since_ms,
                      int limit);
struct payments_order payments_read_order(const struct db_result *result, int statement, int row);

/* creating → pending, with its row in payments. payments_read_done: false = it was not creating any more. */
int payments_add_created(struct db_unit *unit, struct arena *arena, const struct payments_created *created);
/* creating → failed, or canceled (unwanted). */
int payments_add_given_up(struct db_unit *unit, struct arena *arena, int64_t order_id, enum payments_end end,
                          enum payment_reason reason);
/* Of the two above: did this call change it? And the news of it: 0 if there are none. */
bool payments_read_done(const struct db_result *result, int statement);
int64_t payments_read_news(const struct db_result *result, int statement);

/* What was seen becomes true: settle_payment(). Any number of calls, by anybody, make one job or owe one refund. */
int payments_add_seen(struct db_unit *unit, struct arena *arena, const struct payments_seen *seen);
struct payments_settled payments_read_seen(const struct db_result *result, int statement);

/* Whose payments these are, by YooKassa's names for them: payments_read_named() of each of db_rows() is an order. Not
 * those that have succeeded, where nothing more can come. */
int payments_add_named(struct db_unit *unit, struct arena *arena, const char *const *names, size_t count);
int64_t payments_read_named(const struct db_result *result, int statement, int row);

/* A payment for which money came. */
struct payments_came {
    int64_t id;           /* in bot_payments */
    const char *provider; /* borrowed */
    const char *currency; /* borrowed */
    int64_t kopecks;      /* in its smallest unit, of it that did not go back; 0 = none */
    bool sold;            /* and was earned */
    bool is_asked;        /* the provider was asked to give some back, and it is not known what became of that */
    int64_t owed_kopecks; /* … but for the sets of a pack that were not given yet */
};

/* One of these: none when no money came for it. */
void payments_add_came(struct db_unit *unit, struct arena *arena, int64_t id);
struct payments_came payments_read_came(const struct db_result *result);
/* All that was left of it was given back, by a person. payments_read_given_back: false = it is not as it was read. */
void payments_add_given_back(struct db_unit *unit, struct arena *arena, const struct payments_came *came);
bool payments_read_given_back(const struct db_result *result);

#endif
