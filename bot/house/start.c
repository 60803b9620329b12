/* Making the parts: each gets what it uses, here and nowhere else. Nothing is asked of anybody yet. And the one thing
 * that comes before: the database is brought to this program's schema. */
#include "bot/house/start.h"

#include "bot/chores/money_audit.h"
#include "bot/chores/npd_receipt.h"
#include "bot/chores/payment_create.h"
#include "bot/chores/payment_refund.h"
#include "bot/chores/payment_hints.h"
#include "bot/chores/payment_reconcile.h"
#include "bot/chores/payment_watch.h"
#include "bot/chores/photo_intake.h"
#include "bot/chores/photo_make.h"
#include "bot/chores/star_invoice.h"
#include "bot/chores/star_reconcile.h"
#include "bot/chores/receipt_watch.h"
#include "bot/chores/store_sweep.h"
#include "bot/chores/table_ends.h"
#include "bot/services/darkroom/darkroom.h"
#include "bot/services/http/http.h"
#include "bot/services/tax/client.h"
#include "bot/base/log.h"
#include "bot/house/notify.h"
#include "bot/house/poll.h"
#include "bot/outbox/outbox.h"
#include "bot/services/notices/notices.h"
#include "bot/services/telegram/client.h"
#include "bot/base/random.h"
#include "bot/base/timers.h"
#include "bot/turn/checkouts.h"
#include "bot/turn/turns.h"
#include "bot/services/yookassa/client.h"
#include "core/bug.h"
#include "db/migrate.h"

static void start_rules(struct daemon *daemon)
{
    const struct config *config = &daemon->setup->config;
    daemon->rules = (struct rules){
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
        .receipts_in_chat = config->receipts.mode == CONFIG_RECEIPTS_NPD,
        .receipts_url = config->npd.api_url,
        .utc_offset_minutes = config->shop.utc_offset_minutes,
        .packs = config->packs,
        .pack_count = (size_t)config->pack_count,
        .admins = config->admins,
        .admin_count = (size_t)config->admin_count,
        .kopecks_per_star = config->stars.enabled ? config->stars.kopecks_per_star : 0,
        .support = config->shop.support};
}

static void start_http(struct daemon *daemon)
{
    const struct config *config = &daemon->setup->config;
    struct http_config http = {.proxy = config->telegram.proxy,
                               .ca_file = config->ca_file,
                               .allow_plain_http = true, /* the config lets plain http through for loopback only */
                               .max_host_connections = config->telegram.send_connections + 2};
    daemon->http = daemon->loop.http = http_new(&http);
}

static struct db *start_db(const struct config_database *config, bool one_plan)
{
    return db_new(config->conninfo,
                  &(struct db_options){.connect_timeout_ms = (int64_t)config->connect_timeout_s * MS_PER_S,
                                       .unit_timeout_ms = (int64_t)config->query_timeout_s * MS_PER_S,
                                       .random = random_number,
                                       .one_plan = one_plan,
                                       .resolver = "/proc/self/exe"});
}

static bool letter_heard(void *ctx, const struct letter *letter)
{
    const struct daemon *daemon = ctx;
    return !letter->is_ours || payment_hints_take(daemon->payment_hints, letter->id);
}

static void start_notices(struct daemon *daemon)
{
    const struct config_notifications *config = &daemon->setup->config.notifications;
    if (config->listen.text == NULL)
        return;
    daemon->payment_hints = payment_hints_new(&(struct payment_hints_ports){
        .engine = daemon->engine, .db = daemon->chores_db, .timers = daemon->timers, .clock = &daemon->clock});
    daemon->notices = notices_new(
        &(struct notices_ports){.config = config, .clock = &daemon->clock, .heard = letter_heard, .ctx = daemon});
}

/* The chores of whoever holds the bot. */
static void start_bot_chores(struct daemon *daemon)
{
    const struct config *config = &daemon->setup->config;
    daemon->payment_create = payment_create_new(
        &(struct payment_create_ports){.engine = daemon->engine,
                                       .yookassa = daemon->yookassa,
                                       .clock = &daemon->clock,
                                       .link_life_ms = INT64_C(60000) * config->yookassa.link_life_minutes,
                                       .shop_id = config->yookassa.shop_id,
                                       .test_shop = config->yookassa.test_shop});
    daemon->payment_watch = payment_watch_new(&(struct payment_watch_ports){
        .engine = daemon->engine, .yookassa = daemon->yookassa, .mailbox = daemon->mailbox, .clock = &daemon->clock});
    daemon->payment_refund = payment_refund_new(&(struct payment_refund_ports){.engine = daemon->engine,
                                                                               .db = daemon->chores_db,
                                                                               .yookassa = daemon->yookassa,
                                                                               .telegram = daemon->telegram,
                                                                               .clock = &daemon->clock,
                                                                               .mailbox = daemon->mailbox});
    if (daemon->tax != NULL)
        daemon->npd_receipt = npd_receipt_new(&(struct npd_receipt_ports){
            .engine = daemon->engine, .tax = daemon->tax, .clock = &daemon->clock, .inn = config->npd.inn});
    daemon->payment_reconcile = payment_reconcile_new(
        &(struct payment_reconcile_ports){.engine = daemon->engine,
                                          .db = daemon->chores_db,
                                          .yookassa = daemon->yookassa,
                                          .mailbox = daemon->mailbox,
                                          .clock = &daemon->clock,
                                          .stop = &daemon->stop,
                                          .shop_id = config->yookassa.shop_id,
                                          .every_ms = INT64_C(60000) * config->yookassa.reconcile_minutes});
    daemon->photo_intake = photo_intake_new(
        &(struct photo_intake_ports){.engine = daemon->engine,
                                     .telegram = daemon->telegram,
                                     .darkroom = daemon->darkroom,
                                     .store = daemon->store,
                                     .clock = &daemon->clock,
                                     .stop = &daemon->stop,
                                     .photo_max_bytes = config->shop.photo_max_bytes,
                                     .min_side_px = config->shop.min_side_px});
    daemon->store_sweep = store_sweep_new(&(struct store_sweep_ports){.engine = daemon->engine,
                                                                      .db = daemon->chores_db,
                                                                      .store = daemon->store,
                                                                      .timers = daemon->timers,
                                                                      .clock = &daemon->clock,
                                                                      .stop = &daemon->stop});
    daemon->table_ends = table_ends_new(
        &(struct table_ends_ports){.engine = daemon->engine, .db = daemon->chores_db, .stop = &daemon->stop});
    daemon->money_audit = money_audit_new(&(struct money_audit_ports){.engine = daemon->engine,
                                                                      .db = daemon->chores_db,
                                                                      .mailbox = daemon->mailbox,
                                                                      .stop = &daemon->stop,
                                                                      .owners = config->admins,
                                                                      .owner_count = (size_t)config->admin_count});
    daemon->receipt_watch = receipt_watch_new(&(struct receipt_watch_ports){
        .engine = daemon->engine, .db = daemon->chores_db, .yookassa = daemon->yookassa, .clock = &daemon->clock});
}

/* With stars switched off, too: what was paid with them before still goes back, and is looked for. */
static void start_star_chores(struct daemon *daemon)
{
    daemon->star_invoice = star_invoice_new(
        &(struct star_invoice_ports){.engine = daemon->engine, .telegram = daemon->telegram, .clock = &daemon->clock});
    daemon->star_reconcile = star_reconcile_new(&(struct star_reconcile_ports){.engine = daemon->engine,
                                                                               .telegram = daemon->telegram,
                                                                               .db = daemon->chores_db,
                                                                               .mailbox = daemon->mailbox,
                                                                               .clock = &daemon->clock,
                                                                               .bot_id = &daemon->bot_id});
}

static void start_making(struct daemon *daemon)
{
    const struct config *config = &daemon->setup->config;
    switch (config->making.provider) {
    case CONFIG_PROVIDER_LOCAL:
    case CONFIG_PROVIDER_COUNT: daemon->provider = provider_local_new(daemon->darkroom, daemon->store); break;
    }
    daemon->photo_make = photo_make_new(
        &(struct photo_make_ports){.engine = daemon->engine,
                                   .provider = daemon->provider,
                                   .store = daemon->store,
                                   .workers = config->making.workers,
                                   .max_attempts = config->making.max_attempts,
                                   .lease_ms = (int64_t)config->making.lease_s * MS_PER_S,
                                   .retry_base_ms = (int64_t)config->making.retry_base_s * MS_PER_S,
                                   .retry_cap_ms = (int64_t)config->making.retry_cap_s * MS_PER_S,
                                   .references_min = config->shop.photos_min});
}

/* What talks to people, and to the till. */
static void start_bot(struct daemon *daemon)
{
    const struct config *config = &daemon->setup->config;
    struct telegram_config telegram = {.api_url = config->telegram.api_url,
                                       .token = config->telegram.token,
                                       .chat_rate_s = config->telegram.per_chat_per_1000s / 1000.0,
                                       .global_rate_s = config->telegram.global_per_1000s / 1000.0,
                                       .sells_stars = config->stars.enabled,
                                       .max_uploads = config->telegram.send_connections};
    struct yookassa_config yookassa = {.api_url = config->yookassa.api_url,
                                       .shop_id = config->yookassa.shop_id,
                                       .secret = config->yookassa.secret,
                                       .proxy = config->yookassa.proxy,
                                       .timeout_ms = (int64_t)config->yookassa.request_timeout_s * MS_PER_S};
    if (telegram_new(daemon->http, &telegram, &daemon->telegram) != ERR_OK)
        bug("address or token that the config let through");
    daemon->yookassa = yookassa_new(daemon->http, &yookassa);
    if (config->receipts.mode == CONFIG_RECEIPTS_NPD)
        daemon->tax = tax_new(daemon->http,
                              &(struct tax_config){.api_url = config->npd.api_url,
                                                   .inn = config->npd.inn,
                                                   .password = config->npd.password,
                                                   .proxy = config->npd.proxy,
                                                   .utc_offset_minutes = config->shop.utc_offset_minutes});
    daemon->db = start_db(&config->database, true);
    daemon->outbox = outbox_new(&(struct outbox_ports){.db = daemon->db,
                                                       .timers = daemon->timers,
                                                       .clock = &daemon->clock,
                                                       .stop = &daemon->stop,
                                                       .telegram = daemon->telegram,
                                                       .store = daemon->store,
                                                       .darkroom = daemon->darkroom,
                                                       .styles = daemon->rules.styles,
                                                       .styles_dir = config->styles_dir});
    start_bot_chores(daemon);
    start_star_chores(daemon);
    daemon->checkouts = checkouts_new(&(struct checkouts_ports){.db = daemon->db,
                                                                .timers = daemon->timers,
                                                                .telegram = daemon->telegram,
                                                                .clock = &daemon->clock,
                                                                .rules = &daemon->rules});
    start_notices(daemon);
    daemon->poll = poll_new(daemon);
    daemon->turns = turns_new(&(struct turns_ports){.db = daemon->db,
                                                    .timers = daemon->timers,
                                                    .mailbox = daemon->mailbox,
                                                    .clock = &daemon->clock,
                                                    .stop = &daemon->stop,
                                                    .rules = &daemon->rules,
                                                    .yookassa = &config->yookassa,
                                                    .receipts = &config->receipts,
                                                    .outbox = daemon->outbox,
                                                    .engine = daemon->engine,
                                                    .poll = daemon->poll});
}

void start_parts(struct daemon *daemon)
{
    const struct config *config = &daemon->setup->config;
    struct darkroom_config darkroom = {.program_path = config->darkroom.program,
                                       .job_timeout_ms = (uint32_t)config->darkroom.job_timeout_s * MS_PER_S,
                                       .idle_ms = (uint32_t)config->darkroom.idle_s * MS_PER_S};
    random_uuid(daemon->owner);
    start_rules(daemon);
    start_http(daemon);
    daemon->chores_db = start_db(&config->database, false); /* its claims have LIMITs */
    daemon->darkroom = darkroom_new(&darkroom);
    daemon->timers = timers_new();
    daemon->mailbox = mailbox_new();
    daemon->engine = engine_new(&(struct engine_ports){.db = daemon->chores_db,
                                                       .timers = daemon->timers,
                                                       .mailbox = daemon->mailbox,
                                                       .clock = &daemon->clock,
                                                       .stop = &daemon->stop,
                                                       .worker = daemon->owner});
    if (config_holds_bot(config))
        start_bot(daemon);
    if ((config->roles & CONFIG_ROLE_GENERATE) != 0)
        start_making(daemon);
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
        return fit_worst(&report.fit) == FIT_MISTAKE ? STOP_EXIT_CONFIG : STOP_EXIT_UNAVAILABLE;
    if (report.applied > 0)
        log_info("start", "%s", report.message);
    return STOP_EXIT_OK;
}
