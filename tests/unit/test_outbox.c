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
    outbox_resume(shop.outbox);
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

/* The same photos asked for many times in a row go once; others keep their place. */
static void test_asked_twice(void)
{
    int64_t job_id = made_job();
    tell(SQL("UPDATE photo_tasks SET delivery = 'sent', message_id = 950 WHERE job_id = %lld", (long long)job_id));
    for (int i = 0; i < 10; i++) {
        add_album(1 + 2 * i, job_id, "again", "[0,1]", "NULL");
        add_album(2 + 2 * i, job_id, "again", "[2,3]", "NULL");
    }
    open_outbox();
    outbox_resume(shop.outbox);
    struct call *call = next_call();
    CHECK_TEXT(call->method, "sendMediaGroup");
    CHECK(strstr(call->params, "\"f0\"") != NULL);
    answer(call, TELEGRAM_OK, "[{\"message_id\":960},{\"message_id\":961}]");
    call = next_call();
    CHECK(strstr(call->params, "\"f2\"") != NULL);
    answer(call, TELEGRAM_OK, "[{\"message_id\":962},{\"message_id\":963}]");
    CHECK_INT(outbox_pending(shop.outbox), 0);
    settle_outcomes();
    CHECK_INT(ask("SELECT count(*) FROM outbox"), 0);
    close_outbox();
}

int main(void)
{
    begin("fotoset_test_outbox");
    test_picture_gone();
    test_asked_twice();
    end();
    return 0;
}
