/* The sweep of the store. Any number of machines may sweep, and put, at the same time; no clock is compared. Why
 * nothing is removed that a row names:
 *
 * Who keeps a picture names it in a row, and hears that this is committed (n); puts it (p), which gives it another
 * version; takes it over to another row, or lets it go, in one transaction, that is refused when the row names another
 * picture by then.
 *
 * Who removes a picture looks at it, and keeps its version (l); asks whether a row names it (a); removes it if it is of
 * that version still (r), which is one step to whoever puts it.
 *
 * Let a row name a picture that was put and removed after: p before r. Was l before p, then r finds another version and
 * removes nothing. Was it after p, then n, p, l, a came in this order, and a saw the name, for it is in a row without a
 * gap from n on. A machine that stood still for an hour between any two of these steps changes nothing in that, nor one
 * that died: an errand begins with a look each time.
 *
 * A picture that is put without a name (a drawing of the shop, until Telegram knows it) lives for a day: the look
 * through the store passes over what is younger. Must not: decide what names a picture (picture_named() does). */
#include "bot/chores/store_sweep.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bot/base/log.h"
#include "bot/chores/question.h"
#include "core/bug.h"
#include "db/errands.h"
#include "db/sweep.h"

enum {
    AT_ONCE = 4,
    LOUD_ATTEMPT = 5,
    BASE_MS = 2000,
    CAP_MS = 10 * 60 * 1000,
    LEASE_MS = 5 * 60 * 1000,
    LOOK_EVERY_MS = 5 * 60 * 1000, /* what the web application deleted */
    UNHURRIED_MS = 2000,           /* after people take something away: they seldom take one thing */
    DAY_MS = 24 * 60 * 60 * 1000
};

static const char CHORE_NAME[] = "store_sweep";
static const char SUBJECT_ALL[] = "all";

struct store_sweep {
    struct store_sweep_ports ports;
    struct questions questions;
    struct errand *walking;      /* the look through the store; NULL = none is under way here */
    char from[STORE_NAME_BYTES]; /* … which is here */
    int64_t found;               /* … and found so many */
};

/* One picture; or, without a name, the look through the store. */
struct work {
    struct store_sweep *sweep;
    char name[STORE_NAME_BYTES];
    char version[STORE_VERSION_BYTES];
    bool was_noted; /* by the row that went: it need not be old */
};

/* ---- one picture ---- */

static void picture_removed(void *ctx, enum err err, const struct store_object *object)
{
    struct errand *errand = ctx;
    (void)object;
    if (!errand_answered(errand))
        return;
    if (err == ERR_OK || err == ERR_CONFLICT) /* put since: a row names it, or will note that it went */
        errand_end(errand);
    else if (err == ERR_AGAIN)
        errand_retry(errand, 0, "somebody is just putting it");
    else
        errand_trouble(errand, 0, "the store does not let the picture go");
}

static void picture_asked(struct errand *errand, const struct db_result *result, const struct db_failure *failure)
{
    struct work *work = errand->work;
    if (failure != NULL) {
        errand_trouble(errand, 0, failure->message);
    } else if (!sweep_read_unnamed(result, 0)) {
        errand_end(errand);
    } else if (errand_call(errand)) {
        store_remove(work->sweep->ports.store, work->name, work->version, picture_removed, errand);
    }
}

static void picture_looked_at(void *ctx, enum err err, const struct store_object *object)
{
    struct errand *errand = ctx;
    if (!errand_answered(errand))
        return;
    struct work *work = errand->work;
    if (err == ERR_NOT_FOUND) {
        errand_end(errand);
        return;
    }
    if (err != ERR_OK) {
        errand_trouble(errand, 0, "the store does not answer");
        return;
    }
    if (!work->was_noted && object->put_ms > work->sweep->ports.clock->unix_ms - DAY_MS) {
        errand_end(errand); /* it will be found again */
        return;
    }
    char url[STORE_URL_BYTES];
    struct db_unit *unit = db_unit_new();
    memcpy(work->version, object->version, sizeof work->version);
    store_url(work->name, url);
    (void)sweep_add_ask(unit, url);
    question_ask(&work->sweep->questions, work->sweep->ports.db, unit, errand, picture_asked);
}

static void begin_picture(struct errand *errand, const char *subject)
{
    struct work *work = errand->work;
    size_t length = strcspn(subject, " ");
    work->was_noted = subject[length] != '\0';
    if (length != STORE_NAME_LENGTH) {
        errand_fail(errand, "this is no name of a picture");
        return;
    }
    memcpy(work->name, subject, length);
    if (errand_call(errand))
        store_look(work->sweep->ports.store, work->name, picture_looked_at, errand);
}

/* ---- the look through the store ---- */

static void walk_on(void *ctx, int64_t errand_id);

static void walk_goes_on(struct store_sweep *sweep)
{
    struct errand *errand = sweep->walking;
    if (sweep->ports.stop->asked) {
        errand_again(errand, 0);
        return;
    }
    if (sweep->from[0] != '\0') { /* after what else the loop has to do */
        timers_add(sweep->ports.timers, sweep->ports.clock->unix_ms, walk_on, sweep, errand->id);
        return;
    }
    if (sweep->found > 0)
        log_info("sweep", "%" PRId64 " pictures in the store that no row names", sweep->found);
    engine_wake(sweep->ports.engine, CHORE_STORE_SWEEP, 0);
    errand_again(errand, DAY_MS);
}

static void slice_asked(struct errand *errand, const struct db_result *result, const struct db_failure *failure)
{
    struct store_sweep *sweep = ((struct work *)errand->work)->sweep;
    if (failure != NULL) {
        errand_trouble(errand, 0, failure->message);
        return;
    }
    sweep->found += db_affected(result, 0);
    walk_goes_on(sweep);
}

static void slice_listed(void *ctx, enum err err, const struct store_slice *slice)
{
    struct errand *errand = ctx;
    if (!errand_answered(errand))
        return;
    struct store_sweep *sweep = ((struct work *)errand->work)->sweep;
    const char *names[STORE_SLICE_MAX];
    if (err != ERR_OK) {
        errand_trouble(errand, 0, "the store does not say what it has");
        return;
    }
    memcpy(sweep->from, slice->next, sizeof sweep->from);
    if (slice->count == 0) {
        walk_goes_on(sweep);
        return;
    }
    for (size_t i = 0; i < slice->count; i++)
        names[i] = slice->names[i];
    struct arena arena;
    struct db_unit *unit = db_unit_new();
    arena_init(&arena);
    (void)sweep_add_found(unit, &arena, CHORE_NAME, names, slice->count);
    arena_done(&arena);
    question_ask(&sweep->questions, sweep->ports.db, unit, errand, slice_asked);
}

static void walk_on(void *ctx, int64_t errand_id)
{
    struct store_sweep *sweep = ctx;
    struct errand *errand = sweep->walking;
    if (errand != NULL && errand->id == errand_id && errand_call(errand))
        store_list(sweep->ports.store, sweep->from, slice_listed, errand);
}

/* ---- the chore ---- */

static void sweep_begin(void *self, struct errand *errand, const struct chore_row *row)
{
    struct store_sweep *sweep = self;
    const char *subject = errands_read(row->result, row->statement, row->row).subject;
    struct work *work = calloc(1, sizeof *work);
    if (work == NULL)
        bug("out of memory");
    work->sweep = sweep;
    errand->work = work;
    if (strcmp(subject, SUBJECT_ALL) != 0) {
        begin_picture(errand, subject);
        return;
    }
    sweep->walking = errand;
    sweep->from[0] = '\0';
    sweep->found = 0;
    walk_on(sweep, errand->id);
}

static void sweep_cancel(void *self, struct errand *errand)
{
    struct store_sweep *sweep = self;
    if (sweep->walking == errand)
        sweep->walking = NULL;
    question_drop(&sweep->questions, errand);
    free(errand->work);
    errand->work = NULL;
}

struct store_sweep *store_sweep_new(const struct store_sweep_ports *ports)
{
    struct store_sweep *sweep = calloc(1, sizeof *sweep);
    if (sweep == NULL)
        bug("out of memory");
    sweep->ports = *ports;
    LIST_INIT(&sweep->questions);
    engine_add(ports->engine, CHORE_STORE_SWEEP,
               &(struct chore){.self = sweep,
                               .at_once = AT_ONCE,
                               .loud = LOUD_ATTEMPT,
                               .base_ms = BASE_MS,
                               .cap_ms = CAP_MS,
                               .lease_ms = LEASE_MS,
                               .look_every_ms = LOOK_EVERY_MS,
                               .unhurried_ms = UNHURRIED_MS,
                               .begin = sweep_begin,
                               .cancel = sweep_cancel});
    return sweep;
}

void store_sweep_free(struct store_sweep *sweep)
{
    if (sweep != NULL)
        question_free_all(&sweep->questions);
    free(sweep);
}
