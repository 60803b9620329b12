/* What an album says, and its pictures: fetched out of the store when its turn has come, one after the other, and let
 * go as soon as the call is done. An album whose pictures are large goes in parts, so that no album needs more than its
 * part of the memory. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bot/base/log.h"
#include "bot/base/failpoint.h"
#include "bot/base/memory.h"
#include "bot/outbox/album.h"
#include "bot/outbox/compose.h"
#include "bot/services/store/store.h"

enum { PICTURE_TRIES_MAX = 10 /* of one that can't be read, before it is given up */ };

const char *shipment_file_id(const struct shipment *shipment, size_t at)
{
    const struct album_photo *photo = &shipment->album.photos[at];
    const struct trial *trial = shipment->item->trial;
    if (trial != NULL && trial->by_upload)
        return NULL;
    return album_as_files(shipment->item) ? photo->document_file_id : photo->photo_file_id;
}

static struct json_object *media(struct shipment *shipment, size_t at, bool in_album)
{
    struct json_object *json = json_object_new_object();
    const char *id = shipment_file_id(shipment, at), *type = album_as_files(shipment->item) ? "document" : "photo";
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

/* "sending a photo…" while the upload lasts. A nicety: nothing waits for it. */
static void show_life(const struct item *item)
{
    char *params = compose_send(album_as_files(item) ? "{\"action\":\"upload_document\"}"
                                                     : "{\"action\":\"upload_photo\"}",
                                item->lane->chat_id, item->thread_id);
    outbox_call_idly(
        item->lane,
        &(struct telegram_call){.method = "sendChatAction", .repeat = TELEGRAM_REPEAT_NOT_DONE, .params_json = params});
    free(params);
}

static struct json_object *compose_album(struct shipment *shipment)
{
    const struct item *item = shipment->item;
    struct json_object *params;
    if (shipment->chosen_count >= ALBUM_MIN) {
        struct json_object *list = json_object_new_array();
        for (size_t i = 0; i < shipment->chosen_count; i++)
            json_object_array_add(list, media(shipment, shipment->chosen[i], true));
        params = json_object_new_object();
        json_object_object_add(params, "media", list);
    } else {
        params = media(shipment, shipment->chosen[0], false);
    }
    json_object_object_add(params, "chat_id", json_object_new_int64(item->lane->chat_id));
    if (item->thread_id != 0)
        json_object_object_add(params, "message_thread_id", json_object_new_int64(item->thread_id));
    return params;
}

static size_t attach_files(struct shipment *shipment, struct telegram_file files[ALBUM_MAX])
{
    bool in_album = shipment->chosen_count >= ALBUM_MIN;
    size_t count = 0;
    for (size_t i = 0; i < shipment->chosen_count; i++) {
        size_t at = shipment->chosen[i];
        if (shipment_file_id(shipment, at) != NULL)
            continue;
        const char *single = album_as_files(shipment->item) ? "document" : "photo";
        files[count++] = (struct telegram_file){
            .name = in_album ? arena_format(&shipment->arena, "p%zu", at) : single,
            .filename = arena_format(&shipment->arena, "fotoset-%02d.jpg", shipment->album.photos[at].index + 1),
            .content_type = "image/jpeg",
            .data = shipment->bytes[at],
            .bytes = shipment->lengths[at]};
    }
    return count;
}

static void ship(struct shipment *shipment)
{
    struct item *item = shipment->item;
    struct trial *trial = album_trial(item);
    struct telegram_file files[ALBUM_MAX];
    struct json_object *params = compose_album(shipment);
    size_t count = shipment->chosen_count, file_count = attach_files(shipment, files);
    const char *alone = album_as_files(item) ? "sendDocument" : "sendPhoto";
    struct telegram_call contents = {.method = count >= ALBUM_MIN ? "sendMediaGroup" : alone,
                                     .files = files,
                                     .file_count = file_count,
                                     .params_json = json_object_to_json_string_ext(params, JSON_C_TO_STRING_PLAIN)};
    trial->in_doubt = true; /* until it is answered */
    trial->asked = 0;
    for (size_t i = 0; i < count; i++)
        trial->asked |= 1U << shipment->chosen[i];
    trial->lost_at = 0;
    trial->search = (struct search){0};
    show_life(item);
    failpoint("album.before_send");
    shipment->filled = true;
    const struct outbox_ports *ports = &item->lane->outbox->ports;
    enum err err = telegram_fill(shipment->job, ports->clock->mono_ms, &contents);
    json_object_put(params);
    if (err != ERR_OK) {
        trial->in_doubt = false;
        shipment_free(shipment);
        lane_again(item, lane_backoff_ms(item, false));
    }
}

/* ---- fetching the pictures ---- */

/* It can't be sent after all; the item goes on. */
void shipment_drop(struct shipment *shipment)
{
    telegram_drop(shipment->job, shipment->item->lane->outbox->ports.clock->mono_ms);
    shipment_free(shipment);
}

static void choose(struct shipment *shipment, size_t at)
{
    shipment->chosen[shipment->chosen_count++] = at;
    shipment->at = at + 1;
}

static void picture_fetched(void *ctx, enum err err, const struct store_object *object)
{
    struct shipment *shipment = ctx;
    struct item *item = shipment->item;
    size_t at = shipment->at;
    if (shipment->job == NULL) { /* canceled meanwhile */
        shipment_free(shipment);
        return;
    }
    bool gone = err == ERR_NOT_FOUND || err == ERR_INVALID;
    if (err != ERR_OK && !gone && ++album_trial(item)->misses < PICTURE_TRIES_MAX) {
        log_warn("outbox", "a picture of job %" PRId64 " can't be read now: %s", item->job_id, err_name(err));
        shipment_drop(shipment);
        lane_again(item, lane_backoff_ms(item, false));
        item->tries++;
        return;
    }
    if (err == ERR_OK) {
        shipment->bytes[at] = memory_need(malloc(object->length));
        memcpy(shipment->bytes[at], object->bytes, object->length);
        shipment->lengths[at] = object->length;
        choose(shipment, at);
    } else {
        album_refuse(shipment, at, "its picture is not in the store");
        shipment->at++;
    }
    album_fetch(shipment);
}

static size_t fetched_bytes(const struct shipment *shipment)
{
    size_t bytes = 0;
    for (size_t i = 0; i < ALBUM_MAX; i++)
        bytes += shipment->lengths[i];
    return bytes;
}

static bool is_enough(const struct shipment *shipment)
{
    return shipment->at >= shipment->album.count || fetched_bytes(shipment) >= ALBUM_PART_BYTES ||
           (shipment->item->trial != NULL && shipment->item->trial->one_by_one && shipment->chosen_count > 0);
}

/* All photos there are to try were passed over: it is none of theirs, so they are tried once more. */
static bool try_skipped(struct shipment *shipment)
{
    struct trial *trial = shipment->item->trial;
    if (trial == NULL || trial->skipped == 0)
        return false;
    trial->skipped = 0;
    shipment->at = 0;
    return true;
}

/* Chooses the pictures to go now: those not sent; one only, when the album goes one by one. */
void album_fetch(struct shipment *shipment)
{
    struct item *item = shipment->item;
    for (; !is_enough(shipment); shipment->at++) {
        const struct album_photo *photo = &shipment->album.photos[shipment->at];
        if (photo->sent || (item->trial != NULL && (item->trial->skipped >> shipment->at & 1) != 0))
            continue;
        if (shipment_file_id(shipment, shipment->at) != NULL) {
            shipment->chosen[shipment->chosen_count++] = shipment->at;
            continue;
        }
        const char *name = photo->url == NULL ? NULL : store_name_in_url(photo->url);
        if (name != NULL) {
            store_get(item->lane->outbox->ports.store, name, picture_fetched, shipment);
            return;
        }
        album_refuse(shipment, shipment->at, "it has no picture any more");
    }
    shipment_weigh(shipment, fetched_bytes(shipment));
    if (shipment->chosen_count > 0) {
        ship(shipment);
    } else if (try_skipped(shipment)) {
        album_fetch(shipment);
    } else {
        shipment_drop(shipment);
        album_end(item);
    }
}
