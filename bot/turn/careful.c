/* One by one: what becomes of a turn that the database refuses again and again.
 *
 * First what the outbox learned is committed alone, and if that is refused, chat by chat; what is refused even so is
 * learned again later. Then each event is tried by itself, together with the parking of those before it that were
 * refused:
 *
 *   refused │ refused │ asks nothing │ TRIED        one transaction: two rows in parked_updates, the offset past all
 * four
 *
 * So an update is parked only in a transaction in which something else of the same turn takes effect. If nothing does,
 * no event is to blame: nothing is parked, the offset stays, and the same updates, with those that have come since, are
 * asked for again; but one chat's updates are parked when they alone fill the batch, for then none can come. Poison is
 * only what Postgres could not hold whatever is mended. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bot/base/log.h"
#include "bot/outbox/outbox.h"
#include "bot/services/telegram/decode.h"
#include "bot/turn/private.h"
#include "db/deed.h"

enum {
    TRIES_MAX = 3, /* of one event, before a race or the server's trouble counts as the event's */
    WAITS_A_LINE = 10
};

static struct happening *tried(struct turns *turns)
{
    return &turns->list[turns->careful.probe];
}

static void try_part(struct turns *turns, size_t end)
{
    turns->size = end - turns->at;
    turn_try(turns);
}

void turn_careful_begin(struct turns *turns)
{
    turns->careful = (struct careful){.on = true, .probe = turns->at, .waits = turns->careful.waits};
    try_part(turns, turns->at);
}

static int compare_ids(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

/* What the outbox learned goes chat by chat from here on. False: it learned nothing. */
static bool split(struct turns *turns)
{
    struct careful *careful = &turns->careful;
    const struct outbox_outcomes *all = &turns->outcomes;
    size_t most = all->done_count + all->photo_count + all->screen_count + 1, count = 0;
    if (most + all->file_count == 1)
        return false;
    careful->split = true;
    careful->all = *all;
    careful->chats = arena_array(&turns->arena, most, sizeof *careful->chats);
    careful->chats[count++] = 0;
    for (size_t i = 0; i < all->done_count; i++)
        careful->chats[count++] = all->done[i].chat_id;
    for (size_t i = 0; i < all->photo_count; i++)
        careful->chats[count++] = all->photos[i].chat_id;
    for (size_t i = 0; i < all->screen_count; i++)
        careful->chats[count++] = all->screens[i].chat_id;
    qsort(careful->chats, count, sizeof *careful->chats, compare_ids);
    careful->chat_count = 0;
    for (size_t i = 0; i < count; i++)
        if (i == 0 || careful->chats[i] != careful->chats[i - 1])
            careful->chats[careful->chat_count++] = careful->chats[i];
    careful->chat_at = 0;
    return true;
}

/* The next chat's part of it; false: that was the last. */
static bool try_split(struct turns *turns)
{
    struct careful *careful = &turns->careful;
    careful->tries = turns->retries = 0;
    if (careful->chat_at == careful->chat_count) {
        careful->split = false;
        outbox_committed(turns->ports.outbox);
        return false;
    }
    turns->outcomes = outbox_part(&careful->all, careful->chats[careful->chat_at], &turns->arena);
    try_part(turns, turns->at);
    return true;
}

/* It was refused, or waits for one of its chat that was. */
static bool waits_behind(const struct turns *turns, size_t at)
{
    for (size_t i = turns->at; i < at; i++)
        if (turns->list[i].fate == FATE_PARK && turns->list[i].event.chat_id == turns->list[at].event.chat_id)
            return true;
    return false;
}

/* All is as before: the updates are asked for again, the news come again. */
static void give_back(struct turns *turns)
{
    if (turns->careful.waits++ % WAITS_A_LINE == 0)
        log_error("turns", "nothing that people do can be stored now; all of it waits, nothing is lost");
    for (size_t i = turns->at; i < turns->count; i++)
        if (turns->list[i].event.update_id == 0 && turns->list[i].fate == FATE_PARK)
            turn_parked_hold(turns, &turns->list[i].event);
    turn_end(turns);
}

/* As many updates came as getUpdates hands out at once, and what was refused of them is one chat's: nobody else can
 * show that they are not refused, too, as long as these stand before them. */
static bool is_in_the_way(const struct turns *turns)
{
    size_t updates = 0;
    int64_t chat_id = 0;
    for (size_t i = turns->at; i < turns->count; i++) {
        const struct happening *happening = &turns->list[i];
        updates += happening->event.update_id != 0;
        if (happening->fate != FATE_PARK)
            continue;
        if (chat_id != 0 && happening->event.chat_id != chat_id)
            return false;
        chat_id = happening->event.chat_id;
    }
    return updates == TELEGRAM_BATCH_MAX;
}

void turn_careful_next(struct turns *turns)
{
    struct careful *careful = &turns->careful;
    bool refused = false;
    if (careful->split) {
        careful->chat_at++;
        if (try_split(turns))
            return;
    }
    turn_parked_mark(turns);
    careful->tries = turns->retries = 0;
    careful->others = careful->others || turns->size > 0;
    for (; careful->probe < turns->count; careful->probe++) {
        if (careful->probe < turns->at || tried(turns)->fate != FATE_STEP)
            continue;
        if (!waits_behind(turns, careful->probe)) {
            try_part(turns, careful->probe + 1);
            return;
        }
        tried(turns)->fate = FATE_PARK;
    }
    for (size_t i = turns->at; i < turns->count; i++)
        refused = refused || (turns->list[i].fate == FATE_PARK && turns->list[i].why != NULL);
    if (turns->at == turns->count)
        turn_end(turns);
    else if (refused && !careful->others && !is_in_the_way(turns))
        give_back(turns);
    else
        try_part(turns, turns->count);
}

void turn_careful_idle(struct turns *turns)
{
    tried(turns)->fate = FATE_PASS;
    turns->size = 0; /* nothing was committed */
    turn_careful_next(turns);
}

/* The turn as it was. */
static void stop_being_careful(struct turns *turns, const struct db_failure *failure)
{
    turns->careful.on = false;
    if (turns->careful.split)
        turns->outcomes = turns->careful.all; /* what was committed of it already does no harm */
    turns->careful.split = false;
    for (size_t i = turns->at; i < turns->count; i++)
        if (turns->list[i].fate == FATE_PARK) {
            turns->list[i].fate = FATE_STEP;
            turns->list[i].why = NULL;
        }
    turn_parked_mark(turns);
    size_t left = turns->count - turns->at;
    turns->size = left < TURNS_EVENTS_MAX ? left : TURNS_EVENTS_MAX;
    turn_retry(turns, failure);
}

void turn_poison(struct turns *turns, struct happening *happening, const struct db_failure *failure)
{
    log_error("turns", "update %" PRId64 " can never be stored and is skipped; poison_updates keeps it: %s",
              happening->event.update_id, failure->message);
    happening->why = arena_format(&turns->arena, "%s [%s]", failure->message, failure->sqlstate);
    happening->fate = FATE_PASS;
}

static void refuse(struct turns *turns, const struct db_failure *failure)
{
    struct happening *happening = tried(turns);
    if (db_fault_of(failure) == DB_FAULT_VALUE && happening->event.update_id != 0) {
        happening->raw = telegram_decode_raw(turns->batch, turns->batch_bytes, happening->event.update_id,
                                             &happening->raw_bytes);
        turn_poison(turns, happening, failure);
        return;
    }
    happening->why = arena_format(&turns->arena, "%s [%s]", failure->message, failure->sqlstate);
    happening->fate = FATE_PARK;
}

/* What the outbox learned, as a whole or of one chat, was refused. */
static void refuse_outcomes(struct turns *turns, const struct db_failure *failure)
{
    struct careful *careful = &turns->careful;
    if (!careful->split) {
        if (!split(turns))
            stop_being_careful(turns, failure); /* nothing at all can be committed */
        else
            (void)try_split(turns);
        return;
    }
    turn_parked_hold_part(turns, &careful->all, careful->chats[careful->chat_at]);
    turns->outcomes = (struct outbox_outcomes){0};
    turn_careful_next(turns);
}

void turn_again(struct turns *turns, const struct db_failure *failure)
{
    if (strcmp(failure->sqlstate, DEED_LOST) == 0)
        turn_try(turns); /* from what is true now; there is nothing to wait for */
    else
        turn_retry(turns, failure);
}

void turn_careful_failed(struct turns *turns, const struct db_failure *failure)
{
    struct careful *careful = &turns->careful;
    bool passing = db_fault_of(failure) == DB_FAULT_SERVER || failure->err == ERR_CONFLICT;
    bool lost = failure->sqlstate[0] == '\0'; /* the line, or the server */
    if (lost || (turns->size > 0 && careful->probe == turns->count)) {
        stop_being_careful(turns, failure);
    } else if (passing && ++careful->tries < TRIES_MAX) {
        turn_again(turns, failure);
    } else if (turns->size == 0) {
        refuse_outcomes(turns, failure);
    } else {
        refuse(turns, failure);
        turns->size = 0;
        careful->probe++;
        turn_careful_next(turns);
    }
}
