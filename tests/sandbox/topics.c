/* A topic is the id of the service message that opened it. Nothing of it is drawn by the page but its messages, in the
 * order in which they came. */
#include "tests/sandbox/topics.h"

#include <inttypes.h>
#include <string.h>

#include "tests/sandbox/control.h"
#include "tests/sandbox/updates.h"

bool topics_has(const struct user *user, int64_t id)
{
    for (size_t i = 0; i < user->topic_count; i++)
        if (user->topics[i] == id)
            return true;
    return false;
}

void topics_add(struct user *user, int64_t id)
{
    if (id <= 0 || topics_has(user, id))
        return;
    user->topics = mem_grow(user->topics, (user->topic_count + 1) * sizeof(*user->topics));
    user->topics[user->topic_count++] = id;
}

static void delete_topic(struct sandbox *sb, struct user *user, int64_t id)
{
    for (size_t i = 0; i < user->topic_count; i++)
        if (user->topics[i] == id)
            user->topics[i] = user->topics[--user->topic_count];
    for (size_t i = 0; i < user->count; i++)
        if (user->messages[i]->thread_id == id && !user->messages[i]->deleted)
            world_message_delete(sb, user->messages[i]);
    if (user->thread_id == id)
        user->thread_id = 0;
}

static void open_topic(struct sandbox *sb, struct user *user, const char *name)
{
    struct buf body = {0};
    world_pass_ids(sb, 1);
    int64_t id = (int64_t)sb->world.message_count - 1;
    topics_add(user, id);
    user->thread_id = id;
    buf_addf(&body, "\"message\":{\"message_id\":%" PRId64 ",\"from\":", id);
    world_add_user_json(&body, user);
    buf_addf(&body, ",\"chat\":{\"id\":%" PRId64 ",\"type\":\"private\"},\"date\":%" PRId64, user->id,
             sandbox_now_ms(sb) / 1000);
    buf_addf(&body, ",\"message_thread_id\":%" PRId64 ",\"is_topic_message\":true", id);
    buf_adds(&body, ",\"forum_topic_created\":{\"icon_color\":7322096,\"name\":");
    buf_add_json(&body, name);
    buf_adds(&body, "}}");
    updates_push(sb, "message", buf_take(&body), 0, false);
}

void topics_serve(struct request *request, struct user *user)
{
    const char *name = control_text(request, "name");
    int64_t id = control_int(request, "thread_id", 0);
    if (name != NULL) {
        open_topic(request->sb, user, name);
    } else if (id != 0 && !topics_has(user, id)) {
        control_fail(request, 400, "no such topic");
        return;
    } else if (control_flag(request, "delete")) {
        delete_topic(request->sb, user, id);
    } else {
        user->thread_id = id;
    }
    struct buf out = {0};
    buf_addf(&out, "{\"thread_id\":%" PRId64 "}", user->thread_id);
    http_answer_json(request, 200, &out);
}
