/* A Telegram that fails for hours: every message is tried until it went. Run by tests/postgres
 * run, which sets FOTOSET_TEST_CONNINFO. */
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

int main(void)
{
    begin("fotoset_test_outbox_value");
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
