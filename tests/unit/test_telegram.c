/* The calls of the client, against a server that behaves badly on request: what it is asked to do stands in the text.
 */
#include "bot/services/telegram/checkout.h"
#include "tests/unit/telegram_stage.h"

static bool answer(int fd)
{
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
    else if (asked("answerPreCheckoutQuery")) {
        bool whole = asked("\"pre_checkout_query_id\":\"q1\",\"ok\":false,\"error_message\":\"no\"");
        __atomic_add_fetch(&shared->counts[whole ? TOLD : LINKS], 1, __ATOMIC_SEQ_CST);
        reply(fd, 200, "{\"ok\":true,\"result\":true}");
    } else if (asked("stands"))
        sleep(60);
    else if (asked("html"))
        reply(fd, 200, "<html>");
    else if (asked("slow")) {
        usleep(300000);
        reply(fd, 200, "{\"ok\":true,\"result\":{\"message_id\":1}}");
    } else
        reply(fd, 200, "{\"ok\":true,\"result\":{\"message_id\":7}}");
    return true;
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

/* ---- contents that come late ---- */

struct album {
    struct seen seen;
    struct telegram_job *job; /* it is its turn */
    int turns;
};

static void album_turn(void *ctx, struct telegram_job *job)
{
    struct album *album = ctx;
    CHECK(album->job == NULL);
    album->job = job;
    album->turns++;
}

static void album_done(void *ctx, const struct telegram_verdict *verdict, struct json_object *result)
{
    struct album *album = ctx;
    album->job = NULL;
    note(&album->seen, verdict, result);
}

static void album_call(struct album *album, int64_t chat_id)
{
    struct telegram_call call = {.chat_id = chat_id, .priority = TELEGRAM_VALUE, .cost = 2, .turn = album_turn};
    *album = (struct album){0};
    CHECK_INT(telegram_call(tg, now_ms(), &call, album_done, album), ERR_OK);
}

static void album_fill(struct album *album, const char *text)
{
    struct telegram_file file = {"photo", "1.jpg", "image/jpeg", "\xff\xd8 one", 6};
    char params[64];
    snprintf(params, sizeof params, "{\"caption\":\"%s\"}", text);
    struct telegram_call contents = {
        .method = "sendPhoto", .params_json = params, .files = &file, .file_count = text[0] == '+'};
    struct telegram_job *job = album->job;
    album->job = NULL;
    CHECK_INT(telegram_fill(job, now_ms(), &contents), ERR_OK);
}

static void test_late_contents(void)
{
    struct album album, other;
    struct seen seen = {0};
    album_call(&album, 70);
    CHECK_INT(album.turns, 1); /* there is room: at once */
    struct telegram_call next = {.method = "sendMessage", .chat_id = 70, .params_json = "{\"text\":\"next\"}"};
    CHECK_INT(telegram_call(tg, now_ms(), &next, note, &seen), ERR_OK);
    for (int i = 0; i < 5; i++)
        turn();
    CHECK_INT(seen.times, 0); /* it keeps its place while it is being fetched */
    struct telegram_job *job = album.job;
    album.job = NULL;
    telegram_put_off(job, now_ms(), 50);
    while (album.turns < 2)
        turn();
    CHECK_INT(seen.times, 1); /* put off, it let the other pass */
    album_fill(&album, "+one");
    run();
    CHECK_INT(album.seen.verdict.class, TELEGRAM_OK);
    CHECK(asked("name=\"caption\"\r\n\r\n+one\r\n") && asked("filename=\"1.jpg\""));

    album_call(&album, 71); /* no bytes after all, and refused for now: its maker hears of it, for its bytes are gone */
    shared->counts[TIMES] = 0;
    album_fill(&album, "busy");
    while (album.seen.times == 0)
        turn();
    CHECK(album.seen.verdict.limited && album.turns == 1);
    int64_t before = now_ms();
    album_call(&album, 71);
    CHECK_INT(album.turns, 0); /* the chat is silent all the same */
    while (album.turns == 0)
        turn();
    CHECK(now_ms() - before > 500);
    album_call(&other, 72);
    telegram_drop(other.job, now_ms());
    CHECK_INT(telegram_pending(tg), 1);
    telegram_cancel_all(tg); /* while its contents are fetched */
    CHECK_INT(album.seen.verdict.class, TELEGRAM_CANCELED);
    CHECK_INT(other.seen.times, 0);
    CHECK_INT(telegram_pending(tg), 0);
    struct telegram_call nobody = {.turn = album_turn};
    CHECK_INT(telegram_call(tg, now_ms(), &nobody, album_done, &album), ERR_INVALID);
}

/* Words whose contents come late bring no bytes, and wait for no upload. */
static void test_late_words(void)
{
    enum { MANY = 64 };
    static struct album albums[MANY], words;
    size_t begun = 0;
    while (begun == 0 || albums[begun - 1].turns > 0) {
        CHECK(begun < MANY);
        album_call(&albums[begun], 700 + (int64_t)begun);
        begun++;
    }
    struct telegram_call call = {.chat_id = 800, .priority = TELEGRAM_VALUE, .turn = album_turn, .no_files = true};
    CHECK_INT(telegram_call(tg, now_ms(), &call, album_done, &words), ERR_OK);
    CHECK_INT(words.turns, 1);
    telegram_cancel_all(tg);
    CHECK_INT(telegram_pending(tg), 0);
}

/* On the way down: what is on its way comes home, a press is answered, and nothing waits for what has not begun. */
static void test_stop(void)
{
    struct seen slow = {0}, waits = {0}, press = {0};
    struct album album;
    struct telegram_call first = {.method = "sendMessage", .chat_id = 80, .params_json = "{\"text\":\"slow\"}"};
    struct telegram_call answer = {.method = "answerCallbackQuery", .chat_id = 80, .params_json = "{}"};
    CHECK_INT(telegram_call(tg, now_ms(), &first, note, &slow), ERR_OK);
    for (int i = 0; i < 100; i++)
        CHECK_INT(telegram_call(tg, now_ms(), &first, note, &waits), ERR_OK);
    album_call(&album, 81);
    CHECK_INT(album.turns, 1);
    CHECK_INT(telegram_pending(tg), 102);
    telegram_stop(tg);
    CHECK_INT(telegram_pending(tg), 2);
    CHECK_INT(telegram_call(tg, now_ms(), &answer, note, &press), ERR_OK);
    album_fill(&album, "too late");
    run();
    CHECK_INT(slow.times, 1);
    CHECK_INT(press.times, 1);
    CHECK_INT(waits.times + album.seen.times, 0);
    telegram_cancel_all(tg);
    CHECK_INT(waits.times, 100);
    CHECK_INT(waits.verdict.class, TELEGRAM_CANCELED);
    CHECK_INT(album.seen.verdict.class, TELEGRAM_CANCELED);
}

/* The answer to a payment stands in no line: neither behind the calls that are on their way, nor behind a flood limit.
 * A connection that dies costs it nothing. */
static void test_checkout(void)
{
    enum { IN_FLIGHT = 64 };
    struct seen seen = {0};
    struct telegram_call what = {.method = "getFile", .params_json = "{\"text\":\"stands\"}"};
    for (int i = 0; i < IN_FLIGHT; i++)
        CHECK_INT(telegram_call(tg, now_ms(), &what, note, &seen), ERR_OK);
    int64_t before_ms = now_ms();
    telegram_answer_checkout(tg, before_ms, "q1", "no");
    while (__atomic_load_n(&shared->counts[TOLD], __ATOMIC_SEQ_CST) == 0 && now_ms() < before_ms + 1000)
        turn();
    CHECK_INT(shared->counts[TOLD], 1);
    CHECK_INT(seen.times, 0);
    telegram_cancel_all(tg);
    CHECK_INT(seen.times, IN_FLIGHT);
    CHECK_INT(telegram_pending(tg), 0);

    shared->counts[TIMES] = 0;
    telegram_answer_checkout(tg, now_ms(), "hang up", NULL);
    run();
    CHECK_INT(shared->counts[LINKS], 1);
    telegram_answer_checkout(tg, now_ms(), "q2", NULL);
    telegram_cancel_all(tg);
    CHECK_INT(telegram_pending(tg), 0);
}

int main(void)
{
    stage_open(answer);
    test_checkout();
    test_calls();
    test_no_result();
    test_deadline_and_limits();
    test_upload();
    test_order();
    test_cancel();
    test_late_contents();
    test_late_words();
    test_stop();
    stage_close();
    struct telegram_config config = {.api_url = stage_url, .token = "12:AA\n"};
    CHECK_INT(telegram_new(NULL, &config, &tg), ERR_INVALID);
    return 0;
}
