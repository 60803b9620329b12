/* Postgres refuses what people do, though nothing is wrong with it: somebody changed a table, or the server is in
 * trouble. While everybody is refused nothing moves; when it is one chat's rows, that chat waits in parked_updates, in
 * order, over kill -9, and all others go on; when it is mended, everything is handled. Nothing is skipped. What
 * somebody else changed between a turn's load and its commit is stepped again from what is true then. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/system/invariants.h"
#include "tests/system/scene.h"
#include "tests/system/secrets.h"

#define WAITS "a turn waits for the database"

enum { KNOWN, FIRST, SECOND, USERS, WALKING = 1, ALL_REFUSED_MS = 2500, TALKER_SAYS = 105 };

static struct world world;
static struct user users[USERS];
static const struct scene scene = {&world, users, WALKING, NULL}; /* the others only write */

static void sql(const char *statement)
{
    db_result_free(world_sql(&world, statement));
}

static int64_t parked(void)
{
    return world_int(&world, "SELECT count(*) FROM parked_updates");
}

static void await_parked(int64_t want)
{
    scene_await(&scene, want, "SELECT count(*) FROM parked_updates");
}

static void await_state(int user, const char *state)
{
    scene_await(&scene, 1, "SELECT count(*) FROM bot_sessions WHERE chat_id = %" PRId64 " AND state = '%s'",
                users[user].id, state);
}

static int64_t offset(void)
{
    return world_int(&world, "SELECT next_offset FROM bot_state");
}

static void pause_ms(int ms)
{
    for (int64_t end_ms = net_now_ms() + ms; net_now_ms() < end_ms;)
        net_step(world.net, 20);
}

/* A session that fits the condition can't be written: the error code as somebody's trigger would raise it. */
static void refuse_sessions(const char *condition, const char *sqlstate)
{
    sql("DROP FUNCTION IF EXISTS test_refuse CASCADE");
    sql(arena_format(&world.arena,
                     "CREATE FUNCTION test_refuse() RETURNS trigger AS $$ BEGIN IF %s THEN RAISE EXCEPTION"
                     " 'not this one' USING ERRCODE = '%s'; END IF; RETURN NEW; END $$ LANGUAGE plpgsql",
                     condition, sqlstate));
    sql("CREATE TRIGGER test_refuse BEFORE INSERT OR UPDATE ON bot_sessions FOR EACH ROW EXECUTE FUNCTION "
        "test_refuse()");
}

static void refuse_nothing(void)
{
    sql("DROP FUNCTION test_refuse CASCADE");
}

static void replay(void)
{
    const char *args[] = {BINARY_DIR "/fotosetd", "replay", "-c", world.config, NULL};
    int status = -1;
    if (waitpid(world_spawn(args, "/dev/null"), &status, 0) < 0 || status != 0)
        world_fail(&world, "fotosetd replay ends with %d", status);
}

static int times(const char *text, const char *words)
{
    int count = 0;
    for (const char *at = text; (at = strstr(at, words)) != NULL; at++)
        count++;
    return count;
}

/* The web application made a new column that must be filled: nobody new can be registered. */
static void refuse_newcomers(struct invariants *all)
{
    sql("ALTER TABLE users ADD COLUMN email TEXT NOT NULL DEFAULT ''");
    sql("ALTER TABLE users ALTER COLUMN email DROP DEFAULT");
    int64_t before = offset();
    scene_write(&scene, FIRST, "/start");
    pause_ms(ALL_REFUSED_MS);
    invariants_fact(all, offset() == before && parked() == 0, "with nobody to compare with, something moved");
    scene_write(&scene, KNOWN, "/help");
    await_state(KNOWN, "help");
    await_parked(1);
    scene_write(&scene, FIRST, "/menu"); /* behind the first word, which must be read first */
    await_parked(2);
    scene_write(&scene, SECOND, "/start");
    scene_write(&scene, KNOWN, "/settings");
    await_state(KNOWN, "settings");
    await_parked(3);
    pause_ms(1000); /* and it is told */
    (void)world_stop_daemon(&world, SIGKILL);
    char *log = world_read(world.log);
    invariants_fact(all, times(log, "its chat waits in parked_updates") == 2, "it is not told once a chat");
    invariants_fact(all, strstr(log, "\"email\"") != NULL && strstr(log, "a default for the column") != NULL,
                    "it is not told what to mend");
    free(log);
    world_start_daemon(&world, NULL);
    scene_await(&scene, 2, "SELECT count(*) FROM parked_updates WHERE tries > 1"); /* at the start, too */
    invariants_fact(all, parked() == 3, "a start lost something that is parked");
    sql("ALTER TABLE users ALTER COLUMN email SET DEFAULT ''");
    int64_t mended_ms = net_now_ms();
    replay();
    await_parked(0);
    invariants_fact(all, net_now_ms() - mended_ms < 10000, "replay takes %" PRId64 " ms", net_now_ms() - mended_ms);
    scene_await(&scene, 2, "SELECT count(*) FROM bot_sessions WHERE chat_id IN (%" PRId64 ", %" PRId64 ")",
                users[FIRST].id, users[SECOND].id);
    user_look(&users[FIRST]);
    invariants_fact(all, chat_screen(users[FIRST].chat, 0).message_id > 0, "who waited is not answered");
}

/* Nobody's update can be stored: nothing moves, and all is handled afterwards. */
static void refuse_everybody(struct invariants *all, const char *sqlstate)
{
    int64_t before = offset();
    refuse_sessions("TRUE", sqlstate);
    scene_write(&scene, KNOWN, "/help");
    scene_write(&scene, FIRST, "/start");
    scene_write(&scene, SECOND, "/start");
    pause_ms(ALL_REFUSED_MS);
    invariants_fact(all, offset() == before && parked() == 0, "everybody was refused with %s, and something moved",
                    sqlstate);
    refuse_nothing();
    await_state(KNOWN, "help");
    scene_write(&scene, KNOWN, "/menu");
    await_state(KNOWN, "menu");
    invariants_fact(all, parked() == 0, "somebody is parked after %s", sqlstate);
}

/* One chat's rows are refused: all others go on, and the chat goes on by itself when they are not any more. */
static void refuse_one(struct invariants *all, const char *sqlstate)
{
    refuse_sessions(arena_format(&world.arena, "NEW.chat_id = %" PRId64, users[FIRST].id), sqlstate);
    scene_write(&scene, FIRST, "/start");
    scene_write(&scene, KNOWN, "/settings");
    scene_write(&scene, FIRST, "/menu");
    await_state(KNOWN, "settings");
    await_parked(2);
    for (int i = 0; i < 3; i++) {
        int64_t asked_ms = net_now_ms();
        scene_write(&scene, KNOWN, i % 2 == 0 ? "/menu" : "/settings");
        await_state(KNOWN, i % 2 == 0 ? "menu" : "settings");
        invariants_fact(all, net_now_ms() - asked_ms < 5000, "%s: others wait for the chat that is parked", sqlstate);
    }
    refuse_nothing();
    await_parked(0);
}

/* What Postgres can't hold at all is noted with its bytes and passed over. */
static void refuse_for_good(struct invariants *all)
{
    refuse_sessions(arena_format(&world.arena, "NEW.chat_id = %" PRId64, users[SECOND].id), "22021");
    scene_write(&scene, SECOND, "/start seven");
    scene_await(&scene, 1, "SELECT count(*) FROM poison_updates WHERE why LIKE 'not this one%%'");
    refuse_nothing();
    invariants_fact(all,
                    world_int(&world, "SELECT count(*) FROM poison_updates WHERE"
                                      " convert_from(raw, 'UTF8')::json #>> '{message,text}' = '/start seven'") == 1,
                    "the poison's own bytes are not kept");
}

/* A row that waits and turns out to be one that Postgres can't hold is noted, too: its chat does not wait for ever. */
static void refuse_for_good_later(struct invariants *all)
{
    const char *second = arena_format(&world.arena, "NEW.chat_id = %" PRId64, users[SECOND].id);
    refuse_sessions(second, "P0001");
    scene_write(&scene, SECOND, "/start eight");
    scene_write(&scene, KNOWN, "/settings");
    await_state(KNOWN, "settings");
    scene_write(&scene, SECOND, "/menu");
    await_parked(2);
    refuse_sessions(second, "22021");
    replay();
    await_parked(0);
    invariants_fact(all, world_int(&world, "SELECT count(*) FROM poison_updates") == 3, "what waited is not noted");
    refuse_nothing();
}

/* One chat has more to say than getUpdates hands out at once, so nobody else's update is seen beside it. */
static void refuse_a_talker(struct invariants *all)
{
    refuse_sessions(arena_format(&world.arena, "NEW.chat_id = %" PRId64, users[FIRST].id), "P0001");
    for (int i = 0; i < TALKER_SAYS; i++)
        scene_write(&scene, FIRST, "/help");
    scene_write(&scene, KNOWN, "/settings");
    await_state(KNOWN, "settings");
    invariants_fact(all, parked() == TALKER_SAYS, "%" PRId64 " of a talker's updates wait", parked());
    refuse_nothing();
    replay();
    await_parked(0);
}

/* It loses the race as often as a turn steps it anew, and twice more when it is tried by itself: each time at once. */
static void lose_again_and_again(struct invariants *all)
{
    char *before = world_read(world.log);
    sql("CREATE SEQUENCE test_race");
    refuse_sessions("NEW.state = 'help' AND nextval('test_race') <= 6", "FB002");
    scene_write(&scene, KNOWN, "/help");
    await_state(KNOWN, "help");
    refuse_nothing();
    char *after = world_read(world.log);
    invariants_fact(all, times(after, WAITS) == times(before, WAITS),
                    "what lost a race waits before it is tried again");
    invariants_fact(all, parked() == 0, "races that were lost park the update");
    free(before);
    free(after);
}

/* KNOWN is asked for a new name of an avatar. */
static void ask_for_a_name(void)
{
    sql(arena_format(&world.arena,
                     "WITH a AS (INSERT INTO avatars (user_id, name) SELECT id, 'Old' FROM users"
                     " WHERE telegram_user_id = %" PRId64 " RETURNING id)"
                     " UPDATE bot_sessions SET state = 'rename', avatar_id = a.id FROM a WHERE chat_id = %" PRId64,
                     users[KNOWN].id, users[KNOWN].id));
}

/* The web application deletes the avatar after the turn was loaded, before it is committed. */
static void lose_a_race(struct invariants *all)
{
    ask_for_a_name();
    sql("CREATE FUNCTION test_sleep() RETURNS trigger AS $$ BEGIN PERFORM pg_sleep(1) FROM avatars WHERE name = 'Old';"
        " RETURN NEW; END $$ LANGUAGE plpgsql");
    sql("CREATE TRIGGER test_sleep BEFORE UPDATE ON bot_state FOR EACH ROW EXECUTE FUNCTION test_sleep()");
    scene_write(&scene, KNOWN, "New");
    scene_await(&scene, 1, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
    sql("DELETE FROM avatars WHERE name = 'Old'");
    await_state(KNOWN, "my");
    scene_await_words(&scene, KNOWN, "Этого аватара уже нет");
    invariants_fact(all, parked() == 0, "a race that was lost parks the update");
    sql("DROP FUNCTION test_sleep CASCADE");
}

/* The next change of an avatar finds no row, and the one after it does. */
static void lose_once_more(void)
{
    sql("CREATE SEQUENCE test_hidden");
    sql("CREATE OR REPLACE FUNCTION test_hide() RETURNS trigger AS $$ BEGIN"
        " RETURN CASE WHEN nextval('test_hidden') = 1 THEN NULL ELSE NEW END; END $$ LANGUAGE plpgsql");
}

/* … and what no repetition helps waits like all that is refused. */
static void lose_for_ever(struct invariants *all)
{
    ask_for_a_name();
    sql("CREATE FUNCTION test_hide() RETURNS trigger AS $$ BEGIN RETURN NULL; END $$ LANGUAGE plpgsql");
    sql("CREATE TRIGGER test_hide BEFORE UPDATE ON avatars FOR EACH ROW EXECUTE FUNCTION test_hide()");
    scene_write(&scene, KNOWN, "New");
    scene_write(&scene, FIRST, "/help");
    await_state(FIRST, "help");
    await_parked(1);
    lose_once_more();
    int64_t asked_ms = net_now_ms();
    replay();
    await_parked(0);
    invariants_fact(all, net_now_ms() - asked_ms < 10000, "what lost a race when it was replayed was put off");
    sql("DROP FUNCTION test_hide CASCADE");
    invariants_fact(all, world_int(&world, "SELECT count(*) FROM avatars WHERE name = 'New'") == 1,
                    "the name that waited was not given");
    sql("DELETE FROM avatars WHERE name = 'New'");
}

int main(void)
{
    static const char *const everybody[] = {"58030", "XX000", "P0001", "23514"};
    static const char *const one[] = {"P0001", "XX001"};
    struct user_plan plan = {.lang = "ru", .name = "Анна", .photos = 10, .size_px = 520};
    struct invariants all = {.world = &world, .users = users, .user_count = 0, .poison_expected = 3};
    world_begin(&world, &(struct world_options){.name = "parked", .seed = 4, .cheap_styles = true, .fast = true});
    world_start_daemon(&world, NULL);
    secrets_keep(&world);
    for (int i = 0; i < USERS; i++)
        user_begin(&users[i], &world, &plan, 5000000001 + i);
    scene_walk_to(&scene, KNOWN, USER_NAME);
    users[KNOWN].step = USER_DONE; /* from here on it only writes */
    pause_ms(1000);                /* and what it did before is committed */
    refuse_newcomers(&all);
    for (size_t i = 0; i < sizeof everybody / sizeof everybody[0]; i++)
        refuse_everybody(&all, everybody[i]);
    for (size_t i = 0; i < sizeof one / sizeof one[0]; i++)
        refuse_one(&all, one[i]);
    refuse_for_good(&all);
    refuse_for_good_later(&all);
    scene_write(&scene, KNOWN, "/menu");
    await_state(KNOWN, "menu");
    refuse_a_talker(&all);
    scene_write(&scene, KNOWN, "/menu");
    await_state(KNOWN, "menu");
    lose_again_and_again(&all);
    lose_a_race(&all);
    lose_for_ever(&all);
    scene_write(&scene, KNOWN, "/menu");
    await_state(KNOWN, "menu");
    invariants_settle(&world);
    invariants_check(&all);
    printf("parked: %d facts hold, %" PRId64 " s\n", all.checked, (net_now_ms() - world.begun_ms) / 1000);
    return 0;
}
