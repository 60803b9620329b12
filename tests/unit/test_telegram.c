/* The client, the long poll, the start-up and the fetching of files against a server that behaves badly on request.
 * What the server is asked to do stands in the text or file_id of the call. */
#include <json-c/json.h>
#include "bot/base/log.h"
#include "bot/services/telegram/client.h"
#include "bot/services/telegram/decode.h"
#include "bot/services/telegram/files.h"
#include "bot/services/telegram/poll.h"
#include "tests/raw_server.h"

static const char token[] = "123456789:AAFakeFakeFakeFakeFakeFakeFakeFakeFak";

enum { TIMES, SENT, LINKS, POLLS, LAST_OFFSET, TOLD };

static void reply(int fd, int status, const char *body)
{
    char text[4096];
    snprintf(text, sizeof text, "HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
             status, strlen(body), body);
    say(fd, text);
}

static bool first_times(int times)
{
    return __atomic_add_fetch(&shared->counts[TIMES], 1, __ATOMIC_SEQ_CST) <= times;
}

enum { UNCOMMITTED = 20 /* times that a batch can't be used */ };

static bool answer_poll(int fd)
{
    const char *offset = strstr(request_text, "\"offset\":");
    int polls = __atomic_add_fetch(&shared->counts[POLLS], 1, __ATOMIC_SEQ_CST);
    shared->counts[LAST_OFFSET] = (int)strtol(offset + 9, NULL, 10);
    if (polls == 1)
        reply(fd, 409,
              "{\"ok\":false,\"error_code\":409,\"description\":\"Conflict: can't use getUpdates method while "
              "webhook is active; use deleteWebhook to delete the webhook first\"}");
    else if (polls == 2)
        return false;
    else if (polls == 3)
        reply(fd, 502, "<html>bad gateway</html>");
    else if (polls <= 4 + UNCOMMITTED)
        reply(fd, 200, "{\"ok\":true,\"result\":[{\"update_id\":41},{\"update_id\":42}]}");
    else if (polls == 5 + UNCOMMITTED)
        reply(fd, 200, "{\"ok\":true,\"result\":[]}");
    else if (polls == 6 + UNCOMMITTED)
        reply(fd, 401, "{\"ok\":false,\"error_code\":401,\"description\":\"Unauthorized\"}");
    return true;
}

static bool answer_file(int fd)
{
    if (asked("/file/bot")) {
        if (asked("photos/stale") && first_times(1))
            reply(fd, 404, "{\"ok\":false,\"error_code\":404,\"description\":\"Not Found\"}");
        else if (asked("photos/never"))
            reply(fd, 404, "gone");
        else if (asked("photos/page") && first_times(4))
            reply(fd, 200, "<html>please log in</html>");
        else
            reply(fd, 200, "picture bytes");
        return true;
    }
    __atomic_add_fetch(&shared->counts[LINKS], 1, __ATOMIC_SEQ_CST);
    if (asked("\"climb\""))
        reply(fd, 200, "{\"ok\":true,\"result\":{\"file_path\":\"../../etc/passwd\"}}");
    else if (asked("\"huge\""))
        reply(fd, 200, "{\"ok\":true,\"result\":{\"file_size\":30000000,\"file_path\":\"photos/x\"}}");
    else if (asked("\"stale\""))
        reply(fd, 200, "{\"ok\":true,\"result\":{\"file_path\":\"photos/stale\"}}");
    else if (asked("\"never\""))
        reply(fd, 200, "{\"ok\":true,\"result\":{\"file_path\":\"photos/never\"}}");
    else if (asked("\"page\""))
        reply(fd, 200, "{\"ok\":true,\"result\":{\"file_size\":13,\"file_path\":\"photos/page\"}}");
    else if (asked("\"lie\""))
        reply(fd, 200, "{\"ok\":true,\"result\":{\"file_size\":1,\"file_path\":\"photos/lie\"}}");
    else
        reply(fd, 200, "{\"ok\":true,\"result\":{\"file_size\":13,\"file_path\":\"photos/fine.jpg\"}}");
    return true;
}

/* A bit for each thing the bot tells Telegram about itself at the start. */
static void note_told(void)
{
    static const char *const methods[] = {"/setMyCommands", "/setMyDescription", "/setMyShortDescription"};
    static const char *const words[] = {"{\"command\":\"menu\",\"description\":\"Menu\"}],\"scope\":{\"type\":\"all_",
                                        "{\"description\":\"About\",", "{\"short_description\":\"Short\","};
    for (int i = 0; i < 3; i++) {
        if (asked(methods[i]) && asked(words[i]) && asked("\"language_code\":\"en\""))
            shared->counts[TOLD] |= 1 << i;
        if (asked(methods[i]) && !asked("language_code"))
            shared->counts[TOLD] |= 8 << i;
    }
}

static bool answer(int fd)
{
    note_told();
    if (asked("/getUpdates"))
        return answer_poll(fd);
    if (asked("/getFile") || asked("/file/bot"))
        return answer_file(fd);
    __atomic_add_fetch(&shared->counts[SENT], 1, __ATOMIC_SEQ_CST);
    if (asked("hang up") && first_times(1))
        return false;
    if (asked("busy") && first_times(1))
        reply(fd, 429,
              "{\"ok\":false,\"error_code\":429,\"description\":\"Too Many Requests: retry after 1\","
              "\"parameters\":{\"retry_after\":1}}");
    else if (asked("crash") && first_times(1))
        reply(fd, 500, "{\"ok\":false,\"error_code\":500,\"description\":\"Internal Server Error: restart\"}");
    else if (asked("blocked"))
        reply(fd, 403, "{\"ok\":false,\"error_code\":403,\"description\":\"Forbidden: bot was blocked by the user\"}");
    else if (asked("html"))
        reply(fd, 200, "<html>");
    else if (asked("slow")) {
        usleep(300000);
        reply(fd, 200, "{\"ok\":true,\"result\":{\"message_id\":1}}");
    } else if (asked("/getMe"))
        reply(fd, 200, "{\"ok\":true,\"result\":{\"id\":123456789,\"is_bot\":true,\"username\":\"the_bot\"}}");
    else
        reply(fd, 200, "{\"ok\":true,\"result\":{\"message_id\":7}}");
    return true;
}

static struct http *http;
static struct telegram *tg;
static struct telegram_poll *poll;

static void turn(void)
{
    int64_t due = telegram_next_deadline_ms(tg), now = now_ms();
    if (poll != NULL && telegram_poll_deadline_ms(poll) < due)
        due = telegram_poll_deadline_ms(poll);
    int64_t wait = due <= now ? 0 : due - now > 1000 ? 1000 : due - now;
    http_poll(http, NULL, 0, (int)wait);
    now = now_ms();
    http_perform(http, now);
    telegram_run_due(tg, now);
    if (poll != NULL)
        telegram_poll_run_due(poll, now);
}

static void run(void)
{
    while (telegram_pending(tg) > 0)
        turn();
}

struct seen {
    int times;
    struct telegram_verdict verdict;
    int64_t message_id;
};

static void note(void *ctx, const struct telegram_verdict *verdict, struct json_object *result)
{
    struct seen *seen = ctx;
    seen->times++;
    seen->verdict = *verdict;
    seen->message_id = json_object_get_int64(json_object_object_get(result, "message_id"));
    CHECK(strstr(verdict->description, "AAFake") == NULL);
}

static struct seen call(const char *text, enum telegram_repeat repeat)
{
    char params[128];
    struct seen seen = {0};
    snprintf(params, sizeof params, "{\"chat_id\":5,\"text\":\"%s\"}", text);
    struct telegram_call what = {.method = "sendMessage", .chat_id = 5, .repeat = repeat, .params_json = params};
    shared->counts[TIMES] = shared->counts[SENT] = 0;
    CHECK_INT(telegram_call(tg, now_ms(), &what, note, &seen), ERR_OK);
    CHECK_INT(seen.times, 0);
    run();
    CHECK_INT(seen.times, 1);
    return seen;
}

static void test_calls(void)
{
    struct seen seen = call("hello", TELEGRAM_REPEAT_REFUSED);
    CHECK_INT(seen.verdict.class, TELEGRAM_OK);
    CHECK_INT(seen.message_id, 7);
    CHECK(asked("POST /bot123456789:AAFake") && asked("{\"chat_id\":5,\"text\":\"hello\"}"));
    CHECK_INT(call("blocked", TELEGRAM_REPEAT_REFUSED).verdict.class, TELEGRAM_UNREACHABLE);

    /* a 429 is waited out for as long as it asks, whatever the class */
    int64_t before = now_ms();
    CHECK_INT(call("busy", TELEGRAM_REPEAT_NOT_DONE).verdict.class, TELEGRAM_OK);
    CHECK(now_ms() - before >= 1000);
    CHECK_INT(shared->counts[SENT], 2);

    /* a server error is repeated, but not with an advert */
    CHECK_INT(call("crash", TELEGRAM_REPEAT_REFUSED).verdict.class, TELEGRAM_OK);
    CHECK_INT(shared->counts[SENT], 2);
    CHECK_INT(call("crash", TELEGRAM_REPEAT_NOT_DONE).verdict.class, TELEGRAM_AMBIGUOUS);
    CHECK_INT(shared->counts[SENT], 1);

    /* the connection dies after the body: only the idempotent call goes again, not even libcurl repeats the others */
    CHECK_INT(call("hang up", TELEGRAM_REPEAT_FREELY).verdict.class, TELEGRAM_OK);
    CHECK(shared->counts[SENT] >= 2);
    (void)call("hello", TELEGRAM_REPEAT_REFUSED);
    CHECK_INT(call("hang up", TELEGRAM_REPEAT_REFUSED).verdict.class, TELEGRAM_AMBIGUOUS);
    CHECK_INT(shared->counts[SENT], 1);
    (void)call("hello", TELEGRAM_REPEAT_REFUSED);
    CHECK_INT(call("hang up", TELEGRAM_REPEAT_NOT_DONE).verdict.class, TELEGRAM_AMBIGUOUS);
    CHECK_INT(shared->counts[SENT], 1);
    CHECK_INT(call("html", TELEGRAM_REPEAT_REFUSED).verdict.class, TELEGRAM_AMBIGUOUS);
    CHECK_INT(shared->counts[SENT], 1);
}

/* What nobody reads is not parsed, but a refusal and a page that is no answer are still told from a success. */
static void test_no_result(void)
{
    static const struct {
        const char *params;
        enum telegram_class class;
    } cases[] = {{"{\"text\":\"hello\"}", TELEGRAM_OK},
                 {"{\"text\":\"blocked\"}", TELEGRAM_UNREACHABLE},
                 {"{\"text\":\"html\"}", TELEGRAM_AMBIGUOUS}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct seen seen = {0};
        struct telegram_call what = {.method = "sendMessage",
                                     .chat_id = 5,
                                     .repeat = TELEGRAM_REPEAT_REFUSED,
                                     .no_result = true,
                                     .params_json = cases[i].params};
        CHECK_INT(telegram_call(tg, now_ms(), &what, note, &seen), ERR_OK);
        run();
        CHECK_INT(seen.times, 1);
        CHECK_INT(seen.verdict.class, cases[i].class);
        CHECK_INT(seen.message_id, 0);
    }
}

static void test_deadline_and_limits(void)
{
    struct seen seen = {0};
    struct telegram_call what = {.method = "sendMessage", .chat_id = 5, .params_json = "{\"text\":\"busy\"}"};
    what.deadline_ms = now_ms() + 500;
    shared->counts[TIMES] = 0;
    CHECK_INT(telegram_call(tg, now_ms(), &what, note, &seen), ERR_OK);
    run();
    CHECK_INT(seen.verdict.class, TELEGRAM_RETRY);
    what.method = "send/Message";
    CHECK_INT(telegram_call(tg, now_ms(), &what, note, &seen), ERR_INVALID);
    what.method = "sendMessage";
    what.params_json = "[]";
    CHECK_INT(telegram_call(tg, now_ms(), &what, note, &seen), ERR_INVALID);
    struct telegram_file file = {"photo", "a.jpg", "image/jpeg", "x", 1};
    what.params_json = "{broken";
    what.files = &file;
    what.file_count = 1;
    CHECK_INT(telegram_call(tg, now_ms(), &what, note, &seen), ERR_INVALID);
    CHECK_INT(telegram_pending(tg), 0);
    CHECK_INT(seen.times, 1);
}

static void test_upload(void)
{
    struct seen seen = {0};
    struct telegram_file files[] = {{"p0", "1.jpg", "image/jpeg", "\xff\xd8 one", 6},
                                    {"p1", "2.jpg", "image/jpeg", "two", 3}};
    struct telegram_call what = {
        .method = "sendMediaGroup",
        .chat_id = 5,
        .repeat = TELEGRAM_REPEAT_REFUSED,
        .params_json =
            "{\"chat_id\":5,\"protect_content\":true,\"media\":[{\"type\":\"photo\",\"media\":\"attach://p0\"},"
            "{\"type\":\"photo\",\"media\":\"attach://p1\"}]}",
        .files = files,
        .file_count = 2,
    };
    CHECK_INT(telegram_call(tg, now_ms(), &what, note, &seen), ERR_OK);
    run();
    CHECK_INT(seen.verdict.class, TELEGRAM_OK);
    CHECK(asked("multipart/form-data") && asked("name=\"chat_id\"\r\n\r\n5\r\n"));
    CHECK(asked("name=\"protect_content\"\r\n\r\ntrue\r\n"));
    CHECK(asked("name=\"media\"\r\n\r\n[{\"type\":\"photo\",\"media\":\"attach://p0\"},{"));
    CHECK(asked("name=\"p1\"; filename=\"2.jpg\"\r\nContent-Type: image/jpeg\r\n\r\ntwo\r\n"));
}

/* Two calls of one chat keep their order though the first one is slow; other chats do not wait for it. */
static char order[8], names[] = "12op";

static void mark(void *ctx, const struct telegram_verdict *verdict, struct json_object *result)
{
    (void)result;
    CHECK_INT(verdict->class, TELEGRAM_OK);
    order[strlen(order)] = *(char *)ctx;
}

static void test_order(void)
{
    struct telegram_call slow = {.method = "sendMessage", .chat_id = 5, .params_json = "{\"text\":\"slow\"}"};
    struct telegram_call quick = {.method = "sendMessage", .chat_id = 5, .params_json = "{\"text\":\"quick\"}"};
    struct telegram_call other = {.method = "sendMessage", .chat_id = 6, .params_json = "{\"text\":\"other\"}"};
    struct telegram_call press = {.method = "answerCallbackQuery", .chat_id = 5, .params_json = "{}"};
    int64_t now = now_ms();
    CHECK_INT(telegram_call(tg, now, &slow, mark, &names[0]), ERR_OK);
    CHECK_INT(telegram_call(tg, now, &quick, mark, &names[1]), ERR_OK);
    CHECK_INT(telegram_call(tg, now, &other, mark, &names[2]), ERR_OK);
    while (strchr(order, 'o') == NULL)
        turn();
    CHECK_INT(telegram_call(tg, now, &press, mark, &names[3]), ERR_OK);
    run();
    CHECK_TEXT(order, "op12");
}

static void test_cancel(void)
{
    struct seen seen[3] = {{0}};
    struct telegram_call slow = {.method = "sendMessage", .chat_id = 5, .params_json = "{\"text\":\"slow\"}"};
    for (int i = 0; i < 3; i++)
        CHECK_INT(telegram_call(tg, now_ms(), &slow, note, &seen[i]), ERR_OK);
    for (int i = 0; i < 10; i++) {
        http_poll(http, NULL, 0, 10);
        http_perform(http, now_ms());
    }
    telegram_cancel_all(tg);
    CHECK_INT(telegram_pending(tg), 0);
    CHECK_INT(seen[0].verdict.class, TELEGRAM_AMBIGUOUS); /* though idempotent: we are leaving */
    CHECK_INT(seen[1].verdict.class, TELEGRAM_CANCELED);
    CHECK_INT(seen[2].verdict.class, TELEGRAM_CANCELED);
    CHECK_INT(seen[0].times + seen[1].times + seen[2].times, 3);
}

struct file_seen {
    int times;
    struct telegram_verdict verdict;
    char data[32];
    size_t bytes;
};

static void got_file(void *ctx, const struct telegram_verdict *verdict, char *data, size_t bytes)
{
    struct file_seen *seen = ctx;
    seen->times++;
    seen->verdict = *verdict;
    seen->bytes = bytes;
    snprintf(seen->data, sizeof seen->data, "%s", data == NULL ? "" : data);
    CHECK((data != NULL) == (verdict->class == TELEGRAM_OK));
    free(data);
}

static struct file_seen fetch(const char *file_id, size_t max_bytes)
{
    struct file_seen seen = {0};
    shared->counts[TIMES] = shared->counts[LINKS] = 0;
    CHECK_INT(telegram_file_fetch(tg, now_ms(), file_id, max_bytes, got_file, &seen), ERR_OK);
    run();
    CHECK_INT(seen.times, 1);
    return seen;
}

static void test_files(void)
{
    struct file_seen seen = fetch("f\"ine", 0);
    CHECK_INT(seen.verdict.class, TELEGRAM_OK);
    CHECK_TEXT(seen.data, "picture bytes");
    CHECK_INT(shared->counts[LINKS], 1);
    CHECK_INT(fetch("fine", 13).verdict.class, TELEGRAM_OK);
    CHECK_INT(fetch("fine", 12).verdict.class, TELEGRAM_FILE_TOO_BIG); /* whatever getFile said */
    CHECK_INT(fetch("huge", 0).verdict.class, TELEGRAM_FILE_TOO_BIG);
    CHECK_INT(fetch("climb", 0).verdict.class, TELEGRAM_FILE_BAD);
    seen = fetch("stale", 0); /* the link is too old once */
    CHECK_INT(seen.verdict.class, TELEGRAM_OK);
    CHECK_INT(shared->counts[LINKS], 2);
    CHECK_INT(fetch("never", 0).verdict.class, TELEGRAM_FILE_AWAY);
    CHECK_INT(shared->counts[LINKS], 3);
    seen = fetch("page", 0); /* somebody's page in between, four times */
    CHECK_INT(seen.verdict.class, TELEGRAM_OK);
    CHECK_TEXT(seen.data, "picture bytes");
    CHECK_INT(shared->counts[LINKS], 5);
    seen = fetch("lie", 0); /* never as long as promised: taken as it is in the end */
    CHECK_INT(seen.verdict.class, TELEGRAM_OK);
    CHECK_TEXT(seen.data, "picture bytes");
    CHECK_INT(shared->counts[LINKS], 6);
    struct file_seen left = {0};
    CHECK_INT(telegram_file_fetch(tg, now_ms(), "fine", 0, got_file, &left), ERR_OK);
    telegram_cancel_all(tg);
    CHECK_INT(left.times, 1);
    CHECK_INT(telegram_pending(tg), 0);
}

static void ready(void *ctx, const struct telegram_verdict *verdict, const struct telegram_identity *identity)
{
    int *times = ctx;
    ++*times;
    CHECK_INT(verdict->class, TELEGRAM_OK);
    CHECK_INT(identity->id, 123456789);
    CHECK_TEXT(identity->username, "the_bot");
}

static void test_begin(void)
{
    static const struct telegram_command commands[] = {{"menu", {"\xd0\x9c\xd0\xb5\xd0\xbd\xd1\x8e", "Menu"}}};
    struct telegram_menu menu = {{"ru", "en"}, commands, 1, {"\xd0\x9e", "About"}, {"\xd0\x9a", "Short"}};
    int times = 0;
    shared->counts[SENT] = 0;
    CHECK_INT(telegram_begin(tg, now_ms(), &menu, ready, &times), ERR_OK);
    run();
    CHECK_INT(times, 1);
    CHECK_INT(shared->counts[SENT], 11); /* who am I, no webhook; three times three */
    CHECK_INT(shared->counts[TOLD], 63);
}

static int batches, troubles, conflicts, doubts;

static void on_news(void *ctx, const struct telegram_poll_news *news)
{
    struct arena arena;
    struct telegram_batch batch = {0};
    (void)ctx;
    switch (news->event) {
    case TELEGRAM_POLL_BATCH:
        arena_init(&arena);
        CHECK_INT(telegram_decode(&arena, news->body, news->bytes, &batch), ERR_OK);
        CHECK_INT(batch.next_offset, 43);
        telegram_poll_next(poll, now_ms(), ++batches <= UNCOMMITTED ? 7 : batch.next_offset);
        /* Not at once from the same offset, but soon: others may have written meanwhile. */
        CHECK_INT(telegram_poll_deadline_ms(poll) < INT64_MAX, batches <= UNCOMMITTED);
        CHECK(batches > UNCOMMITTED || telegram_poll_deadline_ms(poll) - now_ms() <= 8000);
        arena_done(&arena);
        break;
    case TELEGRAM_POLL_TROUBLE: troubles++; break;
    case TELEGRAM_POLL_CONFLICT: conflicts++; break;
    case TELEGRAM_POLL_DOUBT: doubts++; break;
    case TELEGRAM_POLL_REFUSED:
    case TELEGRAM_POLL_EVENT_COUNT: CHECK(false);
    }
}

static void test_poll(void)
{
    poll = telegram_poll_new(tg, on_news, NULL);
    shared->counts[SENT] = 0;
    int64_t before = now_ms();
    telegram_poll_start(poll, before, 7);
    while (conflicts == 0)
        turn();
    CHECK(telegram_poll_deadline_ms(poll) - now_ms() >= 4900);
    telegram_poll_run_due(poll, telegram_poll_deadline_ms(poll)); /* let that time pass */
    while (doubts == 0) {
        telegram_poll_run_due(poll, telegram_poll_deadline_ms(poll)); /* … any wait */
        turn();
    }
    CHECK_INT(conflicts, 1);
    CHECK_INT(shared->counts[SENT], 1); /* deleteWebhook */
    CHECK_INT(batches, UNCOMMITTED + 1);
    CHECK_INT(shared->counts[LAST_OFFSET], 43);
    CHECK(troubles >= 1);
    telegram_poll_stop(poll);
    telegram_poll_stop(poll);
    CHECK_INT(telegram_poll_deadline_ms(poll), INT64_MAX);
    telegram_poll_start(poll, now_ms(), 43);
    telegram_poll_free(poll);
    poll = NULL;
}

int main(void)
{
    uint16_t port;
    pid_t server = serve(answer, &port);
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u", port);
    struct http_config http_config = {.allow_plain_http = true};
    http = http_new(&http_config);
    struct telegram_config config = {.api_url = url, .token = token, .seed = 1};
    CHECK_INT(telegram_new(http, &config, &tg), ERR_OK);
    test_calls();
    test_no_result();
    test_deadline_and_limits();
    test_upload();
    test_order();
    test_cancel();
    test_files();
    test_begin();
    test_poll();
    telegram_free(tg);
    config.token = "12:AA\n";
    CHECK_INT(telegram_new(http, &config, &tg), ERR_INVALID);
    http_free(http);
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    return 0;
}
