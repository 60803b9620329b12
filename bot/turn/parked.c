/* What the database refuses for now, and when it is tried again.
 *
 * An update that is refused although nothing is wrong with it stands in parked_updates, and every later one of its chat
 * behind it, so that a chat's updates take effect in order. Here is only which chats those are. While there are any,
 * the table is looked at every so often; the oldest update of a chat whose time has come is a turn of its own, and the
 * row goes in that turn's transaction. News of such a chat are held in memory meanwhile, and their rows stand. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bot/base/log.h"
#include "bot/base/mailbox.h"
#include "bot/outbox/outbox.h"
#include "bot/services/telegram/decode.h"
#include "bot/base/timers.h"
#include "bot/turn/private.h"
#include "core/bug.h"

enum { LOOK_MS = 5000 };

static void look(struct turns *turns);

static struct parked_chat *find(struct parked *parked, int64_t chat_id)
{
    for (size_t i = 0; i < parked->chat_count; i++)
        if (parked->chats[i].chat_id == chat_id)
            return &parked->chats[i];
    return NULL;
}

/* What still can't be committed comes back here. */
static void release(struct turns *turns)
{
    struct parked *parked = &turns->parked;
    size_t held = parked->held_count;
    parked->held_count = 0;
    for (size_t i = 0; i < parked->part_count; i++)
        outbox_put_back(turns->ports.outbox, &parked->parts[i]);
    parked->part_count = 0;
    arena_reset(&parked->part_arena);
    for (size_t i = 0; i < held; i++)
        if (find(parked, parked->held[i].chat_id) == NULL)
            mailbox_put(turns->ports.mailbox, &parked->held[i]);
        else
            parked->held[parked->held_count++] = parked->held[i];
}

static void look_due(void *ctx, int64_t object)
{
    struct turns *turns = ctx;
    (void)object;
    turns->parked.timer = false;
    release(turns);
    if (turns->parked.chat_count > 0)
        look(turns);
}

static void look_later(struct turns *turns)
{
    if (turns->parked.timer)
        return;
    turns->parked.timer = true;
    timers_add(turns->ports.timers, turns->ports.clock->unix_ms + LOOK_MS, look_due, turns, 0);
}

static void looked(void *ctx, const struct db_result *result, const struct db_failure *failure)
{
    struct turns *turns = ctx;
    struct parked *parked = &turns->parked;
    parked->looking = false;
    arena_reset(&parked->arena);
    parked->ready = failure == NULL && parked_read_due(result, &parked->arena, &parked->due);
    if (!parked->ready)
        look_later(turns);
}

static void look(struct turns *turns)
{
    struct db_unit *unit = db_unit_new();
    struct arena arena;
    if (turns->parked.looking || turns->parked.due.id != 0) {
        db_unit_free(unit);
        return;
    }
    turns->parked.looking = true;
    arena_init(&arena);
    parked_add_due(unit, &arena, turns->stand.bot_id);
    arena_done(&arena);
    db_submit(turns->ports.db, unit, looked, turns);
}

static void *grown(void *list, size_t *capacity, size_t size)
{
    *capacity = *capacity == 0 ? 16 : *capacity * 2;
    list = realloc(list, *capacity * size);
    if (list == NULL)
        bug("out of memory");
    return list;
}

static void add_chat(struct parked *parked, int64_t chat_id, int64_t count)
{
    struct parked_chat *chat = find(parked, chat_id);
    if (chat != NULL) {
        chat->count += count;
        return;
    }
    if (parked->chat_count == parked->chat_capacity)
        parked->chats = grown(parked->chats, &parked->chat_capacity, sizeof *parked->chats);
    parked->chats[parked->chat_count++] = (struct parked_chat){.chat_id = chat_id, .count = count};
}

void turns_park(struct turns *turns, const struct db_result *result, int statement)
{
    int64_t chat_id, count;
    for (int row = 0; row < db_rows(result, statement); row++) {
        parked_read_chat(result, statement, row, &chat_id, &count);
        add_chat(&turns->parked, chat_id, count);
    }
    if (turns->parked.chat_count == 0)
        return;
    log_warn("turns", "updates of %zu chats wait in parked_updates; they are tried now", turns->parked.chat_count);
    look(turns);
}

void turn_parked_hold(struct turns *turns, const struct event *news)
{
    struct parked *parked = &turns->parked;
    for (size_t i = 0; i < parked->held_count; i++) {
        const struct event *held = &parked->held[i];
        if (held->kind == news->kind && held->chat_id == news->chat_id && held->object == news->object &&
            held->news_id == news->news_id)
            return; /* they say to look at what is true now, and once is enough; but each row is to go */
    }
    if (parked->held_count == parked->held_capacity)
        parked->held = grown(parked->held, &parked->held_capacity, sizeof *parked->held);
    parked->held[parked->held_count++] = *news;
    look_later(turns);
}

void turn_parked_hold_part(struct turns *turns, const struct outbox_outcomes *all, int64_t chat_id)
{
    struct parked *parked = &turns->parked;
    if (parked->part_count == parked->part_capacity)
        parked->parts = grown(parked->parts, &parked->part_capacity, sizeof *parked->parts);
    parked->parts[parked->part_count++] = outbox_part(all, chat_id, &parked->part_arena);
    look_later(turns);
}

void turn_parked_mark(struct turns *turns)
{
    for (size_t i = turns->at; i < turns->count && turns->parked.chat_count > 0; i++) {
        struct happening *happening = &turns->list[i];
        if (happening->fate != FATE_STEP || find(&turns->parked, happening->event.chat_id) == NULL)
            continue;
        happening->fate = happening->event.update_id != 0 ? FATE_PARK : FATE_PASS;
        if (happening->fate == FATE_PASS)
            turn_parked_hold(turns, &happening->event);
    }
}

void turn_parked_add(struct turns *turns, struct db_unit *unit)
{
    for (size_t i = 0; i < turns->size; i++) {
        const struct happening *happening = &turns->list[turns->at + i];
        if (happening->fate == FATE_PASS && happening->why != NULL)
            commit_add_poison(
                unit, &turns->try, turns->stand.bot_id,
                &(struct poison){happening->event.update_id, happening->why, happening->raw, happening->raw_bytes});
        if (happening->fate != FATE_PARK || happening->event.update_id == 0)
            continue;
        struct parked_update update = {
            .chat_id = happening->event.chat_id, .update_id = happening->event.update_id, .why = happening->why};
        update.raw = telegram_decode_raw(turns->batch, turns->batch_bytes, update.update_id, &update.raw_bytes);
        if (update.raw == NULL)
            bug("an update outside the batch it was decoded from");
        parked_add(unit, &turns->try, turns->stand.bot_id, &update);
    }
    if (turns->replay)
        parked_add_done(unit, &turns->try, turns->parked.due.id);
}

static void tell(struct turns *turns, const struct happening *happening)
{
    struct parked_chat *chat = find(&turns->parked, happening->event.chat_id);
    if (happening->why == NULL || chat == NULL || chat->told)
        return;
    const char *sqlstate = strrchr(happening->why, '['); /* at its end */
    chat->told = true;
    log_error("turns",
              "update %" PRId64 " can't be stored, and its chat waits in parked_updates; nothing is lost: %s. To mend "
              "it: %s. Then fotosetd replay, or wait",
              happening->event.update_id, happening->why, db_remedy(sqlstate == NULL ? "" : sqlstate + 1));
}

static void replayed(struct turns *turns)
{
    struct parked *parked = &turns->parked;
    struct parked_chat *chat = find(parked, parked->due.chat_id);
    if (chat != NULL && --chat->count == 0) {
        *chat = parked->chats[--parked->chat_count];
        log_info("turns", "update %" PRId64 " was the last that waited of its chat", parked->due.update_id);
        release(turns);
    }
    parked->due = (struct parked_update){0};
    if (parked->chat_count > 0)
        look(turns);
}

void turn_parked_committed(struct turns *turns)
{
    for (size_t i = 0; i < turns->size; i++) {
        const struct happening *happening = &turns->list[turns->at + i];
        if (happening->fate != FATE_PARK)
            continue;
        if (happening->event.update_id == 0) {
            turn_parked_hold(turns, &happening->event);
            continue;
        }
        add_chat(&turns->parked, happening->event.chat_id, 1);
        tell(turns, happening);
        look_later(turns);
    }
    if (turns->replay)
        replayed(turns);
}

bool turn_parked_gather(struct turns *turns)
{
    struct parked_update *due = &turns->parked.due;
    struct telegram_update update = {.why = "not a JSON object any more"};
    if (!turns->parked.ready || turns->ports.stop->asked)
        return false;
    turns->parked.ready = false;
    arena_reset(&turns->arena);
    turns->outcomes = (struct outbox_outcomes){0};
    if (telegram_decode_one(&turns->arena, due->raw, due->raw_bytes, &update) != ERR_OK)
        update.event.kind = EVENT_NONE;
    turns->list = arena_array(&turns->arena, 1, sizeof *turns->list);
    turns->list[0] = (struct happening){.event = update.event,
                                        .fate = update.event.kind == EVENT_NONE ? FATE_PASS : FATE_STEP,
                                        .why = update.why,
                                        .raw = due->raw,
                                        .raw_bytes = due->raw_bytes};
    turns->list[0].event.update_id = due->update_id;
    turns->count = 1;
    turns->at = 0;
    turns->from_poll = false;
    turns->replay = true;
    return true;
}

static void put_off(void *ctx, const struct db_result *result, const struct db_failure *failure)
{
    struct turns *turns = ctx;
    (void)result;
    turns->parked.due = (struct parked_update){0};
    if (failure != NULL)
        look_later(turns);
    else
        look(turns); /* there may be one of another chat */
}

void turn_parked_failed(struct turns *turns, const struct db_failure *failure)
{
    if (db_fault_of(failure) == DB_FAULT_VALUE && turns->list[0].fate == FATE_STEP) {
        turn_poison(turns, &turns->list[0], failure); /* nothing mends it: its chat would wait for ever */
        turn_try(turns);
        return;
    }
    turns->list[0].why = arena_format(&turns->arena, "%s [%s]", failure->message, failure->sqlstate);
    tell(turns, &turns->list[0]); /* to whoever did not see what the life before this one said */
    struct db_unit *unit = db_unit_new();
    struct arena arena;
    arena_init(&arena);
    parked_add_refused(unit, &arena, turns->parked.due.id, turns->list[0].why);
    arena_done(&arena);
    db_submit(turns->ports.db, unit, put_off, turns);
    turn_end(turns);
}

void turn_parked_done(struct turns *turns)
{
    free(turns->parked.chats);
    free(turns->parked.held);
    free(turns->parked.parts);
    arena_done(&turns->parked.part_arena);
    arena_done(&turns->parked.arena);
}
