/* The checks that need the outside: the database, the token, the shop, the store and the darkroom. Each is one
 * question; an answer is awaited for some seconds at most. */
#include "bot/check.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bot/daemon.h"
#include "bot/darkroom/darkroom.h"
#include "bot/http/http.h"
#include "bot/store/directory.h"
#include "bot/telegram/client.h"
#include "bot/yookassa/client.h"
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

static int tell(bool good, const char *what, const char *text, const char *remedy)
{
    printf("%-9s %-9s %s\n", good ? "ok" : "PROBLEM", what, text);
    if (!good && remedy != NULL)
        printf("%-9s %-9s %s\n", "", "", remedy);
    return good ? 0 : 1;
}

static int check_database(const struct setup *setup)
{
    struct migrate_report report;
    enum err err = migrate_status(setup->config.database.conninfo, migrations_data, migrations_data_count, &report);
    bool good = err == ERR_OK || err == ERR_NOT_FOUND; /* waiting migrations are run at start */
    return tell(good, "database", report.message, "look at database.conninfo; try it with: psql \"<conninfo>\"");
}

static void on_me(void *ctx, const struct telegram_verdict *verdict, struct json_object *result)
{
    struct question *question = ctx;
    struct json_object *name = NULL;
    question->answered = true;
    question->good = verdict->class == TELEGRAM_OK;
    question->lost = verdict->class == TELEGRAM_RETRY || verdict->class == TELEGRAM_AMBIGUOUS;
    if (question->good && json_object_object_get_ex(result, "username", &name))
        (void)snprintf(question->text, sizeof question->text, "the token is @%s's", json_object_get_string(name));
    else
        (void)snprintf(question->text, sizeof question->text, "%s", verdict->description);
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

static void await(struct http *http, struct telegram *telegram, const struct question *question)
{
    for (int64_t until = now_ms() + ANSWER_MS; !question->answered && now_ms() < until;) {
        telegram_run_due(telegram, now_ms());
        http_poll(http, NULL, 0, ROUND_MS);
        http_perform(http, now_ms());
    }
}

static int check_services(const struct setup *setup)
{
    const struct config *config = &setup->config;
    struct question token = {.lost = true, .text = "no answer"}, shop = token;
    struct http *http = http_new(
        &(struct http_config){.proxy = config->telegram.proxy, .ca_file = config->ca_file, .allow_plain_http = true});
    struct telegram *telegram = NULL;
    struct telegram_config options = {.api_url = config->telegram.api_url, .token = config->telegram.token};
    if (telegram_new(http, &options, &telegram) != ERR_OK)
        return tell(false, "telegram", "the token or telegram.api_url is malformed", NULL);
    struct telegram_call call = {
        .method = "getMe", .effect = EFFECT_IDEMPOTENT, .deadline_ms = now_ms() + ANSWER_MS / 2};
    if (telegram_call(telegram, now_ms(), &call, on_me, &token) == ERR_OK)
        await(http, telegram, &token);
    struct yookassa *yookassa = yookassa_new(http, &(struct yookassa_config){.api_url = config->yookassa.api_url,
                                                                             .shop_id = config->yookassa.shop_id,
                                                                             .proxy = config->yookassa.proxy,
                                                                             .secret = config->yookassa.secret});
    /* A payment that can't exist: "not found" is the answer of a shop that let us in. */
    if (yookassa_get(yookassa, "00000000-0000-5000-8000-000000000000", on_payment, &shop) == ERR_OK)
        await(http, telegram, &shop);
    int problems = tell(token.good, "telegram", token.text,
                        token.lost ? "look at the network, telegram.api_url, telegram.proxy and ca_file"
                                   : "get the token from @BotFather and put it into the file that "
                                     "telegram.token_file names");
    problems += tell(shop.good, "yookassa", shop.text,
                     shop.lost ? "look at the network, yookassa.api_url, yookassa.proxy and ca_file"
                               : "compare yookassa.shop_id and the secret key with the YooKassa "
                                 "cabinet");
    yookassa_free(yookassa);
    telegram_free(telegram);
    http_free(http);
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
        return DAEMON_EXIT_CONFIG;
    }
    (void)snprintf(text, sizeof text, "%zu styles, %d texts in %d languages", setup->styles.count, (int)TEXT_COUNT,
                   (int)LANG_COUNT);
    int problems = tell(true, "files", text, NULL);
    problems += check_files(setup);
    problems += check_database(setup);
    problems += check_services(setup);
    puts(problems == 0 ? "All is well: fotosetd run can start." : "Not yet: see the problems above.");
    return problems == 0 ? 0 : DAEMON_EXIT_CONFIG;
}
