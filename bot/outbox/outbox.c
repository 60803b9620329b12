/* The outbox as others see it: rows come in after their commit, or from the database at start; what becomes of them is
 * the lanes' (lane.c) and the senders', what was learned goes out through the book of outcomes (outcomes.c).
 *
 * Since a row's deletion is committed together with what was learned, a crash repeats a message at worst, and the
 * senders make a repeat invisible: an edit is idempotent, a newer screen replaces the older, an album is looked for
 * before it is sent again (probe.c). */
#include "bot/outbox/outbox.h"

#include <stdlib.h>

#include "bot/base/failpoint.h"
#include "bot/base/log.h"
#include "bot/base/memory.h"
#include "bot/base/timers.h"
#include "bot/outbox/album.h"
#include "bot/outbox/kinds.h"
#include "db/outbox.h"

enum { LOAD_AGAIN_MS = 1000 };

struct outbox *outbox_new(const struct outbox_ports *ports)
{
    struct outbox *outbox = memory_need(calloc(1, sizeof *outbox));
    outbox->ports = *ports;
    outbox->pictures = pictures_new(&outbox->ports);
    outbox->album_usual = ALBUM_BYTES_FIRST;
    LIST_INIT(&outbox->shipments);
    LIST_INIT(&outbox->shows);
    arena_init(&outbox->words);
    return outbox;
}

void outbox_free(struct outbox *outbox)
{
    if (outbox == NULL)
        return;
    examples_free(outbox);
    album_free_all(outbox);
    lane_free_all(outbox);
    struct list *lists[] = {&outbox->done,  &outbox->photos, &outbox->screens,
                            &outbox->files, &outbox->news,   &outbox->taken};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        free(lists[i]->items);
    pictures_free(outbox->pictures);
    arena_done(&outbox->words);
    free(outbox);
}

bool outbox_is_coming(const struct outbox *outbox, int64_t chat_id, int64_t job_id, bool files)
{
    const struct lane *lane = lane_of(outbox, chat_id);
    const struct item *item;
    if (lane != NULL)
        TAILQ_FOREACH(item, &lane->lines[LINE_SETS].items, next)
            if (item->job_id == job_id && item->kind->repeat == (files ? REPEAT_FILES : REPEAT_PHOTOS))
                return true;
    return false;
}

void outbox_add(struct outbox *outbox, const struct outbox_row *rows, size_t count)
{
    size_t unknown = 0;
    for (size_t i = 0; i < count; i++)
        if (kind_of(rows[i].kind) == NULL)
            unknown++;
        else
            lane_put(lane_make(outbox, rows[i].chat_id), &rows[i]);
    if (unknown > 0)
        log_warn("outbox", "%zu messages are of kinds that only a newer version knows; they wait for it", unknown);
    for (size_t i = 0; i < count; i++) {
        struct lane *lane = lane_of(outbox, rows[i].chat_id);
        if (lane != NULL)
            lane_run(lane);
    }
}

enum err outbox_call(struct lane *lane, struct telegram_call *call, telegram_done_fn *done, void *ctx)
{
    const struct outbox_ports *ports = &lane->outbox->ports;
    call->chat_id = lane->chat_id;
    return telegram_call(ports->telegram, ports->clock->mono_ms, call, done, ctx);
}

static void idle_call_answered(void *ctx, const struct telegram_verdict *verdict, struct json_object *result)
{
    (void)ctx;
    (void)verdict;
    (void)result;
}

void outbox_call_idly(struct lane *lane, struct telegram_call *call)
{
    if (outbox_call(lane, call, idle_call_answered, NULL) != ERR_OK)
        log_debug("outbox", "too many calls are waiting: no %s", call->method);
}

static void press_answered(void *ctx, const struct telegram_verdict *verdict, struct json_object *result)
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
    if (telegram_call(outbox->ports.telegram, outbox->ports.clock->mono_ms, &call, press_answered, NULL) != ERR_OK)
        log_warn("outbox", "too many calls are waiting: a press stays unanswered");
    json_object_put(params);
}

static void load_due(void *ctx, int64_t object)
{
    struct outbox *outbox = ctx;
    (void)object;
    outbox_resume(outbox, outbox->bot_id);
}

static void rows_loaded(void *ctx, const struct db_result *result, const struct db_failure *failure)
{
    struct outbox *outbox = ctx;
    const struct outbox_ports *ports = &outbox->ports;
    struct arena arena;
    struct outbox_row *rows;
    struct file_outcome *files;
    if (failure != NULL) {
        log_warn("outbox", "can't be loaded yet: %s", failure->message);
        timers_add(ports->timers, ports->clock->unix_ms + LOAD_AGAIN_MS, load_due, outbox, 0);
        return;
    }
    arena_init(&arena);
    size_t file_count = outbox_read_files(result, &arena, &files);
    for (size_t i = 0; i < file_count; i++)
        (void)pictures_learn(outbox->pictures, files[i].name, files[i].file_id);
    outbox_see_message(outbox, outbox_read_high(result));
    size_t count = outbox_read_rows(result, &arena, &rows);
    if (count > 0)
        log_info("outbox", "%zu messages were waiting", count);
    outbox->loaded = true;
    outbox_add(outbox, rows, count);
    pictures_warm(outbox->pictures);
    arena_done(&arena);
}

void outbox_resume(struct outbox *outbox, int64_t bot_id)
{
    struct arena arena;
    struct db_unit *unit = db_unit_new();
    outbox->bot_id = bot_id;
    arena_init(&arena);
    outbox_add_load(unit, &arena, bot_id);
    arena_done(&arena);
    db_submit(outbox->ports.db, unit, rows_loaded, outbox);
}

int64_t outbox_high(const struct outbox *outbox)
{
    return outbox->high;
}

bool outbox_loaded(const struct outbox *outbox)
{
    return outbox->loaded;
}

size_t outbox_pending(const struct outbox *outbox)
{
    return outbox->pending;
}
