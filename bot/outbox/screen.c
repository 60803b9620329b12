/* Sending one message: the living message is edited in place, or sent anew below what the user wrote; a notice is
 * always new. A photo with a caption can't become a text by an edit, so a change of kind is a new message and the old
 * one goes.
 *
 * A lost answer to a new message is met by sending it again: the same screen twice is the same question, and a button
 * of either works once; when the user has gone on, a button of the old copy is stale by its version and is answered by
 * the present screen. The copy is left where it is: its id could only be guessed, and a wrong guess would delete a
 * message that is meant to stay. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/base/log.h"
#include "bot/outbox/compose.h"
#include "bot/outbox/lane.h"
#include "core/bug.h"

enum { PICTURE_TRIES_MAX = 4, TRIES_MAX = 60 /* of a screen; a notice is told as long as the chat can be reached */ };

#define FILE_PREFIX "file:" /* a picture that Telegram has; any other is one of ours by name */

static bool may_edit(const struct lane *lane)
{
    const struct item *item = lane->head;
    bool photo = item->picture != NULL;
    return strcmp(item->kind, "screen") == 0 && !item->fresh && lane->screen_message_id != 0 &&
           lane->screen_is_photo == photo;
}

/* A notice is money's or a set's: it says "paid" or "ready", and nothing says it again. */
static bool is_value(const struct item *item)
{
    return strcmp(item->kind, "screen") != 0;
}

static bool is_file(const struct item *item)
{
    return strncmp(item->picture, FILE_PREFIX, strlen(FILE_PREFIX)) == 0;
}

static void ignored(void *ctx, const struct telegram_verdict *verdict, struct json_object *result)
{
    (void)ctx;
    (void)verdict;
    (void)result;
}

/* The old copy of a screen: gone or not, nothing depends on it. */
static void remove_message(struct lane *lane, int64_t message_id)
{
    struct shop *shop = lane->outbox->shop;
    char *params = compose_call("{}", lane->chat_id, message_id);
    struct telegram_call call = {.method = "deleteMessage",
                                 .chat_id = lane->chat_id,
                                 .repeat = TELEGRAM_REPEAT_FREELY,
                                 .no_result = true,
                                 .params_json = params};
    if (telegram_call(shop->telegram, shop->clock.mono_ms, &call, ignored, NULL) != ERR_OK)
        log_debug("outbox", "an old screen stays: too many calls are waiting");
    free(params);
}

static void give_back(struct lane *lane)
{
    struct item *item = lane->head;
    if (item->borrowed)
        pictures_give_back(lane->outbox->pictures, item->picture);
    item->borrowed = false;
}

static void sent(struct lane *lane, struct json_object *result)
{
    struct item *item = lane->head;
    int64_t old = lane->screen_message_id;
    bool old_photo = lane->screen_is_photo, photo = item->picture != NULL;
    int64_t message_id = result == NULL ? old : outbox_note_message(lane->outbox, result); /* NULL: an edit */
    const char *file_id = photo ? outbox_photo_id(result) : NULL;
    if (file_id != NULL)
        outbox_note_file(lane->outbox, item->picture, file_id);
    give_back(lane); /* if it was of no use */
    if (strcmp(item->kind, "screen") == 0 && message_id != 0) {
        outbox_note_screen(lane, message_id, photo);
        if (old != 0 && old != message_id && (item->replace || old_photo != photo))
            remove_message(lane, old);
    }
    lane_done(lane);
}

/* The words alone are better than nothing. */
static void drop_picture(struct item *item)
{
    char *text = compose_text(item->body);
    free(item->body);
    free(item->picture);
    item->body = text;
    item->picture = NULL;
    item->tries = 0;
}

static void retry(struct lane *lane, const struct telegram_verdict *verdict)
{
    struct item *item = lane->head;
    if (item->tries >= TRIES_MAX && !is_value(item)) {
        log_error("outbox", "a %s to chat %" PRId64 " is given up after %d tries", item->kind, lane->chat_id,
                  item->tries);
        lane_done(lane);
        return;
    }
    int64_t wait_ms = verdict->retry_after_ms > 0 ? verdict->retry_after_ms : lane_backoff_ms(item);
    item->tries++;
    lane_again(lane, wait_ms);
}

static void done(void *ctx, const struct telegram_verdict *verdict, struct json_object *result)
{
    struct lane *lane = ctx;
    struct item *item = lane->head;
    char line[256];
    failpoint("outbox.answered");
    if (verdict->class != TELEGRAM_OK && verdict->class != TELEGRAM_CANCELED)
        give_back(lane);
    switch (verdict->class) {
    case TELEGRAM_OK: sent(lane, result); return;
    case TELEGRAM_RETRY:
    case TELEGRAM_AMBIGUOUS:
    case TELEGRAM_CONFLICT: /* a proxy's, perhaps; if it is meant, the poll ends the daemon */
    case TELEGRAM_UNAUTHORIZED: retry(lane, verdict); return;
    case TELEGRAM_UNREACHABLE: lane_unreachable(lane); return;
    case TELEGRAM_CANCELED: return; /* the daemon is on its way down; the row stays */
    case TELEGRAM_GONE:             /* the living message is not there any more */
        if (may_edit(lane) || lane_leave_topic(lane)) {
            item->fresh = true;
            screen_send(lane);
            return;
        }
        break;
    case TELEGRAM_UNPARSED: {
        char *plain = compose_plain(item->body);
        bool again = strcmp(plain, item->body) != 0;
        free(item->body);
        item->body = plain;
        if (again) {
            log_error("outbox", "a message to chat %" PRId64 " was no good HTML and goes as plain text", lane->chat_id);
            screen_send(lane);
            return;
        }
        break;
    }
    case TELEGRAM_FILE_AWAY:
    case TELEGRAM_FILE_BAD: /* an id of another time: uploaded anew it gets a new one */
        if (item->picture != NULL && pictures_forget(lane->outbox->pictures, item->picture)) {
            screen_send(lane);
            return;
        }
        if (item->picture != NULL && is_file(item)) { /* gone there, and nothing to upload */
            log_warn("outbox", "Telegram has a picture no more; a %s goes without it", item->kind);
            drop_picture(item);
            screen_send(lane);
            return;
        }
        break;
    case TELEGRAM_FILE_TOO_BIG:
    case TELEGRAM_BAD:
    case TELEGRAM_CLASS_COUNT: break;
    }
    telegram_verdict_line(verdict, line, sizeof line);
    log_error("outbox", "a %s to chat %" PRId64 " is given up: %s", item->kind, lane->chat_id, line);
    lane_done(lane);
}

static void call(struct lane *lane, const char *method, char *params_taken, const struct telegram_file *file, bool edit)
{
    struct shop *shop = lane->outbox->shop;
    struct telegram_call request = {.method = method,
                                    .chat_id = lane->chat_id,
                                    .priority = is_value(lane->head) ? TELEGRAM_VALUE : TELEGRAM_INTERACTIVE,
                                    .repeat = edit ? TELEGRAM_REPEAT_FREELY : TELEGRAM_REPEAT_REFUSED,
                                    .no_result = edit && file == NULL && lane->head->picture == NULL,
                                    .params_json = params_taken,
                                    .files = file,
                                    .file_count = file != NULL};
    failpoint("outbox.before_send");
    enum err err = telegram_call(shop->telegram, shop->clock.mono_ms, &request, done, lane);
    free(params_taken);
    if (err != ERR_OK)
        give_back(lane);
    if (err == ERR_AGAIN) {
        lane_again(lane, lane_backoff_ms(lane->head));
    } else if (err != ERR_OK) {
        log_error("outbox", "a %s to chat %" PRId64 " can't be sent: %s", lane->head->kind, lane->chat_id,
                  err_name(err));
        lane_done(lane);
    }
}

/* It can't be had now. Not for long, or the chat's other messages wait too: the words alone are better than nothing. */
static void without_picture(struct lane *lane, bool is_coming)
{
    struct item *item = lane->head;
    bool last = ++item->tries >= PICTURE_TRIES_MAX || is_coming; /* a drawing is not waited for at all */
    log_warn("outbox", "%s is not to be had; %s", item->picture, last ? "the message goes without it" : "trying again");
    if (last)
        drop_picture(item);
    lane_again(lane, last ? 0 : lane_backoff_ms(item));
}

static void with_picture(void *ctx, const struct picture *picture)
{
    struct lane *lane = ctx;
    struct item *item = lane->head;
    bool upload = picture->file_id == NULL;
    if (upload && picture->jpeg == NULL) {
        without_picture(lane, picture->is_coming);
        return;
    }
    free(item->upload);
    item->upload = upload ? malloc(picture->bytes) : NULL;
    if (upload && item->upload == NULL)
        bug("out of memory");
    if (upload)
        memcpy(item->upload, picture->jpeg, picture->bytes);
    item->borrowed = upload;
    struct telegram_file file = {.name = "photo",
                                 .filename = "photo.jpg",
                                 .content_type = "image/jpeg",
                                 .data = item->upload,
                                 .bytes = picture->bytes};
    if (may_edit(lane)) {
        char *params = compose_media_edit(item->body, lane->chat_id, lane->screen_message_id,
                                          upload ? "attach://photo" : picture->file_id);
        call(lane, "editMessageMedia", params, upload ? &file : NULL, true);
        return;
    }
    call(lane, "sendPhoto", compose_photo(item->body, lane->chat_id, item->thread_id, picture->file_id),
         upload ? &file : NULL, false);
}

void screen_send(struct lane *lane)
{
    struct item *item = lane->head;
    if (item->picture != NULL && is_file(item)) {
        with_picture(lane, &(struct picture){.file_id = item->picture + strlen(FILE_PREFIX)});
        return;
    }
    if (item->picture != NULL) {
        pictures_get(lane->outbox->pictures, item->picture, with_picture, lane);
        return;
    }
    bool edit = may_edit(lane);
    char *params = edit ? compose_call(item->body, lane->chat_id, lane->screen_message_id)
                        : compose_send(item->body, lane->chat_id, item->thread_id);
    call(lane, edit ? "editMessageText" : "sendMessage", params, NULL, edit);
}
