/* The queue of updates, and the callbacks that can still be answered.
 *
 * Updates are kept as ready JSON text in an array with a moving head: pushing, confirming and batching cost nothing
 * but copying. They live 24 hours of the sandbox's clock, presses 150 seconds, as at Telegram. A delayed update gets
 * its id when it becomes visible, so ids are in the order in which a bot sees them.
 */
#include "tests/sandbox/updates.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sandbox/http.h"
#include "tests/sandbox/journal.h"
#include "tests/sandbox/load.h"

static bool is_allowed(const struct sandbox *sb, const char *kind)
{
    if (sb->world.allowed == NULL)
        return strcmp(kind, "chat_member") != 0 && strncmp(kind, "message_reaction", 16) != 0;
    size_t count = json_object_array_length(sb->world.allowed);
    for (size_t i = 0; i < count; i++) {
        const char *name = json_object_get_string(json_object_array_get_idx(sb->world.allowed, i));
        if (name != NULL && strcmp(name, kind) == 0)
            return true;
    }
    return false;
}

static struct update *append(struct sandbox *sb, int64_t id, int64_t expires_ms, char *body)
{
    struct world *world = &sb->world;
    if (world->update_count == world->update_room) {
        if (world->update_head > world->update_room / 2) {
            world->update_count -= world->update_head;
            memmove(world->updates, world->updates + world->update_head, world->update_count * sizeof(struct update));
            world->update_head = 0;
        } else {
            world->update_room = world->update_room == 0 ? 64 : world->update_room * 2;
            world->updates = mem_grow(world->updates, world->update_room * sizeof(struct update));
        }
    }
    struct update *update = &world->updates[world->update_count++];
    *update = (struct update){.id = id, .expires_ms = expires_ms, .body = body};
    return update;
}

static void push_now(struct sandbox *sb, const char *kind, char *body)
{
    bool is_short = strcmp(kind, "callback_query") == 0 || strcmp(kind, "pre_checkout_query") == 0;
    int64_t life_ms = is_short ? CALLBACK_LIFE_MS : UPDATE_LIFE_MS;
    struct update *update = append(sb, sb->world.next_update_id++, sandbox_now_ms(sb) + life_ms, body);
    journal_update(sb, update);
    http_wake_poll(sb);
}

void updates_push(struct sandbox *sb, const char *kind, char *body, int64_t delay_ms, bool force)
{
    struct world *world = &sb->world;
    if (!force && !is_allowed(sb, kind)) {
        free(body);
        return;
    }
    if (delay_ms <= 0) {
        push_now(sb, kind, body);
        return;
    }
    updates_restore_delayed(sb, ++world->next_delayed, sandbox_now_ms(sb) + delay_ms, kind, body);
    journal_delayed(sb, &world->delayed[world->delayed_count - 1], false);
    free(body);
}

void updates_push_message(struct sandbox *sb, const char *kind, const struct message *message, int64_t delay_ms)
{
    struct buf body = {0};
    buf_addf(&body, "\"%s\":", kind);
    world_add_message_json(sb, &body, message);
    updates_push(sb, kind, buf_take(&body), delay_ms, false);
}

void updates_restore(struct sandbox *sb, int64_t id, int64_t expires_ms, const char *body)
{
    append(sb, id, expires_ms, mem_text(body));
    sb->world.next_update_id = id + 1;
}

void updates_restore_delayed(struct sandbox *sb, int64_t key, int64_t due_ms, const char *kind, const char *body)
{
    struct world *world = &sb->world;
    if (world->delayed_count == world->delayed_room) {
        world->delayed_room = world->delayed_room == 0 ? 16 : world->delayed_room * 2;
        world->delayed = mem_grow(world->delayed, world->delayed_room * sizeof(struct delayed));
    }
    world->delayed[world->delayed_count++] = (struct delayed){
        .key = key, .due_ms = due_ms, .kind = mem_text(kind), .body = mem_text(body)};
    if (key > world->next_delayed)
        world->next_delayed = key;
}

static void delayed_remove(struct world *world, size_t at)
{
    free(world->delayed[at].kind);
    free(world->delayed[at].body);
    world->delayed_count--;
    memmove(world->delayed + at, world->delayed + at + 1, (world->delayed_count - at) * sizeof(struct delayed));
}

void updates_drop_delayed(struct sandbox *sb, int64_t key)
{
    for (size_t i = 0; i < sb->world.delayed_count; i++) {
        if (sb->world.delayed[i].key == key) {
            delayed_remove(&sb->world, i);
            return;
        }
    }
}

int64_t updates_run_delayed(struct sandbox *sb)
{
    struct world *world = &sb->world;
    while (world->delayed_count > 0) {
        size_t first = 0; /* few are delayed at once, so a walk is enough */
        for (size_t i = 1; i < world->delayed_count; i++) {
            if (world->delayed[i].due_ms < world->delayed[first].due_ms)
                first = i;
        }
        int64_t left_ms = world->delayed[first].due_ms - sandbox_now_ms(sb);
        if (left_ms > 0)
            return left_ms;
        journal_delayed(sb, &world->delayed[first], true);
        push_now(sb, world->delayed[first].kind, mem_text(world->delayed[first].body));
        delayed_remove(world, first);
    }
    return -1;
}

static void drop_head(struct world *world)
{
    free(world->updates[world->update_head++].body);
    if (world->update_head == world->update_count)
        world->update_head = world->update_count = 0;
}

/* An expired press behind a younger message stays where it is: updates_add_json passes over it. */
static void drop_expired(struct sandbox *sb)
{
    struct world *world = &sb->world;
    int64_t now_ms = sandbox_now_ms(sb);
    while (world->update_head < world->update_count && world->updates[world->update_head].expires_ms <= now_ms)
        drop_head(world);
}

/* How many from the head `offset` confirms. The update before the offset is looked for first: after a restart of the
 * numbering the ids in the queue may go down. An offset far in the future is nobody's and confirms nothing. */
static size_t confirmed(const struct world *world, int64_t offset)
{
    const struct update *head = world->updates + world->update_head;
    size_t count = world->update_count - world->update_head;
    if (offset == INT64_MAX)
        return count;
    int64_t distance = count == 0 ? -1 : offset - 1 - head[0].id;
    if (distance >= 0 && (uint64_t)distance < count && head[distance].id == offset - 1)
        return (size_t)distance + 1;
    for (size_t i = 0; i < count; i++) {
        if (head[i].id == offset - 1)
            return i + 1;
    }
    if (offset > world->next_update_id + 10)
        return 0;
    size_t below = 0;
    while (below < count && head[below].id < offset && (below == 0 || head[below].id > head[below - 1].id))
        below++;
    return below;
}

void updates_confirm(struct sandbox *sb, int64_t offset)
{
    struct world *world = &sb->world;
    size_t before = world->update_count - world->update_head;
    drop_expired(sb);
    size_t count = world->update_count - world->update_head, drop = 0;
    if (offset < 0 && count > (uint64_t)-offset)
        drop = count - (size_t)-offset;
    else if (offset > 0)
        drop = confirmed(world, offset);
    while (drop-- > 0)
        drop_head(world);
    if (before != world->update_count - world->update_head)
        journal_confirm(sb);
}

void updates_mark(struct sandbox *sb, struct walker *walker)
{
    struct world *world = &sb->world;
    if (world->update_count > world->update_head)
        world->updates[world->update_count - 1].walker = walker;
}

void updates_mark_none(struct sandbox *sb)
{
    for (size_t i = sb->world.update_head; i < sb->world.update_count; i++)
        sb->world.updates[i].walker = NULL;
}

size_t updates_pending(struct sandbox *sb)
{
    drop_expired(sb);
    return sb->world.update_count - sb->world.update_head;
}

size_t updates_add_json(struct sandbox *sb, struct buf *out, size_t limit)
{
    struct world *world = &sb->world;
    int64_t now_ms = sandbox_now_ms(sb);
    size_t from = out->len, added = 0;
    buf_adds(out, "[");
    for (size_t i = world->update_head; i < world->update_count && added < limit; i++) {
        const struct update *update = &world->updates[i];
        if (update->expires_ms <= now_ms)
            continue;
        if (out->len - from > UPDATES_ANSWER_MAX)
            break;
        buf_addf(out, "%s{\"update_id\":%" PRId64 "%s%s}", added == 0 ? "" : ",", update->id,
                 update->body[0] == '\0' ? "" : ",", update->body);
        if (update->walker != NULL)
            load_handed_out(sb, update->walker);
        added++;
    }
    buf_adds(out, "]");
    return added;
}

void updates_restart_ids(struct sandbox *sb)
{
    sb->world.next_update_id = (int64_t)(1 + sandbox_random(sb) % 2000000000);
    journal_state(sb);
}

struct callback *updates_callback_restore(struct sandbox *sb, const char *id, struct user *user, int64_t at_ms)
{
    struct world *world = &sb->world;
    struct callback *callback = mem_new(sizeof(*callback));
    snprintf(callback->id, sizeof(callback->id), "%s", id);
    callback->user = user;
    callback->at_ms = at_ms;
    while (world->callback_head < world->callback_count &&
           world->callback_list[world->callback_head]->at_ms + CALLBACK_LIFE_MS < sandbox_now_ms(sb)) {
        struct callback *old = world->callback_list[world->callback_head++];
        lh_table_delete(world->callbacks, old->id);
        free(old);
    }
    if (world->callback_head == world->callback_count)
        world->callback_head = world->callback_count = 0;
    world_push((void ***)&world->callback_list, &world->callback_count, &world->callback_room, callback);
    lh_table_insert(world->callbacks, callback->id, callback);
    int64_t number = strtoll(id, NULL, 10) % 1000000000;
    if (number >= world->next_callback)
        world->next_callback = number + 1;
    return callback;
}

struct callback *updates_callback_add(struct sandbox *sb, struct user *user)
{
    char id[24];
    snprintf(id, sizeof(id), "%" PRId64, 30495000000000000 + sb->world.next_callback);
    struct callback *callback = updates_callback_restore(sb, id, user, sandbox_now_ms(sb));
    journal_callback(sb, callback);
    return callback;
}

struct callback *updates_callback(struct sandbox *sb, const char *id)
{
    void *found = NULL;
    if (!lh_table_lookup_ex(sb->world.callbacks, id, &found))
        return NULL;
    struct callback *callback = found;
    bool is_late = sandbox_now_ms(sb) - callback->at_ms > CALLBACK_LIFE_MS;
    return callback->answered || is_late ? NULL : callback;
}

void updates_done(struct world *world)
{
    for (size_t i = world->update_head; i < world->update_count; i++)
        free(world->updates[i].body);
    free(world->updates);
    while (world->delayed_count > 0)
        delayed_remove(world, world->delayed_count - 1);
    free(world->delayed);
    lh_table_free(world->callbacks);
    for (size_t i = world->callback_head; i < world->callback_count; i++)
        free(world->callback_list[i]);
    free(world->callback_list);
    json_object_put(world->allowed);
}
