/* The cashier's book: which orders are open, when each is looked at next, and how many steps run at once. The steps
 * themselves are in bot/chores/cashier/.
 *
 * Times to look are kept here and nowhere else: they follow from the order's age, so a poll that changes nothing
 * writes nothing, and after a restart the plan goes on where it was. Must not: decide about money. */
#include "bot/chores/cashier.h"

#include <stdlib.h>
#include <string.h>
#include "bot/chores/cashier/private.h"
#include "bot/base/log.h"
#include "bot/base/random.h"
#include "bot/base/timers.h"
#include "bot/turn/turns.h"
#include "core/backoff.h"
#include "core/bug.h"
#include "core/payment_plan.h"

static void pump(struct cashier *cashier);

struct cashier *cashier_new(struct shop *shop)
{
    struct cashier *cashier = calloc(1, sizeof *cashier);
    if (cashier == NULL)
        bug("out of memory");
    cashier->shop = shop;
    return cashier;
}

/* Answers of the database are dropped with it; an order that YooKassa will still answer is left to that answer. */
void cashier_free(struct cashier *cashier)
{
    if (cashier == NULL)
        return;
    for (size_t i = 0; i < cashier->count; i++) {
        cashier->orders[i]->cashier = NULL;
        if (!cashier->orders[i]->asking)
            free(cashier->orders[i]);
    }
    free(cashier->orders);
    free(cashier);
}

size_t cashier_pending(const struct cashier *cashier)
{
    return cashier->working;
}

/* Where the order stands in the book, or would stand. */
static size_t place(const struct cashier *cashier, int64_t order_id)
{
    size_t low = 0, high = cashier->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (cashier->orders[middle]->id < order_id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct open_order *find(const struct cashier *cashier, int64_t order_id)
{
    size_t at = place(cashier, order_id);
    return at < cashier->count && cashier->orders[at]->id == order_id ? cashier->orders[at] : NULL;
}

static struct open_order *open_new(struct cashier *cashier, int64_t order_id)
{
    if (cashier->count == cashier->capacity) {
        cashier->capacity = cashier->capacity == 0 ? 64 : cashier->capacity * 2;
        cashier->orders = realloc(cashier->orders, cashier->capacity * sizeof(struct open_order *));
        if (cashier->orders == NULL)
            bug("out of memory");
    }
    struct open_order *order = calloc(1, sizeof *order);
    if (order == NULL)
        bug("out of memory");
    size_t at = place(cashier, order_id);
    memmove(cashier->orders + at + 1, cashier->orders + at, (cashier->count - at) * sizeof(struct open_order *));
    cashier->orders[at] = order;
    cashier->count++;
    order->cashier = cashier;
    order->id = order_id;
    return order;
}

static void enqueue(struct open_order *order)
{
    struct cashier *cashier = order->cashier;
    if (order->queued || order->busy)
        return;
    order->queued = true;
    order->next_due = NULL;
    *(cashier->due_last == NULL ? &cashier->due_first : &cashier->due_last->next_due) = order;
    cashier->due_last = order;
}

static void pump(struct cashier *cashier)
{
    if (cashier->pumping) /* a step that ended at once; the loop below goes on */
        return;
    cashier->pumping = true;
    while (cashier->due_first != NULL && cashier->working < CASHIER_AT_ONCE_MAX && !cashier->shop->stop.asked) {
        struct open_order *order = cashier->due_first;
        cashier->due_first = order->next_due;
        if (cashier->due_first == NULL)
            cashier->due_last = NULL;
        order->queued = false;
        order->busy = true;
        cashier->working++;
        if (order->stage == OPEN_READ)
            cashier_run_read(order);
        else
            cashier_run_watch(order);
    }
    cashier->pumping = false;
}

static void due(void *ctx, int64_t order_id)
{
    struct cashier *cashier = ctx;
    struct open_order *order = find(cashier, order_id);
    if (order == NULL || order->busy || order->look_at_ms > cashier->shop->clock.unix_ms)
        return; /* an earlier wish that a later look made void */
    enqueue(order);
    pump(cashier);
}

void cashier_again(struct open_order *order, int64_t wait_ms)
{
    struct cashier *cashier = order->cashier;
    order->busy = false;
    cashier->working--;
    order->look_at_ms = cashier->shop->clock.unix_ms + wait_ms;
    timers_add(cashier->shop->timers, order->look_at_ms, due, cashier, order->id);
    pump(cashier);
}

void cashier_retry(struct open_order *order, int64_t least_ms, const char *doing, const char *why)
{
    int64_t wait_ms = backoff_ms(order->attempts, CASHIER_BASE_MS, CASHIER_CAP_MS, random_number());
    if (wait_ms < least_ms)
        wait_ms = least_ms;
    if (!order->complained && !order->cashier->shop->stop.asked)
        log_warn("cashier", "order %lld: %s: %s; trying on", (long long)order->id, doing, why);
    order->complained = true;
    order->attempts++;
    cashier_again(order, wait_ms);
}

void cashier_fine(struct open_order *order)
{
    order->complained = false;
    order->attempts = 0;
}

void cashier_forget(struct open_order *order)
{
    struct cashier *cashier = order->cashier;
    size_t at = place(cashier, order->id);
    cashier->count--;
    memmove(cashier->orders + at, cashier->orders + at + 1, (cashier->count - at) * sizeof(struct open_order *));
    cashier->working--;
    free(order);
    pump(cashier);
}

void cashier_post(struct cashier *cashier, const struct event *news)
{
    if (news->chat_id != 0)
        mailbox_put(cashier->shop->mailbox, news);
}

void cashier_create(struct cashier *cashier, int64_t order_id)
{
    struct open_order *order = find(cashier, order_id);
    if (order == NULL)
        order = open_new(cashier, order_id);
    enqueue(order);
    pump(cashier);
}

void cashier_check(struct cashier *cashier, int64_t order_id)
{
    struct open_order *order = find(cashier, order_id);
    if (order == NULL) /* not watched any more, or never heard of: the database knows */
        order = open_new(cashier, order_id);
    int64_t now_ms = cashier->shop->clock.unix_ms;
    if (order->checked_ms != 0 && now_ms >= order->checked_ms && now_ms - order->checked_ms < CASHIER_CHECK_MS)
        return;
    order->checked_ms = now_ms;
    order->asked = true;
    enqueue(order);
    pump(cashier);
}

/* ---- start ---- */

static void load(struct cashier *cashier);

static void load_again(void *ctx, int64_t unused)
{
    (void)unused;
    load(ctx);
}

static void loaded(void *ctx, const struct db_result *result, const struct db_failure *failure)
{
    struct cashier *cashier = ctx;
    if (failure != NULL) {
        int64_t wait_ms = backoff_ms(cashier->load_attempts++, CASHIER_BASE_MS, CASHIER_CAP_MS, random_number());
        log_warn("cashier", "can't load the open orders: %s; again in %lld ms", failure->message, (long long)wait_ms);
        timers_add(cashier->shop->timers, cashier->shop->clock.unix_ms + wait_ms, load_again, cashier, 0);
        return;
    }
    int rows = db_rows(result, 0);
    for (int row = 0; row < rows; row++) {
        struct payments_order found = payments_read_order(result, 0, row);
        if (find(cashier, found.id) != NULL)
            continue;
        struct open_order *order = open_new(cashier, found.id);
        order->chat_id = found.chat_id;
        order->created_at_ms = found.created_at_ms;
        if (found.state == PAYMENTS_PENDING && found.payment_id != NULL &&
            strlen(found.payment_id) < sizeof order->payment_id) {
            memcpy(order->payment_id, found.payment_id, strlen(found.payment_id) + 1);
            order->stage = OPEN_WATCH;
        }
        enqueue(order); /* look at once: it may have been paid while nobody looked */
    }
    if (rows >= CASHIER_ORDERS_MAX)
        log_warn("cashier", "only the newest %d open orders are watched", CASHIER_ORDERS_MAX);
    pump(cashier);
}

static void load(struct cashier *cashier)
{
    struct arena arena;
    struct db_unit *unit = db_unit_new();
    arena_init(&arena);
    (void)payments_add_open(unit, &arena, cashier->shop->clock.unix_ms - PAYMENT_PLAN_WATCH_MS, CASHIER_ORDERS_MAX);
    arena_done(&arena);
    db_submit(cashier->shop->chores_db, unit, loaded, cashier);
}

void cashier_resume(struct cashier *cashier)
{
    load(cashier);
}
