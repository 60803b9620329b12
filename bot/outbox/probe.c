/* Did the album arrive? Telegram has no idempotency key, and a bot can't read its chats; but it can offer an edit, and
 * "not modified" says that the message is what it was offered to be. Message ids grow over all chats of a bot, so the
 * photos lie between the highest id known before the attempt and the highest known when its answer was missed, or a
 * little above; on a busy bot that can be thousands of ids.
 *
 * So first a search: in steps as wide as the album, since its ids follow one another, a message is offered to have no
 * keyboard, as photos of an album have none. It goes on from both ends, for an album lies near the one when it was
 * missed long ago, and near the other when it waited long before it went. Then a walk from where the album that was hit
 * may begin: each photo carries its place as its caption ("14/23"), and is offered that. What is found is recorded as
 * sent, the rest is sent.
 *
 * An offer changes nothing in a message that is not ours, not there, or as it should be. Ours in this chat above the
 * lower end are this album's photos, and words that passed it: those are known and left out, and no word is on its way
 * while an offer is. Every album before this one had its answer, or was found, and its ids are below the lower end,
 * also after a crash. An edit that did change something has found nothing. What PROBE_STEPS_MAX steps can't reach is
 * given up: better twice than never. */
#include <inttypes.h>
#include <stdlib.h>

#include "bot/base/failpoint.h"
#include "bot/base/log.h"
#include "bot/base/stop.h"
#include "bot/base/timers.h"
#include "bot/outbox/album.h"
#include "bot/outbox/compose.h"

void album_was_tried(struct item *item, int64_t tried_after, int tried_photo)
{
    struct trial *trial = album_trial(item);
    trial->in_doubt = true;
    trial->above = tried_after;
    for (size_t i = 0; i < item->index_count; i++)
        trial->asked |= item->indexes[i] == tried_photo ? 1U << i : 0;
}

const char *album_rest(const struct item *item, struct arena *arena)
{
    uint8_t rest[ALBUM_MAX];
    size_t count = 0;
    if (album_is_first(item) || item->trial->sent == 0)
        return NULL;
    for (size_t i = 0; i < item->index_count; i++)
        if ((item->trial->sent >> i & 1) == 0)
            rest[count++] = item->indexes[i];
    return compose_indexes(arena, rest, count);
}

static bool is_wanted(const struct shipment *shipment, size_t at)
{
    const struct album_photo *photo = &shipment->album.photos[at];
    unsigned asked = shipment->item->trial->asked;
    return !photo->sent && photo->url != NULL && (asked == 0 || (asked >> at & 1) != 0);
}

/* The first photo that is not found yet; the album's count if there is none. */
static size_t first_wanted(const struct shipment *shipment)
{
    size_t at = 0;
    while (at < shipment->album.count && !is_wanted(shipment, at))
        at++;
    return at;
}

static int64_t count_wanted(const struct shipment *shipment)
{
    int64_t count = 0;
    for (size_t at = 0; at < shipment->album.count; at++)
        count += is_wanted(shipment, at);
    return count;
}

/* ---- where to look ---- */

static int64_t highest(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t lowest(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void begin(struct shipment *shipment)
{
    const struct outbox *outbox = shipment->item->lane->outbox;
    struct trial *trial = shipment->item->trial;
    struct search *search = &trial->search;
    int64_t low = highest(trial->above, shipment->album.last_message_id), wanted = count_wanted(shipment);
    if (trial->lost_at == 0)
        trial->lost_at = outbox->high; /* later messages lie above what was lost, however long the search is held up */
    search->begun = true;
    search->low = low;
    search->stride = highest(wanted, 1);
    search->up = low + search->stride;
    search->down = highest(trial->lost_at, low) + lowest(PROBE_AHEAD, search->stride * PROBE_AHEAD_STEPS_MAX);
    log_info("outbox", "an album's answer was lost: looking for its photos in the chat, %" PRId64 " steps",
             (search->down - low) / search->stride);
}

/* The next message to be asked about; 0 = there is none any more. */
static int64_t next_id(const struct shipment *shipment)
{
    struct search *search = &shipment->item->trial->search;
    for (; search->walk != 0; search->walk++) {
        if (search->walk > search->walk_end && search->found)
            return 0; /* the rest did not arrive */
        if (search->walk > search->walk_end)
            break; /* the hit was something else */
        if (!lane_has_passed(shipment->item->lane, search->walk))
            return search->walk;
    }
    search->walk = 0;
    while (search->steps < PROBE_STEPS_MAX && search->up < search->down + search->stride) {
        int64_t id = search->from_above ? search->down : search->up;
        if (!lane_has_passed(shipment->item->lane, id))
            return id;
        search->up += search->from_above ? 0 : search->stride;
        search->down -= search->from_above ? search->stride : 0;
    }
    return 0;
}

/* A photo of ours, any of the album's: it begins at most one stride before. */
static void hit(struct search *search, int64_t id)
{
    search->walk = highest(id - search->stride, search->low) + 1;
    search->walk_end = id;
}

static void step_on(struct search *search)
{
    search->steps++;
    search->up += search->from_above ? 0 : search->stride;
    search->down -= search->from_above ? search->stride : 0;
    search->from_above = !search->from_above;
}

static void found(struct shipment *shipment)
{
    struct search *search = &shipment->item->trial->search;
    int64_t id = search->walk++;
    search->found = true;
    search->walk_end = id + PROBE_GAP;
    album_note(shipment, first_wanted(shipment), &(struct photo_outcome){.delivery = "sent", .message_id = id});
}

/* ---- asking ---- */

static void look_on(struct shipment *shipment);

/* The search is over, or comes to rest. */
static struct item *leave(struct shipment *shipment)
{
    struct item *item = shipment->item;
    item->lane->outbox->searches--;
    shipment_free(shipment);
    return item;
}

static void learn(struct shipment *shipment, bool same)
{
    struct search *search = &shipment->item->trial->search;
    if (search->walk != 0 && same) {
        found(shipment);
    } else if (search->walk != 0) {
        search->walk++;
    } else {
        int64_t id = search->from_above ? search->down : search->up;
        step_on(search);
        if (same)
            hit(search, id);
    }
}

static void probe_answered(void *ctx, const struct telegram_verdict *verdict, struct json_object *result)
{
    struct shipment *shipment = ctx;
    struct item *item = shipment->item;
    struct lane *lane = item->lane;
    failpoint("probe.answered");
    if (verdict->class == TELEGRAM_CANCELED) { /* on the way down: the row stays */
        (void)leave(shipment);
        return;
    }
    bool nothing = verdict->class == TELEGRAM_RETRY || verdict->class == TELEGRAM_AMBIGUOUS ||
                   verdict->class == TELEGRAM_CONFLICT || verdict->class == TELEGRAM_UNAUTHORIZED;
    bool unreachable = verdict->class == TELEGRAM_UNREACHABLE;
    if (!nothing && !unreachable)
        learn(shipment, verdict->class == TELEGRAM_OK && result == NULL /* not modified */);
    if (nothing || unreachable)
        (void)leave(shipment);
    lane_search_end(lane);
    if (unreachable) {
        lane_unreachable(item);
    } else if (nothing) {
        lane_again(item, lane_backoff_ms(item, false));
        item->tries++;
    } else {
        look_on(shipment);
    }
}

static void ask(struct shipment *shipment, int64_t message_id)
{
    struct item *item = shipment->item;
    bool walking = item->trial->search.walk != 0;
    const char *body = "{}";
    if (walking) {
        char caption[CAPTION_BYTES];
        album_caption(shipment, first_wanted(shipment), caption);
        body = arena_format(&shipment->arena, "{\"caption\":\"%s\"}", caption);
    }
    char *params = compose_call(body, item->lane->chat_id, message_id);
    struct telegram_call call = {.method = walking ? "editMessageCaption" : "editMessageReplyMarkup",
                                 .priority = TELEGRAM_VALUE,
                                 .repeat = TELEGRAM_REPEAT_FREELY,
                                 .params_json = params};
    failpoint("probe.before_ask");
    enum err err = outbox_call(item->lane, &call, probe_answered, shipment);
    free(params);
    if (err != ERR_OK) {
        struct lane *lane = item->lane;
        lane_again(leave(shipment), lane_backoff_ms(item, false));
        lane_search_end(lane);
    }
}

static void end(struct shipment *shipment)
{
    struct item *item = shipment->item;
    struct trial *trial = item->trial;
    if (first_wanted(shipment) < shipment->album.count)
        log_warn("outbox", "%sthe album of job %" PRId64 " was not found and is sent",
                 trial->search.found ? "a part of " : "", item->job_id);
    trial->in_doubt = false;
    album_go_on(leave(shipment));
}

static void look_on(struct shipment *shipment)
{
    int64_t id = first_wanted(shipment) < shipment->album.count ? next_id(shipment) : 0;
    if (shipment->item->lane->outbox->ports.stop->asked)
        (void)leave(shipment); /* the row stays */
    else if (id == 0)
        end(shipment);
    else if (lane_search_begin(shipment->item->lane, shipment))
        ask(shipment, id);
}

void album_search_on(struct shipment *shipment)
{
    look_on(shipment);
}

static void waited(void *ctx, int64_t object)
{
    (void)object;
    look_on(ctx);
}

void album_probe(struct shipment *shipment)
{
    const struct outbox_ports *ports = &shipment->item->lane->outbox->ports;
    if (!shipment->item->trial->search.begun)
        begin(shipment);
    timers_add(ports->timers, ports->clock->unix_ms + PROBE_WAIT_MS, waited, shipment, 0);
}
