/* What the cashier's files share: the book of open orders (bot/chores/cashier.c) and the steps of one (create.c,
 * watch.c).
 *
 * A step belongs to one order and ends in exactly one of cashier_again and cashier_forget. */
#ifndef BOT_CHORES_CASHIER_PRIVATE_H
#define BOT_CHORES_CASHIER_PRIVATE_H

#include "bot/chores/cashier.h"
#include "bot/services/yookassa/client.h"
#include "core/event.h"
#include "db/payments.h"

enum {
    CASHIER_ORDERS_MAX = 50000, /* loaded at start, the newest; each takes about 200 bytes */
    CASHIER_AT_ONCE_MAX = 16,   /* steps under way */
    CASHIER_CHECK_MS = 2000,    /* between two looks that a user asks for */
    CASHIER_BASE_MS = 2000,
    CASHIER_CAP_MS = 60 * 1000
};

enum open_stage {
    OPEN_READ, /* look the order up, and create its payment if it has none */
    OPEN_WATCH /* ask YooKassa about payment_id */
};

struct open_order {
    struct cashier *cashier; /* NULL: the cashier was freed while YooKassa was asked */
    struct open_order *next_due;
    int64_t id, chat_id, created_at_ms;
    int64_t look_at_ms; /* the next look, while nothing runs */
    int64_t checked_ms; /* when a user last asked for one */
    bool asked;         /* … and waits for what it finds */
    enum open_stage stage;
    bool queued, busy;
    bool asking;                /* YooKassa has the word: the answer will come whatever happens */
    bool complained;            /* its trouble was logged */
    int attempts;               /* failed ones in a row */
    enum payment_reason reason; /* of the end that is being recorded */
    char payment_id[YOOKASSA_ID_BYTES];
};

struct cashier {
    struct shop *shop;
    struct open_order **orders; /* ascending by id */
    size_t count, capacity;
    struct open_order *due_first, *due_last;
    size_t working;
    bool pumping;
    int load_attempts;
};

void cashier_run_read(struct open_order *order);
void cashier_run_watch(struct open_order *order);
/* The step is over; the next one comes by the plan, or never if the payment is too old. */
void cashier_next_look(struct open_order *order);

/* The step is over; the next one comes after wait_ms. */
void cashier_again(struct open_order *order, int64_t wait_ms);
/* … after a back-off, at least least_ms. Logs what is wrong once, until cashier_fine. */
void cashier_retry(struct open_order *order, int64_t least_ms, const char *doing, const char *why);
void cashier_fine(struct open_order *order);
/* The step is over and the order needs nothing more. Frees it. */
void cashier_forget(struct open_order *order);

/* News of an order: nothing if nobody is to be told. */
void cashier_post(struct cashier *cashier, const struct event *news);

#endif
