/* Photos from users: uploaded ones, and drawn portraits for tests without pictures of people.
 *
 * An album is what it is at Telegram: separate messages with one media_group_id, in albums of at most ten, nothing
 * saying how many will come. `shuffle` hands the updates out in another order, `spread_ms` spreads them over that time.
 */
#include "tests/sandbox/control_media.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sandbox/easel.h"
#include "tests/sandbox/files.h"
#include "tests/sandbox/portrait.h"
#include "tests/sandbox/updates.h"

#define ALBUM_MAX 10
#define SAMPLES_MAX 100
#define SAMPLE_WIDTH_PX 1024 /* 1024×1280: Telegram would keep it as it is */

struct sending {
    struct request *request;
    struct user *user;
    struct message *messages[SAMPLES_MAX > REQUEST_PARTS_MAX ? SAMPLES_MAX : REQUEST_PARTS_MAX];
    size_t count;
    bool as_photo, album, shuffle;
    int64_t spread_ms;
    char *group_id;
};

static void begin(struct sending *sending, struct request *request, struct user *user)
{
    const char *as = control_text(request, "as");
    *sending = (struct sending){.request = request, .user = user};
    sending->as_photo = as == NULL || strcmp(as, "photo") == 0;
    sending->album = control_flag(request, "album");
    sending->shuffle = control_flag(request, "shuffle");
    sending->spread_ms = control_int(request, "spread_ms", 0);
}

static void add(struct sending *sending, size_t total, const char *name, const char *mime, const char *bytes,
                size_t size)
{
    struct sandbox *sb = sending->request->sb;
    struct message *message = world_message_add(sb, sending->user, sending->as_photo ? MESSAGE_PHOTO : MESSAGE_DOCUMENT,
                                                false, 0);
    message->file = files_add(sb, sending->as_photo, name, mime, bytes, size);
    if (sending->album && total > 1) {
        if (sending->count % ALBUM_MAX == 0) {
            struct buf id = {0};
            buf_addf(&id, "1375%013" PRId64, sb->world.next_group++);
            free(sending->group_id);
            sending->group_id = buf_take(&id);
        }
        message->group_id = mem_text(sending->group_id);
    }
    sending->messages[sending->count++] = message;
}

static void finish(struct sending *sending)
{
    struct sandbox *sb = sending->request->sb;
    struct buf out = {0};
    buf_adds(&out, "{\"message_ids\":[");
    for (size_t i = 0; i < sending->count; i++) { /* in the chat at once and in order, whatever the updates do */
        world_message_save(sb, sending->messages[i]);
        buf_addf(&out, "%s%" PRId64, i == 0 ? "" : ",", sending->messages[i]->id);
    }
    buf_adds(&out, "]}");
    for (size_t i = sending->count; sending->shuffle && i > 1; i--) {
        size_t other = (size_t)(sandbox_random(sb) % i);
        struct message *swap = sending->messages[i - 1];
        sending->messages[i - 1] = sending->messages[other];
        sending->messages[other] = swap;
    }
    for (size_t i = 0; i < sending->count; i++) {
        int64_t delay_ms = sending->count > 1 ? sending->spread_ms * (int64_t)i / (int64_t)(sending->count - 1) : 0;
        updates_push_message(sb, "message", sending->messages[i], delay_ms);
    }
    free(sending->group_id);
    http_answer_json(sending->request, 200, &out);
}

void control_photos(struct request *request, struct user *user)
{
    struct sending sending;
    begin(&sending, request, user);
    size_t total = 0;
    for (size_t i = 0; i < request->part_count; i++) {
        const struct part *part = &request->parts[i];
        if (!part->is_file)
            continue;
        const char *why = part->bytes.len == 0 ? "an empty file" : NULL;
        if (sending.as_photo)
            why = files_photo_refusal(part->bytes.at, part->bytes.len);
        if (why != NULL) {
            control_fail(request, 400, "%s: %s", part->filename, why);
            return;
        }
        total++;
    }
    if (total == 0) {
        control_fail(request, 400, "no files");
        return;
    }
    for (size_t i = 0; i < request->part_count; i++) {
        const struct part *part = &request->parts[i];
        if (part->is_file)
            add(&sending, total, part->filename, part->mime, part->bytes.at, part->bytes.len);
    }
    finish(&sending);
}

/* Drawn portraits as photos. By themselves they are waited for; "ahead" only has them drawn, for later, and "patient"
 * sends them if they are ready: else, as with "ahead", the answer is how many are, and one asks again. */
void control_samples(struct request *request, struct user *user)
{
    struct sending sending;
    int64_t count = control_int(request, "count", 1), pose = control_int(request, "pose", 0);
    int person = (int)control_int(request, "person", 1);
    int size_px = (int)control_int(request, "size_px", SAMPLE_WIDTH_PX);
    if (count < 1 || count > SAMPLES_MAX || size_px < PORTRAIT_SIZE_MIN_PX || size_px > 4000) {
        control_fail(request, 400, "count must be 1-%d, size_px %d-4000", SAMPLES_MAX, PORTRAIT_SIZE_MIN_PX);
        return;
    }
    struct easel *easel = request->sb->easel;
    size_t ready = easel_order(easel, person, (int)pose, (size_t)count, size_px);
    if (control_flag(request, "ahead") || (control_flag(request, "patient") && ready < (size_t)count)) {
        struct buf out = {0};
        buf_addf(&out, "{\"ready\":%zu,\"of\":%" PRId64 "}", ready, count);
        http_answer_json(request, 200, &out);
        return;
    }
    begin(&sending, request, user);
    for (int64_t i = 0; i < count; i++) {
        char name[64];
        struct portrait portrait = easel_take(easel, person, (int)(pose + i), size_px);
        if (portrait.jpeg == NULL)
            continue;
        snprintf(name, sizeof(name), "portrait-%d-%" PRId64 ".jpg", person, pose + i);
        add(&sending, (size_t)count, name, "image/jpeg", (const char *)portrait.jpeg, portrait.bytes);
    }
    if (sending.count == 0)
        control_fail(request, 500, "can't draw portraits");
    else
        finish(&sending);
}
