/* The greeting's example album: the shipped example pictures in one media group. A nicety: whatever fails, the greeting
 * goes on without it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/base/failpoint.h"
#include "bot/base/memory.h"
#include "bot/outbox/lane.h"

struct show {
    LIST_ENTRY(show) next; /* all that are under way */
    struct item *item;
    struct picture pictures[ALBUM_MAX];
    void *jpegs[ALBUM_MAX]; /* copies: the call may wait longer than the pictures are kept */
    size_t count, wanted;
};

static void show_free(struct show *show)
{
    LIST_REMOVE(show, next);
    for (size_t i = 0; i < show->count; i++)
        free(show->jpegs[i]);
    free(show);
}

void examples_free(struct outbox *outbox)
{
    while (!LIST_EMPTY(&outbox->shows))
        show_free(LIST_FIRST(&outbox->shows));
}

/* It ends here. What was lent to it and not learned may be tried by the next who waits. */
static void end(struct show *show)
{
    struct pictures *pictures = show->item->lane->outbox->pictures;
    for (size_t i = 0; i < show->count; i++)
        if (show->pictures[i].file_id == NULL)
            pictures_give_back(pictures, show->pictures[i].name);
    show_free(show);
}

static void send(struct show *show);

static void examples_answered(void *ctx, const struct telegram_verdict *verdict, struct json_object *result)
{
    struct show *show = ctx;
    struct item *item = show->item;
    failpoint("examples.answered");
    if (verdict->class == TELEGRAM_CANCELED) {
        show_free(show);
        return;
    }
    if (verdict->class == TELEGRAM_GONE && lane_leave_topic(item)) {
        send(show);
        return;
    }
    bool sent = verdict->class == TELEGRAM_OK && json_object_is_type(result, json_type_array);
    for (size_t i = 0; sent && i < json_object_array_length(result); i++) {
        struct json_object *message = json_object_array_get_idx(result, i);
        const char *file_id = outbox_photo_id(message);
        int64_t message_id = outbox_message_id(message);
        if (message_id != 0)
            outbox_note_id(item, message_id);
        if (file_id != NULL && i < show->count && show->pictures[i].file_id == NULL)
            outbox_note_file(item->lane->outbox, show->pictures[i].name, file_id);
    }
    if (sent)
        outbox_note_unsaved(item->lane->outbox);
    end(show);
    if (verdict->class == TELEGRAM_UNREACHABLE)
        lane_unreachable(item);
    else
        lane_done(item);
}

static void send(struct show *show)
{
    struct item *item = show->item;
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
    json_object_object_add(params, "chat_id", json_object_new_int64(item->lane->chat_id));
    if (item->thread_id != 0)
        json_object_object_add(params, "message_thread_id", json_object_new_int64(item->thread_id));
    json_object_object_add(params, "media", list);
    struct telegram_call call = {.method = "sendMediaGroup",
                                 .repeat = TELEGRAM_REPEAT_NOT_DONE,
                                 .files = files,
                                 .file_count = file_count,
                                 .cost = (int)show->count,
                                 .chat_cost = 1, /* the greeting comes right behind it */
                                 .params_json = json_object_to_json_string_ext(params, JSON_C_TO_STRING_PLAIN)};
    failpoint("examples.before_send");
    enum err err = outbox_call(item->lane, &call, examples_answered, show);
    json_object_put(params);
    if (err != ERR_OK) {
        end(show);
        lane_done(item);
    }
}

static void picture_got(void *ctx, const struct picture *picture)
{
    struct show *show = ctx;
    if (picture->file_id != NULL || picture->jpeg != NULL) {
        struct picture *kept = &show->pictures[show->count];
        *kept = *picture;
        if (picture->jpeg != NULL) {
            void *copy = show->jpegs[show->count] = memory_need(malloc(picture->bytes));
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
    struct item *item = show->item;
    end(show);
    lane_done(item);
}

void examples_send(struct item *item)
{
    struct outbox *outbox = item->lane->outbox;
    size_t count = pictures_example_count(outbox->pictures), wanted = count < ALBUM_MAX ? count : ALBUM_MAX;
    if (wanted < ALBUM_MIN) {
        lane_done(item);
        return;
    }
    struct show *show = memory_need(calloc(1, sizeof *show));
    show->item = item;
    show->wanted = wanted;
    LIST_INSERT_HEAD(&outbox->shows, show, next);
    for (size_t i = 0; i < wanted; i++) {
        char name[40];
        (void)snprintf(name, sizeof name, "example:%zu", i);
        pictures_get(outbox->pictures, name, picture_got, show);
    }
}
