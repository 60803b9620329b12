/* The whole road over HTTP, in Russian and in English at once: from /start with an invitation to a finished set, the
 * set again, its originals, and a second set; with the product's own styles. "road tls": the same over TLS and HTTP/2,
 * as it is in life; then the front's log tells how well connections were used. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/system/front.h"
#include "tests/system/invariants.h"
#include "tests/system/secrets.h"
#include "tests/system/user.h"

enum {
    PICTURES_MAX = 64,
    PHOTO_MAX_BYTES = 10 * 1024 * 1024,
    H2_CONNECTIONS_MAX = 4,   /* one host for both services here; a few when many calls come at once at the start */
    OTHER_CONNECTIONS_MAX = 8 /* beside an upload's own: the poll's, the downloads' */
};

/* Do the bytes hold this marker? */
static bool holds(const unsigned char *bytes, size_t length, const char *marker, size_t marker_length)
{
    for (size_t i = 0; i + marker_length <= length; i++)
        if (memcmp(bytes + i, marker, marker_length) == 0)
            return true;
    return false;
}

/* Width and height out of a JPEG's frame header. */
static bool jpeg_size(const unsigned char *bytes, size_t length, int *ret_width, int *ret_height)
{
    for (size_t i = 2; i + 9 < length && bytes[i] == 0xff;) {
        int marker = bytes[i + 1];
        if (marker >= 0xc0 && marker <= 0xc2) {
            *ret_height = bytes[i + 5] << 8 | bytes[i + 6];
            *ret_width = bytes[i + 7] << 8 | bytes[i + 8];
            return true;
        }
        i += 2 + (size_t)(bytes[i + 2] << 8 | bytes[i + 3]);
    }
    return false;
}

/* The originals as they were delivered: JPEG, within Telegram's limits, nothing in them of where and with what the
 * references were taken, and all different. */
static void check_pictures(struct invariants *all, struct user *user)
{
    const char *ids[PICTURES_MAX];
    int which[PICTURES_MAX], count = chat_pictures(user->chat, "document", which, ids, PICTURES_MAX);
    unsigned char *bytes[PICTURES_MAX];
    size_t lengths[PICTURES_MAX];
    char path[256];
    for (int i = 0; i < count; i++) {
        int width = 0, height = 0;
        (void)snprintf(path, sizeof path, "/api/files/%s", ids[i]);
        bytes[i] = net_bytes(all->world->net, path, &lengths[i]);
        bool is_jpeg = lengths[i] > 4 && memcmp(bytes[i], "\xff\xd8\xff", 3) == 0;
        invariants_fact(all, is_jpeg && lengths[i] < PHOTO_MAX_BYTES, "photo %d is no JPEG of at most 10 MB", i + 1);
        invariants_fact(all,
                        jpeg_size(bytes[i], lengths[i], &width, &height) && width + height <= 10000 &&
                            width * 4 == height * 3 && width >= 900,
                        "photo %d has %d×%d points", i + 1, width, height);
        invariants_fact(all, !holds(bytes[i], lengths[i], "Exif\0", 5), "photo %d has EXIF data", i + 1);
        for (int k = 0; k < i; k++)
            invariants_fact(all, lengths[i] != lengths[k] || memcmp(bytes[i], bytes[k], lengths[i]) != 0,
                            "photos %d and %d are the same", k + 1, i + 1);
    }
    for (int i = 0; i < count; i++)
        free(bytes[i]);
}

static struct front front;

static void put_front(struct world *world)
{
    front_begin(&front, world);
    world->options.config = "ca_file = \"ca.pem\";\n";
}

static void remove_front(struct world *world)
{
    (void)world;
    front_end(&front);
}

/* Small calls share connections; polls, uploads and downloads have their own. */
static void check_connections(struct invariants *all)
{
    struct front_seen seen = front_look(&front);
    front_tell(&seen);
    invariants_fact(all, seen.over_h2 > 100 && seen.polls > 10 && seen.uploads > 5 && seen.downloads > 20,
                    "the front saw the road");
    invariants_fact(all, seen.large_h2 == 0, "%d polls, uploads or downloads shared a connection", seen.large_h2);
    invariants_fact(all, seen.small_h1 == 0, "%d small calls went where polls and uploads go", seen.small_h1);
    invariants_fact(all, seen.h2_connections <= H2_CONNECTIONS_MAX, "small calls took %d connections",
                    seen.h2_connections);
    invariants_fact(all, seen.connections - seen.h2_connections <= seen.uploads + OTHER_CONNECTIONS_MAX,
                    "polls, %d uploads and downloads took %d connections", seen.uploads,
                    seen.connections - seen.h2_connections);
}

int main(int argc, char **argv)
{
    static struct world world;
    bool tls = argc > 1 && strcmp(argv[1], "tls") == 0;
    static struct user users[2];
    struct user_plan plan = {.lang = "ru",
                             .name = "Анна <&_> 🎉",
                             .referral = "ABC234",
                             .photos = 12,
                             .size_px = 640,
                             .shuffle = true,
                             .spread_ms = 1000,
                             .tells_paid = true,
                             .again = true,
                             .second_set = true};
    world_begin(&world, &(struct world_options){.name = tls ? "road tls" : "road",
                                                .seed = 1,
                                                .fast = true,
                                                .prepare = tls ? put_front : NULL,
                                                .finish = tls ? remove_front : NULL});
    world_start_daemon(&world, NULL);
    secrets_keep(&world);
    user_begin(&users[0], &world, &plan, 5000000001);
    plan.lang = "en";
    plan.name = "*Bob*_[x](y) <b>";
    plan.referral = NULL;
    plan.by_phone = true;
    plan.tells_paid = plan.again = plan.second_set = false;
    user_begin(&users[1], &world, &plan, 5000000002);
    user_run_all(&world, users, 2, 100, NULL);
    invariants_settle(&world);

    struct invariants all = {.world = &world, .users = users, .user_count = 2};
    user_look(&users[0]);
    check_pictures(&all, &users[0]);
    if (tls)
        check_connections(&all);
    for (int i = 0; i < 2; i++) {
        user_look(&users[i]);
        invariants_fact(&all, chat_says(users[i].chat, i == 0 ? "Готово!" : "Done"), "user %d: the result is told", i);
    }
    invariants_check(&all);
    printf("road: %d facts hold, %lld s\n", all.checked, (long long)(net_now_ms() - world.started_ms) / 1000);
    return 0;
}
