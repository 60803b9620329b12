/* HOLD_BOT: rows come into memory. The open ones are loaded when the chore is opened, and again when the list had to
 * leave some in the database and has room; of one that was only named (engine_wake) the row is read before it begins,
 * those of all that begin together in one trip. */
#include "bot/chores/engine/private.h"

#include "bot/base/log.h"

/* ---- all that is open ---- */

static void loaded(void *ctx, const struct db_result *result, const struct db_failure *failure)
{
    struct desk *desk = ctx;
    desk->loading = false;
    if (failure != NULL) {
        desk->more = true;
        desk_rest(desk, &desk->database_failures, 0, "can't load what is open", failure->message);
        return;
    }
    desk->database_failures = 0;
    for (int row = 0; row < db_rows(result, 0); row++) {
        struct errand_place *place = place_of_row(desk, &(struct chore_row){result, 0, row});
        if (place != NULL && place->errand.wait_ms > 0)
            place_wait(place, ASIDE, place->errand.wait_ms);
        else if (place != NULL)
            place_put_in_line(place, LINE_LOOKS);
    }
    desk->more = desk->more || db_rows(result, 0) >= desk->chore.known_max;
    if (desk->more)
        log_warn(desk_name(desk), "%d are open and known; there are more, which wait in the database",
                 (int)desk->count);
    desk_pump(desk);
}

static void load_more(struct desk *desk)
{
    struct arena arena;
    if (!desk->more || desk->loading || desk->count > (size_t)desk->chore.known_max / 2)
        return;
    struct db_unit *unit = db_unit_new();
    arena_init(&arena);
    (void)desk->table->load(desk->table_self, unit, &arena, desk->chore.known_max);
    arena_done(&arena);
    desk->more = false;
    desk->loading = true;
    db_submit(desk->engine->ports.db, unit, loaded, desk);
}

/* ---- the row of one ---- */

bool load_is_reading(const struct desk *desk)
{
    return desk->is_reading;
}

void load_row(struct errand_place *place)
{
    struct desk *desk = place->desk;
    place_move(place, READING);
    desk->reading[desk->reading_count++] = place;
}

static void take_row(struct errand_place *place, const struct db_result *result)
{
    struct chore_row row = {result, place->statement, 0};
    if (db_rows(result, place->statement) == 0 || !place_read(place, &row))
        place_drop(place); /* it ended, or went with its user */
    else if (desk_stopping(place->desk))
        place_put_in_line(place, place->line);
    else if (place->errand.wait_ms > 0)
        place_wait(place, ASIDE, place->errand.wait_ms);
    else
        place_begin(place, &row);
}

static void rows_read(void *ctx, const struct db_result *result, const struct db_failure *failure)
{
    struct desk *desk = ctx;
    size_t count = desk->reading_count;
    desk->pumping = true; /* the list below is not to be filled anew */
    for (size_t i = 0; i < count; i++)
        if (failure != NULL)
            place_put_in_line(desk->reading[i], desk->reading[i]->line);
        else
            take_row(desk->reading[i], result);
    desk->pumping = desk->is_reading = false;
    desk->reading_count = 0;
    if (failure != NULL)
        desk_rest(desk, &desk->database_failures, 0, "can't read what is to be done", failure->message);
    else
        desk->database_failures = 0;
    desk_pump(desk);
}

void load_submit(struct desk *desk)
{
    struct arena arena;
    load_more(desk);
    if (desk->reading_count == 0 || desk->is_reading)
        return;
    struct db_unit *unit = db_unit_new();
    arena_init(&arena);
    for (size_t i = 0; i < desk->reading_count; i++)
        desk->reading[i]->statement = desk->table->find(desk->table_self, unit, &arena, desk->reading[i]->errand.id);
    arena_done(&arena);
    desk->is_reading = true;
    db_submit(desk->engine->ports.db, unit, rows_read, desk);
}
