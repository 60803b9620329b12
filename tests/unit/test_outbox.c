/* The outbox against a real Postgres and a Telegram that is played here, call by call: nothing goes twice that can be
 * known, and nothing keeps a chat waiting for ever. Run by tests/postgres run, which sets FOTOSET_TEST_CONNINFO. */
#include "tests/unit/outbox_stage.h"

/* A picture that is gone from the catalogue costs the picture, not the chat. */
static void test_picture_gone(void)
{
    tell("INSERT INTO outbox (id, chat_id, kind, body, picture) VALUES"
         " (1, 7, 'notice', '{\"caption\":\"words\",\"parse_mode\":\"HTML\"}', 'style:gone'),"
         " (2, 7, 'notice', '{\"text\":\"next\"}', NULL)");
    open_outbox();
    resume();
    struct call *call = next_call();
    CHECK_TEXT(call->method, "sendMessage");
    CHECK(strstr(call->params, "\"text\":\"words\"") != NULL && strstr(call->params, "caption") == NULL);
    answer(call, TELEGRAM_UNAUTHORIZED, NULL); /* from a proxy: it is tried again */
    call = next_call();
    CHECK(strstr(call->params, "words") != NULL);
    answer(call, TELEGRAM_OK, "{\"message_id\":900}");
    call = next_call();
    CHECK(strstr(call->params, "next") != NULL);
    answer(call, TELEGRAM_OK, "{\"message_id\":901}");
    close_outbox();
}

/* A picture that Telegram has goes by its id; if it has it no more, the words go without it. */
static void test_picture_there(void)
{
    tell("INSERT INTO outbox (id, chat_id, kind, body, picture) VALUES"
         " (1, 7, 'screen', '{\"caption\":\"card\",\"parse_mode\":\"HTML\"}', 'file:AgAC-1'),"
         " (2, 7, 'notice', '{\"text\":\"between\"}', NULL),"
         " (3, 7, 'screen', '{\"caption\":\"card\",\"parse_mode\":\"HTML\"}', 'file:AgAC-2')");
    open_outbox();
    resume();
    struct call *call = next_call();
    CHECK_TEXT(call->method, "sendPhoto");
    CHECK(strstr(call->params, "\"photo\":\"AgAC-1\"") != NULL);
    answer(call, TELEGRAM_OK, "{\"message_id\":900,\"photo\":[{\"file_id\":\"AgAC-1\"}]}");
    answer(next_call(), TELEGRAM_OK, "{\"message_id\":901}");
    call = next_call();
    CHECK_TEXT(call->method, "editMessageMedia"); /* a photo stays a photo */
    CHECK(strstr(call->params, "\"media\":\"AgAC-2\"") != NULL);
    answer(call, TELEGRAM_FILE_BAD, NULL);
    call = next_call();
    CHECK_TEXT(call->method, "sendMessage");
    CHECK(strstr(call->params, "\"text\":\"card\"") != NULL);
    answer(call, TELEGRAM_OK, "{\"message_id\":902}");
    CHECK_TEXT(next_call()->method, "deleteMessage");
    close_outbox();
}

/* A newer version left it, and was rolled back: it is passed by, and stays for when that comes again. */
static void test_newer(void)
{
    tell("INSERT INTO outbox (id, chat_id, kind, body) VALUES (1, 7, 'of a newer version', 'what it says'),"
         " (2, 7, 'notice', '{\"text\":\"next\"}'), (3, 8, 'of a newer version', '')");
    for (int life = 0; life < 2; life++) {
        open_outbox();
        resume();
        if (life == 0) {
            struct call *call = next_call();
            CHECK(strstr(call->params, "next") != NULL);
            answer(call, TELEGRAM_OK, "{\"message_id\":900}");
            settle_outcomes();
        }
        for (int i = 0; i < 5; i++)
            go_round();
        CHECK(!outbox_has_outcomes(outbox));
        CHECK_INT(ask("SELECT count(*) FROM outbox WHERE id <> 2"), 2);
        drop_outbox();
    }
    tell("DELETE FROM outbox");
}

static void add_closing(int64_t id, int64_t job_id, const char *kind)
{
    tell(SQL("INSERT INTO outbox (id, chat_id, kind, body, job_id) VALUES (%lld, 7, '%s', '{\"text\":\"%s\"}', %lld)",
             (long long)id, kind, kind, (long long)job_id));
}

/* Photos asked for again are coming until their closing message went, which is after them, also after a restart. */
static void test_coming(void)
{
    int64_t job_id = made_job();
    tell(SQL("UPDATE photo_tasks SET delivery = 'sent', message_id = 950, document_file_id = 'd' || index"
             " WHERE job_id = %lld",
             (long long)job_id));
    add_album(1, job_id, "again", "[0,1]", "NULL");
    add_closing(2, job_id, OUTBOX_AGAIN_END);
    add_album(3, job_id, "files", "[0,1]", "NULL");
    add_closing(4, job_id, OUTBOX_FILES_END);
    open_outbox();
    resume();
    struct call *call = next_call();
    CHECK_TEXT(call->method, "sendMediaGroup");
    CHECK(outbox_is_coming(outbox, 7, job_id, false) && outbox_is_coming(outbox, 7, job_id, true));
    CHECK(!outbox_is_coming(outbox, 7, job_id + 1, false) && !outbox_is_coming(outbox, 8, job_id, false));
    answer(call, TELEGRAM_OK, "[{\"message_id\":960},{\"message_id\":961}]");
    call = next_call();
    CHECK_TEXT(call->method, "sendMessage");
    CHECK(strstr(call->params, OUTBOX_AGAIN_END) != NULL);
    CHECK(outbox_is_coming(outbox, 7, job_id, false));
    answer(call, TELEGRAM_OK, "{\"message_id\":962}");
    CHECK(!outbox_is_coming(outbox, 7, job_id, false) && outbox_is_coming(outbox, 7, job_id, true));
    answer(next_call(), TELEGRAM_OK, "[{\"message_id\":963},{\"message_id\":964}]");
    answer(next_call(), TELEGRAM_OK, "{\"message_id\":965}");
    CHECK(!outbox_is_coming(outbox, 7, job_id, true));
    close_outbox();
}

/* The call that says this, NULL if there is none. */
static struct call *saying(const char *text)
{
    for (size_t i = 0; i < call_count; i++)
        if (!calls[i].answered && !calls[i].open && strstr(calls[i].params, text) != NULL)
            return &calls[i];
    return NULL;
}

/* Somebody presses while a set is on its way: the screen goes between two albums, and while one is looked for, but
 * never while an offered edit could take it for a photo. */
static void test_screen_passes(void)
{
    int64_t job_id = made_job();
    tell("UPDATE photo_tasks SET message_id = NULL");
    add_album(1, job_id, "album", "[0,1,2,3,4,5,6,7,8,9]", "NULL");
    add_album(2, job_id, "album", "[10,11]", "NULL");
    open_outbox();
    outbox_see_message(outbox, 100);
    resume();
    struct outbox_row row = {.id = 3, .chat_id = 7, .kind = "screen", .body = "{\"text\":\"pressed\"}"};
    outbox_add(outbox, &row, 1);
    CHECK(saying("pressed") != NULL); /* the album waits for its turn */
    answer(saying("pressed"), TELEGRAM_OK, "{\"message_id\":102}");

    struct call *album = next_call();
    CHECK_TEXT(album->method, "sendMediaGroup");
    row.id = 4;
    row.fresh = true;
    outbox_add(outbox, &row, 1);
    CHECK(saying("pressed") != NULL); /* the client lets it go when the album has come home */
    answer(album, TELEGRAM_AMBIGUOUS, NULL);
    answer(saying("pressed"), TELEGRAM_OK, "{\"message_id\":112}");
    struct call *offer = next_call();
    CHECK_TEXT(offer->method, "editMessageReplyMarkup");
    CHECK(number_in(offer->params, "message_id") != 112); /* it would lose its buttons */
    row.id = 5;
    outbox_add(outbox, &row, 1);
    CHECK(saying("pressed") == NULL);
    answer(offer, TELEGRAM_GONE, NULL);
    CHECK(saying("pressed") != NULL);
    CHECK(saying("message_id") == NULL); /* nothing is offered while it is on its way */
    answer(saying("pressed"), TELEGRAM_OK, "{\"message_id\":122}");
    for (int i = 0; i < 200 && (offer = next_call()) != NULL && strncmp(offer->method, "edit", 4) == 0; i++) {
        CHECK(number_in(offer->params, "message_id") != 112 && number_in(offer->params, "message_id") != 122);
        answer(offer, TELEGRAM_GONE, NULL);
    }
    CHECK_TEXT(offer->method, "sendMediaGroup");
    close_outbox();
}

/* A new screen that went counts as on its way until that is saved; an edit, and what is looked for, does not. */
static void test_unsaved(void)
{
    struct outbox_row rows[] = {{.id = 1, .chat_id = 7, .kind = "screen", .body = "{\"text\":\"a\"}"},
                                {.id = 2, .chat_id = 7, .kind = "screen", .body = "{\"text\":\"edited\"}"},
                                {.id = 3, .chat_id = 8, .kind = "notice", .body = "{\"text\":\"b\"}"},
                                {.id = 4, .chat_id = 9, .kind = "screen", .body = "{\"text\":\"c\"}"}};
    open_outbox();
    resume();
    CHECK_INT(held_count, 0);
    outbox_add(outbox, rows, 1);
    answer(next_call(), TELEGRAM_OK, "{\"message_id\":900}");
    CHECK_INT(held_count, 1);
    outbox_add(outbox, &rows[1], 2);
    for (int i = 0; i < 2; i++)
        answer(next_call(), TELEGRAM_OK, "{\"message_id\":901}");
    CHECK_INT(held_count, 1);
    struct outbox_outcomes outcomes = outbox_take(outbox, &arena);
    CHECK_INT(outcomes.done_count, 3);
    outbox_add(outbox, &rows[3], 1);
    answer(next_call(), TELEGRAM_OK, "{\"message_id\":902}");
    CHECK_INT(held_count, 2);
    outbox_committed(outbox);
    CHECK_INT(held_count, 1);
    close_outbox();
}

static const struct screen_outcome *screen_in(const struct outbox_outcomes *outcomes, int64_t chat_id)
{
    const struct screen_outcome *found = NULL;
    for (size_t i = 0; i < outcomes->screen_count; i++) {
        CHECK(found == NULL || outcomes->screens[i].chat_id != chat_id); /* the statement changes a row once */
        found = outcomes->screens[i].chat_id == chat_id ? &outcomes->screens[i] : found;
    }
    return found;
}

/* What is learned while a turn loads goes with its commit, in which a chat has one screen, the newest; but not without
 * the news of it. */
static void test_take_more(void)
{
    int64_t job_id = made_job();
    struct outbox_row rows[] = {{.id = 1, .chat_id = 8, .kind = "screen", .body = "{\"text\":\"a\"}"},
                                {.id = 2, .chat_id = 8, .kind = "screen", .body = "{\"text\":\"b\"}", .fresh = true},
                                {.id = 3, .chat_id = 9, .kind = "screen", .body = "{\"text\":\"c\"}"}};
    open_outbox();
    resume();
    outbox_add(outbox, rows, 1);
    answer(next_call(), TELEGRAM_OK, "{\"message_id\":900}");
    struct outbox_outcomes outcomes = outbox_take(outbox, &arena);
    outbox_add(outbox, &rows[1], 2);
    answer(next_call(), TELEGRAM_OK, "{\"message_id\":901}");
    answer(next_call(), TELEGRAM_OK, "{\"message_id\":902}");
    outbox_take_more(outbox, &arena, &outcomes);
    CHECK(!outbox_has_outcomes(outbox));
    CHECK_INT(outcomes.done_count, 3);
    for (size_t i = 0; i < outcomes.done_count; i++)
        CHECK_INT(outcomes.done[i].row_id, i + 1);
    CHECK_INT(screen_in(&outcomes, 8)->message_id, 901);
    CHECK_INT(screen_in(&outcomes, 9)->message_id, 902);
    struct outbox_row album = {.id = 4, .chat_id = 7, .kind = "album", .body = "[0,1]", .job_id = job_id};
    outbox_add(outbox, &album, 1);
    answer(next_call(), TELEGRAM_OK, "[{\"message_id\":910},{\"message_id\":911}]");
    outbox_take_more(outbox, &arena, &outcomes);
    CHECK_INT(outcomes.done_count, 3);
    CHECK_INT(outcomes.photo_count, 0);
    outbox_committed(outbox);
    outcomes = outbox_take(outbox, &arena);
    CHECK(outcomes.done_count == 1 && outcomes.photo_count == 2 && outcomes.news_count == 1);
    outbox_committed(outbox);
    close_outbox();
}

/* Once the end was asked for nothing is begun: the rows stay. */
static void test_stop(void)
{
    open_outbox();
    resume();
    struct outbox_row rows[] = {{.id = 1, .chat_id = 7, .kind = "notice", .body = "{\"text\":\"a\"}"},
                                {.id = 2, .chat_id = 7, .kind = "notice", .body = "{\"text\":\"b\"}"},
                                {.id = 3, .chat_id = 8, .kind = "notice", .body = "{\"text\":\"c\"}"}};
    outbox_add(outbox, rows, 2);
    (void)next_call();
    stop.asked = true;
    outbox_add(outbox, &rows[2], 1);
    CHECK_INT(call_count, 1);
    answer(next_call(), TELEGRAM_OK, "{\"message_id\":900}");
    CHECK_INT(call_count, 1);
    close_outbox();
}

int main(void)
{
    begin("fotoset_test_outbox");
    test_picture_gone();
    test_picture_there();
    test_newer();
    test_coming();
    test_screen_passes();
    test_unsaved();
    test_take_more();
    test_stop();
    end();
    return 0;
}
