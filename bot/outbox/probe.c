/* Did the album arrive? Telegram has no idempotency key, and a bot can't read its chats; but it can offer an edit, and
 * "not modified" says that the message is what it was offered to be. Message ids grow over all chats of a bot, so the
 * photos lie between the highest id known before the attempt and the highest known when its answer was missed, or a
 * little above; on a busy bot that can be thousands of ids.
 *
 * So first a search: in steps as wide as the album, since its ids follow one another, a message is offered to have no
 * keyboard, as photos of an album have none. Then a walk from where the album that was hit may begin: each photo
 * carries its place as its caption ("14/23"), and is offered that. What is found is recorded as sent, the rest is sent.
 *
 * An offer changes nothing in a message that is not ours, not there, or as it should be. Ours in this chat above the
 * lower end are this album's photos alone: whatever else the bot sent had its answer before. An edit that did change
 * something has found nothing. What PROBE_STEPS_MAX steps can't reach is given up: better twice than never. */
#include <inttypes.h>
#include <stdlib.h>

#include "bot/base/log.h"
#include "bot/outbox/album.h"
#include "bot/outbox/compose.h"
#include "bot/base/timers.h"

static void step(struct shipment *shipment);

static bool is_known(const struct album_photo *photo)
{
    return photo->sent || photo->url == NULL;
}

/* A photo of ours, any of the album's: it begins at most one stride before. */
static void hit(struct shipment *shipment)
{
    shipment->walk_end = shipment->probe_id;
    shipment->probe_id -= shipment->stride - 1;
}

static void found(struct shipment *shipment)
{
    size_t at = shipment->next++;
    struct photo_outcome outcome = {.job_id = shipment->lane->head->job_id,
                                    .index = shipment->album.photos[at].index,
                                    .delivery = "sent",
                                    .message_id = shipment->probe_id};
    outbox_see_message(shipment->outbox, shipment->probe_id); /* what is sent from now on lies above it */
    album_note_outcome(shipment, at, &outcome);
    shipment->found = true;
    shipment->walk_end = shipment->probe_id++ + PROBE_AHEAD;
}

/* The message that was asked about is not what was looked for. */
static void missed(struct shipment *shipment)
{
    if (shipment->walk_end == 0) {
        shipment->probe_id += shipment->stride;
    } else if (shipment->probe_id++ == shipment->walk_end && !shipment->found) { /* the hit was something else */
        shipment->probe_id += shipment->stride - 1;
        shipment->walk_end = 0;
    }
}

static void answered(void *ctx, const struct telegram_verdict *verdict, struct json_object *result)
{
    struct shipment *shipment = ctx;
    failpoint("probe.answered");
    if (verdict->class == TELEGRAM_CANCELED) { /* on the way down: the row stays */
        shipment_free(shipment);
        return;
    }
    if (verdict->class == TELEGRAM_UNREACHABLE) {
        lane_unreachable(shipment->lane);
        shipment_free(shipment);
        return;
    }
    if (verdict->class == TELEGRAM_RETRY || verdict->class == TELEGRAM_AMBIGUOUS ||
        verdict->class == TELEGRAM_CONFLICT || verdict->class == TELEGRAM_UNAUTHORIZED) { /* it says nothing */
        lane_again(shipment->lane, lane_backoff_ms(shipment->lane->head));
        shipment->lane->head->tries++;
        shipment_free(shipment);
        return;
    }
    bool same = verdict->class == TELEGRAM_OK && result == NULL; /* not modified */
    if (same && shipment->walk_end == 0)
        hit(shipment);
    else if (same)
        found(shipment);
    else
        missed(shipment);
    step(shipment);
}

static void ask(struct shipment *shipment)
{
    struct lane *lane = shipment->lane;
    struct shop *shop = lane->outbox->shop;
    bool walking = shipment->walk_end != 0;
    char caption[CAPTION_BYTES];
    album_caption(shipment, shipment->next, caption);
    const char *body = walking ? arena_format(&shipment->arena, "{\"caption\":\"%s\"}", caption) : "{}";
    char *params = compose_call(body, lane->chat_id, shipment->probe_id);
    struct telegram_call call = {.method = walking ? "editMessageCaption" : "editMessageReplyMarkup",
                                 .chat_id = lane->chat_id,
                                 .priority = TELEGRAM_VALUE,
                                 .repeat = TELEGRAM_REPEAT_FREELY,
                                 .params_json = params};
    failpoint("probe.before_ask");
    enum err err = telegram_call(shop->telegram, shop->clock.mono_ms, &call, answered, shipment);
    free(params);
    if (err != ERR_OK) {
        lane_again(lane, lane_backoff_ms(lane->head));
        shipment_free(shipment);
    }
}

static void step(struct shipment *shipment)
{
    while (shipment->next < shipment->album.count && is_known(&shipment->album.photos[shipment->next]))
        shipment->next++;
    int64_t end = shipment->found ? shipment->walk_end : shipment->probe_end;
    if (shipment->next < shipment->album.count && (shipment->probe_id <= end || shipment->walk_end > end)) {
        ask(shipment);
        return;
    }
    if (shipment->next < shipment->album.count)
        log_warn("outbox", "%s the album of job %" PRId64 " was not found and is sent",
                 shipment->found ? "a part of" : "", shipment->lane->head->job_id);
    album_ship(shipment);
}

static void waited(void *ctx, int64_t object)
{
    (void)object;
    step(ctx);
}

static int64_t highest(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

void album_probe(struct shipment *shipment)
{
    const struct outbox *outbox = shipment->lane->outbox;
    struct item *item = shipment->lane->head;
    const struct album *album = &shipment->album;
    int64_t after = highest(highest(album->tried_after, album->last_message_id), item->above);
    if (item->lost_at == 0)
        item->lost_at = outbox->high; /* later messages lie above what was lost, however long the search is held up */
    for (size_t i = 0; i < album->count && item->together == 0; i++)
        shipment->stride += !is_known(&album->photos[i]);
    shipment->stride = highest(shipment->stride, item->together > 0 ? (int64_t)item->together : 1);
    shipment->probe_end = highest(item->lost_at, after) + shipment->stride * PROBE_AHEAD;
    int64_t steps = (shipment->probe_end - after) / shipment->stride;
    log_info("outbox", "an album's answer was lost: looking for its photos in the chat, %" PRId64 " steps", steps);
    if (steps > PROBE_STEPS_MAX) /* it was on its way when the answer was missed: rather the newer ones */
        after = shipment->probe_end - shipment->stride * PROBE_STEPS_MAX;
    shipment->probe_id = after + shipment->stride;
    timers_add(outbox->shop->timers, outbox->shop->clock.unix_ms + PROBE_WAIT_MS, waited, shipment, 0);
}
