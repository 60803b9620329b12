/* What the tests of the engine share: a chore that does what the test says, on the table errands, in the place of one
 * that any machine may do or of one of the bot's holder. */
#ifndef TESTS_UNIT_ENGINE_STAGE_H
#define TESTS_UNIT_ENGINE_STAGE_H

#include "bot/chores/engine.h"
#include "db/errands.h"
#include "tests/unit/chores.h"

enum { BEGUN_MAX = 64, LEASE_MS = 60 * 1000, KEY_LIFE_MS = 1000 * 1000, SOON_MS = 300 };

/* The chores in whose places it works: one that any machine may do, and one of the bot's holder. */
#define LEASED CHORE_PHOTO_MAKE
#define LEASED_NAME "photo_make"
#define HELD CHORE_PHOTO_INTAKE
#define HELD_NAME "photo_intake"

static struct timers *timers;
static struct mailbox *mailbox;
static struct clock test_clock;
static struct stop stop;
static struct engine *engine;
static int64_t pushed_ms;
static struct errand *begun[BEGUN_MAX]; /* and no verb said yet */
static size_t begun_count, begun_ever, heard_count, heard_of_repeat, canceled_count;
static const char *write_sql; /* of an end; NULL = none */
static bool ends_at_once;

static inline void go_round(void)
{
    struct pollfd fds[2] = {{.fd = db_fd(db), .events = db_events(db)},
                            {.fd = db_fd(other), .events = db_events(other)}};
    CHECK(poll(fds, 2, 2) >= 0);
    test_clock.mono_ms = now_ms();
    test_clock.unix_ms = INT64_C(1700000000000) + now_ms() + pushed_ms;
    db_ready(db, fds[0].revents, now_ms());
    db_ready(other, fds[1].revents, now_ms());
    timers_run(timers, test_clock.unix_ms, 100);
}

#define GO_UNTIL(condition)                                                                                            \
    for (int64_t until_ms_ = now_ms() + WAIT_MS; !(condition); go_round())                                             \
    CHECK(now_ms() < until_ms_)

/* Long enough for whatever would happen at once. */
static inline void go_on(void)
{
    for (int64_t until_ms = now_ms() + SOON_MS; now_ms() < until_ms;)
        go_round();
}

/* ---- the chore ---- */

static inline void chore_begin(void *self, struct errand *errand, const struct chore_row *row)
{
    (void)self;
    (void)row;
    begun_ever++;
    if (ends_at_once) {
        errand_end(errand);
        return;
    }
    CHECK(begun_count < BEGUN_MAX);
    begun[begun_count++] = errand;
}

static inline void chore_write(void *self, const struct errand *errand, struct db_unit *unit, struct arena *unused)
{
    (void)self;
    (void)unused;
    if (write_sql != NULL)
        (void)db_unit_add(unit, write_sql, 0, NULL);
    (void)db_unit_add(unit, SQL("INSERT INTO done (id, what) VALUES (%lld, %d)", (long long)errand->id, errand->end), 0,
                      NULL);
}

static inline bool chore_heard(void *self, struct errand *errand, const struct db_result *result)
{
    (void)self;
    heard_count++;
    heard_of_repeat += result == NULL;
    errand_tell(errand, (struct event){.kind = EVENT_WAKE, .object = errand->id});
    return true;
}

static inline void chore_cancel(void *self, struct errand *errand)
{
    (void)self;
    for (size_t i = 0; i < begun_count; i++)
        if (begun[i] == errand) {
            begun[i] = begun[--begun_count];
            canceled_count++;
        }
}

static inline struct chore chore_new(void)
{
    return (struct chore){.at_once = 2,
                          .known_max = 8,
                          .attempts_max = 3,
                          .loud = 1,
                          .base_ms = 1000,
                          .cap_ms = 1000,
                          .lease_ms = LEASE_MS,
                          .key_life_ms = KEY_LIFE_MS,
                          .begin = chore_begin,
                          .write = chore_write,
                          .heard = chore_heard,
                          .cancel = chore_cancel};
}

static inline struct errand *take_begun(void)
{
    struct errand *errand = begun[0];
    CHECK(begun_count > 0);
    begun_count--;
    memmove(begun, begun + 1, begun_count * sizeof begun[0]);
    return errand;
}

/* ---- a life of the daemon ---- */

static inline void live_with(const char *worker, enum chore_name name, struct chore chore)
{
    timers = timers_new();
    mailbox = mailbox_new();
    stop.asked = false;
    engine = engine_new(&(struct engine_ports){
        .db = db, .timers = timers, .mailbox = mailbox, .clock = &test_clock, .stop = &stop, .worker = worker});
    engine_add(engine, name, &chore);
    go_round();
    engine_open(engine, name);
}

static inline void live_holding(void)
{
    struct chore chore = chore_new();
    chore.at_once = 4;
    chore.kept = 2;
    chore.attempts_max = 0;
    chore.asked_every_ms = 2000;
    live_with("me", HELD, chore);
}

static inline void live(const char *worker)
{
    live_with(worker, LEASED, chore_new());
}

/* As a kill would: nothing is told any more. What is on the way to the database may still arrive. */
static inline void die(void)
{
    GO_UNTIL(db_idle(db));
    engine_free(engine);
    timers_free(timers);
    mailbox_free(mailbox);
    begun_count = begun_ever = heard_count = heard_of_repeat = canceled_count = 0;
    write_sql = NULL;
    ends_at_once = false;
}

static inline void clear(void)
{
    tell("DELETE FROM errands");
    tell("DELETE FROM done");
}

static inline int64_t owe(const char *chore, int64_t chat_id, const char *subject)
{
    struct db_unit *unit = db_unit_new();
    (void)errands_add(unit, &arena,
                      &(struct errands_new){.chore = chore, .subject = subject, .chat_id = chat_id, .body = "body"});
    struct db_result *result = run(unit);
    CHECK_INT(db_rows(result, 0), 1);
    int64_t id = db_int64(result, 0, 0, 0);
    db_result_free(result);
    return id;
}

static inline int64_t count(const char *where)
{
    return ask(SQL("SELECT count(*) FROM errands WHERE %s", where));
}

static inline int64_t done(void)
{
    return ask("SELECT count(*) FROM done");
}

static inline void begin_stage(const char *database)
{
    begin(database);
    tell("CREATE TABLE done (id BIGINT PRIMARY KEY, what INTEGER)");
}

#endif
