/* From the first question to the last answer: who are we (getMe), the bot is taken in the database, what the last life
 * left is taken up, the messages that wait first (a turn that ran before they are known would have them sent twice),
 * and only then updates are asked for. */
#include "bot/house/life.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bot/base/log.h"
#include "bot/base/timers.h"
#include "bot/chores/engine.h"
#include "bot/house/menu.h"
#include "bot/house/notify.h"
#include "bot/house/watch.h"
#include "bot/outbox/outbox.h"
#include "bot/services/notices/notices.h"
#include "bot/services/telegram/poll.h"
#include "bot/turn/turns.h"
#include "core/bug.h"
#include "db/audit.h"
#include "db/parked.h"
#include "db/stars.h"
#include "db/state.h"

enum {
    AGAIN_MS = 1000, /* after the database refused */
    STOP_SPARE_S = 5
};

static void rescan(void *ctx, int64_t object);
static void read_wishes(struct daemon *daemon);

static void wishes_read(void *ctx, const struct db_result *result, const struct db_failure *failure)
{
    struct daemon *daemon = ctx;
    if (failure != NULL) {
        timers_add(daemon->timers, daemon->clock.unix_ms + AGAIN_MS, rescan, daemon, 0);
        return;
    }
    size_t count = state_wishes(result);
    for (size_t i = 0; i < count; i++) {
        daemon->wish = state_read_wish(result, i);
        turns_wake_at(daemon->turns, daemon->wish.chat_id, daemon->wish.at_ms);
    }
    if (count == STATE_WISHES_MAX) {
        read_wishes(daemon);
        return;
    }
    daemon->wish = (struct state_wish){0};
    timers_add(daemon->timers, daemon->clock.unix_ms + TURNS_HORIZON_MS - MS_PER_S * 60, rescan, daemon, 0);
}

/* A page of them, behind the last one that was read. */
static void read_wishes(struct daemon *daemon)
{
    struct db_unit *unit = db_unit_new();
    struct arena arena;
    arena_init(&arena);
    state_add_wishes(unit, &arena, &daemon->wish, daemon->clock.unix_ms + TURNS_HORIZON_MS);
    state_add_held_end(unit);
    arena_done(&arena);
    db_submit(daemon->chores_db, unit, wishes_read, daemon);
}

/* Time limits beyond the horizon come nearer: ask again before they can be due. */
static void rescan(void *ctx, int64_t object)
{
    (void)object;
    read_wishes(ctx);
}

static void take_bot(struct daemon *daemon);

static void take_again(void *ctx, int64_t unused)
{
    (void)unused;
    take_bot(ctx);
}

static void taken(void *ctx, const struct db_result *result, const struct db_failure *failure)
{
    struct daemon *daemon = ctx;
    struct state_answer state;
    if (failure != NULL) {
        log_warn("start", "the database does not let us begin yet: %s", failure->message);
        timers_add(daemon->timers, daemon->clock.unix_ms + AGAIN_MS, take_again, daemon, 0);
        return;
    }
    state_read_take(result, &state);
    daemon->offset = state.next_offset;
    turns_stand(daemon->turns, &(struct turns_stand){.bot_id = daemon->bot_id,
                                                     .username = daemon->bot_username,
                                                     .owner = daemon->owner,
                                                     .turn = state.turn,
                                                     .offset = state.next_offset});
    turns_park(daemon->turns, result, daemon->parked_at);
    daemon->taken = true;
    outbox_resume(daemon->outbox, daemon->bot_id);
}

/* The bot is ours and its messages are in line: everything else may go on. */
void life_go_on(struct daemon *daemon)
{
    if (daemon->open || !daemon->taken || daemon->stop.asked || !outbox_loaded(daemon->outbox))
        return;
    daemon->open = true;
    daemon->watch.sets_open = true; /* perhaps: the first look will tell */
    engine_open(daemon->engine, CHORE_PHOTO_INTAKE);
    engine_open(daemon->engine, CHORE_PAYMENT_CREATE);
    engine_open(daemon->engine, CHORE_PAYMENT_WATCH);
    engine_open(daemon->engine, CHORE_PAYMENT_REFUND);
    if (daemon->npd_receipt != NULL)
        engine_open(daemon->engine, CHORE_NPD_RECEIPT);
    engine_open(daemon->engine, CHORE_PAYMENT_RECONCILE);
    if ((daemon->config->roles & CONFIG_ROLE_GENERATE) != 0)
        engine_open(daemon->engine, CHORE_PHOTO_MAKE);
    engine_open(daemon->engine, CHORE_STORE_SWEEP);
    engine_open(daemon->engine, CHORE_TABLE_ENDS);
    engine_open(daemon->engine, CHORE_MONEY_AUDIT);
    engine_open(daemon->engine, CHORE_STAR_INVOICE);
    engine_open(daemon->engine, CHORE_STAR_RECONCILE);
    engine_open(daemon->engine, CHORE_RECEIPT_WATCH);
    if (daemon->notices != NULL)
        notices_open(daemon->notices);
    mailbox_look(daemon->mailbox);
    rescan(daemon, 0);
    telegram_poll_start(daemon->poll, daemon->clock.mono_ms, daemon->offset);
    log_info("start", "@%s is open, updates from %" PRId64 " on", daemon->bot_username, daemon->offset);
    notify_send("READY=1");
}

static void take_bot(struct daemon *daemon)
{
    struct db_unit *unit = db_unit_new();
    struct arena arena;
    arena_init(&arena);
    state_add_take(unit, &arena, daemon->bot_id, daemon->owner);
    daemon->parked_at = parked_add_resume(unit, &arena, daemon->bot_id);
    audit_add_hurry(unit);
    if (daemon->config->stars.enabled)
        stars_add_hurry(unit);
    arena_done(&arena);
    db_submit(daemon->db, unit, taken, daemon);
}

/* Without published texts the links lead to the bot itself; fotosetd check says that this is not enough to sell. */
static void link_texts(struct daemon *daemon)
{
    struct rules *rules = &daemon->rules;
    (void)snprintf(daemon->own_link, sizeof daemon->own_link, "https://t.me/%s", daemon->bot_username);
    if (rules->offer_url[0] == '\0')
        rules->offer_url = daemon->own_link;
    if (rules->privacy_url[0] == '\0')
        rules->privacy_url = daemon->own_link;
}

static void known(void *ctx, const struct telegram_verdict *verdict, const struct telegram_identity *identity)
{
    struct daemon *daemon = ctx;
    if (verdict->class != TELEGRAM_OK) {
        log_error("start", "Telegram does not let us begin: %s", verdict->description);
        stop_ask(&daemon->stop, verdict->class == TELEGRAM_UNAUTHORIZED ? STOP_EXIT_CONFIG : STOP_EXIT_UNAVAILABLE);
        return;
    }
    daemon->bot_id = identity->id;
    daemon->bot_username = strdup(identity->username);
    if (daemon->bot_username == NULL)
        bug("out of memory");
    link_texts(daemon);
    take_bot(daemon);
}

static void open_worker(struct daemon *daemon)
{
    daemon->open = true;
    engine_open(daemon->engine, CHORE_PHOTO_MAKE);
    log_info("start", "photos are made here; news of them are the bot's to tell, by another daemon");
    notify_send("READY=1");
    watch_look(daemon);
}

void life_begin(struct daemon *daemon)
{
    if (daemon->telegram == NULL)
        open_worker(daemon);
    else if (menu_begin(daemon->telegram, &daemon->rules, daemon->clock.mono_ms, known, daemon) != ERR_OK)
        bug("no room for the first calls");
}

void life_stop(struct daemon *daemon)
{
    daemon->stop_by_ms = daemon->clock.mono_ms + (int64_t)daemon->setup->config.drain_s * MS_PER_S;
    notify_stopping(daemon->setup->config.drain_s + STOP_SPARE_S);
    db_hurry(daemon->chores_db);
    engine_stop(daemon->engine);
    if (daemon->notices != NULL)
        notices_stop(daemon->notices);
    if (daemon->telegram == NULL)
        return;
    telegram_poll_stop(daemon->poll);
    telegram_stop(daemon->telegram);
}
