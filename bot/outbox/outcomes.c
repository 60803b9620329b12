/* The book of outcomes: what the senders learned since the last turn. A turn takes it whole, commits it, and says so;
 * until then a lane's knowledge of its living message is newer than the database's. */
#include <stdlib.h>
#include <string.h>

#include "bot/base/memory.h"
#include "bot/outbox/album.h"
#include "bot/outbox/lane.h"

enum {
    EDITS_MS = 20, /* deletes sent rows: under load the next batch does it as well; a crash repeats an edit unseen */
    ANEW_MS = 5,   /* … and somebody would: no more of them than calls may be in flight (hold) */
    OUTCOMES_PATIENT = 512 /* that many do not wait for company */
};

static void *list_add(struct list *list, size_t bytes)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity == 0 ? 32 : list->capacity * 2;
        list->items = memory_need(realloc(list->items, list->capacity * bytes));
    }
    return (char *)list->items + bytes * list->count++;
}

/* What the list holds, put behind count items that are there already. */
static void *list_take(struct list *list, struct arena *arena, const void *before, size_t *count, size_t bytes)
{
    char *items = arena_array(arena, *count + list->count, bytes);
    if (*count > 0)
        memcpy(items, before, *count * bytes);
    if (list->count > 0)
        memcpy(items + *count * bytes, list->items, list->count * bytes);
    *count += list->count;
    list->count = 0;
    return items;
}

void outbox_note_done(struct lane *lane, int64_t row_id, int64_t passed)
{
    struct done_outcome *noted = list_add(&lane->outbox->done, sizeof *noted);
    *noted = (struct done_outcome){row_id, lane->chat_id, passed};
}

void outbox_note_screen(struct lane *lane, int64_t message_id, bool is_photo)
{
    bool known = lane->screen_message_id == message_id && lane->screen_is_photo == is_photo;
    lane->screen_message_id = message_id;
    lane->screen_is_photo = is_photo;
    if (lane->noted || known) /* known: an edit in place, the row of the session says so already */
        return;
    lane->noted = true;
    *(struct lane **)list_add(&lane->outbox->screens, sizeof(struct lane *)) = lane;
}

static void add_photo(struct outbox *outbox, const struct photo_outcome *photo, int64_t chat_id)
{
    struct photo_outcome *noted = list_add(&outbox->photos, sizeof *noted);
    *noted = *photo;
    noted->chat_id = chat_id;
    noted->photo_file_id = arena_copy(&outbox->words, photo->photo_file_id);
    noted->document_file_id = arena_copy(&outbox->words, photo->document_file_id);
}

void outbox_note_photo(struct lane *lane, const struct photo_outcome *photo)
{
    add_photo(lane->outbox, photo, lane->chat_id);
}

static void add_file(struct outbox *outbox, const char *name, const char *file_id)
{
    struct file_outcome *noted = list_add(&outbox->files, sizeof *noted);
    *noted = (struct file_outcome){arena_copy(&outbox->words, name), arena_copy(&outbox->words, file_id)};
}

void outbox_note_file(struct outbox *outbox, const char *name, const char *file_id)
{
    if (pictures_learn(outbox->pictures, name, file_id))
        add_file(outbox, name, file_id);
}

void outbox_note_news(struct outbox *outbox, enum event_kind kind, int64_t chat_id, int64_t object)
{
    struct event *news = list_add(&outbox->news, sizeof *news);
    *news = (struct event){.kind = kind, .chat_id = chat_id, .object = object};
}

void outbox_see_message(struct outbox *outbox, int64_t message_id)
{
    if (message_id > outbox->high)
        outbox->high = message_id;
}

int64_t outbox_below(const struct lane *lane)
{
    int64_t high = lane->outbox->high;
    high = high > lane->screen_message_id ? high : lane->screen_message_id; /* of an earlier life, and kept */
    return high > 0 ? high : 1;
}

static void note_id(struct lane *lane, int64_t message_id)
{
    outbox_see_message(lane->outbox, message_id);
    lane->outbox->sent_anew++;
    lane_passed(lane, message_id);
}

/* Not the heads alone: those behind them may have been tried, too, in an earlier life that could not say what became of
 * it. */
static bool is_one_tried(const struct lane *lane, const struct item *but)
{
    const struct item *item;
    for (size_t i = 0; i < LINE_COUNT; i++)
        TAILQ_FOREACH(item, &lane->lines[i].items, next)
            if (item != but && (item->trial != NULL || item->above != 0))
                return true;
    return false;
}

void outbox_note_id(struct item *item, int64_t message_id)
{
    note_id(item->lane, message_id);
    if (!is_one_tried(item->lane, item))
        return;
    if (item->passed != 0) /* one of several that it became: each is known by a line of its own */
        outbox_note_done(item->lane, item->id, item->passed);
    item->passed = message_id;
}

/* What may come twice counts as on its way until it is known that it was sent: however long a commit takes, a crash
 * repeats no more of it than may be on its way at once. */
static void hold(struct outbox *outbox)
{
    telegram_hold(outbox->ports.telegram, outbox->unsaved + outbox->unsaved_taken);
}

void outbox_note_unsaved(struct outbox *outbox)
{
    outbox->unsaved++;
    hold(outbox);
}

int64_t outbox_message_id(struct json_object *message)
{
    struct json_object *id = NULL;
    return json_object_object_get_ex(message, "message_id", &id) ? json_object_get_int64(id) : 0;
}

int64_t outbox_note_message(struct lane *lane, struct json_object *message)
{
    int64_t message_id = outbox_message_id(message);
    if (message_id != 0)
        note_id(lane, message_id);
    return message_id;
}

const char *outbox_photo_id(struct json_object *message)
{
    struct json_object *sizes = NULL, *id = NULL;
    if (!json_object_object_get_ex(message, "photo", &sizes) || !json_object_is_type(sizes, json_type_array) ||
        json_object_array_length(sizes) == 0)
        return NULL;
    struct json_object *largest = json_object_array_get_idx(sizes, json_object_array_length(sizes) - 1);
    return json_object_object_get_ex(largest, "file_id", &id) ? json_object_get_string(id) : NULL;
}

const char *outbox_document_id(struct json_object *message)
{
    struct json_object *document = NULL, *id = NULL;
    if (!json_object_object_get_ex(message, "document", &document))
        return NULL;
    return json_object_object_get_ex(document, "file_id", &id) ? json_object_get_string(id) : NULL;
}

bool outbox_has_outcomes(const struct outbox *outbox)
{
    return outbox->done.count + outbox->photos.count + outbox->screens.count + outbox->files.count +
               outbox->news.count >
           0;
}

int64_t outbox_patience_ms(const struct outbox *outbox)
{
    if (outbox->photos.count + outbox->files.count + outbox->news.count > 0 || outbox->done.count >= OUTCOMES_PATIENT)
        return 0;
    return outbox->sent_anew > 0 ? ANEW_MS : EDITS_MS;
}

/* One a lane, however often it learned: what it knows now. */
static void take_screens(struct outbox *outbox, struct arena *arena, struct outbox_outcomes *outcomes)
{
    struct lane **noted = outbox->screens.items;
    for (size_t i = 0; i < outbox->screens.count; i++) {
        noted[i]->noted = false;
        if (!noted[i]->taking)
            *(struct lane **)list_add(&outbox->taken, sizeof(struct lane *)) = noted[i];
        noted[i]->taking = true;
    }
    outbox->screens.count = 0;
    struct lane **lanes = outbox->taken.items;
    struct screen_outcome *screens = arena_array(arena, outbox->taken.count, sizeof *screens);
    for (size_t i = 0; i < outbox->taken.count; i++)
        screens[i] = (struct screen_outcome){lanes[i]->chat_id, lanes[i]->screen_message_id, lanes[i]->screen_is_photo};
    outcomes->screens = screens;
    outcomes->screen_count = outbox->taken.count;
}

/* Behind those that were taken before. */
static void take(struct outbox *outbox, struct arena *arena, struct outbox_outcomes *outcomes)
{
    take_screens(outbox, arena, outcomes);
    outbox->unsaved_taken += outbox->unsaved;
    outbox->sent_anew = outbox->unsaved = 0;
    size_t photos_before = outcomes->photo_count, files_before = outcomes->file_count;
    outcomes->done = list_take(&outbox->done, arena, outcomes->done, &outcomes->done_count, sizeof *outcomes->done);
    outcomes->news = list_take(&outbox->news, arena, outcomes->news, &outcomes->news_count, sizeof *outcomes->news);
    struct photo_outcome *photos = list_take(&outbox->photos, arena, outcomes->photos, &outcomes->photo_count,
                                             sizeof *photos);
    struct file_outcome *files = list_take(&outbox->files, arena, outcomes->files, &outcomes->file_count,
                                           sizeof *files);
    for (size_t i = photos_before; i < outcomes->photo_count; i++) {
        photos[i].photo_file_id = arena_copy(arena, photos[i].photo_file_id);
        photos[i].document_file_id = arena_copy(arena, photos[i].document_file_id);
    }
    for (size_t i = files_before; i < outcomes->file_count; i++)
        files[i] = (struct file_outcome){arena_copy(arena, files[i].name), arena_copy(arena, files[i].file_id)};
    arena_reset(&outbox->words);
    outcomes->photos = photos;
    outcomes->files = files;
}

struct outbox_outcomes outbox_take(struct outbox *outbox, struct arena *arena)
{
    struct outbox_outcomes outcomes = {0};
    take(outbox, arena, &outcomes);
    return outcomes;
}

void outbox_take_more(struct outbox *outbox, struct arena *arena, struct outbox_outcomes *outcomes)
{
    if (outbox->news.count == 0 && outbox_has_outcomes(outbox))
        take(outbox, arena, outcomes);
}

void outbox_committed(struct outbox *outbox)
{
    struct lane **lanes = outbox->taken.items;
    outbox->unsaved_taken = 0;
    hold(outbox);
    for (size_t i = 0; i < outbox->taken.count; i++) {
        lanes[i]->taking = false;
        lane_drop_if_empty(lanes[i]);
    }
    outbox->taken.count = 0;
}

static struct photo_outcome copy_of(const struct photo_outcome *photo, struct arena *arena)
{
    struct photo_outcome copy = *photo;
    copy.photo_file_id = arena_copy(arena, photo->photo_file_id);
    copy.document_file_id = arena_copy(arena, photo->document_file_id);
    return copy;
}

struct outbox_outcomes outbox_part(const struct outbox_outcomes *all, int64_t chat_id, struct arena *arena)
{
    struct outbox_outcomes part = {0};
    struct done_outcome *done = arena_array(arena, all->done_count, sizeof *done);
    struct photo_outcome *photos = arena_array(arena, all->photo_count, sizeof *photos);
    struct screen_outcome *screens = arena_array(arena, all->screen_count, sizeof *screens);
    struct file_outcome *files = arena_array(arena, all->file_count, sizeof *files);
    for (size_t i = 0; i < all->done_count; i++)
        if (all->done[i].chat_id == chat_id)
            done[part.done_count++] = all->done[i];
    for (size_t i = 0; i < all->photo_count; i++)
        if (all->photos[i].chat_id == chat_id)
            photos[part.photo_count++] = copy_of(&all->photos[i], arena);
    for (size_t i = 0; i < all->screen_count; i++)
        if (all->screens[i].chat_id == chat_id)
            screens[part.screen_count++] = all->screens[i];
    for (; chat_id == 0 && part.file_count < all->file_count; part.file_count++)
        files[part.file_count] = (struct file_outcome){arena_copy(arena, all->files[part.file_count].name),
                                                       arena_copy(arena, all->files[part.file_count].file_id)};
    part.done = done;
    part.photos = photos;
    part.screens = screens;
    part.files = files;
    return part;
}

void outbox_put_back(struct outbox *outbox, const struct outbox_outcomes *part)
{
    for (size_t i = 0; i < part->done_count; i++)
        *(struct done_outcome *)list_add(&outbox->done, sizeof part->done[i]) = part->done[i];
    for (size_t i = 0; i < part->photo_count; i++)
        add_photo(outbox, &part->photos[i], part->photos[i].chat_id);
    for (size_t i = 0; i < part->file_count; i++)
        add_file(outbox, part->files[i].name, part->files[i].file_id);
    for (size_t i = 0; i < part->screen_count; i++) {
        struct lane *lane = lane_make(outbox, part->screens[i].chat_id);
        if (lane->screen_message_id == 0) { /* a new lane: an old one knows better by now */
            lane->screen_message_id = part->screens[i].message_id;
            lane->screen_is_photo = part->screens[i].is_photo;
        }
        if (lane->noted)
            continue;
        lane->noted = true;
        *(struct lane **)list_add(&outbox->screens, sizeof(struct lane *)) = lane;
    }
}

bool outbox_peek_screen(const struct outbox *outbox, int64_t chat_id, int64_t *ret_message_id, bool *ret_is_photo)
{
    const struct lane *lane = lane_of(outbox, chat_id);
    if (lane == NULL || (!lane->noted && !lane->taking))
        return false;
    *ret_message_id = lane->screen_message_id;
    *ret_is_photo = lane->screen_is_photo;
    return true;
}
