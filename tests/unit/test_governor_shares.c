/* Who goes when more waits than may go, with a clock that only moves when told: every 10 ms something comes, and what
 * may go goes and is done. */
#include "bot/services/telegram/governor.h"
#include "tests/check.h"

static const struct governor_config usual = {.chat_rate_s = 1,
                                             .global_rate_s = 30,
                                             .chat_burst = 3,
                                             .global_burst = 30,
                                             .max_in_flight = 1000,
                                             .max_uploads = 1000};

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

enum { FLOOD_MS = 600000, STEP_MS = 10, FLOOD_ITEMS = 65536 };

struct flood {
    struct governor *governor;
    struct governor_item *items;
    int made;
    int64_t chat_id;
    int gone[TELEGRAM_PRIORITY_COUNT], tokens[TELEGRAM_PRIORITY_COUNT], edits;
    const struct governor_item *awaited;
    int64_t awaited_at_ms;
};

static struct governor_item *flood_add(struct flood *flood, int64_t now_ms, enum telegram_priority priority, int cost,
                                       int chat_cost)
{
    struct governor_item *item = &flood->items[flood->made++];
    CHECK(flood->made <= FLOOD_ITEMS);
    *item = (struct governor_item){
        .chat_id = ++flood->chat_id, .priority = priority, .cost = cost, .chat_cost = chat_cost, .is_upload = cost > 1};
    governor_add(flood->governor, now_ms, item);
    return item;
}

static struct flood flood_begin(const struct governor_config *config)
{
    struct flood flood = {.governor = governor_new(config, 0), .awaited_at_ms = -1};
    flood.items = calloc(FLOOD_ITEMS, sizeof *flood.items);
    CHECK(flood.items != NULL);
    return flood;
}

static void flood_end(struct flood *flood)
{
    governor_free(flood->governor);
    free(flood->items);
}

static void flood_drain(struct flood *flood, int64_t now_ms)
{
    struct governor_item *item;
    while ((item = governor_next(flood->governor, now_ms)) != NULL) {
        flood->gone[item->priority]++;
        flood->tokens[item->priority] += item->cost;
        flood->edits += item->cost > 0 && item->chat_cost == 0;
        if (item == flood->awaited)
            flood->awaited_at_ms = now_ms;
        governor_done(flood->governor, now_ms, item);
    }
}

/* 31 new messages a second come where 30 may go, for ten minutes; a set of three albums and an advert come in the
 * middle. */
static void test_value_in_a_flood(void)
{
    struct flood flood = flood_begin(&usual);
    const struct governor_item *album = NULL, *advert = NULL;
    int64_t album_at_ms = -1;
    for (int64_t now_ms = 0; now_ms < FLOOD_MS; now_ms += STEP_MS) {
        while ((int64_t)flood.made * 1000 < now_ms * 31)
            flood_add(&flood, now_ms, TELEGRAM_INTERACTIVE, 1, 1);
        if (now_ms == FLOOD_MS / 2) {
            for (int i = 0; i < 3; i++)
                flood.awaited = album = flood_add(&flood, now_ms, TELEGRAM_VALUE, i < 2 ? 10 : 3, i < 2 ? 10 : 3);
        }
        flood_drain(&flood, now_ms);
        if (flood.awaited == album && album != NULL && flood.awaited_at_ms >= 0 && advert == NULL) {
            album_at_ms = flood.awaited_at_ms;
            flood.awaited = advert = flood_add(&flood, now_ms, TELEGRAM_BROADCAST, 1, 1);
            flood.awaited_at_ms = -1;
        }
    }
    CHECK_INT(flood.gone[TELEGRAM_VALUE], 3);
    CHECK_INT(flood.gone[TELEGRAM_BROADCAST], 1);
    CHECK(album_at_ms - FLOOD_MS / 2 < 5000); /* 23 photos at a share of 10.5 a second */
    CHECK(flood.awaited_at_ms - album_at_ms < 2000);
    CHECK(flood.gone[TELEGRAM_INTERACTIVE] > 30 * FLOOD_MS / 1000 - 60); /* all that was not needed */
    flood_end(&flood);
}

/* When everybody has more than may go, each class gets its share, counted in messages. */
static void test_shares(void)
{
    struct flood flood = flood_begin(&usual);
    for (int64_t now_ms = 0; now_ms < FLOOD_MS; now_ms += STEP_MS) {
        for (int i = 0; now_ms % 40 == 0 && i < 2; i++) {
            flood_add(&flood, now_ms, TELEGRAM_INTERACTIVE, 1, 1);
            if (now_ms % 200 == 0 && i == 0)
                flood_add(&flood, now_ms, TELEGRAM_VALUE, 10, 10);
            if (now_ms % 200 == 0)
                flood_add(&flood, now_ms, TELEGRAM_BROADCAST, 1, 1);
        }
        flood_drain(&flood, now_ms);
    }
    int all = 30 * FLOOD_MS / 1000;
    CHECK(abs(flood.tokens[TELEGRAM_INTERACTIVE] - all * GOVERNOR_SHARE_INTERACTIVE / GOVERNOR_SHARES) < all / 50);
    CHECK(abs(flood.tokens[TELEGRAM_VALUE] - all * GOVERNOR_SHARE_VALUE / GOVERNOR_SHARES) < all / 50);
    CHECK(abs(flood.tokens[TELEGRAM_BROADCAST] - all * GOVERNOR_SHARE_BROADCAST / GOVERNOR_SHARES) < all / 50);
    flood_end(&flood);
}

/* A class alone has all; it owes nobody for that, nor does the one that was idle get anything back. */
static void test_idle_share(void)
{
    struct flood flood = flood_begin(&usual);
    int64_t now_ms = 0;
    for (; now_ms < 100000; now_ms += STEP_MS) {
        if (now_ms % 20 == 0)
            flood_add(&flood, now_ms, TELEGRAM_BROADCAST, 1, 1);
        flood_drain(&flood, now_ms);
    }
    CHECK(flood.gone[TELEGRAM_BROADCAST] >= 30 * 100);
    for (; now_ms < 110000; now_ms += STEP_MS) {
        if (now_ms % 20 == 0)
            flood_add(&flood, now_ms, TELEGRAM_INTERACTIVE, 1, 1);
        flood_drain(&flood, now_ms);
    }
    CHECK(abs(flood.gone[TELEGRAM_INTERACTIVE] - 300 * 12 / 13) < 10); /* broadcasts go on with their share */
    flood_end(&flood);
}

/* A screen that is edited and one that is sent anew have the same right to go, however many of the other wait. */
static void test_edits_and_messages(void)
{
    struct flood flood = flood_begin(&usual);
    for (int64_t now_ms = 0; now_ms < 60000; now_ms += STEP_MS) {
        flood_add(&flood, now_ms, TELEGRAM_INTERACTIVE, 1, 0);
        if (now_ms % 50 == 0)
            flood_add(&flood, now_ms, TELEGRAM_INTERACTIVE, 1, 1);
        flood_drain(&flood, now_ms);
    }
    CHECK(abs(flood.edits - (flood.gone[TELEGRAM_INTERACTIVE] - flood.edits)) <
          40); /* the first burst had room for all edits */
    flood_end(&flood);
}

/* Calls that cost nothing and come without end leave room for those that do, where only so many may be on their way. */
static void test_free_calls(void)
{
    struct governor_config narrow = {.chat_burst = 1, .global_burst = 1, .max_in_flight = 1, .max_uploads = 1};
    struct governor *governor = governor_new(&narrow, 0);
    struct governor_item free_calls[100] = {0};
    for (int i = 0; i < 100; i++) {
        free_calls[i] = (struct governor_item){.is_answer = i % 2 == 0, .unordered = true, .chat_id = 1 + i};
        governor_add(governor, 0, &free_calls[i]);
    }
    struct governor_item edit = {.chat_id = 200, .cost = 1};
    struct governor_item value = {.chat_id = 201, .cost = 1, .chat_cost = 1, .priority = TELEGRAM_VALUE};
    struct governor_item message = {.chat_id = 202, .cost = 1, .chat_cost = 1};
    governor_add(governor, 0, &value);
    bool edited = false, told = false, paid = false;
    for (int i = 0; i < 15; i++) {
        struct governor_item *item = governor_next(governor, 0);
        CHECK(item != NULL && governor_next(governor, 0) == NULL);
        if (i == 5) {
            CHECK(paid);
            governor_add(governor, 0, &edit);
            governor_add(governor, 0, &message);
        }
        edited |= item == &edit;
        told |= item == &message;
        paid |= item == &value;
        governor_done(governor, 0, item);
    }
    CHECK(edited && told && paid);
    governor_free(governor);
}

/* As many uploads as may be are on their way, slowly: all that is small goes, of their class too. */
static void test_uploads(void)
{
    struct governor_config narrow = usual;
    narrow.max_uploads = 2;
    struct governor *governor = governor_new(&narrow, 0);
    struct governor_item albums[4], receipts[20], screens[20], *item;
    for (int i = 0; i < 4; i++) {
        albums[i] = (struct governor_item){
            .chat_id = 1 + i, .cost = 10, .chat_cost = 10, .is_upload = true, .priority = TELEGRAM_VALUE};
        governor_add(governor, 0, &albums[i]);
    }
    CHECK(governor_next(governor, 0) == &albums[0]);
    CHECK(governor_next(governor, 0) == &albums[1]);
    CHECK(governor_next(governor, 0) == NULL);
    CHECK_INT(governor_deadline_ms(governor), INT64_MAX);
    CHECK(governor_next(governor, 600000) == NULL);
    for (int i = 0; i < 20; i++) {
        receipts[i] = (struct governor_item){.chat_id = 50 + i, .cost = 1, .chat_cost = 1, .priority = TELEGRAM_VALUE};
        governor_add(governor, 600000, &receipts[i]);
        screens[i] = (struct governor_item){.chat_id = 100 + i, .cost = 1, .chat_cost = 1};
        governor_add(governor, 600000, &screens[i]);
    }
    CHECK_INT(drain(governor, 600000), 30);
    CHECK_INT(drain(governor, 601000), 10);
    governor_no_upload(governor, &albums[0]); /* all its photos are with Telegram already */
    item = governor_next(governor, 601000);
    CHECK(item == &albums[2]);
    governor_done(governor, 601000, &albums[0]);
    governor_refund(governor, item); /* not now: its cost is given back, and the last one is let before it */
    governor_again(governor, 601000, item, 500);
    CHECK(governor_next(governor, 601000) == &albums[3]);
    CHECK(governor_next(governor, 601500) == NULL);
    governor_done(governor, 602000, &albums[3]);
    CHECK(governor_next(governor, 602000) == &albums[2]);
    CHECK_INT(governor_in_flight(governor), 2);
    governor_free(governor);
}

/* Messages that are answered and not saved yet take up room for new ones, and for nothing else. */
static void test_hold(void)
{
    struct governor_config config = {.chat_burst = 1, .global_burst = 1, .max_in_flight = 3, .max_uploads = 1};
    struct governor *governor = governor_new(&config, 0);
    struct governor_item messages[4], edit = {.chat_id = 9, .cost = 1}, upload = {.chat_id = 10, .cost = 1};
    for (int i = 0; i < 4; i++) {
        messages[i] = (struct governor_item){.chat_id = 1 + i, .cost = 1, .chat_cost = 1};
        governor_add(governor, 0, &messages[i]);
    }
    CHECK(governor_next(governor, 0) == &messages[0]);
    governor_hold(governor, 1);
    governor_add(governor, 0, &edit);
    CHECK(governor_next(governor, 0) == &edit);
    CHECK(governor_next(governor, 0) == &messages[1]); /* an edit takes nothing of that room */
    governor_done(governor, 0, &edit);
    CHECK(governor_next(governor, 0) == NULL);
    CHECK_INT(governor_deadline_ms(governor), INT64_MAX);
    upload.is_upload = true;
    governor_add(governor, 0, &upload);
    CHECK(governor_next(governor, 0) == &upload);
    governor_done(governor, 0, &messages[0]);
    governor_hold(governor, 2); /* it is answered now */
    CHECK(governor_next(governor, 0) == NULL);
    governor_hold(governor, 0); /* and saved, as the other one */
    CHECK(governor_deadline_ms(governor) <= 0);
    CHECK(governor_next(governor, 0) == &messages[2]);
    CHECK(governor_next(governor, 0) == &messages[3]);
    governor_free(governor);
}

int main(void)
{
    test_value_in_a_flood();
    test_shares();
    test_idle_share();
    test_edits_and_messages();
    test_free_calls();
    test_uploads();
    test_hold();
    return 0;
}
