/* Inside the turns: what a step's effects become, before the commit (rows and terms) and after it (chores). */
#ifndef BOT_TURN_EFFECTS_H
#define BOT_TURN_EFFECTS_H

#include "bot/turn/private.h"
#include "db/commit.h"

/* The terms of every EFFECT_ORDER_CREATE, in the arena: a fresh idempotence key, the payment's body, the looks. Returns
 * how many. An order whose body can't be made is a bug of the config's checks and aborts. */
size_t turn_effects_price(const struct turns *turns, struct arena *arena, const struct effects *effects,
                          const struct chat *chats, size_t chat_count, struct order_terms **ret_terms);
/* The outbox rows of the message effects, in order. At most one id of the pool for each effect. */
size_t turn_effects_rows(struct arena *arena, const struct effects *effects, const struct chat *chats,
                         size_t chat_count, struct id_pool *ids, struct outbox_row **ret_rows);
/* What is to be done now that all is committed: answers to presses, photos to fetch, payments to create or check. */
void turn_effects_start(const struct turns_ports *ports, const struct effects *effects);

#endif
