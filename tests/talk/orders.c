/* A use of a code counts as long as its order is paid, or may be. It must stay dumber than the core: it copies, counts
 * and compares. */
#include "tests/talk/orders.h"

#include <string.h>

void stage_sell(struct stage *stage, const char *style_id, int64_t price_kopecks, int32_t photo_count)
{
    const struct style_catalogue *old = stage->rules.styles;
    struct style_catalogue *made = arena_alloc(&stage->keep, sizeof *made);
    struct style *styles = arena_array(&stage->keep, old->count, sizeof *styles);
    if (style_find(old, style_id) == NULL)
        stage_fail(stage, "there is no style %s", style_id);
    for (size_t i = 0; i < old->count; i++) {
        styles[i] = old->styles[i];
        if (strcmp(styles[i].id, style_id) != 0)
            continue;
        styles[i].price_kopecks = price_kopecks;
        styles[i].photo_count = photo_count;
    }
    *made = *old;
    made->styles = styles;
    stage->rules.styles = made;
}

void orders_load_open(struct stage *stage, struct facts *facts)
{
    struct orders *open = &facts->open;
    for (size_t i = 0; i < stage->order_count; i++) {
        if (stage->orders[i].status != ORDER_AWAITING || stage->orders[i].avatar_id == 0 || stage->refused[i])
            continue;
        if (open->count == CHAT_OPEN_MAX) /* the newest */
            memmove(open->list, open->list + 1, --open->count * sizeof open->list[0]);
        *facts_add_open(facts, &stage->load) = stage->orders[i];
    }
}

static bool uses(const struct stage *stage, size_t order, const char *code)
{
    const struct order *row = &stage->orders[order];
    return row->promo != NULL && strcmp(row->promo, code) == 0 && row->status != ORDER_CANCELED &&
           !stage->refused[order];
}

void orders_load_offers(struct stage *stage, struct facts *facts)
{
    for (size_t i = 0; i < stage->code_count; i++) {
        const struct stage_code *row = &stage->codes[i];
        struct promo *promo = facts_add_promo(facts, &stage->load);
        int32_t used = 0;
        *promo = row->promo;
        for (size_t k = 0; k < stage->order_count; k++)
            used += uses(stage, k, row->promo.code);
        promo->used_by_you = row->each > 0 && used >= row->each;
        facts->promos_on = facts->promos_on || promo->on;
    }
    for (size_t i = 0; i < stage->grant_count; i++)
        if (stage->grants[i].unused > 0)
            *facts_add_grant(facts, &stage->load) = stage->grants[i];
}

static struct order *add_order(struct stage *stage, const struct effect *effect)
{
    (void)stage_avatar(stage, effect->order_create.avatar_id);
    struct order *order = &stage->orders[stage->order_count++];
    *order = (struct order){.id = effect->order_create.order_id,
                            .avatar_id = effect->order_create.avatar_id,
                            .style_id = arena_copy(&stage->keep, effect->order_create.style_id),
                            .contact = arena_copy(&stage->keep, stage->user.contact),
                            .price_kopecks = effect->order_create.price_kopecks,
                            .photo_count = effect->order_create.photo_count,
                            .promo = arena_copy(&stage->keep, effect->order_create.promo),
                            .before_kopecks = effect->order_create.before_kopecks,
                            .sets = effect->order_create.sets};
    return order;
}

void orders_create(struct stage *stage, const struct effect *effect)
{
    if (effect->order_create.price_kopecks <= 0 || effect->order_create.grant.id != 0)
        stage_fail(stage, "an order that costs nothing is to be paid");
    (void)add_order(stage, effect);
}

static void begin_job(struct stage *stage, struct order *order)
{
    struct job *job = &stage->jobs[stage->job_count++];
    *job = (struct job){.id = stage->next_id++,
                        .avatar_id = order->avatar_id,
                        .style_id = order->style_id,
                        .since_ms = stage->now_ms,
                        .total = order->photo_count,
                        .was_free = order->price_kopecks == 0 || order->sets > 1};
    order->status = ORDER_PAID;
    order->job_id = job->id;
}

/* Sets that a pack has beside the one that is made at once. */
static void give_pack(struct stage *stage, const struct order *order)
{
    if (order->sets > 1)
        stage->grants[stage->grant_count++] = (struct grant){.id = stage->next_id++,
                                                             .unused = order->sets - 1,
                                                             .owed_kopecks = order->price_kopecks -
                                                                             order->price_kopecks / order->sets};
}

static void use_grant(struct stage *stage, const struct grant *grant)
{
    for (size_t i = 0; i < stage->grant_count; i++) {
        struct grant *row = &stage->grants[i];
        if (row->id != grant->id || row->unused != grant->unused || row->owed_kopecks != grant->owed_kopecks)
            continue;
        row->owed_kopecks -= grant_share(row);
        row->unused--;
        return;
    }
    stage_fail(stage, "a set comes out of what there is not");
}

void orders_take(struct stage *stage, const struct effect *effect)
{
    const struct grant *grant = &effect->order_take.grant;
    if (effect->order_take.price_kopecks != 0 || (grant->id == 0) == (effect->order_take.promo == NULL))
        stage_fail(stage, "a set is given that is neither free by a code nor the user's");
    if (grant->id != 0)
        use_grant(stage, grant);
    begin_job(stage, add_order(stage, effect));
}

void orders_cancel(struct stage *stage, int64_t order_id)
{
    for (size_t i = 0; i < stage->order_count; i++)
        if (stage->orders[i].id == order_id)
            stage->orders[i].status = ORDER_CANCELED;
}

void stage_pay(struct stage *stage, struct order *order)
{
    enum payment_reason reason = order->status == ORDER_CANCELED ? PAYMENT_LATE : PAYMENT_UNTOLD;
    if (order->status != ORDER_PAID) {
        begin_job(stage, order);
        give_pack(stage, order);
    }
    stage_step(
        stage,
        (struct event){.kind = EVENT_PAYMENT_SETTLED, .object = order->id, .other = order->job_id, .reason = reason});
}

void stage_begin(struct stage *stage, const struct order *order)
{
    stage_step(stage, (struct event){.kind = EVENT_SET_BEGUN, .object = order->job_id, .other = order->id});
}
