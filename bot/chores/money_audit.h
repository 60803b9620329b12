/* The look through the books (db/audit.h): once a day, and when the bot is taken, by any one machine. The owner hears
 * of what is new, EVENT_MONEY_ODD. */
#ifndef BOT_CHORES_MONEY_AUDIT_H
#define BOT_CHORES_MONEY_AUDIT_H

#include "bot/base/mailbox.h"
#include "bot/base/stop.h"
#include "bot/chores/engine.h"

struct money_audit;

/* Borrowed; all outlive it. */
struct money_audit_ports {
    struct engine *engine;
    struct db *db;
    struct mailbox *mailbox;
    const struct stop *stop;
    const int64_t *owners; /* their chats */
    size_t owner_count;
};

/* Adds the chore to the engine, which is freed first. Never NULL. */
struct money_audit *money_audit_new(const struct money_audit_ports *ports);
void money_audit_free(struct money_audit *audit); /* accepts NULL */

#endif
