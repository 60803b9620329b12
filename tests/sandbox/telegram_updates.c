/* getUpdates and the webhook methods.
 *
 * As the real server does it: one waiting poll, the older of two is the one that gets the 409; repeating an offset
 * quickly is slowed down; allowed_updates is remembered. A set webhook is only kept: nothing is ever sent to it.
 */
#include "tests/sandbox/telegram.h"

#include <stdlib.h>
#include <string.h>

#include "tests/sandbox/journal.h"
#include "tests/sandbox/updates.h"
#include "tests/sandbox/wait.h"

#define POLL_TIMEOUT_MAX_S 50
#define CONFLICT_GAP_MS 3000

void telegram_poll_answer(struct request *request)
{
    struct sandbox *sb = request->sb;
    struct buf result = {0};
    if (sb->poll == request)
        sb->poll = NULL;
    updates_confirm(sb, 0);
    updates_add_json(sb, &result, request->limit);
    telegram_done(request, &result);
}

/* Ends the waiting poll with a 409; a second one within three seconds is held back, as the server does. */
static void fail_waiting(struct sandbox *sb, const char *text)
{
    struct request *old = sb->poll;
    int64_t now_ms = sandbox_mono_ms();
    if (old == NULL)
        return;
    sb->poll = NULL;
    telegram_fail(old, 409, "%s", text);
    wait_remove(sb, old);
    if (sb->last_conflict_ms > 0 && now_ms - sb->last_conflict_ms < CONFLICT_GAP_MS)
        http_wait(old, WAIT_DELAY, CONFLICT_GAP_MS);
    else
        http_wake(old);
    sb->last_conflict_ms = now_ms;
}

static bool is_known_kind(const char *name)
{
    static const char *const kinds[] = {"message",
                                        "edited_message",
                                        "channel_post",
                                        "edited_channel_post",
                                        "business_connection",
                                        "business_message",
                                        "edited_business_message",
                                        "deleted_business_messages",
                                        "message_reaction",
                                        "message_reaction_count",
                                        "inline_query",
                                        "chosen_inline_result",
                                        "callback_query",
                                        "shipping_query",
                                        "pre_checkout_query",
                                        "purchased_paid_media",
                                        "poll",
                                        "poll_answer",
                                        "my_chat_member",
                                        "chat_member",
                                        "chat_join_request",
                                        "chat_boost",
                                        "removed_chat_boost",
                                        "managed_bot",
                                        "subscription"};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (name != NULL && strcmp(kinds[i], name) == 0)
            return true;
    }
    return false;
}

/* Omitted: the earlier list stays. Empty or only unknown names: the default set. */
static void remember_allowed(struct request *request)
{
    struct world *world = &request->sb->world;
    json_object *given = telegram_param(request, "allowed_updates");
    if (given == NULL)
        return;
    json_object *kept = json_object_new_array();
    for (size_t i = 0; i < json_object_array_length(given); i++) {
        json_object *name = json_object_array_get_idx(given, i);
        if (is_known_kind(json_object_get_string(name)))
            json_object_array_add(kept, json_object_get(name));
    }
    if (json_object_array_length(kept) == 0) {
        json_object_put(kept);
        kept = NULL;
    }
    if (json_object_equal(kept, world->allowed)) {
        json_object_put(kept);
        return;
    }
    json_object_put(world->allowed);
    world->allowed = kept;
    journal_state(request->sb);
}

void telegram_get_updates(struct request *request)
{
    struct sandbox *sb = request->sb;
    int64_t offset = telegram_int(request, "offset"), timeout_s = telegram_int(request, "timeout");
    int64_t limit = telegram_param(request, "limit") == NULL ? 100 : telegram_int(request, "limit");
    int64_t now_ms = sandbox_mono_ms();
    if (sb->webhook_url != NULL) {
        telegram_fail(request, 409,
                      "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the "
                      "webhook first");
        return;
    }
    fail_waiting(sb,
                 "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running");
    timeout_s = timeout_s < 0 ? 0 : timeout_s > POLL_TIMEOUT_MAX_S ? POLL_TIMEOUT_MAX_S : timeout_s;
    limit = limit < 1 || limit > 100 ? 100 : limit;
    if (offset == sb->prev_poll_offset && sb->prev_poll_ms > 0) {
        if (timeout_s < 3 && now_ms < sb->prev_poll_ms + 3000)
            timeout_s = 3;
        if (now_ms < sb->prev_poll_ms + 500)
            limit = 1;
    }
    sb->prev_poll_offset = offset;
    sb->prev_poll_ms = now_ms;
    remember_allowed(request);
    updates_confirm(sb, offset);
    request->limit = (size_t)limit;
    if (timeout_s > 0 && updates_pending(sb) == 0) {
        sb->poll = request;
        http_wait(request, WAIT_UPDATES, timeout_s * 1000);
        return;
    }
    telegram_poll_answer(request);
}

static void drop_pending(struct request *request)
{
    if (telegram_flag(request, "drop_pending_updates"))
        updates_confirm(request->sb, INT64_MAX);
}

void telegram_set_webhook(struct request *request)
{
    struct sandbox *sb = request->sb;
    const char *url = telegram_text(request, "url");
    if (url[0] != '\0' && strncmp(url, "https://", 8) != 0) {
        telegram_fail(request, 400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook");
        return;
    }
    fail_waiting(sb, "Conflict: terminated by setWebhook request");
    drop_pending(request);
    remember_allowed(request);
    free(sb->webhook_url);
    sb->webhook_url = url[0] == '\0' ? NULL : mem_text(url);
    journal_state(sb);
    telegram_true(request);
}

void telegram_delete_webhook(struct request *request)
{
    struct sandbox *sb = request->sb;
    drop_pending(request);
    if (sb->webhook_url != NULL) {
        free(sb->webhook_url);
        sb->webhook_url = NULL;
        journal_state(sb);
    }
    telegram_true(request);
}

void telegram_get_webhook_info(struct request *request)
{
    struct buf result = {0};
    buf_adds(&result, "{\"url\":");
    buf_add_json(&result, request->sb->webhook_url);
    buf_addf(&result, ",\"has_custom_certificate\":false,\"pending_update_count\":%zu", updates_pending(request->sb));
    if (request->sb->world.allowed != NULL)
        buf_addf(&result, ",\"allowed_updates\":%s",
                 json_object_to_json_string_ext(request->sb->world.allowed, JSON_C_TO_STRING_PLAIN));
    buf_adds(&result, "}");
    telegram_done(request, &result);
}
