/* Updates as Telegram sends them, odd ones and hostile ones: each to the event it is, or to poison, and never in the
 * way of its neighbours. */
#include "bot/services/telegram/decode.h"

#include <json-c/json.h>
#include "bot/services/telegram/checkout.h"
#include "bot/services/telegram/stars.h"
#include "tests/check.h"

static struct arena arena;

static struct telegram_batch decode(const char *body, size_t bytes)
{
    struct telegram_batch batch = {0};
    arena_reset(&arena);
    CHECK_INT(telegram_decode(&arena, body, bytes, &batch), ERR_OK);
    return batch;
}

#define FROM                                                                                                           \
    "\"from\":{\"id\":7000000001,\"is_bot\":false,\"first_name\":\"A<b>\",\"username\":\"ann\",\"language_code\":"     \
    "\"ru\"}"
#define CHAT "\"chat\":{\"id\":7000000001,\"type\":\"private\"}"
#define HEAD "\"message_id\":5,\"date\":1700000000," FROM "," CHAT

/* The one event of an update with these members besides update_id. */
static struct event one(const char *members)
{
    char body[4096];
    snprintf(body, sizeof body, "{\"ok\":true,\"result\":[{\"update_id\":10,%s}]}", members);
    struct telegram_batch batch = decode(body, strlen(body));
    CHECK_INT(batch.count, 1);
    CHECK_INT(batch.next_offset, 11);
    CHECK(batch.updates[0].why == NULL);
    CHECK_INT(batch.updates[0].event.update_id, 10);
    return batch.updates[0].event;
}

static struct event message(const char *members)
{
    char body[2048];
    snprintf(body, sizeof body, "\"message\":{" HEAD ",%s}", members);
    return one(body);
}

/* One more member: "name":value. Lives until the next. */
static const char *member(const char *name, const char *value)
{
    static char text[256];
    snprintf(text, sizeof text, "\"%s\":%s", name, value);
    return text;
}

static void test_text(void)
{
    struct event event = message("\"text\":\"Hello \\u043f\\ud83d\\ude00\"");
    CHECK_INT(event.kind, EVENT_TEXT);
    CHECK_TEXT(event.text, "Hello \xd0\xbf\xf0\x9f\x98\x80");
    CHECK_INT(event.chat_id, 7000000001);
    CHECK_INT(event.message_id, 5);
    CHECK_INT(event.date_s, 1700000000);
    CHECK_TEXT(event.language_code, "ru");
    CHECK_TEXT(event.first_name, "A<b>");
    CHECK_TEXT(event.username, "ann");
    CHECK_TEXT(message("\"text\":\"a\\u0000b\"").text, "a b");

    static const struct {
        const char *text, *command, *argument;
    } commands[] = {{"/start", "start", ""},
                    {"/START@The_Bot  ref_ABC ", "start", "ref_ABC"},
                    {"/start\\nref_ABC", "start", "ref_ABC"},
                    {"/user two words", "user", "two words"},
                    {"/my_photos@x", "my_photos", ""}};
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        char members[128];
        snprintf(members, sizeof members, "\"text\":\"%s\"", commands[i].text);
        event = message(members);
        CHECK_INT(event.kind, EVENT_COMMAND);
        CHECK_TEXT(event.command, commands[i].command);
        CHECK_TEXT(event.text, commands[i].argument);
    }
    static const char *const plain[] = {"/",       "/ start", "/-x", "/start/x",
                                        " /start", "start",   "//",  "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        char members[128];
        snprintf(members, sizeof members, "\"text\":\"%s\"", plain[i]);
        event = message(members);
        CHECK_INT(event.kind, EVENT_TEXT);
        CHECK_TEXT(event.text, plain[i]);
    }
    event = message("\"forward_origin\":{\"type\":\"hidden_user\"},\"text\":\"/refund 1\"");
    CHECK_INT(event.kind, EVENT_TEXT);
    CHECK_TEXT(event.text, "/refund 1");
}

static void test_files(void)
{
    struct event event = message(
        "\"media_group_id\":\"g1\",\"caption\":\"/start\",\"photo\":["
        "{\"file_id\":\"b\",\"file_unique_id\":\"ub\",\"width\":1280,\"height\":960,\"file_size\":9},"
        "{\"file_id\":\"a\",\"file_unique_id\":\"ua\",\"width\":90,\"height\":67},"
        "{\"file_id\":\"x\",\"file_unique_id\":\"ux\",\"width\":-99999,\"height\":-99999}]");
    CHECK_INT(event.kind, EVENT_PHOTO);
    CHECK_TEXT(event.file.file_id, "b");
    CHECK_TEXT(event.file.file_unique_id, "ub");
    CHECK_INT(event.file.width, 1280);
    CHECK(event.file.as_photo);
    CHECK_INT(event.file.size_bytes, 9);
    CHECK_TEXT(event.media_group, "g1");
    CHECK_INT(message("\"photo\":[]").kind, EVENT_OTHER);
    CHECK_INT(message("\"photo\":[{\"file_id\":\"a\"}]").kind, EVENT_OTHER);
    CHECK_INT(message("\"photo\":[null,1,[]]").kind, EVENT_OTHER);
    event = message("\"document\":{\"file_id\":\"d\",\"file_unique_id\":\"ud\",\"mime_type\":\"image/"
                    "png\",\"file_size\":5000000000}");
    CHECK_INT(event.kind, EVENT_DOCUMENT);
    CHECK(!event.file.as_photo);
    CHECK_INT(event.file.size_bytes, 5000000000);
    CHECK(event.media_group == NULL);
    char members[600];
    snprintf(members, sizeof members, "\"document\":{\"file_unique_id\":\"ud\",\"file_id\":\"%0300d\"}", 1);
    CHECK_INT(message(members).kind, EVENT_OTHER);
    CHECK_INT(message("\"animation\":{},\"document\":{\"file_id\":\"d\",\"file_unique_id\":\"u\"}").kind, EVENT_OTHER);
    CHECK_INT(message("\"document\":{\"file_id\":\"\",\"file_unique_id\":\"u\"}").kind, EVENT_OTHER);
}

static void test_other_messages(void)
{
    struct event event = message("\"contact\":{\"phone_number\":\"+7900\",\"user_id\":7000000001}");
    CHECK_INT(event.kind, EVENT_CONTACT);
    CHECK_TEXT(event.text, "+7900");
    CHECK(event.own_contact);
    CHECK(!message("\"contact\":{\"phone_number\":\"+7900\",\"user_id\":3}").own_contact);
    CHECK(!message("\"contact\":{\"phone_number\":\"+7900\"}").own_contact);
    CHECK_INT(message("\"sticker\":{}").kind, EVENT_OTHER);
    CHECK_INT(message("\"text\":5").kind, EVENT_OTHER);
    CHECK_INT(
        one("\"message\":{\"message_id\":5," FROM ",\"chat\":{\"id\":-100,\"type\":\"group\"},\"text\":\"x\"}").kind,
        EVENT_NONE);
    CHECK_INT(one("\"message\":{\"message_id\":5,\"from\":{\"id\":3},\"chat\":{\"id\":4,\"type\":\"private\"},\"text\":"
                  "\"x\"}")
                  .kind,
              EVENT_NONE);
    CHECK_INT(one("\"message\":{\"message_id\":5," CHAT ",\"text\":\"x\"}").kind, EVENT_NONE);
    CHECK_INT(one("\"message\":{}").kind, EVENT_NONE);

    CHECK_INT(one("\"pre_checkout_query\":{}").kind, EVENT_NONE);
}

/* What Telegram says about the chat, or about money and things that went through it: every such field of a Message in
 * Bot API 10.2, and one that is not there yet. Nobody waits for an answer to these. */
static const char *const service_fields[] = {"boost_added",
                                             "channel_chat_created",
                                             "chat_background_set",
                                             "chat_owner_changed",
                                             "chat_owner_left",
                                             "chat_shared",
                                             "checklist_tasks_added",
                                             "checklist_tasks_done",
                                             "community_chat_added",
                                             "community_chat_removed",
                                             "connected_website",
                                             "delete_chat_photo",
                                             "direct_message_price_changed",
                                             "forum_topic_closed",
                                             "forum_topic_created",
                                             "forum_topic_edited",
                                             "forum_topic_reopened",
                                             "general_forum_topic_hidden",
                                             "general_forum_topic_unhidden",
                                             "gift",
                                             "gift_upgrade_sent",
                                             "giveaway",
                                             "giveaway_completed",
                                             "giveaway_created",
                                             "giveaway_winners",
                                             "group_chat_created",
                                             "left_chat_member",
                                             "managed_bot_created",
                                             "message_auto_delete_timer_changed",
                                             "migrate_from_chat_id",
                                             "migrate_to_chat_id",
                                             "new_chat_members",
                                             "new_chat_photo",
                                             "new_chat_title",
                                             "paid_message_price_changed",
                                             "passport_data",
                                             "pinned_message",
                                             "poll_option_added",
                                             "poll_option_deleted",
                                             "proximity_alert_triggered",
                                             "suggested_post_approval_failed",
                                             "suggested_post_approved",
                                             "suggested_post_declined",
                                             "suggested_post_paid",
                                             "suggested_post_refunded",
                                             "supergroup_chat_created",
                                             "unique_gift",
                                             "users_shared",
                                             "video_chat_ended",
                                             "video_chat_participants_invited",
                                             "video_chat_scheduled",
                                             "video_chat_started",
                                             "web_app_data",
                                             "write_access_allowed",
                                             "something_of_next_year"};

static void test_service_messages(void)
{
    static const char *const values[] = {"{}", "true", "1", "\"x\"", "[{}]", "{\"text\":\"/menu\",\"photo\":[]}"};
    for (size_t i = 0; i < sizeof service_fields / sizeof service_fields[0]; i++)
        for (size_t k = 0; k < sizeof values / sizeof values[0]; k++) {
            struct event event = message(member(service_fields[i], values[k]));
            if (event.kind != EVENT_NONE)
                fprintf(stderr, "%s\n", service_fields[i]);
            CHECK_INT(event.kind, EVENT_NONE);
            CHECK_INT(event.chat_id, 0);
        }
}

/* What people send and no conversation takes: they get a word. */
static void test_unusual_content(void)
{
    static const char *const fields[] = {"animation",  "audio",    "checklist",  "dice",  "game",        "invoice",
                                         "live_photo", "location", "paid_media", "poll",  "sticker",     "story",
                                         "venue",      "video",    "video_note", "voice", "rich_message"};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        CHECK_INT(message(member(fields[i], "{}")).kind, EVENT_OTHER);
    CHECK_INT(message("\"forward_origin\":{},\"giveaway\":{}").kind, EVENT_OTHER); /* somebody sent it on */
}

/* An edit of words is told as such; of anything else it says nothing. A topic is where the message, or the button,
 * stands. */
static void test_edits_and_topics(void)
{
    struct event event = one("\"edited_message\":{" HEAD ",\"edit_date\":1700000005,\"text\":\"anna@mail.ru\"}");
    CHECK_INT(event.kind, EVENT_TEXT);
    CHECK(event.edited);
    CHECK_TEXT(event.text, "anna@mail.ru");
    CHECK_INT(event.message_id, 5);
    CHECK_INT(event.thread_id, 0);
    event = one("\"edited_message\":{" HEAD ",\"text\":\"/help\"}");
    CHECK_INT(event.kind, EVENT_COMMAND);
    CHECK(event.edited);
    static const char *const others[] = {"\"caption\":\"x\",\"photo\":[{\"file_id\":\"a\",\"file_unique_id\":\"u\"}]",
                                         "\"location\":{}", "\"poll\":{}", "\"pinned_message\":{}"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        char members[512];
        snprintf(members, sizeof members, "\"edited_message\":{" HEAD ",%s}", others[i]);
        event = one(members);
        CHECK_INT(event.kind, EVENT_NONE);
        CHECK_INT(event.chat_id, 0);
    }
    CHECK(!message("\"text\":\"x\"").edited);
    event = message("\"message_thread_id\":77,\"is_topic_message\":true,\"text\":\"/help\"");
    CHECK_INT(event.thread_id, 77);
    event = one("\"callback_query\":{\"id\":\"q1\"," FROM ",\"message\":{" HEAD
                ",\"message_thread_id\":78},\"data\":\"x\"}");
    CHECK_INT(event.thread_id, 78);
    event = one("\"callback_query\":{\"id\":\"q1\"," FROM ",\"message\":{\"message_id\":6,\"date\":0," CHAT
                "},\"data\":\"x\"}");
    CHECK_INT(event.thread_id, EVENT_THREAD_UNKNOWN);
}

static void test_buttons_and_membership(void)
{
    struct event event = one("\"callback_query\":{\"id\":\"q1\"," FROM ",\"message\":{" HEAD
                             "},\"data\":\"m:menu:0:1\"}");
    CHECK_INT(event.kind, EVENT_BUTTON);
    CHECK_TEXT(event.callback_id, "q1");
    CHECK_TEXT(event.text, "m:menu:0:1");
    CHECK_INT(event.message_id, 5);
    event = one("\"callback_query\":{\"id\":\"q1\"," FROM ",\"message\":{\"message_id\":6,\"date\":0," CHAT
                "},\"data\":\"x\"}");
    CHECK_INT(event.kind, EVENT_BUTTON);
    CHECK_INT(event.message_id, 6);
    CHECK_INT(one("\"callback_query\":{\"id\":\"q1\"," FROM ",\"inline_message_id\":\"i\",\"data\":\"x\"}").kind,
              EVENT_NONE);
    CHECK_INT(one("\"callback_query\":{\"id\":\"q1\"," FROM ",\"message\":{" HEAD "}}").kind, EVENT_NONE);
    /* somebody else pressing in a chat that is not theirs */
    CHECK_INT(one("\"callback_query\":{\"id\":\"q\",\"from\":{\"id\":4},\"message\":{" HEAD "},\"data\":\"x\"}").kind,
              EVENT_NONE);
    char members[700];
    snprintf(members, sizeof members,
             "\"callback_query\":{\"id\":\"q\"," FROM ",\"message\":{" HEAD "},\"data\":\"%065d\"}", 0);
    CHECK_INT(one(members).kind, EVENT_NONE);

    event = one("\"my_chat_member\":{\"date\":9," FROM "," CHAT ",\"new_chat_member\":{\"status\":\"kicked\"}}");
    CHECK_INT(event.kind, EVENT_BLOCKED);
    CHECK_INT(event.chat_id, 7000000001);
    event = one("\"my_chat_member\":{\"date\":9," FROM "," CHAT ",\"new_chat_member\":{\"status\":\"member\"}}");
    CHECK_INT(event.kind, EVENT_UNBLOCKED);
    event = one("\"my_chat_member\":{\"date\":9," FROM
                ",\"chat\":{\"id\":-5,\"type\":\"group\"},\"new_chat_member\":{\"status\":\"kicked\"}}");
    CHECK_INT(event.kind, EVENT_NONE);
}

static void test_poison(void)
{
    static const char body[] = "{\"ok\":true,\"result\":[{\"update_id\":1,\"message\":{" HEAD ",\"text\":\"a\"}},"
                               "{\"update_id\":2,\"message\":\"no/object\"},{\"message\":{}},"
                               "{\"update_id\":4,\"message\":{" HEAD ",\"text\":\"b\"}}]}";
    struct telegram_batch batch = decode(body, sizeof body - 1);
    CHECK_INT(batch.count, 3); /* the third has no id: nothing could be said about it */
    CHECK_INT(batch.next_offset, 5);
    CHECK_TEXT(batch.updates[0].event.text, "a");
    CHECK_TEXT(batch.updates[1].why, "message is no object");
    CHECK_TEXT(batch.updates[1].raw, "{\"update_id\":2,\"message\":\"no/object\"}");
    CHECK_INT(batch.updates[1].event.kind, EVENT_NONE);
    CHECK_TEXT(batch.updates[2].event.text, "b");
}

/* Bodies that don't parse as a whole: invalid UTF-8, too deep, an update that never ends. */
static void test_ruins(void)
{
    static const char utf8[] = "{\"ok\":true,\"result\":[{\"update_id\":1,\"message\":{" HEAD
                               ",\"text\":\"}]\\\"a\"}},\n"
                               "{\"update_id\": 2,\"message\":{\"text\":\"\xff\xfe\"}},"
                               "{\"update_id\":3,\"message\":{" HEAD ",\"text\":\"b\"}}]}";
    struct telegram_batch batch = decode(utf8, sizeof utf8 - 1);
    CHECK_INT(batch.count, 3);
    CHECK_INT(batch.next_offset, 4);
    CHECK_TEXT(batch.updates[0].event.text, "}]\"a");
    CHECK_TEXT(batch.updates[1].why, "not valid JSON");
    CHECK_INT(batch.updates[1].update_id, 2);
    CHECK_TEXT(batch.updates[1].raw, "{\"update_id\": 2,\"message\":{\"text\":\"\xff\xfe\"}}");
    CHECK_TEXT(batch.updates[2].event.text, "b");

    char deep[4096];
    size_t at = (size_t)snprintf(deep, sizeof deep, "{\"ok\":true,\"result\":[{\"update_id\":8,\"x\":");
    memset(deep + at, '[', 1000);
    memset(deep + at + 1000, ']', 1000);
    at += 2000;
    at += (size_t)snprintf(deep + at, sizeof deep - at, "},{\"update_id\":9,\"message\":{" HEAD ",\"text\":\"c\"}}]}");
    batch = decode(deep, at);
    CHECK_INT(batch.count, 2);
    CHECK(batch.updates[0].why != NULL);
    CHECK_TEXT(batch.updates[1].event.text, "c");
    CHECK_INT(batch.next_offset, 10);

    static const char endless[] = "{\"ok\":true,\"result\":[{\"update_id\":5,\"message\":{\"text\":\"\xff";
    batch = decode(endless, sizeof endless - 1);
    CHECK_INT(batch.count, 1);
    CHECK_INT(batch.next_offset, 6);
    CHECK(batch.updates[0].why != NULL);
}

static void test_bodies(void)
{
    static const char *const refused[] = {"",
                                          "x",
                                          "null",
                                          "[]",
                                          "{}",
                                          "{\"ok\":true}",
                                          "{\"ok\":false,\"result\":[]}",
                                          "{\"ok\":true,\"result\":{}}",
                                          "{\"ok\":true,\"result\":[{}]}",
                                          "{\"ok\":",
                                          "{\"ok\":true,\"result\":[{\"update_id\":0}]}",
                                          "{\"ok\":true,\"result\":[{\"update_id\":\"7\"}]}",
                                          "<html>"};
    struct telegram_batch batch = {.count = 77};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        CHECK_INT(telegram_decode(&arena, refused[i], strlen(refused[i]), &batch), ERR_INVALID);
        CHECK_INT(batch.count, 77);
    }
    static const char empty[] = "{\"ok\":true,\"result\":[]}";
    batch = decode(empty, sizeof empty - 1);
    CHECK_INT(batch.count, 0);
    CHECK_INT(batch.next_offset, 0);
    /* a restart of update_id at a random number is nothing special */
    static const char low[] = "{\"ok\":true,\"result\":[{\"update_id\":3}]}";
    CHECK_INT(decode(low, sizeof low - 1).next_offset, 4);
}

/* An update's own bytes are found again in the body, and are the same update when they are read alone. */
static void test_alone(void)
{
    static const char body[] =
        "{\"ok\":true,\"result\":[{\"update_id\":7,\"poll\":{\"question\":\"\\\"update_id\\\":8}]\"}},\n"
        "{\"update_id\":8,\"message\":{\"message_id\":1,\"date\":5,\"chat\":{\"id\":42,\"type\":\"private\"},"
        "\"from\":{\"id\":42,\"is_bot\":false,\"first_name\":\"A\"},\"text\":\"hi [{\\\"\"}},{\"update_id\":9}]}";
    struct telegram_update update;
    size_t bytes = 0;
    const char *raw = telegram_decode_raw(body, sizeof body - 1, 8, &bytes);
    CHECK(raw != NULL && raw[0] == '{' && raw[bytes] == ',');
    CHECK_INT(telegram_decode_one(&arena, raw, bytes, &update), ERR_OK);
    CHECK_INT(update.update_id, 8);
    CHECK_INT(update.event.kind, EVENT_TEXT);
    CHECK_TEXT(update.event.text, "hi [{\"");
    CHECK(telegram_decode_raw(body, sizeof body - 1, 10, &bytes) == NULL);
    CHECK_INT(telegram_decode_one(&arena, "{", 1, &update), ERR_INVALID);
}

#define PAYMENT                                                                                                        \
    "{\"currency\":\"XTR\",\"total_amount\":417,\"invoice_payload\":\"7:k\",\"telegram_payment_charge_id\":\"stx1\"}"

/* Stars are money whoever's chat it is; what can't be kept is put aside, never passed over. */
static void test_stars(void)
{
    struct event event = message("\"successful_payment\":" PAYMENT);
    CHECK_INT(event.kind, EVENT_STARS_PAID);
    CHECK_INT(event.chat_id, 7000000001);
    CHECK_INT(event.object, 417);
    CHECK_TEXT(event.text, "7:k");
    CHECK_TEXT(event.charge_id, "stx1");
    CHECK_TEXT(event.currency, "XTR");
    event = one("\"message\":{\"message_id\":5,\"date\":1,\"from\":{\"id\":42,\"is_bot\":true}," CHAT
                ",\"refunded_payment\":" PAYMENT "}");
    CHECK_INT(event.kind, EVENT_STARS_REFUNDED);
    CHECK_INT(event.chat_id, 7000000001);
    event = message("\"successful_payment\":{\"currency\":\"XTR\",\"total_amount\":1,"
                    "\"telegram_payment_charge_id\":\"stx1\"}");
    CHECK_INT(event.kind, EVENT_STARS_PAID);
    CHECK_TEXT(event.text, "");
    CHECK_INT(message("\"successful_payment\":1").kind, EVENT_NONE);

    static const char *const odd[] = {
        "{}", "{\"currency\":\"XTR\",\"total_amount\":1,\"invoice_payload\":\"7:k\"}",
        "{\"currency\":\"XTR\",\"total_amount\":0,\"telegram_payment_charge_id\":\"a\"}",
        "{\"currency\":\"XTR\",\"total_amount\":100000000,\"telegram_payment_charge_id\":\"a\"}",
        "{\"currency\":\"STARS\",\"total_amount\":1,\"telegram_payment_charge_id\":\"a\"}"};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        char body[1024];
        snprintf(body, sizeof body,
                 "{\"ok\":true,\"result\":[{\"update_id\":10,\"message\":{" HEAD ",\"successful_payment\":%s}}]}",
                 odd[i]);
        struct telegram_batch batch = decode(body, strlen(body));
        CHECK_INT(batch.count, 1);
        CHECK(batch.updates[0].why != NULL && batch.updates[0].raw != NULL);
    }
}

/* The questions before a payment, wherever they stand in a batch; who can't be answered is passed over. */
static void test_checkouts(void)
{
    static const char body[] =
        "{\"ok\":true,\"result\":[{\"update_id\":8,\"message\":{" HEAD ",\"text\":\"\\\"pre_checkout_query\\\"\"}},"
        "{\"update_id\":9,\"pre_checkout_query\":{\"id\":\"q1\"," FROM ",\"currency\":\"XTR\",\"total_amount\":417,"
        "\"invoice_payload\":\"7:k\"}},{\"update_id\":10,\"pre_checkout_query\":{\"id\":\"q2\"," FROM "}},"
        "{\"update_id\":11,\"pre_checkout_query\":{\"id\":\"q3\"," FROM ",\"currency\":\"XTR\",\"total_amount\":1,"
        "\"invoice_payload\":\"8:k\"}}]}";
    struct telegram_checkout *list;
    arena_reset(&arena);
    CHECK_INT(telegram_checkouts(&arena, body, sizeof body - 1, &list), 2);
    CHECK_TEXT(list[0].query_id, "q1");
    CHECK_TEXT(list[0].payload, "7:k");
    CHECK_TEXT(list[0].currency, "XTR");
    CHECK_TEXT(list[0].language_code, "ru");
    CHECK_INT(list[0].user_id, 7000000001);
    CHECK_INT(list[0].amount, 417);
    CHECK_TEXT(list[1].query_id, "q3");
    struct telegram_batch batch = decode(body, sizeof body - 1);
    CHECK_INT(batch.count, 4);
    CHECK_INT(batch.updates[1].event.kind, EVENT_NONE); /* the turn has nothing to do with it */
    CHECK(batch.updates[1].why == NULL);
    for (size_t bytes = 0; bytes < sizeof body - 1; bytes++)
        CHECK_INT(telegram_checkouts(&arena, body, bytes, &list), 0);
}

/* The bot's transactions: each counts, and what is none of ours asks nothing. */
static void test_star_list(void)
{
    static const char text[] =
        "{\"transactions\":[{\"id\":\"a\",\"amount\":417,\"date\":1,\"source\":{\"type\":\"user\",\"transaction_type\":"
        "\"invoice_payment\",\"user\":{\"id\":42},\"invoice_payload\":\"7:k\",\"affiliate\":{\"amount\":41}}},"
        "{\"id\":\"a\",\"amount\":417,\"date\":2,\"receiver\":{\"type\":\"user\",\"transaction_type\":"
        "\"invoice_payment\",\"user\":{\"id\":42},\"invoice_payload\":\"7:k\"}},"
        "{\"id\":\"b\",\"amount\":9,\"date\":3,\"receiver\":{\"type\":\"fragment\"}},{\"id\":\"c\"},1]}";
    struct json_object *result = json_tokener_parse(text);
    struct telegram_star *list;
    CHECK_INT(telegram_stars(&arena, result, &list), 5);
    CHECK_INT(list[0].kind, TELEGRAM_STAR_PAID);
    CHECK_TEXT(list[0].id, "a");
    CHECK_TEXT(list[0].payload, "7:k");
    CHECK_INT(list[0].amount, 417);
    CHECK_INT(list[0].user_id, 42);
    CHECK(list[0].affiliate);
    CHECK_INT(list[1].kind, TELEGRAM_STAR_REFUND);
    CHECK(!list[1].affiliate);
    for (size_t i = 2; i < 5; i++)
        CHECK_INT(list[i].kind, TELEGRAM_STAR_OTHER);
    json_object_put(result);
}

int main(void)
{
    arena_init(&arena);
    test_stars();
    test_checkouts();
    test_star_list();
    test_text();
    test_files();
    test_other_messages();
    test_service_messages();
    test_unusual_content();
    test_buttons_and_membership();
    test_edits_and_topics();
    test_poison();
    test_ruins();
    test_bodies();
    test_alone();
    arena_done(&arena);
    return 0;
}
