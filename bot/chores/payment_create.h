/* The chore that creates the payment of a committed order. Woken with the order's id; ends with EVENT_PAYMENT_LINK, and
 * payment_watch goes on with it, or with EVENT_PAYMENT_FAILED. */
#ifndef BOT_CHORES_PAYMENT_CREATE_H
#define BOT_CHORES_PAYMENT_CREATE_H

#include "bot/chores/engine.h"
#include "bot/services/yookassa/client.h"

struct payment_create;

/* Borrowed, all outlive it. */
struct payment_create_ports {
    struct engine *engine;
    struct yookassa *yookassa;
    const struct clock *clock;
    int64_t link_life_ms;
    const char *shop_id; /* whose payment it must be … */
    bool test_shop;      /* … and whether that is a test shop */
};

/* Adds itself to the engine, which is freed before it. Never NULL. */
struct payment_create *payment_create_new(const struct payment_create_ports *ports);
void payment_create_free(struct payment_create *self); /* accepts NULL */

#endif
