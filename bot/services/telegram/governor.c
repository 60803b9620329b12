/* The governor. A chat is a record with two queues (interactive, bulk), a bucket and a time until which it must be
 * silent; it lives only while one of them matters. Chats that could send now stand in one of four lists by what their
 * next item is (interactive before bulk, free of the rates before costly), the others in a heap by the time they could.
 * After each call a chat goes to the end of its list, so chats take turns.
 *
 * A chat has at most one ordered call in flight: that is what keeps its messages in order. Must not know what the
 * calls are, must not read a clock. */
#include "bot/services/telegram/governor.h"

#include <stdlib.h>
#include <string.h>
#include "bot/services/telegram/waiting.h"
#include "core/bug.h"

enum {
    BUCKETS_FIRST = 64,
    CHAT_COST_MAX =
        5 /* in one chat a burst is tolerated: after an album of ten the next message waits 3 to 5 s, not 10 */
};

struct queue {
    struct governor_item *first, *last;
};

struct governor_chat {
    struct waiting_node node; /* first: a node with is_chat is a chat */
    struct governor_chat *next;
    int64_t chat_id;
    struct queue queues[TELEGRAM_PRIORITY_COUNT];
    struct waiting_bucket bucket;
    int64_t blocked_until_ms;
    bool in_flight;
};

struct governor {
    int64_t chat_rate, global_rate; /* millionths of a token a millisecond; 0 = no limit */
    int64_t chat_cap, global_cap;   /* millionths */
    size_t max_in_flight, in_flight;
    struct waiting_bucket global;
    int64_t blocked_until_ms;
    struct waiting_list ready[TELEGRAM_PRIORITY_COUNT][2]; /* [..][1]: the next item costs tokens */
    struct waiting_heap heap;
    struct governor_chat **buckets;
    size_t bucket_count, chat_count;
    struct {
        int64_t chat_id, at_ms;
    } limited[GOVERNOR_GLOBAL_CHATS]; /* the last 429s of different chats, newest first */
    size_t limited_count;
};

/* ---- chats ---- */

static struct governor_chat **chat_slot(const struct governor *governor, int64_t chat_id)
{
    uint64_t hash = (uint64_t)chat_id * UINT64_C(0x9e3779b97f4a7c15);
    struct governor_chat **slot = &governor->buckets[(hash >> 32) & (governor->bucket_count - 1)];
    while (*slot != NULL && (*slot)->chat_id != chat_id)
        slot = &(*slot)->next;
    return slot;
}

static void grow_table(struct governor *governor)
{
    struct governor_chat **old = governor->buckets;
    size_t old_count = governor->bucket_count;
    governor->bucket_count = old_count == 0 ? BUCKETS_FIRST : old_count * 2;
    governor->buckets = calloc(governor->bucket_count, sizeof(struct governor_chat *));
    if (governor->buckets == NULL)
        bug("out of memory");
    for (size_t i = 0; i < old_count; i++) {
        for (struct governor_chat *chat = old[i], *next; chat != NULL; chat = next) {
            next = chat->next;
            chat->next = NULL;
            *chat_slot(governor, chat->chat_id) = chat;
        }
    }
    free(old);
}

static struct governor_chat *chat_get(struct governor *governor, int64_t chat_id, int64_t now_ms)
{
    struct governor_chat **slot = chat_slot(governor, chat_id);
    if (*slot != NULL)
        return *slot;
    struct governor_chat *chat = calloc(1, sizeof *chat);
    if (chat == NULL)
        bug("out of memory");
    chat->node.is_chat = true;
    chat->chat_id = chat_id;
    chat->bucket = (struct waiting_bucket){.micro = governor->chat_cap, .at_ms = now_ms};
    *slot = chat;
    if (++governor->chat_count > governor->bucket_count)
        grow_table(governor);
    return chat;
}

static void chat_forget(struct governor *governor, struct governor_chat *chat)
{
    struct governor_chat **slot = chat_slot(governor, chat->chat_id);
    *slot = chat->next;
    governor->chat_count--;
    free(chat);
}

static struct queue *chat_queue(struct governor_chat *chat)
{
    struct queue *interactive = &chat->queues[TELEGRAM_INTERACTIVE];
    struct queue *bulk = &chat->queues[TELEGRAM_BULK];
    if (interactive->first != NULL)
        return interactive;
    return bulk->first != NULL ? bulk : NULL;
}

/* Put the chat where it belongs after anything about it has changed. It may be gone afterwards. */
static void chat_place(struct governor *governor, struct governor_chat *chat, int64_t now_ms)
{
    struct queue *queue = chat_queue(chat);
    waiting_unlink(&governor->heap, &chat->node);
    if (chat->in_flight)
        return;
    int64_t rate = governor->chat_rate, wake_ms = chat->blocked_until_ms;
    if (rate > 0) {
        waiting_refill(&chat->bucket, rate, governor->chat_cap, now_ms);
        int64_t want = queue == NULL ? governor->chat_cap : queue->first->chat_cost > 0 ? WAITING_TOKEN : INT64_MIN / 2;
        int64_t filled_ms = waiting_filled_at(&chat->bucket, rate, want);
        if (filled_ms > wake_ms)
            wake_ms = filled_ms;
    }
    if (wake_ms > now_ms)
        waiting_heap_add(&governor->heap, &chat->node, wake_ms); /* an empty one too: only to be forgotten then */
    else if (queue != NULL)
        waiting_list_add(&governor->ready[queue->first->priority][queue->first->cost > 0], &chat->node);
    else
        chat_forget(governor, chat);
}

/* ---- the whole ---- */

static int64_t micro_rate(double per_second)
{
    if (!(per_second > 0))
        return 0;
    if (per_second > 1e6)
        return 0; /* as good as no limit */
    int64_t rate = (int64_t)(per_second * (WAITING_TOKEN / 1000.0) + 0.5);
    return rate > 0 ? rate : 1;
}

struct governor *governor_new(const struct governor_config *config, int64_t now_ms)
{
    struct governor *governor = calloc(1, sizeof *governor);
    if (governor == NULL || config->max_in_flight < 1 || config->chat_burst < 1 || config->global_burst < 1)
        bug("out of memory");
    governor->chat_rate = micro_rate(config->chat_rate_s);
    governor->global_rate = micro_rate(config->global_rate_s);
    governor->chat_cap = (int64_t)config->chat_burst * WAITING_TOKEN;
    governor->global_cap = (int64_t)config->global_burst * WAITING_TOKEN;
    governor->max_in_flight = (size_t)config->max_in_flight;
    governor->global = (struct waiting_bucket){.micro = governor->global_cap, .at_ms = now_ms};
    grow_table(governor);
    return governor;
}

void governor_free(struct governor *governor)
{
    if (governor == NULL)
        return;
    for (size_t i = 0; i < governor->bucket_count; i++) {
        for (struct governor_chat *chat = governor->buckets[i], *next; chat != NULL; chat = next) {
            next = chat->next;
            free(chat);
        }
    }
    free(governor->buckets);
    waiting_heap_done(&governor->heap);
    free(governor);
}

static bool is_ordered(const struct governor_item *item)
{
    return item->chat_id != 0 && !item->unordered;
}

void governor_add(struct governor *governor, int64_t now_ms, struct governor_item *item)
{
    item->next = NULL;
    item->node = (struct waiting_node){0};
    if (!is_ordered(item)) {
        if (item->not_before_ms > now_ms)
            waiting_heap_add(&governor->heap, &item->node, item->not_before_ms);
        else
            waiting_list_add(&governor->ready[item->priority][item->cost > 0], &item->node);
        return;
    }
    struct governor_chat *chat = item->chat = chat_get(governor, item->chat_id, now_ms);
    struct queue *queue = &chat->queues[item->priority];
    if (queue->last != NULL)
        queue->last->next = item;
    else
        queue->first = item;
    queue->last = item;
    /* Only a new head can change the chat's place. */
    if (queue->first == item)
        chat_place(governor, chat, now_ms);
}

static void wake_sleepers(struct governor *governor, int64_t now_ms)
{
    while (governor->heap.count > 0 && governor->heap.nodes[1]->wake_ms <= now_ms) {
        struct waiting_node *node = governor->heap.nodes[1];
        if (node->is_chat) {
            chat_place(governor, (struct governor_chat *)(void *)node, now_ms);
            continue;
        }
        struct governor_item *item = (void *)((char *)node - offsetof(struct governor_item, node));
        waiting_heap_remove(&governor->heap, node);
        waiting_list_add(&governor->ready[item->priority][item->cost > 0], node);
    }
}

static struct governor_item *take_head(struct governor *governor, struct waiting_node *node)
{
    waiting_unlink(&governor->heap, node);
    if (!node->is_chat)
        return (void *)((char *)node - offsetof(struct governor_item, node));
    struct governor_chat *chat = (struct governor_chat *)(void *)node;
    struct queue *queue = chat_queue(chat);
    if (queue == NULL)
        bug("a chat is ready with nothing to send");
    struct governor_item *item = queue->first;
    queue->first = item->next;
    if (queue->first == NULL)
        queue->last = NULL;
    item->next = NULL;
    return item;
}

static struct governor_item *send_from(struct governor *governor, struct waiting_node *node)
{
    struct governor_item *item = take_head(governor, node);
    int64_t micro = (int64_t)item->cost * WAITING_TOKEN;
    int64_t chat_micro = (item->chat_cost < CHAT_COST_MAX ? item->chat_cost : CHAT_COST_MAX) * WAITING_TOKEN;
    if (item->chat != NULL) {
        item->chat->in_flight = true;
        item->chat->bucket.micro -= governor->chat_rate > 0 ? chat_micro : 0;
    }
    governor->global.micro -= governor->global_rate > 0 ? micro : 0;
    governor->in_flight++;
    return item;
}

struct governor_item *governor_next(struct governor *governor, int64_t now_ms)
{
    if (governor->in_flight >= governor->max_in_flight || now_ms < governor->blocked_until_ms)
        return NULL;
    wake_sleepers(governor, now_ms);
    if (governor->global_rate > 0)
        waiting_refill(&governor->global, governor->global_rate, governor->global_cap, now_ms);
    bool rich = governor->global_rate == 0 || governor->global.micro >= WAITING_TOKEN;
    for (int priority = 0; priority < TELEGRAM_PRIORITY_COUNT; priority++) {
        if (governor->ready[priority][0].first != NULL)
            return send_from(governor, governor->ready[priority][0].first);
        if (rich && governor->ready[priority][1].first != NULL)
            return send_from(governor, governor->ready[priority][1].first);
    }
    return NULL;
}

void governor_done(struct governor *governor, int64_t now_ms, struct governor_item *item)
{
    struct governor_chat *chat = item->chat;
    governor->in_flight--;
    item->chat = NULL;
    if (chat == NULL)
        return;
    chat->in_flight = false;
    chat_place(governor, chat, now_ms);
}

void governor_again(struct governor *governor, int64_t now_ms, struct governor_item *item, int64_t after_ms)
{
    struct governor_chat *chat = item->chat;
    int64_t until_ms = now_ms + after_ms;
    governor->in_flight--;
    if (chat == NULL) {
        waiting_heap_add(&governor->heap, &item->node, until_ms);
        return;
    }
    struct queue *queue = &chat->queues[item->priority];
    item->next = queue->first;
    queue->first = item;
    if (queue->last == NULL)
        queue->last = item;
    chat->in_flight = false;
    if (until_ms > chat->blocked_until_ms)
        chat->blocked_until_ms = until_ms;
    chat_place(governor, chat, now_ms);
}

/* Remember the 429; true when it completes the set that looks like a limit on everything. */
static bool note_limited(struct governor *governor, int64_t now_ms, int64_t chat_id)
{
    size_t keep = 0;
    for (size_t i = 0; i < governor->limited_count; i++)
        if (governor->limited[i].chat_id != chat_id && now_ms - governor->limited[i].at_ms < GOVERNOR_GLOBAL_WITHIN_MS)
            governor->limited[keep++] = governor->limited[i];
    if (keep == GOVERNOR_GLOBAL_CHATS)
        keep--;
    memmove(&governor->limited[1], &governor->limited[0], keep * sizeof governor->limited[0]);
    governor->limited[0].chat_id = chat_id;
    governor->limited[0].at_ms = now_ms;
    governor->limited_count = keep + 1;
    return governor->limited_count == GOVERNOR_GLOBAL_CHATS;
}

void governor_limited(struct governor *governor, int64_t now_ms, struct governor_item *item, int64_t retry_after_ms)
{
    bool everything = note_limited(governor, now_ms, item->chat_id);
    if (everything && now_ms + retry_after_ms > governor->blocked_until_ms)
        governor->blocked_until_ms = now_ms + retry_after_ms;
    governor_again(governor, now_ms, item, retry_after_ms);
}

struct governor_item *governor_take_any(struct governor *governor)
{
    for (int priority = 0; priority < TELEGRAM_PRIORITY_COUNT; priority++) {
        for (int costly = 0; costly < 2; costly++) {
            struct waiting_node *node = governor->ready[priority][costly].first;
            if (node == NULL)
                continue;
            struct governor_item *item = take_head(governor, node);
            if (item->chat != NULL)
                chat_place(governor, item->chat, INT64_MAX / 2);
            item->chat = NULL;
            return item;
        }
    }
    if (governor->heap.count > 0) {
        wake_sleepers(governor, INT64_MAX / 2);
        return governor_take_any(governor);
    }
    return NULL;
}

int64_t governor_deadline_ms(const struct governor *governor)
{
    int64_t deadline_ms = governor->heap.count > 0 ? governor->heap.nodes[1]->wake_ms : INT64_MAX;
    if (governor->in_flight >= governor->max_in_flight)
        return INT64_MAX;
    for (int priority = 0; priority < TELEGRAM_PRIORITY_COUNT; priority++) {
        if (governor->ready[priority][0].first != NULL)
            deadline_ms = INT64_MIN;
        if (governor->ready[priority][1].first == NULL)
            continue;
        int64_t filled_ms = INT64_MIN;
        if (governor->global_rate > 0)
            filled_ms = waiting_filled_at(&governor->global, governor->global_rate, WAITING_TOKEN);
        if (filled_ms < deadline_ms)
            deadline_ms = filled_ms;
    }
    return deadline_ms < governor->blocked_until_ms ? governor->blocked_until_ms : deadline_ms;
}

size_t governor_chats(const struct governor *governor)
{
    return governor->chat_count;
}

size_t governor_in_flight(const struct governor *governor)
{
    return governor->in_flight;
}
