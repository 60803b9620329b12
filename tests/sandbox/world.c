/* The world: people, chats and messages, and how they look as Bot API objects.
 *
 * Every look-up is by hash or by index, never by a walk: the load generator keeps tens of thousands of chats here.
 * Message ids are one dense sequence over all chats, as in a bot's private chats, so they index an array.
 * Nothing here knows of HTTP; who waits for a chat is only woken through http.h.
 */
#include "tests/sandbox/world.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sandbox/files.h"
#include "tests/sandbox/http.h"
#include "tests/sandbox/journal.h"
#include "tests/sandbox/keys.h"
#include "tests/sandbox/load.h"
#include "tests/sandbox/payments.h"
#include "tests/sandbox/receipts.h"
#include "tests/sandbox/refunds.h"
#include "tests/sandbox/sandbox.h"
#include "tests/sandbox/stars.h"
#include "tests/sandbox/tax.h"
#include "tests/sandbox/updates.h"

void world_push(void ***list, size_t *count, size_t *room, void *item)
{
    if (*count == *room) {
        *room = *room == 0 ? 8 : *room * 2;
        *list = mem_grow(*list, *room * sizeof(void *));
    }
    (*list)[(*count)++] = item;
}

void world_init(struct sandbox *sb)
{
    struct world *world = &sb->world;
    *world = (struct world){.next_user_id = 7100000001, .next_callback = 1, .next_group = 1, .next_file = 1};
    world->users = lh_kptr_table_new(64, NULL);
    world->files = lh_kchar_table_new(64, NULL);
    world->blobs = lh_kchar_table_new(64, NULL);
    world->callbacks = lh_kchar_table_new(64, NULL);
    world->payments = lh_kchar_table_new(64, NULL);
    world->refunds = lh_kchar_table_new(64, NULL);
    world->receipts = lh_kchar_table_new(64, NULL);
    world->idempotence = lh_kchar_table_new(64, NULL);
    world->settings = json_object_new_object();
    snprintf(world->shop.receipts, sizeof(world->shop.receipts), "%s", sb->opt.receipts);
    void **messages = NULL; /* id 0 is nobody's */
    world_push(&messages, &world->message_count, &world->message_room, NULL);
    world->messages = (struct message **)messages;
    world->next_update_id = sb->opt.first_update_id > 0 ? sb->opt.first_update_id
                                                        : (int64_t)(100000000 + sandbox_random(sb) % 800000000);
}

static void message_free(struct message *message)
{
    if (message == NULL)
        return;
    free(message->text);
    free(message->entities);
    free(message->markup);
    free(message->keyboard);
    free(message->extra);
    free(message->group_id);
    free(message);
}

static void user_free(struct user *user)
{
    for (unsigned i = 0; i < user->toast_count; i++)
        free(user->toasts[i].text);
    free(user->first_name);
    free(user->username);
    free(user->language_code);
    free(user->messages);
    free(user->topics);
    free(user);
}

void world_done(struct sandbox *sb)
{
    struct world *world = &sb->world;
    for (size_t i = 0; i < world->message_count; i++)
        message_free(world->messages[i]);
    for (size_t i = 0; i < world->user_count; i++)
        user_free(world->user_list[i]);
    files_done(world);
    updates_done(world);
    payments_done(world);
    refunds_done(world);
    receipts_done(world);
    keys_done(world);
    tax_done(world);
    stars_done(world);
    free(world->messages);
    free(world->user_list);
    lh_table_free(world->users);
    json_object_put(world->settings);
}

struct user *world_user(const struct sandbox *sb, int64_t id)
{
    void *found = NULL;
    return lh_table_lookup_ex(sb->world.users, (const void *)(intptr_t)id, &found) ? found : NULL;
}

struct user *world_user_add(struct sandbox *sb, int64_t id, const char *first_name, const char *username,
                            const char *language_code)
{
    struct world *world = &sb->world;
    if (id == 0) {
        while (world_user(sb, world->next_user_id) != NULL)
            world->next_user_id++;
        id = world->next_user_id++;
    } else if (world_user(sb, id) != NULL) {
        return NULL;
    }
    struct user *user = mem_new(sizeof(*user));
    user->id = id;
    user->first_name = mem_text(first_name);
    user->username = mem_text(username);
    user->language_code = mem_text(language_code);
    user->version = 1;
    lh_table_insert(world->users, (void *)(intptr_t)id, user);
    world_push((void ***)&world->user_list, &world->user_count, &world->user_room, user);
    journal_user(sb, user);
    return user;
}

void world_changed(struct sandbox *sb, struct user *user)
{
    user->version++;
    http_wake_chat(sb, user);
}

struct message *world_message(const struct sandbox *sb, int64_t chat_id, int64_t id)
{
    if (id <= 0 || (uint64_t)id >= sb->world.message_count)
        return NULL;
    struct message *message = sb->world.messages[id];
    return message == NULL || message->deleted || message->chat->id != chat_id ? NULL : message;
}

void world_pass_ids(struct sandbox *sb, size_t count)
{
    struct world *world = &sb->world;
    for (size_t i = 0; i < count; i++)
        world_push((void ***)&world->messages, &world->message_count, &world->message_room, NULL);
}

struct message *world_message_add(struct sandbox *sb, struct user *chat, enum message_kind kind, bool from_bot,
                                  int64_t id)
{
    struct world *world = &sb->world;
    struct message *message = mem_new(sizeof(*message));
    message->id = id > 0 ? id : (int64_t)world->message_count;
    message->chat = chat;
    message->kind = kind;
    message->from_bot = from_bot;
    message->thread_id = from_bot ? 0 : chat->thread_id;
    message->date_ms = sandbox_now_ms(sb);
    while ((int64_t)world->message_count <= message->id) /* restoring may leave a gap for later lines */
        world_push((void ***)&world->messages, &world->message_count, &world->message_room, NULL);
    world->messages[message->id] = message;
    world_push((void ***)&chat->messages, &chat->count, &chat->room, message);
    if (from_bot)
        chat->action[0] = '\0';
    else
        chat->started = true;
    return message;
}

void world_message_save(struct sandbox *sb, struct message *message)
{
    journal_message(sb, message);
    world_changed(sb, message->chat);
    if (message->from_bot && message->chat->walker != NULL)
        load_message(sb, message->chat->walker, message);
}

void world_toast(struct sandbox *sb, struct user *user, const char *text, bool alert)
{
    if (user->toast_count == USER_TOASTS_MAX) {
        free(user->toasts[0].text);
        memmove(user->toasts, user->toasts + 1, (USER_TOASTS_MAX - 1) * sizeof(user->toasts[0]));
        user->toast_count--;
    }
    user->toasts[user->toast_count++] = (struct toast){
        .text = mem_text(text), .id = ++sb->world.next_toast, .alert = alert};
    world_changed(sb, user);
}

void world_message_delete(struct sandbox *sb, struct message *message)
{
    message->deleted = true;
    journal_message(sb, message);
    world_changed(sb, message->chat);
}

int64_t world_bot_id(const struct sandbox *sb)
{
    return strtoll(sb->opt.token, NULL, 10);
}

void world_add_bot_json(const struct sandbox *sb, struct buf *out)
{
    buf_addf(out, "{\"id\":%" PRId64 ",\"is_bot\":true,\"first_name\":\"Fotoset\",\"username\":", world_bot_id(sb));
    buf_add_json(out, sb->opt.bot_username);
    buf_adds(out, "}");
}

static void add_names(struct buf *out, const struct user *user)
{
    buf_adds(out, ",\"first_name\":");
    buf_add_json(out, user->first_name);
    if (user->username != NULL) {
        buf_adds(out, ",\"username\":");
        buf_add_json(out, user->username);
    }
}

void world_add_user_json(struct buf *out, const struct user *user)
{
    buf_addf(out, "{\"id\":%" PRId64 ",\"is_bot\":false", user->id);
    add_names(out, user);
    if (user->language_code != NULL) {
        buf_adds(out, ",\"language_code\":");
        buf_add_json(out, user->language_code);
    }
    buf_adds(out, "}");
}

static void add_content(struct buf *out, const struct message *message)
{
    bool is_caption = message->kind != MESSAGE_TEXT;
    if (message->kind == MESSAGE_PHOTO) {
        buf_adds(out, ",\"photo\":[");
        for (unsigned i = 0; i < message->file->size_count; i++) {
            buf_adds(out, i == 0 ? "" : ",");
            files_add_json(out, message->file->sizes[i]);
        }
        buf_adds(out, "]");
    } else if (message->kind == MESSAGE_DOCUMENT) {
        buf_adds(out, ",\"document\":");
        files_add_json(out, message->file);
    }
    if (message->text != NULL && message->text[0] != '\0') {
        buf_adds(out, is_caption ? ",\"caption\":" : ",\"text\":");
        buf_add_json(out, message->text);
    }
    if (message->entities != NULL)
        buf_addf(out, "%s%s", is_caption ? ",\"caption_entities\":" : ",\"entities\":", message->entities);
    if (message->extra != NULL)
        buf_addf(out, ",%s", message->extra);
}

static void add_message(const struct sandbox *sb, struct buf *out, const struct message *message, bool with_reply)
{
    buf_addf(out, "{\"message_id\":%" PRId64 ",\"from\":", message->id);
    if (message->from_bot)
        world_add_bot_json(sb, out);
    else
        world_add_user_json(out, message->chat);
    buf_addf(out, ",\"chat\":{\"id\":%" PRId64, message->chat->id);
    add_names(out, message->chat);
    buf_addf(out, ",\"type\":\"private\"},\"date\":%" PRId64, message->date_ms / 1000);
    if (message->thread_id > 0)
        buf_addf(out, ",\"message_thread_id\":%" PRId64 ",\"is_topic_message\":true", message->thread_id);
    if (message->edit_ms > 0)
        buf_addf(out, ",\"edit_date\":%" PRId64, message->edit_ms / 1000);
    const struct message *replied = with_reply && message->reply_to > 0
                                        ? world_message(sb, message->chat->id, message->reply_to)
                                        : NULL;
    if (replied != NULL) {
        buf_adds(out, ",\"reply_to_message\":");
        add_message(sb, out, replied, false);
    }
    if (message->group_id != NULL)
        buf_addf(out, ",\"media_group_id\":\"%s\"", message->group_id);
    add_content(out, message);
    if (message->markup != NULL)
        buf_addf(out, ",\"reply_markup\":%s", message->markup);
    buf_adds(out, "}");
}

void world_add_message_json(const struct sandbox *sb, struct buf *out, const struct message *message)
{
    add_message(sb, out, message, true);
}
