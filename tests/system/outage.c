/* An outage of Telegram with paid sets waiting: their albums are rows until they can go, so the daemon stays small
 * however many there are, also when it starts in the middle of it; then all arrive, each photo once and in order.
 *
 *   system_outage [ALBUMS]
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bot/services/store/directory.h"
#include "bot/services/store/store.h"
#include "tests/system/invariants.h"
#include "tests/system/world.h"

enum {
    ALBUMS = 200,
    ALBUM = 10,
    ALBUMS_A_SET = 10,
    GREET_S = 120,
    OUTAGE_S = 15,
    STUCK_S = 1800,
    FIRST_USER = 2000000001,
    PADDING = 8, /* comments of 64 kB that make the picture as large as a finished one */
    COMMENT_BYTES = 65535,
    RSS_MAX_KB = 64 * 1024
};

static struct world world;
static char url[STORE_URL_BYTES];

static void picture_put(void *ctx, enum err err, const struct store_object *object)
{
    (void)ctx;
    if (err != ERR_OK)
        world_fail(&world, "the picture can't be stored: %s", err_name(err));
    store_url(object->name, url);
}

/* A cover of the shop's, and some padding behind its first marker. */
static void store_picture(void)
{
    static unsigned char bytes[2 * 1024 * 1024];
    size_t length = 2;
    struct store *store = NULL;
    FILE *file = fopen(SOURCE_DIR "/config/styles/creative.jpg", "rbe");
    if (file == NULL || fread(bytes, 1, 2, file) != 2)
        world_fail(&world, "there is no picture");
    for (int i = 0; i < PADDING; i++, length += COMMENT_BYTES + 2) {
        static const unsigned char head[] = {0xff, 0xfe, COMMENT_BYTES >> 8, COMMENT_BYTES & 0xff};
        memcpy(bytes + length, head, sizeof head);
    }
    length += fread(bytes + length, 1, sizeof bytes - length, file);
    (void)fclose(file);
    const char *path = arena_format(&world.arena, "%s/store", world.dir);
    if (directory_new(path, &store) != ERR_OK)
        world_fail(&world, "no store at %s", path);
    store_put(store, bytes, length, picture_put, NULL);
    store_free(store);
    printf("outage: a picture has %zu kB\n", length / 1024);
}

static int64_t number(const char *path, const char *key)
{
    struct json_object *answer = net_get(world.net, path), *value = NULL;
    int64_t number = json_object_object_get_ex(answer, key, &value) ? json_object_get_int64(value) : -1;
    json_object_put(answer);
    return number;
}

/* People who have written to the bot, each with a paid set of which nothing was sent yet. */
static void make_sets(int sets)
{
    for (int i = 0; i < sets; i++) {
        json_object_put(net_post(world.net, "/api/users",
                                 "{\"id\":%d,\"first_name\":\"Anna\",\"language_code\":\"en\"}", FIRST_USER + i));
        char path[64];
        (void)snprintf(path, sizeof path, "/api/chats/%d/text", FIRST_USER + i);
        json_object_put(net_post(world.net, path, "{\"text\":\"/start\"}"));
    }
    int64_t end_ms = net_now_ms() + GREET_S * 1000;
    while (number("/api/state", "pending_updates") > 0) {
        if (net_now_ms() > end_ms)
            world_fail(&world, "not everybody is greeted");
        (void)usleep(100 * 1000);
    }
    invariants_settle(&world);
    (void)world_int(&world,
                    "INSERT INTO users (device_id, telegram_user_id) SELECT 'tg:' || (%d + n), %d + n"
                    " FROM generate_series(0, %d) n ON CONFLICT DO NOTHING",
                    FIRST_USER, FIRST_USER, sets - 1);
    (void)world_int(&world, "INSERT INTO avatars (user_id, name) SELECT id, 'Anna' FROM users");
    (void)world_int(&world,
                    "INSERT INTO generation_jobs (avatar_id, style_id, status, total_photos, completed_photos, chat_id)"
                    " SELECT a.id, 'creative', 'completed', %d, %d, u.telegram_user_id FROM avatars a JOIN users u"
                    " ON u.id = a.user_id",
                    ALBUM * ALBUMS_A_SET, ALBUM * ALBUMS_A_SET);
    (void)world_int(&world,
                    "INSERT INTO generated_photos (avatar_id, style_id, prompt, image_url)"
                    " SELECT j.avatar_id, 'creative', n::text, '%s' FROM generation_jobs j, generate_series(0, %d) n",
                    url, ALBUM * ALBUMS_A_SET - 1);
    (void)world_int(&world,
                    "INSERT INTO photo_tasks (job_id, index, prompt, recipe, state, generated_photo_id, delivery)"
                    " SELECT j.id, g.prompt::int, '', '', 'made', g.id, 'queued' FROM generation_jobs j"
                    " JOIN generated_photos g ON g.avatar_id = j.avatar_id");
    (void)world_int(&world,
                    "INSERT INTO outbox (id, chat_id, kind, body, job_id)"
                    " SELECT 1000000000 + n * 100000 + j.id, j.chat_id, 'album', '[' || (SELECT string_agg((n * %d +"
                    " i)::text, ',') FROM generate_series(0, %d) i) || ']', j.id FROM generation_jobs j,"
                    " generate_series(0, %d) n",
                    ALBUM, ALBUM - 1, ALBUMS_A_SET - 1);
}

/* The most memory that the daemon ever had, of this life. */
static int64_t most_kb(void)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)world.daemon);
    char *status = world_read(path), *line = strstr(status, "VmHWM:");
    int64_t kb = line == NULL ? 0 : strtoll(line + strlen("VmHWM:"), NULL, 10);
    free(status);
    return kb;
}

static int64_t watch(int64_t until_ms, int64_t most)
{
    while (net_now_ms() < until_ms && world_int(&world, "SELECT count(*) FROM outbox") > 0) {
        most = most_kb() > most ? most_kb() : most;
        (void)usleep(200 * 1000);
    }
    return most;
}

/* Every photo is in its chat once and in order, as the database says, too. */
static void check_arrived(struct invariants *all, int sets)
{
    for (int i = 0; i < sets; i++) {
        int which[ALBUM * ALBUMS_A_SET * 2], right = 0;
        char path[64];
        (void)snprintf(path, sizeof path, "/api/chats/%d", FIRST_USER + i);
        struct json_object *chat = net_get(world.net, path);
        int count = chat_pictures(chat, "photo", which, NULL, sizeof which / sizeof which[0]);
        for (int k = 0; k < count; k++)
            right += which[k] == k + 1;
        invariants_fact(all, count == ALBUM * ALBUMS_A_SET && right == count, "user %d: %d photos, %d of them in order",
                        FIRST_USER + i, count, right);
        json_object_put(chat);
    }
    invariants_fact(all,
                    world_int(&world, "SELECT count(*) FROM photo_tasks WHERE delivery <> 'sent'"
                                      " OR message_id IS NULL") == 0,
                    "photos that are not sent, says the database");
}

int main(int argc, char **argv)
{
    int albums = argc > 1 ? (int)strtol(argv[1], NULL, 10) : ALBUMS, sets = albums / ALBUMS_A_SET;
    world_begin(&world, &(struct world_options){.name = "outage", .seed = 12, .cheap_styles = true, .fast = true});
    store_picture();
    world_start_daemon(&world, NULL);
    make_sets(sets);
    json_object_put(net_post(world.net, "/api/faults",
                             "{\"service\":\"telegram\",\"method\":\"sendMediaGroup\",\"kind\":\"flood\","
                             "\"retry_after\":2,\"count\":0}"));
    world_start_daemon(&world, NULL);
    int64_t most = watch(net_now_ms() + OUTAGE_S * 1000, 0);
    int64_t left = world_int(&world, "SELECT count(*) FROM outbox");
    invariants_fact(&(struct invariants){.world = &world}, left == albums, "%" PRId64 " albums wait, want %d", left,
                    albums);
    net_delete(world.net, "/api/faults");
    int64_t over_ms = net_now_ms();
    most = watch(over_ms + STUCK_S * INT64_C(1000), most);
    int64_t took_ms = net_now_ms() - over_ms;
    int status = world_stop_daemon(&world, SIGTERM);
    struct invariants all = {.world = &world};
    invariants_fact(&all, status == 0, "the daemon ends with status %d", status);
#ifndef __SANITIZE_ADDRESS__ /* whose own memory would be counted */
    invariants_fact(&all, most > 0 && most <= RSS_MAX_KB, "the daemon took %" PRId64 " kB, want %d at most", most,
                    RSS_MAX_KB);
#endif
    check_arrived(&all, sets);
    if (all.failed > 0)
        world_fail(&world, "%d of %d facts don't hold", all.failed, all.checked);
    printf("outage: %d albums waited %d s and arrived within %" PRId64 " s; the daemon took %" PRId64
           " kB at most; %d facts hold\n",
           albums, OUTAGE_S, took_ms / 1000, most, all.checked);
    return 0;
}
