/* The table errands, for chores that have no table of their own. */
#include "bot/chores/engine/private.h"

#include "core/bug.h"
#include "db/errands.h"

static int rows_load(void *self, struct db_unit *unit, struct arena *arena, int limit)
{
    return errands_add_load(unit, arena, desk_name(self), limit);
}

static int rows_find(void *self, struct db_unit *unit, struct arena *arena, int64_t id)
{
    return errands_add_find(unit, arena, desk_name(self), id);
}

static int rows_claim(void *self, struct db_unit *unit, struct arena *arena, const struct claim *claim)
{
    return errands_add_claim(unit, arena, desk_name(self), claim);
}

static bool rows_read(void *self, const struct chore_row *row, struct errand *errand)
{
    const struct desk *desk = self;
    struct errands_row read = errands_read(row->result, row->statement, row->row);
    errand->id = read.id;
    errand->chat_id = read.chat_id;
    errand->born_ms = read.born_ms;
    if (desk->hold == HOLD_LEASE)
        errand->attempts = read.attempts - 1;
    else
        errand->wait_ms = read.wait_ms;
    errand_name(errand, read.outside);
    return true;
}

const struct chore_table errands_table = {.load = rows_load,
                                          .find = rows_find,
                                          .claim = rows_claim,
                                          .next_wait_ms = errands_read_next_wait_ms,
                                          .renew = errands_add_renew,
                                          .read = rows_read};

void rows_add_end(struct db_unit *unit, struct arena *arena, const struct errand *errand)
{
    switch (errand->end) {
    case ERRAND_DONE: (void)errands_add_done(unit, arena, errand->id, errand->token); return;
    case ERRAND_FAILED:
    case ERRAND_LOST:
        (void)errands_add_failed(unit, arena, errand->id, errand->token, errand->end == ERRAND_LOST, errand->why);
        return;
    case ERRAND_NOTED: (void)errands_add_note(unit, arena, errand->id, errand->token, errand->outside); return;
    case ERRAND_AGAIN:
    case ERRAND_RETRIED:
        (void)errands_add_again(unit, arena, errand->id, errand->token, errand->wait_ms, errand->end == ERRAND_RETRIED,
                                errand->why);
        return;
    case ERRAND_GIVEN_BACK: (void)errands_add_released(unit, arena, errand->id, errand->token, errand->why); return;
    case ERRAND_END_COUNT: break;
    }
    bug("an errand without an end");
}
