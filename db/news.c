/* Statements on bot_news. A row is the only thing that says "not told yet": so each event that has one is stepped only
 * while the row stands, and the turn that steps it deletes the row in its own transaction. */
#include "db/news.h"

#include <stdio.h>

#include "db/deed.h"
#include "db/words.h"

void news_add_untold(struct db_unit *unit, struct arena *arena, int64_t after_id, int limit)
{
    (void)db_unit_add(unit,
                      "SELECT id, chat_id, kind, object, other, word FROM bot_news WHERE id > $1 ORDER BY id LIMIT $2",
                      2, (struct db_param[]){db_int64_param(arena, after_id), db_int64_param(arena, limit)});
}

/* What its word says, of one that is known to be of its kind. */
static void read_word(struct event *news, const char *word)
{
    if (news->kind == EVENT_PHOTO_READY)
        news->verdict = words_verdict(word);
    else if (news->kind == EVENT_RECEIPT)
        (void)snprintf(news->receipt, sizeof news->receipt, "%s", word == NULL ? "" : word);
    else if (news->kind != EVENT_REFUND_PENDING && news->kind != EVENT_REFUND_DONE &&
             news->kind != EVENT_REFUND_REFUSED)
        news->reason = words_payment_reason(word);
    news->refund_why = words_refund_why(word);
    news->in_stars = words_refund_in_stars(word);
}

struct event news_read_untold(const struct db_result *result, int row)
{
    struct event news = {.news_id = db_int64(result, 0, row, 0),
                         .chat_id = db_int64(result, 0, row, 1),
                         .kind = words_event(db_text(result, 0, row, 2)),
                         .object = db_int64(result, 0, row, 3),
                         .other = db_int64(result, 0, row, 4)};
    read_word(&news, db_text(result, 0, row, 5));
    return news;
}

int news_add_standing(struct db_unit *unit, struct arena *arena, const int64_t *ids, size_t count)
{
    return db_unit_add(unit, "SELECT id, word FROM bot_news WHERE id = ANY ($1::bigint[])", 1,
                       (struct db_param[]){db_int64_array(arena, ids, count)});
}

bool news_read_standing(const struct db_result *result, int statement, struct event *news)
{
    int row = 0;
    while (row < db_rows(result, statement) && db_int64(result, statement, row, 0) != news->news_id)
        row++;
    if (row == db_rows(result, statement))
        return false;
    read_word(news, db_text(result, statement, row, 1));
    return true;
}

void news_add_told(struct db_unit *unit, struct arena *arena, const int64_t *ids, size_t count)
{
    (void)db_unit_add(unit, DEED("DELETE FROM bot_news WHERE id = ANY ($1::bigint[])", "cardinality($1::bigint[])"), 1,
                      (struct db_param[]){db_int64_array(arena, ids, count)});
}
