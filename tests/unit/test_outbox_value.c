/* A Telegram that fails for hours: every message is tried until it went; and what is looked for takes no other's place.
 * Run by tests/postgres run, which sets FOTOSET_TEST_CONNINFO. */
#include "tests/unit/outbox_stage.h"

enum { FAILURES = 150 /* with waits of up to a minute: more than an hour */ };

/* Fails as often as the row is tried, up to FAILURES times; how often that was. */
static int fail(const char *text)
{
    int failed = 0;
    for (; failed < FAILURES; failed++) {
        struct call *call = next_call();
        if (strstr(call->params, text) == NULL)
            return failed;
        answer_code(call, failed % 2 == 0 ? TELEGRAM_RETRY : TELEGRAM_AMBIGUOUS, 502, NULL);
    }
    return failed;
}

static struct call *call_saying(const char *text)
{
    struct call *call = next_call();
    if (strstr(call->params, text) != NULL)
        return call;
    call->answered = true; /* for now */
    struct call *found = call_saying(text);
    call->answered = false;
    return found;
}

/* What closes photos sent again stands in a line of its own. Its answer is lost, and a word of the other line goes
 * behind it: that one is never offered to be what is looked for, in this life or the next. */
static void leaves_the_others_words(bool dies)
{
    tell("INSERT INTO outbox (id, chat_id, kind, body) VALUES"
         " (11, 7, 'notice', '{\"text\":\"paid\"}'), (12, 7, 'again_end', '{\"text\":\"sent once more\"}')");
    tell("UPDATE bot_state SET high_message_id = 0");
    open_outbox();
    resume();
    answer(call_saying("sent once more"), TELEGRAM_AMBIGUOUS, NULL);
    answer(call_saying("paid"), TELEGRAM_OK, "{\"message_id\":3}");
    settle_outcomes();
    if (dies) {
        drop_outbox();
        open_outbox();
        resume();
    }
    for (int64_t above = ask("SELECT attempted_after FROM outbox WHERE id = 12"), id = above + 1; id < above + 5;
         id++) {
        if (id == 3)
            continue;
        struct call *call = next_call();
        CHECK_TEXT(call->method, "editMessageText");
        CHECK_INT(number_in(call->params, "message_id"), id);
        answer(call, TELEGRAM_BAD, NULL);
    }
    answer(next_call(), TELEGRAM_OK, NULL);
    close_outbox();
}

/* An album is looked for as soon as the word that was on its way has come home, and just then no call is taken: the
 * word is gone all the same, and does not go once more. */
static void a_word_comes_home_once(void)
{
    add_album(11, made_job(), "album", "[0,1,2]", "100");
    tell("INSERT INTO outbox (id, chat_id, kind, body) VALUES (12, 7, 'screen', '{\"text\":\"menu\"}')");
    open_outbox();
    resume();
    struct call *menu = next_call();
    CHECK(strstr(menu->params, "menu") != NULL);
    for (int i = 0; i < 50; i++) /* the search waits for it */
        go_round();
    refused_next = 1;
    answer(menu, TELEGRAM_OK, "{\"message_id\":200}");
    CHECK_INT(refused_next, 0);
    struct call *call = next_call();
    CHECK(strstr(call->params, "menu") == NULL);
    CHECK_TEXT(call->method, "editMessageReplyMarkup");
    close_outbox();
}

int main(void)
{
    begin("fotoset_test_outbox_value");
    leaves_the_others_words(false);
    leaves_the_others_words(true);
    a_word_comes_home_once();
    tell("INSERT INTO outbox (id, chat_id, kind, body) VALUES"
         " (1, 7, 'notice', '{\"text\":\"paid\"}'),"
         " (2, 7, 'screen', '{\"text\":\"menu\"}'),"
         " (3, 7, 'notice', '{\"text\":\"ready\"}')");
    open_outbox();
    resume();
    CHECK_INT(fail("paid"), FAILURES);
    answer(next_call(), TELEGRAM_OK, "{\"message_id\":900}");
    CHECK_INT(fail("menu"), FAILURES); /* it may be what says so */
    answer(next_call(), TELEGRAM_OK, "{\"message_id\":902}");
    CHECK_INT(fail("ready"), FAILURES);
    answer(next_call(), TELEGRAM_OK, "{\"message_id\":901}");
    close_outbox();
    end();
    return 0;
}
