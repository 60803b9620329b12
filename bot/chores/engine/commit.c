/* An end comes into the database, in one transaction with what goes along with it (chore->write), and is told again
 * and again until it was heard. A try whose answer was lost may have been taken: then the next one finds the row ended,
 * and that is no loss of the errand, but its end (errand->uncertain). What a table refuses is told at once, with what
 * mends it, and tried again with waits that grow. */
#include "bot/chores/engine/private.h"

#include <inttypes.h>
#include "bot/base/log.h"
#include "core/backoff.h"
#include "db/errands.h"

static bool is_last(enum errand_end end)
{
    return end == ERRAND_DONE || end == ERRAND_FAILED || end == ERRAND_LOST;
}

static void leave(struct errand_place *place)
{
    struct desk *desk = place->desk;
    place_drop(place);
    desk_pump(desk);
}

/* It was taken, now or by an earlier try. result NULL: what that try answered is not known. */
static void taken(struct errand_place *place, const struct db_result *result)
{
    const struct chore *chore = &place->desk->chore;
    enum errand_end end = place->errand.end;
    place_move(place, RUNNING);
    place->refused = false;
    bool is_over = chore->heard == NULL || (!is_last(end) && chore->table == NULL) ||
                   chore->heard(chore->self, &place->errand, result);
    if (end == ERRAND_NOTED)
        place_begin(place, NULL);
    else if (is_over)
        leave(place);
}

static void try_on(struct errand_place *place, const struct db_failure *failure)
{
    struct desk *desk = place->desk;
    bool refused = db_fault_of(failure) != DB_FAULT_SERVER;
    int64_t cap_ms = refused ? ENGINE_REFUSED_CAP_MS : ENGINE_CAP_MS;
    int64_t wait_ms = backoff_ms(place->tries, ENGINE_BASE_MS, cap_ms, random_number());
    ++place->tries;
    if (refused && !place->refused)
        log_error(desk_name(desk),
                  "%" PRId64 ": can't record how it ended: %s. To mend it: %s. It is tried again, less and less often",
                  place->errand.id, failure->message, db_remedy(failure->sqlstate));
    else if (!refused && (place->tries == 1 || place->tries == ENGINE_LOUD) && !desk_stopping(desk))
        log_line(place->tries == 1 ? LOG_LEVEL_WARN : LOG_LEVEL_ERROR, desk_name(desk),
                 "%" PRId64 ": can't record how it ended: %s; trying on (%d)", place->errand.id, failure->message,
                 place->tries);
    place->refused = place->refused || refused;
    place->errand.uncertain = place->errand.uncertain || failure->maybe_committed;
    if (!refused || desk->hold == HOLD_LEASE) {
        place_wait(place, UNHEARD, wait_ms);
        return;
    }
    place_wait(place, REFUSED, wait_ms);
    desk_pump(desk); /* there is a place more */
}

static void committed(void *ctx, const struct db_result *result, const struct db_failure *failure)
{
    struct errand_place *place = ctx;
    struct desk *desk = place->desk;
    const struct chore *chore = &desk->chore;
    if (failure == NULL) {
        desk_step(desk, CHORE_STEP_AFTER_COMMIT);
        taken(place, result);
    } else if (errands_lost(failure) && place->errand.uncertain) {
        taken(place, NULL);
    } else if (errands_lost(failure)) {
        log_warn(desk_name(desk), "%" PRId64 ": it was not ours any more; what came of it is dropped",
                 place->errand.id);
        leave(place);
    } else if (chore->refused != NULL && db_fault_of(failure) != DB_FAULT_SERVER &&
               chore->refused(chore->self, &place->errand, failure)) {
        commit(place);
    } else {
        try_on(place, failure);
    }
}

void commit(struct errand_place *place)
{
    struct desk *desk = place->desk;
    const struct chore *chore = &desk->chore;
    bool own_table = chore->table != NULL, last = is_last(place->errand.end);
    struct db_unit *unit = db_unit_new();
    struct arena arena;
    place_move(place, COMMITTING);
    arena_init(&arena);
    if (!own_table) /* first: what was done before, or is another's, is not written again */
        rows_add_end(unit, &arena, &place->errand);
    if (chore->write != NULL && (last || own_table))
        chore->write(chore->self, &place->errand, unit, &arena);
    arena_done(&arena);
    if (db_unit_count(unit) == 0) { /* the row says it already */
        db_unit_free(unit);
        leave(place);
        return;
    }
    desk_step(desk, CHORE_STEP_BEFORE_COMMIT);
    db_submit(desk->engine->ports.db, unit, committed, place);
}
