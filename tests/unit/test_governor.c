/* The governor with a clock that only moves when told. */
#include "bot/services/telegram/governor.h"
#include "tests/check.h"

static const struct governor_config usual = {.chat_rate_s = 1,
                                             .global_rate_s = 30,
                                             .chat_burst = 3,
                                             .global_burst = 30,
                                             .max_in_flight = 1000,
                                             .max_uploads = 1000};

enum { ITEMS = 200 };
static struct governor_item items[ITEMS];
static size_t used;

static struct governor_item *add(struct governor *governor, int64_t now_ms, int64_t chat_id, int cost)
{
    struct governor_item *item = &items[used++ % ITEMS];
    *item = (struct governor_item){.chat_id = chat_id, .cost = cost, .chat_cost = cost};
    governor_add(governor, now_ms, item);
    return item;
}

/* Send and finish what may go; how many went. */
static int drain(struct governor *governor, int64_t now_ms)
{
    struct governor_item *item;
    int count = 0;
    while ((item = governor_next(governor, now_ms)) != NULL) {
        governor_done(governor, now_ms, item);
        count++;
    }
    return count;
}

static void limited(struct governor *governor, int64_t now_ms, struct governor_item *item, int64_t retry_after_ms)
{
    governor_limited(governor, now_ms, item, retry_after_ms);
    governor_again(governor, now_ms, item, retry_after_ms);
}

static void test_chat_rate(void)
{
    struct governor *governor = governor_new(&usual, 1000);
    for (int i = 0; i < 6; i++)
        add(governor, 1000, 5, 1);
    CHECK_INT(drain(governor, 1000), 3); /* a burst, then one a second */
    CHECK_INT(governor_deadline_ms(governor), 2000);
    CHECK_INT(drain(governor, 1999), 0);
    CHECK_INT(drain(governor, 2000), 1);
    CHECK_INT(drain(governor, 2999), 0);
    CHECK_INT(drain(governor, 3000), 1);
    CHECK_INT(drain(governor, 60000), 1);
    CHECK_INT(governor_chats(governor), 1);
    CHECK_INT(drain(governor, 61000), 0);
    CHECK_INT(governor_chats(governor), 0); /* idle and paid back: forgotten */
    CHECK_INT(governor_deadline_ms(governor), INT64_MAX);
    governor_free(governor);
}

static void test_album(void)
{
    struct governor *governor = governor_new(&usual, 0);
    struct governor_item *album = add(governor, 0, 5, 10), *next = add(governor, 0, 5, 1);
    CHECK(governor_next(governor, 0) == album);
    governor_done(governor, 0, album);
    CHECK(governor_next(governor, 0) == NULL); /* 3 - 5: three seconds until there is one token again */
    CHECK(governor_next(governor, 2999) == NULL);
    CHECK(governor_next(governor, 3000) == next);
    governor_free(governor);
}

/* What a chat owes is counted from when it sent, not from when it began to wait for the others. */
static void test_late_debt(void)
{
    struct governor_config narrow = usual;
    narrow.max_in_flight = 1;
    struct governor *governor = governor_new(&narrow, 0);
    struct governor_item *first = add(governor, 0, 6, 1), *album = add(governor, 0, 5, 10),
                         *next = add(governor, 0, 5, 1);
    CHECK(governor_next(governor, 0) == first);
    governor_done(governor, 60000, first); /* only now there is room */
    CHECK(governor_next(governor, 60000) == album);
    governor_done(governor, 60000, album);
    CHECK(governor_next(governor, 62999) == NULL);
    CHECK(governor_next(governor, 63000) == next);
    governor_free(governor);
}

/* An edit does not wait for its chat's rate, nor use it up; in all it counts like a message. */
static void test_edits(void)
{
    struct governor *governor = governor_new(&usual, 0);
    struct governor_item edits[40] = {0};
    for (int i = 0; i < 5; i++)
        add(governor, 0, 5, 1);
    CHECK_INT(drain(governor, 0), 3);
    CHECK_INT(drain(governor, 2000), 2); /* its burst is spent */
    for (int i = 0; i < 40; i++) {
        edits[i] = (struct governor_item){.chat_id = i < 10 ? 5 : 100 + i, .cost = 1};
        governor_add(governor, 2000, &edits[i]);
    }
    CHECK_INT(drain(governor, 2000), 28); /* of all's 30 two are gone */
    CHECK_INT(drain(governor, 2000 + 400), 12);
    add(governor, 3000, 5, 1);
    CHECK_INT(drain(governor, 3000), 1); /* the ten edits took nothing from the chat */
    governor_free(governor);
}

static void test_fractions(void)
{
    struct governor_config slow = usual;
    slow.chat_rate_s = 0.05;
    slow.chat_burst = 1;
    struct governor *governor = governor_new(&slow, 0);
    for (int i = 0; i < 4; i++)
        add(governor, 0, 5, 1);
    int sent = 0;
    for (int64_t now_ms = 0; now_ms < 60000; now_ms += 7)
        sent += drain(governor, now_ms);
    CHECK_INT(sent, 3); /* at 0, 20 and 40 s, however often it is asked */
    governor_free(governor);
}

static void test_order(void)
{
    struct governor *governor = governor_new(&usual, 0);
    struct governor_item *first = add(governor, 0, 5, 1), *second = add(governor, 0, 5, 0);
    struct governor_item *other = add(governor, 0, 6, 1);
    struct governor_item press = {.chat_id = 5, .unordered = true};
    governor_add(governor, 0, &press);
    CHECK(governor_next(governor, 0) == &press); /* never waits behind its chat */
    CHECK(governor_next(governor, 0) == first);
    CHECK(governor_next(governor, 0) == other);
    CHECK(governor_next(governor, 0) == NULL); /* one of a chat at a time */
    CHECK_INT(governor_in_flight(governor), 3);
    governor_again(governor, 0, first, 500); /* a failure keeps its place */
    CHECK(governor_next(governor, 499) == NULL);
    CHECK(governor_next(governor, 500) == first);
    governor_done(governor, 500, first);
    CHECK(governor_next(governor, 500) == second);
    governor_again(governor, 500, &press, 100);
    CHECK(governor_next(governor, 599) == NULL);
    CHECK(governor_next(governor, 600) == &press);
    struct governor_item *late = add(governor, 600, 6, 0); /* comes while its chat's last one is on its way */
    CHECK(governor_next(governor, 600) == NULL);
    governor_done(governor, 600, other);
    CHECK(governor_next(governor, 600) == late);
    governor_free(governor);
}

static void test_room(void)
{
    struct governor_config one = usual;
    one.max_in_flight = 1;
    one.global_burst = 2;
    one.global_rate_s = 1;
    struct governor *governor = governor_new(&one, 0);
    struct governor_item adverts[4] = {{.chat_id = 1, .priority = TELEGRAM_BROADCAST, .cost = 1},
                                       {.chat_id = 2, .priority = TELEGRAM_BROADCAST, .cost = 1},
                                       {.chat_id = 3, .priority = TELEGRAM_BROADCAST, .cost = 1},
                                       {.chat_id = 4, .priority = TELEGRAM_BROADCAST}};
    for (int i = 0; i < 4; i++)
        governor_add(governor, 0, &adverts[i]);
    struct governor_item *quick = add(governor, 0, 3, 1); /* of a chat where an advert waits already */
    CHECK(governor_next(governor, 0) == quick);
    CHECK(governor_next(governor, 0) == NULL); /* in flight: no more */
    CHECK_INT(governor_deadline_ms(governor), INT64_MAX);
    governor_done(governor, 0, quick);
    CHECK(governor_next(governor, 0) == &adverts[3]); /* needs no token */
    governor_done(governor, 0, &adverts[3]);
    CHECK(governor_next(governor, 0) == &adverts[0]);
    governor_done(governor, 0, &adverts[0]);
    CHECK(governor_next(governor, 0) == NULL); /* the global bucket is empty */
    CHECK_INT(governor_deadline_ms(governor), 1000);
    CHECK(governor_next(governor, 1000) == &adverts[1]);
    governor_done(governor, 1000, &adverts[1]);
    CHECK(governor_next(governor, 2000) == &adverts[2]);
    governor_free(governor);
}

/* In one chat: a screen passes between its albums, but a user who presses for ever gets the albums too. */
static void test_chat_classes(void)
{
    struct governor *governor = governor_new(&usual, 0);
    struct governor_item albums[2], edits[12];
    for (int i = 0; i < 2; i++) {
        albums[i] = (struct governor_item){
            .chat_id = 5, .cost = 10, .chat_cost = 10, .is_upload = true, .priority = TELEGRAM_VALUE};
        governor_add(governor, 0, &albums[i]);
    }
    CHECK(governor_next(governor, 0) == &albums[0]);
    for (int i = 0; i < 12; i++) {
        edits[i] = (struct governor_item){.chat_id = 5, .cost = 1};
        governor_add(governor, 0, &edits[i]);
    }
    CHECK(governor_next(governor, 0) == NULL);      /* one of a chat at a time */
    governor_again(governor, 0, &albums[0], 60000); /* failed: its class waits, the screens don't */
    for (int i = 0; i < 6; i++) {
        CHECK(governor_next(governor, 1000) == &edits[i]);
        governor_done(governor, 1000, &edits[i]);
    }
    CHECK(governor_next(governor, 60000) == &edits[6]); /* its turn since then */
    governor_done(governor, 60000, &edits[6]);
    CHECK(governor_next(governor, 60000) == &albums[0]); /* it was passed often enough */
    governor_done(governor, 60000, &albums[0]);
    for (int i = 7; i < 11; i++) {
        CHECK(governor_next(governor, 70000) == &edits[i]);
        governor_done(governor, 70000, &edits[i]);
    }
    CHECK(governor_next(governor, 70000) == &albums[1]);
    governor_done(governor, 70000, &albums[1]);
    CHECK(governor_next(governor, 70000) == &edits[11]);
    governor_free(governor);
}

/* On the way down nothing begins but the answer to a press. */
static void test_stop(void)
{
    struct governor *governor = governor_new(&usual, 0);
    struct governor_item *first = add(governor, 0, 5, 1), *second = add(governor, 0, 5, 1);
    CHECK(governor_next(governor, 0) == first);
    governor_stop(governor);
    struct governor_item press = {.chat_id = 5, .unordered = true, .is_answer = true};
    governor_add(governor, 0, &press);
    add(governor, 0, 6, 1);
    CHECK(governor_next(governor, 0) == &press);
    governor_done(governor, 0, first);
    governor_done(governor, 0, &press);
    CHECK(governor_next(governor, 60000) == NULL);
    CHECK_INT(governor_in_flight(governor), 0);
    CHECK_INT(governor_deadline_ms(governor), INT64_MAX);
    int taken = 0;
    bool found = false;
    for (struct governor_item *item; (item = governor_take_any(governor)) != NULL; taken++)
        found |= item == second;
    CHECK_INT(taken, 2);
    CHECK(found);
    governor_free(governor);
}

static void test_limited(void)
{
    struct governor *governor = governor_new(&usual, 0);
    struct governor_item *item = add(governor, 0, 5, 1);
    add(governor, 0, 5, 0);
    CHECK(governor_next(governor, 0) == item);
    limited(governor, 0, item, 7200000); /* hours */
    CHECK_INT(drain(governor, 7199999), 0);
    add(governor, 7199999, 6, 1);
    CHECK_INT(drain(governor, 7199999), 1); /* other chats go on */
    CHECK(governor_next(governor, 7200000) == item);
    governor_done(governor, 7200000, item);
    CHECK_INT(drain(governor, 7200000), 1);
    governor_free(governor);

    governor = governor_new(&usual, 0);
    for (int64_t chat_id = 1; chat_id <= 3; chat_id++) {
        item = add(governor, 0, chat_id, 1);
        CHECK(governor_next(governor, 100 * chat_id) == item);
        limited(governor, 100 * chat_id, item, 1000 * chat_id);
    }
    add(governor, 300, 9, 0);
    CHECK_INT(drain(governor, 1099), 0); /* three different chats within seconds: everything waits */
    CHECK_INT(governor_deadline_ms(governor), 1100);
    CHECK_INT(drain(governor, 1100), 2);
    CHECK_INT(drain(governor, 3300), 2);
    governor_free(governor);

    governor = governor_new(&usual, 0);
    for (int64_t chat_id = 1; chat_id <= 3; chat_id++) {
        item = add(governor, 0, chat_id, 1);
        CHECK(governor_next(governor, 0) == item);
        limited(governor, 0, item, chat_id == 2 ? 2000 : 7200000);
    }
    add(governor, 0, 9, 0);
    CHECK_INT(drain(governor, 1999), 0);
    CHECK_INT(drain(governor, 2000), 2); /* hours are asked of two of them, not of all */
    governor_free(governor);

    governor = governor_new(&usual, 0); /* the same chat three times, or far apart, is its own affair */
    for (int i = 0; i < 5; i++) {
        item = add(governor, 0, 1 + i % 2, 1);
        CHECK(governor_next(governor, 2000 * i) == item);
        limited(governor, 2000 * i, item, 1);
        CHECK(governor_next(governor, 2000 * i + 1) == item);
        governor_done(governor, 2000 * i + 1, item);
    }
    add(governor, 60000, 9, 1);
    CHECK_INT(drain(governor, 60000), 1);
    governor_free(governor);
}

/* Many chats with no limits: all go, in turns, and nothing is remembered. */
static void test_many(void)
{
    struct governor_config off = {.chat_burst = 1, .global_burst = 1, .max_in_flight = 1000000, .max_uploads = 1};
    struct governor *governor = governor_new(&off, 0);
    enum { COUNT = 100000, CHATS = 5000 };
    struct governor_item *many = calloc(COUNT, sizeof *many);
    static int last[CHATS + 1];
    int sent = 0;
    CHECK(many != NULL);
    for (int i = 0; i < COUNT; i++) {
        many[i].chat_id = 1 + i % CHATS;
        many[i].cost = 1;
        governor_add(governor, 0, &many[i]);
    }
    CHECK_INT(governor_chats(governor), CHATS);
    struct governor_item *item;
    while ((item = governor_next(governor, 0)) != NULL) {
        int at = (int)(item - many) + 1;
        CHECK(at > last[item->chat_id]); /* in the order of their chat */
        last[item->chat_id] = at;
        governor_done(governor, 0, item);
        sent++;
    }
    CHECK_INT(sent, COUNT);
    CHECK_INT(governor_chats(governor), 0);
    free(many);
    governor_free(governor);
}

/* Whatever happens to thousands of items of few chats: all go at last, those of a chat and class in their order, never
 * two of a chat at once, never more than there is room for, and no more than the rate allows. */
static void test_anything(void)
{
    enum { COUNT = 5000, CHATS = 40, FLYING = 20, UPLOADS = 3, RATE = 200 };
    struct governor_config config = {.chat_rate_s = 50,
                                     .global_rate_s = RATE,
                                     .chat_burst = 3,
                                     .global_burst = 30,
                                     .max_in_flight = FLYING,
                                     .max_uploads = UPLOADS};
    struct governor *governor = governor_new(&config, 0);
    static struct governor_item all[COUNT], *flying[FLYING + UPLOADS];
    int last[CHATS][TELEGRAM_PRIORITY_COUNT] = {{0}}, made = 0, done = 0, count = 0, tokens = 0;
    bool busy[CHATS] = {false};
    uint32_t random = 12345;
    for (int64_t now_ms = 0; done < COUNT; now_ms++) {
        CHECK(now_ms < 3600000);
        random = random * 1664525 + 1013904223;
        if (made < COUNT && random >> 30 != 0) {
            struct governor_item *item = &all[made++];
            *item = (struct governor_item){.chat_id = 1 + (random >> 8) % CHATS,
                                           .priority = (random >> 16) % TELEGRAM_PRIORITY_COUNT,
                                           .is_upload = (random >> 20) % 8 == 0};
            item->cost = item->is_upload ? 1 + (int)(random >> 24) % 10 : (int)(random >> 24) % 2;
            item->chat_cost = (random >> 26) % 2 == 0 ? item->cost : 0;
            governor_add(governor, now_ms, item);
        }
        for (struct governor_item *item; (item = governor_next(governor, now_ms)) != NULL;) {
            CHECK(!busy[item->chat_id - 1]);
            busy[item->chat_id - 1] = true;
            CHECK(count < FLYING + UPLOADS);
            flying[count++] = item;
            tokens += item->cost;
            CHECK(tokens <= 30 + 10 + now_ms * RATE / 1000);
        }
        CHECK(governor_deadline_ms(governor) > now_ms);
        random = random * 1664525 + 1013904223;
        if (count == 0 || random >> 31 == 0)
            continue;
        int at = (int)((random >> 8) % (uint32_t)count), what = (int)(random >> 24) % 8;
        struct governor_item *item = flying[at];
        flying[at] = flying[--count];
        busy[item->chat_id - 1] = false;
        if (what == 0)
            governor_limited(governor, now_ms, item, 300);
        if (what < 2) {
            governor_again(governor, now_ms, item, 1 + (random >> 12) % 300);
        } else if (what == 2) {
            governor_refund(governor, item);
            tokens -= item->cost;
            governor_again(governor, now_ms, item, 50);
        } else {
            int number = (int)(item - all) + 1;
            CHECK(number > last[item->chat_id - 1][item->priority]);
            last[item->chat_id - 1][item->priority] = number;
            governor_done(governor, now_ms, item);
            done++;
        }
    }
    CHECK_INT(governor_in_flight(governor), 0);
    governor_free(governor);
}

static void test_take_any(void)
{
    struct governor *governor = governor_new(&usual, 0);
    for (int i = 0; i < 10; i++)
        add(governor, 0, i % 3, 5);
    struct governor_item *item = governor_next(governor, 0), *sent = item;
    limited(governor, 0, item, 60000);
    item = governor_next(governor, 0);
    CHECK(item != NULL && item != sent);
    governor_done(governor, 0, item);
    int taken = 0;
    while (governor_take_any(governor) != NULL)
        taken++;
    CHECK_INT(taken, 9);
    CHECK_INT(governor_chats(governor), 0);
    governor_free(governor);
}

int main(void)
{
    test_chat_rate();
    test_album();
    test_late_debt();
    test_edits();
    test_fractions();
    test_order();
    test_room();
    test_chat_classes();
    test_stop();
    test_limited();
    test_many();
    test_anything();
    test_take_any();
    return 0;
}
