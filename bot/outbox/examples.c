/* The greeting's example album: the shipped example pictures in one media group. A nicety: whatever fails, the greeting
 * goes on without it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/base/log.h"
#include "bot/outbox/lane.h"
#include "core/bug.h"

struct show {
    struct show *next, *previous; /* all that are under way */
    struct lane *lane;
    struct picture pictures[ALBUM_MAX];
    void *jpegs[ALBUM_MAX]; /* copies: the call may wait longer than the pictures are kept */
    size_t count, wanted;
};

static void show_free(struct show *show)
{
    struct outbox *outbox = show->lane->outbox;
    if (show->next != NULL)
        show->next->previous = show->previous;
    if (show->previous != NULL)
        show->previous->next = show->next;
    else
        outbox->shows = show->next;
    for (size_t i = 0; i < show->count; i++)
        free(show->jpegs[i]);
    free(show);
}

void examples_free(struct outbox *outbox)
{
    while (outbox->shows != NULL)
        show_free(outbox->shows);
}

/* It ends here. What was lent to it and not learned may be tried by the next who waits. */
static void end(struct show *show)
{
    struct pictures *pictures = show->lane->outbox->pictures;
    for (size_t i = 0; i < show->count; i++)
        if (show->pictures[i].file_id == NULL)
            pictures_give_back(pictures, show->pictures[i].name);
    show_free(show);
}

static void send(struct show *show);

static void answered(void *ctx, const struct telegram_verdict *verdict, struct json_object *result)
{
    struct show *show = ctx;
    struct lane *lane = show->lane;
    failpoint("examples.answered");
    if (verdict->class == TELEGRAM_CANCELED) {
        show_free(show);
        return;
    }
    if (verdict->class == TELEGRAM_GONE && lane_leave_topic(lane)) {
        send(show);
        return;
    }
    bool sent = verdict->class == TELEGRAM_OK && json_object_is_type(result, json_type_array);
    for (size_t i = 0; sent && i < json_object_array_length(result); i++) {
        struct json_object *message = json_object_array_get_idx(result, i);
        const char *file_id = outbox_photo_id(message);
        (void)outbox_note_message(lane->outbox, message);
        if (file_id != NULL && i < show->count && show->pictures[i].file_id == NULL)
            outbox_note_file(lane->outbox, show->pictures[i].name, file_id);
    }
    end(show);
    if (verdict->class == TELEGRAM_UNREACHABLE)
        lane_unreachable(lane);
    else
        lane_done(lane);
}

static void send(struct show *show)
{
    struct shop *shop = show->lane->outbox->shop;
    struct telegram_file files[ALBUM_MAX];
    char names[ALBUM_MAX][24];
    size_t file_count = 0;
    struct json_object *list = json_object_new_array(), *params = json_object_new_object();
    for (size_t i = 0; i < show->count; i++) {
        struct json_object *media = json_object_new_object();
        char attach[40];
        (void)snprintf(names[i], sizeof names[i], "e%zu", i);
        (void)snprintf(attach, sizeof attach, "attach://e%zu", i);
        const char *id = show->pictures[i].file_id;
        json_object_object_add(media, "type", json_object_new_string("photo"));
        json_object_object_add(media, "media", json_object_new_string(id != NULL ? id : attach));
        json_object_array_add(list, media);
        if (id == NULL)
            files[file_count++] = (struct telegram_file){names[i], "example.jpg", "image/jpeg", show->pictures[i].jpeg,
                                                         show->pictures[i].bytes};
    }
    json_object_object_add(params, "chat_id", json_object_new_int64(show->lane->chat_id));
    if (show->lane->head->thread_id != 0)
        json_object_object_add(params, "message_thread_id", json_object_new_int64(show->lane->head->thread_id));
    json_object_object_add(params, "media", list);
    struct telegram_call call = {.method = "sendMediaGroup",
                                 .chat_id = show->lane->chat_id,
                                 .repeat = TELEGRAM_REPEAT_NOT_DONE,
                                 .files = files,
                                 .file_count = file_count,
                                 .cost = (int)show->count,
                                 .chat_cost = 1, /* the greeting comes right behind it */
                                 .params_json = json_object_to_json_string_ext(params, JSON_C_TO_STRING_PLAIN)};
    failpoint("examples.before_send");
    enum err err = telegram_call(shop->telegram, shop->clock.mono_ms, &call, answered, show);
    json_object_put(params);
    if (err != ERR_OK) {
        struct lane *lane = show->lane;
        end(show);
        lane_done(lane);
    }
}

static void got(void *ctx, const struct picture *picture)
{
    struct show *show = ctx;
    if (picture->file_id != NULL || picture->jpeg != NULL) {
        struct picture *kept = &show->pictures[show->count];
        *kept = *picture;
        if (picture->jpeg != NULL) {
            void *copy = show->jpegs[show->count] = malloc(picture->bytes);
            if (copy == NULL)
                bug("out of memory");
            kept->jpeg = memcpy(copy, picture->jpeg, picture->bytes);
        }
        show->count++;
    }
    if (--show->wanted > 0)
        return;
    if (show->count >= ALBUM_MIN) {
        send(show);
        return;
    }
    struct lane *lane = show->lane;
    end(show);
    lane_done(lane);
}

void examples_send(struct lane *lane)
{
    size_t count = pictures_example_count(lane->outbox->pictures);
    struct show *show = calloc(1, sizeof *show);
    if (show == NULL)
        bug("out of memory");
    show->lane = lane;
    show->next = lane->outbox->shows;
    if (show->next != NULL)
        show->next->previous = show;
    lane->outbox->shows = show;
    show->wanted = count < ALBUM_MAX ? count : ALBUM_MAX;
    if (show->wanted < ALBUM_MIN) {
        show_free(show);
        lane_done(lane);
        return;
    }
    size_t wanted = show->wanted;
    for (size_t i = 0; i < wanted; i++) {
        char name[40];
        (void)snprintf(name, sizeof name, "example:%zu", i);
        pictures_get(lane->outbox->pictures, name, got, show);
    }
}
