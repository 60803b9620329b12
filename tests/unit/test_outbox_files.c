/* Albums and the bytes of their pictures: none wait with the album, few are held at once, and Telegram's ids of files
 * are used as long as they are of use. What is sent again goes once. Run by tests/postgres run, which sets
 * FOTOSET_TEST_CONNINFO. */
#include <unistd.h>

#include "bot/services/store/directory.h"
#include "bot/services/store/store.h"
#include "tests/unit/outbox_stage.h"

enum {
    PICTURE_BYTES = 1024 * 1024,
    CHATS = 40,
    ALBUM = 10,
    HELD_MAX = 24 * 1024 * 1024,
    LEARNING_MAX = 32 * 1024 * 1024
};

static char dir[] = "/tmp/fotoset-test-files.XXXXXX";
static char url[STORE_URL_BYTES];

static void picture_put(void *ctx, enum err err, const struct store_object *object)
{
    (void)ctx;
    CHECK_INT(err, ERR_OK);
    store_url(object->name, url);
}

/* A set all of whose photos are one picture in the store. */
static int64_t stored_job(int64_t chat_id)
{
    int64_t job_id = made_job();
    tell(SQL("UPDATE generated_photos SET image_url = '%s' WHERE id IN (SELECT generated_photo_id FROM photo_tasks"
             " WHERE job_id = %lld)",
             url, (long long)job_id));
    tell(SQL("UPDATE generation_jobs SET chat_id = %lld WHERE id = %lld", (long long)chat_id, (long long)job_id));
    return job_id;
}

static size_t held_bytes(void)
{
    size_t bytes = 0;
    for (size_t i = 0; i < call_count; i++)
        bytes += calls[i].answered || calls[i].open ? 0 : calls[i].file_bytes;
    return bytes;
}

/* All of them are let go at once: they hold what may be held, and all arrive in the end. */
static void test_budget(void)
{
    int64_t job_id = stored_job(7);
    tell("UPDATE photo_tasks SET photo_file_id = NULL");
    for (int i = 0; i < CHATS; i++)
        tell(
            SQL("INSERT INTO outbox (id, chat_id, kind, body, job_id) VALUES (%d, %d, 'again', '[0,1,2,3,4,5,6,7,8,9]',"
                " %lld)",
                i + 1, 100 + i, (long long)job_id));
    open_outbox();
    resume();
    size_t most = 0, arrived = 0;
    while (outbox_pending(outbox) > 0) {
        for (int round = 0; round < 5; round++) {
            for (size_t i = 0; i < call_count; i++)
                take_turn(&calls[i]);
            go_round();
        }
        most = held_bytes() > most ? held_bytes() : most;
        CHECK(held_bytes() <= (arrived == 0 ? LEARNING_MAX : HELD_MAX));
        for (size_t i = 0; i < call_count; i++)
            if (!calls[i].answered && !calls[i].open) {
                CHECK_INT(calls[i].file_count, ALBUM);
                answer(&calls[i], TELEGRAM_OK, "[{},{},{},{},{},{},{},{},{},{}]");
                arrived++;
                if (arrived > 3)
                    break;
            }
    }
    CHECK_INT(arrived, CHATS);
    CHECK(most >= 2 * ALBUM * PICTURE_BYTES); /* more than one at a time */
    close_outbox();
}

static const char *const two_sent = "[{\"message_id\":960,\"photo\":[{\"file_id\":\"new0\"}]},"
                                    "{\"message_id\":961,\"photo\":[{\"file_id\":\"new1\"}]}]";

static const char *const two_files_sent = "[{\"message_id\":960,\"document\":{\"file_id\":\"new0\"}},"
                                          "{\"message_id\":961,\"document\":{\"file_id\":\"new1\"}}]";

/* Ids that Telegram does not take any more are no reason to withhold photos that are in the store. */
static void test_ids_refused(void)
{
    static const enum telegram_class refusals[] = {TELEGRAM_FILE_BAD, TELEGRAM_FILE_AWAY};
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        int64_t job_id = stored_job(7);
        tell(SQL("UPDATE photo_tasks SET delivery = 'sent', message_id = 950 WHERE job_id = %lld", (long long)job_id));
        add_album(1, job_id, "again", "[0,1]", "NULL");
        open_outbox();
        resume();
        struct call *call = next_call();
        CHECK_INT(call->file_count, 0);
        CHECK(strstr(call->params, "\"f0\"") != NULL);
        answer(call, refusals[i], NULL);
        call = next_call();
        CHECK_TEXT(call->method, "sendMediaGroup");
        CHECK_INT(call->file_count, 2);
        answer(call, TELEGRAM_OK, two_sent);
        CHECK_INT(outbox_pending(outbox), 0);
        settle_outcomes();
        CHECK_TEXT(
            ask_text(SQL("SELECT photo_file_id FROM photo_tasks WHERE job_id = %lld AND index = 1", (long long)job_id)),
            "new1");
        close_outbox();
    }
}

/* Another bot's ids are not tried at all, and go with the first of its own, of either kind. */
static void test_another_bot(bool files)
{
    int64_t job_id = stored_job(7);
    tell(SQL("UPDATE photo_tasks SET delivery = 'sent', message_id = 950, file_bot_id = 2, document_file_id = 'd'"
             " WHERE job_id = %lld",
             (long long)job_id));
    add_album(1, job_id, files ? "files" : "again", "[0,1]", "NULL");
    open_outbox();
    resume();
    struct call *call = next_call();
    CHECK_INT(call->file_count, 2);
    answer(call, TELEGRAM_OK, files ? two_files_sent : two_sent);
    settle_outcomes();
    const char *ids = files ? "document_file_id LIKE 'new_' AND photo_file_id IS NULL"
                            : "photo_file_id LIKE 'new_' AND document_file_id IS NULL";
    CHECK_INT(ask(SQL("SELECT count(*) FROM photo_tasks WHERE job_id = %lld AND index < 2 AND file_bot_id = %d AND %s",
                      (long long)job_id, BOT_ID, ids)),
              2);
    CHECK_INT(ask(SQL("SELECT count(*) FROM photo_tasks WHERE job_id = %lld AND file_bot_id = 2", (long long)job_id)),
              PHOTOS - 2);
    close_outbox();
}

/* Photos sent again one by one, and a kill: those that went are not sent once more, and the one that was on its way is
 * looked for. */
static void test_repeat_killed(void)
{
    int64_t job_id = stored_job(7);
    tell("UPDATE photo_tasks SET message_id = NULL");
    tell(SQL("UPDATE photo_tasks SET delivery = 'sent', message_id = 50 WHERE job_id = %lld", (long long)job_id));
    add_album(1, job_id, "again", "[0,1,2]", "NULL");
    open_outbox();
    outbox_see_message(outbox, 100);
    resume();
    answer(next_call(), TELEGRAM_BAD, NULL);
    struct call *call = next_call();
    CHECK(strstr(call->params, "\"f0\"") != NULL);
    answer(call, TELEGRAM_OK, "{\"message_id\":101}");
    CHECK(strstr(next_call()->params, "\"f1\"") != NULL); /* it becomes message 102 */
    drop_outbox();
    CHECK_TEXT(ask_text("SELECT body FROM outbox"), "[1,2]");
    open_outbox();
    resume();
    for (call = next_call(); strncmp(call->method, "edit", 4) == 0; call = next_call())
        answer(call, number_in(call->params, "message_id") == 102 ? TELEGRAM_OK : TELEGRAM_GONE, NULL);
    CHECK_TEXT(call->method, "sendPhoto");
    CHECK(strstr(call->params, "\"f2\"") != NULL);
    answer(call, TELEGRAM_OK, "{\"message_id\":103}");
    CHECK_INT(outbox_pending(outbox), 0);
    settle_outcomes();
    CHECK_INT(ask(SQL("SELECT count(*) FROM photo_tasks WHERE job_id = %lld AND message_id = 50", (long long)job_id)),
              PHOTOS); /* a repeat is not where its photos are */
    close_outbox();
}

int main(void)
{
    unsigned char *picture = calloc(1, PICTURE_BYTES);
    begin("fotoset_test_outbox_files");
    CHECK(picture != NULL && mkdtemp(dir) != NULL);
    CHECK_INT(directory_new(dir, &store), ERR_OK);
    store_put(store, picture, PICTURE_BYTES, picture_put, NULL);
    free(picture);
    test_budget();
    test_ids_refused();
    test_another_bot(false);
    test_another_bot(true);
    test_repeat_killed();
    store_free(store);
    end();
    CHECK_INT(execlp("rm", "rm", "-rf", dir, (char *)NULL), 0);
    return 0;
}
