/* The lines of messages and the book of outcomes.
 *
 * A row enters after its commit (or from the database at start) and leaves through the outcomes, which the next turn
 * commits: the row's deletion and what was learned are one transaction. So a crash repeats a message at worst, and the
 * senders make a repeat invisible: an edit is idempotent, a newer screen replaces the older, an album is looked for
 * before it is sent again (bot/outbox/album.c).
 *
 * In a line, a screen that has a newer screen right behind it is not sent at all: the living message shows the present,
 * not the past. */
#include "bot/outbox/outbox.h"

#include <inttypes.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "bot/base/log.h"
#include "bot/outbox/compose.h"
#include "bot/outbox/lane.h"
#include "bot/base/timers.h"
#include "bot/turn/turns.h"
#include "core/backoff.h"
#include "core/bug.h"
#include "bot/base/random.h"
#include "db/outbox.h"

enum { AGAIN_BASE_MS = 500, AGAIN_CAP_MS = 60 * 1000, LOAD_AGAIN_MS = 1000 };

static int compare_lanes(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

struct outbox *outbox_new(struct shop *shop)
{
    struct outbox *outbox = calloc(1, sizeof *outbox);
    if (outbox == NULL)
        bug("out of memory");
    outbox->shop = shop;
    outbox->pictures = pictures_new(shop);
    arena_init(&outbox->words);
    return outbox;
}

static void item_free(struct item *item)
{
    free(item->kind);
    free(item->body);
    free(item->picture);
    free(item->upload);
    free(item);
}

static void lane_free(void *pointer)
{
    struct lane *lane = pointer;
    while (lane->head != NULL) {
        struct item *item = lane->head;
        lane->head = item->next;
        item_free(item);
    }
    free(lane);
}

void outbox_free(struct outbox *outbox)
{
    if (outbox == NULL)
        return;
    examples_free(outbox);
    album_free_all(outbox);
    while (outbox->lanes != NULL) {
        struct lane *lane = *(struct lane **)outbox->lanes;
        (void)tdelete(lane, &outbox->lanes, compare_lanes);
        lane_free(lane);
    }
    struct list *lists[] = {&outbox->done,  &outbox->photos, &outbox->screens,
                            &outbox->files, &outbox->news,   &outbox->taken};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        free(lists[i]->items);
    pictures_free(outbox->pictures);
    arena_done(&outbox->words);
    free(outbox);
}

struct lane *outbox_lane(const struct outbox *outbox, int64_t chat_id)
{
    void *node = tfind(&chat_id, (void *const *)&outbox->lanes, compare_lanes);
    return node == NULL ? NULL : *(struct lane **)node;
}

struct lane *outbox_lane_of(struct outbox *outbox, int64_t chat_id)
{
    struct lane *lane = outbox_lane(outbox, chat_id);
    if (lane != NULL)
        return lane;
    lane = calloc(1, sizeof *lane);
    if (lane == NULL)
        bug("out of memory");
    lane->chat_id = chat_id;
    lane->outbox = outbox;
    if (tsearch(lane, &outbox->lanes, compare_lanes) == NULL)
        bug("out of memory");
    return lane;
}

void lane_drop_if_empty(struct lane *lane)
{
    if (lane->head != NULL || lane->busy || lane->noted || lane->taking)
        return;
    (void)tdelete(lane, &lane->outbox->lanes, compare_lanes);
    lane_free(lane);
}

/* The head leaves the line; its row is to be deleted. */
static void shift(struct lane *lane)
{
    struct item *item = lane->head;
    outbox_note_done(lane, item->id);
    lane->head = item->next;
    if (lane->head == NULL)
        lane->tail = NULL;
    item_free(item);
    lane->outbox->pending--;
}

static bool is_screen(const struct item *item)
{
    return item != NULL && strcmp(item->kind, "screen") == 0;
}

static bool is_notice(const struct item *item)
{
    return strcmp(item->kind, "notice") == 0 || strcmp(item->kind, OUTBOX_AGAIN_END) == 0 ||
           strcmp(item->kind, OUTBOX_FILES_END) == 0;
}

bool outbox_is_coming(const struct outbox *outbox, int64_t chat_id, int64_t job_id, bool files)
{
    const char *photos = files ? "files" : "again", *closing = files ? OUTBOX_FILES_END : OUTBOX_AGAIN_END;
    const struct lane *lane = outbox_lane(outbox, chat_id);
    for (const struct item *item = lane == NULL ? NULL : lane->head; item != NULL; item = item->next)
        if (item->job_id == job_id && (strcmp(item->kind, photos) == 0 || strcmp(item->kind, closing) == 0))
            return true;
    return false;
}

/* Drops from the head the screens that a newer one stands right behind. */
static void skip(struct lane *lane)
{
    while (is_screen(lane->head) && is_screen(lane->head->next)) {
        struct item *item = lane->head;
        item->next->fresh |= item->fresh;
        item->next->replace |= item->replace;
        shift(lane);
    }
}

static void lane_run(struct lane *lane)
{
    if (!lane->busy)
        skip(lane);
    if (lane->busy || lane->head == NULL) {
        lane_drop_if_empty(lane);
        return;
    }
    lane->busy = true;
    const char *kind = lane->head->kind;
    if (is_screen(lane->head) || is_notice(lane->head))
        screen_send(lane);
    else if (strcmp(kind, "examples") == 0)
        examples_send(lane);
    else if (strcmp(kind, "album") == 0 || strcmp(kind, "again") == 0 || strcmp(kind, "files") == 0)
        album_send(lane);
    else
        lane_done(lane); /* of a newer version that was rolled back */
}

bool lane_leave_topic(struct lane *lane)
{
    bool had = lane->head->thread_id != 0;
    if (had)
        log_info("outbox", "a topic of chat %" PRId64 " is gone: its message goes without", lane->chat_id);
    lane->head->thread_id = 0;
    return had;
}

void lane_done(struct lane *lane)
{
    failpoint("outbox.sent");
    lane->busy = false;
    shift(lane);
    lane_run(lane);
}

static void again_due(void *ctx, int64_t chat_id)
{
    struct lane *lane = outbox_lane(ctx, chat_id);
    if (lane == NULL)
        return;
    lane->busy = false;
    lane_run(lane);
}

void lane_again(struct lane *lane, int64_t wait_ms)
{
    struct shop *shop = lane->outbox->shop;
    timers_add(shop->timers, shop->clock.unix_ms + wait_ms, again_due, lane->outbox, lane->chat_id);
}

int64_t lane_backoff_ms(const struct item *item)
{
    return backoff_ms(item->tries, AGAIN_BASE_MS, AGAIN_CAP_MS, random_number());
}

/* Photos of an album that can't go now are made, not sent: the chat's next life sends them. */
static void put_back(struct item *item)
{
    uint8_t indexes[ALBUM_MAX];
    if (strcmp(item->kind, "album") != 0)
        return;
    size_t count = compose_read_indexes(item->body, indexes);
    for (size_t i = 0; i < count; i++)
        outbox_note_photo(item->lane,
                          &(struct photo_outcome){.job_id = item->job_id, .index = indexes[i], .delivery = "none"});
}

void lane_unreachable(struct lane *lane)
{
    outbox_note_news(lane->outbox, EVENT_BLOCKED, lane->chat_id, 0);
    lane->busy = false;
    while (lane->head != NULL) {
        put_back(lane->head);
        shift(lane);
    }
    lane_drop_if_empty(lane);
}

static char *copy(const char *text)
{
    char *made = text == NULL ? NULL : strdup(text);
    if (text != NULL && made == NULL)
        bug("out of memory");
    return made;
}

void outbox_add(struct outbox *outbox, const struct outbox_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct lane *lane = outbox_lane_of(outbox, rows[i].chat_id);
        struct item *item = calloc(1, sizeof *item);
        if (item == NULL)
            bug("out of memory");
        *item = (struct item){.outbox = outbox,
                              .lane = lane,
                              .id = rows[i].id,
                              .job_id = rows[i].job_id,
                              .thread_id = rows[i].thread_id,
                              .kind = copy(rows[i].kind),
                              .body = copy(rows[i].body),
                              .picture = copy(rows[i].picture),
                              .fresh = rows[i].fresh,
                              .replace = rows[i].replace};
        if (!lane->noted && !lane->taking && !lane->busy) {
            lane->screen_message_id = rows[i].screen_message_id;
            lane->screen_is_photo = rows[i].screen_is_photo;
        }
        if (lane->tail != NULL)
            lane->tail->next = item;
        else
            lane->head = item;
        lane->tail = item;
        outbox->pending++;
    }
    for (size_t i = 0; i < count; i++) {
        struct lane *lane = outbox_lane(outbox, rows[i].chat_id);
        if (lane != NULL)
            lane_run(lane);
    }
}

static void answered(void *ctx, const struct telegram_verdict *verdict, struct json_object *result)
{
    (void)ctx;
    (void)result;
    failpoint("press.answered");
    if (verdict->class == TELEGRAM_BAD)
        log_warn("outbox", "answerCallbackQuery was refused: %s", verdict->description);
}

void outbox_answer(struct outbox *outbox, int64_t chat_id, const char *callback_id, const char *text)
{
    struct json_object *params = json_object_new_object();
    json_object_object_add(params, "callback_query_id", json_object_new_string(callback_id));
    if (text != NULL)
        json_object_object_add(params, "text", json_object_new_string(text));
    struct telegram_call call = {.method = "answerCallbackQuery",
                                 .chat_id = chat_id,
                                 .repeat = TELEGRAM_REPEAT_FREELY,
                                 .no_result = true,
                                 .params_json = json_object_to_json_string_ext(params, JSON_C_TO_STRING_PLAIN)};
    failpoint("press.before_answer");
    if (telegram_call(outbox->shop->telegram, outbox->shop->clock.mono_ms, &call, answered, NULL) != ERR_OK)
        log_warn("outbox", "too many calls are waiting: a press stays unanswered");
    json_object_put(params);
}

static void resume_due(void *ctx, int64_t object)
{
    (void)object;
    outbox_resume(ctx);
}

static void loaded(void *ctx, const struct db_result *result, const struct db_failure *failure)
{
    struct outbox *outbox = ctx;
    struct arena arena;
    struct outbox_row *rows;
    struct file_outcome *files;
    if (failure != NULL) {
        log_warn("outbox", "can't be loaded yet: %s", failure->message);
        timers_add(outbox->shop->timers, outbox->shop->clock.unix_ms + LOAD_AGAIN_MS, resume_due, outbox, 0);
        return;
    }
    arena_init(&arena);
    size_t file_count = outbox_read_files(result, &arena, &files);
    for (size_t i = 0; i < file_count; i++)
        (void)pictures_learn(outbox->pictures, files[i].name, files[i].file_id);
    if (outbox_read_high(result) > outbox->high)
        outbox->high = outbox_read_high(result);
    size_t count = outbox_read_rows(result, &arena, &rows);
    if (count > 0)
        log_info("outbox", "%zu messages were waiting", count);
    outbox_add(outbox, rows, count);
    pictures_warm(outbox->pictures);
    arena_done(&arena);
    outbox->loaded = true;
}

void outbox_resume(struct outbox *outbox)
{
    struct arena arena;
    struct db_unit *unit = db_unit_new();
    arena_init(&arena);
    outbox_add_load(unit, &arena, outbox->shop->bot_id);
    arena_done(&arena);
    db_submit(outbox->shop->db, unit, loaded, outbox);
}

bool outbox_loaded(const struct outbox *outbox)
{
    return outbox->loaded;
}

size_t outbox_pending(const struct outbox *outbox)
{
    return outbox->pending;
}
