/* News that have rows: each is told once. One whose row is gone was told by an earlier life or turn, and is passed over
 * at the load, where the others get the word of their row; the rows of those that are stepped go in the same commit.
 * Rows that nobody put into the mailbox (a crash came in between, or another machine wrote them) are looked for when
 * somebody says that there may be some, never by the clock; what is found although it is already in hand does no harm.
 */
#include <stdlib.h>

#include "bot/base/log.h"
#include "bot/base/mailbox.h"
#include "bot/base/timers.h"
#include "bot/turn/private.h"
#include "db/news.h"

enum { LOOK_ROWS = TURNS_EVENTS_MAX, LOOK_AGAIN_MS = 1000 };

void turn_news_mark(struct turns *turns)
{
    for (size_t i = 0; i < turns->count; i++) {
        struct happening *happening = &turns->list[i];
        for (size_t k = 0; k < i && happening->event.news_id != 0; k++)
            if (turns->list[k].event.news_id == happening->event.news_id)
                happening->fate = FATE_PASS;
    }
}

static bool is_kept(const struct happening *happening)
{
    return happening->fate == FATE_STEP && happening->event.news_id != 0;
}

void turn_news_want(struct turns *turns, struct db_unit *unit)
{
    int64_t *ids = arena_array(&turns->try, turns->size, sizeof *ids);
    size_t count = 0;
    for (size_t i = turns->at; i < turns->at + turns->size; i++)
        if (is_kept(&turns->list[i]))
            ids[count++] = turns->list[i].event.news_id;
    turns->standing_at = count == 0 ? -1 : news_add_standing(unit, &turns->try, ids, count);
}

void turn_news_loaded(struct turns *turns, const struct db_result *result)
{
    if (turns->standing_at < 0)
        return;
    turns->told = arena_array(&turns->try, turns->size, sizeof *turns->told);
    for (size_t i = turns->at; i < turns->at + turns->size; i++) {
        struct happening *happening = &turns->list[i];
        if (!is_kept(happening))
            continue;
        if (news_read_standing(result, turns->standing_at, &happening->event))
            turns->told[turns->told_count++] = happening->event.news_id;
        else
            happening->fate = FATE_PASS;
    }
}

void turn_news_add(struct turns *turns, struct db_unit *unit)
{
    if (turns->told_count > 0)
        news_add_told(unit, &turns->try, turns->told, turns->told_count);
}

/* ---- rows that nobody brought ---- */

static void look_due(void *ctx, int64_t object)
{
    struct turns *turns = ctx;
    (void)object;
    turns->news_look.waiting = false;
    mailbox_look(turns->ports.mailbox);
}

static void looked(void *ctx, const struct db_result *result, const struct db_failure *failure)
{
    struct turns *turns = ctx;
    struct news_look *look = &turns->news_look;
    look->looking = false;
    look->more = false;
    bool unknown = false;
    if (failure != NULL) {
        log_warn("turns", "can't look for news: %s; trying on", failure->message);
        look->waiting = true;
        timers_add(turns->ports.timers, turns->ports.clock->unix_ms + LOOK_AGAIN_MS, look_due, turns, 0);
        return;
    }
    for (int row = 0; row < db_rows(result, 0); row++) {
        struct event news = news_read_untold(result, row);
        look->after_id = news.news_id;
        if (news.kind != EVENT_NONE)
            mailbox_put(turns->ports.mailbox, &news);
        unknown = unknown || news.kind == EVENT_NONE;
    }
    if (unknown && !look->unknown_told)
        log_warn("turns", "bot_news has some that only a newer version knows; they wait for it");
    look->unknown_told = look->unknown_told || unknown;
    look->more = db_rows(result, 0) == LOOK_ROWS;
}

void turn_news_look(struct turns *turns)
{
    struct news_look *look = &turns->news_look;
    struct arena arena;
    if (look->looking || look->waiting || turns->ports.stop->asked)
        return;
    if (mailbox_take_look(turns->ports.mailbox))
        look->after_id = 0;
    else if (!look->more || mailbox_count(turns->ports.mailbox) > 0)
        return;
    struct db_unit *unit = db_unit_new();
    look->looking = true;
    arena_init(&arena);
    news_add_untold(unit, &arena, look->after_id, LOOK_ROWS);
    arena_done(&arena);
    db_submit(turns->ports.db, unit, looked, turns);
}
