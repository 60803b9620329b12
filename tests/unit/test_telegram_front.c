/* The long poll, the start-up and the fetching of files, against a server that behaves badly on request: what it is
 * asked to do stands in the file_id. */
#include "bot/services/telegram/decode.h"
#include "bot/services/telegram/files.h"
#include "tests/unit/telegram_stage.h"

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
    if (asked("/getMe"))
        reply(fd, 200, "{\"ok\":true,\"result\":{\"id\":123456789,\"is_bot\":true,\"username\":\"the_bot\"}}");
    else
        reply(fd, 200, "{\"ok\":true,\"result\":{\"message_id\":7}}");
    return true;
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
    stage_open(answer);
    test_files();
    test_begin();
    test_poll();
    stage_close();
    return 0;
}
