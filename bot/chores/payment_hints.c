/* YooKassa's names are its own for all that it has, so payments and refunds are looked up by the same list.
 *
 * Whatever is thrown at it costs the database five questions in a second, of 64 names each; a name that no payment has
 * costs no more than its place in one of them. */
#include "bot/chores/payment_hints.h"

#include <stdlib.h>
#include <string.h>
#include "bot/base/log.h"
#include "bot/base/memory.h"
#include "db/payments.h"
#include "db/refunds.h"

struct payment_hints {
    struct payment_hints_ports ports;
    char names[PAYMENT_HINTS_MAX][PAYMENT_HINTS_NAME_BYTES]; /* those that wait */
    size_t count;
    bool resting; /* a look-up is under way, or was just made */
};

static void look_up(struct payment_hints *hints);

static void rested(void *ctx, int64_t unused)
{
    struct payment_hints *hints = ctx;
    (void)unused;
    hints->resting = false;
    look_up(hints);
}

static void looked_up(void *ctx, const struct db_result *result, const struct db_failure *failure)
{
    struct payment_hints *hints = ctx;
    if (failure != NULL)
        log_warn("payment_hints", "can't look up what has moved: %s; it is looked at when it is due", failure->message);
    for (int row = 0; failure == NULL && row < db_rows(result, 0); row++)
        engine_hint(hints->ports.engine, CHORE_PAYMENT_WATCH, payments_read_named(result, 0, row));
    if (failure == NULL && db_affected(result, 1) > 0)
        engine_wake(hints->ports.engine, CHORE_PAYMENT_REFUND, 0);
    timers_add(hints->ports.timers, hints->ports.clock->unix_ms + PAYMENT_HINTS_EVERY_MS, rested, hints, 0);
}

static void look_up(struct payment_hints *hints)
{
    const char *names[PAYMENT_HINTS_MAX];
    struct arena arena;
    if (hints->resting || hints->count == 0)
        return;
    for (size_t i = 0; i < hints->count; i++)
        names[i] = hints->names[i];
    struct db_unit *unit = db_unit_new();
    arena_init(&arena);
    (void)payments_add_named(unit, &arena, names, hints->count);
    (void)refunds_add_hurry(unit, &arena, names, hints->count);
    arena_done(&arena);
    hints->count = 0;
    hints->resting = true;
    db_submit(hints->ports.db, unit, looked_up, hints);
}

struct payment_hints *payment_hints_new(const struct payment_hints_ports *ports)
{
    struct payment_hints *hints = memory_need(calloc(1, sizeof *hints));
    hints->ports = *ports;
    return hints;
}

void payment_hints_free(struct payment_hints *hints)
{
    free(hints);
}

bool payment_hints_take(struct payment_hints *hints, const char *name)
{
    size_t bytes = strlen(name) + 1;
    if (bytes > PAYMENT_HINTS_NAME_BYTES)
        return true;
    for (size_t i = 0; i < hints->count; i++)
        if (strcmp(hints->names[i], name) == 0)
            return true;
    if (hints->count == PAYMENT_HINTS_MAX)
        return false;
    memcpy(hints->names[hints->count++], name, bytes);
    look_up(hints);
    return true;
}
