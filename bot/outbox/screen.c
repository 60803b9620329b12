/* Sending one message: the living message is edited in place, or sent anew below what the user wrote; a notice is
 * always new. A photo with a caption can't become a text by an edit, so a change of kind is a new message and the old
 * one goes.
 *
 * A message is never given up for a server's error or a lost answer, however long that lasts: it may say "paid". One
 * that matters is looked for before it is sent again (seek.c). A lost answer to another new message is met by sending
 * it again, the more rarely the more often it was: the same screen twice is the same question, and a button of either
 * works once; when the user has gone on, a button of the old copy is stale by its version and is answered by the
 * present screen. The copy is left where it is: its id could only be guessed, and a wrong guess would delete a message
 * that is meant to stay. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bot/base/failpoint.h"
#include "bot/base/log.h"
#include "bot/base/memory.h"
#include "bot/outbox/compose.h"
#include "bot/outbox/seek.h"

enum { PICTURE_TRIES_MAX = 4, TRIES_A_LINE = 20 };

#define FILE_PREFIX "file:" /* a picture that Telegram has; any other is one of ours by name */

static bool may_edit(const struct item *item)
{
    const struct lane *lane = item->lane;
    bool photo = item->picture != NULL;
    return item->kind->is_living && !item->fresh && lane->screen_message_id != 0 && lane->screen_is_photo == photo;
}

/* A notice ("paid", "sent once more"), and the screen that says that a set is ready. Only texts can be looked for. */
static bool matters(const struct item *item)
{
    return item->kind->matters && item->picture == NULL;
}

static bool is_file(const struct item *item)
{
    return strncmp(item->picture, FILE_PREFIX, strlen(FILE_PREFIX)) == 0;
}

/* The old copy of a screen: gone or not, nothing depends on it. */
static void remove_message(struct lane *lane, int64_t message_id)
{
    char *params = compose_call("{}", lane->chat_id, message_id);
    outbox_call_idly(lane, &(struct telegram_call){.method = "deleteMessage",
                                                   .repeat = TELEGRAM_REPEAT_FREELY,
                                                   .no_result = true,
                                                   .params_json = params});
    free(params);
}

static void give_back(struct item *item)
{
    if (item->borrowed)
        pictures_give_back(item->lane->outbox->pictures, item->picture);
    item->borrowed = false;
}

static void arrived(struct item *item, int64_t message_id)
{
    struct lane *lane = item->lane;
    int64_t old = lane->screen_message_id;
    bool old_photo = lane->screen_is_photo, photo = item->picture != NULL;
    if (item->kind->is_living && message_id != 0) {
        outbox_note_screen(lane, message_id, photo);
        if (old != 0 && old != message_id && (item->replace || old_photo != photo))
            remove_message(lane, old);
    }
    lane_done(item);
}

static void sent(struct item *item, struct json_object *result)
{
    struct lane *lane = item->lane;
    bool edit = may_edit(item);
    int64_t message_id = edit ? lane->screen_message_id : outbox_message_id(result);
    if (!edit && message_id != 0)
        outbox_note_id(item, message_id);
    if (!edit && message_id != 0 && !matters(item))
        outbox_note_unsaved(lane->outbox);
    const char *file_id = item->picture != NULL ? outbox_photo_id(result) : NULL;
    if (file_id != NULL)
        outbox_note_file(lane->outbox, item->picture, file_id);
    give_back(item); /* if it was of no use */
    arrived(item, message_id);
}

void screen_found(struct item *item, int64_t message_id)
{
    outbox_note_id(item, message_id);
    arrived(item, message_id);
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

static void retry(struct item *item, const struct telegram_verdict *verdict)
{
    int64_t wait_ms = lane_backoff_ms(item, !verdict->surely_not_done && !may_edit(item));
    item->in_doubt = !verdict->surely_not_done && matters(item);
    item->sought = 0;
    if (++item->tries % TRIES_A_LINE == 0)
        log_warn("outbox", "a %s to chat %" PRId64 " did not go in %d tries", item->kind->word, item->lane->chat_id,
                 item->tries);
    lane_again(item, verdict->retry_after_ms > 0 ? verdict->retry_after_ms : wait_ms);
}

/* Another way to say the same, after it was refused. False: there is none. */
static bool say_otherwise(struct item *item, enum telegram_class class)
{
    struct lane *lane = item->lane;
    if (class == TELEGRAM_GONE) { /* the living message is not there any more, or the topic */
        if (!may_edit(item) && !lane_leave_topic(item))
            return false;
        item->fresh = true;
        return true;
    }
    if (class == TELEGRAM_UNPARSED) {
        char *plain = compose_plain(item->body);
        bool differs = strcmp(plain, item->body) != 0;
        free(item->body);
        item->body = plain;
        if (differs)
            log_error("outbox", "a message to chat %" PRId64 " was no good HTML and goes as plain text", lane->chat_id);
        return differs;
    }
    if ((class != TELEGRAM_FILE_AWAY && class != TELEGRAM_FILE_BAD) || item->picture == NULL)
        return false;
    if (pictures_forget(lane->outbox->pictures, item->picture)) /* an id of another time: uploaded it gets a new one */
        return true;
    if (!is_file(item))
        return false;
    log_warn("outbox", "Telegram has a picture no more; a %s goes without it", item->kind->word);
    drop_picture(item);
    return true;
}

static void refused(struct item *item, const struct telegram_verdict *verdict)
{
    char line[256];
    if (say_otherwise(item, verdict->class)) {
        screen_send(item);
        return;
    }
    telegram_verdict_line(verdict, line, sizeof line);
    log_error("outbox", "a %s to chat %" PRId64 " is given up: %s", item->kind->word, item->lane->chat_id, line);
    lane_done(item);
}

void screen_answered(void *ctx, const struct telegram_verdict *verdict, struct json_object *result)
{
    struct item *item = ctx;
    item->job = NULL;
    failpoint("outbox.answered");
    if (verdict->class != TELEGRAM_OK && verdict->class != TELEGRAM_CANCELED)
        give_back(item);
    switch (verdict->class) {
    case TELEGRAM_OK: sent(item, result); return;
    case TELEGRAM_RETRY:
    case TELEGRAM_AMBIGUOUS:
    case TELEGRAM_CONFLICT: /* a proxy's, perhaps; if it is meant, the poll ends the daemon */
    case TELEGRAM_UNAUTHORIZED: retry(item, verdict); return;
    case TELEGRAM_UNREACHABLE: lane_unreachable(item); return;
    case TELEGRAM_CANCELED: return; /* the daemon is on its way down; the row stays */
    case TELEGRAM_GONE:
    case TELEGRAM_UNPARSED:
    case TELEGRAM_FILE_AWAY:
    case TELEGRAM_FILE_BAD:
    case TELEGRAM_FILE_TOO_BIG:
    case TELEGRAM_BAD:
    case TELEGRAM_CLASS_COUNT: break;
    }
    refused(item, verdict);
}

static void call(struct item *item, const char *method, char *params_taken, const struct telegram_file *file, bool edit)
{
    struct telegram_call request = {.method = method,
                                    .priority = item->kind->is_living ? TELEGRAM_INTERACTIVE : TELEGRAM_VALUE,
                                    .repeat = edit ? TELEGRAM_REPEAT_FREELY : TELEGRAM_REPEAT_REFUSED,
                                    .no_result = edit && file == NULL && item->picture == NULL,
                                    .params_json = params_taken,
                                    .files = file,
                                    .file_count = file != NULL};
    failpoint("outbox.before_send");
    enum err err = outbox_call(item->lane, &request, screen_answered, item);
    free(params_taken);
    if (err != ERR_OK)
        give_back(item);
    if (err == ERR_AGAIN) {
        lane_again(item, lane_backoff_ms(item, false));
    } else if (err != ERR_OK) {
        log_error("outbox", "a %s to chat %" PRId64 " can't be sent: %s", item->kind->word, item->lane->chat_id,
                  err_name(err));
        lane_done(item);
    }
}

/* It can't be had now. Not for long, or the chat's other messages wait too: the words alone are better than nothing. */
static void without_picture(struct item *item, bool is_coming)
{
    bool last = ++item->tries >= PICTURE_TRIES_MAX || is_coming; /* a drawing is not waited for at all */
    log_warn("outbox", "%s is not to be had; %s", item->picture, last ? "the message goes without it" : "trying again");
    if (last)
        drop_picture(item);
    lane_again(item, last ? 0 : lane_backoff_ms(item, false));
}

static void with_picture(void *ctx, const struct picture *picture)
{
    struct item *item = ctx;
    const struct lane *lane = item->lane;
    bool upload = picture->file_id == NULL;
    if (upload && picture->jpeg == NULL) {
        without_picture(item, picture->is_coming);
        return;
    }
    free(item->upload);
    item->upload = upload ? memory_need(malloc(picture->bytes)) : NULL;
    if (upload)
        memcpy(item->upload, picture->jpeg, picture->bytes);
    item->borrowed = upload;
    struct telegram_file file = {.name = "photo",
                                 .filename = "photo.jpg",
                                 .content_type = "image/jpeg",
                                 .data = item->upload,
                                 .bytes = picture->bytes};
    if (may_edit(item)) {
        char *params = compose_media_edit(item->body, lane->chat_id, lane->screen_message_id,
                                          upload ? "attach://photo" : picture->file_id);
        call(item, "editMessageMedia", params, upload ? &file : NULL, true);
        return;
    }
    call(item, "sendPhoto", compose_photo(item->body, lane->chat_id, item->thread_id, picture->file_id),
         upload ? &file : NULL, false);
}

void screen_send(struct item *item)
{
    const struct lane *lane = item->lane;
    if (matters(item)) {
        if (item->in_doubt)
            seek_message(item);
        else
            seek_send(item);
        return;
    }
    if (item->picture != NULL && is_file(item)) {
        with_picture(item, &(struct picture){.file_id = item->picture + strlen(FILE_PREFIX)});
        return;
    }
    if (item->picture != NULL) {
        pictures_get(lane->outbox->pictures, item->picture, with_picture, item);
        return;
    }
    bool edit = may_edit(item);
    char *params = edit ? compose_call(item->body, lane->chat_id, lane->screen_message_id)
                        : compose_send(item->body, lane->chat_id, item->thread_id);
    call(item, edit ? "editMessageText" : "sendMessage", params, NULL, edit);
}
