/* The sweep at work: a real store, a real Postgres, the engine. What nobody names goes, by a note and by the look
 * through the store; and while others put the same few pictures, name them and let them go again as fast as they can,
 * none that is named is ever missing. */
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bot/base/random.h"
#include "bot/chores/store_sweep.h"
#include "bot/chores/table_ends.h"
#include "bot/services/store/directory.h"
#include "db/photos.h"
#include "tests/unit/chores.h"

enum { PUTTERS = 3, SWEEPERS = 2, RACE_MS = 12 * 1000, PICTURES = 2, DAY_S = 24 * 60 * 60 };

static int64_t pushed_ms; /* of the sweepers' clocks */
static char root[] = "/tmp/fotoset-sweep.XXXXXX";
static const char *conninfo;

/* ---- a machine that sweeps ---- */

struct machine {
    struct db *db;
    struct store *store;
    struct timers *timers;
    struct mailbox *mailbox;
    struct clock clock;
    struct stop stop;
    struct engine *engine;
    struct store_sweep *sweep;
    struct table_ends *ends;
    char worker[RANDOM_UUID_BYTES];
};

static void read_clocks(struct machine *machine)
{
    struct timespec now;
    CHECK_INT(clock_gettime(CLOCK_REALTIME, &now), 0);
    machine->clock.unix_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + pushed_ms;
    machine->clock.mono_ms = now_ms();
}

static void machine_open(struct machine *machine)
{
    *machine = (struct machine){.db = db_new(conninfo, NULL), .timers = timers_new(), .mailbox = mailbox_new()};
    CHECK_INT(directory_new(root, &machine->store), ERR_OK);
    random_uuid(machine->worker);
    read_clocks(machine);
    machine->engine = engine_new(&(struct engine_ports){.db = machine->db,
                                                        .timers = machine->timers,
                                                        .mailbox = machine->mailbox,
                                                        .clock = &machine->clock,
                                                        .stop = &machine->stop,
                                                        .worker = machine->worker});
    machine->sweep = store_sweep_new(&(struct store_sweep_ports){.engine = machine->engine,
                                                                 .db = machine->db,
                                                                 .store = machine->store,
                                                                 .timers = machine->timers,
                                                                 .clock = &machine->clock,
                                                                 .stop = &machine->stop});
    machine->ends = table_ends_new(
        &(struct table_ends_ports){.engine = machine->engine, .db = machine->db, .stop = &machine->stop});
    engine_open(machine->engine, CHORE_STORE_SWEEP);
    engine_open(machine->engine, CHORE_TABLE_ENDS);
}

static void machine_close(struct machine *machine)
{
    engine_free(machine->engine);
    store_sweep_free(machine->sweep);
    table_ends_free(machine->ends);
    timers_free(machine->timers);
    mailbox_free(machine->mailbox);
    db_free(machine->db);
    store_free(machine->store);
}

static void go_round(struct machine *machine)
{
    struct pollfd fd = {.fd = db_fd(machine->db), .events = db_events(machine->db)};
    (void)poll(&fd, 1, 2);
    read_clocks(machine);
    db_ready(machine->db, fd.revents, machine->clock.mono_ms);
    timers_run(machine->timers, machine->clock.unix_ms, 100);
    db_ready(machine->db, 0, machine->clock.mono_ms);
}

/* Until nothing is due; the errands that come back every day are put off then. */
static void sweep_all(struct machine *machine)
{
    int64_t until_ms = now_ms() + WAIT_MS;
    engine_wake(machine->engine, CHORE_STORE_SWEEP, 0);
    engine_wake(machine->engine, CHORE_TABLE_ENDS, 0);
    do {
        CHECK(now_ms() < until_ms);
        for (int i = 0; i < 10; i++)
            go_round(machine);
    } while (ask("SELECT count(*) FROM errands WHERE state = 'waiting' AND not_before < now() + interval '1 hour'") >
                 0 ||
             engine_busy(machine->engine) > 0);
}

static void all_is_due(void)
{
    tell("UPDATE errands SET not_before = now() WHERE subject = 'all'");
}

/* ---- the store ---- */

static char last_name[STORE_NAME_BYTES];

static void keep_name(void *ctx, enum err err, const struct store_object *object)
{
    *(enum err *)ctx = err;
    if (object != NULL)
        memcpy(last_name, object->name, sizeof last_name);
}

/* Its URL. */
static const char *put(struct store *store, const char *text)
{
    enum err err = ERR_AGAIN;
    while (err == ERR_AGAIN)
        store_put(store, text, strlen(text), keep_name, &err);
    CHECK_INT(err, ERR_OK);
    return SQL("store:%s", last_name);
}

static bool has(struct store *store, const char *url)
{
    enum err err = ERR_IO;
    store_get(store, url + 6, keep_name, &err);
    CHECK(err == ERR_OK || err == ERR_NOT_FOUND);
    return err == ERR_OK;
}

static void make_old(const char *url)
{
    const char *name = url + 6;
    struct timespec old[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = time(NULL) - 2 * DAY_S}};
    CHECK_INT(utimensat(AT_FDCWD, SQL("%s/%.2s/%.2s/%s", root, name, name + 2, name), old, 0), 0);
}

/* ---- one machine ---- */

static void test_sweep(void)
{
    struct machine machine;
    struct customer anna = customer_new();
    machine_open(&machine);
    const char *named = put(machine.store, "named"), *noted = put(machine.store, "noted");
    const char *found = put(machine.store, "found"), *fresh = put(machine.store, "fresh");
    for (int i = 0; i < 300; i++) /* more than a slice of the store, and than is done at once */
        make_old(put(machine.store, SQL("old %d", i)));
    make_old(found);
    make_old(named);
    tell(SQL("INSERT INTO reference_photos (avatar_id, image_url) VALUES (%lld, '%s'), (%lld, '%s'), (%lld, '%s')",
             (long long)anna.avatar_id, named, (long long)anna.avatar_id, noted, (long long)anna.avatar_id,
             SQL("store:%064d", 7))); /* one that the store has not got */
    tell(SQL("DELETE FROM reference_photos WHERE image_url <> '%s'", named));
    tell("INSERT INTO errands (chore, subject) VALUES ('store_sweep', 'no name of a picture')");
    sweep_all(&machine);
    CHECK(has(machine.store, named) && has(machine.store, fresh));
    CHECK(!has(machine.store, noted) && !has(machine.store, found));
    CHECK_INT(ask("SELECT count(*) FROM errands WHERE state = 'failed'"), 1);
    tell("DELETE FROM errands WHERE state = 'failed'");
    CHECK_INT(ask("SELECT count(*) FROM errands WHERE not_before > now() + interval '23 hours'"), 2);
    make_old(fresh);
    all_is_due();
    sweep_all(&machine);
    CHECK(has(machine.store, named) && !has(machine.store, fresh));
    machine_close(&machine);
}

/* The web application deletes, and tells nobody: it is noticed with whatever happens here, but no more often than every
 * few minutes. */
static void test_noticed(void)
{
    enum { LITTLE_MS = 1000, ENOUGH_MS = 5 * 60 * 1000 + 1000 };
    struct machine machine;
    struct customer anna = customer_new();
    machine_open(&machine);
    sweep_all(&machine);
    const char *url = put(machine.store, "an avatar's");
    tell(
        SQL("INSERT INTO reference_photos (avatar_id, image_url) VALUES (%lld, '%s')", (long long)anna.avatar_id, url));
    tell(SQL("DELETE FROM users WHERE id = %lld", (long long)anna.user_id));
    for (int i = 0; i < 2; i++) {
        pushed_ms += i == 0 ? LITTLE_MS : ENOUGH_MS;
        go_round(&machine);
        engine_wake(machine.engine, CHORE_TABLE_ENDS, 0);
        for (int64_t until_ms = now_ms() + 500; now_ms() < until_ms;)
            go_round(&machine);
        CHECK_INT(has(machine.store, url), i == 0);
    }
    tell("DELETE FROM errands WHERE subject <> 'all'");
    machine_close(&machine);
}

/* ---- many machines ---- */

/* A person who sends the same picture again and again, and takes it away each time: by the protocol of
 * bot/chores/store_sweep.c. */
static void put_for_ever(int number)
{
    struct store *store = NULL;
    db = db_new(conninfo, NULL);
    next_id = 100000 * (number + 1);
    struct customer customer = customer_new();
    CHECK_INT(directory_new(root, &store), ERR_OK);
    for (int64_t until_ms = now_ms() + RACE_MS; now_ms() < until_ms;) {
        int64_t id = next_id++;
        const char *text = SQL("picture %d", (int)(random_number() % PICTURES));
        char name[STORE_NAME_BYTES];
        store_name(text, strlen(text), name);
        const char *url = SQL("store:%s", name);
        tell(SQL("INSERT INTO photo_intake (id, avatar_id, chat_id, number, file_id, file_unique_id)"
                 " VALUES (%lld, %lld, 1, 1, 'f', '%lld')",
                 (long long)id, (long long)customer.avatar_id, (long long)id));
        struct db_unit *unit = db_unit_new();
        (void)photos_add_named(unit, &arena, id, url);
        db_result_free(run(unit));
        CHECK_TEXT(put(store, text), url);
        if (random_number() % 2 == 0) {
            unit = db_unit_new();
            (void)photos_add_examined(unit, &arena,
                                      &(struct photos_examined){.id = id, .verdict = PHOTO_GOOD, .url = url});
            db_result_free(run(unit));
        }
        CHECK(has(store, url));
        if (random_number() % 4 == 0)
            usleep((useconds_t)(random_number() % 20000));
        CHECK(has(store, url));
        tell(SQL("DELETE FROM photo_intake WHERE id = %lld", (long long)id));
        tell(SQL("DELETE FROM reference_photos WHERE avatar_id = %lld", (long long)customer.avatar_id));
        arena_reset(&arena);
    }
    store_free(store);
    db_free(db);
}

static void sweep_for_ever(void)
{
    struct machine machine;
    int64_t rounds = 0;
    machine_open(&machine);
    for (int64_t until_ms = now_ms() + RACE_MS; now_ms() < until_ms; rounds++) {
        engine_wake(machine.engine, CHORE_STORE_SWEEP, 0);
        go_round(&machine);
    }
    machine_close(&machine);
}

static void test_race(void)
{
    pid_t children[PUTTERS + SWEEPERS];
    tell("DELETE FROM errands WHERE subject <> 'all'");
    for (int i = 0; i < PUTTERS + SWEEPERS; i++) {
        children[i] = fork();
        CHECK(children[i] >= 0);
        if (children[i] == 0) {
            CHECK_INT(prctl(PR_SET_PDEATHSIG, SIGKILL), 0);
            if (i < PUTTERS)
                put_for_ever(i);
            else
                sweep_for_ever();
            _exit(0);
        }
    }
    for (int i = 0; i < PUTTERS + SWEEPERS; i++) {
        int status = -1;
        CHECK_INT(waitpid(children[i], &status, 0), children[i]);
        CHECK_INT(status, 0);
    }
    struct machine machine;
    machine_open(&machine);
    tell("UPDATE errands SET lease_until = now() WHERE lease_until IS NOT NULL");
    for (int i = 0; i < PICTURES; i++) {
        const char *text = SQL("picture %d", i);
        char name[STORE_NAME_BYTES];
        store_name(text, strlen(text), name);
        if (has(machine.store, SQL("store:%s", name)))
            make_old(SQL("store:%s", name));
    }
    all_is_due();
    sweep_all(&machine);
    for (int i = 0; i < PICTURES; i++) {
        const char *text = SQL("picture %d", i);
        char name[STORE_NAME_BYTES];
        store_name(text, strlen(text), name);
        CHECK(!has(machine.store, SQL("store:%s", name)));
    }
    machine_close(&machine);
}

static void test_chat(void)
{
    struct machine machine;
    struct customer anna = customer_new();
    tell(SQL("INSERT INTO bot_sessions (chat_id, state, lang, version, avatar_id, order_id, job_id, style_id,"
             " misses, over, below, shown_at_ms, limit_at_ms, refresh_at_ms)"
             " VALUES (%lld, 'menu', 'en', 1, 0, 0, 0, '', 0, 0, FALSE, 0, 0, 0)",
             (long long)anna.chat_id));
    tell(SQL("DELETE FROM users WHERE id = %lld", (long long)anna.user_id));
    machine_open(&machine);
    tell("INSERT INTO poison_updates (bot_id, update_id, why, created_at) VALUES (1, 1, 'x', now() - interval '1 "
         "year')");
    all_is_due();
    tell("UPDATE errands SET not_before = now() WHERE subject LIKE 'chat %'");
    sweep_all(&machine);
    CHECK_INT(ask("SELECT count(*) FROM bot_sessions"), 0);
    CHECK_INT(ask("SELECT count(*) FROM poison_updates"), 0);
    CHECK_INT(ask("SELECT count(*) FROM errands"), 2);
    machine_close(&machine);
}

/* Triggers that let nothing go: what is old elsewhere goes all the same, and other chats are not kept waiting; the rest
 * is tried again, later and later, and goes when the triggers do. */
static void test_refused(void)
{
    enum { CHATS = 4 };
    struct machine machine;
    machine_open(&machine);
    tell("CREATE FUNCTION keep() RETURNS trigger AS $$ BEGIN RAISE 'kept'; END $$ LANGUAGE plpgsql");
    tell("CREATE TRIGGER keep BEFORE DELETE ON poison_updates FOR EACH ROW EXECUTE FUNCTION keep()");
    tell(
        "CREATE TRIGGER keep BEFORE DELETE ON bot_sessions FOR EACH ROW WHEN (OLD.misses = 7) EXECUTE FUNCTION keep()");
    tell("INSERT INTO poison_updates (bot_id, update_id, why, created_at)"
         " VALUES (1, 1, 'x', now() - interval '1 year')");
    struct customer anna = customer_new();
    tell(SQL("UPDATE orders SET created_at_ms = 1 WHERE id = %lld", (long long)order_new(&anna)));
    tell("UPDATE bot_payments SET state = 'canceled', ended_at = now() - interval '1 year'");
    for (int i = 0; i < CHATS; i++) {
        tell(SQL("INSERT INTO bot_sessions (chat_id, state, lang, version, avatar_id, order_id, job_id, style_id,"
                 " misses, over, below, shown_at_ms, limit_at_ms, refresh_at_ms)"
                 " VALUES (%d, 'menu', 'en', 1, 0, 0, 0, '', %d, 0, FALSE, 0, 0, 0)",
                 i + 1, i < CHATS - 1 ? 7 : 0));
        tell(SQL("INSERT INTO errands (chore, subject, not_before)"
                 " VALUES ('table_ends', 'chat %d x', now() - interval '1 day' + %d * interval '1 minute')",
                 i + 1, i));
    }
    all_is_due();
    engine_wake(machine.engine, CHORE_TABLE_ENDS, 0);
    for (int64_t until_ms = now_ms() + WAIT_MS;
         ask("SELECT count(*) FROM bot_sessions") >= CHATS || ask("SELECT count(*) FROM orders") > 0 ||
         ask("SELECT attempts FROM errands WHERE subject = 'all' AND chore = 'table_ends'") < 3;) {
        CHECK(now_ms() < until_ms);
        go_round(&machine);
    }
    CHECK_INT(ask("SELECT count(*) FROM bot_sessions"), CHATS - 1);
    CHECK_TEXT(ask_text("SELECT error FROM errands WHERE subject = 'all' AND chore = 'table_ends'"), "kept");
    CHECK_INT(ask("SELECT count(*) FROM poison_updates"), 1);
    tell("DROP FUNCTION keep CASCADE");
    tell("UPDATE errands SET not_before = now() WHERE chore = 'table_ends'");
    sweep_all(&machine);
    CHECK_INT(ask("SELECT count(*) FROM bot_sessions"), 0);
    CHECK_INT(ask("SELECT count(*) FROM poison_updates"), 0);
    CHECK_INT(ask("SELECT attempts FROM errands WHERE subject = 'all' AND chore = 'table_ends'"), 0);
    machine_close(&machine);
}

int main(void)
{
    begin("fotoset_store_sweep");
    tell("DELETE FROM errands WHERE chore = 'money_audit'"); /* another chore's */
    conninfo = SQL("%s dbname=fotoset_store_sweep", getenv("FOTOSET_TEST_CONNINFO"));
    conninfo = strdup(conninfo);
    CHECK(mkdtemp(root) != NULL);
    test_sweep();
    test_noticed();
    test_chat();
    test_refused();
    test_race();
    free((void *)(uintptr_t)conninfo);
    end();
    execlp("rm", "rm", "-rf", root, (char *)NULL);
    return 1;
}
