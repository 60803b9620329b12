/* An album: pictures out of the store, or Telegram's ids of them, in one sendMediaGroup; each photo recorded by itself.
 *
 * Before the first byte leaves, the row is marked as tried; so after a crash or a lost answer it is known that the
 * photos may be there, and they are looked for (probe.c) instead of being sent twice. An album that Telegram refuses
 * as a whole goes photo by photo, so that one bad picture holds up nobody. */
#include "bot/outbox/album.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/base/log.h"
#include "bot/outbox/compose.h"
#include "bot/services/store/store.h"
#include "bot/turn/turns.h"
#include "core/bug.h"

enum {
    ALBUM_MISSES_MAX = 5,    /* tries of an album before it goes photo by photo */
    PHOTO_FAILURES_MAX = 10, /* tries of one photo that end in a server error */
    PHOTO_MISSES_MAX = 40    /* … that end in nothing: perhaps a slow line, so it is given longer */
};

void shipment_free(struct shipment *shipment)
{
    for (size_t i = 0; i < ALBUM_MAX; i++)
        free(shipment->bytes[i]);
    if (shipment->next_shipment != NULL)
        shipment->next_shipment->previous_shipment = shipment->previous_shipment;
    if (shipment->previous_shipment != NULL)
        shipment->previous_shipment->next_shipment = shipment->next_shipment;
    else
        shipment->outbox->shipments = shipment->next_shipment;
    arena_done(&shipment->arena);
    free(shipment);
}

void album_free_all(struct outbox *outbox)
{
    while (outbox->shipments != NULL)
        shipment_free(outbox->shipments);
}

void shipment_done(struct shipment *shipment)
{
    struct lane *lane = shipment->lane;
    if (shipment->first)
        outbox_note_news(lane->outbox, EVENT_DELIVERED, lane->chat_id, lane->head->job_id);
    shipment_free(shipment);
    lane_done(lane);
}

void album_caption(const struct shipment *shipment, size_t at, char ret_caption[CAPTION_BYTES])
{
    (void)snprintf(ret_caption, CAPTION_BYTES, "%d/%d", shipment->album.photos[at].index + 1,
                   (int)shipment->album.total);
}

void album_note_outcome(struct shipment *shipment, size_t at, const struct photo_outcome *outcome)
{
    struct item *item = shipment->lane->head;
    outbox_note_photo(shipment->lane, outcome);
    shipment->album.photos[at].sent = true;
    item->sent |= 1U << at;
    if (outcome->message_id > item->above)
        item->above = outcome->message_id;
    item->hopeless = false;
    item->misses = item->tries = 0;
}

void album_note(struct shipment *shipment, size_t at, const char *delivery, struct json_object *message)
{
    struct photo_outcome outcome = {.job_id = shipment->lane->head->job_id,
                                    .index = shipment->album.photos[at].index,
                                    .delivery = shipment->first ? delivery : NULL};
    if (message != NULL) {
        outcome.message_id = outbox_note_message(shipment->lane->outbox, message);
        outcome.photo_file_id = shipment->files ? NULL : outbox_photo_id(message);
        outcome.document_file_id = shipment->files ? outbox_document_id(message) : NULL;
    }
    album_note_outcome(shipment, at, &outcome);
}

static const char *known_id(const struct shipment *shipment, size_t at)
{
    const struct album_photo *photo = &shipment->album.photos[at];
    return shipment->files ? photo->document_file_id : photo->photo_file_id;
}

struct fetch {
    unsigned char **bytes;
    size_t *length;
};

static void fetched(void *ctx, enum err err, const struct store_object *object)
{
    struct fetch *fetch = ctx;
    if (err != ERR_OK)
        return;
    *fetch->bytes = malloc(object->length);
    if (*fetch->bytes == NULL)
        bug("out of memory");
    memcpy(*fetch->bytes, object->bytes, object->length);
    *fetch->length = object->length;
}

/* The directory store answers at once. */
static bool load(struct shipment *shipment, size_t at)
{
    const char *url = shipment->album.photos[at].url, *name = url == NULL ? NULL : store_name_in_url(url);
    struct fetch fetch = {&shipment->bytes[at], &shipment->lengths[at]};
    if (known_id(shipment, at) != NULL)
        return true;
    if (name != NULL && shipment->bytes[at] == NULL)
        store_get(shipment->lane->outbox->shop->store, name, fetched, &fetch);
    return shipment->bytes[at] != NULL;
}

static void refuse_first(struct shipment *shipment)
{
    for (size_t i = 0; i < shipment->album.count; i++)
        if (!shipment->album.photos[i].sent) {
            album_note(shipment, i, "refused", NULL);
            return;
        }
}

/* The pictures to go now: those not sent; one only, when the album goes one by one. */
static size_t choose(struct shipment *shipment, size_t chosen[ALBUM_MAX])
{
    size_t count = 0;
    if (shipment->lane->head->hopeless) {
        log_error("outbox", "a photo of job %" PRId64 " is given up", shipment->lane->head->job_id);
        refuse_first(shipment);
    }
    for (size_t i = 0; i < shipment->album.count; i++) {
        if (shipment->album.photos[i].sent)
            continue;
        if (!load(shipment, i)) {
            log_error("outbox", "photo %d of job %" PRId64 " is not in the store", shipment->album.photos[i].index,
                      shipment->lane->head->job_id);
            album_note(shipment, i, "refused", NULL);
            continue;
        }
        chosen[count++] = i;
        if (shipment->lane->head->one_by_one)
            break;
    }
    return count;
}

static struct json_object *media(struct shipment *shipment, size_t at, bool in_album)
{
    struct json_object *json = json_object_new_object();
    const char *id = known_id(shipment, at), *type = shipment->files ? "document" : "photo";
    const char *attach = arena_format(&shipment->arena, "attach://p%zu", at);
    char caption[CAPTION_BYTES];
    album_caption(shipment, at, caption);
    if (in_album)
        json_object_object_add(json, "type", json_object_new_string(type));
    if (in_album || id != NULL)
        json_object_object_add(json, in_album ? "media" : type, json_object_new_string(id != NULL ? id : attach));
    json_object_object_add(json, "caption", json_object_new_string(caption));
    return json;
}

static void ignored(void *ctx, const struct telegram_verdict *verdict, struct json_object *result)
{
    (void)ctx;
    (void)verdict;
    (void)result;
}

/* "sending a photo…" while the upload lasts. A nicety: nothing waits for it. */
static void show_life(struct shipment *shipment)
{
    struct lane *lane = shipment->lane;
    struct shop *shop = lane->outbox->shop;
    char *params = compose_send(shipment->files ? "{\"action\":\"upload_document\"}" : "{\"action\":\"upload_photo\"}",
                                lane->chat_id, lane->head->thread_id);
    struct telegram_call call = {.method = "sendChatAction",
                                 .chat_id = lane->chat_id,
                                 .repeat = TELEGRAM_REPEAT_NOT_DONE,
                                 .params_json = params};
    if (telegram_call(shop->telegram, shop->clock.mono_ms, &call, ignored, NULL) != ERR_OK)
        log_debug("outbox", "no room for a chat action");
    free(params);
}

static void answered(void *ctx, const struct telegram_verdict *verdict, struct json_object *result);

static void ship(struct shipment *shipment, const size_t *chosen, size_t count)
{
    struct lane *lane = shipment->lane;
    struct shop *shop = lane->outbox->shop;
    struct telegram_file files[ALBUM_MAX];
    struct json_object *params;
    size_t file_count = 0;
    bool in_album = count >= ALBUM_MIN;
    if (in_album) {
        struct json_object *list = json_object_new_array();
        for (size_t i = 0; i < count; i++)
            json_object_array_add(list, media(shipment, chosen[i], true));
        params = json_object_new_object();
        json_object_object_add(params, "media", list);
    } else {
        params = media(shipment, chosen[0], false);
    }
    json_object_object_add(params, "chat_id", json_object_new_int64(lane->chat_id));
    if (lane->head->thread_id != 0)
        json_object_object_add(params, "message_thread_id", json_object_new_int64(lane->head->thread_id));
    for (size_t i = 0; i < count; i++) {
        size_t at = chosen[i];
        if (known_id(shipment, at) != NULL)
            continue;
        const char *single = shipment->files ? "document" : "photo";
        files[file_count++] = (struct telegram_file){
            .name = in_album ? arena_format(&shipment->arena, "p%zu", at) : single,
            .filename = arena_format(&shipment->arena, "fotoset-%02d.jpg", shipment->album.photos[at].index + 1),
            .content_type = "image/jpeg",
            .data = shipment->bytes[at],
            .bytes = shipment->lengths[at]};
    }
    const char *alone = shipment->files ? "sendDocument" : "sendPhoto";
    struct telegram_call call = {
        .method = in_album ? "sendMediaGroup" : alone,
        .chat_id = lane->chat_id,
        .priority = TELEGRAM_VALUE,
        .repeat = TELEGRAM_REPEAT_NOT_DONE, /* once: after a server error it is looked for, not repeated */
        .files = files,
        .file_count = file_count,
        .cost = (int)count,
        .params_json = json_object_to_json_string_ext(params, JSON_C_TO_STRING_PLAIN)};
    lane->head->together = count;
    lane->head->above = lane->outbox->high; /* what was tried before is done with: looked for, or surely not sent */
    lane->head->lost_at = 0;
    failpoint("album.before_send");
    enum err err = telegram_call(shop->telegram, shop->clock.mono_ms, &call, answered, shipment);
    json_object_put(params);
    if (err != ERR_OK) {
        lane->head->not_sent = true;
        lane_again(lane, lane_backoff_ms(lane->head));
        shipment_free(shipment);
    }
}

void album_ship(struct shipment *shipment)
{
    size_t chosen[ALBUM_MAX], count = choose(shipment, chosen);
    if (count == 0) {
        shipment_done(shipment);
        return;
    }
    show_life(shipment);
    ship(shipment, chosen, count);
}

/* The answer's messages stand in the order of the media. */
static void note_sent(struct shipment *shipment, struct json_object *result)
{
    bool in_album = json_object_is_type(result, json_type_array);
    size_t at = 0;
    for (size_t i = 0; i < shipment->album.count; i++) {
        if (shipment->album.photos[i].sent)
            continue;
        if (in_album && at >= json_object_array_length(result))
            return;
        album_note(shipment, i, "sent", in_album ? json_object_array_get_idx(result, at++) : result);
        if (!in_album)
            return;
    }
}

static void refused(struct shipment *shipment, const struct telegram_verdict *verdict)
{
    struct lane *lane = shipment->lane;
    char line[256];
    telegram_verdict_line(verdict, line, sizeof line);
    log_error("outbox", "%s of job %" PRId64 " was refused: %s", lane->head->one_by_one ? "a photo" : "an album",
              lane->head->job_id, line);
    if (lane->head->one_by_one)
        refuse_first(shipment);
    lane->head->one_by_one = true;
    album_ship(shipment);
}

/* Once more, later. One file can make the server fail on its album for ever: then the photos go one by one, and that
 * one is given up at last. It is no outage that is counted here, for in one the search before each new try fails. */
static void missed(struct shipment *shipment, const struct telegram_verdict *verdict)
{
    struct lane *lane = shipment->lane;
    struct item *item = lane->head;
    item->not_sent = verdict->surely_not_done;
    item->misses += !verdict->surely_not_done;
    if (item->one_by_one)
        item->hopeless = item->misses >= (verdict->error_code >= 500 ? PHOTO_FAILURES_MAX : PHOTO_MISSES_MAX);
    else if (item->misses >= ALBUM_MISSES_MAX) {
        log_warn("outbox", "an album of job %" PRId64 " failed %d times: one by one now", item->job_id, item->misses);
        item->one_by_one = true;
        item->misses = item->tries = 0;
    }
    lane_again(lane, verdict->retry_after_ms > 0 ? verdict->retry_after_ms : lane_backoff_ms(item));
    item->tries++;
}

static void answered(void *ctx, const struct telegram_verdict *verdict, struct json_object *result)
{
    struct shipment *shipment = ctx;
    struct lane *lane = shipment->lane;
    failpoint("album.answered");
    switch (verdict->class) {
    case TELEGRAM_OK:
        note_sent(shipment, result);
        album_ship(shipment);
        return;
    case TELEGRAM_RETRY:
    case TELEGRAM_AMBIGUOUS:
    case TELEGRAM_CONFLICT: /* a proxy's, perhaps; if it is meant, the poll ends the daemon */
    case TELEGRAM_UNAUTHORIZED:
    case TELEGRAM_FILE_AWAY: missed(shipment, verdict); break;
    case TELEGRAM_UNREACHABLE: lane_unreachable(lane); break;
    case TELEGRAM_GONE:
        if (!lane_leave_topic(lane)) {
            refused(shipment, verdict);
            return;
        }
        album_ship(shipment);
        return;
    case TELEGRAM_FILE_TOO_BIG:
    case TELEGRAM_FILE_BAD:
    case TELEGRAM_UNPARSED:
    case TELEGRAM_BAD: refused(shipment, verdict); return;
    case TELEGRAM_CANCELED:
    case TELEGRAM_CLASS_COUNT: break; /* on the way down: the row stays */
    }
    shipment_free(shipment);
}

static void loaded(void *ctx, const struct db_result *result, const struct db_failure *failure)
{
    struct shipment *shipment = ctx;
    struct lane *lane = shipment->lane;
    bool tried_here = lane->head->not_sent;
    if (failure != NULL) {
        lane_again(lane, lane_backoff_ms(lane->head));
        shipment_free(shipment);
        return;
    }
    failpoint("album.marked");
    outbox_read_album(result, &shipment->arena, &shipment->album);
    for (size_t i = 0; i < shipment->album.count; i++) {
        struct album_photo *photo = &shipment->album.photos[i];
        bool went = (lane->head->sent >> i & 1) != 0;
        photo->sent = went || (photo->sent && shipment->first); /* a repeat sends what was sent */
    }
    if (shipment->first && shipment->album.tried_after > 0 && !tried_here)
        album_probe(shipment);
    else
        album_ship(shipment);
}

void album_send(struct lane *lane)
{
    struct outbox *outbox = lane->outbox;
    struct item *item = lane->head;
    uint8_t indexes[ALBUM_MAX];
    size_t count = compose_read_indexes(item->body, indexes);
    struct shipment *shipment = calloc(1, sizeof *shipment);
    if (shipment == NULL)
        bug("out of memory");
    shipment->outbox = outbox;
    shipment->lane = lane;
    shipment->next_shipment = outbox->shipments;
    if (shipment->next_shipment != NULL)
        shipment->next_shipment->previous_shipment = shipment;
    outbox->shipments = shipment;
    shipment->files = strcmp(item->kind, "files") == 0;
    shipment->first = strcmp(item->kind, "album") == 0;
    arena_init(&shipment->arena);
    int64_t high = outbox->high > lane->screen_message_id ? outbox->high : lane->screen_message_id;
    struct db_unit *unit = db_unit_new();
    outbox_add_album(unit, &shipment->arena, item->id, item->job_id, indexes, count, high > 0 ? high : 1,
                     item->not_sent);
    db_submit(outbox->shop->db, unit, loaded, shipment);
}
