/* The newest order is meant, or the first. Nothing here is compared: that is the player's. */
#include "tests/talk/news.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/talk/script.h"

static const char *ended(struct stage *stage, const struct order *order, enum event_kind kind, const char *reason)
{
    int found = script_reason(reason);
    if (found < 0)
        return "no reason";
    stage_step(stage, (struct event){.kind = kind, .object = order->id, .reason = (enum payment_reason)found});
    return NULL;
}

const char *news_play(struct stage *stage, struct arena *arena, const char *rest)
{
    const char *what = script_word(arena, &rest);
    struct event of_shop;
    if (script_shop_news(arena, what, rest, &of_shop)) {
        stage_step(stage, of_shop);
        return NULL;
    }
    if (strcmp(what, "gift") == 0) {
        stage_step(stage, (struct event){.kind = EVENT_SETS_GIVEN, .object = strtol(rest, NULL, 10)});
        return NULL;
    }
    if (stage->order_count == 0)
        return "there is no order";
    struct order *order = &stage->orders[strcmp(rest, "first") == 0 ? 0 : stage->order_count - 1];
    if (strcmp(what, "link") == 0) {
        order->link = arena_copy(arena, rest);
        order->link_until_ms = stage->now_ms + INT64_C(3600000);
        stage_step(stage, (struct event){.kind = EVENT_PAYMENT_LINK, .object = order->id});
    } else if (strcmp(what, "invoice") == 0) {
        order->invoice = arena_copy(arena, rest);
        stage_step(stage, (struct event){.kind = EVENT_PAYMENT_LINK, .object = order->id});
    } else if (strcmp(what, "no_link") == 0) {
        stage->refused[order - stage->orders] = true;
        return ended(stage, order, EVENT_PAYMENT_FAILED, rest);
    } else if (strcmp(what, "canceled") == 0) {
        order->status = ORDER_CANCELED;
        return ended(stage, order, EVENT_PAYMENT_CANCELED, rest);
    } else if (strcmp(what, "pending") == 0) {
        stage_step(stage, (struct event){.kind = EVENT_PAYMENT_PENDING, .object = order->id});
    } else if (strcmp(what, "receipt") == 0) {
        struct event event = {.kind = EVENT_RECEIPT, .object = order->id, .other = order->price_kopecks};
        (void)snprintf(event.receipt, sizeof event.receipt, "%s", rest);
        stage_step(stage, event);
    } else if (strcmp(what, "settled") == 0) {
        stage_pay(stage, order);
    } else if (strcmp(what, "begun") == 0) {
        stage_begin(stage, order);
    } else if (strcmp(what, "stuck") == 0) {
        order->status = ORDER_PAID;
        return ended(stage, order, EVENT_PAYMENT_SETTLED, rest);
    } else {
        return "no such news";
    }
    return NULL;
}

const char *news_play_stars(struct stage *stage, struct arena *arena, const char *rest)
{
    const char *what = script_word(arena, &rest);
    bool refunded = strcmp(what, "refunded") == 0;
    if (!refunded && strcmp(what, "paid") != 0) {
        stage->rules.kopecks_per_star = strtoll(what, NULL, 10);
        stage->rules.support = "@help <me>";
        return NULL;
    }
    struct event event = {.kind = refunded ? EVENT_STARS_REFUNDED : EVENT_STARS_PAID, .currency = "XTR"};
    event.charge_id = script_word(arena, &rest);
    event.object = strtoll(script_word(arena, &rest), NULL, 10);
    event.text = rest;
    stage_step(stage, event);
    return NULL;
}
