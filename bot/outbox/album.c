/* An album: pictures out of the store, or Telegram's ids of them, in one sendMediaGroup; each photo recorded by itself.
 *
 *   its turn comes ─▶ the row is marked as tried ─▶ pictures are fetched ─▶ sent ─▶ recorded
 *
 * Until the governor lets it go, an album is its row and no more; so two thousand may wait through an outage. After a
 * crash or a lost answer the mark says that the photos may be there, and they are looked for (probe.c) instead of being
 * sent twice. An album that Telegram refuses as a whole goes photo by photo, so that one bad picture holds up nobody.
 * A photo that fails again and again is passed over, and given up only if it still fails when another one of its album
 * has gone: what fails for all is no photo's fault, and what was paid for is owed as long as the chat can be reached.
 */
#include "bot/outbox/album.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bot/base/failpoint.h"
#include "bot/base/log.h"
#include "bot/base/memory.h"
#include "bot/base/random.h"
#include "bot/base/stop.h"

enum {
    ALBUM_MISSES_MAX = 5,    /* tries of an album before it goes photo by photo */
    PHOTO_FAILURES_MAX = 10, /* tries of one photo that end in a server error, before others are tried */
    PHOTO_MISSES_MAX = 40,   /* … that end in nothing: perhaps a slow line, so it is given longer */
    DOUBTFUL_MISSES_MAX = 3, /* tries more, once another one has gone */
    WAIT_MS = 500            /* for room */
};

bool album_is_first(const struct item *item)
{
    return item->kind->repeat == REPEAT_NOT;
}

bool album_as_files(const struct item *item)
{
    return item->kind->repeat == REPEAT_FILES;
}

struct trial *album_trial(struct item *item)
{
    if (item->trial == NULL)
        item->trial = memory_need(calloc(1, sizeof *item->trial));
    return item->trial;
}

/* ---- a shipment ---- */

static struct shipment *shipment_new(struct item *item)
{
    struct shipment *shipment = memory_need(calloc(1, sizeof *shipment));
    shipment->item = item;
    arena_init(&shipment->arena);
    LIST_INSERT_HEAD(&item->lane->outbox->shipments, shipment, next);
    item->shipment = shipment;
    return shipment;
}

void shipment_charge(struct shipment *shipment, size_t bytes)
{
    size_t *all = &shipment->item->lane->outbox->album_bytes;
    *all = *all - shipment->held + bytes;
    shipment->held = bytes;
}

void shipment_weigh(struct shipment *shipment, size_t bytes)
{
    size_t *usual = &shipment->item->lane->outbox->album_usual;
    shipment_charge(shipment, bytes);
    if (bytes > 0) /* else its photos go by their ids */
        *usual = bytes > *usual ? bytes : *usual - (*usual - bytes) / 8;
}

void shipment_free(struct shipment *shipment)
{
    shipment_charge(shipment, 0);
    for (size_t i = 0; i < ALBUM_MAX; i++)
        free(shipment->bytes[i]);
    LIST_REMOVE(shipment, next);
    shipment->item->shipment = NULL;
    arena_done(&shipment->arena);
    free(shipment);
}

void album_free_all(struct outbox *outbox)
{
    while (!LIST_EMPTY(&outbox->shipments))
        shipment_free(LIST_FIRST(&outbox->shipments));
}

void album_caption(const struct shipment *shipment, size_t at, char ret_caption[CAPTION_BYTES])
{
    (void)snprintf(ret_caption, CAPTION_BYTES, "%d/%d", shipment->album.photos[at].index + 1,
                   (int)shipment->album.total);
}

/* ---- what becomes of photos ---- */

static void record(struct shipment *shipment, size_t at, const struct photo_outcome *outcome)
{
    struct item *item = shipment->item;
    struct photo_outcome noted = *outcome;
    noted.job_id = item->job_id;
    noted.index = shipment->album.photos[at].index;
    noted.delivery = album_is_first(item) ? outcome->delivery : NULL;
    outbox_note_photo(item->lane, &noted);
    shipment->album.photos[at].sent = true;
    album_trial(item)->sent |= 1U << at;
}

void album_refuse(struct shipment *shipment, size_t at, const char *why)
{
    log_error("outbox", "photo %d of job %" PRId64 " is given up: %s", shipment->album.photos[at].index + 1,
              shipment->item->job_id, why);
    record(shipment, at, &(struct photo_outcome){.delivery = "refused"});
}

void album_note(struct shipment *shipment, size_t at, const struct photo_outcome *outcome)
{
    struct item *item = shipment->item;
    struct trial *trial = album_trial(item);
    record(shipment, at, outcome);
    outbox_see_message(item->lane->outbox, outcome->message_id); /* the next album's lower end */
    if (outcome->message_id > trial->above)
        trial->above = outcome->message_id;
    trial->misses = item->tries = 0;
    trial->doubtful |= trial->skipped;
    trial->skipped = 0;
}

static void note_message(struct shipment *shipment, size_t at, struct json_object *message)
{
    bool files = album_as_files(shipment->item);
    album_note(shipment, at,
               &(struct photo_outcome){.delivery = "sent",
                                       .message_id = outbox_note_message(shipment->item->lane, message),
                                       .photo_file_id = files ? NULL : outbox_photo_id(message),
                                       .document_file_id = files ? outbox_document_id(message) : NULL});
}

void album_put_back(struct item *item)
{
    for (size_t i = 0; i < item->index_count; i++)
        if (item->trial == NULL || (item->trial->sent >> i & 1) == 0)
            outbox_note_photo(item->lane, &(struct photo_outcome){
                                              .job_id = item->job_id, .index = item->indexes[i], .delivery = "none"});
}

void album_end(struct item *item)
{
    if (album_is_first(item))
        outbox_note_news(item->lane->outbox, EVENT_DELIVERED, item->lane->chat_id, item->job_id);
    lane_done(item);
}

/* ---- its turn ---- */

static void read_album(struct shipment *shipment, const struct db_result *result)
{
    struct item *item = shipment->item;
    outbox_read_album(result, &shipment->arena, &shipment->album);
    for (size_t i = 0; i < shipment->album.count; i++) {
        struct album_photo *photo = &shipment->album.photos[i];
        if (photo->sent && album_is_first(item)) /* a repeat sends what was sent */
            album_trial(item)->sent |= 1U << i;
        photo->sent = item->trial != NULL && (item->trial->sent >> i & 1) != 0;
    }
}

static void album_marked(void *ctx, const struct db_result *result, const struct db_failure *failure)
{
    struct shipment *shipment = ctx;
    struct item *item = shipment->item;
    if (shipment->job == NULL) { /* canceled meanwhile */
        shipment_free(shipment);
        return;
    }
    if (failure != NULL) {
        shipment_drop(shipment);
        lane_again(item, lane_backoff_ms(item, false));
        item->tries++;
        return;
    }
    failpoint("album.marked");
    const struct trial *trial = item->trial;
    read_album(shipment, result);
    for (size_t i = 0; i < shipment->album.count; i++)
        if ((trial->hopeless >> i & 1) != 0 && !shipment->album.photos[i].sent)
            album_refuse(shipment, i, "it fails, and others go");
    album_fetch(shipment);
}

/* Of an album one by one, the photo to go next; the album's count if there is none. */
static size_t next_photo(const struct item *item)
{
    size_t at = 0;
    const struct trial *trial = item->trial;
    while (at < item->index_count && ((trial->sent | trial->skipped | trial->hopeless) >> at & 1) != 0)
        at++;
    return at;
}

static void album_turn(void *ctx, struct telegram_job *job)
{
    struct item *item = ctx;
    struct outbox *outbox = item->lane->outbox;
    const struct outbox_ports *ports = &outbox->ports;
    if (ports->stop->asked) { /* the row stays */
        telegram_drop(job, ports->clock->mono_ms);
        return;
    }
    if (outbox->album_bytes > 0 && outbox->album_bytes + outbox->album_usual > ALBUM_BYTES_MAX) {
        telegram_put_off(job, ports->clock->mono_ms, 1 + (int64_t)(random_number() % WAIT_MS));
        return;
    }
    struct shipment *shipment = shipment_new(item);
    struct db_unit *unit = db_unit_new();
    struct trial *trial = album_trial(item);
    shipment->job = job;
    shipment_charge(shipment, outbox->album_usual);
    trial->above = outbox_below(item->lane); /* what was tried before is done with: looked for, or surely not sent */
    outbox_add_album(unit, &shipment->arena, outbox->bot_id, item->job_id, item->indexes, item->index_count);
    size_t next = trial->one_by_one ? next_photo(item) : item->index_count;
    outbox_add_mark(unit, &shipment->arena, item->id, trial->above, next < item->index_count ? item->indexes[next] : -1,
                    album_rest(item, &shipment->arena));
    db_submit(ports->db, unit, album_marked, shipment);
}

static void album_read(void *ctx, const struct db_result *result, const struct db_failure *failure)
{
    struct shipment *shipment = ctx;
    struct item *item = shipment->item;
    if (failure != NULL) {
        shipment_free(shipment);
        item->lane->outbox->searches--;
        lane_again(item, lane_backoff_ms(item, false));
        item->tries++;
        return;
    }
    read_album(shipment, result);
    album_probe(shipment);
}

static void look(struct item *item)
{
    struct outbox *outbox = item->lane->outbox;
    if (outbox->searches >= SEARCHES_MAX) {
        lane_again(item, WAIT_MS + (int64_t)(random_number() % WAIT_MS));
        return;
    }
    outbox->searches++;
    struct shipment *shipment = shipment_new(item);
    struct db_unit *unit = db_unit_new();
    outbox_add_album(unit, &shipment->arena, outbox->bot_id, item->job_id, item->indexes, item->index_count);
    db_submit(outbox->ports.db, unit, album_read, shipment);
}

static void album_answered(void *ctx, const struct telegram_verdict *verdict, struct json_object *result);

void album_send(struct item *item)
{
    if (item->trial != NULL && item->trial->in_doubt) {
        look(item);
        return;
    }
    struct telegram_call call = {.method = "sendMediaGroup",
                                 .priority = TELEGRAM_VALUE,
                                 .repeat = TELEGRAM_REPEAT_NOT_DONE, /* it is looked for, not repeated */
                                 .turn = album_turn,
                                 .cost = item->trial != NULL && item->trial->one_by_one ? 1 : item->index_count};
    if (outbox_call(item->lane, &call, album_answered, item) != ERR_OK)
        lane_again(item, lane_backoff_ms(item, false));
}

void album_go_on(struct item *item)
{
    if (item->trial->sent == (1U << item->index_count) - 1)
        album_end(item);
    else if (!item->lane->outbox->ports.stop->asked)
        album_send(item);
}

/* ---- the answer ---- */

/* The answer's messages stand in the order of the media. */
static void note_sent(struct shipment *shipment, struct json_object *result)
{
    bool in_album = json_object_is_type(result, json_type_array);
    size_t count = in_album ? json_object_array_length(result) : 1;
    for (size_t i = 0; i < shipment->chosen_count && i < count; i++)
        note_message(shipment, shipment->chosen[i], in_album ? json_object_array_get_idx(result, i) : result);
}

static bool used_ids(const struct shipment *shipment)
{
    for (size_t i = 0; i < shipment->chosen_count; i++)
        if (shipment_file_id(shipment, shipment->chosen[i]) != NULL)
            return true;
    return false;
}

static void refused(struct shipment *shipment, const struct telegram_verdict *verdict)
{
    struct item *item = shipment->item;
    char line[256];
    telegram_verdict_line(verdict, line, sizeof line);
    log_warn("outbox", "%s of job %" PRId64 " was refused: %s", item->trial->one_by_one ? "a photo" : "an album",
             item->job_id, line);
    bool ids = verdict->class == TELEGRAM_FILE_BAD || verdict->class == TELEGRAM_FILE_AWAY;
    if (ids && used_ids(shipment)) {
        item->trial->by_upload = true;
    } else {
        if (item->trial->one_by_one)
            album_refuse(shipment, shipment->chosen[0], line);
        item->trial->one_by_one = true;
    }
}

static int misses_max(const struct trial *trial, const struct telegram_verdict *verdict)
{
    if (!trial->one_by_one)
        return ALBUM_MISSES_MAX;
    if ((trial->asked & trial->doubtful) != 0)
        return DOUBTFUL_MISSES_MAX;
    return verdict->error_code >= 500 ? PHOTO_FAILURES_MAX : PHOTO_MISSES_MAX;
}

/* Once more, later. One file can make the server fail on its album for ever: then the photos go one by one, and that
 * one is passed over at last. It is no outage that is counted here, for in one the search before each new try fails. */
static void missed(struct item *item, const struct telegram_verdict *verdict)
{
    struct trial *trial = item->trial;
    trial->in_doubt = trial->in_doubt && !verdict->surely_not_done;
    trial->misses += !verdict->surely_not_done;
    bool enough = trial->misses >= misses_max(trial, verdict);
    if (enough && trial->one_by_one) {
        trial->hopeless |= trial->asked & trial->doubtful;
        trial->skipped |= trial->asked & ~trial->doubtful;
        trial->misses = 0;
    } else if (enough) {
        log_warn("outbox", "an album of job %" PRId64 " failed %d times: one by one now", item->job_id, trial->misses);
        trial->one_by_one = true;
        trial->misses = item->tries = 0;
    }
    int64_t wait_ms = lane_backoff_ms(item, false);
    item->tries++;
    lane_again(item, verdict->retry_after_ms > 0 ? verdict->retry_after_ms : wait_ms);
}

/* What is left of a shipment that was canceled: its row stays. */
static void cancel(struct shipment *shipment)
{
    if (shipment == NULL)
        return;
    shipment->job = NULL;
    if (shipment->filled) /* else the database or the store still has something to say */
        shipment_free(shipment);
}

static void album_answered(void *ctx, const struct telegram_verdict *verdict, struct json_object *result)
{
    struct item *item = ctx;
    struct shipment *shipment = item->shipment;
    if (verdict->class == TELEGRAM_CANCELED) {
        cancel(shipment);
        return;
    }
    failpoint("album.answered");
    bool topic_gone = verdict->class == TELEGRAM_GONE && lane_leave_topic(item);
    bool ids_away = verdict->class == TELEGRAM_FILE_AWAY && used_ids(shipment);
    bool again = verdict->class == TELEGRAM_RETRY || verdict->class == TELEGRAM_AMBIGUOUS ||
                 verdict->class == TELEGRAM_CONFLICT || verdict->class == TELEGRAM_UNAUTHORIZED ||
                 (verdict->class == TELEGRAM_FILE_AWAY && !ids_away);
    if (verdict->class == TELEGRAM_OK)
        note_sent(shipment, result);
    else if (!again && !topic_gone && verdict->class != TELEGRAM_UNREACHABLE)
        refused(shipment, verdict);
    shipment_free(shipment);
    if (again) {
        missed(item, verdict);
        return;
    }
    item->trial->in_doubt = false; /* answered */
    if (verdict->class == TELEGRAM_UNREACHABLE)
        lane_unreachable(item);
    else
        album_go_on(item);
}
