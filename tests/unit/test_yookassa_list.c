/* YooKassa's lists: how a page is asked for, what is read of it, and what one odd object is to the others. */
#include "bot/services/yookassa/list.h"
#include "tests/check.h"

#define AMOUNT "\"amount\":{\"value\":\"500.00\",\"currency\":\"RUB\"}"
#define PAYMENT(id) "{\"id\":\"" id "\",\"status\":\"succeeded\",\"paid\":true,\"test\":false," AMOUNT "}"
#define REFUND(id, status)                                                                                             \
    "{\"id\":\"" id "\",\"payment_id\":\"pay-1\",\"status\":\"" status "\"," AMOUNT                                    \
    ",\"created_at\":\"2018-07-18T10:51:18.139Z\"}"

static struct yookassa_page *page_of(enum yookassa_list list, const char *json)
{
    struct yookassa_page *page = NULL;
    if (yookassa_page_parse(list, json, strlen(json), &page) != ERR_OK)
        CHECK(page == NULL);
    return page;
}

static void test_query(void)
{
    char query[YOOKASSA_QUERY_BYTES], longest[YOOKASSA_CURSOR_BYTES];
    yookassa_page_query(YOOKASSA_PAYMENTS, 1531911078, "", query);
    CHECK_TEXT(query, "payments?limit=100&status=succeeded&captured_at.gte=2018-07-18T10:51:18.000Z");
    yookassa_page_query(YOOKASSA_REFUNDS, 0, "37a5-b_.~", query);
    CHECK_TEXT(query, "refunds?limit=100&created_at.gte=1970-01-01T00:00:00.000Z&cursor=37a5-b_.~");
    yookassa_page_query(YOOKASSA_REFUNDS, 0, "a&limit=1/+=\xd0\x96", query);
    CHECK(strstr(query, "&cursor=a%26limit%3D1%2F%2B%3D%D0%96") != NULL);
    memset(longest, '&', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    yookassa_page_query(YOOKASSA_PAYMENTS, 1531911078, longest, query);
    CHECK_INT(strlen(strstr(query, "&cursor=")), 8 + 3 * (sizeof longest - 1));
}

static void test_pages(void)
{
    struct yookassa_page *page = page_of(YOOKASSA_PAYMENTS, "{\"type\":\"list\",\"items\":[" PAYMENT("a") "," PAYMENT(
                                                                "b") "],\"next_cursor\":\"more\"}");
    CHECK_INT(page->count, 2);
    CHECK_TEXT(page->payments[1].id, "b");
    CHECK_TEXT(page->next, "more");
    yookassa_page_free(page);
    page = page_of(YOOKASSA_REFUNDS,
                   "{\"items\":[" REFUND("r", "succeeded") "," REFUND("p", "pending") "," REFUND("c", "canceled") "]}");
    CHECK_INT(page->count, 3);
    CHECK_TEXT(page->refunds[0].payment_id, "pay-1");
    CHECK_INT(page->refunds[0].amount_kopecks, 50000);
    CHECK_INT(page->refunds[0].created_at_s, 1531911078);
    CHECK_INT(page->refunds[0].status, YOOKASSA_SUCCEEDED);
    CHECK_INT(page->refunds[1].status, YOOKASSA_PENDING);
    CHECK_INT(page->refunds[2].status, YOOKASSA_CANCELED);
    CHECK_TEXT(page->next, "");
    yookassa_page_free(page);
    page = page_of(YOOKASSA_REFUNDS, "{\"items\":[],\"next_cursor\":null}");
    CHECK(page->count == 0 && page->next[0] == '\0');
    yookassa_page_free(page);
    yookassa_page_free(NULL);
}

/* One that can't be read does not hide the others, and is known by its name. */
static void test_odd_objects(void)
{
    struct yookassa_page *page = page_of(YOOKASSA_PAYMENTS,
                                         "{\"items\":[{\"id\":\"odd\",\"status\":\"refunded\"," AMOUNT "},null,"
                                         "{\"id\":\"../x\"},5," PAYMENT("good") ",{\"status\":\"succeeded\"}]}");
    CHECK_INT(page->count, 1);
    CHECK_TEXT(page->payments[0].id, "good");
    CHECK_INT(page->unread_count, 1);
    CHECK_TEXT(page->unread[0], "odd");
    CHECK_INT(page->nameless_count, 4);
    yookassa_page_free(page);
    page = page_of(YOOKASSA_REFUNDS, "{\"items\":[" REFUND("odd", "waiting_for_capture") "]}");
    CHECK(page->count == 0 && page->unread_count == 1);
    yookassa_page_free(page);
}

/* That it is a page, and how it goes on, is certain; or there is none. */
static void test_no_pages(void)
{
    static const char *const refused[] = {"",
                                          "{}",
                                          "[]",
                                          "{\"items\":{}}",
                                          "{\"items\":[]",
                                          "{\"items\":[],\"next_cursor\":5}",
                                          "{\"items\":[],\"next_cursor\":\"\"}",
                                          "{\"type\":\"error\",\"code\":\"invalid_request\"}"};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        CHECK(page_of(YOOKASSA_PAYMENTS, refused[i]) == NULL);
    char json[4096] = "{\"items\":[0";
    for (int i = 0; i < YOOKASSA_PAGE_MAX; i++)
        memcpy(json + strlen(json), ",0", 3);
    memcpy(json + strlen(json), "]}", 3);
    CHECK(page_of(YOOKASSA_PAYMENTS, json) == NULL);
    (void)snprintf(json, sizeof json, "{\"items\":[],\"next_cursor\":\"%0*d\"}", YOOKASSA_CURSOR_BYTES, 7);
    CHECK(page_of(YOOKASSA_PAYMENTS, json) == NULL);
}

int main(void)
{
    test_query();
    test_pages();
    test_odd_objects();
    test_no_pages();
    return 0;
}
