/* The invoice in stars of an order: a link, made by Telegram from what stands in the errand. Made twice it is two links
 * to the same payment, of which the chat sees one. */
#ifndef BOT_CHORES_STAR_INVOICE_H
#define BOT_CHORES_STAR_INVOICE_H

#include "bot/base/clock.h"
#include "bot/chores/engine.h"

struct star_invoice;
struct telegram;

/* Borrowed; all outlive it. */
struct star_invoice_ports {
    struct engine *engine;
    struct telegram *telegram;
    const struct clock *clock;
};

/* Adds the chore to the engine, which is freed first. Never NULL. */
struct star_invoice *star_invoice_new(const struct star_invoice_ports *ports);
void star_invoice_free(struct star_invoice *self); /* accepts NULL */

#endif
