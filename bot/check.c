/* The checks that need the outside: the database, the token, the shop, the store and the darkroom. Each is one
 * question; an answer is awaited for some seconds at most, and a migration that is under way for a minute. What is
 * worth knowing but stands in no way is a note. */
#include "bot/check.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bot/base/stop.h"
#include "bot/services/darkroom/darkroom.h"
#include "bot/services/http/http.h"
#include "bot/services/notices/notices.h"
#include "bot/services/store/directory.h"
#include "bot/services/tax/client.h"
#include "bot/services/telegram/client.h"
#include "bot/services/yookassa/client.h"
#include "db/migrate.h"
#include <json-c/json.h>

enum { ANSWER_MS = 15000, ROUND_MS = 100 };

struct question {
    bool answered;
    bool good;
    bool lost; /* no answer of the service itself: the way there is the trouble */
    char text[320];
};

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void check_print(const char *level, const char *what, const char *text, const char *remedy)
{
    printf("%-9s %-9s %s\n", level, what, text);
    if (remedy != NULL)
        printf("%-9s %-9s %s\n", "", "", remedy);
}

static int tell(bool good, const char *what, const char *text, const char *remedy)
{
    check_print(good ? "ok" : "PROBLEM", what, text, good ? NULL : remedy);
    return good ? 0 : 1;
}

/* Whatever run would meet is met here: the migrations that wait are tried, and what they make is looked for. */
static int check_database(const struct setup *setup)
{
    struct migrate_report report;
    int problems = 0;
    if (migrate_plan(setup->config.database.conninfo, migrations_data, migrations_data_count, &report) == ERR_OK)
        (void)tell(true, "database", report.message, NULL);
    for (size_t i = 0; i < report.fit.count; i++) {
        const struct fit_finding *finding = &report.fit.findings[i];
        bool note = finding->level == FIT_NOTE;
        check_print(note ? "note" : "PROBLEM", "database", finding->what, finding->remedy);
        problems += note ? 0 : 1;
    }
    return problems;
}

static void on_me(void *ctx, const struct telegram_verdict *verdict, struct json_object *result)
{
    struct question *question = ctx;
    struct json_object *name = NULL;
    question->answered = true;
    question->good = verdict->class == TELEGRAM_OK;
    question->lost = verdict->class == TELEGRAM_RETRY || verdict->class == TELEGRAM_AMBIGUOUS;
    if (question->good && json_object_object_get_ex(result, "username", &name))
        (void)snprintf(question->text, sizeof question->text, "%s", json_object_get_string(name));
    else
        (void)snprintf(question->text, sizeof question->text, "%s", verdict->description);
}

/* The host is all that is shown of the address: the rest may hold a secret. */
static void on_webhook(void *ctx, const struct telegram_verdict *verdict, struct json_object *result)
{
    struct question *question = ctx;
    struct json_object *value = NULL;
    question->answered = true;
    if (verdict->class != TELEGRAM_OK || !json_object_object_get_ex(result, "url", &value) ||
        !json_object_is_type(value, json_type_string))
        return;
    const char *url = json_object_get_string(value), *host = strstr(url, "://");
    host = host == NULL ? url : host + 3;
    size_t length = strcspn(host, "/?#");
    const char *user_end = memchr(host, '@', length);
    if (user_end != NULL) {
        length -= (size_t)(user_end + 1 - host);
        host = user_end + 1;
    }
    question->good = url[0] == '\0';
    (void)snprintf(question->text, sizeof question->text, "%.*s", (int)length, host);
}

static void on_chat(void *ctx, const struct telegram_verdict *verdict, struct json_object *result)
{
    struct question *question = ctx;
    (void)result;
    question->answered = true;
    question->good = verdict->class != TELEGRAM_UNREACHABLE; /* no other answer says anything of the owner */
}

static void on_payment(void *ctx, const struct yookassa_reply *reply)
{
    struct question *question = ctx;
    question->answered = true;
    question->good = reply->verdict.kind == YOOKASSA_NOT_FOUND || reply->verdict.kind == YOOKASSA_OK;
    question->lost = reply->verdict.kind == YOOKASSA_RETRY || reply->verdict.kind == YOOKASSA_AMBIGUOUS;
    (void)snprintf(question->text, sizeof question->text, "%s",
                   question->good ? "the shop id and the key are accepted" : reply->verdict.description);
}

static void on_sign_in(void *ctx, const struct tax_reply *reply)
{
    struct question *question = ctx;
    question->answered = true;
    question->good = reply->verdict.kind == TAX_OK;
    question->lost = reply->verdict.kind != TAX_LOGIN;
    (void)snprintf(question->text, sizeof question->text, "%s",
                   question->good ? "INN and password are accepted" : reply->verdict.message);
}

/* All questions to services live as long as their connections: an answer may come after it was awaited. */
struct services {
    const struct config *config;
    struct http *http;
    struct telegram *telegram;
    struct yookassa *yookassa;
    struct tax *tax; /* NULL: it is not needed */
    struct question token, webhook, shop, account;
    struct question owners[CONFIG_ADMINS_MAX];
    struct question settings;
    struct yookassa_shop told;
};

static void on_settings(void *ctx, const struct yookassa_reply *reply)
{
    struct services *services = ctx;
    services->settings.answered = true;
    services->settings.good = reply->shop != NULL;
    if (reply->shop != NULL)
        services->told = *reply->shop;
}

static void await(struct services *services, const struct question *question)
{
    for (int64_t until = now_ms() + ANSWER_MS; !question->answered && now_ms() < until;) {
        telegram_run_due(services->telegram, now_ms());
        http_poll(services->http, NULL, 0, ROUND_MS);
        http_perform(services->http, now_ms());
    }
}

static void ask(struct services *services, const char *method, const char *params, telegram_done_fn *done,
                struct question *question)
{
    struct telegram_call call = {.method = method,
                                 .params_json = params,
                                 .repeat = TELEGRAM_REPEAT_FREELY,
                                 .deadline_ms = now_ms() + ANSWER_MS / 2};
    question->answered = telegram_call(services->telegram, now_ms(), &call, done, question) != ERR_OK;
}

static void note_webhook(struct services *services)
{
    struct question *webhook = &services->webhook;
    char text[400];
    webhook->good = true;
    ask(services, "getWebhookInfo", NULL, on_webhook, webhook);
    await(services, webhook);
    if (webhook->good)
        return;
    (void)snprintf(text, sizeof text, "a webhook to %s is set; run will remove it", webhook->text);
    check_print("note", "telegram", text, "if another program serves this bot there, stop that one first");
}

/* Telegram knows no chat with people who never pressed "Start". */
static void note_owners(struct services *services)
{
    const struct config *config = services->config;
    char text[160], remedy[400], params[64];
    for (int32_t i = 0; i < config->admin_count; i++) {
        services->owners[i].good = true;
        (void)snprintf(params, sizeof params, "{\"chat_id\":%" PRId64 "}", config->admins[i]);
        ask(services, "getChat", params, on_chat, &services->owners[i]);
    }
    (void)snprintf(remedy, sizeof remedy, "write /start to @%s from that account", services->token.text);
    for (int32_t i = 0; i < config->admin_count; i++) {
        await(services, &services->owners[i]);
        if (services->owners[i].good)
            continue;
        (void)snprintf(text, sizeof text, "the owner %" PRId64 " never wrote to the bot, so it can't write to them",
                       config->admins[i]);
        check_print("note", "telegram", text, remedy);
    }
}

static int check_telegram(struct services *services)
{
    struct question *token = &services->token;
    char text[400];
    ask(services, "getMe", NULL, on_me, token);
    await(services, token);
    if (!token->good)
        return tell(false, "telegram", token->text,
                    token->lost ? "look at the network, telegram.api_url, telegram.proxy and ca_file"
                                : "get the token from @BotFather and put it into the file that "
                                  "telegram.token_file names");
    (void)snprintf(text, sizeof text, "the token is @%s's", token->text);
    (void)tell(true, "telegram", text, NULL);
    note_webhook(services);
    note_owners(services);
    return 0;
}

static int check_shop(struct services *services)
{
    struct question *shop = &services->shop;
    /* A payment that can't exist: "not found" is the answer of a shop that let us in. */
    if (yookassa_get(services->yookassa, "00000000-0000-5000-8000-000000000000", on_payment, shop) == ERR_OK)
        await(services, shop);
    int problems = tell(shop->good, "yookassa", shop->text,
                        shop->lost ? "look at the network, yookassa.api_url, yookassa.proxy and ca_file"
                                   : "compare yookassa.shop_id and the secret key with the YooKassa "
                                     "cabinet");
    if (problems > 0)
        return problems;
    yookassa_shop_get(services->yookassa, on_settings, services);
    await(services, &services->settings);
    return services->settings.good ? check_settings(services->config, &services->told) : 0;
}

static int check_account(struct services *services)
{
    struct question *account = &services->account;
    struct timespec now;
    if (services->tax == NULL)
        return 0;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    tax_sign_in(services->tax, (int64_t)now.tv_sec * 1000, on_sign_in, account);
    await(services, account);
    return tell(account->good, "npd", account->text,
                account->lost ? "look at the network, npd.api_url, npd.proxy and ca_file"
                              : "compare npd.inn and the password in npd.password_file with what lets you in at "
                                "lknpd.nalog.ru");
}

static int check_services(const struct setup *setup)
{
    const struct config *config = &setup->config;
    struct services services = {.config = config, .token = {.lost = true, .text = "no answer"}};
    services.shop = services.account = services.token;
    services.http = http_new(
        &(struct http_config){.proxy = config->telegram.proxy, .ca_file = config->ca_file, .allow_plain_http = true});
    struct telegram_config options = {.api_url = config->telegram.api_url, .token = config->telegram.token};
    if (telegram_new(services.http, &options, &services.telegram) != ERR_OK) {
        http_free(services.http);
        return tell(false, "telegram", "the token or telegram.api_url is malformed", NULL);
    }
    services.yookassa = yookassa_new(services.http, &(struct yookassa_config){.api_url = config->yookassa.api_url,
                                                                              .shop_id = config->yookassa.shop_id,
                                                                              .proxy = config->yookassa.proxy,
                                                                              .secret = config->yookassa.secret});
    if (config->receipts.mode == CONFIG_RECEIPTS_NPD)
        services.tax = tax_new(services.http,
                               &(struct tax_config){.api_url = config->npd.api_url,
                                                    .inn = config->npd.inn,
                                                    .password = config->npd.password,
                                                    .proxy = config->npd.proxy,
                                                    .utc_offset_minutes = config->shop.utc_offset_minutes});
    int problems = check_telegram(&services) + check_shop(&services) + check_account(&services);
    tax_free(services.tax);
    yookassa_free(services.yookassa);
    telegram_free(services.telegram);
    http_free(services.http);
    return problems;
}

static void rendered(void *ctx, enum err err, struct darkroom_result *result)
{
    struct question *question = ctx;
    (void)result;
    question->answered = true;
    question->good = err == ERR_OK;
}

/* Has it draw something: a library or a right that it lacks shows here, and not with the first photo. */
static int check_darkroom(const char *program)
{
    static const char drawing[] = "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>";
    struct question question = {.answered = false};
    struct darkroom *darkroom = darkroom_new(&(struct darkroom_config){.program_path = program});
    if (darkroom_render(darkroom, drawing, sizeof drawing - 1, 9, 9, rendered, &question) == ERR_OK)
        for (int64_t until = now_ms() + ANSWER_MS; !question.answered && now_ms() < until;) {
            struct pollfd fd = {.fd = darkroom_fd(darkroom), .events = darkroom_events(darkroom)};
            (void)poll(&fd, 1, ROUND_MS / 10);
            darkroom_ready(darkroom, fd.revents, now_ms());
        }
    darkroom_free(darkroom);
    return tell(question.good, "darkroom", program,
                "name the program fotoset-darkroom in darkroom.program; if it is that, run it with --self-test");
}

/* The unit's own directory is made and given to its user by the service manager, whatever stands there now. */
static int check_store(const struct setup *setup)
{
    char text[320];
    const char *path = setup->config.store.path;
    bool given = setup->as_unit && setup->unit.state_dir != NULL && strcmp(setup->unit.state_dir, path) == 0;
    enum err err = given ? ERR_NOT_FOUND : directory_check(path);
    if (err == ERR_OK || err == ERR_NOT_FOUND)
        (void)snprintf(text, sizeof text, "%s%s", path, err == ERR_OK ? "" : given ? ", the unit's" : ", to be made");
    else
        (void)snprintf(text, sizeof text, "%s: %s", path, strerror(errno));
    return tell(err == ERR_OK || err == ERR_NOT_FOUND, "store", text,
                "make the directory store.path and let the daemon's user write to it");
}

static const char *listen_remedy(int why)
{
    switch (why) {
    case EADDRINUSE: return "another program listens there (ss -ltnp says which): take another port";
    case EADDRNOTAVAIL: return "this machine has no such address: ip address lists those it has";
    case EACCES: return "ports below 1024 are not for everybody: take one above";
    default: return "look at notifications.listen";
    }
}

/* Whoever starts a second time, or checks beside the daemon, finds the port taken by it. */
static int check_notifications(const struct config_listen *listen)
{
    char text[320];
    int fd = -1;
    if (notices_listen(listen, &fd) == ERR_OK) {
        (void)close(fd);
        (void)snprintf(text, sizeof text, "can be heard at %s", listen->text);
        return tell(true, "notices", text, NULL);
    }
    int why = errno;
    bool ours = why == EADDRINUSE && notices_is_ours(listen->port);
    (void)snprintf(text, sizeof text, "%s: %s", listen->text,
                   ours ? "this user's daemon listens there already" : strerror(why));
    return tell(ours, "notices", text, listen_remedy(why));
}

static int check_files(const struct setup *setup)
{
    return check_store(setup) + check_darkroom(setup->config.darkroom.program);
}

int check_run(struct setup *setup, enum err err)
{
    char text[160];
    setup_print_findings(&setup->findings);
    if (err != ERR_OK) {
        printf("%zu problem%s in the files; mend %s first\n", setup->findings.errors,
               setup->findings.errors == 1 ? "" : "s", setup->findings.errors == 1 ? "it" : "them");
        return STOP_EXIT_CONFIG;
    }
    (void)snprintf(text, sizeof text, "%zu styles, %d texts in %d languages", setup->styles.count, (int)TEXT_COUNT,
                   (int)LANG_COUNT);
    int problems = tell(true, "files", text, NULL);
    problems += check_files(setup);
    problems += check_database(setup);
    if (config_holds_bot(&setup->config) && setup->config.notifications.listen.text != NULL)
        problems += check_notifications(&setup->config.notifications.listen);
    if (config_holds_bot(&setup->config))
        problems += check_services(setup);
    else
        check_print("note", "roles",
                    "this daemon only makes photos: it needs no token, and another one must hold the bot",
                    "both must see the same database and the same store");
    puts(problems == 0 ? "All is well: fotosetd run can start." : "Not yet: see the problems above.");
    return problems == 0 ? 0 : STOP_EXIT_CONFIG;
}
