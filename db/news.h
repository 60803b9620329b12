/* The table bot_news: what was learned for a chat and not told yet. The functions that learn something write its row
 * (db/payments.h, db/tasks.h, db/photos.h); here it is found again, and goes with the turn that tells it. */
#ifndef DB_NEWS_H
#define DB_NEWS_H

#include "core/event.h"
#include "db/db.h"

/* Rows that stand, the oldest first, behind the one of that id. */
void news_add_untold(struct db_unit *unit, struct arena *arena, int64_t after_id, int limit);
/* EVENT_NONE, with its news_id, for one that only a newer program understands. */
struct event news_read_untold(const struct db_result *result, int row);

/* For the load of a turn: which of them still stand? Returns the statement's index. Whoever has news in hand need not
 * know their word (the verdict, the reason): it is read from the row. */
int news_add_standing(struct db_unit *unit, struct arena *arena, const int64_t *ids, size_t count);
bool news_read_standing(const struct db_result *result, int statement, struct event *news);

/* Part of the turn that tells them. One that is gone fails the turn (FB002): it is loaded again. */
void news_add_told(struct db_unit *unit, struct arena *arena, const int64_t *ids, size_t count);

#endif
