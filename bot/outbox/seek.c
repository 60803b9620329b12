/* Did a message that matters arrive? Its row was marked before it was tried, so after a crash or a lost answer it is
 * known that it may be there; a copy of "paid" or "ready" would puzzle whoever reads it. As with albums (probe.c),
 * messages above the highest id known before the try are offered to be what was sent: "not modified" says that one of
 * them is.
 *
 * In this chat what else of ours is a text there is known and left out: words of the other line, and later ones. Photos
 * and the user's own messages take no text. It is looked for among the next SEEK_MAX ids only: others' messages that
 * were on their way at the same time. Then it is sent again: better twice than never. */
#include "bot/outbox/seek.h"

#include <inttypes.h>
#include <stdlib.h>

#include "bot/base/failpoint.h"
#include "bot/base/log.h"
#include "bot/base/stop.h"
#include "bot/base/timers.h"
#include "bot/outbox/compose.h"
#include "db/outbox.h"

enum { SEEK_WAIT_MS = 2000, /* a lost request may still be working on the other side */ SEEK_MAX = 150 };

static bool is_stopping(const struct item *item)
{
    return item->lane->outbox->ports.stop->asked;
}

static void word_marked(void *ctx, const struct db_result *result, const struct db_failure *failure)
{
    struct item *item = ctx;
    struct telegram_job *job = item->job;
    int64_t now_ms = item->lane->outbox->ports.clock->mono_ms;
    (void)result;
    if (job == NULL) /* canceled meanwhile: the row stays */
        return;
    if (failure != NULL) {
        telegram_put_off(job, now_ms, lane_backoff_ms(item, false));
        return;
    }
    char *params = compose_send(item->body, item->lane->chat_id, item->thread_id);
    failpoint("outbox.before_send");
    enum err err = telegram_fill(job, now_ms, &(struct telegram_call){.method = "sendMessage", .params_json = params});
    free(params);
    if (err == ERR_OK)
        return;
    log_error("outbox", "a %s to chat %" PRId64 " can't be sent: %s", item->kind->word, item->lane->chat_id,
              err_name(err));
    lane_done(item);
}

static void word_turn(void *ctx, struct telegram_job *job)
{
    struct item *item = ctx;
    struct outbox *outbox = item->lane->outbox;
    if (is_stopping(item)) { /* the row stays */
        telegram_drop(job, outbox->ports.clock->mono_ms);
        return;
    }
    struct db_unit *unit = db_unit_new();
    struct arena arena;
    arena_init(&arena);
    item->job = job;
    item->above = outbox_below(item->lane);
    outbox_add_mark(unit, &arena, item->id, item->above, -1, NULL);
    arena_done(&arena);
    db_submit(outbox->ports.db, unit, word_marked, item);
}

void seek_send(struct item *item)
{
    struct telegram_call call = {.method = "sendMessage",
                                 .priority = item->kind->is_living ? TELEGRAM_INTERACTIVE : TELEGRAM_VALUE,
                                 .repeat = TELEGRAM_REPEAT_NOT_DONE, /* it is looked for, not repeated */
                                 .turn = word_turn,
                                 .no_files = true};
    if (outbox_call(item->lane, &call, screen_answered, item) != ERR_OK)
        lane_again(item, lane_backoff_ms(item, false));
}

static void ask(struct item *item);

static void seek_answered(void *ctx, const struct telegram_verdict *verdict, struct json_object *result)
{
    struct item *item = ctx;
    (void)result;
    switch (verdict->class) {
    case TELEGRAM_OK: screen_found(item, item->sought); return;
    case TELEGRAM_RETRY:
    case TELEGRAM_AMBIGUOUS:
    case TELEGRAM_CONFLICT:
    case TELEGRAM_UNAUTHORIZED: /* it says nothing */
        lane_again(item, lane_backoff_ms(item, false));
        item->tries++;
        return;
    case TELEGRAM_UNREACHABLE: lane_unreachable(item); return;
    case TELEGRAM_CANCELED: return; /* on the way down: the row stays */
    case TELEGRAM_GONE:
    case TELEGRAM_UNPARSED:
    case TELEGRAM_FILE_AWAY:
    case TELEGRAM_FILE_BAD:
    case TELEGRAM_FILE_TOO_BIG:
    case TELEGRAM_BAD:
    case TELEGRAM_CLASS_COUNT: break;
    }
    item->sought++;
    if (!is_stopping(item))
        ask(item);
}

static void ask(struct item *item)
{
    struct lane *lane = item->lane;
    while (lane_has_passed(lane, item->sought))
        item->sought++;
    if (item->sought > item->above + SEEK_MAX) {
        log_warn("outbox",
                 "a %s to chat %" PRId64 " was not found among the %d ids above %" PRId64 " and is sent again",
                 item->kind->word, lane->chat_id, SEEK_MAX, item->above);
        item->in_doubt = false;
        screen_send(item);
        return;
    }
    char *params = compose_call(item->body, lane->chat_id, item->sought);
    struct telegram_call call = {.method = "editMessageText",
                                 .priority = TELEGRAM_VALUE,
                                 .repeat = TELEGRAM_REPEAT_FREELY,
                                 .params_json = params};
    enum err err = outbox_call(lane, &call, seek_answered, item);
    free(params);
    if (err != ERR_OK)
        lane_again(item, lane_backoff_ms(item, false));
}

static void waited(void *ctx, int64_t object)
{
    (void)object;
    ask(ctx);
}

void seek_message(struct item *item)
{
    const struct outbox_ports *ports = &item->lane->outbox->ports;
    bool begun = item->sought > item->above;
    if (!begun)
        item->sought = item->above + 1;
    timers_add(ports->timers, ports->clock->unix_ms + (begun ? 0 : SEEK_WAIT_MS), waited, item, 0);
}
