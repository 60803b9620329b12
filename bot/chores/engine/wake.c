/* Who wants an errand looked at: the turn, whose commit made it or changed its row; a person who waits; or the outside,
 * which says that something may have moved there. A person hears of each look, so that these are seconds apart; a hint
 * is nobody's, and is never lost: one that comes while a look is under way is followed by another. */
#include "bot/chores/engine/private.h"

/* NULL: there is no room for it; it waits in the database. */
static struct errand_place *meet(struct desk *desk, int64_t id)
{
    struct errand_place *place = place_find(desk, id);
    if (place != NULL)
        return place;
    if (desk->count >= (size_t)desk->chore.known_max) {
        desk->more = true;
        return NULL;
    }
    return place_new(desk, id);
}

static void go_first(struct errand_place *place)
{
    if (place->where == ASIDE || place->where == IN_LINE)
        place_put_in_line(place, LINE_FIRST);
    desk_pump(place->desk);
}

void engine_wake(struct engine *engine, enum chore_name name, int64_t id)
{
    struct desk *desk = &engine->desks[name];
    lease_look_around(engine);
    if (!desk->is_open)
        return;
    if (desk->hold == HOLD_LEASE) {
        lease_wake(desk);
        return;
    }
    struct errand_place *place = meet(desk, id);
    if (place == NULL)
        return;
    place->is_read = false;
    go_first(place);
}

void engine_ask(struct engine *engine, enum chore_name name, int64_t id)
{
    struct desk *desk = &engine->desks[name];
    struct errand_place *place = desk->is_open ? meet(desk, id) : NULL;
    if (place == NULL)
        return;
    int64_t now_ms = desk_now_ms(desk), since_ms = now_ms - place->asked_ms;
    if (place->asked_ms != 0 && since_ms >= 0 && since_ms < desk->chore.asked_every_ms)
        return;
    place->asked_ms = now_ms;
    place->errand.asked = true;
    if (place->where == REFUSED) /* its owner may have mended the table by now */
        commit(place);
    else
        go_first(place);
}

void engine_hint(struct engine *engine, enum chore_name name, int64_t id)
{
    struct desk *desk = &engine->desks[name];
    struct errand_place *place = desk->is_open ? meet(desk, id) : NULL;
    if (place == NULL)
        return;
    place->errand.hinted = true;
    int64_t wait_ms = place->called_ms + ENGINE_HINT_EVERY_MS - desk_now_ms(desk);
    if (place->where == ASIDE && place->errand.end == ERRAND_RETRIED)
        return; /* it failed just now, and is tried again when that may help */
    if (place->where == ASIDE && wait_ms > 0 && wait_ms <= ENGINE_HINT_EVERY_MS)
        place_wait(place, ASIDE, wait_ms);
    else
        go_first(place);
}
