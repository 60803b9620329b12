/* When may which call go? Order per chat, rates per chat and in all, shares of the classes, and what a 429 asks for.
 * Pure: items in, items out, with the caller's monotonic clock; no network, no allocation but its own tables.
 *
 * Rates are token buckets that may go into debt: a call goes when one token is there and then takes its whole cost,
 * so an album of ten photos goes at once and is paid back before the next message; its own chat counts it as five.
 * Edits count in all, but not in their chat: there they come no faster than people press.
 *
 * When more waits than may go, each class has its share of what goes (GOVERNOR_SHARES), and nobody waits for ever: what
 * a class does not use is the others', and it saves nothing up. Within a class answers to presses, calls that cost
 * nothing, edits, new messages and uploads take turns, each of them in the order of the chats. Uploads have a limit of
 * their own for those on their way: they hold up nothing small, and no more are begun than have a connection. */
#ifndef BOT_SERVICES_TELEGRAM_GOVERNOR_H
#define BOT_SERVICES_TELEGRAM_GOVERNOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include "bot/services/telegram/client.h"
#include "bot/services/telegram/waiting.h"

enum {
    GOVERNOR_GLOBAL_CHATS = 3,         /* 429s from so many different chats … */
    GOVERNOR_GLOBAL_WITHIN_MS = 10000, /* … within this time are taken for a limit on everything */
    GOVERNOR_SHARES = 20,
    GOVERNOR_SHARE_INTERACTIVE = 12,
    GOVERNOR_SHARE_VALUE = 7,
    GOVERNOR_SHARE_BROADCAST = 1
};

struct governor;

/* Embedded in the caller's call. The caller sets those down to not_before_ms; zero the rest. */
struct governor_item {
    int64_t chat_id; /* 0 = waits for nobody */
    enum telegram_priority priority;
    int cost, chat_cost;   /* tokens, of all and of its own chat; 0 = that rate doesn't matter to it */
    bool unordered;        /* does not wait behind its chat's other items */
    bool is_answer;        /* to a press: goes while stopping too, for no other life knows of it */
    bool is_upload;        /* has bytes to send, or may have */
    int64_t not_before_ms; /* only of those that wait for no chat; 0 = at once */
    struct waiting_node node;
    STAILQ_ENTRY(governor_item) next;
    struct governor_chat *chat; /* while it is queued or in flight in the order of a chat */
};

struct governor_config {
    double chat_rate_s, global_rate_s; /* 0 = no limit */
    int chat_burst, global_burst;      /* at least 1 */
    int max_in_flight;                 /* at least 1; without uploads */
    int max_uploads;                   /* at least 1 */
};

struct governor *governor_new(const struct governor_config *config, int64_t now_ms);
void governor_free(struct governor *governor); /* items are the caller's; accepts NULL */

/* Queue an item. O(1) or O(log n), like all of these. */
void governor_add(struct governor *governor, int64_t now_ms, struct governor_item *item);
/* The item that may go now (it is in flight from here on), or NULL. */
struct governor_item *governor_next(struct governor *governor, int64_t now_ms);
/* An item in flight is finished: its chat may go on. */
void governor_done(struct governor *governor, int64_t now_ms, struct governor_item *item);
/* An item in flight must go again, not before after_ms; its class waits for it in its chat, so the order is kept. */
void governor_again(struct governor *governor, int64_t now_ms, struct governor_item *item, int64_t after_ms);
/* An item in flight did not go after all: what it cost is given back. To be followed by one of these two. */
void governor_refund(struct governor *governor, const struct governor_item *item);
/* An item in flight met a 429: its whole chat is silent for retry_after_ms, or everything for the
 * shortest such time when it looks like that. To be followed by governor_again or governor_done. */
void governor_limited(struct governor *governor, int64_t now_ms, const struct governor_item *item,
                      int64_t retry_after_ms);
/* An item in flight turned out to have no bytes to send. */
void governor_no_upload(struct governor *governor, struct governor_item *item);
/* So many messages that were finished count as on their way: no new one begins while they and the messages in
 * flight are max_in_flight. What can't come twice (edits, answers) takes no room of theirs. */
void governor_hold(struct governor *governor, size_t count);
/* From now on nothing begins but answers to presses. */
void governor_stop(struct governor *governor);
/* Take any queued item out, for shutdown; NULL = none is left but behind those in flight: finish these first. */
struct governor_item *governor_take_any(struct governor *governor);

/* When governor_next will have something, should nothing else happen; may lie in the past; INT64_MAX = never. */
int64_t governor_deadline_ms(const struct governor *governor);
size_t governor_chats(const struct governor *governor); /* remembered, for tests: idle ones are forgotten */
size_t governor_in_flight(const struct governor *governor);

#endif
