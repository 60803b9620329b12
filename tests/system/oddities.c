/* Odd answers and odd input, in one world, while people walk the road as always: every press is answered too late,
 * every album is refused as a whole, somebody sends bombs for photos, Postgres is slow. None of it costs anybody
 * anything but the one it is about, and nothing is done twice because of it. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "tests/system/bombs.h"
#include "tests/system/invariants.h"
#include "tests/system/scene.h"
#include "tests/system/secrets.h"

#define TOO_LATE "Bad Request: query is too old and response timeout expired or query ID is invalid"
#define NO_ALBUM "Bad Request: Failed to send message #3 with the error message \\\"PHOTO_INVALID_DIMENSIONS\\\""

enum {
    BOMBER,
    GUEST,
    NEIGHBOUR,
    USERS,
    SET = 23,
    SLOW_MS = 3000,
    CALLBACK_LIFE_MS = 151 * 1000,
    DAEMON_MAX_KB = 150 * 1024, /* the largest file a user may send, some times over */
    DARKROOM_MAX_KB = 700 * 1024
};

static struct world world;
static struct user users[USERS];
static struct scene scene = {&world, users, USERS, NULL};

static void plant(const char *method, const char *how)
{
    json_object_put(net_post(world.net, "/api/faults", "{\"service\":\"telegram\",\"method\":\"%s\",%s}", method, how));
}

/* Photos in number 11 to 16. Those that are no photo are refused by number, and the good ones still count. */
static void throw_bombs(void)
{
    scene.held = &users[BOMBER]; /* reads what is said of them before going on */
    for (int i = 0; i < BOMB_COUNT; i++) {
        struct bomb_file bomb = bomb_make((enum bomb)i);
        if (net_upload(world.net, scene_path(&scene, BOMBER, "photos?as=document"), bomb.name, bomb.type, bomb.bytes,
                       bomb.length) != 200)
            world_fail(&world, "the sandbox does not take bomb %d", i);
        free(bomb.bytes);
    }
    scene_await(&scene, BOMB_COUNT,
                "SELECT count(*) FROM photo_intake WHERE verdict NOT IN ('pending', 'good') AND chat_id = %" PRId64,
                users[BOMBER].id);
    struct db_result *rows = world_sql(
        &world, arena_format(&world.arena,
                             "SELECT string_agg(number::text, ', ' ORDER BY number) FROM photo_intake"
                             " WHERE verdict = 'too_many_pixels' AND chat_id = %" PRId64,
                             users[BOMBER].id));
    const char *words = arena_format(
        &world.arena, "Фото %s: слишком много мегапикселей. Отправьте как фото, а не файлом.", db_text(rows, 0, 0, 0));
    scene_await_words(&scene, BOMBER, words);
    scene.held = NULL;
    users[BOMBER].since_ms = net_now_ms();
    db_result_free(rows);
}

static struct json_object *answers_to_presses(void)
{
    struct json_object *log = net_get(world.net, "/api/log?service=telegram&method=answerCallbackQuery"),
                       *requests = NULL;
    (void)json_object_object_get_ex(log, "requests", &requests);
    requests = json_object_get(requests);
    json_object_put(log);
    return requests;
}

static const char *id_of(struct json_object *request)
{
    struct json_object *params = NULL;
    (void)json_object_object_get_ex(request, "params", &params);
    return chat_field(params, "callback_query_id");
}

/* How many answers were refused as too late; each of them is over with that. */
static int check_late(struct invariants *all)
{
    struct json_object *list = answers_to_presses();
    size_t count = json_object_array_length(list);
    int late = 0, again = 0;
    for (size_t i = 0; i < count; i++) {
        struct json_object *one = json_object_array_get_idx(list, i), *status = NULL;
        (void)json_object_object_get_ex(one, "status", &status);
        if (json_object_get_int(status) != 400)
            continue;
        late++;
        if (id_of(one)[0] == '\0') /* never: then nothing is known */
            invariants_fact(all, false, "a late answer without the press it is for");
        for (size_t k = i + 1; k < count; k++)
            again += strcmp(id_of(one), id_of(json_object_array_get_idx(list, k))) == 0;
    }
    json_object_put(list);
    invariants_fact(all, again == 0, "%d presses were answered again though it was too late", again);
    return late;
}

/* One that is late by the clock: Telegram asks to wait, and when the wait is over the press is too old. */
static void answer_late(struct invariants *all)
{
    int before = check_late(all);
    plant("answerCallbackQuery", "\"kind\":\"flood\",\"retry_after\":2,\"count\":1");
    user_look(&users[GUEST]);
    json_object_put(net_post(world.net, scene_path(&scene, GUEST, "press"),
                             "{\"message_id\":%" PRId64 ",\"data\":\"*:0:settings:0\",\"force\":true}",
                             chat_screen(users[GUEST].chat, 0).message_id));
    scene_await(&scene, 1, "SELECT count(*) FROM bot_sessions WHERE state = 'settings' AND chat_id = %" PRId64,
                users[GUEST].id);
    json_object_put(net_post(world.net, "/api/clock", "{\"advance_ms\":%d}", CALLBACK_LIFE_MS));
    int64_t end_ms = net_now_ms() + SCENE_STUCK_S * 1000;
    while (check_late(all) == before && net_now_ms() < end_ms)
        net_step(world.net, 50);
    invariants_fact(all, check_late(all) == before + 1, "%d answers were late by the clock, want 1",
                    check_late(all) - before);
}

static int64_t updates_waiting(void)
{
    struct json_object *state = net_get(world.net, "/api/state"), *value = NULL;
    (void)json_object_object_get_ex(state, "pending_updates", &value);
    int64_t count = json_object_get_int64(value);
    json_object_put(state);
    return count;
}

/* Telegram forgets an update when the next is asked for, so nothing may be asked for until the commit is through. Here
 * a commit takes a second. What waits is read first and the offset after it: so it can't seem worse than it is. */
static void watch_slow_commit(struct invariants *all)
{
    int64_t before = world_int(&world, "SELECT next_offset FROM bot_state"), waiting = 1;
    int looks = 0, early = 0;
    db_result_free(world_sql(&world, "CREATE FUNCTION test_sleep() RETURNS trigger AS $$ BEGIN"
                                     " PERFORM pg_sleep(1); RETURN NEW; END $$ LANGUAGE plpgsql"));
    db_result_free(world_sql(&world, "CREATE TRIGGER test_sleep BEFORE UPDATE ON bot_state"
                                     " FOR EACH ROW EXECUTE FUNCTION test_sleep()"));
    scene_write(&scene, NEIGHBOUR, "/help");
    for (int64_t end_ms = net_now_ms() + SCENE_STUCK_S * 1000; net_now_ms() < end_ms; looks++) {
        waiting = updates_waiting();
        if (world_int(&world, "SELECT next_offset FROM bot_state") != before)
            break;
        early += waiting == 0;
        net_step(world.net, 20);
    }
    db_result_free(world_sql(&world, "DROP TRIGGER test_sleep ON bot_state"));
    invariants_fact(all, looks > 3, "the commit took no time: %d looks", looks);
    invariants_fact(all, early == 0, "an update was confirmed to Telegram before it was committed (%d of %d looks)",
                    early, looks);
}

/* A chore's statement takes seconds (a photo is made, and its row has to wait). Nobody in the chats waits with it. */
static void watch_slow_chore(struct invariants *all)
{
    db_result_free(world_sql(&world, "CREATE FUNCTION test_slow() RETURNS trigger AS $$ BEGIN"
                                     " PERFORM pg_sleep(6); RETURN NEW; END $$ LANGUAGE plpgsql"));
    db_result_free(world_sql(&world, "CREATE TRIGGER test_slow BEFORE INSERT ON generated_photos"
                                     " FOR EACH ROW EXECUTE FUNCTION test_slow()"));
    scene_await(&scene, 1, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
    int64_t before = world_int(&world, "SELECT next_offset FROM bot_state"), begun_ms = net_now_ms(), took_ms = 0;
    scene_write(&scene, GUEST, "Привет");
    while (took_ms < SLOW_MS && world_int(&world, "SELECT next_offset FROM bot_state") == before) {
        net_step(world.net, 20);
        took_ms = net_now_ms() - begun_ms;
    }
    invariants_fact(all, took_ms < SLOW_MS, "an update waited for a chore's statement: %" PRId64 " ms", took_ms);
    db_result_free(world_sql(&world, "DROP TRIGGER test_slow ON generated_photos"));
}

static int64_t daemon_peak_kb(void)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)world.daemon);
    char *text = world_read(path), *at = strstr(text, "VmHWM:");
    int64_t kb = at == NULL ? 0 : strtoll(at + 6, NULL, 10);
    free(text);
    return kb;
}

static void check_memory(struct invariants *all, int64_t daemon_kb)
{
    struct rusage children;
    (void)getrusage(RUSAGE_CHILDREN, &children); /* the largest of all that have ended: a darkroom */
    printf("oddities: the daemon took %" PRId64 " MB at most, a darkroom %ld MB\n", daemon_kb / 1024,
           children.ru_maxrss / 1024);
#ifndef __SANITIZE_ADDRESS__
    invariants_fact(all, daemon_kb > 0 && daemon_kb < DAEMON_MAX_KB, "the daemon took %" PRId64 " kB", daemon_kb);
    invariants_fact(all, children.ru_maxrss < DARKROOM_MAX_KB, "a darkroom took %ld kB", children.ru_maxrss);
#else
    (void)all;
#endif
}

int main(void)
{
    struct user_plan plan = {.lang = "ru", .name = "Анна", .photos = 10, .size_px = 520, .tells_paid = true};
    struct invariants all = {.world = &world, .users = users, .user_count = USERS};
    world_begin(&world, &(struct world_options){.name = "oddities",
                                                .seed = 11,
                                                .cheap_styles = true,
                                                .fast = true,
                                                .making = "lease_s = 200;",
                                                .darkroom = "job_timeout_s = 90;"});
    plant("answerCallbackQuery",
          "\"kind\":\"status\",\"status\":400,\"count\":0,\"act\":true,\"description\":\"" TOO_LATE "\"");
    plant("sendMediaGroup", "\"kind\":\"status\",\"status\":400,\"count\":0,\"description\":\"" NO_ALBUM "\"");
    world_start_daemon(&world, NULL);
    secrets_keep(&world);
    for (int i = 0; i < USERS; i++)
        user_begin(&users[i], &world, &plan, 8000000001 + i);
    scene_walk_to(&scene, BOMBER, USER_ENOUGH);
    throw_bombs();
    scene_walk_to(&scene, GUEST, USER_RESULT);
    watch_slow_chore(&all);
    user_run_all(&world, users, USERS, SCENE_STUCK_S, NULL);
    int late = check_late(&all);
    invariants_fact(&all, late >= USERS * 5, "only %d answers were late", late);
    net_delete(world.net, "/api/faults");
    int64_t daemon_kb = daemon_peak_kb();
    watch_slow_commit(&all);
    answer_late(&all);
    invariants_settle(&world);
    check_memory(&all, daemon_kb);
    char *log = world_read(world.log);
    invariants_fact(&all, strstr(log, "answerCallbackQuery was refused") == NULL, "a late answer is called a mistake");
    free(log);
    invariants_check(&all);
    printf("oddities: %d facts hold, %" PRId64 " s\n", all.checked, (net_now_ms() - world.begun_ms) / 1000);
    return 0;
}
