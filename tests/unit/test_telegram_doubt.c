/* No single answer of Telegram is final: a refused token, at the start and while polling, and somebody else who polls.
 * The server says on request what it must not be believed; waits are passed by instead of waited for. */
#include "bot/services/telegram/client.h"
#include "bot/services/telegram/decode.h"
#include "bot/services/telegram/poll.h"
#include "tests/raw_server.h"

static const char token[] = "123456789:AAFakeFakeFakeFakeFakeFakeFakeFakeFak";

enum { POLLS, ASKED_WHO, POLL_ANSWER, STRANGER, WEBHOOKS_REMOVED };

/* POLL_ANSWER: of getUpdates. STRANGER: so often getMe does not know us. */
enum { UNKNOWN_TWICE, UNKNOWN, TWO_POLL, WEBHOOK, FORBIDDEN, QUIET };

#define UNAUTHORIZED "{\"ok\":false,\"error_code\":401,\"description\":\"Unauthorized\"}"
#define NOT_FOUND "{\"ok\":false,\"error_code\":404,\"description\":\"Not Found\"}"
#define CONFLICT(why) "{\"ok\":false,\"error_code\":409,\"description\":\"Conflict: " why "\"}"

static void reply(int fd, int status, const char *body)
{
    char text[1024];
    snprintf(text, sizeof text, "HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
             status, strlen(body), body);
    say(fd, text);
}

static int count(int what)
{
    return __atomic_add_fetch(&shared->counts[what], 1, __ATOMIC_SEQ_CST);
}

static void answer_poll(int fd)
{
    int polls = count(POLLS);
    switch (shared->counts[POLL_ANSWER]) {
    case UNKNOWN_TWICE:
        if (polls <= 2)
            reply(fd, polls == 1 ? 401 : 404, polls == 1 ? UNAUTHORIZED : NOT_FOUND);
        else
            reply(fd, 200, "{\"ok\":true,\"result\":[{\"update_id\":42}]}");
        break;
    case UNKNOWN: reply(fd, 401, UNAUTHORIZED); break;
    case TWO_POLL: reply(fd, 409, CONFLICT("terminated by other getUpdates request")); break;
    case WEBHOOK: reply(fd, 409, CONFLICT("can't use getUpdates method while webhook is active")); break;
    case FORBIDDEN: reply(fd, 403, "{\"ok\":false,\"error_code\":403,\"description\":\"Forbidden\"}"); break;
    default: reply(fd, 200, "{\"ok\":true,\"result\":[]}");
    }
}

static bool answer(int fd)
{
    if (asked("/getUpdates")) {
        answer_poll(fd);
    } else if (asked("/getMe")) {
        int times = count(ASKED_WHO);
        if (times <= shared->counts[STRANGER])
            reply(fd, times % 2 == 1 ? 401 : 404, times % 2 == 1 ? UNAUTHORIZED : NOT_FOUND);
        else
            reply(fd, 200, "{\"ok\":true,\"result\":{\"id\":123456789,\"is_bot\":true,\"username\":\"the_bot\"}}");
    } else {
        if (asked("/deleteWebhook"))
            (void)count(WEBHOOKS_REMOVED);
        if (shared->counts[STRANGER] > 0) /* to all else than getMe, too */
            reply(fd, 401, UNAUTHORIZED);
        else
            reply(fd, 200, "{\"ok\":true,\"result\":true}");
    }
    return true;
}

static struct http *http;
static struct telegram *tg;
static struct telegram_poll *poll;
static int64_t waited_ms;

/* ---- the start ---- */

static struct telegram_verdict begun_with;
static int begun_times;

static void begun(void *ctx, const struct telegram_verdict *verdict, const struct telegram_identity *identity)
{
    (void)ctx;
    begun_times++;
    begun_with = *verdict;
    CHECK((identity != NULL) == (verdict->class == TELEGRAM_OK));
}

static void begin_with(int strangers)
{
    static const struct telegram_command commands[] = {{"menu", {"M", "Menu"}}};
    struct telegram_menu menu = {{"ru", "en"}, commands, 1, {"A", "About"}, {"S", "Short"}};
    begun_times = 0;
    waited_ms = 0;
    shared->counts[ASKED_WHO] = 0;
    shared->counts[STRANGER] = strangers;
    CHECK_INT(telegram_begin(tg, now_ms(), &menu, begun, NULL), ERR_OK);
    while (begun_times == 0) {
        int64_t due = telegram_next_deadline_ms(tg), now = now_ms();
        if (due != INT64_MAX && due > now) {
            waited_ms += due - now;
            telegram_run_due(tg, due);
        }
        http_poll(http, NULL, 0, 20);
        http_perform(http, now_ms());
    }
    CHECK_INT(begun_times, 1);
}

static void test_begin(void)
{
    begin_with(1);
    CHECK_INT(begun_with.class, TELEGRAM_OK);
    CHECK_INT(shared->counts[ASKED_WHO], 2);
    begin_with(5); /* nearly a minute; and nothing but getMe counts */
    CHECK_INT(begun_with.class, TELEGRAM_OK);
    CHECK_INT(shared->counts[ASKED_WHO], 6);
    begin_with(1000);
    CHECK_INT(begun_with.class, TELEGRAM_UNAUTHORIZED);
    CHECK_INT(shared->counts[ASKED_WHO], 6);
    CHECK(waited_ms > 50000 && waited_ms < 120000);
}

/* ---- the poll ---- */

static int batches, troubles, conflicts, doubts, refusals;

static void on_news(void *ctx, const struct telegram_poll_news *news)
{
    (void)ctx;
    switch (news->event) {
    case TELEGRAM_POLL_BATCH:
        batches++;
        telegram_poll_next(poll, now_ms(), 43);
        break;
    case TELEGRAM_POLL_TROUBLE: troubles++; break;
    case TELEGRAM_POLL_CONFLICT: CHECK_INT(news->count, ++conflicts); break;
    case TELEGRAM_POLL_DOUBT: doubts++; break;
    case TELEGRAM_POLL_REFUSED: refusals++; break;
    case TELEGRAM_POLL_EVENT_COUNT: CHECK(false);
    }
}

static void poll_until(const int *seen, int least)
{
    while (*seen < least) {
        int64_t due = telegram_poll_deadline_ms(poll), now = now_ms();
        if (due != INT64_MAX && due > now)
            waited_ms += due - now;
        if (due != INT64_MAX)
            telegram_poll_run_due(poll, due > now ? due : now);
        http_poll(http, NULL, 0, 20);
        now = now_ms();
        http_perform(http, now);
        telegram_run_due(tg, now);
    }
}

static void begin_poll(int poll_answer, int strangers)
{
    telegram_poll_free(poll);
    poll = telegram_poll_new(tg, on_news, NULL);
    batches = troubles = conflicts = doubts = refusals = 0;
    waited_ms = 0;
    memset(shared->counts, 0, sizeof shared->counts);
    shared->counts[POLL_ANSWER] = poll_answer;
    shared->counts[STRANGER] = strangers;
    telegram_poll_start(poll, now_ms(), 7);
}

static void test_unknown_token(void)
{
    begin_poll(UNKNOWN_TWICE, 0);
    poll_until(&batches, 1);
    CHECK_INT(doubts, 2);
    CHECK_INT(shared->counts[ASKED_WHO], 2);
    begin_poll(UNKNOWN_TWICE, 3); /* getMe errs too, for a while */
    poll_until(&batches, 1);
    CHECK_INT(doubts, 5);
    CHECK_INT(shared->counts[ASKED_WHO], 5);
    CHECK_INT(refusals, 0);
    begin_poll(UNKNOWN, 0); /* getMe knows us, whatever getUpdates says */
    poll_until(&doubts, 30);
    CHECK_INT(refusals, 0);
    begin_poll(UNKNOWN, 1000); /* the token was revoked */
    poll_until(&refusals, 1);
    CHECK_INT(shared->counts[POLLS], 1);
    CHECK_INT(shared->counts[ASKED_WHO], 6);
    CHECK(waited_ms > 50000 && waited_ms < 120000);
    CHECK_INT(telegram_poll_deadline_ms(poll), INT64_MAX);
}

static void test_conflicts(void)
{
    begin_poll(TWO_POLL, 0);
    poll_until(&conflicts, 100);
    CHECK_INT(refusals, 0);
    CHECK_INT(shared->counts[WEBHOOKS_REMOVED], 0);
    CHECK(waited_ms > 95 * INT64_C(40000)); /* slowly */
    shared->counts[POLL_ANSWER] = QUIET;    /* the other one has gone */
    int polls = shared->counts[POLLS];
    poll_until(&shared->counts[POLLS], polls + 3);
    CHECK_INT(conflicts, 100);
    begin_poll(WEBHOOK, 0);
    poll_until(&conflicts, 20);
    poll_until(&shared->counts[WEBHOOKS_REMOVED], 20);
    CHECK(waited_ms < (conflicts + 1) * INT64_C(10000)); /* it is gone with the first try, as a rule */
    begin_poll(FORBIDDEN, 0);
    poll_until(&troubles, 20);
    CHECK_INT(refusals, 0);
}

int main(void)
{
    uint16_t port;
    pid_t server = serve(answer, &port);
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u", port);
    struct http_config http_config = {.allow_plain_http = true};
    http = http_new(&http_config);
    struct telegram_config config = {.api_url = url, .token = token};
    CHECK_INT(telegram_new(http, &config, &tg), ERR_OK);
    test_begin();
    test_unknown_token();
    test_conflicts();
    telegram_poll_free(poll);
    telegram_free(tg);
    http_free(http);
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    return 0;
}
