/* Lists. What can't be read of one object is nothing to the others; but that a page is one, and whether it goes on, is
 * read strictly: or what comes behind it would be missing without anybody's noticing. Must not: decide what a missing
 * or an unreadable object means. */
#include "bot/services/yookassa/list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "bot/base/json.h"
#include "bot/base/memory.h"
#include "core/bug.h"

static bool is_plain(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
           c == '.' || c == '~';
}

void yookassa_page_query(enum yookassa_list list, int64_t since_s, const char *cursor,
                         char ret_query[YOOKASSA_QUERY_BYTES])
{
    static const char *const asked[YOOKASSA_LIST_COUNT] = {
        [YOOKASSA_PAYMENTS] = "payments?limit=100&status=succeeded&captured_at.gte=",
        [YOOKASSA_REFUNDS] = "refunds?limit=100&created_at.gte="};
    time_t time = (time_t)since_s;
    struct tm tm;
    if (gmtime_r(&time, &tm) == NULL)
        bug("a time that no calendar has");
    int used = snprintf(ret_query, YOOKASSA_QUERY_BYTES, "%s%04d-%02d-%02dT%02d:%02d:%02d.000Z%s", asked[list],
                        tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
                        cursor[0] == '\0' ? "" : "&cursor=");
    for (; *cursor != '\0'; cursor++)
        used += snprintf(ret_query + used, YOOKASSA_QUERY_BYTES - (size_t)used, is_plain(*cursor) ? "%c" : "%%%02X",
                         (unsigned char)*cursor);
    if (used >= YOOKASSA_QUERY_BYTES)
        bug("a query outgrew its bound");
}

/* Its name, though nothing else of it can be read. */
static void note_unread(struct json_object *object, struct yookassa_page *page)
{
    char *id = page->unread[page->unread_count];
    if (json_object_is_type(object, json_type_object) &&
        yookassa_read_text(object, "id", id, YOOKASSA_ID_BYTES) == ERR_OK && yookassa_id_valid(id))
        page->unread_count++;
    else
        page->nameless_count++;
}

static void read_object(struct json_object *object, struct yookassa_page *page)
{
    enum err err = ERR_INVALID;
    switch (page->list) {
    case YOOKASSA_PAYMENTS: err = yookassa_payment_read(object, &page->payments[page->count]); break;
    case YOOKASSA_REFUNDS: err = yookassa_refund_read(object, &page->refunds[page->count]); break;
    case YOOKASSA_LIST_COUNT: break;
    }
    if (err == ERR_OK)
        page->count++;
    else
        note_unread(object, page);
}

static enum err read_page(struct json_object *object, struct yookassa_page *page)
{
    struct json_object *items = json_peek(object, "items", json_type_array), *next = NULL;
    size_t count = items == NULL ? 0 : json_object_array_length(items);
    if (items == NULL || count > YOOKASSA_PAGE_MAX)
        return ERR_INVALID;
    if (json_object_object_get_ex(object, "next_cursor", &next) && next != NULL &&
        yookassa_read_text(object, "next_cursor", page->next, sizeof page->next) != ERR_OK)
        return ERR_INVALID;
    for (size_t i = 0; i < count; i++)
        read_object(json_object_array_get_idx(items, i), page);
    return ERR_OK;
}

enum err yookassa_page_parse(enum yookassa_list list, const char *json, size_t bytes, struct yookassa_page **ret_page)
{
    struct json_object *object = json_read(json, bytes, YOOKASSA_JSON_DEPTH_MAX);
    struct yookassa_page *page = memory_need(calloc(1, sizeof *page));
    page->list = list;
    page->payments = memory_need(calloc(list == YOOKASSA_PAYMENTS ? YOOKASSA_PAGE_MAX : 1, sizeof *page->payments));
    page->refunds = memory_need(calloc(list == YOOKASSA_REFUNDS ? YOOKASSA_PAGE_MAX : 1, sizeof *page->refunds));
    enum err err = read_page(object, page);
    json_object_put(object);
    if (err == ERR_OK)
        *ret_page = page;
    else
        yookassa_page_free(page);
    return err;
}

void yookassa_page_free(struct yookassa_page *page)
{
    if (page == NULL)
        return;
    free(page->payments);
    free(page->refunds);
    free(page);
}
