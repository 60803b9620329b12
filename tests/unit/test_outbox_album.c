/* An album's way to the chat: none twice that can be known, however busy the bot, and none that blocks its chat for
 * ever. Run by tests/postgres run, which sets FOTOSET_TEST_CONNINFO. */
#include "tests/unit/outbox_stage.h"

enum { ALBUM = 10, HERE_MAX = 64 };

/* The chat as Telegram knows it: messages of ours in it, each with its caption. */
static struct message_here {
    int64_t id;
    char caption[24];
    bool keyboard;
} here[HERE_MAX];
static size_t here_count;

static void put_here(int64_t id, const char *caption)
{
    CHECK(here_count < HERE_MAX);
    here[here_count].id = id;
    here[here_count].keyboard = false;
    (void)snprintf(here[here_count++].caption, sizeof here[0].caption, "%s", caption);
}

static void put_album_here(int64_t first_id, int first_index, int count)
{
    for (int i = 0; i < count; i++) {
        char caption[24];
        (void)snprintf(caption, sizeof caption, "%d/23", first_index + i + 1);
        put_here(first_id + i, caption);
    }
}

/* Answers an offered edit as Telegram would; nothing of ours may be changed by it. */
static void play_edit(struct call *call)
{
    struct json_object *json = json_tokener_parse(call->params), *caption = NULL;
    bool has_caption = json_object_object_get_ex(json, "caption", &caption);
    CHECK(has_caption == (strcmp(call->method, "editMessageCaption") == 0));
    const struct message_here *message = NULL;
    for (size_t i = 0; i < here_count; i++)
        if (here[i].id == number_in(call->params, "message_id"))
            message = &here[i];
    bool text = message != NULL && message->caption[0] == '\0';
    if (message == NULL || (text && has_caption)) {
        answer(call, TELEGRAM_GONE, NULL);
    } else {
        CHECK(!message->keyboard);
        if (has_caption)
            CHECK_TEXT(json_object_get_string(caption), message->caption);
        answer(call, TELEGRAM_OK, NULL);
    }
    json_object_put(json);
}

/* Plays on until something else than an offered edit is called, or all is quiet; how many edits that took. */
static int play_search(struct call **ret_next)
{
    int edits = 0;
    *ret_next = NULL;
    while (outbox_pending(outbox) > 0) {
        struct call *call = next_call();
        if (strncmp(call->method, "editMessage", 11) != 0) {
            *ret_next = call;
            break;
        }
        play_edit(call);
        edits++;
    }
    return edits;
}

static void open_with_album(int64_t job_id, const char *indexes, const char *tried_after)
{
    here_count = 0;
    add_album(1, job_id, "album", indexes, tried_after);
    open_outbox();
}

static int64_t id_of(int64_t job_id, int index)
{
    return ask(SQL("SELECT message_id FROM photo_tasks WHERE job_id = %lld AND index = %d", (long long)job_id, index));
}

static const char *const ten = "[0,1,2,3,4,5,6,7,8,9]";

/* Between the attempt and the search a busy bot's ids have run on: the album lies far above the last one known then. */
static void test_lost_on_busy_bot(void)
{
    static const int64_t firsts[] = {101, 102, 110, 111, 1503, 2571};
    for (size_t i = 0; i < sizeof firsts / sizeof firsts[0]; i++) {
        int64_t job_id = made_job();
        struct call *next;
        tell("UPDATE photo_tasks SET message_id = NULL");
        open_with_album(job_id, ten, "100");
        put_album_here(firsts[i], 0, ALBUM);
        outbox_see_message(outbox, i < 4 ? 100 : i == 4 ? 1600 : 2100);
        resume();
        int edits = play_search(&next);
        CHECK(next == NULL);
        CHECK(edits <= 200 + 2 * ALBUM);
        settle_outcomes();
        CHECK_INT(sent_of(job_id), ALBUM);
        CHECK_INT(id_of(job_id, 0), firsts[i]);
        CHECK_INT(id_of(job_id, ALBUM - 1), firsts[i] + ALBUM - 1);
        close_outbox();
    }
}

/* Nobody said how far the ids had run on: the last album of a set lies above them all, and it is a small one. */
static void test_lost_far_above(void)
{
    int64_t job_id = made_job();
    struct call *next;
    tell("UPDATE photo_tasks SET message_id = NULL");
    open_with_album(job_id, "[0,1,2]", "100");
    put_album_here(400, 0, 3);
    outbox_see_message(outbox, 100);
    resume();
    CHECK(play_search(&next) <= 160 + 2 * 3);
    CHECK(next == NULL);
    settle_outcomes();
    CHECK_INT(sent_of(job_id), 3);
    close_outbox();
}

/* What was never there is looked for in a bounded number of steps, and sent. When the search is too wide, it is looked
 * for from both ends. */
static void test_never_arrived(void)
{
    int64_t job_id = made_job();
    struct call *next;
    tell("UPDATE photo_tasks SET message_id = NULL");
    open_with_album(job_id, ten, "100");
    put_here(1000050, ""); /* a text of ours: hit by the search, and no photo */
    outbox_see_message(outbox, 1000000);
    resume();
    int edits = play_search(&next);
    CHECK(edits >= 400 && edits <= 400 + 2 * ALBUM);
    CHECK(next != NULL);
    CHECK_TEXT(next->method, "sendMediaGroup");
    outbox_see_message(outbox, 1000300);
    answer(next, TELEGRAM_AMBIGUOUS, NULL);
    CHECK_INT(number_in(next_call()->params, "message_id"), 1000010); /* only what the second try may have made */
    (void)play_search(&next);
    outbox_see_message(outbox, 1200000);
    put_album_here(1199000, 0, ALBUM);
    answer(next, TELEGRAM_AMBIGUOUS, NULL); /* the second try is looked for where it was made */
    (void)play_search(&next);
    CHECK(next == NULL);
    close_outbox();

    static const int64_t firsts[] = {103, 1999, 998600, 999990, 1000007};
    for (size_t i = 0; i < sizeof firsts / sizeof firsts[0]; i++) {
        tell("UPDATE photo_tasks SET message_id = NULL, delivery = 'queued'");
        open_with_album(job_id, ten, "100");
        put_album_here(firsts[i], 0, ALBUM);
        outbox_see_message(outbox, 1000000);
        resume();
        (void)play_search(&next);
        CHECK(next == NULL);
        settle_outcomes();
        CHECK_INT(sent_of(job_id), ALBUM);
        close_outbox();
    }
}

/* While the search is held up, ids run on: the lost album does not. */
static void test_search_held_up(void)
{
    int64_t job_id = made_job();
    struct call *next;
    tell("UPDATE photo_tasks SET message_id = NULL");
    open_with_album(job_id, ten, "100");
    put_album_here(1000, 0, ALBUM);
    outbox_see_message(outbox, 1200);
    resume();
    answer(next_call(), TELEGRAM_AMBIGUOUS, NULL); /* an hour without Telegram */
    outbox_see_message(outbox, 500000);
    (void)play_search(&next);
    CHECK(next == NULL);
    settle_outcomes();
    CHECK_INT(sent_of(job_id), ALBUM);
    close_outbox();
}

/* Photos found before the search was disturbed, or sent one by one, are not looked for or sent again, although no turn
 * has committed them yet. */
static void test_remembers_uncommitted(void)
{
    int64_t job_id = made_job();
    struct call *call, *next;
    tell("UPDATE photo_tasks SET message_id = NULL");
    open_with_album(job_id, "[0,1,2]", "100");
    put_album_here(105, 0, 3);
    resume();
    for (call = next_call(); number_in(call->params, "message_id") != 106 || strstr(call->params, "2/23") == NULL;
         call = next_call())
        play_edit(call);
    answer(call, TELEGRAM_RETRY, NULL);
    (void)play_search(&next); /* play_edit checks that photo 1 is not offered the caption of photo 2 */
    CHECK(next == NULL);
    settle_outcomes();
    CHECK_INT(sent_of(job_id), 3);
    close_outbox();

    job_id = made_job();
    open_with_album(job_id, "[0,1]", "NULL");
    resume();
    answer(next_call(), TELEGRAM_BAD, NULL);
    call = next_call();
    CHECK_TEXT(call->method, "sendPhoto");
    answer(call, TELEGRAM_OK, "{\"message_id\":300}");
    answer(next_call(), TELEGRAM_RETRY, NULL);
    call = next_call();
    CHECK_TEXT(call->method, "sendPhoto");
    CHECK(strstr(call->params, "\"f1\"") != NULL);
    answer(call, TELEGRAM_OK, "{\"message_id\":301}");
    CHECK_INT(outbox_pending(outbox), 0);
    close_outbox();
}

/* Plays until the album's next try, answering the search. */
static struct call *next_try(void)
{
    struct call *next;
    (void)play_search(&next);
    CHECK(next != NULL);
    return next;
}

/* One file makes the server fail on its album for ever: the others arrive, it is given up, and the job hears of it. */
static void test_file_that_breaks_the_server(void)
{
    int64_t job_id = made_job();
    tell("UPDATE photo_tasks SET message_id = NULL");
    open_with_album(job_id, "[0,1,2,3,4]", "NULL");
    resume();
    for (int i = 0; i < 5; i++) {
        struct call *call = next_try();
        CHECK_TEXT(call->method, "sendMediaGroup");
        answer_code(call, TELEGRAM_AMBIGUOUS, 500, NULL);
    }
    struct call *call = next_try();
    CHECK_TEXT(call->method, "sendPhoto");
    CHECK(strstr(call->params, "\"f0\"") != NULL);
    answer(call, TELEGRAM_OK, "{\"message_id\":300}");
    for (int i = 0; i < 10; i++) {
        call = next_try();
        CHECK(strstr(call->params, "\"f1\"") != NULL);
        answer_code(call, TELEGRAM_AMBIGUOUS, 500, NULL);
    }
    call = next_try();
    CHECK(strstr(call->params, "\"f2\"") != NULL); /* do others go? */
    answer(call, TELEGRAM_OK, "{\"message_id\":302}");
    for (int i = 0; i < 3; i++) {
        call = next_try();
        CHECK(strstr(call->params, "\"f1\"") != NULL);
        answer_code(call, TELEGRAM_AMBIGUOUS, 500, NULL);
    }
    call = next_try();
    CHECK(strstr(call->params, "\"f3\"") != NULL);
    answer_code(call, TELEGRAM_AMBIGUOUS, 500, NULL); /* it arrived, though, alone */
    put_album_here(303, 3, 1);
    call = next_try();
    CHECK(strstr(call->params, "\"f4\"") != NULL);
    answer(call, TELEGRAM_OK, "{\"message_id\":306}");
    CHECK_INT(outbox_pending(outbox), 0);
    CHECK_INT(outbox_patience_ms(outbox), 0); /* the job is told */
    settle_outcomes();
    CHECK_INT(sent_of(job_id), 4);
    CHECK_INT(id_of(job_id, 3), 303);
    CHECK_INT(ask(SQL("SELECT index FROM photo_tasks WHERE job_id = %lld AND delivery = 'refused'", (long long)job_id)),
              1);
    CHECK_INT(ask("SELECT count(*) FROM outbox"), 0);
    close_outbox();
}

/* What fails for all is no photo's fault: however often, it is tried again, looked for before, and arrives. */
static void test_never_given_up(void)
{
    int64_t job_id = made_job();
    struct call *call;
    tell("UPDATE photo_tasks SET message_id = NULL");
    open_with_album(job_id, "[0,1]", "NULL");
    resume();
    for (int i = 0; i < 200; i++) {
        call = next_try();
        CHECK_TEXT(call->method, i < 5 ? "sendMediaGroup" : "sendPhoto");
        answer_code(call, TELEGRAM_AMBIGUOUS, i % 2 == 0 ? 502 : 0, NULL);
        call_count = 0;
    }
    while (outbox_pending(outbox) > 0) {
        call = next_try();
        CHECK_TEXT(call->method, "sendPhoto");
        answer(call, TELEGRAM_OK, "{\"message_id\":300}");
        if (strstr(call->params, "\"f1\"") != NULL)
            break;
    }
    settle_outcomes();
    CHECK_INT(
        ask(SQL("SELECT count(*) FROM photo_tasks WHERE job_id = %lld AND delivery = 'refused'", (long long)job_id)),
        0);
    close_outbox();
}

/* A try that surely did not arrive moves the lower end up: an hour of 429 does not widen the search. */
static void test_lower_end_follows(void)
{
    int64_t job_id = made_job();
    tell("UPDATE photo_tasks SET message_id = NULL");
    open_with_album(job_id, ten, "NULL");
    outbox_see_message(outbox, 100);
    resume();
    struct call *call = next_call();
    CHECK_INT(ask("SELECT attempted_after FROM outbox"), 100);
    outbox_see_message(outbox, 90000);
    answer(call, TELEGRAM_RETRY, NULL);
    call = next_call();
    CHECK_TEXT(call->method, "sendMediaGroup"); /* not looked for: it surely did not arrive */
    CHECK_INT(ask("SELECT attempted_after FROM outbox"), 90000);
    outbox_see_message(outbox, 95000);
    answer(call, TELEGRAM_AMBIGUOUS, NULL);
    call = next_call();
    CHECK_INT(number_in(call->params, "message_id"), 90010); /* 500 steps up to 95000, and 480 ids more */
    answer(call, TELEGRAM_GONE, NULL);
    CHECK_INT(number_in(next_call()->params, "message_id"), 95480);
    CHECK_INT(ask("SELECT attempted_after FROM outbox"), 90000);
    close_outbox();
}

/* An edit that changed something has found nothing, and photos known to be older are left alone. */
static void test_search_begins_above(void)
{
    int64_t job_id = made_job();
    tell("UPDATE photo_tasks SET message_id = NULL");
    tell(SQL("UPDATE photo_tasks SET delivery = 'sent', message_id = 101 + index WHERE job_id = %lld AND index < 2",
             (long long)job_id));
    open_with_album(job_id, "[2,3]", "100");
    resume();
    struct call *call = next_call();
    CHECK_TEXT(call->method, "editMessageReplyMarkup");
    CHECK_INT(number_in(call->params, "message_id"), 104); /* 101 and 102 are photos 1 and 2 */
    answer(call, TELEGRAM_OK, "{\"message_id\":104}");     /* it lost a keyboard: it was no photo */
    call = next_call();
    CHECK_INT(number_in(call->params, "message_id"), 422); /* from above */
    answer(call, TELEGRAM_GONE, NULL);
    call = next_call();
    CHECK_TEXT(call->method, "editMessageReplyMarkup");
    CHECK_INT(number_in(call->params, "message_id"), 106);
    answer(call, TELEGRAM_OK, NULL);
    call = next_call();
    CHECK_TEXT(call->method, "editMessageCaption");
    CHECK_INT(number_in(call->params, "message_id"), 105);
    answer(call, TELEGRAM_OK, "{\"message_id\":105}"); /* it took the caption: it was another one */
    call = next_call();
    CHECK_INT(number_in(call->params, "message_id"), 106);
    CHECK(strstr(call->params, "3/23") != NULL);
    answer(call, TELEGRAM_OK, NULL); /* photo 3 */
    for (call = next_call(); strcmp(call->method, "editMessageCaption") == 0; call = next_call())
        answer(call, TELEGRAM_GONE, NULL);
    CHECK_TEXT(call->method, "sendPhoto");             /* photo 4 was not found */
    CHECK_INT(call->repeat, TELEGRAM_REPEAT_NOT_DONE); /* nobody repeats it but the outbox, which looks first */
    CHECK(strstr(call->params, "\"f3\"") != NULL);
    answer(call, TELEGRAM_OK, "{\"message_id\":300,\"photo\":[{\"file_id\":\"f3\"}]}");
    settle_outcomes();
    CHECK_INT(sent_of(job_id), 4);
    CHECK_INT(id_of(job_id, 2), 106);
    CHECK_INT(ask("SELECT count(*) FROM outbox"), 0);
    close_outbox();
}

/* An answer that says nothing about the message is no "not there". */
static void test_search_disturbed(void)
{
    int64_t job_id = made_job();
    tell("UPDATE photo_tasks SET message_id = NULL");
    open_with_album(job_id, "[0,1]", "500");
    resume();
    enum telegram_class nothing[] = {TELEGRAM_RETRY, TELEGRAM_AMBIGUOUS, TELEGRAM_CONFLICT, TELEGRAM_UNAUTHORIZED};
    struct call *next, *call = next_call();
    for (size_t i = 0; i < sizeof nothing / sizeof nothing[0]; call = next_call(), i++) {
        CHECK_INT(number_in(call->params, "message_id"), 502); /* from the beginning */
        answer(call, nothing[i], NULL);
    }
    CHECK_INT(number_in(call->params, "message_id"), 502);
    put_album_here(501, 0, 2);
    (void)play_search(&next);
    CHECK(next == NULL);
    settle_outcomes();
    CHECK_INT(sent_of(job_id), 2);
    close_outbox();
}

/* What the search found lies below whatever is sent afterwards: the next album of the set is never looked for among the
 * photos of the one before, not even by a life that has nothing but the row to go by. */
static void test_found_album_lies_below(void)
{
    int64_t job_id = made_job();
    struct call *next;
    tell("UPDATE photo_tasks SET message_id = NULL");
    open_with_album(job_id, "[10,11,12,13,14,15,16,17,18,19]", "100");
    add_album(2, job_id, "album", "[20,21,22]", "NULL");
    put_album_here(105, 10, ALBUM);
    resume();
    (void)play_search(&next);
    CHECK(next != NULL);
    CHECK_TEXT(next->method, "sendMediaGroup");
    CHECK_INT(ask("SELECT attempted_after FROM outbox WHERE id = 2"), 114);
    put_album_here(130, 20, 3);
    answer(next, TELEGRAM_AMBIGUOUS, NULL);
    (void)play_search(&next); /* play_edit checks that no photo is offered another one's caption */
    CHECK(next == NULL);
    settle_outcomes();
    CHECK_INT(sent_of(job_id), ALBUM + 3);
    CHECK_INT(id_of(job_id, 20), 130);
    close_outbox();
}

int main(void)
{
    begin("fotoset_test_outbox_album");
    test_lost_on_busy_bot();
    test_lost_far_above();
    test_never_arrived();
    test_search_held_up();
    test_remembers_uncommitted();
    test_file_that_breaks_the_server();
    test_never_given_up();
    test_lower_end_follows();
    test_search_begins_above();
    test_found_album_lies_below();
    test_search_disturbed();
    end();
    return 0;
}
