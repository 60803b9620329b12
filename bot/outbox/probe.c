/* Did the album arrive? Telegram has no idempotency key, and a bot can't read its chats; but it can offer an edit. Each
 * photo of a set carries its place as its caption ("14/23"), and message ids grow, so after a lost answer the messages
 * above the highest id known before the attempt are offered the very caption they would have: "not modified" is the
 * photo itself, an error is something else. What is found is recorded as sent, the rest is sent.
 *
 * Offering an edit to a message that is not ours, or not there, changes nothing; but an older photo of ours would take
 * the caption. So nothing is offered to what is known to be older, and an edit that did change something has found
 * nothing. */
#include <stdlib.h>

#include "bot/log.h"
#include "bot/outbox/album.h"
#include "bot/outbox/compose.h"
#include "bot/timers.h"

static void step(struct shipment *shipment);

static bool is_known(const struct album_photo *photo)
{
    return photo->sent || photo->url == NULL;
}

static void answered(void *ctx, const struct telegram_verdict *verdict, struct json_object *result)
{
    struct shipment *shipment = ctx;
    shop_step("probe.answered");
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
    if (verdict->class == TELEGRAM_OK && result == NULL) { /* not modified */
        struct photo_outcome found = {.job_id = shipment->lane->head->job_id,
                                      .index = shipment->album.photos[shipment->next].index,
                                      .delivery = "sent",
                                      .message_id = shipment->probe_id};
        outbox_note_photo(shipment->lane->outbox, &found);
        shipment->album.photos[shipment->next++].sent = true;
        shipment->changed = true;
        shipment->probe_end = shipment->probe_id + PROBE_AHEAD;
    }
    shipment->probe_id++;
    step(shipment);
}

static void step(struct shipment *shipment)
{
    struct lane *lane = shipment->lane;
    struct shop *shop = lane->outbox->shop;
    char caption[CAPTION_BYTES];
    while (shipment->next < shipment->album.count && is_known(&shipment->album.photos[shipment->next]))
        shipment->next++;
    if (shipment->next == shipment->album.count || shipment->probe_id > shipment->probe_end) {
        album_ship(shipment);
        return;
    }
    album_caption(shipment, shipment->next, caption);
    const char *body = arena_format(&shipment->arena, "{\"caption\":\"%s\"}", caption);
    char *params = compose_call(body, lane->chat_id, shipment->probe_id);
    struct telegram_call call = {.method = "editMessageCaption",
                                 .chat_id = lane->chat_id,
                                 .priority = TELEGRAM_BULK,
                                 .effect = EFFECT_IDEMPOTENT,
                                 .params_json = params};
    shop_step("probe.before_ask");
    enum err err = telegram_call(shop->telegram, shop->now_ms, &call, answered, shipment);
    free(params);
    if (err != ERR_OK) {
        lane_again(lane, lane_backoff_ms(lane->head));
        shipment_free(shipment);
    }
}

static void waited(void *ctx, int64_t object)
{
    (void)object;
    step(ctx);
}

void album_probe(struct shipment *shipment)
{
    struct shop *shop = shipment->lane->outbox->shop;
    log_info("outbox", "an album's answer was lost: looking for its photos in the chat");
    int64_t after = shipment->album.tried_after;
    if (after < shipment->album.last_message_id)
        after = shipment->album.last_message_id;
    shipment->probe_id = after + 1;
    shipment->probe_end = after + PROBE_AHEAD;
    timers_add(shop->timers, shop->unix_ms + PROBE_WAIT_MS, waited, shipment, 0);
}
