/* The start: parts are made, then in the loop: who are we (getMe), the bot is taken in the database, what the last life
 * left is taken up (messages, photos, payments, tasks, wishes to be woken), and only then updates are asked for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/chores/cashier.h"
#include "bot/house/private.h"
#include "bot/services/darkroom/darkroom.h"
#include "bot/services/http/http.h"
#include "bot/chores/intake.h"
#include "bot/base/log.h"
#include "bot/chores/maker.h"
#include "bot/house/menu.h"
#include "bot/house/notify.h"
#include "bot/outbox/outbox.h"
#include "bot/base/random.h"
#include "bot/services/telegram/poll.h"
#include "bot/base/timers.h"
#include "bot/turn/turns.h"
#include "bot/services/yookassa/client.h"
#include "core/bug.h"
#include "db/migrate.h"
#include "db/parked.h"
#include "db/state.h"

enum {
    AGAIN_MS = 1000,     /* after the database refused */
    CONFLICTS_A_LINE = 5 /* another poller is told now and then, not with every answer */
};

static void start_rules(struct daemon *daemon)
{
    const struct config *config = &daemon->setup->config;
    daemon->shop.rules = (struct rules){
        .texts = &daemon->setup->texts,
        .styles = &daemon->setup->styles,
        .photos_min = config->shop.photos_min,
        .photos_max = config->shop.photos_max,
        .min_side_px = config->shop.min_side_px,
        .avatars_max = config->shop.avatars_max,
        .album_wait_ms = config->telegram.album_wait_ms,
        .consents =
            {[CONSENT_OFFER] = config->shop.offer_version, [CONSENT_PERSONAL_DATA] = config->shop.privacy_version},
        .offer_url = config->shop.offer_url,
        .privacy_url = config->shop.privacy_url,
        .utc_offset_minutes = config->shop.utc_offset_minutes};
}

static void start_http(struct daemon *daemon)
{
    const struct config *config = &daemon->setup->config;
    struct shop *shop = &daemon->shop;
    struct http_config http = {.proxy = config->telegram.proxy,
                               .ca_file = config->ca_file,
                               .allow_plain_http = true, /* the config lets plain http through for loopback only */
                               .max_host_connections = config->telegram.send_connections + 2};
    shop->http = http_new(&http);
    struct telegram_config telegram = {.api_url = config->telegram.api_url,
                                       .token = config->telegram.token,
                                       .chat_rate_s = config->telegram.per_chat_per_1000s / 1000.0,
                                       .global_rate_s = config->telegram.global_per_1000s / 1000.0,
                                       .seed = random_number()};
    if (telegram_new(shop->http, &telegram, &shop->telegram) != ERR_OK)
        bug("address or token that the config let through");
    struct yookassa_config yookassa = {.api_url = config->yookassa.api_url,
                                       .shop_id = config->yookassa.shop_id,
                                       .secret = config->yookassa.secret,
                                       .proxy = config->yookassa.proxy,
                                       .timeout_ms = (int64_t)config->yookassa.request_timeout_s * MS_PER_S};
    shop->yookassa = yookassa_new(shop->http, &yookassa);
}

void start_parts(struct daemon *daemon)
{
    const struct config *config = &daemon->setup->config;
    struct shop *shop = &daemon->shop;
    struct db_options options = {.connect_timeout_ms = (int64_t)config->database.connect_timeout_s * MS_PER_S,
                                 .unit_timeout_ms = (int64_t)config->database.query_timeout_s * MS_PER_S,
                                 .jitter_seed = random_number()};
    struct darkroom_config darkroom = {.program_path = config->darkroom.program,
                                       .job_timeout_ms = (uint32_t)config->darkroom.job_timeout_s * MS_PER_S,
                                       .idle_ms = (uint32_t)config->darkroom.idle_s * MS_PER_S};
    random_uuid(shop->owner);
    start_rules(daemon);
    start_http(daemon);
    shop->db = db_new(config->database.conninfo, &options);
    shop->darkroom = darkroom_new(&darkroom);
    shop->timers = timers_new();
    shop->mailbox = mailbox_new();
    shop->turns = turns_new(shop);
    shop->outbox = outbox_new(shop);
    shop->intake = intake_new(shop);
    shop->cashier = cashier_new(shop);
    shop->maker = maker_new(shop);
}

/* Somebody else asked for our updates. The database says whether that is our successor; only then is it the end. */
static void owner_read(void *ctx, const struct db_result *result, const struct db_failure *failure)
{
    struct daemon *daemon = ctx;
    struct state_answer state;
    if (failure != NULL)
        return; /* the next conflict asks again */
    state_read(result, &state);
    if (state.owner[0] == '\0' || strcmp(state.owner, daemon->shop.owner) == 0)
        return;
    log_error("poll", "another daemon took over this bot: this one stops");
    stop_ask(&daemon->shop.stop, DAEMON_EXIT_TAKEN_OVER);
}

static void on_conflict(struct daemon *daemon, const struct telegram_poll_news *news)
{
    if (news->verdict->webhook)
        log_error("poll",
                  "a webhook was set for this bot by another program, which kept its updates from us: it is removed"
                  " (%d times in a row)",
                  news->count);
    else if (news->count == 1 || news->count % CONFLICTS_A_LINE == 0)
        log_error("poll",
                  "another program asks for this bot's updates (%d times in a row), and each gets only some of them:"
                  " stop it, or, if you don't know it, have the token replaced by @BotFather (/revoke) and write the"
                  " new one to the token file",
                  news->count);
    state_ask(daemon->shop.db, daemon->shop.bot_id, owner_read, daemon);
}

static void on_news(void *ctx, const struct telegram_poll_news *news)
{
    struct daemon *daemon = ctx;
    switch (news->event) {
    case TELEGRAM_POLL_BATCH:
        failpoint("poll.batch");
        turns_batch(daemon->shop.turns, news->body, news->bytes);
        break;
    case TELEGRAM_POLL_TROUBLE:
        if (news->count == 1 || news->count % 10 == 0)
            log_warn("poll", "no updates for now (%d times in a row): %s", news->count, news->verdict->description);
        break;
    case TELEGRAM_POLL_CONFLICT: on_conflict(daemon, news); break;
    case TELEGRAM_POLL_DOUBT:
        log_error("poll",
                  "Telegram does not know the bot's token (%d): was it revoked? Asking again, in case it is a mistake"
                  " of Telegram's: %s",
                  news->count, news->verdict->description);
        break;
    case TELEGRAM_POLL_REFUSED:
        log_error("poll",
                  "Telegram does not know the bot's token, said %d times over a minute: get a new one from @BotFather,"
                  " write it to the token file and start again",
                  news->count);
        stop_ask(&daemon->shop.stop, DAEMON_EXIT_CONFIG);
        break;
    case TELEGRAM_POLL_EVENT_COUNT: break;
    }
}

static void rescan(void *ctx, int64_t object);

static void wishes_read(void *ctx, const struct db_result *result, const struct db_failure *failure)
{
    struct daemon *daemon = ctx;
    struct shop *shop = &daemon->shop;
    int64_t chat_id, value;
    if (failure != NULL) {
        timers_add(shop->timers, shop->clock.unix_ms + AGAIN_MS, rescan, daemon, 0);
        return;
    }
    for (size_t i = 0; i < state_wishes(result); i++) {
        state_read_wish(result, i, &chat_id, &value);
        turns_wake_at(shop->turns, chat_id, value);
    }
    for (size_t i = 0; i < state_jobs(result); i++) {
        state_read_job(result, i, &chat_id, &value);
        mailbox_put(shop->mailbox, &(struct event){.kind = EVENT_JOB_PROGRESS, .chat_id = chat_id, .object = value});
    }
    timers_add(shop->timers, shop->clock.unix_ms + TURNS_HORIZON_MS - MS_PER_S * 60, rescan, daemon, 0);
}

/* Time limits beyond the horizon come nearer: ask again before they can be due. */
static void rescan(void *ctx, int64_t object)
{
    struct daemon *daemon = ctx;
    struct db_unit *unit = db_unit_new();
    struct arena arena;
    (void)object;
    arena_init(&arena);
    state_add_wishes(unit, &arena, daemon->shop.clock.unix_ms + TURNS_HORIZON_MS);
    arena_done(&arena);
    db_submit(daemon->shop.db, unit, wishes_read, daemon);
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
    struct shop *shop = &daemon->shop;
    struct state_answer state;
    if (failure != NULL) {
        log_warn("start", "the database does not let us begin yet: %s", failure->message);
        timers_add(shop->timers, shop->clock.unix_ms + AGAIN_MS, take_again, daemon, 0);
        return;
    }
    state_read_take(result, &state);
    turns_stand(shop->turns, state.turn, state.next_offset);
    turns_park(shop->turns, result, daemon->parked_at);
    outbox_resume(shop->outbox);
    intake_resume(shop->intake);
    cashier_resume(shop->cashier);
    maker_wake(shop->maker);
    rescan(daemon, 0);
    shop->poll = telegram_poll_new(shop->telegram, on_news, daemon);
    telegram_poll_start(shop->poll, shop->clock.mono_ms, state.next_offset);
    daemon->ready = true;
    log_info("start", "@%s is open, updates from %lld on", shop->bot_username, (long long)state.next_offset);
    notify_send("READY=1");
}

static void take_bot(struct daemon *daemon)
{
    struct db_unit *unit = db_unit_new();
    struct arena arena;
    arena_init(&arena);
    state_add_take(unit, &arena, daemon->shop.bot_id, daemon->shop.owner);
    daemon->parked_at = parked_add_resume(unit, &arena, daemon->shop.bot_id);
    arena_done(&arena);
    db_submit(daemon->shop.db, unit, taken, daemon);
}

/* Without published texts the links lead to the bot itself; fotosetd check says that this is not enough to sell. */
static void link_texts(struct daemon *daemon)
{
    struct rules *rules = &daemon->shop.rules;
    (void)snprintf(daemon->own_link, sizeof daemon->own_link, "https://t.me/%s", daemon->shop.bot_username);
    if (rules->offer_url[0] == '\0')
        rules->offer_url = daemon->own_link;
    if (rules->privacy_url[0] == '\0')
        rules->privacy_url = daemon->own_link;
}

static void known(void *ctx, const struct telegram_verdict *verdict, const struct telegram_identity *identity)
{
    struct daemon *daemon = ctx;
    struct shop *shop = &daemon->shop;
    if (verdict->class != TELEGRAM_OK) {
        log_error("start", "Telegram does not let us begin: %s", verdict->description);
        stop_ask(&shop->stop, verdict->class == TELEGRAM_UNAUTHORIZED ? DAEMON_EXIT_CONFIG : DAEMON_EXIT_UNAVAILABLE);
        return;
    }
    shop->bot_id = identity->id;
    shop->bot_username = strdup(identity->username);
    if (shop->bot_username == NULL)
        bug("out of memory");
    link_texts(daemon);
    take_bot(daemon);
}

int start_migrate(const struct setup *setup)
{
    struct migrate_report report;
    notify_busy_begin();
    enum err err = migrate_run(setup->config.database.conninfo, migrations_data, migrations_data_count, &report);
    notify_busy_end();
    for (size_t i = 0; i < report.fit.count; i++) {
        const struct fit_finding *finding = &report.fit.findings[i];
        log_error("start", "%s: %s; %s",
                  err == ERR_OK ? "the database is not as the bot needs it" : "the database is not ready",
                  finding->what, finding->remedy);
    }
    if (err != ERR_OK)
        return fit_worst(&report.fit) == FIT_MISTAKE ? DAEMON_EXIT_CONFIG : DAEMON_EXIT_UNAVAILABLE;
    if (report.applied > 0)
        log_info("start", "%s", report.message);
    return DAEMON_EXIT_OK;
}

void start_begin(struct daemon *daemon)
{
    if (menu_begin(&daemon->shop, known, daemon) != ERR_OK)
        bug("no room for the first calls");
}
