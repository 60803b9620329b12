/* HOLD_LEASE: claims and leases. A claim asks in the same round trip when the next errand will be due, so there is one
 * timer and an idle chore asks nobody. All leases are extended together, at half their time; an errand that is not ours
 * any more is let go. A claim whose answer was lost is no loss: the next one finds what it took. */
#include "bot/chores/engine/private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "bot/base/log.h"
#include "core/bug.h"

enum {
    LOCKED_WAIT_MS = 1000, /* due, but another machine was just taking it */
    CLOCK_MARGIN_MS = 20   /* ours and the database's don't tick together */
};

static void look(void *ctx, int64_t unused)
{
    struct desk *desk = ctx;
    (void)unused;
    if (desk->look_at_ms > desk_now_ms(desk))
        return; /* a wish that was taken back */
    desk->look_at_ms = INT64_MAX;
    desk_pump(desk);
}

static void look_after(struct desk *desk, int64_t wait_ms)
{
    int64_t at_ms = desk_now_ms(desk) + wait_ms;
    if (at_ms >= desk->look_at_ms)
        return;
    desk->look_at_ms = at_ms;
    desk_timer(desk, at_ms, look, 0);
}

/* ---- leases ---- */

static void renew(void *ctx, int64_t unused);

static void renew_after(struct desk *desk, int64_t wait_ms)
{
    if (desk->renew_at_ms != INT64_MAX)
        return;
    desk->renew_at_ms = desk_now_ms(desk) + wait_ms;
    desk_timer(desk, desk->renew_at_ms, renew, 0);
}

static bool is_ours(const struct db_result *result, int64_t id)
{
    for (int row = 0; row < db_rows(result, 0); row++)
        if (db_int64(result, 0, row, 0) == id)
            return true;
    return false;
}

/* Only what is still being done is let go here: one that tells its end hears the same from there. */
static void renewed(void *ctx, const struct db_result *result, const struct db_failure *failure)
{
    struct desk *desk = ctx;
    int64_t lease_ms = desk->chore.lease_ms;
    desk->renewing = false;
    if (failure != NULL)
        log_warn(desk_name(desk), "can't extend the leases: %s", failure->message);
    for (size_t i = desk->count; i > 0; i--) {
        struct errand_place *place = desk->known[i - 1];
        bool was_asked = place->renewing;
        place->renewing = false;
        if (failure != NULL || !was_asked || place->where != RUNNING || is_ours(result, place->errand.id))
            continue;
        log_warn(desk_name(desk), "%" PRId64 ": the lease was lost; it is left to its new holder", place->errand.id);
        place_drop(place);
    }
    if (desk->count > 0)
        renew_after(desk, failure != NULL ? lease_ms / 8 : lease_ms / 2);
    desk_pump(desk);
}

static void renew(void *ctx, int64_t unused)
{
    struct desk *desk = ctx;
    int64_t ids[ENGINE_LEASES_MAX];
    const char *tokens[ENGINE_LEASES_MAX];
    struct arena arena;
    (void)unused;
    desk->renew_at_ms = INT64_MAX;
    if (desk->count == 0 || desk->renewing)
        return;
    for (size_t i = 0; i < desk->count; i++) {
        ids[i] = desk->known[i]->errand.id;
        tokens[i] = desk->known[i]->errand.token;
        desk->known[i]->renewing = true;
    }
    struct db_unit *unit = db_unit_new();
    arena_init(&arena);
    (void)desk->table->renew(unit, &arena, ids, tokens, desk->count, desk->chore.lease_ms);
    arena_done(&arena);
    desk->renewing = true;
    db_submit(desk->engine->ports.db, unit, renewed, desk);
}

/* ---- claims ---- */

static void start(struct desk *desk, const struct chore_row *row)
{
    struct errand_place *place = place_of_row(desk, row);
    if (place == NULL)
        return;
    place->errand.token = strdup(desk->token);
    if (place->errand.token == NULL)
        bug("out of memory");
    place_move(place, RUNNING);
    if (!desk_may_begin(desk))
        verbs_give_back(&place->errand, "the daemon was stopped, or rests");
    else if (desk->chore.attempts_max > 0 && place->errand.attempts >= desk->chore.attempts_max)
        errand_fail(&place->errand, "every worker that tried it died");
    else
        place_begin(place, row);
}

static void claimed(void *ctx, const struct db_result *result, const struct db_failure *failure)
{
    struct desk *desk = ctx;
    if (failure != NULL) {
        desk->claiming = desk->again = false;
        desk_rest(desk, &desk->database_failures, 0, "can't ask what is to be done", failure->message);
        return;
    }
    desk_step(desk, CHORE_STEP_AFTER_CLAIM);
    desk->database_failures = 0;
    int rows = db_rows(result, desk->claim_at);
    for (int row = 0; row < rows; row++) /* still claiming: one that ends at once does not claim in between */
        start(desk, &(struct chore_row){result, desk->claim_at, row});
    if (rows > 0)
        renew_after(desk, desk->chore.lease_ms / 2);
    if (rows < desk->wanted) {
        int64_t wait_ms = desk->table->next_wait_ms(result, desk->claim_at);
        if (wait_ms != INT64_MAX)
            look_after(desk, wait_ms == 0 ? LOCKED_WAIT_MS : wait_ms + CLOCK_MARGIN_MS);
    }
    desk->claiming = false;
    if (desk->again) {
        desk->again = false;
        desk_pump(desk);
    }
}

void lease_claim(struct desk *desk)
{
    int64_t held[ENGINE_LEASES_MAX];
    struct arena arena;
    int places = desk->chore.at_once - (int)desk->busy;
    if (places <= 0)
        return;
    if (desk->claiming) {
        desk->again = true;
        return;
    }
    for (size_t i = 0; i < desk->count; i++)
        held[i] = desk->known[i]->errand.id;
    struct db_unit *unit = db_unit_new();
    random_uuid(desk->token);
    arena_init(&arena);
    desk->claim_at = desk->table->claim(desk->table_self, unit, &arena,
                                        &(struct claim){.worker = desk->engine->ports.worker,
                                                        .token = desk->token,
                                                        .limit = places,
                                                        .lease_ms = desk->chore.lease_ms,
                                                        .held = held,
                                                        .held_count = desk->count});
    arena_done(&arena);
    desk->wanted = places;
    desk->claimed_ms = desk_now_ms(desk);
    desk->claiming = true;
    desk_step(desk, CHORE_STEP_BEFORE_CLAIM);
    db_submit(desk->engine->ports.db, unit, claimed, desk);
}

void lease_wake(struct desk *desk)
{
    if (desk->chore.unhurried_ms > 0)
        look_after(desk, desk->chore.unhurried_ms);
    else
        desk_pump(desk);
}

/* While something happens here the database is awake, and asking it costs nobody its sleep. */
void lease_look_around(struct engine *engine)
{
    for (size_t i = 0; i < CHORE_COUNT; i++) {
        struct desk *desk = &engine->desks[i];
        if (desk->is_open && desk->chore.look_every_ms > 0 &&
            desk_now_ms(desk) - desk->claimed_ms >= desk->chore.look_every_ms)
            desk_pump(desk);
    }
}

void engine_look(struct engine *engine)
{
    for (size_t name = 0; name < CHORE_COUNT; name++)
        if (engine->desks[name].hold == HOLD_LEASE && engine->desks[name].is_open)
            desk_pump(&engine->desks[name]);
}
