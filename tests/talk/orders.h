/* Orders on the stage: what is sold, codes, packs and gifts, and what becomes of each. Only for the stage, which loads
 * and applies with these. */
#ifndef TESTS_TALK_ORDERS_H
#define TESTS_TALK_ORDERS_H

#include "tests/talk/stage.h"

void orders_load_open(struct stage *stage, struct facts *facts);
void orders_load_offers(struct stage *stage, struct facts *facts);
void orders_create(struct stage *stage, const struct effect *effect);
/* Costs nothing: its set is begun, too. */
void orders_take(struct stage *stage, const struct effect *effect);
void orders_cancel(struct stage *stage, int64_t order_id);

#endif
