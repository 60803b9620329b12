/* The engine's lists: which errands are known, where each of them is, and who is next. Places that are free go to those
 * that are new or asked for, and to the others in the order they became due; some are kept for the former, so that a
 * slow other side, asked about all that is old, does not keep anybody waiting who is there.
 *
 * Must not: know what a chore does, or write SQL. */
#include "bot/chores/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bot/base/failpoint.h"
#include "bot/chores/engine/private.h"
#include "core/bug.h"

enum { FIRSTS_IN_A_ROW = 3 };

static const struct {
    const char *name;
    enum chore_hold hold;
} chores[CHORE_COUNT] = {
#define X(upper, lower, hold) {#lower, hold},
    CHORES(X)
#undef X
};

static const char *const steps[CHORE_STEP_COUNT] = {
#define X(upper, lower, condition) #lower,
    CHORE_STEPS(X)
#undef X
};

const char *desk_name(const struct desk *desk)
{
    return chores[desk->name].name;
}

void desk_step(const struct desk *desk, enum chore_step step)
{
    char name[64];
    (void)snprintf(name, sizeof name, "%s.%s", desk_name(desk), steps[step]);
    failpoint(name);
}

int64_t desk_now_ms(const struct desk *desk)
{
    return desk->engine->ports.clock->unix_ms;
}

bool desk_stopping(const struct desk *desk)
{
    return desk->engine->ports.stop->asked;
}

void desk_timer(struct desk *desk, int64_t at_ms, timers_fn *due, int64_t object)
{
    timers_add(desk->engine->ports.timers, at_ms, due, desk, object);
}

/* ---- what is known ---- */

/* Where the first of this id stands, or would stand. */
static size_t position(const struct desk *desk, int64_t id)
{
    size_t low = 0, high = desk->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (desk->known[middle]->errand.id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct errand_place *place_find(const struct desk *desk, int64_t id)
{
    size_t at = position(desk, id);
    return at < desk->count && desk->known[at]->errand.id == id ? desk->known[at] : NULL;
}

static struct errand_place *make_place(struct desk *desk)
{
    struct errand_place *place = calloc(1, sizeof *place);
    if (place == NULL)
        bug("out of memory");
    place->desk = desk;
    place->errand.place = place;
    return place;
}

static void add_known(struct desk *desk, struct errand_place *place)
{
    if (desk->count == desk->capacity) {
        desk->capacity = desk->capacity == 0 ? 64 : desk->capacity * 2;
        desk->known = realloc(desk->known, desk->capacity * sizeof(struct errand_place *));
        if (desk->known == NULL)
            bug("out of memory");
    }
    size_t at = position(desk, place->errand.id);
    memmove(desk->known + at + 1, desk->known + at, (desk->count - at) * sizeof(struct errand_place *));
    desk->known[at] = place;
    desk->count++;
}

struct errand_place *place_new(struct desk *desk, int64_t id)
{
    struct errand_place *place = make_place(desk);
    place->errand.id = id;
    add_known(desk, place);
    return place;
}

void place_free(struct errand_place *place)
{
    free(place->errand.outside);
    free(place->errand.why);
    free(place->errand.token);
    free(place);
}

/* No desk knows it any more. */
static void let_go(struct errand_place *place)
{
    const struct chore *chore = &place->desk->chore;
    place->desk = NULL;
    if (chore->cancel != NULL)
        chore->cancel(chore->self, &place->errand);
    if (!place->calling)
        place_free(place);
}

void place_drop(struct errand_place *place)
{
    struct desk *desk = place->desk;
    size_t at = position(desk, place->errand.id);
    while (desk->known[at] != place)
        at++;
    place_move(place, ASIDE);
    desk->count--;
    memmove(desk->known + at, desk->known + at + 1, (desk->count - at) * sizeof(struct errand_place *));
    let_go(place);
}

/* ---- where each is ---- */

void place_move(struct errand_place *place, enum where where)
{
    struct desk *desk = place->desk;
    if (place->where == IN_LINE)
        TAILQ_REMOVE(&desk->lines[place->line], place, in_line);
    if (place->where >= READING)
        desk->busy--;
    if (where >= READING)
        desk->busy++;
    place->where = where;
}

void place_put_in_line(struct errand_place *place, enum line line)
{
    place_move(place, IN_LINE);
    place->line = line;
    TAILQ_INSERT_TAIL(&place->desk->lines[line], place, in_line);
}

static void place_due(void *ctx, int64_t id)
{
    struct desk *desk = ctx;
    for (size_t at = position(desk, id); at < desk->count && desk->known[at]->errand.id == id; at++) {
        struct errand_place *place = desk->known[at];
        if (place->due_ms > desk_now_ms(desk))
            continue; /* an earlier wish that a later one made void */
        if (place->where == ASIDE)
            place_put_in_line(place, place->errand.asked || place->errand.hinted ? LINE_FIRST : LINE_LOOKS);
        else if (place->where == UNHEARD || place->where == REFUSED)
            commit(place);
    }
    desk_pump(desk);
}

void place_wait(struct errand_place *place, enum where where, int64_t wait_ms)
{
    place_move(place, where);
    place->due_ms = desk_now_ms(place->desk) + wait_ms;
    desk_timer(place->desk, place->due_ms, place_due, place->errand.id);
}

bool place_read(struct errand_place *place, const struct chore_row *row)
{
    place->errand.wait_ms = 0;
    place->is_read = place->desk->table->read(place->desk->table_self, row, &place->errand);
    return place->is_read;
}

struct errand_place *place_of_row(struct desk *desk, const struct chore_row *row)
{
    struct errand_place *place = make_place(desk);
    if (place_read(place, row) && (desk->hold == HOLD_LEASE || place_find(desk, place->errand.id) == NULL)) {
        add_known(desk, place);
        return place;
    }
    let_go(place);
    return NULL;
}

void place_begin(struct errand_place *place, const struct chore_row *row)
{
    const struct chore *chore = &place->desk->chore;
    place_move(place, RUNNING);
    chore->begin(chore->self, &place->errand, row);
}

/* ---- who is next ---- */

bool desk_may_begin(const struct desk *desk)
{
    return desk->is_open && !desk_stopping(desk) && desk_now_ms(desk) >= desk->rest_until_ms;
}

/* The first line goes first, but not for ever: every fourth place is for a look, if one waits and may begin. */
static struct errand_place *next(struct desk *desk)
{
    int places = desk->chore.at_once - (int)desk->busy;
    struct errand_place *first = TAILQ_FIRST(&desk->lines[LINE_FIRST]), *look = TAILQ_FIRST(&desk->lines[LINE_LOOKS]);
    if (places <= 0)
        return NULL;
    if (places <= desk->chore.kept)
        look = NULL;
    if (first == NULL || (look != NULL && desk->firsts >= FIRSTS_IN_A_ROW)) {
        desk->firsts = 0;
        return look;
    }
    desk->firsts++;
    return first;
}

static void begin_next(struct desk *desk)
{
    struct errand_place *place;
    while (desk_may_begin(desk) && (place = next(desk)) != NULL) {
        bool has_row = place->is_read && !desk->chore.read_always;
        if (!has_row && load_is_reading(desk))
            break; /* when those before it are read */
        if (has_row)
            place_begin(place, NULL);
        else
            load_row(place);
    }
}

/* A step may end, and so pump again, before begin() returns: then the loop inside goes on. */
void desk_pump(struct desk *desk)
{
    if (desk->pumping || !desk_may_begin(desk))
        return;
    desk->pumping = true;
    if (desk->hold == HOLD_LEASE) {
        lease_claim(desk);
    } else {
        begin_next(desk);
        load_submit(desk);
    }
    desk->pumping = false;
}

/* ---- for the house and the turn ---- */

struct engine *engine_new(const struct engine_ports *ports)
{
    struct engine *engine = calloc(1, sizeof *engine);
    if (engine == NULL)
        bug("out of memory");
    engine->ports = *ports;
    for (size_t i = 0; i < CHORE_COUNT; i++) {
        struct desk *desk = &engine->desks[i];
        desk->name = (enum chore_name)i;
        desk->hold = chores[i].hold;
        desk->look_at_ms = desk->renew_at_ms = INT64_MAX;
        for (size_t line = 0; line < LINE_COUNT; line++)
            TAILQ_INIT(&desk->lines[line]);
    }
    return engine;
}

void engine_free(struct engine *engine)
{
    if (engine == NULL)
        return;
    for (size_t i = 0; i < CHORE_COUNT; i++) {
        struct desk *desk = &engine->desks[i];
        for (size_t at = 0; at < desk->count; at++)
            let_go(desk->known[at]);
        free(desk->known);
        free(desk->reading);
    }
    free(engine);
}

void engine_add(struct engine *engine, enum chore_name name, const struct chore *chore)
{
    struct desk *desk = &engine->desks[name];
    if (desk->engine != NULL || chore->at_once < 1 || chore->at_once <= chore->kept || chore->base_ms < 1 ||
        (desk->hold == HOLD_LEASE && (chore->lease_ms < 1 || chore->at_once > ENGINE_LEASES_MAX)) ||
        (desk->hold == HOLD_BOT && chore->known_max < chore->at_once))
        bug("a chore that is not one");
    desk->engine = engine;
    desk->chore = *chore;
    desk->table = chore->table == NULL ? &errands_table : chore->table;
    desk->table_self = chore->table == NULL ? desk : chore->self;
    desk->reading = calloc((size_t)chore->at_once, sizeof(struct errand_place *));
    if (desk->reading == NULL)
        bug("out of memory");
}

void engine_open(struct engine *engine, enum chore_name name)
{
    struct desk *desk = &engine->desks[name];
    desk->is_open = true;
    desk->more = desk->hold == HOLD_BOT;
    desk_pump(desk);
}

size_t engine_refused(const struct engine *engine)
{
    size_t refused = 0;
    for (size_t i = 0; i < CHORE_COUNT; i++)
        for (size_t at = 0; at < engine->desks[i].count; at++)
            refused += engine->desks[i].known[at]->refused;
    return refused;
}

void engine_stop(struct engine *engine)
{
    for (size_t i = 0; i < CHORE_COUNT; i++) {
        struct desk *desk = &engine->desks[i];
        for (size_t at = desk->count; at > 0; at--) {
            struct errand_place *place = desk->known[at - 1];
            if (place->where != UNHEARD)
                continue;
            place->tries = 0;
            commit(place);
        }
    }
}

size_t engine_busy(const struct engine *engine)
{
    size_t busy = 0;
    for (size_t i = 0; i < CHORE_COUNT; i++)
        busy += engine->desks[i].busy + engine->desks[i].claiming;
    return busy;
}
