/* Messages to a topic of the chat, against a real Postgres and a Telegram that is played here: new ones go to the topic
 * they answer in, edits stay where they are, and a topic that is gone costs the topic, not the message. Run by
 * tests/postgres run, which sets FOTOSET_TEST_CONNINFO. */
#include "tests/unit/outbox_stage.h"

enum { TOPIC = 77 };

static void check_topic(const struct call *call, const char *method, int topic)
{
    CHECK_TEXT(call->method, method);
    CHECK_INT(number_in(call->params, "chat_id"), 7);
    CHECK_INT(number_in(call->params, "message_thread_id"), topic);
}

static void test_messages(void)
{
    tell("INSERT INTO outbox (id, chat_id, kind, body, fresh, thread_id) VALUES"
         " (1, 7, 'notice', '{\"text\":\"one\"}', FALSE, 77), (2, 7, 'screen', '{\"text\":\"two\"}', TRUE, 77),"
         " (3, 7, 'notice', '{\"text\":\"three\"}', FALSE, 0), (4, 7, 'screen', '{\"text\":\"four\"}', FALSE, 77)");
    open_outbox();
    resume();
    struct call *call = next_call();
    check_topic(call, "sendMessage", TOPIC);
    answer(call, TELEGRAM_OK, "{\"message_id\":900}");
    call = next_call();
    check_topic(call, "sendMessage", TOPIC);
    answer(call, TELEGRAM_OK, "{\"message_id\":901}");
    call = next_call();
    check_topic(call, "sendMessage", 0);
    answer(call, TELEGRAM_OK, "{\"message_id\":902}");
    call = next_call();
    check_topic(call, "editMessageText", 0);
    CHECK_INT(number_in(call->params, "message_id"), 901);
    answer(call, TELEGRAM_GONE, NULL); /* with its topic, say */
    call = next_call();
    check_topic(call, "sendMessage", TOPIC);
    answer(call, TELEGRAM_GONE, NULL);
    call = next_call();
    check_topic(call, "sendMessage", 0);
    CHECK(strstr(call->params, "four") != NULL);
    answer(call, TELEGRAM_OK, "{\"message_id\":903}");
    CHECK_INT(outbox_pending(outbox), 0);
    settle_outcomes();
    close_outbox();
}

static void test_album(void)
{
    int64_t job_id = made_job();
    add_album(1, job_id, "album", "[0,1]", "NULL");
    add_album(2, job_id, "files", "[2]", "NULL");
    tell("UPDATE outbox SET thread_id = 77");
    tell("UPDATE photo_tasks SET document_file_id = 'd' || index");
    open_outbox();
    resume();
    struct call *call = next_call();
    check_topic(call, "sendMediaGroup", TOPIC);
    answer(call, TELEGRAM_GONE, NULL);
    call = next_call();
    check_topic(call, "sendMediaGroup", 0);
    answer(call, TELEGRAM_OK, "[{\"message_id\":910},{\"message_id\":911}]");
    call = next_call();
    check_topic(call, "sendDocument", TOPIC);
    answer(call, TELEGRAM_OK, "{\"message_id\":912}");
    CHECK_INT(outbox_pending(outbox), 0);
    settle_outcomes();
    CHECK_INT(sent_of(job_id), 2);
    close_outbox();
}

int main(void)
{
    begin("fotoset_test_outbox_topics");
    test_messages();
    test_album();
    end();
    return 0;
}
