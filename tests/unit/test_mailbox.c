/* The mailbox: news go through in order; those that should have a row but came without it are looked for instead. */
#include "bot/base/mailbox.h"
#include "tests/check.h"

static void test_order(void)
{
    struct event taken[2];
    struct mailbox *mailbox = mailbox_new();
    for (int64_t i = 1; i <= 100; i++)
        mailbox_put(mailbox, &(struct event){.kind = EVENT_JOB_PROGRESS, .news_id = i});
    for (int64_t i = 1; i <= 99; i += 2) {
        CHECK_INT(mailbox_count(mailbox), 101 - i);
        CHECK_INT(mailbox_take(mailbox, taken, 2), 2);
        CHECK_INT(taken[0].news_id, i);
        CHECK_INT(taken[1].news_id, i + 1);
    }
    CHECK_INT(mailbox_take(mailbox, taken, 2), 0);
    CHECK(!mailbox_take_look(mailbox));
    mailbox_free(mailbox);
}

/* Whoever hears of an end that an earlier try has written down has no row of it: told again, it would be told twice. */
static void test_without_row(void)
{
    struct mailbox *mailbox = mailbox_new();
    mailbox_put(mailbox, &(struct event){.kind = EVENT_PAYMENT_SETTLED, .chat_id = 1, .object = 2});
    CHECK_INT(mailbox_count(mailbox), 0);
    CHECK(mailbox_take_look(mailbox));
    CHECK(!mailbox_take_look(mailbox)); /* once */
    mailbox_put(mailbox, &(struct event){.kind = EVENT_WAKE, .chat_id = 1});
    mailbox_put(mailbox, &(struct event){.kind = EVENT_PAYMENT_PENDING, .chat_id = 1});
    mailbox_put(mailbox, &(struct event){.kind = EVENT_PAYMENT_FAILED, .chat_id = 1, .asked = true});
    CHECK_INT(mailbox_count(mailbox), 3);
    CHECK(!mailbox_take_look(mailbox));
    mailbox_free(mailbox);
}

int main(void)
{
    test_order();
    test_without_row();
    return 0;
}
