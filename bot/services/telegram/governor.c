/* The governor. An item of a chat waits in its chat's line (chats.c); chats that could send now, and items of no chat,
 * stand in one heap for each class and kind of what they send next, numbered in the order in which they came; those
 * that can't send yet stand in a heap by the time they could. After each item a chat goes to the end, so chats take
 * turns, and a chat that is called away by another class of its own comes back to its place.
 *
 * Shares are kept as in start-time fair queueing: a class has used up what its items cost, divided by its share, and
 * the one that has used least goes next. A class with nothing to send is moved along, so that it saves nothing up.
 *
 * A chat has at most one ordered call in flight: that is what keeps its messages in order. Must not know what the
 * calls are, must not read a clock. */
#include "bot/services/telegram/governor.h"

#include <stdlib.h>
#include <string.h>
#include "bot/services/telegram/chats.h"
#include "core/bug.h"

enum kind { KIND_ANSWER, KIND_FREE, KIND_EDIT, KIND_MESSAGE, KIND_UPLOAD, KIND_COUNT };

enum { FREE_MICRO = WAITING_TOKEN / 10 /* what a call that costs no token takes of its class's share */ };

struct class
{
    struct waiting_heap ready[KIND_COUNT];
    int64_t used;   /* micro, divided by the share */
    enum kind last; /* went last: the kind after it is next */
};

struct governor {
    struct chats chats;
    int64_t rate, cap; /* of all: millionths of a token a millisecond, 0 = no limit; millionths */
    struct waiting_bucket bucket;
    size_t max_in_flight, in_flight, max_uploads, uploads;
    size_t messages, held; /* of those in flight; of those that were finished, see governor_hold */
    int64_t blocked_until_ms;
    struct class classes[TELEGRAM_PRIORITY_COUNT];
    int64_t used; /* by the class that went last, before it went */
    struct waiting_heap asleep;
    bool stopping;
    struct {
        int64_t chat_id, at_ms, until_ms;
    } limited[GOVERNOR_GLOBAL_CHATS]; /* the last 429s of different chats, newest first */
    size_t limited_count;
};

static const int shares[TELEGRAM_PRIORITY_COUNT] = {[TELEGRAM_INTERACTIVE] = GOVERNOR_SHARE_INTERACTIVE,
                                                    [TELEGRAM_VALUE] = GOVERNOR_SHARE_VALUE,
                                                    [TELEGRAM_BROADCAST] = GOVERNOR_SHARE_BROADCAST};

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
    if (governor == NULL)
        bug("out of memory");
    if (config->max_in_flight < 1 || config->max_uploads < 1 || config->chat_burst < 1 || config->global_burst < 1)
        bug("a governor that lets nothing go");
    chats_init(&governor->chats, micro_rate(config->chat_rate_s), (int64_t)config->chat_burst * WAITING_TOKEN);
    governor->rate = micro_rate(config->global_rate_s);
    governor->cap = (int64_t)config->global_burst * WAITING_TOKEN;
    governor->max_in_flight = (size_t)config->max_in_flight;
    governor->max_uploads = (size_t)config->max_uploads;
    governor->bucket = (struct waiting_bucket){.micro = governor->cap, .at_ms = now_ms};
    return governor;
}

void governor_free(struct governor *governor)
{
    if (governor == NULL)
        return;
    chats_done(&governor->chats);
    for (enum telegram_priority priority = 0; priority < TELEGRAM_PRIORITY_COUNT; priority++)
        for (enum kind kind = 0; kind < KIND_COUNT; kind++)
            waiting_heap_done(&governor->classes[priority].ready[kind]);
    waiting_heap_done(&governor->asleep);
    free(governor);
}

/* ---- places ---- */

static enum kind kind_of(const struct governor_item *item)
{
    if (item->is_answer)
        return KIND_ANSWER;
    if (item->is_upload)
        return KIND_UPLOAD;
    if (item->cost == 0)
        return KIND_FREE;
    return item->chat_cost == 0 ? KIND_EDIT : KIND_MESSAGE;
}

static struct governor_item *item_of(struct waiting_node *node)
{
    return (void *)((char *)node - offsetof(struct governor_item, node));
}

static void item_place(struct governor *governor, struct governor_item *item, int64_t now_ms, int64_t not_before_ms)
{
    if (not_before_ms > now_ms)
        waiting_join(&governor->asleep, &item->node, not_before_ms);
    else
        waiting_join(&governor->classes[item->priority].ready[kind_of(item)], &item->node, ++governor->chats.numbers);
}

/* Put the chat where it belongs after anything about it has changed. It may be gone afterwards. */
static void chat_place(struct governor *governor, struct governor_chat *chat, int64_t now_ms)
{
    int64_t wake_ms;
    waiting_leave(&chat->node);
    if (chat->in_flight)
        return;
    struct governor_item *item = chat->chosen = chat_peek(&governor->chats, chat, now_ms, &wake_ms);
    if (item != NULL)
        waiting_join(&governor->classes[item->priority].ready[kind_of(item)], &chat->node,
                     chat->lines[item->priority].number);
    else if (wake_ms > now_ms)
        waiting_join(&governor->asleep, &chat->node, wake_ms); /* an empty one too: only to be forgotten then */
    else
        chats_forget(&governor->chats, chat);
}

void governor_add(struct governor *governor, int64_t now_ms, struct governor_item *item)
{
    item->node = (struct waiting_node){0};
    if (item->chat_id == 0 || item->unordered) {
        item_place(governor, item, now_ms, item->not_before_ms);
        return;
    }
    item->chat = chats_get(&governor->chats, item->chat_id, now_ms);
    if (chat_add(&governor->chats, item->chat, item)) /* only a new first one can change the chat's place */
        chat_place(governor, item->chat, now_ms);
}

static void wake_sleepers(struct governor *governor, int64_t now_ms)
{
    struct waiting_node *node;
    while ((node = waiting_first(&governor->asleep)) != NULL && node->key <= now_ms) {
        if (node->is_chat)
            chat_place(governor, (struct governor_chat *)(void *)node, now_ms);
        else
            item_place(governor, item_of(node), now_ms, now_ms);
    }
}

/* ---- who goes next ---- */

static bool has_room(const struct governor *governor, enum kind kind)
{
    if (governor->stopping && kind != KIND_ANSWER)
        return false;
    if (kind == KIND_UPLOAD)
        return governor->uploads < governor->max_uploads;
    return governor->in_flight < governor->max_in_flight &&
           (kind != KIND_MESSAGE || governor->messages + governor->held < governor->max_in_flight);
}

static bool is_costly(enum kind kind)
{
    return kind == KIND_EDIT || kind == KIND_MESSAGE || kind == KIND_UPLOAD;
}

/* The kind whose turn it is, KIND_COUNT for none. *ret_idle: it is not for want of tokens that there is none. */
static enum kind next_kind(const struct governor *governor, const struct class *class, bool rich, bool *ret_idle)
{
    *ret_idle = true;
    for (enum kind i = 1; i <= KIND_COUNT; i++) {
        enum kind kind = (class->last + i) % KIND_COUNT;
        if (class->ready[kind].count == 0 || !has_room(governor, kind))
            continue;
        *ret_idle = false;
        if (rich || !is_costly(kind))
            return kind;
    }
    return KIND_COUNT;
}

/* What the item costs is taken (times 1), or given back (-1). */
static void charge(struct governor *governor, const struct governor_item *item, int times)
{
    int64_t micro = (int64_t)times * item->cost * WAITING_TOKEN;
    governor->classes[item->priority].used += (item->cost > 0 ? micro : times * FREE_MICRO) / shares[item->priority];
    governor->bucket.micro -= governor->rate > 0 ? micro : 0;
    if (item->chat != NULL)
        chat_charge(&governor->chats, item->chat, item, times);
}

/* It goes, or (going false) comes home. */
static void count(struct governor *governor, const struct governor_item *item, bool going)
{
    size_t *all = item->is_upload ? &governor->uploads : &governor->in_flight;
    *all = going ? *all + 1 : *all - 1;
    if (kind_of(item) == KIND_MESSAGE)
        governor->messages = going ? governor->messages + 1 : governor->messages - 1;
}

static struct governor_item *send_from(struct governor *governor, struct waiting_node *node, int64_t now_ms)
{
    struct governor_item *item;
    waiting_leave(node);
    if (node->is_chat) {
        struct governor_chat *chat = (struct governor_chat *)(void *)node;
        item = chat->chosen;
        chat_take(&governor->chats, chat, item, now_ms);
        chat->in_flight = true;
    } else {
        item = item_of(node);
    }
    charge(governor, item, 1);
    count(governor, item, true);
    return item;
}

struct governor_item *governor_next(struct governor *governor, int64_t now_ms)
{
    struct class *next = NULL;
    enum kind next_of = KIND_COUNT;
    if (now_ms < governor->blocked_until_ms)
        return NULL;
    wake_sleepers(governor, now_ms);
    if (governor->rate > 0)
        waiting_refill(&governor->bucket, governor->rate, governor->cap, now_ms);
    bool rich = governor->rate == 0 || governor->bucket.micro >= WAITING_TOKEN;
    for (enum telegram_priority priority = 0; priority < TELEGRAM_PRIORITY_COUNT; priority++) {
        struct class *class = &governor->classes[priority];
        bool idle;
        enum kind kind = next_kind(governor, class, rich, &idle);
        if (idle && class->used < governor->used)
            class->used = governor->used;
        if (kind == KIND_COUNT || (next != NULL && next->used <= class->used))
            continue;
        next = class;
        next_of = kind;
    }
    if (next == NULL)
        return NULL;
    next->last = next_of;
    if (next->used > governor->used)
        governor->used = next->used;
    return send_from(governor, waiting_first(&next->ready[next_of]), now_ms);
}

/* ---- what became of it ---- */

static void come_home(struct governor *governor, struct governor_item *item)
{
    count(governor, item, false);
    if (item->chat != NULL)
        item->chat->in_flight = false;
}

void governor_done(struct governor *governor, int64_t now_ms, struct governor_item *item)
{
    struct governor_chat *chat = item->chat;
    come_home(governor, item);
    item->chat = NULL;
    if (chat != NULL)
        chat_place(governor, chat, now_ms);
}

void governor_again(struct governor *governor, int64_t now_ms, struct governor_item *item, int64_t after_ms)
{
    come_home(governor, item);
    if (item->chat == NULL) {
        item_place(governor, item, now_ms, now_ms + after_ms);
        return;
    }
    chat_put_back(&governor->chats, item->chat, item, now_ms + after_ms);
    chat_place(governor, item->chat, now_ms);
}

void governor_refund(struct governor *governor, const struct governor_item *item)
{
    charge(governor, item, -1);
}

void governor_no_upload(struct governor *governor, struct governor_item *item)
{
    if (!item->is_upload)
        return;
    count(governor, item, false);
    item->is_upload = false;
    count(governor, item, true);
}

/* Remember the 429; true when it completes the set that looks like a limit on everything. */
static bool note_limited(struct governor *governor, int64_t now_ms, int64_t chat_id, int64_t until_ms)
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
    governor->limited[0].until_ms = until_ms;
    governor->limited_count = keep + 1;
    return governor->limited_count == GOVERNOR_GLOBAL_CHATS;
}

void governor_limited(struct governor *governor, int64_t now_ms, const struct governor_item *item,
                      int64_t retry_after_ms)
{
    int64_t until_ms = now_ms + retry_after_ms, all_until_ms = until_ms;
    bool everything = note_limited(governor, now_ms, item->chat_id, until_ms);
    for (size_t i = 0; i < governor->limited_count; i++) /* the rest of a longer one is its own chat's affair */
        if (governor->limited[i].until_ms > now_ms && governor->limited[i].until_ms < all_until_ms)
            all_until_ms = governor->limited[i].until_ms;
    if (everything && all_until_ms > governor->blocked_until_ms)
        governor->blocked_until_ms = all_until_ms;
    if (item->chat != NULL && until_ms > item->chat->blocked_until_ms)
        item->chat->blocked_until_ms = until_ms;
}

void governor_hold(struct governor *governor, size_t count)
{
    governor->held = count;
}

/* ---- the end ---- */

void governor_stop(struct governor *governor)
{
    governor->stopping = true;
}

static struct waiting_node *any_node(const struct governor *governor)
{
    struct waiting_node *node = waiting_first(&governor->asleep);
    for (enum telegram_priority priority = 0; node == NULL && priority < TELEGRAM_PRIORITY_COUNT; priority++)
        for (enum kind kind = 0; node == NULL && kind < KIND_COUNT; kind++)
            node = waiting_first(&governor->classes[priority].ready[kind]);
    return node;
}

struct governor_item *governor_take_any(struct governor *governor)
{
    struct waiting_node *node;
    while ((node = any_node(governor)) != NULL) {
        if (!node->is_chat) {
            waiting_leave(node);
            return item_of(node);
        }
        struct governor_chat *chat = (struct governor_chat *)(void *)node;
        struct governor_item *item = chat_any(chat);
        if (item == NULL) {
            chats_forget(&governor->chats, chat);
            continue;
        }
        chat_take(&governor->chats, chat, item, chat->bucket.at_ms);
        item->chat = NULL;
        return item;
    }
    return NULL;
}

int64_t governor_deadline_ms(const struct governor *governor)
{
    const struct waiting_node *sleeper = waiting_first(&governor->asleep);
    int64_t deadline_ms = sleeper == NULL ? INT64_MAX : sleeper->key, filled_ms = INT64_MIN;
    bool any_room = false;
    if (governor->rate > 0)
        filled_ms = waiting_filled_at(&governor->bucket, governor->rate, WAITING_TOKEN);
    for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
        if (!has_room(governor, kind))
            continue;
        any_room = true;
        int64_t due_ms = is_costly(kind) ? filled_ms : INT64_MIN;
        for (enum telegram_priority priority = 0; priority < TELEGRAM_PRIORITY_COUNT; priority++)
            if (governor->classes[priority].ready[kind].count > 0 && due_ms < deadline_ms)
                deadline_ms = due_ms;
    }
    if (!any_room)
        return INT64_MAX;
    return deadline_ms < governor->blocked_until_ms ? governor->blocked_until_ms : deadline_ms;
}

size_t governor_chats(const struct governor *governor)
{
    return governor->chats.count;
}

size_t governor_in_flight(const struct governor *governor)
{
    return governor->in_flight + governor->uploads;
}
